"""Hypothesis strategies for messages as senders write them who have never read the standard.

Each field of the mapping, each mostly with a value that has a chance and now and then with one that has none: too long,
empty in parts, with escapes that mean control characters, in another form, null. What a test needs to know of a message
stands beside it.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from functools import cache

from hl7_text import Hl7Text, adt, order, report
from hypothesis import strategies as st

from hl7dicom_lab.hl7v2.character_set import CODECS

#: MSH-18 and letters of it.
LETTERS = {
    "": "", "8859/1": "äößéÑøþ", "8859/2": "ąłőšž", "8859/5": "ЖдлюЯ", "8859/7": "αβγΩ", "8859/9": "ğıŞö",
    "UNICODE UTF-8": "äŁ山田太郎홍길동Ωжקم\u00a0\u3000\u2028\u200b\u0301\U0001f9e0\ufeff", "GB 18030-2000": "堯田é€Ω",
    "ISO IR87": "山田太郎堯まや", "ASCII~ISO IR87": "山田", "KS X 1001": "홍길동김", "ASCII~KS X 1001": "김",
}  # fmt: skip
PLAIN = string.ascii_letters + string.digits + "   .,-/()'=*?%#_:;<>\"+"
ESCAPES = {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"}
#: What a field may hold besides text: escapes of every kind, separators of what is not there, spaces, nothing.
ODD = (
    "\\X0D\\", "\\X0D0A\\", "\\X00\\", "\\X1B2442\\", "\\X5C\\", "\\X7F\\", "\\XFF\\", "\\XC285\\", "\\X85\\", "\\X\\",
    "\\.br\\", "\\.sp3\\", "\\H\\x\\N\\", "\\Zq\\", "\\", "\\\\", "\\E\\", "\\S\\", "\\F\\", "\\T\\", "\\R\\", '""',
    '"', " ", "   ", "^", "^^^", "&", "&&", "~", "~~", "^&~", '^""', '""^""', "\t", "0", "<script>", "=", "==", "*",
)  # fmt: skip
#: A text that is exactly as long as some VR allows, or one longer.
SIZES = (15, 16, 17, 63, 64, 65, 130, 700)


def escaped(text: str) -> str:
    return "".join(ESCAPES.get(one, one) for one in text)


@cache
def words(letters: str, most: int = 30) -> st.SearchStrategy[str]:
    return st.text(PLAIN + letters + "|^&~\\", max_size=most)


@cache
def value(letters: str, most: int = 30) -> st.SearchStrategy[str]:
    """Text in a field: mostly words, sometimes something odd in it, sometimes too long."""
    some = words(letters, most).map(escaped)
    return st.one_of(
        some,
        some,
        some,
        st.tuples(some, st.sampled_from(ODD), some).map("".join),
        st.tuples(st.sampled_from("xé" if "é" in letters else "x"), st.sampled_from(SIZES)).map(
            lambda two: two[0] * two[1]
        ),
    )


@cache
def parts(strategy: st.SearchStrategy[str], most: int, mark: str = "^") -> st.SearchStrategy[str]:
    return st.lists(strategy, max_size=most).map(mark.join)


identifier = st.one_of(
    st.text(string.ascii_uppercase + string.digits + "-", min_size=1, max_size=12),
    st.text(string.ascii_uppercase + string.digits + "-", min_size=1, max_size=12),
    st.text(string.ascii_letters + string.digits + "-._ /", min_size=1, max_size=20),
    st.sampled_from(
        ["A B", " A1 ", "A1 ", "a1", "A" * 16, "A" * 17, "A" * 64, "A" * 65, "A*", "A?1", "1\\2", "^", '""']
    ),
)
in_a_field = identifier.map(escaped)
moments = st.one_of(
    st.datetimes().map(lambda one: f"{one:%Y%m%d%H%M%S}".rjust(14, "0")),
    st.sampled_from(
        ["20260302", "202603021015", "20260302101500.1234+0100", "2026030210", "20260302-0500", "19700101"]
    ),
    st.sampled_from(
        ["2026", "202602", "20260231", "2026-03-02", "20260302240000", "00000000", "0001", "19840617^D", " "]
    ),
)
uids = st.one_of(
    st.integers(0, 10**30).map("2.25.{}".format),
    st.sampled_from(
        ["", "1.2", "1", "1.02.3", "1..2", "1." * 32 + "1", "1." * 31 + "10", " 1.2.3", "1.2.3 ", "a", "1.2.3\\X0A\\"]
    ),
)


@cache
def seldom(common: st.SearchStrategy[str], rare: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.integers(0, 11).flatmap(lambda one: rare if one == 0 else common)


@cache
def codes(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    scheme = st.sampled_from(["99NG", "LN", "DCM", "", "99" + "X" * 14, "99" + "X" * 15, " ", "^99NG"])
    code = st.tuples(text, text, scheme).map("^".join)
    return st.one_of(code, st.tuples(code, code).map("^".join), text)


@cache
def names(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.tuples(parts(text, 6), st.sampled_from(["", "^^L", "^^L^A", "^^L^I", "^^^P", "^^L^X"])).map("".join)
    return st.one_of(one, one, st.lists(one, min_size=2, max_size=3).map("~".join))


@dataclass
class Written:
    """A message, and by DICOM keyword the identifiers in it, as its sender means them."""

    text: Hl7Text
    charset: str
    identifiers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.text.bytes(CODECS[self.charset])

    def __repr__(self) -> str:
        return "\n".join(self.text.lines)


CHARSETS = st.sampled_from(["UNICODE UTF-8", "UNICODE UTF-8", *LETTERS])
Fields = dict[str, st.SearchStrategy[str]]


def _fill(draw: st.DrawFn, text: Hl7Text, fields: Fields, most: int) -> None:
    """Write something else into a few of the fields."""
    for path in draw(st.sets(st.sampled_from(sorted(fields)), max_size=most)):
        text.put(path, draw(fields[path]))


@cache
def _of_people(letters: str) -> Fields:
    """Fields of PID and PV1, but for the patient's identifier."""
    some, short = value(letters), value(letters, 9)
    return {
        "PID-5": names(short),
        "PID-7": moments,
        "PID-8": seldom(SEX, st.sampled_from(["Z", "f", " F"])),
        "PID-11": parts(some, 7),
        "PID-18": parts(in_a_field, 5),
        "PV1-3": parts(some, 5),
        "PV1-8": parts(short, 7),
        "PV1-15": st.sampled_from(["", "B6", "A0~B6", '""', "B6^x", "~B6", "b6"]),
        "PV1-19": st.one_of(in_a_field, parts(in_a_field, 5)),
    }


SEX = st.sampled_from(["M", "F", "O", "A", "N", "U", "", '""', "F^x"])


def _people(draw: st.DrawFn, text: Hl7Text, letters: str) -> None:
    """PID and PV1, and AL1 after them."""
    _fill(draw, text, _of_people(letters), 6)
    allergies = draw(st.lists(codes(value(letters)), max_size=2))
    place = next(number for number, line in enumerate(text.lines) if line.startswith("PV1")) + 1
    text.lines[place:place] = [f"AL1|{number}||{one}" for number, one in enumerate(allergies, 1)]


def _other_identifiers(draw: st.DrawFn, text: Hl7Text, own: str) -> None:
    """Several repetitions of PID-3; the patient's own, of type MR, is one of them."""
    kinds = st.sampled_from(["AN", "PI", "", "SS", "XX", "VN", "PT"])
    other = st.tuples(in_a_field, st.sampled_from(["", "EAST", "EAST&1.2&ISO"]), kinds).map(
        lambda three: f"{three[0]}^^^{three[1]}^{three[2]}"
    )
    others = draw(st.lists(st.one_of(other, st.sampled_from(["", "^^^X", '""', "~"])), max_size=2))
    place = draw(st.integers(0, len(others)))
    text.put("PID-3", "~".join([*others[:place], own, *others[place:]]))


MEASURED = st.tuples(
    st.sampled_from(["29463-7^Body Weight^LN", "8302-2^Body Height^LN", "^body weight (kg)", "^Body Height", "1^x"]),
    st.one_of(
        st.decimals(0, 300, places=1).map(str), st.sampled_from(["1e5", "70,5", "-1", "0", "9" * 20, "٣", '""', "NaN"])
    ),
    st.sampled_from(["kg", "[lb_av]", "m", "cm", "[in_i]", "", "stone", "KG"]),
)
TIMING = st.tuples(moments, st.sampled_from("SARPCTX")).map("1^^^{0[0]}^^{0[1]}".format)


@cache
def _of_order(kind: str, letters: str) -> Fields:
    some, short = value(letters), value(letters, 9)
    return {
        "ORC-5": seldom(st.sampled_from(["", "SC", "IP", "CM", "A"]), st.sampled_from(["ZZ", "sc"])),
        "ORC-7": TIMING,
        "ORC-12": parts(short, 8),
        "OBR-4": codes(some),
        "OBR-12": codes(some),
        "OBR-13": parts(some, 3, "~"),
        "OBR-16": parts(short, 8),
        "OBR-30": some,
        "OBR-31": codes(some),
        "OBR-34": st.one_of(parts(short, 8, "&"), parts(short, 4)),
        "OBR-44": codes(some),
        "NTE-3": st.one_of(parts(value(letters, 60), 3, "~"), st.sampled_from(NOTES)),
    } | (_of_orm() if kind == "ORM" else _of_omi(some))


#: As long as LT may be, or longer; cut between the two characters of a line's end; nothing but lines' ends.
NOTES = ["y" * 10240, "y" * 10241, "x\\.br\\" * 3500, "zz" + "x\\.br\\" * 3500, "\\.br\\" * 5130]


@cache
def _of_orm() -> Fields:
    return {
        "OBR-24": seldom(st.sampled_from(["MR", "CT", " MR ", "US"]), st.sampled_from(["mr", "", "ZZ", "MR\\X00\\"])),
        "OBR-27": TIMING,
        "ZDS-1": uids.map("{}^RIS^Application^DICOM".format),
    }


@cache
def _of_omi(some: st.SearchStrategy[str]) -> Fields:
    return {
        "TQ1-7": moments,
        "TQ1-9": st.sampled_from(["S", "R^x", "X", "", '""']),
        "IPC-3": uids,
        "IPC-5": seldom(st.sampled_from(["MR", "CT^x"]), st.sampled_from(["", "mr"])),
        "IPC-6": codes(some),
        "IPC-7": parts(some, 2),
        "IPC-8": parts(some, 2),
        "IPC-9": st.sampled_from(AE_TITLES),
    }


AE_TITLES = ["NORTHGATE_MR1", "A~B", "EAST MR", "é", "A" * 17, " ", "~", '""', "A\\X00\\", "B\\E\\C", "Ä"]
#: DICOM keyword -> where an ORM and an OMI have an identifier.
IDENTIFIERS = {
    "AccessionNumber": ("OBR-18", "IPC-1"),
    "RequestedProcedureID": ("OBR-19", "IPC-2"),
    "ScheduledProcedureStepID": ("OBR-20", "IPC-4"),
    "FillerOrderNumberImagingServiceRequest": ("ORC-3", "ORC-3"),
}


def every_field(kind: str, letters: str = "") -> Fields:
    """What an order of a kind may hold in each field of the mapping, but for PID-3 and the order's numbers."""
    return _of_people(letters) | _of_order(kind, letters)


@st.composite
def orders(draw: st.DrawFn, control: str = "NW", of: Hl7Text | None = None) -> Written:
    """An order of a patient of its own; with `of`, a change or an end of that order."""
    kind = of.get("MSH-9")[:3] if of else draw(st.sampled_from(["ORM", "OMI"]))
    charset = draw(CHARSETS)
    text = order(kind, control, of.placer if of else "").put("MSH-18", charset)
    text.put("OBR-2", text.placer)
    identifiers = {"PlacerOrderNumberImagingServiceRequest": text.placer}
    _people(draw, text, LETTERS[charset])
    if of:
        text.put("PID-3", of.get("PID-3"))
    else:
        _other_identifiers(draw, text, f"M{text.placer}^^^NORTHGATE^MR")
        identifiers["PatientID"] = f"M{text.placer}"
    for keyword in draw(st.sets(st.sampled_from(sorted(IDENTIFIERS)), max_size=2)):
        sent = draw(identifier)
        if sent not in ('""', "^") and not (of and keyword == "ScheduledProcedureStepID"):
            text.put(IDENTIFIERS[keyword][kind == "OMI"], escaped(sent))
            identifiers |= {keyword: sent.strip(" ")} if sent.strip(" ") else {}
    _fill(draw, text, _of_order(kind, LETTERS[charset]), 6)
    for called, number, unit in draw(st.lists(MEASURED, max_size=2)):
        text.add(f"OBX|1|NM|{called}||{number}|{unit}|||||F")
    if not of and draw(st.integers(0, 3)) == 0:
        _one_more(text, kind)
    return Written(_encodable(text, charset), charset, identifiers)


def _one_more(text: Hl7Text, kind: str) -> None:
    """A further step in the same message: an order of its own, or an IPC of the same order."""
    if kind == "OMI":
        line = next(line for line in reversed(text.lines) if line.startswith("IPC"))
        fields = line.split("|")
        fields[4:5] = [""]
        text.add("|".join(fields))
    else:
        placer = f"{text.placer}B"
        text.add(f"ORC|NW|{placer}|||||^^^20260302093000^^R", f"OBR|1|{placer}||71045^Chest^C4{'|' * 20}CR")


@st.composite
def admissions(draw: st.DrawFn, patient: str) -> Written:
    """A check-in or an update of a patient, whose PID-3 is given."""
    charset = draw(CHARSETS)
    text = adt(draw(st.sampled_from(["A04", "A04", "A08", "A01", "A10"]))).put("MSH-18", charset)
    _people(draw, text, LETTERS[charset])
    text.put("PID-3", patient)
    if draw(st.booleans()):
        text.put(draw(st.sampled_from(["PV1-44", "EVN-2"])), draw(moments))
    return Written(_encodable(text, charset), charset)


FINDINGS = ["The ventricles are of normal size. " * 9, "one~two~~three" * 5, "^application^pdf^Base64^JVBERi0="]


@cache
def _of_report(letters: str, patient: str, accession: str) -> Fields:
    some, short = value(letters), value(letters, 9)
    return {
        "PID-3": st.one_of(st.just(patient), st.just(patient), in_a_field),
        "PID-5": names(short),
        "OBR-2": in_a_field,
        "OBR-4": codes(some),
        "OBR-7": moments,
        "OBR-16": parts(short, 8),
        "OBR-18": st.one_of(st.just(accession), st.just(accession), in_a_field, some),
        "OBR-22": moments,
        "OBR-25": seldom(st.sampled_from("PFCX"), st.sampled_from(["", "Z", "f"])),
        "OBR-32": parts(short, 8, "&"),
        "OBX-2": st.sampled_from(["FT", "TX", "ST", "NM", "", "ED"]),
        "OBX-5": st.one_of(parts(value(letters, 200), 3, "~"), some, st.sampled_from(FINDINGS)),
        "OBX-11": seldom(st.sampled_from("PFCDW"), st.sampled_from(["", "Z"])),
    }


@st.composite
def reports(draw: st.DrawFn, patient: str, accession: str, study: str) -> Written:
    """A report, with the keys of a study or with some that come near."""
    charset = draw(CHARSETS)
    text = report().put("MSH-18", charset)
    fields = _of_report(LETTERS[charset], patient, accession)
    for path in ("PID-3", "OBR-18", "OBX-5"):
        text.put(path, draw(fields[path]))
    _fill(draw, text, fields, 6)
    if draw(st.booleans()):
        text.add(f"OBX|2|HD|110180^Study Instance UID^DCM||{draw(seldom(st.just(study), uids))}||||||F")
    return Written(_encodable(text, charset), charset)


def _encodable(text: Hl7Text, charset: str) -> Hl7Text:
    """Without what the declared character set does not have: its sender could not have sent it."""
    codec = CODECS[charset]
    text.lines = [line.encode(codec, "ignore").decode(codec) for line in text.lines]
    return text
