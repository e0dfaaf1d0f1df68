r"""Any bytes, and real messages that something has happened to: what the HL7 facade makes of them.

Rules: only the documented errors come out, whatever came in; what parses can be read at every path; an acknowledgment
of anything is itself a message, names the MSH-10 that was sent, and nothing of the sender's becomes a field or a
segment of it. HL7DICOM_LAB_FUZZ makes it try more (`fuzzing.py`).
"""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from fuzzing import drawn_edits, edited, tried
from hl7_text import Hl7Text, adt, group, order, report
from hypothesis import example, given
from hypothesis import strategies as st

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import acknowledge, checks, groups
from hl7dicom_lab.hl7v2.acknowledge import ERROR_CONDITIONS, Answerer
from hl7dicom_lab.hl7v2.character_set import CODECS
from hl7dicom_lab.hl7v2.dictionary import dictionary
from hl7dicom_lab.hl7v2.escapes import Separators, escape, unescape
from hl7dicom_lab.hl7v2.header import control_id_of, header_field
from hl7dicom_lab.hl7v2.message import Message, Path
from hl7dicom_lab.hl7v2.segment_names import SEGMENT_NAMES

# What comes in

PIECES = [
    *(b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\r\n", b"#", b'""', b"\0", b"\x1b", b"\x1b$B", b"\x1b(B", b"\x85"),
    *(
        b"\xff",
        b"\xc3\xbc",
        b"\xef\xbb\xbf",
        b"\\X0D\\",
        b"\\X1B\\",
        b"\\F\\",
        b"\\.br\\",
        b"\\.sp99999999\\",
        b"\\X\\",
    ),
    *(b"MSH", b"MSH|^~\\&|", b"\rPID|", b"\rORC|", b"\rOBR|", b"\rOBX|", b"\rIPC|", b"\rZDS|", b"\rMSA|AA|", b"BHS|"),
]
REAL = [
    text.bytes().rstrip(b"\r") + end
    for end in (b"\r", b"", b"\r\r", b"\n")
    for text in (order(), order("OMI"), order().add(group()), adt(), adt("A08"), report(), report("EMR"))
]
CHARACTER_SETS = [*CODECS, "~ISO IR87", " 8859/1 ", "\x1fASCII", "KLINGON", "8859/1~8859/2"]
#: Separators that a sender may declare: usual ones, other ones, some left out, one too many, and impossible ones.
MARKS = [
    "|^~\\&",
    "#*@!%",
    ".;:/-",
    "|^~",
    "|^~\\",
    "|\\&",
    "|^~\\&#",
    '!"~\\&',
    "|^^\\&",
    "A^~\\&",
    "|ABCD",
    "|",
    "||",
]

names = st.text(st.characters(codec="utf-8", exclude_characters="\x0b\x1c"), max_size=12)
words = st.one_of(
    st.sampled_from(
        ["", "E1", "P", "2.3.1", "ACK", "ORM^O01", "A|B", "a^b~c&d\\e", '""', "MSA|AA|1", "\r", "\x00", "é"]
    ),
    st.sampled_from(
        ["堯溌饅", "山田^太郎", "\\X0D\\", "\\F\\", "\x85", "\x9c", "MÜNCHEN", "8859/1", "P^T^\x00", "2.5.1"]
    ),
    names,
)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """A message whose header is written with any separators, in any character set, each field with anything in it."""
    marks = draw(st.sampled_from(MARKS))
    charset = draw(st.sampled_from(CHARACTER_SETS))
    fields = {number: draw(words) for number in draw(st.sets(st.sampled_from([3, 4, 5, 7, 9, 10, 11, 12, 15, 16])))}
    fields |= {18: charset} if draw(st.booleans()) else {}
    name = draw(st.sampled_from(["MSH", "MSH", "MSH", "MSH", "msh", "BHS", "\ufeffMSH", "\r\nMSH"]))
    line = marks[0].join([name, marks[1:], *(fields.get(number, "") for number in range(3, 19))])
    codec = draw(st.sampled_from([CODECS.get(charset, "ascii"), "utf-8", "iso8859-1"]))
    rest = draw(st.sampled_from(["", "\r", "\rPID|1||4711^^^N^MR\r", "\rMSH|^~\\&|second\r", "\nPID\n"]))
    return (line + rest).encode(codec, "ignore")


real = st.sampled_from(REAL)
mutated = st.builds(edited, real, drawn_edits(PIECES))
bodies = st.one_of(
    mutated, mutated, headers(), st.binary(max_size=200), st.binary(max_size=60).map(b"MSH|^~\\&|".__add__)
)


def parsed(body: bytes) -> Message | None:
    try:
        return Message.parse(body)
    except Hl7Fault as fault:
        check_fault(fault)
        return None


def check_fault(fault: Hl7Fault) -> None:
    """It can be sent in an acknowledgment, and tells its reader what to do."""
    assert fault.code in ERROR_CONDITIONS
    assert fault.acknowledgment in ("AE", "AR")
    assert fault.where
    assert fault.next_step


# Reading

paths = st.one_of(
    st.sampled_from(
        ["MSH-1", "MSH-2", "MSH-9.1", "MSH-10", "PID-3[2].4.1", "PID-5", "OBX[2]-5.5", "ORC-7.4", "ZZZ-99999", "NTE-3"]
    ),
    st.from_regex(r"\A(MSH|PID|OBR|OBX|IPC)(\[[1-9]\])?-[1-9][0-9]?(\[[1-9]\])?(\.[1-9](\.[1-9])?)?\Z"),
)


@tried(250)
@given(bodies, st.lists(paths, max_size=4))
@example(b"MSH|^~\\&|EMR|N|RIS|N|||ORM^O01|E1|P|2.3.1||||||ISO IR87\rNTE|1||\x1b$B0!\x0e", [])
def test_what_parses_can_be_read_at_any_path(body, asked):
    message = parsed(body)
    if message is None:
        return
    assert message.body == body
    assert all(isinstance(one, str) for one in (message.text, message.control_id, message.type, message.version))
    for path in asked:
        value, raw = message.get(path), message.raw(path)
        assert isinstance(value, str)
        assert not value or raw, "a value comes from somewhere"
        assert message.is_present(path) == (bool(value) or message.is_null(path))
    for segment in message:
        for number in range(1, len(segment.fields) + 2):
            for repetition in segment.repetitions(number):
                segment.part(repetition, 1, 2)


@tried(120)
@given(bodies)
def test_nothing_of_a_message_is_lost_between_its_bytes_and_its_fields(body):
    message = parsed(body)
    if message is None:
        return
    separator = message.header.separators.field
    header, *others = [list(one.fields) for one in message]
    lines = [separator.join(fields) for fields in (header[:1] + header[2:], *others)]
    sent = body.decode(message.header.codec) if b"\x1b$)C" not in body else None
    if sent is not None:
        assert lines == [line for line in re.split("\r\n|\r|\n", sent) if line.strip()]


@tried(200)
@given(bodies)
def test_only_the_documented_errors_come_out_of_whatever_reads_a_message(body):
    message = parsed(body)
    if message is None:
        return
    accepted = {"ORM": {"O01"}, "OMI": {"O23"}, "ADT": {"A04", "A08"}, "ORU": {"R01"}}
    readers = [
        lambda: checks.check_header(message, accepted, application="RIS", facility="NORTHGATE"),
        lambda: checks.check_patient(message),
        lambda: groups.orders(message),
        lambda: groups.reports(message),
        lambda: acknowledge.read(body),
        *(lambda path=path: checks.check_timestamp(message, path) for path in ("MSH-7", "PID-7", "ORC-7.4")),
        *(lambda path=path: checks.check_uid(message, path) for path in ("ZDS-1.1", "IPC-3.1")),
        *(lambda path=path: checks.require(message, path, "it") for path in ("PID-5", "OBR-4", "OBR-4.2")),
    ]
    for read in readers:
        try:
            read()
        except Hl7Fault as fault:
            check_fault(fault)


@tried(80)
@given(st.one_of(st.text(max_size=20), st.from_regex(r"\A[A-Z]{3}(\[\d+\])?-\d+(\[\d+\])?(\.\d+){0,3}\Z")))
def test_a_path_is_one_or_a_value_error(path):
    try:
        found = Path.parse(path)
    except ValueError:
        return
    assert path.startswith(found.segment)
    assert found.field
    assert found.occurrence
    assert found.repetition


@tried(80)
@given(st.text(max_size=8), st.one_of(st.sampled_from(sorted(SEGMENT_NAMES)), st.text(max_size=4)), st.integers(-1, 99))
def test_the_dictionary_has_a_name_or_none_for_anything(version, segment, number):
    names = dictionary(version)
    entry = names.field(segment, number)
    assert isinstance(entry.name, str)
    assert isinstance(names.component(entry.data_type, number).name, str)
    assert isinstance(names.component(segment, number).name, str)
    assert names.last_field(segment) >= 0


# Escapes

marks = st.lists(st.sampled_from("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), min_size=5, max_size=5, unique=True).map(
    lambda five: Separators(*five)
)


@tried(150)
@given(st.text(max_size=40), marks, st.booleans())
@example("one\ntwo", Separators("|", ".", "~", "\\", "&"), True)
def test_what_is_escaped_reads_as_it_was_with_any_separators(value, separators, formatted):
    written = escape(value, separators, formatted=formatted)
    lines = value.replace("\r\n", "\n").replace("\r", "\n") if formatted else value
    assert unescape(written, separators) == lines
    bare = written.replace(separators.escape, "")
    assert not set(bare) & set(
        (separators.field + separators.encoding_characters).replace(separators.escape, "") + "\r\n"
    )


@tried(80)
@given(st.dictionaries(st.sampled_from([3, 5, 8, 11, 18]), names, max_size=5), st.sampled_from(["UNICODE UTF-8"]))
def test_what_a_sender_puts_into_fields_is_what_a_receiver_reads(values, charset):
    text = Hl7Text(*order().put("MSH-18", charset).lines)
    for number, value in values.items():
        text.put(f"PID-{number}", escape(value))
    # `put` writes lines; a value cannot break one, because it is escaped.
    message = Message.parse(text.bytes())
    assert {number: message.get(f"PID-{number}") for number in values} == {
        number: "" if value == '""' else value for number, value in values.items()
    }


# Acknowledgments

MOMENT = datetime(2026, 3, 2, 8, 0, 1)
faults = st.builds(
    Hl7Fault,
    names,
    code=st.sampled_from(sorted(ERROR_CONDITIONS)),
    where=st.one_of(st.sampled_from(["", "PID-3", "OBX[2]-5.1", "PID", "MSH", "line 2", "ab|-3", "x\rMSA|AA"]), names),
    next_step=names,
    acknowledgment=st.sampled_from(["AE", "AR"]),
)
answerers = st.builds(Answerer, st.sampled_from(["RIS", "A-B_C", "R^I|S"]), st.sampled_from(["NORTHGATE", "N.G/1"]))


def raw_fields(answer: bytes) -> list[list[str]]:
    """The segments and fields of an answer, read with no more than its own first bytes and its own MSH-18."""
    mark = answer[3:4].decode("ascii")
    charset = (answer.split(b"\r")[0].split(answer[3:4]) + [b""] * 18)[17].replace(answer[5:6], b"~").decode("ascii")
    codec = CODECS["ASCII" + charset if charset.startswith("~") else charset]
    return [line.split(mark) for line in answer.decode(codec).split("\r")]


@tried(350)
@given(bodies, st.one_of(st.none(), faults), names, answerers)
@example(b"MSHx^~\\&xEMRxNxRISxNxxxORM^O01xA|B\rMSA|AA", None, "done", Answerer("RIS", "NORTHGATE"))
@example(b"msh#^~\\&#EMR#N#RIS#N###ORM^O01#A|B", None, "done", Answerer("RIS", "NORTHGATE"))
@example(b"MSH.^~\\&.EMR.N.RIS.N...ORM^O01.E1.P.2", None, "done", Answerer("RIS", "NORTHGATE"))
@example(b"MSH|^~\\&|EMR|N|RIS|N|||ORM^O01|E\x00\xff|P|2.3.1", None, "done", Answerer("RIS", "NORTHGATE"))
@example(b"MSH|^~\\&|EMR|N|RIS|N|||ORM^O01|E1|P|2.3.1||||||\x1fASCII", None, "done", Answerer("RIS", "NORTHGATE"))
def test_the_acknowledgment_of_anything_is_a_message_that_names_what_it_answers(body, fault, text, answerer):
    code = fault.acknowledgment if fault else "AA"
    answer = acknowledge.build(body, code, text, answerer=answerer, moment=MOMENT, control_id="R-1", fault=fault)

    # It is a message, and it has the segments and fields of an acknowledgment and no others.
    message = Message.parse(answer)
    assert [segment.name for segment in message] == ["MSH", "MSA", *(["ERR"] if fault else [])]
    header, msa, *error, end = raw_fields(answer)
    assert end == [""]
    assert len(header) in (12, 18)
    assert len(msa) == 4
    assert [len(one) for one in error] == ([9] if fault else [])

    # It says what it was told to say.
    assert (message.get("MSA-1"), message.get("MSH-10"), message.get("MSH-9.1")) == (code, "R-1", "ACK")
    assert message.get("MSH-7") == "20260302080001"
    assert (message.get("MSH-3"), message.get("MSH-4")) == (answerer.application, answerer.facility)
    read = acknowledge.read(answer)
    assert (read.code, read.error_code) == (code, f"{fault.code}" if fault else "")
    if fault is None and text.isascii():
        assert message.get("MSA-3") == ("" if text == '""' else text)

    # It names the message: the sender finds its own MSH-10 in MSA-2.
    sent = parsed(body)
    if sent is not None:
        for theirs, ours in (("MSH-10", "MSA-2"), ("MSH-3", "MSH-5"), ("MSH-4", "MSH-6")):
            # As a whole where the answer cannot have the message's separators, so that nothing in it separates.
            assert message.get(ours) in (sent.get(theirs), sent.raw(theirs))
    elif control_id_of(body).isascii() and control_id_of(body).isalnum():
        assert message.get("MSA-2") == control_id_of(body)
    assert bool(message.raw("MSA-2")) == bool(control_id_of(body))


@pytest.mark.parametrize("charset", [charset for charset in CODECS if CODECS[charset] in ("gb18030", "iso2022_jp")])
def test_a_byte_of_a_character_that_looks_like_a_separator_is_none(charset):
    """The second byte of such a character may be 0x7C, which is `|`, 0x5E or 0x7E."""
    codec = CODECS[charset]
    tricky = [
        one
        for one in map(chr, range(0x4E00, 0x9FA5))
        if _encodes(one, codec) and set(one.encode(codec)) & set(b"|^~\\&")
    ]
    assert tricky
    sender = "".join(tricky[:: max(1, len(tricky) // 9)])
    body = order().put("MSH-3", sender).put("MSH-18", charset).bytes(codec)
    message = Message.parse(body)
    assert (message.get("MSH-3"), message.control_id) == (sender, header_field(body, 10))
    answer = Message.parse(
        acknowledge.build(body, "AA", "done", answerer=Answerer("RIS", "N"), moment=MOMENT, control_id="R1")
    )
    assert (answer.get("MSA-2"), answer.get("MSH-5")) == (message.control_id, sender)


def _encodes(character: str, codec: str) -> bool:
    try:
        return character.encode(codec).decode(codec) == character
    except UnicodeEncodeError:
        return False
