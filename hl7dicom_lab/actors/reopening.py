"""A completion that a seat's desk takes back: the hospital of a class is told so, and the step is scheduled again.

Clinical step: the desk finds that another patient's step was completed, and opens it again. Standard: HL7 v2.5.1
section 4.5.1, ORC-1 SC (status changed) with ORC-5 SC (table 0038: in process, scheduled). Rules: only a seat's own RIS
tells this, over its line; an order interface cannot, because to a RIS without seats a completed order is closed. The
step is named, its patient agrees, and one that is not completed stays as it is.
"""

from __future__ import annotations

from hl7dicom_lab.actors.meant_steps import steps_meant
from hl7dicom_lab.actors.passed_on import PROGRESS
from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.groups import orders
from hl7dicom_lab.hl7v2.message import Message, Segments
from hl7dicom_lab.mapping.conversions import RULES
from hl7dicom_lab.model import StepStatus
from hl7dicom_lab.services.hl7_receiver import Effect, Handler
from hl7dicom_lab.storage.order_book import BookedStep, OrderBook

_AGAIN = ("SC", PROGRESS[StepStatus.SCHEDULED])


def with_reopening(fill: Handler, book: OrderBook) -> Handler:
    """What fills orders, and opens completed steps again where a message says nothing else."""

    def handle(message: Message) -> str | Effect:
        if any((one.value(1), one.value(5)) != _AGAIN for one in message.all("ORC")) or not message.first("ORC"):
            return fill(message)
        checks.check_patient(message)
        groups = orders(message)
        with book.database.transaction():
            steps = [_reopened(step, order, book) for order in groups for step in steps_meant(order, groups, book)]
        numbers = ", ".join(dict.fromkeys(step.item.accession_number for step in steps))
        return f"{counted(len(steps), 'step')} scheduled again, accession number {numbers}"

    return handle


def _reopened(step: BookedStep, order: Segments, book: OrderBook) -> BookedStep:
    patient = RULES["patient_id"](order, "PID-3")
    if patient is None or patient.value != step.item.patient_id:
        raise Hl7Fault(
            f"the order {step.item.placer_order_number!r} belongs to another patient",
            code=204,
            where="PID-3",
            next_step="send the patient for whom the order was placed, or correct the order number",
        )
    if step.item.status is not StepStatus.COMPLETED:
        return step
    return book.set_status(step, StepStatus.SCHEDULED, " ".join(("ORC-1", _AGAIN[0], "ORC-5", _AGAIN[1])))
