"""EMR: where the physician orders and reads. IHE actors: ADT Patient Registration, Order Placer.

For reports it is an Enterprise Report Repository. Transactions out, to the RIS: RAD-1 Patient Registration (ADT^A04),
RAD-12 Patient Update (ADT^A08), RAD-2 Placer Order Management (ORM^O01; an OMI^O23 does the same here, with RAD-4's
segments). In: RAD-28 Structured Report Export (ORU^R01) from the dictation system. Rule: the EMR numbers its orders
(ORC-2) and nothing else; accession number and study come from the RIS, unless a setting says otherwise. A report that
answers an order stands in the chart only if it is about the patient of that order.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hl7dicom_lab import story
from hl7dicom_lab.actors.held_report import told_as_held
from hl7dicom_lab.actors.hl7_side import Hl7Side
from hl7dicom_lab.actors.order_requests import OrderRequest, PatientRequest, Request
from hl7dicom_lab.actors.order_sending import OrderSending
from hl7dicom_lab.actors.outbox import SentMessage
from hl7dicom_lab.actors.settings import EmrSettings
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.given import given, several
from hl7dicom_lab.hl7v2 import acknowledge, checks
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.oru_to_report import reports_in
from hl7dicom_lab.model import Hl7Address, ImagingOrder, OrderControl, Patient, Report, Visit
from hl7dicom_lab.services.hl7_receiver import Effect
from hl7dicom_lab.storage.placed_orders import PlacedOrders
from hl7dicom_lab.storage.reports import HeldReport, ReportShelf


class Emr:
    """The EMR of the department. Give it `ris`, and it can order; it listens for reports from its start on."""

    def __init__(
        self,
        home: Path,
        site: Site,
        *,
        ris: Hl7Address,
        port: int = 0,
    ) -> None:
        self.reports = ReportShelf(home / "chart.sqlite", durable=site.durable)
        self._orders = PlacedOrders(self.reports.database)
        self._ris = ris
        self._clock = site.clock
        self._mint = site.mint
        self._facility = site.facility
        self._to_ris = site.sender(story.EMR, ris)
        self._sending = OrderSending(self._to_ris, envelope=self.envelope, order_number=self._new_order_number)
        self._hl7 = Hl7Side(story.EMR, {"ORU^R01": self._receive_report}, self.reports.database, site, port)

    def start(self) -> None:
        """Begin to listen for reports."""
        self._hl7.start()

    def stop(self) -> None:
        """Hang up and close the chart. May be called again."""
        self._hl7.stop()
        self._to_ris.close()
        self.reports.close()

    @property
    def hl7(self) -> Hl7Address:
        """Where reports are sent."""
        return self._hl7.address

    @property
    def settings(self) -> EmrSettings:
        """How the order interface is set. New settings hold from the next message on."""
        return self._sending.settings

    @settings.setter
    def settings(self, settings: EmrSettings) -> None:
        self._sending.settings = settings

    @property
    def outbox(self) -> tuple[SentMessage, ...]:
        """What the order interface has sent, with the answers, in the order of sending; the newest thousand."""
        return self._sending.outbox

    def place(self, *placed: ImagingOrder, message: str = "ORM") -> tuple[ImagingOrder, ...]:
        """Number new orders and send them in one message (`ORM` or `OMI`); the orders as they were sent.

        Raises `Refused` where the RIS says no; the message stays in the outbox, for `send_again`. Use `send` to read
        the acknowledgment yourself.
        """
        numbered = tuple(
            one if one.placer_order_number else replace(one, placer_order_number=self._new_order_number())
            for one in _orders(placed, "lab.emr.place")
        )
        sent, answer = self._ask(OrderRequest(OrderControl.NEW, numbered, message))
        acknowledge.accepted(answer, "the RIS")
        return sent.orders if isinstance(sent, OrderRequest) else numbered

    def change(self, *changed: ImagingOrder, status: str = "", message: str = "ORM") -> Acknowledgment:
        """Send changed orders (XO). `status` is ORC-5, such as CM for completed."""
        return self._ask(OrderRequest(OrderControl.CHANGE, _orders(changed, "lab.emr.change"), message, status))[1]

    def cancel(self, *cancelled: ImagingOrder, message: str = "ORM") -> Acknowledgment:
        """Cancel orders (CA) whose examination has not begun."""
        return self._ask(OrderRequest(OrderControl.CANCEL, _orders(cancelled, "lab.emr.cancel"), message, "CA"))[1]

    def cancel_order(self, placer_order_number: str) -> Acknowledgment:
        """Cancel an order by its number (`P00004`). Raises `NotFound` where the outbox has no such order."""
        found = self._sending.orders_numbered(placer_order_number)
        return self.cancel(*found.orders, message=found.message)

    def discontinue(self, *ended: ImagingOrder, message: str = "ORM") -> Acknowledgment:
        """Discontinue orders (DC): stop what is under way and do no more."""
        orders = _orders(ended, "lab.emr.discontinue")
        return self._ask(OrderRequest(OrderControl.DISCONTINUE, orders, message, "DC"))[1]

    def check_in(self, patient: Patient, visit: Visit) -> Acknowledgment:
        """Register the visit: the patient is here (ADT^A04)."""
        return self._ask(_at_visit("A04", patient, visit, "lab.emr.check_in"))[1]

    def update_patient(self, patient: Patient, visit: Visit) -> Acknowledgment:
        """Tell a change of the patient's demographics (ADT^A08)."""
        return self._ask(_at_visit("A08", patient, visit, "lab.emr.update_patient"))[1]

    def send_again(self, control_id: str, *, as_change: bool = False) -> Acknowledgment:
        """Ask for what a message of the outbox asked for, in a new message with the settings of now.

        An order that the RIS has goes again as a change (`as_change=True`, XO); as a new one it is refused with 205.
        Raises `NotFound` where the outbox has no such message, `CannotBuild` where it is no order that can change.
        """
        return self._ask(self._sending.request_again(control_id, as_change=as_change))[1]

    def lose_next_answer(self) -> None:
        """The answer to the next message comes too late: the interface hangs up and does not read it.

        What it does then is its setting `without_an_answer`.
        """
        self._sending.lose_next_answer()

    def send(self, body: bytes) -> Acknowledgment:
        """Send a message of your own to the RIS, as it is and whatever the settings, and read its acknowledgment.

        Raises `DeliveryError` where the RIS cannot be reached or does not answer, `Hl7Fault` where its answer cannot be
        read.
        """
        encoded = given(
            body,
            bytes,
            "lab.emr.send",
            "the bytes of a message",
            "encode a text in the character set that its MSH-18 names: message.encode('utf-8')",
        )
        return acknowledge.read(self._to_ris.send(encoded))

    def envelope(self) -> Envelope:
        """The header of the next message to the RIS: a new control id and the time."""
        moment = self._clock.tick()
        control_id = f"{story.EMR}{self._mint.number(story.EMR):06d}"
        return Envelope(story.EMR, self._facility, self._ris.application, self._ris.facility, moment, control_id)

    def report(self, accession_number: str) -> Report | None:
        """The report that holds for an examination, as the physician sees it; None while there is none."""
        return self.reports.current(accession_number)

    def exceptions(self) -> tuple[HeldReport, ...]:
        """The reports that stand in no chart by themselves, each with the reason, for a person to work off."""
        return self.reports.exceptions()

    def _new_order_number(self) -> str:
        return f"P{self._mint.number('placer order'):05d}"

    def _ask(self, request: Request) -> tuple[Request, Acknowledgment]:
        """Send a request; what was sent, and the answer. The EMR keeps for whom orders were placed."""
        sent, answer = self._sending.send(request)
        if answer.accepted and isinstance(sent, OrderRequest) and sent.control is OrderControl.NEW:
            self._orders.remember(sent.orders)
        return sent, answer

    def _receive_report(self, message: Message) -> Effect:
        checks.check_patient(message)
        filed = [self._file(report) for report in reports_in(message)]
        text = "; ".join(dict.fromkeys(one.text for one in filed))
        return Effect(text, tuple(remark for one in filed for remark in one.remarks))

    def _file(self, report: Report) -> Effect:
        now = self._clock.now()
        reason = self._why_held(report)
        if reason:
            return told_as_held(self.reports.hold(report, reason, now), "lab.emr.exceptions()")
        attached = self.reports.attach(report, now)
        if not attached.is_current:
            return Effect(f"filed in the chart, but not as the current report: {attached.reason}")
        return Effect("filed in the chart")

    def _why_held(self, report: Report) -> str:
        """Why a person has to look at a report before it stands in a chart; empty where nothing speaks against it."""
        ordered_for = self._orders.patient_of(report.placer_order_number)
        if ordered_for not in (None, report.patient_id):
            number = report.placer_order_number
            return f"the order {number} is for patient {ordered_for}, and the report is about {report.patient_id}"
        if not report.accession_number and not report.study_instance_uid:
            return "the report names neither an accession number nor a Study Instance UID"
        return ""


def _orders(placed: tuple[ImagingOrder, ...], where: str) -> tuple[ImagingOrder, ...]:
    """Orders that a person gives. Raises `CannotBuild` where there is none, or something else."""
    return several(
        placed,
        ImagingOrder,
        where,
        "an ImagingOrder",
        "take one of the story's: from hl7dicom_lab import story; story.order()",
    )


def _at_visit(event: str, patient: Patient, visit: Visit, where: str) -> PatientRequest:
    """A message on a patient at a visit. Raises `CannotBuild` where a person gives something else."""
    take = "take those of an order: order.patient, order.visit"
    given(patient, Patient, where, "a Patient, then a Visit", take)
    given(visit, Visit, where, "a Visit, after the Patient", take)
    return PatientRequest(event, patient, visit)
