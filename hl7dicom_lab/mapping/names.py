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
_CANNOT_STAND = dict.fromkeys((*range(0x20), 0x7F), None) | str.maketrans("^=\\", "   ")


def xpn_to_pn(segment: Segment, number: int) -> str:
    """The PN of an XPN field: its first repetition, and other writings of the name by XPN-8 (table 0465)."""
    groups = ["", "", ""]
    for position, raw in enumerate(segment.repetitions(number)):
        writing = segment.part(raw, 8)
        if position == 0 and writing not in _WRITINGS:
            writing = "A"
        if writing in _WRITINGS and not groups[_WRITINGS.index(writing)]:
            parts = [segment.part(raw, 1, 1), *(segment.part(raw, component) for component in (2, 3, 5, 4))]
            groups[_WRITINGS.index(writing)] = _group(parts, f"{segment.name}-{number}")
    return "=".join(groups).rstrip("=")


def xcn_to_pn(segment: Segment, raw: str, where: str) -> str:
    """The PN of an XCN repetition, id^family^given^middle^suffix^prefix: the id is dropped."""
    parts = [segment.part(raw, 2, 1), *(segment.part(raw, component) for component in (3, 4, 6, 5))]
    return _group(parts, where)


def cn_to_pn(segment: Segment, raw: str, where: str) -> str:
    """The PN of a CN inside the first component, id&family&given&middle&suffix&prefix (OBR-32 and OBR-34 of v2.3.1).

    Senders also put an XCN or a bare name there: with no subcomponent, components 2 and on are read as an XCN's, and
    a single value is the family name.
    """
    if len(segment.subcomponents(raw.split(segment.separators.component, maxsplit=1)[0])) > 1:
        return _group([segment.part(raw, 1, number) for number in (2, 3, 4, 6, 5)], where)
    name = xcn_to_pn(segment, raw, where)
    return name or _group([segment.part(raw, 1)], where)


def _group(parts: Sequence[str], where: str) -> str:
    r"""One component group. `^`, `=` and `\` structure a PN and cannot stand in it; a space takes their place.

    Control characters have no place in a name (PS3.5 section 6.2.1) and are left out.
    """
    group = "^".join(part.translate(_CANNOT_STAND).strip() for part in parts).rstrip("^")
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
