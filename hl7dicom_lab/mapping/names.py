"""A person's name in two languages: HL7 XPN and XCN, DICOM PN.

HL7 v2.5.1 sections 2.A.86 and 2.A.88; PS3.5 section 6.2.1. Rule: XPN is family^given^middle^**suffix^prefix**, PN is
family^given^middle^**prefix^suffix**. The parts are moved by name, never by position, and a name is never shortened.
"""

from __future__ import annotations

from collections.abc import Sequence

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.message import Segment
from hl7dicom_lab.model import PersonName

#: XPN-8, table 0465: alphabetic, ideographic, phonetic, in the order of PN's component groups.
_WRITINGS = ("A", "I", "P")
#: A component group of PN holds at most 64 characters (PS3.5 Table 6.2-1).
_LONGEST_GROUP = 64
_CANNOT_STAND = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), None) | str.maketrans("^=\\", "   ")


def xpn_to_pn(segment: Segment, number: int) -> str:
    """The PN of an XPN field: its first repetition, and other writings of the name by XPN-8 (table 0465)."""
    groups = ["", "", ""]
    for position, raw in enumerate(segment.repetitions(number)):
        writing = segment.part(raw, 8)
        if position == 0 and writing not in _WRITINGS:
            writing = "A"
        if writing in _WRITINGS and not groups[_WRITINGS.index(writing)]:
            groups[_WRITINGS.index(writing)] = _name_at(segment, raw, 1, f"{segment.name}-{number}")
    return "=".join(groups).rstrip("=")


def xcn_to_pn(segment: Segment, raw: str, where: str) -> str:
    """The PN of an XCN repetition, id^family^given^middle^suffix^prefix^degree: the id is dropped."""
    return _name_at(segment, raw, 2, where)


def cn_to_pn(segment: Segment, raw: str, where: str) -> str:
    """The PN of a CN inside the first component, id&family&given&middle&suffix&prefix&degree (OBR-32 and OBR-34).

    Senders also put an XCN or a bare name there: without subcomponents, components 2 and on are read as an XCN's (a
    time in component 2 is no name, it is where NDL has the start), and a single value without a digit is a name.
    """
    first = segment.part(raw, 1)
    if len(segment.subcomponents(raw.split(segment.separators.component, maxsplit=1)[0])) > 1:
        return _group([segment.part(raw, 1, number) for number in range(2, 8)], where)
    if not segment.part(raw, 2)[:1].isdigit():
        name = xcn_to_pn(segment, raw, where)
        if name:
            return name
    return "" if any(one.isdigit() for one in first) else _group([first, "", "", "", "", ""], where)


def _name_at(segment: Segment, raw: str, first: int, where: str) -> str:
    """The name whose family name (FN, its first subcomponent) is component `first`, with the parts after it."""
    others = (segment.part(raw, number) for number in range(first + 1, first + 6))
    return _group([segment.part(raw, first, 1), *others], where)


def _group(hl7_parts: Sequence[str], where: str) -> str:
    r"""One component group of PN from family, given, middle, suffix, prefix, degree.

    A degree belongs to PN's suffix (PS3.5 section 6.2.1.1, its examples). `^`, `=` and `\` structure a PN and cannot
    stand in it; a space takes their place. Control characters have no place in a name and are left out.
    """
    family, given, middle, suffix, prefix, degree = (part.translate(_CANNOT_STAND).strip() for part in hl7_parts)
    suffix = f"{suffix} {degree}".strip()
    group = "^".join((family, given, middle, prefix, suffix)).rstrip("^")
    if len(group) > _LONGEST_GROUP:
        raise Hl7Fault(
            f"the name has {len(group)} characters; DICOM holds {_LONGEST_GROUP}, and a name is never shortened",
            code=104,
            where=where,
            next_step="send a shorter form of the name",
        )
    return group


def pn_of(name: PersonName) -> str:
    """A name as DICOM PN."""
    parts = (name.family, name.given, name.middle, name.prefix, name.suffix)
    return "=".join(["^".join(parts).rstrip("^"), name.ideographic, name.phonetic]).rstrip("=")


def name_of(pn: str) -> PersonName:
    """A DICOM PN as a name by its parts."""
    alphabetic, ideographic, phonetic = [*pn.split("="), "", ""][:3]
    family, given, middle, prefix, suffix = [*alphabetic.split("^"), "", "", "", ""][:5]
    return PersonName(family, given, middle, prefix, suffix, ideographic, phonetic)
