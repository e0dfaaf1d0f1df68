"""The rules for who is examined: PID, PV1, AL1, and the OBX with the patient's measures.

HL7 v2.5.1 chapter 3; PS3.3 sections C.2.2 to C.2.4, C.3.2 and C.3.3. Rules: the patient is the medical record number
and never an account; what concerns safety is spread over several values instead of being cut; a measure without a unit
that is understood is no measure; nothing is guessed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from pydicom.dataset import Dataset

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Path, Segment, Segments
from hl7dicom_lab.mapping import names
from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.mapping.converted import (
    LO,
    Converted,
    Rule,
    first_repetition,
    null_in_list,
    one_line,
    place_in_list,
    shortened,
    whole,
)

#: Which observation is the body weight or height: OBX-3.2 in words, OBX-3.1 in LOINC.
_WEIGHT = frozenset({"body weight", "29463-7", "3141-9"})
_HEIGHT = frozenset({"body height", "8302-2", "3137-7"})
#: OBX-6 in UCUM and in everyday spelling, lower case.
_KILOGRAMS = {"kg": 1.0, "kgs": 1.0, "g": 0.001} | dict.fromkeys(
    ("[lb_av]", "lb", "lbs", "pound", "pounds"), 0.45359237
)
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "[ft_i]": 0.3048, "ft": 0.3048} | dict.fromkeys(
    ("[in_i]", "in", "inch", "inches"), 0.0254
)
_LONGEST_DS = 16
_DAY = re.compile(r"\d{8}")
_UNIT_AT_END = re.compile(r"\s*\((.*)\)$")
#: Identifier types (table 0203) that name the patient, the best first; an account or visit number never does.
_PATIENT_TYPES = ("MR", "PI", "PT", "")
_NEVER_A_PATIENT = ("AN", "VN", "ANON", "SS", "DL")
_SEXES = {"M": "M", "F": "F", "O": "O", "A": "O", "N": "O"}


def patient_identifier(order: Segments, path: str) -> tuple[Segment, str, str] | None:
    """The repetition of PID-3 that names the patient, and its path: PID-3.5 is MR (table 0203), else the next best.

    Raises `Hl7Fault` 101 where only account or visit numbers are there.
    """
    segment = order.first(Path.parse(path).segment)
    if segment is None or order.raw(path) in ("", '""'):
        return None
    valued = list(_identifiers(segment, path))
    for wanted in _PATIENT_TYPES:
        for raw, place in valued:
            if segment.part(raw, 5) == wanted:
                return segment, raw, place
    for raw, place in valued:
        if segment.part(raw, 5) not in _NEVER_A_PATIENT:
            return segment, raw, place
    raise Hl7Fault(
        "there is no medical record number among the identifiers",
        code=101,
        where=path,
        next_step="send the medical record number with MR in PID-3.5; an account number does not name a patient",
    )


def _identifiers(segment: Segment, path: str) -> Iterator[tuple[str, str]]:
    """The valued repetitions of an identifier list, each with its path."""
    for number, raw in enumerate(segment.repetitions(Path.parse(path).field), 1):
        if segment.part(raw, 1).strip():
            yield raw, path if number == 1 else f"{path}[{number}]"


def _patient_id(order: Segments, path: str) -> Converted | None:
    found = patient_identifier(order, path)
    if found is None:
        return None
    _, raw, place = found
    value = whole(order.get(f"{place}.1"), f"{place}.1", LO, "the patient identifier")
    return Converted(value, f"{place}.1", raw, "the MR repetition")


def _issuer_of_patient_id(order: Segments, path: str) -> Converted | None:
    found = patient_identifier(order, path)
    if found is None:
        return None
    _, raw, place = found
    value = whole(order.get(f"{place}.4.1"), f"{place}.4.1", LO, "the issuer")
    return Converted(value, f"{place}.4.1", raw, "the MR repetition") if value else None


def _other_patient_ids(order: Segments, path: str) -> Converted | None:
    found = patient_identifier(order, path)
    if found is None:
        return None
    segment, chosen, _ = found
    items = []
    for raw, place in _identifiers(segment, path):
        if raw != chosen:
            item = Dataset()
            put(item, "PatientID", whole(order.get(f"{place}.1"), f"{place}.1", LO))
            issuer = whole(order.get(f"{place}.4.1"), f"{place}.4.1", LO, "the issuer")
            if issuer:
                put(item, "IssuerOfPatientID", issuer)
            put(item, "TypeOfPatientID", "TEXT")  # PS3.3 section C.2.2: type 1; what HL7 carries is text
            items.append(item)
    return Converted(items, path, order.raw(path), "the other repetitions") if items else None


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
    if not _DAY.match(value):
        return Converted("", path, value, "not exact enough", (f"{path} {value!r} is no full date; it stays empty",))
    return Converted(value[:8], path, value, "first 8 digits")


def _sex(order: Segments, path: str) -> Converted | None:
    value = order.get(path)
    return Converted(_SEXES.get(value, ""), path, value, "table 0001 to defined terms") if value else None


def _joined(separator: str, components: int, rule_name: str) -> Rule:
    """The first components of a field, which say the place; those after them say of what kind it is."""

    def rule(order: Segments, path: str) -> Converted | None:
        found = first_repetition(order, path)
        if found is None:
            return None
        segment, raw = found
        parts = [one_line(segment.part(raw, number, 1)) for number in range(1, components + 1)]
        value, cut = shortened(separator.join(part for part in parts if part), LO, path)
        return Converted(value, path, raw, rule_name, cut) if value else None

    return rule


def _measure(called: frozenset[str], units: dict[str, float]) -> Rule:
    def rule(order: Segments, _path: str) -> Converted | None:
        converted = [
            _converted_measure(obx, f"OBX[{number}]-5", units)
            for number, obx in enumerate(order.all("OBX"), 1)
            if not called.isdisjoint(_names(obx)) and obx.raw_field(5)
        ]
        return next((one for one in converted if one.value is not None), converted[0] if converted else None)

    return rule


def _names(obx: Segment) -> set[str]:
    """What an observation is called: its code, and its words without a unit in brackets at the end."""
    return {obx.value(3, 1).casefold(), _UNIT_AT_END.sub("", obx.value(3, 2)).strip().casefold()}


def _converted_measure(obx: Segment, source: str, units: dict[str, float]) -> Converted:
    if obx.raw_field(5) == '""':
        return Converted(None, source, '""', "deleted", deleted=True)
    in_words = _UNIT_AT_END.search(obx.value(3, 2))
    unit = obx.value(6, 1).strip() or (in_words[1] if in_words else "")
    number, factor = obx.value(5).strip(), units.get(unit.casefold())
    said = f"{number} {unit}".strip()
    if factor is not None and re.fullmatch(r"\d+(\.\d+)?", number, re.ASCII) and float(number) > 0:
        value = number if factor == 1.0 else f"{float(number) * factor:.3f}".rstrip("0").rstrip(".")
        if len(value) <= _LONGEST_DS:
            return Converted(value, source, said, "copied" if factor == 1.0 else f"from {unit}")
    warning = f"{source} says {said!r}, whose unit or number is not understood; it stays empty"
    return Converted(None, source, said, "not understood", (warning,))


def _pregnancy(order: Segments, path: str) -> Converted | None:
    segment = order.first("PV1")
    values = [segment.part(raw, 1) for raw in segment.repetitions(15)] if segment else []
    if "B6" not in values:
        return Converted(None, path, "~".join(values), "no B6", deleted=True) if any(values) else None
    place = values.index("B6") + 1
    source = path if place == 1 else f"{path}[{place}]"
    return Converted(3, source, "B6", "table 0009 B6 is 3, definitely pregnant")


def _spread(text: str) -> list[str]:
    """Safety-relevant text as values of LO: spread over several, never cut."""
    return textwrap.wrap(one_line(text), LO)


def _alerts(order: Segments, path: str) -> Converted | None:
    segment, number = order.first("OBR"), Path.parse(path).field
    said = [segment.part(raw) for raw in segment.repetitions(number)] if segment else []
    values = [value for text in said for value in _spread(text)]
    return Converted(values, path, order.raw(path)) if values else None


def _allergies(order: Segments, path: str) -> Converted | None:
    said = [segment.value(3, 2) or segment.value(3, 1) for segment in order.all("AL1")]
    values = [value for text in said for value in _spread(text)]
    if not values:
        return null_in_list(order, path)
    return Converted(values, place_in_list(order, path), ", ".join(filter(None, said)), "one value an allergy")


def _issuer_of_admission(order: Segments, path: str) -> Converted | None:
    found = first_repetition(order, path)
    issuer = one_line(found[0].part(found[1], 4, 1)) if found else ""
    if not issuer:
        return None
    item = Dataset()
    put(item, "LocalNamespaceEntityID", issuer)
    return Converted([item], f"{path}.4.1", issuer)


PATIENT_RULES: dict[str, Rule] = {
    "address": _joined(", ", 6, "XAD in one line: street to country"),
    "alerts": _alerts,
    "allergies": _allergies,
    "birth_date": _birth_date,
    "body_height": _measure(_HEIGHT, _METRES),
    "body_weight": _measure(_WEIGHT, _KILOGRAMS),
    "issuer_of_admission": _issuer_of_admission,
    "issuer_of_patient_id": _issuer_of_patient_id,
    "location": _joined(" ", 4, "PL in one line: point of care to facility"),
    "other_patient_ids": _other_patient_ids,
    "patient_id": _patient_id,
    "patient_name": _patient_name,
    "pregnancy": _pregnancy,
    "sex": _sex,
}
