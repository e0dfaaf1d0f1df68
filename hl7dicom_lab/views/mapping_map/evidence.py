"""What is known of one examination: the values from which the mapping map is drawn.

Clinical step: order, worklist, images and report of one accession number, as far as they are there. Rule: nothing is
asked of a system here; a stage that is not there yet is empty, and the map says so in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.errors import LabError
from hl7dicom_lab.hl7v2.groups import orders, reports
from hl7dicom_lab.hl7v2.message import Message, Segments
from hl7dicom_lab.mapping.attributes import get
from hl7dicom_lab.mapping.order_to_worklist import order_to_worklist
from hl7dicom_lab.mapping.oru_to_report import oru_to_report
from hl7dicom_lab.mapping.table import REPORT_TO_STUDY, REQUEST
from hl7dicom_lab.model import CodedEntry, Origin, Report, WorklistItem

#: The segments of an ADT message from which an order filler takes something over.
_OF_ADT = ("MSH", "PID", "AL1", "PV1")
#: A path that ends with a component, and maybe a subcomponent.
_COMPONENT = re.compile(r"([A-Z0-9\[\]]+-[0-9\[\]]+)\.(\d+)(\.\d+)?")


@dataclass(frozen=True)
class Examination:
    """One examination. `messages` are HL7 messages (with or without their frames), oldest first; `images` headers."""

    accession_number: str
    steps: tuple[WorklistItem, ...] = ()
    messages: tuple[bytes, ...] = field(default=(), repr=False)
    images: tuple[Dataset, ...] = field(default=(), repr=False)
    image_count: int = 0
    study_count: int = 0
    report: Report | None = None
    report_note: str = ""  # where the report is

    @cached_property
    def step(self) -> WorklistItem | None:
        """The step that the images answer, else the first one."""
        done = {str(get(image, f"{REQUEST}.ScheduledProcedureStepID")) for image in self.images}
        answered = [step for step in self.steps if step.scheduled_procedure_step_id in done]
        return next(iter((*answered, *self.steps)), None)

    @cached_property
    def worklist(self) -> Dataset:
        """The step's data set; an empty one where there is no step."""
        return data_set.decode(self.step.data_set) if self.step else Dataset()


def sent_in(item: WorklistItem, messages: tuple[bytes, ...]) -> dict[str, str]:
    """For each attribute of a step, the kind of the message that first said what the step has now (`ADT^A08`)."""
    said: dict[str, tuple[Origin, str]] = {}
    for message in _parsed(messages):
        for origin in _said_of(item, message):
            if origin.attribute not in said or said[origin.attribute][0] != origin:
                said[origin.attribute] = (origin, f"{message.type}^{message.event}")
    return {one.attribute: said[one.attribute][1] for one in item.origins if said.get(one.attribute, (None,))[0] == one}


def _said_of(item: WorklistItem, message: Message) -> Iterator[Origin]:
    """What a message says of a step: an order of it, or news of its patient."""
    groups: tuple[Segments, ...] = ()
    try:
        if message.type == "ADT":
            groups = (Segments(tuple(one for one in message if one.name in _OF_ADT)),)
        elif message.type in ("ORM", "OMI"):
            placer = item.placer_order_number
            groups = tuple(one for one in orders(message) if placer in (one.get("ORC-2.1"), one.get("OBR-2.1")))
        for group in groups:
            mapped = order_to_worklist(group)
            if str(get(mapped.data_set, "PatientID")) == item.patient_id:
                yield from mapped.origins
    except LabError:  # a message that was refused has changed nothing
        return


def report_as_sent(report: Report, messages: tuple[bytes, ...]) -> tuple[Report, dict[str, Origin], bool]:
    """The report as its message has it, the place of each value there, and whether the message is known.

    Where it is not, the report is the one that is kept, and the places are those of the table.
    """
    for message in _parsed(messages):
        if message.type == "ORU" and message.control_id == report.control_id != "":
            try:
                mapped = [oru_to_report(group) for group in reports(message)]
            except LabError:
                continue
            for one in mapped:
                if one.report.text == report.text and one.report.patient_id == report.patient_id:
                    return one.report, {origin.attribute: origin for origin in one.origins}, True
    return report, _as_kept(report), False


def _as_kept(report: Report) -> dict[str, Origin]:
    """The places of a report's values by the table alone."""
    origins = {}
    for row in REPORT_TO_STUDY:
        value = getattr(report, row.field)
        if value not in (None, "", b"", ()):
            origins[row.field] = Origin(row.field, "", row.oru[0], _in_words(value))
    return origins


def _in_words(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, tuple):
        return ", ".join(one.status or "(none)" for one in value)
    if isinstance(value, CodedEntry):
        return "^".join((value.value, value.meaning, value.scheme))
    return str(value)


def _parsed(messages: tuple[bytes, ...]) -> Iterator[Message]:
    for raw in messages:
        try:
            yield Message.parse(raw.strip(b"\x0b\x1c\r\n"))
        except LabError:  # no message, or no longer whole in the trace
            continue


def unit_of(origin: Origin) -> str:
    """OBX-6 of a measured value; empty for any other."""
    return origin.source_value.partition(" ")[2] if origin.attribute in ("PatientWeight", "PatientSize") else ""


def field_of(origin: Origin) -> tuple[str, str]:
    """The place and the text of an origin, to the component: its record keeps the whole repetition that was read.

    Of a measured value it keeps the unit too, which stands in another field.
    """
    if unit_of(origin):
        return origin.source, origin.source_value.removesuffix(f" {unit_of(origin)}")
    found = _COMPONENT.fullmatch(origin.source)
    if found is None or "^" not in origin.source_value:
        return origin.source, origin.source_value
    parts, first = origin.source_value.split("^"), int(found[2])
    if origin.rule == "the MR repetition":
        part = parts[first - 1] if first <= len(parts) else ""
        return origin.source, part.split("&")[0] if found[3] else part
    if origin.rule == "CE to code sequence item":
        return f"{found[1]}.{first}-{first + 2}", "^".join(parts[first - 1 : first + 2])
    return origin.source, origin.source_value
