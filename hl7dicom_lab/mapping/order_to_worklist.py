"""From an order to a worklist item: what the order filler does when an ORM^O01 or OMI^O23 arrives.

IHE RAD-2, RAD-3, RAD-4 in, RAD-5 out; PS3.4 Annex K. Rules: the table decides; what the order does not say the filler
makes (accession number, requested procedure id, step id, Study Instance UID), once; in a change an empty field leaves
a value as it is and `""` deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import character_set, data_set
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.message import Segments
from hl7dicom_lab.mapping import character_sets
from hl7dicom_lab.mapping.attributes import copied, data_set_of, get, put, remove, shown
from hl7dicom_lab.mapping.conversions import RULES, Converted, Rule
from hl7dicom_lab.mapping.converted import text_of
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST, STEP
from hl7dicom_lab.model import Origin, Station, StepStatus, WorklistItem

__all__ = [
    "MADE_BY_FILLER",
    "MappedOrder",
    "changed_item",
    "get",
    "identified",
    "missing",
    "new_item",
    "order_to_worklist",
    "put",
    "remove",
    "scheduled",
    "worklist_item",
]

#: What the order filler makes when the order carries none, in the order in which it makes them.
MADE_BY_FILLER = (
    "AccessionNumber",
    "RequestedProcedureID",
    "StudyInstanceUID",
    f"{STEP}.ScheduledProcedureStepID",
    "FillerOrderNumberImagingServiceRequest",
)
_LISTS = ("AL1", "NTE", "OBX")
#: The rows with their rules and the paths that they read, by the type of the message.
_ROWS = {
    structure: tuple((row, RULES[row.rule], row.fields(structure)) for row in ORDER_TO_WORKLIST)
    for structure in ("ORM", "OMI")
}
_PLACE_IN_TABLE = {row.attribute: place for place, row in enumerate(ORDER_TO_WORKLIST)}
_FILLER = "made by the order filler"
_START_DATE = f"{STEP}.ScheduledProcedureStepStartDate"
_START_TIME = f"{STEP}.ScheduledProcedureStepStartTime"
_STATUS = f"{STEP}.ScheduledProcedureStepStatus"
#: Of a description and a code an answer has at least one (PS3.4 Table K.6-1, 1C), and a code needs its coding system.
#: In an order without either, the first of these that says something is the description.
_DESCRIBED_BY = (
    ("RequestedProcedureDescription", "RequestedProcedureCodeSequence", ("OBR-44.1", "OBR-4.1", "OBR-4.5", "OBR-4.4")),
    (
        f"{STEP}.ScheduledProcedureStepDescription",
        f"{STEP}.ScheduledProtocolCodeSequence",
        ("IPC-6.1", "OBR-4.4", "OBR-4.1", "OBR-44.2", "OBR-44.1"),
    ),
)
#: A number that stands twice in an order: the first counts (HL7 v2.5.1 section 4.5.3: the two are the same).
_STANDS_TWICE = (("ORC-2.1", "OBR-2.1"), ("ORC-3.1", "OBR-3.1"))
_STATION = {
    f"{STEP}.ScheduledStationAETitle": "ae_title",
    f"{STEP}.ScheduledStationName": "name",
    f"{STEP}.ScheduledProcedureStepLocation": "location",
}


@dataclass(frozen=True)
class MappedOrder:
    """One order as DICOM attributes: what it says, what it deletes, and where each value came from."""

    data_set: Dataset = field(repr=False)
    deleted: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
    warnings: tuple[str, ...] = ()


def order_to_worklist(order: Segments) -> MappedOrder:
    """Read one order (`hl7v2.groups.orders`) by the table.

    Raises `Hl7Fault` 101 to 104 for a value that cannot cross: an impossible date, a name or identifier too long.
    """
    values: dict[str, Any] = {}
    chosen: dict[str, int] = {}  # attribute -> which of its row's fields said it
    deleted: list[str] = []
    origins: list[Origin] = []
    warnings: list[str] = []
    for row, rule, all_paths in _ROWS["OMI" if order.get("MSH-9.1") == "OMI" else "ORM"]:
        paths = all_paths
        if row.beside:
            paths = paths[chosen[row.beside] :][:1] if row.beside in chosen else ()
        place, found = _first(order, rule, paths)
        warnings += found.warnings if found else ()
        if found is not None and found.value is not None:
            chosen[row.attribute] = place
            values[row.attribute] = found.value
            origins.append(Origin(row.attribute, shown(found.value), found.source, found.source_value, found.rule))
        elif (found is not None and found.deleted) or row.beside in (*chosen, *deleted):
            deleted.append(row.attribute)
    for origin in _descriptions(order, values):
        values[origin.attribute] = origin.value
        origins.append(origin)
        deleted = [one for one in deleted if one != origin.attribute]
    warnings += _contradictions(order)
    return MappedOrder(data_set_of(values), tuple(deleted), tuple(origins), tuple(warnings))


def _contradictions(order: Segments) -> Iterator[str]:
    for counts, other in _STANDS_TWICE:
        one, two = order.get(counts), order.get(other)
        if one and two and one != two:
            yield f"{other} {two!r} is not {counts} {one!r}, which counts"


def _descriptions(order: Segments, values: Mapping[str, Any]) -> Iterator[Origin]:
    for description, code, paths in _DESCRIBED_BY:
        if values.get(description) or values.get(code):
            continue
        found = next(filter(None, (text_of(order, path) for path in paths)), None)
        if found is not None:
            yield Origin(description, found.value, found.source, found.source_value, "a code without a coding system")


def _first(order: Segments, rule: Rule, paths: Iterable[str]) -> tuple[int, Converted | None]:
    """What the first path gives that says something usable, and its place; else what the first of the others gave.

    What the paths before it say that is not usable is told as well. A field that is not sent says nothing, so no rule
    is asked about it.
    """
    unusable: Converted | None = None
    for place, path in enumerate(paths):
        if not order.is_sent(path):
            continue
        found = rule(order, path)
        if found is not None and found.value is not None:
            if unusable is not None and unusable.warnings:
                found = replace(found, warnings=(*unusable.warnings, *found.warnings))
            return place, found
        # A null in one segment of a list deletes nothing from the others: there the rule has looked at all of them.
        if found is None and path[:3] not in _LISTS and order.is_null(path):
            found = Converted(None, path, '""', "deleted", deleted=True)
        unusable = unusable or found
    return -1, unusable


def new_item(mapped: MappedOrder) -> MappedOrder:
    """A new order: what it deletes is simply not there."""
    if get(mapped.data_set, _STATUS) is not None:
        return replace(mapped, deleted=())
    item, status = copied(mapped.data_set, STEP), StepStatus.SCHEDULED.value
    put(item, _STATUS, status)
    return MappedOrder(
        item, (), (*mapped.origins, Origin(_STATUS, status, _FILLER, rule="a new step")), mapped.warnings
    )


def changed_item(earlier: WorklistItem, mapped: MappedOrder) -> MappedOrder:
    """A changed order (XO): what it says replaces, what it deletes goes, what it leaves empty stays.

    Another modality means another station. The Study Instance UID of a step never changes: it may be on images.
    """
    item = data_set.decode(earlier.data_set)
    origins = {origin.attribute: origin for origin in earlier.origins}
    warnings = mapped.warnings
    modality = get(mapped.data_set, f"{STEP}.Modality")
    moved = _STATION if modality and modality != earlier.modality else ()
    for path in (*moved, *mapped.deleted):
        if path not in MADE_BY_FILLER:
            remove(item, path)
            origins.pop(path, None)
    for origin in mapped.origins:
        if origin.attribute != "StudyInstanceUID":
            put(item, origin.attribute, get(mapped.data_set, origin.attribute))
            origins[origin.attribute] = origin
        elif origin.value != earlier.study_instance_uid:
            warnings += (f"{origin.source} names another study; the step keeps {earlier.study_instance_uid}",)
    return _declared(MappedOrder(item, (), tuple(origins.values()), warnings))


def missing(item: Dataset) -> tuple[str, ...]:
    """Which identifiers the order filler still has to make for an item."""
    return tuple(path for path in MADE_BY_FILLER if not get(item, path))


def scheduled(
    order: MappedOrder, *, stations: Mapping[str, Station], now: datetime, modality_at: str = "OBR-24"
) -> MappedOrder:
    """Add what the order filler plans: the station by the modality, and the start where the order names none.

    `modality_at` is where this kind of order has its modality. Raises `Hl7Fault` 101 without one, and 103 for one that
    no station of the department has.
    """
    item = copied(order.data_set, STEP)
    origins, warnings = list(order.origins), list(order.warnings)
    origins += _place(item, stations, modality_at)
    if not get(item, _START_DATE):
        put(item, _START_DATE, f"{now:%Y%m%d}")
        put(item, _START_TIME, f"{now:%H%M%S}")
        for path in (_START_DATE, _START_TIME):
            origins.append(Origin(path, str(get(item, path)), _FILLER, rule="scheduled now"))
        warnings.append("the order names no start; it is scheduled for now")
    elif not get(item, _START_TIME):
        put(item, _START_TIME, "000000")
        origins.append(Origin(_START_TIME, "000000", _FILLER, rule="no time ordered"))
        warnings.append("the order names a day and no time; the step starts with the day")
    return _declared(MappedOrder(item, (), tuple(origins), tuple(warnings)))


def identified(order: MappedOrder, made: Mapping[str, str]) -> MappedOrder:
    """Add the identifiers that the order filler made, by attribute (see `missing`)."""
    item = copied(order.data_set, STEP)
    for path, value in made.items():
        put(item, path, value)
    origins = (Origin(path, value, _FILLER, rule="made") for path, value in made.items())
    return MappedOrder(item, (), (*order.origins, *origins), order.warnings)


def _place(item: Dataset, stations: Mapping[str, Station], modality_at: str) -> list[Origin]:
    modality = get(item, f"{STEP}.Modality")
    if not modality:
        raise Hl7Fault(
            "the order names no modality, so no scanner would find it on its worklist",
            code=101,
            where=modality_at,
            next_step="put the modality there: MR, CT, CR, DX, US",
        )
    station = stations.get(modality)
    if station is None and not get(item, f"{STEP}.ScheduledStationAETitle"):
        raise Hl7Fault(
            f"no station of this department does {modality}",
            code=103,
            where=modality_at,
            next_step="send one of: " + ", ".join(sorted(stations)),
        )
    ordered = get(item, f"{STEP}.ScheduledStationAETitle")
    if station is None or (ordered and ordered != station.ae_title):
        return []  # the order names a scanner that is not this one, so its name and room are not this one's
    origins = []
    for path, name in _STATION.items():
        value = getattr(station, name)
        if value and not get(item, path):
            put(item, path, value)
            origins.append(Origin(path, value, "station table", modality, "by modality"))
    return origins


def _declared(order: MappedOrder) -> MappedOrder:
    """The order with a SpecificCharacterSet that holds all of its texts: the one it came with, else Unicode."""
    item, keyword = order.data_set, "SpecificCharacterSet"
    came_with = character_set.terms_of(item)
    terms = character_sets.holding(item, came_with)
    if terms == came_with:
        return order
    put(item, keyword, list(terms))
    origins = [origin for origin in order.origins if origin.attribute != keyword]
    origins.append(Origin(keyword, shown(list(terms)), _FILLER, "\\".join(came_with), "holds every text of the item"))
    return MappedOrder(item, order.deleted, tuple(origins), order.warnings)


def worklist_item(order: MappedOrder) -> WorklistItem:
    """The completed order as the frozen item that the order book keeps."""
    item = order.data_set

    def text(path: str) -> str:
        value = get(item, path)
        return "" if value is None else str(value)

    titles = get(item, f"{STEP}.ScheduledStationAETitle") or ()
    return WorklistItem(
        accession_number=text("AccessionNumber"),
        requested_procedure_id=text("RequestedProcedureID"),
        scheduled_procedure_step_id=text(f"{STEP}.ScheduledProcedureStepID"),
        study_instance_uid=text("StudyInstanceUID"),
        placer_order_number=text("PlacerOrderNumberImagingServiceRequest"),
        filler_order_number=text("FillerOrderNumberImagingServiceRequest"),
        patient_id=text("PatientID"),
        issuer_of_patient_id=text("IssuerOfPatientID"),
        patient_name=text("PatientName"),
        modality=text(f"{STEP}.Modality"),
        station_ae_titles=(titles,) if isinstance(titles, str) else tuple(titles),
        start=text(_START_DATE) + text(_START_TIME),
        status=StepStatus(text(f"{STEP}.ScheduledProcedureStepStatus") or "SCHEDULED"),
        data_set=data_set.encode(item),
        origins=tuple(sorted(order.origins, key=lambda one: _PLACE_IN_TABLE.get(one.attribute, len(_PLACE_IN_TABLE)))),
        warnings=order.warnings,
    )
