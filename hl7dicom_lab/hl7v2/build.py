"""Messages as a sender builds them: data types, segments, and the header (HL7 v2.5.1 chapters 2 and 2A).

Rules: every value is escaped exactly once, here; fields are placed by their number, so that none can slip; the text is
encoded in the character set that MSH-18 declares, or refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hl7dicom_lab.errors import CannotBuild
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.hl7v2.escapes import escape
from hl7dicom_lab.model import CodedEntry, Identifier, Person, PersonName


@dataclass(frozen=True)
class Envelope:
    """Who writes to whom, when, and in which version: the values of MSH."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    moment: datetime
    control_id: str  # MSH-10: never used twice by one sender
    version: str = "2.3.1"
    character_set: str = "UNICODE UTF-8"
    processing_id: str = "P"


def ts(moment: datetime | None) -> str:
    """TS: a moment to the second."""
    return f"{moment:%Y%m%d%H%M%S}" if moment else ""


def cx(identifier: Identifier) -> str:
    """CX: id, issuer in component 4, type (table 0203) in component 5."""
    if not identifier.value:
        return ""
    return "^".join(map(escape, (identifier.value, "", "", identifier.issuer, identifier.type_code))).rstrip("^")


def ce(code: CodedEntry | None) -> str:
    """CE: code, text, coding system."""
    return "^".join(map(escape, (code.value, code.meaning, code.scheme))) if code else ""


def xpn(name: PersonName) -> str:
    """XPN: family^given^middle^suffix^prefix; each further writing is a repetition with its code in XPN-8."""
    others = [("I", name.ideographic), ("P", name.phonetic)]
    repetitions = [_xpn(_other_writing(pn), code) for code, pn in others if pn]
    return "~".join([_xpn(name, "A" if repetitions else ""), *repetitions])


def _other_writing(pn: str) -> PersonName:
    family, given, middle, prefix, suffix = [*pn.split("^"), "", "", "", ""][:5]
    return PersonName(family, given, middle, prefix, suffix)


def _xpn(name: PersonName, writing: str = "") -> str:
    parts = (name.family, name.given, name.middle, name.suffix, name.prefix)
    escaped = "^".join(escape(part) for part in parts)
    return f"{escaped}^^L^{writing}" if writing else escaped.rstrip("^")


def xcn(person: Person | None) -> str:
    """XCN: id^family^given^middle^suffix^prefix."""
    return f"{escape(person.identifier)}^{_xpn(person.name)}" if person else ""


def segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment line from its valued fields; the values are escaped already, by the data types above."""
    values = {number: value for number, value in fields.items() if value}
    last = max(values, default=0)
    return "|".join([name, *(values.get(number, "") for number in range(1, last + 1))])


def message(envelope: Envelope, kind: str, *segments: str) -> bytes:
    """A whole message, ready to be framed. `kind` is MSH-9, such as `ORM^O01`.

    Raises `CannotBuild` without a control id, `CannotEncode` for text that MSH-18 cannot hold.
    """
    if not envelope.control_id:
        raise CannotBuild("a message needs a control id", where="MSH-10", next_step="give it one that was never used")
    header = {
        1: r"^~\&",  # MSH-1 is the separator itself, so that field n stands at place n - 1 of the line
        2: escape(envelope.sending_application),
        3: escape(envelope.sending_facility),
        4: escape(envelope.receiving_application),
        5: escape(envelope.receiving_facility),
        6: ts(envelope.moment),
        8: kind,
        9: escape(envelope.control_id),
        10: envelope.processing_id,
        11: envelope.version,
        17: envelope.character_set,
    }
    text = "\r".join([segment("MSH", header), *(line for line in segments if line)]) + "\r"
    return character_set.encode(text, envelope.character_set)
