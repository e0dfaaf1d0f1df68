"""From an examination to the boxes and lines of its mapping map, by the rows of the table.

Clinical step: RAD-2 to RAD-5 (order and worklist), RAD-8 (images), RAD-28 (report). Rules: between order and worklist
the RIS's own record counts (`WorklistItem.origins`). For images and reports nobody keeps such a record, and a learner
may have made them by hand: there the table says what leads where, and each line is checked against what was found.
"""

from __future__ import annotations

import re
from dataclasses import replace

from hl7dicom_lab.mapping.attributes import get, shown
from hl7dicom_lab.mapping.table import NOT_COPIED, ORDER_TO_WORKLIST, STEP, WORKLIST_TO_IMAGE
from hl7dicom_lab.model import Origin
from hl7dicom_lab.views.mapping_map.evidence import Examination, field_of, sent_in, unit_of
from hl7dicom_lab.views.mapping_map.image_column import add_images
from hl7dicom_lab.views.mapping_map.paths import ORDER, WORKLIST, Graph, Mark, Value
from hl7dicom_lab.views.mapping_map.report_column import add_report
from hl7dicom_lab.views.mapping_map.sketch import Sketch

#: Rules that pick a part out of a field and leave it as it is.
_PICKED = ("copied", "the MR repetition")
_NOTES = {row.attribute: row.note for row in ORDER_TO_WORKLIST}
_STAYS = dict(NOT_COPIED)
_ON_IMAGES = {row.worklist for row in WORKLIST_TO_IMAGE}
_MODALITY = f"{STEP}.Modality"
_TABLE = "station table"
#: A rule that turns one data type into another (`XPN to PN`).
_TYPES = re.compile(r"[A-Z]{2,3} to [A-Z]{2}\b")
#: What moved a step on, as the order book has it (`ADT^A04`, `ORC-1 CA`).
_EVENT = re.compile(r"(ADT)\^\w+|(ORC-1) (\w+)")


def graph_of(examination: Examination) -> Graph:
    """The map of an examination, as far as it has come."""
    sketch = Sketch()
    _add_order(sketch, examination)
    add_images(sketch, examination)
    add_report(sketch, examination)
    return sketch.graph()


def _add_order(sketch: Sketch, examination: Examination) -> None:
    """The worklist's attributes in the order of the table, and the fields of the messages that they come from."""
    item = examination.step
    if item is None:
        return
    origins = {origin.attribute: origin for origin in item.origins}
    kinds = sent_in(item, examination.messages)
    attributes = dict.fromkeys(
        [row.attribute for row in ORDER_TO_WORKLIST] + [row.worklist for row in WORKLIST_TO_IMAGE]
    )
    drawn = {}
    for attribute in attributes:
        text = shown(get(examination.worklist, attribute) or "")
        if text:
            note = _joined(_unless_known(origins.get(attribute)), _stays(attribute))
            drawn[attribute] = sketch.value(WORKLIST, attribute, text, note=note)
    known = {attribute: origin for attribute, origin in origins.items() if attribute in drawn}
    for attribute, origin in known.items():
        if origin.source != _TABLE:
            _trace_back(sketch, drawn[attribute], origin, kinds.get(attribute, ""), attribute)
    for attribute, origin in known.items():
        if origin.source == _TABLE:
            _look_up(sketch, drawn[attribute], origin)


def _unless_known(origin: Origin | None) -> str:
    return "" if origin else "the RIS keeps no record of where this came from"


def _stays(attribute: str) -> str:
    """Why an attribute is not on the images; empty where it is."""
    instead, _, why = _STAYS.get(attribute, "").partition(": ")
    if why:
        return (
            f"not copied to the image: {why}" if instead == "nothing" else f"not copied; the image has {instead}: {why}"
        )
    return "" if attribute in _ON_IMAGES else "not copied to the image"


def _trace_back(sketch: Sketch, value: Value, origin: Origin, kind: str, attribute: str) -> None:
    """Draw the line to where the RIS has a value from, or say who made it."""
    event = _EVENT.fullmatch(origin.source)
    if event:
        label, text = ("MSH-9", origin.source) if event[1] else (event[2], event[3])
        sketch.link(_field(sketch, label, text, kind, value.group), value, "converted", "event to step status")
    elif not re.match(r"[A-Z][A-Z0-9]{2}(\[\d+\])?-\d", origin.source):
        sketch.place(replace(value, mark="made", by=_maker(origin.source), note=_joined(_made_how(origin), value.note)))
    else:
        source = _field(sketch, *field_of(origin), kind, value.group)
        mark, rule = _by_rule(origin)
        unit = unit_of(origin)
        sketch.link(source, value, mark, _joined(rule or _NOTES.get(attribute, ""), f"OBX-6 is {unit}" if unit else ""))


def _look_up(sketch: Sketch, value: Value, origin: Origin) -> None:
    """The RIS has found the value in its station table, under the modality that was ordered."""
    sketch.place(replace(value, mark="looked up", by="the station table of the RIS"))
    modality = sketch.attribute(WORKLIST, _MODALITY)
    ordered = sketch.source_of(modality) if modality else None
    if ordered is not None:
        sketch.link(ordered, value, "looked up", f"station table, by modality {origin.source_value}")


def _field(sketch: Sketch, label: str, text: str, kind: str, group: str) -> Value:
    """The box of a field; one that is there already serves again."""
    label = f"{kind} {label}" if kind.startswith("ADT") else label  # beside the order's own PID-5
    known = sketch.labelled(ORDER, label, text)
    return known or sketch.value(ORDER, label, text, group=group, by=kind)


def _by_rule(origin: Origin) -> tuple[Mark, str]:
    """Whether the value is still what the field said, and the rule where it says more than that.

    A name is converted also where it has no part that changes its place: the two data types are not the same.
    """
    if origin.rule in _PICKED or (origin.value == origin.source_value and not _TYPES.match(origin.rule)):
        return "copied", "" if origin.rule == "copied" else origin.rule
    return "converted", origin.rule


def _maker(source: str) -> str:
    maker = source.removeprefix("made by ")
    return "the RIS" if maker == "the order filler" else maker


def _made_how(origin: Origin) -> str:
    return "" if origin.rule in ("made", "workflow") else origin.rule


def _joined(*texts: str) -> str:
    return "; ".join(filter(None, texts))
