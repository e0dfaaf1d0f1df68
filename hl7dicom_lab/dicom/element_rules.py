"""What the standard asks of a value, and this one does not keep (PS3.5 sections 6.2 and 7.1, PS3.6).

Clinical step: an image is refused, a query finds nothing, and somebody looks why. Rule: only what is certain is said. A
data set may be a query, so wild cards, ranges and the two quotation marks of an empty value are no faults here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hl7dicom_lab.dicom.dictionary import is_private
from hl7dicom_lab.dicom.element_text import NUMBERS, STREAMS, TEXT_VRS, Surroundings, Value
from hl7dicom_lab.dicom.element_tree import KNOWN_VRS, UNDEFINED, Node
from hl7dicom_lab.dicom.elements import tag_text

#: PS3.5 Table 6.2-1: the longest value of a VR, in characters. DA, TM and DT may be ranges, twice as long.
_LONGEST = {
    "AE": 16, "AS": 4, "CS": 16, "DA": 18, "DS": 16, "DT": 54, "IS": 12, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024,
    "TM": 28, "UI": 64,
}  # fmt: skip
_LONGEST_NAME_GROUP = 64
_ONE_VALUE = frozenset({"LT", "ST", "UR", "UT"})
_TIME = r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?"
_DATE = r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
#: What a value of a VR looks like, and how to say so.
_FORMS = {
    "AS": (re.compile(r"\d{3}[DWMY]"), "An age is three digits and D, W, M or Y, as 045Y."),
    "CS": (re.compile(r"[A-Z0-9 _*?]*"), "A code string has capital letters, digits, spaces and underscores only."),
    "DA": (
        re.compile(rf"{_DATE}(-({_DATE})?)?|-{_DATE}|\d{{4}}\.\d\d\.\d\d"),
        "A date is eight digits, YYYYMMDD.",
    ),
    "DS": (re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *"), "A decimal string is a number written in digits."),
    "IS": (re.compile(r" *[+-]?\d+ *"), "An integer string is a whole number written in digits."),
    "TM": (
        re.compile(rf"{_TIME}(-({_TIME})?)?|-{_TIME}|\d\d:\d\d:\d\d(\.\d+)?"),
        "A time is two, four or six digits, HHMMSS, with an optional fraction.",
    ),
    "UI": (
        re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+"),
        "A UID is numbers with points between them, none with a leading zero.",
    ),
}


def notes_of(node: Node, value: Value, around: Surroundings, before: int) -> Iterator[str]:
    """Sentences about an element; `before` is the tag of the element before it, -1 for the first one."""
    if node.trouble:
        yield _sentence(node.trouble)
    if before >= node.tag:
        if before == node.tag:
            yield "The element stands here twice."
        else:
            yield f"Out of order: tags ascend, and {tag_text(before)} comes before this one."
    yield from _about_vr(node, around)
    yield from value.notes
    if node.start == node.end or node.children:
        return
    if (node.end - node.start) % 2 and node.length % 2:
        yield f"An odd length, {node.length:,}: every value has an even number of bytes (PS3.5 section 7.1)."
    vr = around.vr(node)
    if vr in TEXT_VRS and not value.shortened and not node.trouble:
        yield from _about_text(around.raw[node.start : node.end], value.text, vr)
    size = STREAMS.get(vr, 1)
    if (node.end - node.start) % size and vr not in NUMBERS and (node.end - node.start) % 2 == 0:
        yield f"{node.length:,} bytes are no whole number of values: one value of VR {vr} has {size}."


def _about_vr(node: Node, around: Surroundings) -> Iterator[str]:
    if node.implicit:
        return
    if node.vr not in KNOWN_VRS:
        yield f"{node.vr} is no VR of the standard."
        return
    allowed = around.entry(node.tag).vr.split(" or ")
    known = bool(around.entry(node.tag).name)
    if is_private(node.tag) or not known or node.vr == "UN" or node.vr in allowed:
        return
    if node.vr == "OB" and "OW" in allowed and node.length == UNDEFINED:
        return
    yield f"The VR is {node.vr}, and should be {' or '.join(allowed)} by the dictionary."


def _about_text(raw: bytes, text: str, vr: str) -> Iterator[str]:
    values = [text] if vr in _ONE_VALUE else text.split("\\")
    if vr == "UI":
        values = [one.partition(" (")[0] for one in values]
    if vr == "PN":
        groups = [group for one in values for group in one.split("=")]
        longest = max(map(len, groups))
        if longest > _LONGEST_NAME_GROUP:
            yield f"A component group has {longest} characters; PN allows {_LONGEST_NAME_GROUP}."
        if any(one.count("=") > 2 for one in values):
            yield "A name has at most three component groups: alphabetic, ideographic, phonetic."
        return
    longest = max(map(len, values))
    most = _LONGEST.get(vr)
    if most is not None and longest > most:
        yield f"{longest:,} characters; VR {vr} allows {most:,}."
    form, words = _FORMS.get(vr, (None, ""))
    bare = [one.strip(" \0") for one in values] if vr != "CS" else [one.strip(" ") for one in values]
    if form and any(one and one != '""' and not form.fullmatch(one) and not _wild(one, vr) for one in bare):
        yield words
    if vr == "UI" and raw.endswith(b" "):
        yield "A UID is padded with a zero byte, not with a space."


def _wild(text: str, vr: str) -> bool:
    """Whether it may be a key of a query for all values."""
    return text == "*" and vr not in ("UI", "DS", "IS")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
