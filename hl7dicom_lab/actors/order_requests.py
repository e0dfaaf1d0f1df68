"""What the EMR asks of the RIS, before it is written: a request can be written again, with another header and settings.

IHE: RAD-1 and RAD-12 (patient), RAD-2 (order). Rule: a request holds what is asked for, and nothing of the message that
carries it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hl7dicom_lab.hl7v2 import orders
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.model import ImagingOrder, OrderControl, Patient, Visit


@dataclass(frozen=True)
class OrderRequest:
    """Orders for one patient, and what is to be done with them (ORC-1). `message` is ORM or OMI, `status` ORC-5."""

    control: OrderControl
    orders: tuple[ImagingOrder, ...]
    message: str = "ORM"
    status: str = ""

    @property
    def kind(self) -> str:
        """MSH-9 of its message."""
        return "OMI^O23" if self.message == "OMI" else "ORM^O01"

    @property
    def what(self) -> str:
        """The orders that it is about, in a few words."""
        return f"{self.control.value} {', '.join(order.placer_order_number for order in self.orders)}"

    def body(self, envelope: Envelope) -> bytes:
        """The message that asks for it, as the standard has it."""
        build: Callable[..., bytes] = orders.omi if self.message == "OMI" else orders.orm
        return build(envelope, self.control, self.orders, self.status)


@dataclass(frozen=True)
class PatientRequest:
    """A patient and a visit. `event` is A04, the patient is here, or A08, the demographics have changed."""

    event: str
    patient: Patient
    visit: Visit

    @property
    def kind(self) -> str:
        """MSH-9 of its message."""
        return f"ADT^{self.event}"

    @property
    def what(self) -> str:
        """The patient that it is about."""
        return self.patient.identifier.value

    def body(self, envelope: Envelope) -> bytes:
        """The message that asks for it, as the standard has it."""
        return orders.adt(envelope, self.event, self.patient, self.visit)


Request = OrderRequest | PatientRequest
