"""The rules for what is ordered: MSH-18, ORC, OBR, TQ1, IPC, ZDS and NTE.

HL7 v2.3.1 and v2.5.1 chapter 4; PS3.3 sections C.4.10 to C.4.12 and 8.8; PS3.16 section 8. Rules: identifiers are
copied whole or refused; a code needs its coding system; a planned time is the sender's local time; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pydicom.uid import UID

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Path, Segment, Segments
from hl7dicom_lab.mapping import character_sets, names
from hl7dicom_lab.mapping.attributes import data_set_of
from hl7dicom_lab.mapping.converted import (
    LO,
    LT,
    SH,
    Converted,
    Rule,
    first_repetition,
    lines,
    null_in_list,
    one_line,
    place_in_list,
    shortened,
    text_of,
    whole,
)
from hl7dicom_lab.model import StepStatus

_DAY = re.compile(r"\d{8}")
_TIME_OF_DAY = re.compile(r"\d{8}(\d{2,6}(?:\.\d+)?)")
_ZONE = re.compile(r"[+-]\d{4}\b")
_MODALITY = re.compile(r"[A-Z0-9 _]{1,16}")
#: ORC-7.6 or TQ1-9 (table 0485) to RequestedProcedurePriority (0040,1003).
PRIORITIES = {"S": "STAT", "A": "HIGH", "P": "HIGH", "C": "HIGH", "R": "ROUTINE", "T": "MEDIUM"}
#: ORC-1 and ORC-5 to ScheduledProcedureStepStatus (0040,0020); "" stands for any ORC-5. SC (status changed) with
#: IP or CM tells a step's progress where there is no MPPS. XO (order changed) with IP does not: table 0038 has IP as
#: "in process, unspecified", which systems also send with a change of an order whose patient has not come yet.
STATUSES = {
    ("NW", ""): StepStatus.SCHEDULED,
    ("CA", ""): StepStatus.CANCELED,
    ("DC", ""): StepStatus.DISCONTINUED,
    ("XO", "CM"): StepStatus.COMPLETED,
    ("SC", "CM"): StepStatus.COMPLETED,
    ("XO", "IP"): StepStatus.STARTED,
    ("SC", "IP"): StepStatus.STARTED,
}


def _identifier(most: int) -> Rule:
    def rule(order: Segments, path: str) -> Converted | None:
        where = path if Path.parse(path).component else f"{path}.1"
        value = whole(order.get(where), path, most)
        source = path if order.get(path).strip() == value else where
        return Converted(value, source, order.get(source)) if value else None

    return rule


def _uid(order: Segments, path: str) -> Converted | None:
    checks.check_uid(order, path)
    value = order.get(path)
    return Converted(UID(value), path, value) if value else None


def _character_set(order: Segments, path: str) -> Converted | None:
    declared = order.raw(path)
    terms = character_sets.to_dicom(declared.replace(order.segments[0].separators.repetition, "~"))
    return Converted(list(terms), path, declared, "table 0211 to defined terms") if terms else None


def _short_text(order: Segments, path: str) -> Converted | None:
    return text_of(order, path, SH)


def _meaning(order: Segments, path: str) -> Converted | None:
    """The words of a coded field: its text, else its code."""
    return text_of(order, f"{path}.2") or text_of(order, f"{path}.1")


def _coded(order: Segments, path: str, first: int) -> Converted | None:
    """A code sequence of one item from three components: code, text, coding system.

    HL7 table 0396 and PS3.16 Table 8-1 name the coding systems of imaging alike (C4, LN, SCT, DCM, I10, L, 99...), so
    the designator is copied.
    """
    found = first_repetition(order, path)
    if found is None:
        return None
    segment, raw = found
    value, meaning, scheme = (one_line(segment.part(raw, first + offset)) for offset in range(3))
    source = f"{path}.{first}"
    if not value:
        return Converted(None, source, raw, "no code", deleted=True)
    if not 1 <= len(scheme) <= SH:
        said = f"the coding system {scheme!r}, which is too long" if scheme else "no coding system"
        warning = f"{path}.{first + 2} names {said}, so {value!r} is no code that DICOM could carry"
        return Converted(None, source, raw, "no coding system", (warning,), deleted=True)
    meaning, cut = shortened(meaning or value, LO, f"{path}.{first + 1}")
    code = {"CodeValue" if len(value) <= SH else "LongCodeValue": value}
    item = data_set_of(code | {"CodingSchemeDesignator": scheme, "CodeMeaning": meaning})
    return Converted([item], source, raw, "CE to code sequence item", cut)


def _code(order: Segments, path: str) -> Converted | None:
    return _coded(order, path, 1)


def _alternate_code(order: Segments, path: str) -> Converted | None:
    """OBR-4: the alternate code, components 4 to 6, is the protocol; without one it is what was ordered."""
    alternate = _coded(order, path, 4)
    return alternate if alternate is not None and alternate.value else _coded(order, path, 1)


def _person(to_pn: Callable[[Segment, str, str], str], component: str, words: str) -> Rule:
    def rule(order: Segments, path: str) -> Converted | None:
        found = first_repetition(order, path)
        if found is None:
            return None
        value = to_pn(*found, path)
        if not value:
            warning = f"{path} has an id and no name, and an id is no DICOM name"
            return Converted(None, path, found[1], "an id is no name", (warning,))
        return Converted(value, f"{path}{component}", found[1], words)

    return rule


def _priority(order: Segments, path: str) -> Converted | None:
    value = order.get(path)
    if not value:
        return None
    if value not in PRIORITIES:
        return Converted("", path, value, "unknown priority", (f"{path} {value!r} is not in table 0485",))
    return Converted(PRIORITIES[value], path, value, "table 0485 to defined terms")


def _comments(order: Segments, path: str) -> Converted | None:
    said = "\n".join(_notes(order)).rstrip(" ")  # PS3.5 Table 6.2-1: spaces at the end of LT say nothing
    if not said.strip():
        return null_in_list(order, path)
    value, cut = shortened(lines(said), LT, path)
    rule = "shortened" if cut else "the notes on the order, a line each"
    return Converted(value, place_in_list(order, path), said, rule, cut)


def _notes(order: Segments) -> Iterator[str]:
    """The notes on the order: those before the first OBX. Behind an OBX, NTE speaks of that observation."""
    for segment in order:
        if segment.name == "OBX":
            return
        if segment.name == "NTE":
            notes = (segment.part(raw) for raw in segment.repetitions(3))
            yield from (note for note in notes if note)


def _date(order: Segments, path: str) -> Converted | None:
    checks.check_timestamp(order, path)
    value = order.get(path)
    if not value:
        return None
    if not _DAY.match(value):
        raise Hl7Fault(
            f"{value!r} names no day, so the step cannot be scheduled",
            code=102,
            where=path,
            next_step="send YYYYMMDD or YYYYMMDDHHMMSS, or leave it empty and the step is scheduled for now",
        )
    zone = _ZONE.search(value)
    lost = (
        (f"{path} has the offset {zone[0]} from UTC, which DA and TM cannot hold; the local time is kept",)
        if zone
        else ()
    )
    return Converted(value[:8], path, value, "the date of the TS", lost)


def _time(order: Segments, path: str) -> Converted | None:
    value = order.get(path)
    found = _TIME_OF_DAY.match(value)
    return Converted(found[1], path, value, "the time of the TS") if found else None


def _modality(order: Segments, path: str) -> Converted | None:
    value = order.get(path).strip()
    if not value:
        return None
    if not _MODALITY.fullmatch(value):
        raise Hl7Fault(
            f"{value!r} is no modality",
            code=103,
            where=path,
            next_step="send a defined term of Modality (0008,0060), such as MR, CT, CR, DX or US",
        )
    return Converted(value, path, value)


def _ae_titles(order: Segments, path: str) -> Converted | None:
    """Every repetition names a scanner that may do the step: the attribute has several values."""
    segment = order.first("IPC")
    count = len(segment.repetitions(Path.parse(path).field)) if segment else 0
    places = [path if number == 1 else f"{path}[{number}]" for number in range(1, count + 1)]
    titles = [title for title in (whole(order.get(place), place, SH, "the AE title") for place in places) if title]
    if not all(title.isascii() for title in titles):
        raise Hl7Fault("an AE title is ASCII", code=102, where=path, next_step="send the scanner's AE title")
    return Converted(titles[0] if len(titles) == 1 else titles, path, order.raw(path)) if titles else None


def _status(order: Segments, path: str) -> Converted | None:
    control, status = order.get("ORC-1"), order.get("ORC-5")
    found = STATUSES.get((control, status)) or STATUSES.get((control, ""))
    if not found:
        return None
    said = f"{control} {status}".strip() if (control, status) in STATUSES else control
    return Converted(found.value, path, said, "ORC-1 and ORC-5 to step status")


ORDER_RULES: dict[str, Rule] = {
    "alternate_code": _alternate_code,
    "character_set": _character_set,
    "code": _code,
    "comments": _comments,
    "date": _date,
    "identifier_16": _identifier(SH),
    "identifier_64": _identifier(LO),
    "meaning": _meaning,
    "modality": _modality,
    "priority": _priority,
    "staff_name": _person(names.xcn_to_pn, "", "XCN to PN: the id is dropped"),
    "station_ae_title": _ae_titles,
    "station_location": _short_text,
    "station_name": _short_text,
    "status": _status,
    "technician_name": _person(names.cn_to_pn, ".1", "CN to PN: the id is dropped"),
    "text": text_of,
    "time": _time,
    "uid": _uid,
}
