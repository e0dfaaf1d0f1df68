"""What a message must hold before a system acts on it.

HL7 v2.5.1 chapters 2 to 4 with the IHE Radiology Technical Framework's requirements for ADT, ORM, OMI and ORU. Rule:
every refusal names the field, the rule by its table 0357 code, and what to send instead. Nothing is repaired silently.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Mapping

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.message import Message, Path, Segments

#: Versions whose messages are read (table 0104). The course speaks 2.3.1 and 2.5.1; those between differ in nothing
#: that the lab reads.
VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")
#: MSH-11, table 0103.
PROCESSING_IDS = ("P", "T", "D")
#: MSH-15 and MSH-16, table 0155.
ACKNOWLEDGMENT_CONDITIONS = ("AL", "NE", "ER", "SU")
#: PID-8, table 0001.
SEXES = ("M", "F", "O", "U", "A", "N")

_ZONE = r"(?:[+-](?:[01]\d|2[0-3])[0-5]\d)?"
_TIMESTAMP = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,4})?)?)?)?)?)?" + _ZONE)
_CODE = re.compile(r"[A-Z][A-Z0-9]{2}")
_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")


def reject(what: str, code: int, where: str, next_step: str = "") -> Hl7Fault:
    """A refusal of the message as such (AR): it cannot be processed here, whatever its content."""
    return Hl7Fault(what, code=code, where=where, next_step=next_step, acknowledgment="AR")


def check_header(
    message: Message, accepted: Mapping[str, Collection[str]], *, application: str = "", facility: str = ""
) -> None:
    """MSH: type, event, processing id, version, control id, wish for an answer, addressee.

    `accepted` maps message codes to trigger events. Raises `Hl7Fault` 100, 101, 103, 200 to 203.
    """
    _check_alignment(message)
    _check_processed(message, accepted)
    if not message.control_id.strip():
        raise Hl7Fault(
            "the message has no control id, so no answer could be matched to it",
            code=101,
            where="MSH-10",
            next_step="put an id into MSH-10 that you use only once",
        )
    check_timestamp(message, "MSH-7")
    for path in ("MSH-15", "MSH-16"):
        condition = message.get(path)
        if condition and condition not in ACKNOWLEDGMENT_CONDITIONS:
            raise Hl7Fault(
                f"acknowledgment condition {condition!r} is not in table 0155",
                code=103,
                where=path,
                next_step="send one of: " + ", ".join(ACKNOWLEDGMENT_CONDITIONS) + ", or leave MSH-15 and MSH-16 empty",
            )
    _check_addressee(message, "MSH-5", application)
    _check_addressee(message, "MSH-6", facility)


def _check_processed(message: Message, accepted: Mapping[str, Collection[str]]) -> None:
    """What HL7 v2.5.1 section 2.9.2.2 rejects before anything else is looked at."""
    kind, event = message.type, message.event
    if kind not in accepted:
        known = ", ".join(sorted(accepted))
        raise reject(
            f"this system does not process {kind or 'an empty message type'}", 200, "MSH-9.1", f"send one of: {known}"
        )
    if event not in accepted[kind]:
        known = ", ".join(f"{kind}^{one}" for one in sorted(accepted[kind]))
        raise reject(
            f"this system does not process the event {event or '(empty)'} of {kind}",
            201,
            "MSH-9.2",
            f"send one of: {known}",
        )
    if message.get("MSH-11.1") not in PROCESSING_IDS:
        raise reject(
            f"processing id {message.get('MSH-11')!r} is not in table 0103",
            202,
            "MSH-11",
            "send P (production), T or D",
        )
    if message.version not in VERSIONS:
        raise reject(f"version {message.version!r} is not read here", 203, "MSH-12", "send 2.3.1 or 2.5.1")


def check_segment_ends(message: Message) -> None:
    """Every segment ends with CR, as a strict receiver demands it. Raises `Hl7Fault` 100.

    `Message.parse` reads a message with other line ends as it was meant; to a receiver that knows CR alone, LF is a
    character of a field, and what follows belongs to the same segment (HL7 v2.5.1 section 2.5.4).
    """
    if b"\n" in message.body:
        raise Hl7Fault(
            "LF (0x0A) stands where segments end; only CR (0x0D) ends a segment, so this system sees one long MSH and "
            "no PID",
            code=100,
            where="MSH",
            next_step="set the sending interface to CR between segments, and send the message again",
        )


def _check_alignment(message: Message) -> None:
    """A header in which a field is missing or doubled shows its message type beside MSH-9 (fault 20)."""
    if _is_message_type(message, 9):
        return
    for number in (7, 8, 10, 11):
        if _is_message_type(message, number):
            raise reject(
                f"the message type stands in MSH-{number} instead of MSH-9: the header is shifted",
                100,
                "MSH-9",
                f"{'take out' if number > 9 else 'put back'} one field separator before it",
            )


def _is_message_type(message: Message, number: int) -> bool:
    return all(_CODE.fullmatch(message.get(f"MSH-{number}.{component}")) for component in (1, 2))


def _check_addressee(message: Message, path: str, own_name: str) -> None:
    named = message.get(f"{path}.1")
    if named and own_name and named != own_name:
        raise reject(
            f"this message is addressed to {named!r}, and this is {own_name!r}",
            103,
            path,
            f"send it to {named}, or put {own_name} into {path}",
        )


def check_patient(segments: Segments) -> None:
    """PID: there, with an identifier, a name, a possible birth date, a sex of table 0001."""
    pid = segments.first("PID")
    if pid is None:
        raise Hl7Fault(
            "there is no PID segment: whom is this about?",
            code=100,
            where="PID",
            next_step="send PID after MSH (and EVN)",
        )
    if len(segments.all("PID")) > 1:
        raise Hl7Fault(
            "there are two patients in one message",
            code=100,
            where="PID",
            next_step="send a message of its own for each patient",
        )
    names = [segment.name for segment in segments]
    if "PV1" in names and names.index("PV1") < names.index("PID"):
        raise Hl7Fault("PV1 stands before PID", code=100, where="PV1", next_step="send PID first, then PV1")
    if not any(pid.part(raw, 1).strip() for raw in pid.repetitions(3)):
        raise Hl7Fault(
            "the patient identifier is missing",
            code=101,
            where="PID-3",
            next_step="put the medical record number there, with its issuer",
        )
    require(segments, "PID-5", "the patient's name", "put family^given there")
    check_timestamp(segments, "PID-7")
    sex = segments.get("PID-8.1")
    if sex and sex not in SEXES:
        raise Hl7Fault(
            f"sex {sex!r} is not in table 0001",
            code=103,
            where="PID-8",
            next_step="send one of: " + ", ".join(SEXES),
        )


def require(segments: Segments, path: str, what: str, next_step: str = "") -> str:
    """The value at a path. Raises `Hl7Fault` 101 where there is none."""
    if not says_something(segments, path):
        raise Hl7Fault(f"{what} is missing", code=101, where=path, next_step=next_step or f"fill {path}")
    return segments.get(path)


def says_something(segments: Segments, path: str) -> bool:
    """Whether there is a value at a path: separators alone are none, and neither is null."""
    where = Path.parse(path)
    said = segments.get(path) if where.component else segments.raw(path)
    marks = segments.segments[0].separators
    return bool(said.replace('""', "").strip(f" {marks.component}{marks.repetition}{marks.subcomponent}"))


def check_timestamp(segments: Segments, path: str) -> None:
    """A TS or DT, where it is valued, is a possible moment: YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]."""
    value = segments.get(path)
    if value and not is_timestamp(value.split(segments.segments[0].separators.component)[0]):
        raise Hl7Fault(
            f"{value!r} is no possible date or time",
            code=102,
            where=path,
            next_step="send YYYYMMDD or YYYYMMDDHHMMSS",
        )


def is_timestamp(value: str) -> bool:
    """Whether a value is a possible TS of HL7 (v2.5.1 section 2.A.77)."""
    found = _TIMESTAMP.fullmatch(value) if value.isascii() else None
    if not found:
        return False
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups())
    if not year or (month is not None and not 1 <= month <= 12):
        return False
    if day is not None and not 1 <= day <= monthrange(year, month or 1)[1]:
        return False
    limits = ((hour, 23), (minute, 59), (second, 59))
    return all(part is None or part <= most for part, most in limits)


def check_length(value: str, path: str, most: int, what: str) -> None:
    """An identifier fits where it has to go. It is refused when too long, never truncated (code 104)."""
    if len(value) > most:
        raise Hl7Fault(
            f"{what} has {len(value)} characters; DICOM holds {most}, and an identifier is never truncated",
            code=104,
            where=path,
            next_step=f"send one of at most {most} characters",
        )


def check_uid(segments: Segments, path: str) -> None:
    """A UID, where it is valued: digits and points, no leading zero, at most 64 characters (PS3.5 section 9.1)."""
    value = segments.get(path)
    if value and not is_uid(value):
        raise Hl7Fault(
            f"{value!r} is no UID",
            code=102,
            where=path,
            next_step="send digits separated by single points, no component with a leading zero, at most 64 characters",
        )


def is_uid(value: str) -> bool:
    """Whether a value is a UID as PS3.5 section 9.1 has it."""
    return value.isascii() and len(value) <= 64 and bool(_UID.fullmatch(value))
