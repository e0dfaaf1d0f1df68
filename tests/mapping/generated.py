"""Hypothesis strategies for orders as HL7 text: every field of the mapping, each of them present or not."""

from __future__ import annotations

import string

from hypothesis import strategies as st
from messages import MSH_OMI, MSH_ORM, message

_LETTERS = string.ascii_letters + "ÄÖüßÑéŁ" + "山田太郎" + "홍길동"
_ESCAPES = {
    "|": r"\F\ ".strip(),
    "^": r"\S\ ".strip(),
    "&": r"\T\ ".strip(),
    "~": r"\R\ ".strip(),
    "\\": r"\E\ ".strip(),
}

#: Words as people type them, with the five characters that HL7 escapes.
words = st.text(_LETTERS + string.digits + " .,-/()'|^&~\\", max_size=80).filter(lambda text: text != '""')
short = st.text(_LETTERS + string.digits + " -&~|", min_size=1, max_size=16)
name_part = st.text(_LETTERS + "'-&|~", max_size=9)
identifier = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=16)
code_value = st.text(string.ascii_letters + string.digits + "-.", min_size=1, max_size=20)
scheme = st.sampled_from(("99NG", "L", "LN", "DCM", "SCT", ""))
moment = st.one_of(
    st.datetimes().map(lambda one: f"{one:%Y%m%d%H%M%S}".rjust(14, "0")),
    st.datetimes().map(lambda one: f"{one:%Y%m%d%H%M}".rjust(12, "0")),
    st.dates().map(lambda one: f"{one:%Y%m%d}".rjust(8, "0")),
).filter(lambda text: text[:4] != "0000")
offset = st.sampled_from(("", "", "+0100", "-0530"))


def escaped(text: str) -> str:
    return "".join(_ESCAPES.get(one, one) for one in text)


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), st.just(""), st.just('""'), strategy)


def components(*parts: st.SearchStrategy[str], separator: str = "^") -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda values: separator.join(escaped(one) for one in values).rstrip(separator))


empty = st.just("")
code = components(st.one_of(empty, code_value), words, scheme)
name = components(*[name_part] * 6)
person = components(identifier, *[name_part] * 6)
technician = components(identifier, *[name_part] * 6, separator="&").filter(lambda text: "&" in text)
patient_identifiers = st.lists(
    components(identifier, empty, empty, identifier, st.sampled_from(("MR", "PI", "XX", ""))), min_size=1, max_size=3
).map("~".join)


@st.composite
def segment(draw: st.DrawFn, head: str, fields: dict[int, st.SearchStrategy[str]]) -> str:
    values = {number: draw(strategy) for number, strategy in fields.items()}
    return "|".join([head, *(values.get(number, "") for number in range(1, max(values) + 1))])


PID = segment(
    "PID",
    {
        3: patient_identifiers,
        5: maybe(name),
        7: maybe(moment),
        8: st.sampled_from(("M", "F", "O", "A", "N", "U", "", '""')),
        11: maybe(components(*[words] * 7)),
        18: maybe(components(identifier, empty, empty, identifier)),
    },
)
PV1 = segment(
    "PV1",
    {
        3: maybe(components(*[words] * 5)),
        8: maybe(person),
        15: st.sampled_from(("", "A0", "B6", "A1~B6", '""')),
        19: maybe(components(identifier, empty, empty, st.one_of(empty, identifier))),
    },
)
AL1 = segment("AL1", {3: maybe(code.filter(lambda text: len(text) <= 64))})
NTE = segment("NTE", {3: maybe(st.lists(words.map(escaped), max_size=3).map("~".join))})
OBX = st.one_of(
    segment(
        "OBX",
        {
            2: st.just("NM"),
            3: st.sampled_from(("29463-7^Body Weight^LN", "^Body Weight", "^Body Height", "1-1^Something else^LN")),
            5: st.decimals(0, 300, places=2).map(str),
            6: st.sampled_from(("kg", "[lb_av]", "m", "cm", "[in_i]", "g", "furlong", "")),
        },
    ),
    NTE,
)
_OBR_FIELDS = {
    2: maybe(identifier),
    3: maybe(identifier),
    4: st.one_of(code, st.tuples(code_value, words.map(escaped), scheme, code).map("^".join)),
    12: maybe(code),
    13: st.lists(words.filter(lambda text: len(text) <= 64).map(escaped), max_size=2).map("~".join),
    16: maybe(person),
    30: maybe(words.map(escaped)),
    31: maybe(code),
    34: maybe(technician),
    44: maybe(code),
}
timing = st.tuples(st.one_of(empty, moment), offset, st.sampled_from(("S", "A", "P", "C", "R", "T", "X", ""))).map(
    lambda values: f"1^^^{values[0]}{values[1] if len(values[0]) > 8 else ''}^^{values[2]}"
)
ORC_FIELDS = {2: maybe(identifier), 3: maybe(identifier), 12: maybe(person)}
ORC = segment("ORC|NW", {number - 1: value for number, value in (ORC_FIELDS | {7: maybe(timing)}).items()})
ORC_OMI = segment("ORC|NW", {number - 1: value for number, value in ORC_FIELDS.items()})
OBR = segment(
    "OBR",
    _OBR_FIELDS
    | {18: maybe(identifier), 19: maybe(identifier), 20: maybe(identifier), 24: st.just("MR"), 27: maybe(timing)},
)
OBR_OMI = segment("OBR", _OBR_FIELDS)
TQ1 = segment("TQ1", {7: maybe(moment), 9: maybe(st.sampled_from(("S", "A", "P", "C", "R", "T")))})
uid = st.lists(st.integers(0, 10**9).map(str), min_size=2, max_size=5).map(lambda parts: ".".join(["2", *parts]))
ZDS = segment("ZDS", {1: maybe(components(uid, st.just("HIS")))})
IPC = segment(
    "IPC",
    {
        1: maybe(components(identifier, identifier)),
        2: maybe(identifier),
        3: maybe(uid),
        4: maybe(identifier),
        5: st.sampled_from(("CT", "MR")),
        6: maybe(code),
        7: maybe(components(short, identifier)),
        8: maybe(components(short, words)),
        9: maybe(st.sampled_from(("NORTHGATE_CT1", "EAST_CT7"))),
    },
)


@st.composite
def orders(draw: st.DrawFn) -> str:
    """An ORM^O01 with one or two orders, or an OMI^O23 with one to three steps."""
    head = [draw(PID), *draw(st.lists(PV1, max_size=1)), *draw(st.lists(AL1, max_size=2))]
    notes, observations = draw(st.lists(NTE, max_size=2)), draw(st.lists(OBX, max_size=4))
    if observations and observations[0].startswith("NTE"):
        observations = []  # an NTE there would speak of the order
    if draw(st.booleans()):
        steps = draw(st.lists(IPC, min_size=1, max_size=3))
        return message(MSH_OMI, *head, draw(ORC_OMI), draw(TQ1), draw(OBR_OMI), *notes, *observations, *steps)
    return message(MSH_ORM, *head, draw(ORC), draw(OBR), *notes, *observations, *draw(st.lists(ZDS, max_size=1)))
