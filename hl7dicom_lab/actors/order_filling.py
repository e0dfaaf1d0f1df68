"""What the order filler does with an order: the semantics of ORC-1, one transaction a message.

IHE: Department System Scheduler/Order Filler, RAD-2 and RAD-3; HL7 v2.5.1 section 4.5.1. Rules: a placer number is
known once; a change or a cancellation finds its order or is refused; an examination that has begun is discontinued, not
cancelled; an accession number never names two patients; all orders of a message are entered, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from pydicom.dataset import Dataset

from hl7dicom_lab.actors.meant_steps import is_omi, step_id, steps_meant
from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.groups import orders, placed
from hl7dicom_lab.hl7v2.message import Message, Segments
from hl7dicom_lab.mapping.conversions import RULES
from hl7dicom_lab.mapping.order_to_worklist import (
    MappedOrder,
    changed_item,
    get,
    identified,
    missing,
    new_item,
    order_to_worklist,
    scheduled,
    worklist_item,
)
from hl7dicom_lab.mapping.table import STEP
from hl7dicom_lab.model import Station, StepStatus, WorklistItem
from hl7dicom_lab.storage.order_book import BookedStep, OrderBook

#: ORC-1 values that this order filler acts on (table 0119).
CONTROLS = ("NW", "XO", "SC", "CA", "DC")
#: ORC-5 values that exist (table 0038).
ORDER_STATUSES = ("A", "CA", "CM", "DC", "ER", "HD", "IP", "RP", "SC")

#: What the order filler makes, and the column of the order book that has it.
_COLUMN = {
    "AccessionNumber": "accession_number",
    "RequestedProcedureID": "requested_procedure_id",
    "StudyInstanceUID": "study_instance_uid",
    "ScheduledProcedureStepSequence.ScheduledProcedureStepID": "scheduled_procedure_step_id",
    "FillerOrderNumberImagingServiceRequest": "filler_order_number",
}

_DESCRIPTION_OR_CODE = ("RequestedProcedureDescription", "RequestedProcedureCodeSequence")
_STEP_DESCRIPTION_OR_CODE = (f"{STEP}.ScheduledProcedureStepDescription", f"{STEP}.ScheduledProtocolCodeSequence")

#: A status that ends the step without images.
_ENDED = (StepStatus.CANCELED, StepStatus.DISCONTINUED)
#: When a step cannot be ended any more: CA is for one that has not begun, DC also for one under way (table 0119).
_TOO_LATE = {
    StepStatus.CANCELED: (StepStatus.STARTED, StepStatus.COMPLETED, StepStatus.DISCONTINUED),
    StepStatus.DISCONTINUED: (StepStatus.COMPLETED, StepStatus.CANCELED),
}


class OrderFilling:
    """Enters the orders of ORM and OMI messages into an order book.

    `make(attribute)` gives a new identifier for an attribute that the order leaves to the filler.
    """

    def __init__(
        self,
        book: OrderBook,
        stations: Mapping[str, Station],
        make: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._stations = stations
        self._make = make
        self._now = now

    def __call__(self, message: Message) -> str:
        """Do what the message asks for, all of it or nothing; the text of the positive answer.

        Raises `Hl7Fault` with the first thing that is wrong.
        """
        checks.check_patient(message)
        groups = orders(message)
        with self._book.database.transaction():
            entered: list[BookedStep] = []
            for group in groups:
                with placed(group, message):
                    entered += self._fill(group, groups, entered)
        return _what_was_done(groups[0].get("ORC-1"), entered)

    def _fill(self, order: Segments, message: tuple[Segments, ...], entered: list[BookedStep]) -> Iterable[BookedStep]:
        control = order.get("ORC-1")
        if control not in CONTROLS:
            raise Hl7Fault(
                f"order control {control!r} is not acted on here" if control else "the order control is missing",
                code=103 if control else 101,
                where="ORC-1",
                next_step="send one of: " + ", ".join(CONTROLS),
            )
        status = order.get("ORC-5")
        if status and status not in ORDER_STATUSES:
            raise Hl7Fault(
                f"order status {status!r} is not in table 0038",
                code=103,
                where="ORC-5",
                next_step="send one of: " + ", ".join(ORDER_STATUSES),
            )
        if control == "NW":
            return [self._new(order, entered)]
        steps = steps_meant(order, message, self._book)
        for step in steps:
            _check_same_patient(order, step.item)
        if control in ("CA", "DC"):
            return self._end(order, steps)
        return [self._change(order, step) for step in steps]

    def _new(self, order: Segments, entered: list[BookedStep]) -> BookedStep:
        placer = checks.require(order, "ORC-2.1", "the placer order number", "put the order's own number there")
        _check_requested(order)
        mapped = new_item(order_to_worklist(order))
        own = [step for step in entered if step.item.placer_order_number == placer]
        self._check_not_known(order, placer, own)
        mapped = _share(mapped, own[0].item) if own else mapped
        completed = self._completed(order, mapped)
        item = worklist_item(completed)
        self._check_one_patient(order, item)
        return self._book.add(item, completed.data_set)

    def _completed(self, order: Segments, mapped: MappedOrder) -> MappedOrder:
        """Numbers are made last, so that a refused order uses none up."""
        modality_at = "IPC-5" if is_omi(order) else "OBR-24"
        planned = scheduled(mapped, stations=self._stations, now=self._now(), modality_at=modality_at)
        _check_answerable(planned.data_set)
        return identified(planned, {path: self._new_identifier(path) for path in missing(planned.data_set)})

    def _new_identifier(self, attribute: str) -> str:
        """One that no order has brought along already."""
        column = _COLUMN[attribute]
        while self._book.has(column, made := self._make(attribute)):
            pass
        return made

    def _check_not_known(self, order: Segments, placer: str, own: list[BookedStep]) -> None:
        """A placer number is new, or the message has several steps of one order, each with its own step id."""
        known = self._book.steps(placer_order_number=placer)
        named = step_id(order)
        repeated = [step for step in own if named and step.item.scheduled_procedure_step_id == named]
        if len(known) > len(own) or repeated:
            raise Hl7Fault(
                f"an order with the placer number {placer!r} is known already",
                code=205,
                where="ORC-2",
                next_step="send XO to change it, CA to cancel it, or give a new order a new number",
            )

    def _check_one_patient(self, order: Segments, item: WorklistItem) -> None:
        """An accession number and a study belong to one patient."""
        keys = (
            ("accession_number", "accession number", "IPC-1" if is_omi(order) else "OBR-18"),
            ("study_instance_uid", "Study Instance UID", "IPC-3" if is_omi(order) else "ZDS-1"),
        )
        for column, name, where in keys:
            value = getattr(item, column)
            if any(not _same_patient(known.item, item) for known in self._book.steps(**{column: value})):
                raise Hl7Fault(
                    f"the {name} {value!r} belongs to another patient's order",
                    code=205,
                    where=where,
                    next_step=f"check PID-3, or send the {name} that belongs to this order",
                )

    def _end(self, order: Segments, steps: tuple[BookedStep, ...]) -> list[BookedStep]:
        """End what is still open. An order that has ended may be ended again in the same way, not in another."""
        status = StepStatus.CANCELED if order.get("ORC-1") == "CA" else StepStatus.DISCONTINUED
        still_open = [step for step in steps if step.item.status not in _ENDED]
        hindered = still_open or [step for step in steps if step.item.status is not status]
        if any(step.item.status in _TOO_LATE[status] for step in hindered):
            standing = ", ".join(dict.fromkeys(step.item.status.value for step in hindered))
            raise Hl7Fault(
                f"the examination is {standing} and can no longer be "
                f"{'cancelled' if status is StepStatus.CANCELED else 'discontinued'}",
                code=207,
                where="ORC-1",
                next_step="an examination that has begun can be discontinued (DC) while it is not completed",
            )
        ended = {step.number: self._book.set_status(step, status, f"ORC-1 {order.get('ORC-1')}") for step in still_open}
        return [ended.get(step.number, step) for step in steps]

    def _change(self, order: Segments, step: BookedStep) -> BookedStep:
        mapped = order_to_worklist(order)
        said = get(mapped.data_set, f"{STEP}.ScheduledProcedureStepStatus")
        if step.item.status is StepStatus.COMPLETED and said == StepStatus.COMPLETED.value:
            return step
        if step.item.status in (*_ENDED, StepStatus.COMPLETED):
            raise Hl7Fault(
                f"the order is {step.item.status.value} and cannot be changed",
                code=207,
                where="ORC-1",
                next_step="place a new order (NW)",
            )
        item = worklist_item(self._completed(order, changed_item(step.item, mapped)))
        self._check_one_patient(order, item)
        return self._book.replace(step.number, item)


def _what_was_done(control: str, entered: list[BookedStep]) -> str:
    """The text of the positive answer, with what could not be taken over as it was sent."""
    done = {"NW": "scheduled", "CA": "canceled", "DC": "discontinued"}.get(control, "changed")
    steps = {step.number: step.item for step in entered}.values()
    numbers = ", ".join(dict.fromkeys(item.accession_number for item in steps))
    said = f"{counted(len(steps), 'step')} {done}, accession number {numbers}"
    warnings = () if control in ("CA", "DC") else dict.fromkeys(one for item in steps for one in item.warnings)
    return "; note: ".join([said, *warnings])


def _check_requested(order: Segments) -> None:
    if order.first("OBR") is None:
        raise Hl7Fault(
            "there is no OBR after ORC: what is ordered?",
            code=100,
            where="OBR",
            next_step="send OBR with the procedure",
        )
    if not checks.says_something(order, "OBR-44"):
        checks.require(order, "OBR-4", "the procedure", "put code^text^coding system there")


def _check_answerable(item: Dataset) -> None:
    """What every worklist answer has (PS3.4 Table K.6-1, types 1 and 1C) and nobody but the placer can say."""
    for attributes, where, what, next_step in (
        (("PatientName",), "PID-5", "the patient's name", "put family^given into the first repetition"),
        (_DESCRIPTION_OR_CODE, "OBR-4", "the procedure", "put code^text^coding system there"),
        (_STEP_DESCRIPTION_OR_CODE, "OBR-4", "what is done in this step", "put code^text^coding system there"),
    ):
        if not any(get(item, attribute) for attribute in attributes):
            raise Hl7Fault(f"{what} is missing", code=101, where=where, next_step=next_step)


def _same_patient(one: WorklistItem, other: WorklistItem) -> bool:
    issuers = (one.issuer_of_patient_id, other.issuer_of_patient_id)
    return one.patient_id == other.patient_id and (issuers[0] == issuers[1] or "" in issuers)


def _check_same_patient(order: Segments, item: WorklistItem) -> None:
    named = RULES["patient_id"](order, "PID-3")
    if named is None or named.value != item.patient_id:
        raise Hl7Fault(
            f"the order {item.placer_order_number!r} belongs to another patient",
            code=204,
            where="PID-3",
            next_step="send the patient for whom the order was placed, or correct the order number",
        )


def _share(mapped: MappedOrder, earlier: WorklistItem) -> MappedOrder:
    """A further step of the same order has the identifiers of the first one, where it brings none of its own."""
    shared = ("AccessionNumber", "RequestedProcedureID", "StudyInstanceUID", "FillerOrderNumberImagingServiceRequest")
    missing_here = {path: getattr(earlier, _COLUMN[path]) for path in shared if not get(mapped.data_set, path)}
    return identified(mapped, missing_here)
