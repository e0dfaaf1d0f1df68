"""RIS: the department's desk. IHE actors: Department System Scheduler/Order Filler (worklist manager).

Transactions in: RAD-1 Patient Registration (ADT^A01, A04) and RAD-12 Patient Update (A08), and beside them A10, patient
arriving; RAD-2 Placer Order Management (ORM^O01; an OMI^O23 does the same here, with RAD-4's segments); RAD-5 Query
Modality Worklist (C-FIND). Rule: an order reaches the worklist only through the order book, and the positive
acknowledgment leaves only after the book is written. Where the department works with the hospital of a class, the book
is written only with what the hospital has accepted, and the worklist is the hospital's (`hospital_line.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.hl7_side import Hl7Side
from hl7dicom_lab.actors.made_once import MadeOnce
from hl7dicom_lab.actors.on_record import check_on_record
from hl7dicom_lab.actors.order_filling import OrderFilling
from hl7dicom_lab.actors.reopening import with_reopening
from hl7dicom_lab.actors.settings import RisSettings, SettingsOf
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Message, Segments
from hl7dicom_lab.mapping.conversions import RULES
from hl7dicom_lab.mapping.order_to_worklist import changed_item, order_to_worklist, worklist_item
from hl7dicom_lab.model import DicomAddress, Hl7Address, StepStatus, WorklistItem
from hl7dicom_lab.services.find_service import Match
from hl7dicom_lab.services.hl7_receiver import Effect, Handler
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.storage.order_book import BookedStep, OrderBook
from hl7dicom_lab.trace import Conversation

if TYPE_CHECKING:
    from hl7dicom_lab.actors.hospital_line import HospitalLine
    from hl7dicom_lab.views.query.explanation import QueryExplanation

#: The most steps that one query gets; whoever asks for more is told so with 0xA700.
MOST_MATCHES = 20_000

#: How the RIS numbers what an order leaves to it.
_NUMBERS = {
    "AccessionNumber": "NG{:06d}",
    "RequestedProcedureID": "RP{:06d}",
    "ScheduledProcedureStepSequence.ScheduledProcedureStepID": "SPS{:06d}",
    "FillerOrderNumberImagingServiceRequest": "F{:06d}",
}


class Ris:
    """The RIS of the department: order book, desk and worklist."""

    settings = SettingsOf(RisSettings)

    def __init__(
        self,
        home: Path,
        site: Site,
        *,
        hl7_port: int = 0,
        worklist_port: int = 0,
    ) -> None:
        self.settings = RisSettings()
        self.order_book = OrderBook(home / "order_book.sqlite", durable=site.durable)
        self._clock = site.clock
        self._mint = site.mint
        by_modality = {station.modality: station for station in reversed(site.stations())}
        self._line = site.line
        made = MadeOnce(self._make, site.clock.now) if site.line is not None else None
        make, now = (made.make, made.now) if made else (self._make, site.clock.now)
        fill = OrderFilling(self.order_book, by_modality, make, now)
        handlers: dict[str, Handler] = {"ORM^O01": fill, "OMI^O23": fill, "ADT^A08": self._update_patient}
        handlers |= dict.fromkeys(("ADT^A01", "ADT^A04", "ADT^A10"), self._check_in)
        if site.scanners_of:  # this is the hospital's RIS for one seat
            handlers["ORM^O01"] = with_reopening(fill, self.order_book)
        if site.line is not None and made is not None:
            handlers = {name: self._passed_on(handler, site.line, made) for name, handler in handlers.items()}
        self._hl7 = Hl7Side(story.RIS, handlers, self.order_book.database, site, hl7_port, demand=self._demand)
        self._scp = self._worklist_scp(site, worklist_port)

    def start(self) -> None:
        """Begin to listen on both sides."""
        self._hl7.start()
        self._scp.start()

    def stop(self) -> None:
        """Close both sides and the book. May be called again."""
        self._hl7.stop()
        self._scp.stop()
        self.order_book.close()

    @property
    def hl7(self) -> Hl7Address:
        """Where orders and ADT messages are sent."""
        return self._hl7.address

    @property
    def worklist(self) -> DicomAddress:
        """Where scanners query their worklist."""
        return self._scp.address

    def receive(self, body: bytes, conversation: Conversation) -> bytes | None:
        """The acknowledgment of a message that came on somebody else's port, once it has taken effect."""
        return self._hl7.receive(body, conversation)

    def find(self, query: CompiledQuery, _: Conversation) -> Iterator[tuple[int, Match]]:
        """What matches a worklist query: the pending status and the identifier of each step, by start."""
        return self.order_book.encoded_answers(query)

    def steps(self) -> tuple[WorklistItem, ...]:
        """Everything on the worklist, by start: what the desk sees."""
        return self.order_book.worklist()

    def step(self, accession_number: str) -> WorklistItem:
        """The step of an examination. Raises `NotFound`."""
        return self._booked(accession_number)[0].item

    def explain(self, query: Dataset | None = None, **keys: str) -> QueryExplanation:
        """Why a worklist query finds what it finds: each step on the order book against each key.

        `keys` are further keys by keyword (`PatientName="RIVERA*"`); they are put in their place, in a copy of the
        query. A query that the standard forbids is explained, not raised.
        """
        from hl7dicom_lab.views.query.explanation import QueryExplanation, with_keys

        return QueryExplanation.of(with_keys(query, keys), (step.item for step in self.order_book.steps()))

    def start_step(self, accession_number: str, step_id: str = "") -> WorklistItem:
        """The technologist begins: the step becomes STARTED, and the order can no longer be cancelled.

        `step_id` names the step where the examination has several; else it is the first that is still to be done.
        Raises `NotFound` where there is none.
        """
        return self._move(accession_number, step_id, StepStatus.STARTED)

    def complete_step(self, accession_number: str, step_id: str = "") -> WorklistItem:
        """The technologist is done: the step leaves the worklist. Steps are found as by `start_step`."""
        return self._move(accession_number, step_id, StepStatus.COMPLETED)

    def reopen_step(self, accession_number: str, step_id: str = "", *, by: str, because: str) -> WorklistItem:
        """The desk takes a completion back, such as one of another patient's step: it is SCHEDULED again.

        Who did it and why stands as the origin of the status. Raises `NotFound` where no step is completed,
        `CannotBuild` where nobody or no reason is named.
        """
        check_on_record("a step that is opened again", by=by, because=because)
        self._clock.tick()
        for step in self._booked(accession_number):
            completed = step.item.status is StepStatus.COMPLETED
            if completed and step_id in ("", step.item.scheduled_procedure_step_id):
                return self._moved(step, StepStatus.SCHEDULED, f"{by}: {because}")
        raise NotFound(
            f"no step of {accession_number!r} is completed",
            where="ScheduledProcedureStepStatus",
            next_step=f"look at lab.ris.step({accession_number!r}).status",
        )

    def _booked(self, accession_number: str) -> tuple[BookedStep, ...]:
        found = self.order_book.steps(accession_number=str(accession_number))
        if not found:
            raise NotFound(
                f"no step has the accession number {accession_number!r}",
                where="AccessionNumber",
                next_step="look at lab.ris.steps() for those that are there",
            )
        return found

    def _move(self, accession_number: str, step_id: str, status: StepStatus) -> WorklistItem:
        self._clock.tick()
        for step in self._booked(accession_number):
            to_be_done = step.item.status.on_worklist and step.item.status is not status
            if to_be_done and step_id in ("", step.item.scheduled_procedure_step_id):
                return self._moved(step, status, "the technologist")
        raise NotFound(
            f"no step of {accession_number!r} can become {status.value}",
            where="ScheduledProcedureStepStatus",
            next_step="look at lab.ris.steps() for what is still to be done",
        )

    def _moved(self, step: BookedStep, status: StepStatus, source: str) -> WorklistItem:
        """Write a step's progress into the book; into the hospital's first, where there is one."""
        with self.order_book.database.transaction():
            moved = self.order_book.set_status(step, status, source).item
            if self._line is not None:
                self._line.tell_step(moved)
        return moved

    def _passed_on(self, handler: Handler, line: HospitalLine, made: MadeOnce) -> Handler:
        """What a handler does takes effect once the hospital has the message too; all in one transaction."""

        def handle(message: Message) -> str | Effect:
            with made.for_message(message):
                effect = handler(message)
                line.pass_on(message, story.RIS, self._steps_of_order)
            return effect

        return handle

    def _steps_of_order(self, placer_order_number: str) -> tuple[WorklistItem, ...]:
        return tuple(step.item for step in self.order_book.steps(placer_order_number=placer_order_number))

    def _worklist_scp(self, site: Site, port: int) -> WorklistScp:
        options, line = site.acceptor(story.RIS, port), site.line
        if line is None:
            return WorklistScp(self.find, understand=CompiledQuery, limit=MOST_MATCHES, **options)
        understand = line.understanding(CompiledQuery)
        return WorklistScp(line.find_steps, understand=understand, limit=MOST_MATCHES, **options)

    def _make(self, attribute: str) -> str:
        if attribute == "StudyInstanceUID":
            return self._mint.uid("study")
        return _NUMBERS[attribute].format(self._mint.number(attribute))

    def _demand(self, message: Message) -> None:
        if self.settings.line_feeds == "refuse":
            checks.check_segment_ends(message)

    def _check_in(self, message: Message) -> str:
        """The patient is here: the visit's steps, else those of the nearest day, become ARRIVED.

        A check-in that comes again moves no step of another day on. What it says of the patient goes to every step
        that is not over, as with A08; what it says of the visit only to the steps that it is about.
        """
        steps = [step for step in self._patients_steps(message) if step.item.status.on_worklist]
        meant = _of_visit(steps, message) or _of_day(steps, self._day_of(message))
        arrived = 0
        for step in steps:
            updated = self._with_patient(step, message, visit=step in meant)
            if step in meant and step.item.status is StepStatus.SCHEDULED:
                self.order_book.set_status(updated, StepStatus.ARRIVED, f"ADT^{message.event}")
                arrived += 1
        if not steps:
            return "patient registered; nothing is scheduled"
        if not arrived:
            return (
                f"patient registered; no step waited for the arrival, patient updated on {counted(len(steps), 'step')}"
            )
        return f"patient registered; {counted(arrived, 'step')} arrived"

    def _update_patient(self, message: Message) -> str:
        """New demographics go to every step that is not over; images keep what they were made with."""
        steps = [step for step in self._patients_steps(message) if step.item.status.on_worklist]
        for step in steps:
            self._with_patient(step, message)
        return f"patient updated on {counted(len(steps), 'step')}"

    def _patients_steps(self, message: Message) -> list[BookedStep]:
        checks.check_patient(message)
        identifier, issuer = RULES["patient_id"](message, "PID-3"), RULES["issuer_of_patient_id"](message, "PID-3")
        patient_id = identifier.value if identifier else ""
        wanted = ("", issuer.value if issuer else "")
        steps = self.order_book.steps(patient_id=patient_id)
        return [step for step in steps if not wanted[1] or step.item.issuer_of_patient_id in wanted]

    def _with_patient(self, step: BookedStep, message: Message, *, visit: bool = True) -> BookedStep:
        """The step with what the message says of the patient, and of the visit where it may be this step's visit."""
        same_visit = visit and _admission_id(step) in ("", message.get("PV1-19.1"))
        wanted = ("MSH", "PID", "AL1", "PV1") if same_visit else ("MSH", "PID", "AL1")
        about_patient = Segments(tuple(one for one in message if one.name in wanted))
        changed = changed_item(step.item, order_to_worklist(about_patient))
        return self.order_book.replace(step.number, worklist_item(changed))

    def _day_of(self, message: Message) -> date:
        said = message.get("PV1-44") or message.get("EVN-2") or message.get("MSH-7")
        try:
            return date.fromisoformat(said[:8])
        except ValueError:
            return self._clock.today()


def _of_visit(steps: list[BookedStep], message: Message) -> list[BookedStep]:
    visit = message.get("PV1-19.1")
    return [step for step in steps if visit and _admission_id(step) == visit]


def _admission_id(step: BookedStep) -> str:
    return next((one.value for one in step.item.origins if one.attribute == "AdmissionID"), "")


def _of_day(steps: list[BookedStep], day: date) -> list[BookedStep]:
    """The steps of that day; where it has none, those of the next day that has some, else of the last one before."""
    wanted = f"{day:%Y%m%d}"
    days = sorted({step.item.start[:8] for step in steps})
    nearest = next((one for one in days if one >= wanted), days[-1] if days else "")
    return [step for step in steps if step.item.start[:8] == nearest]
