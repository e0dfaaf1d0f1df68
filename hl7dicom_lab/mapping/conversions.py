"""The rules that the table names: from the fields of an order to values of a worklist item.

Each rule takes the order's segments and one HL7 path and gives a `Converted`, or None where the field says nothing.
Rules: identifiers are copied whole or refused (table 0357, 104); free text may be cut with a warning, except what
concerns safety, which is spread over several values; nothing is guessed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Path, Segment, Segments
from hl7dicom_lab.mapping import character_sets, names
from hl7dicom_lab.model import StepStatus

#: PS3.5 Table 6.2-1: the most characters of a value.
LENGTHS = {"LO": 64, "SH": 16, "CS": 16, "AE": 16, "PN": 64}
#: LongCodeValue has no limit of its own (PS3.5 Table 6.2-1, UC); this is where a code is surely none.
_LONGEST_CODE = 1024
#: ORC-7.6 or TQ1-9 (table 0485) to RequestedProcedurePriority (0040,1003).
PRIORITIES = {"S": "STAT", "A": "HIGH", "P": "HIGH", "C": "HIGH", "R": "ROUTINE", "T": "MEDIUM"}
#: ORC-1 and ORC-5 to ScheduledProcedureStepStatus (0040,0020); "" stands for any ORC-5.
STATUSES = {
    ("NW", ""): StepStatus.SCHEDULED,
    ("CA", ""): StepStatus.CANCELED,
    ("DC", ""): StepStatus.DISCONTINUED,
    ("XO", "CM"): StepStatus.COMPLETED,
    ("SC", "CM"): StepStatus.COMPLETED,
    ("XO", "IP"): StepStatus.STARTED,
    ("SC", "IP"): StepStatus.STARTED,
}
#: Which observation is the body weight or height: OBX-3.2 in words, OBX-3.1 in LOINC.
_WEIGHT = ("body weight", "29463-7", "3141-9")
_HEIGHT = ("body height", "8302-2", "3137-7")
_KILOGRAMS = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "lbs": 0.45359237, "[lb_av]": 0.45359237, "pound": 0.45359237}
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "[in_i]": 0.0254, "inch": 0.0254, "ft": 0.3048}
#: Identifier types (table 0203) that name the patient, the best first; an account or visit number never does.
_PATIENT_TYPES = ("MR", "PI", "PT", "")
_NEVER_A_PATIENT = ("AN", "VN", "ANON", "SS", "DL")


@dataclass(frozen=True)
class Converted:
    """What a rule made of a field: a value as pydicom takes it, where it was read, and what to say about it."""

    value: Any
    source: str
    source_value: str
    rule: str = "copied"
    warnings: tuple[str, ...] = field(default=())


Rule = Callable[[Segments, str], Converted | None]


def _read(order: Segments, path: str) -> tuple[Segment, str] | None:
    """The segment of a path and the first repetition of its field as sent; None where the field is empty or null."""
    where = Path.parse(path)
    segment = order.first(where.segment)
    repetitions = segment.repetitions(where.field) if segment else ()
    if segment is None or not repetitions or repetitions[0] in ("", '""'):
        return None
    return segment, repetitions[0]


def one_line(value: str) -> str:
    r"""Text as LO and SH hold it: no control characters, and no `\`, which separates values in DICOM."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]+", " ", value.replace("\\", "/")).split())


def _text(order: Segments, path: str, most: int = LENGTHS["LO"]) -> Converted | None:
    value = one_line(order.get(path))
    if not value:
        return None
    kept = value[:most].rstrip()
    cut = (f"{path} has {len(value)} characters; the {most} that fit are kept",) if kept != value else ()
    return Converted(kept, path, order.get(path), "copied" if not cut else "shortened", cut)


def _short_text(order: Segments, path: str) -> Converted | None:
    return _text(order, path, LENGTHS["SH"])


def _whole(value: str, where: str, most: int = LENGTHS["LO"]) -> str:
    """An identifier without the spaces around it. Raises `Hl7Fault` 104 or 102: it is never cut and never changed."""
    value = value.strip()
    checks.check_length(value, where, most, "this identifier")
    if "\\" in value or not value.isprintable():
        raise Hl7Fault(
            f"{value!r} holds a character that a DICOM identifier cannot hold",
            code=102,
            where=where,
            next_step="send an identifier without backslash and control characters",
        )
    return value


def _identifier(most: int) -> Rule:
    def rule(order: Segments, path: str) -> Converted | None:
        value = _whole(order.get(path), path, most)
        return Converted(value, path, order.get(path)) if value else None

    return rule


def _ae_title(order: Segments, path: str) -> Converted | None:
    value = _whole(order.get(path), path, LENGTHS["AE"])
    if not value.isascii():
        raise Hl7Fault(f"{value!r} is no AE title", code=102, where=path, next_step="send ASCII characters only")
    return Converted(value, path, order.get(path)) if value else None


def _uid(order: Segments, path: str) -> Converted | None:
    checks.check_uid(order, path)
    value = order.get(path)
    return Converted(UID(value), path, value) if value else None


def _character_set(order: Segments, path: str) -> Converted | None:
    declared = order.raw(path)
    terms = character_sets.to_dicom(declared.replace(order.segments[0].separators.repetition, "~"))
    return Converted(list(terms), path, declared, "table 0211 to defined terms") if terms else None


def patient_identifier(order: Segments, path: str) -> tuple[Segment, str] | None:
    """The repetition of PID-3 that names the patient: PID-3.5 is MR (table 0203), else the next best type.

    Raises `Hl7Fault` 101 where only account or visit numbers are there.
    """
    found = _read(order, path)
    if found is None:
        return None
    segment, _ = found
    repetitions = [raw for raw in segment.repetitions(Path.parse(path).field) if segment.part(raw, 1).strip()]
    for wanted in _PATIENT_TYPES:
        for raw in repetitions:
            if segment.part(raw, 5) == wanted:
                return segment, raw
    for raw in repetitions:
        if segment.part(raw, 5) not in _NEVER_A_PATIENT:
            return segment, raw
    raise Hl7Fault(
        "there is no medical record number among the identifiers",
        code=101,
        where=path,
        next_step="send the medical record number with MR in PID-3.5; an account number does not name a patient",
    )


def _patient_id(order: Segments, path: str) -> Converted | None:
    found = patient_identifier(order, path)
    if found is None:
        return None
    segment, raw = found
    return Converted(_whole(segment.part(raw, 1), f"{path}.1"), f"{path}.1", raw, "the MR repetition")


def _issuer_of_patient_id(order: Segments, path: str) -> Converted | None:
    found = patient_identifier(order, path)
    value = _whole(found[0].part(found[1], 4, 1), f"{path}.4.1") if found else ""
    return Converted(value, f"{path}.4.1", found[1], "the MR repetition") if found and value else None


def _other_patient_ids(order: Segments, path: str) -> Converted | None:
    found = patient_identifier(order, path)
    if found is None:
        return None
    segment, chosen = found
    items = []
    for raw in segment.repetitions(Path.parse(path).field):
        if raw != chosen and segment.part(raw, 1):
            item = Dataset()
            item.PatientID = _whole(segment.part(raw, 1), f"{path}.1")
            item.IssuerOfPatientID = _whole(segment.part(raw, 4, 1), f"{path}.4.1")
            item.TypeOfPatientID = "TEXT"
            items.append(item)
    return Converted(items, path, segment.raw_field(3), "the other repetitions") if items else None


def _patient_name(order: Segments, path: str) -> Converted | None:
    where = Path.parse(path)
    segment = order.first(where.segment)
    value = names.xpn_to_pn(segment, where.field) if segment else ""
    return Converted(value, path, order.raw(path), "XPN to PN: prefix and suffix change places") if value else None


def _birth_date(order: Segments, path: str) -> Converted | None:
    checks.check_timestamp(order, path)
    value = order.get(path)
    if not value:
        return None
    if len(re.match(r"\d*", value)[0]) < 8:  # type: ignore[index] # \d* always matches
        return Converted("", path, value, "not exact enough", (f"{path} {value!r} is no full date; it stays empty",))
    return Converted(value[:8], path, value, "first 8 digits")


def _sex(order: Segments, path: str) -> Converted | None:
    value = order.get(path)
    if not value:
        return None
    mapped = {"M": "M", "F": "F", "O": "O", "A": "O", "N": "O"}.get(value, "")
    return Converted(mapped, path, value, "table 0001 to defined terms")


def _joined(separator: str, rule_name: str) -> Rule:
    def rule(order: Segments, path: str) -> Converted | None:
        found = _read(order, path)
        if found is None:
            return None
        segment, raw = found
        parts = [" ".join(segment.part(one).strip() for one in segment.subcomponents(part)).strip()
                 for part in raw.split(segment.separators.component)]  # fmt: skip
        value = one_line(separator.join(part for part in parts if part))
        kept = value[: LENGTHS["LO"]].rstrip()
        cut = (f"{path} has {len(value)} characters; the 64 that fit are kept",) if kept != value else ()
        return Converted(kept, path, raw, rule_name, cut) if kept else None

    return rule


def _measure(names_of_it: tuple[str, ...], units: dict[str, float], digits: int) -> Rule:
    def rule(order: Segments, path: str) -> Converted | None:
        for number, obx in enumerate(order.all("OBX"), 1):
            called = {obx.value(3, 1).casefold(), re.sub(r"\s*\(.*\)$", "", obx.value(3, 2)).casefold()}
            if not called.isdisjoint(names_of_it) and obx.value(5):
                return _converted_measure(obx, f"OBX[{number}]-{path[4:]}", units, digits)
        return None

    return rule


def _converted_measure(obx: Segment, source: str, units: dict[str, float], digits: int) -> Converted:
    in_words = re.search(r"\((.*)\)$", obx.value(3, 2))
    unit = obx.value(6, 1).strip() or (in_words[1] if in_words else "")
    number, factor = obx.value(5).strip(), units.get(unit.casefold())
    said = f"{number} {unit}".strip()
    if factor is None or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", number):
        warning = f"{source} says {said!r}, whose unit or number is not understood; it stays empty"
        return Converted(None, source, said, "not understood", (warning,))
    if factor == 1.0 and len(number) <= 16:
        return Converted(number, source, said)
    return Converted(f"{float(number) * factor:.{digits}f}".rstrip("0").rstrip("."), source, said, f"from {unit}")


def _pregnancy(order: Segments, path: str) -> Converted | None:
    segment = order.first("PV1")
    values = [segment.part(raw, 1) for raw in segment.repetitions(15)] if segment else []
    return Converted(3, path, "B6", "table 0009 B6 is 3, definitely pregnant") if "B6" in values else None


def _spread(text: str) -> list[str]:
    """Safety-relevant text as values of LO: spread over several, never cut."""
    return textwrap.wrap(one_line(text), LENGTHS["LO"]) or []


def _alerts(order: Segments, path: str) -> Converted | None:
    values = _spread(order.get(path))
    return Converted(values, path, order.get(path)) if values else None


def _allergies(order: Segments, path: str) -> Converted | None:
    said = [segment.value(3, 2) or segment.value(3, 1) for segment in order.all("AL1")]
    values = [value for text in said for value in _spread(text)]
    return Converted(values, path, ", ".join(said)) if values else None


def _issuer_of_admission(order: Segments, path: str) -> Converted | None:
    found = _read(order, path)
    issuer = _whole(found[0].part(found[1], 4, 1), f"{path}.4.1") if found else ""
    if not issuer:
        return None
    item = Dataset()
    item.LocalNamespaceEntityID = issuer
    return Converted([item], f"{path}.4.1", issuer)


def _staff_name(order: Segments, path: str) -> Converted | None:
    found = _read(order, path)
    value = names.xcn_to_pn(*found, path) if found else ""
    return Converted(value, path, found[1], "XCN to PN: the id is dropped") if found and value else None


def _technician_name(order: Segments, path: str) -> Converted | None:
    found = _read(order, path)
    value = names.cn_to_pn(*found, path) if found else ""
    return Converted(value, f"{path}.1", found[1], "CN to PN: the id is dropped") if found and value else None


def _meaning(order: Segments, path: str) -> Converted | None:
    """The words of a coded field: its text, else its code."""
    return _text(order, f"{path}.2") or _text(order, f"{path}.1")


def _coded(order: Segments, path: str, first: int) -> Converted | None:
    found = _read(order, path)
    if found is None:
        return None
    segment, raw = found
    value, meaning, scheme = (segment.part(raw, first + offset).strip() for offset in range(3))
    if not value:
        return None
    source = f"{path}.{first}"
    value = _whole(value, source, _LONGEST_CODE)
    if not scheme:
        warning = f"{path}.{first + 2} names no coding system, so {value!r} is no code that DICOM could carry"
        return Converted(None, source, raw, "no coding system", (warning,))
    item = Dataset()
    if len(value) <= LENGTHS["SH"]:
        item.CodeValue = value
    else:
        item.LongCodeValue = value
    item.CodingSchemeDesignator = one_line(scheme)[: LENGTHS["SH"]]
    item.CodeMeaning = one_line(meaning or value)[: LENGTHS["LO"]]
    return Converted([item], source, raw, "CE to code sequence item")


def _code(order: Segments, path: str) -> Converted | None:
    return _coded(order, path, 1)


def _alternate_code(order: Segments, path: str) -> Converted | None:
    if path.startswith("OBR"):
        return _coded(order, path, 4) or _coded(order, path, 1)
    return _coded(order, path, 1)


def _priority(order: Segments, path: str) -> Converted | None:
    value = order.get(path)
    if not value:
        return None
    if value not in PRIORITIES:
        return Converted("", path, value, "unknown priority", (f"{path} {value!r} is not in table 0485",))
    return Converted(PRIORITIES[value], path, value, "table 0485 to defined terms")


def _comments(order: Segments, path: str) -> Converted | None:
    lines = [
        segment.value(3, repetition=n + 1) for segment in order.all("NTE") for n in range(len(segment.repetitions(3)))
    ]
    text = "\r\n".join(line.replace("\n", "\r\n") for line in lines if line)
    return Converted(text[:10240], path, text) if text else None


def _date(order: Segments, path: str) -> Converted | None:
    checks.check_timestamp(order, path)
    value = order.get(path)
    if not value:
        return None
    if not re.match(r"\d{8}", value):
        return Converted(None, path, value, "no full date", (f"{path} {value!r} names no day",))
    return Converted(value[:8], path, value, "the date of the TS")


def _time(order: Segments, path: str) -> Converted | None:
    found = re.match(r"\d{8}(\d{2,6}(?:\.\d+)?)", order.get(path))
    return Converted(found[1], path, order.get(path), "the time of the TS") if found else None


def _modality(order: Segments, path: str) -> Converted | None:
    value = order.get(path).strip()
    if not value:
        return None
    if not re.fullmatch(r"[A-Z0-9 _]{1,16}", value):
        raise Hl7Fault(
            f"{value!r} is no modality",
            code=103,
            where=path,
            next_step="send a defined term of Modality (0008,0060), such as MR, CT, CR, DX or US",
        )
    return Converted(value, path, value)


def _status(order: Segments, _path: str) -> Converted | None:
    control, status = order.get("ORC-1"), order.get("ORC-5")
    found = STATUSES.get((control, status)) or STATUSES.get((control, ""))
    if not found:
        return None
    source = "ORC-1, ORC-5" if (control, status) in STATUSES and status else "ORC-1"
    return Converted(found.value, source, f"{control} {status}".strip(), "order control to step status")


#: The rules by the names that the table uses.
RULES: dict[str, Rule] = {
    "address": _joined(", ", "XAD in one line"),
    "alerts": _alerts,
    "allergies": _allergies,
    "alternate_code": _alternate_code,
    "birth_date": _birth_date,
    "body_height": _measure(_HEIGHT, _METRES, 3),
    "body_weight": _measure(_WEIGHT, _KILOGRAMS, 3),
    "character_set": _character_set,
    "code": _code,
    "comments": _comments,
    "date": _date,
    "identifier_16": _identifier(16),
    "identifier_64": _identifier(64),
    "issuer_of_admission": _issuer_of_admission,
    "issuer_of_patient_id": _issuer_of_patient_id,
    "location": _joined(" ", "PL in one line"),
    "meaning": _meaning,
    "modality": _modality,
    "other_patient_ids": _other_patient_ids,
    "patient_id": _patient_id,
    "patient_name": _patient_name,
    "pregnancy": _pregnancy,
    "priority": _priority,
    "sex": _sex,
    "staff_name": _staff_name,
    "station_ae_title": _ae_title,
    "station_location": _short_text,
    "station_name": _short_text,
    "status": _status,
    "technician_name": _technician_name,
    "text": _text,
    "time": _time,
    "uid": _uid,
}
