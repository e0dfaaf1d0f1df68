"""The line from a learner's department to the hospital of a class: whatever takes effect here takes effect there first.

Clinical step: a department works with the systems of a hospital, over HL7 and DICOM, under a name of its own. Standard:
HL7 v2.5.1 sections 2.9 and 14.3.2 (NMD^N02, start-up), IHE RAD-4, RAD-5, RAD-8, RAD-14. Rules:

* Nothing is acknowledged here that the hospital does not have. What it refuses is refused with its words; where it
  cannot be reached, the sender is told so, and nothing was kept here, so that sending again is safe.
* Every name is the seat's: MSH-4 of its messages, and the begin of its AE titles.
* What goes over the line is on a trace of its own, with a clock of its own: a lesson's is as it is without the line.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from hl7dicom_lab import story
from hl7dicom_lab.actors.hospital_addresses import ADDRESSES_VARIABLE, SeatAtHospital
from hl7dicom_lab.actors.image_line import ImageLine
from hl7dicom_lab.actors.passed_on import StepsOf, passed_on, start_up, step_moved
from hl7dicom_lab.actors.site import Patience
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import (
    CannotEncode,
    DeliveryError,
    DicomFault,
    Hl7Fault,
    LabError,
    LocalError,
    Refused,
    SetupError,
)
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.report_to_oru import report_to_oru
from hl7dicom_lab.model import DicomAddress, Hl7Address, ReceivedInstance, Report, WorklistItem
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.find_service import Match
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.trace import Conversation, Protocol, Remark, Trace

if TYPE_CHECKING:
    from hl7dicom_lab.views.timeline.view import Timeline

#: A sender here waits `Patience.acknowledgment`. Both attempts of the line are over before that.
_SHARE_OF_PATIENCE, _ATTEMPTS = 0.4, 2
_LONGEST_AE_TITLE = 16
_NOT_KEPT = "nothing was kept here: send it again when the instructor's hospital answers; lab.hospital.timeline() shows"
Understood = CompiledQuery | StudyQuery
_UNREACHABLE = "the hospital of the class does not answer"


@dataclass(frozen=True)
class QueryPassedOn:
    """A query for the hospital that was checked here: what it asks, and what was understood."""

    identifier: Dataset
    understood: Understood

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is noteworthy about it."""
        return self.understood.remarks

    @property
    def pending(self) -> int:
        """The status of its pending responses."""
        return self.understood.status


class HospitalLine:
    """The line of one seat. May be used from any thread. `facility` is what the department calls itself.

    Raises `SetupError` where the hospital takes TLS only and `security` has no files for it.
    """

    def __init__(
        self,
        at: SeatAtHospital,
        *,
        facility: str = story.FACILITY,
        patience: Patience | None = None,
        security: Security | None = None,
    ) -> None:
        self.seat = at.seat
        self.addresses = at.addresses
        self._facility = facility
        self._patience = patience or Patience()
        self._security = security or Security()
        self._clock = ClassClock()
        self.trace = Trace(self._clock)
        self._numbers = itertools.count(1)
        self._to = {story.RIS: at.addresses.ris_hl7, story.PACS: at.addresses.pacs_hl7}
        self._senders = {name: self._sender(name, address) for name, address in self._to.items()}
        self._images = ImageLine(at.addresses.storage)
        self._scus: dict[str, Scu] = {}
        self._making = threading.Lock()

    def announce(self) -> None:
        """Tell the hospital that the department starts up, so that this seat begins anew there.

        Raises `SetupError` where the hospital cannot be reached or refuses.
        """
        # The same id would be the same message, and each start is a new one: so this one id is random.
        envelope = self._envelope(f"SU{secrets.token_hex(8)}", version="2.5.1")
        try:
            answer = self._ask(story.RIS, start_up(envelope, self._facility))
            acknowledge.accepted(answer, "the hospital of the class")
        except LabError as error:
            self.stop()
            to = self._to[story.RIS]
            raise SetupError(
                f"you work with the hospital of the class, and your seat {self.seat} cannot begin there: {error.what}",
                where=f"{ADDRESSES_VARIABLE}, {to.host}:{to.port}",
                next_step="ask your instructor whether `hl7dicom-lab serve --class` runs and listens there, then start "
                f"again; without the variable {ADDRESSES_VARIABLE} a lesson runs in a department of its own",
            ) from None  # a learner needs no tale of sockets

    def pass_on(self, message: Message, application: str, steps_of: StepsOf | None = None) -> None:
        """Send a message on to the hospital's system of this name; returns once that has it.

        Raises `Hl7Fault` with the hospital's refusal, or where it does not answer.
        """
        try:
            answer = self._ask(application, passed_on(message, self.seat, self._to[application], steps_of))
        except (DeliveryError, CannotEncode) as error:
            raise Hl7Fault(error.what, code=207, next_step=error.next_step) from error
        if not answer.accepted:
            raise _refusal(answer)

    def tell_step(self, step: WorklistItem) -> None:
        """Tell the hospital that a step has moved on at the desk. Raises `Refused` or another `DeliveryError`."""
        answer = self._ask(story.RIS, step_moved(self._envelope_in, step))
        acknowledge.accepted(answer, "the hospital of the class")

    def tell_report(self, report: Report) -> None:
        """Send a report that was released from the queue here again, now that it names its study.

        Raises `Refused` or another `DeliveryError`.
        """
        envelope = self._envelope(self._control_id(), story.PACS, declared="UNICODE UTF-8")
        acknowledge.accepted(self._ask(story.PACS, report_to_oru(envelope, report)), "the hospital of the class")

    @staticmethod
    def understanding(understand: Callable[[Dataset], Understood]) -> Callable[[Dataset], QueryPassedOn]:
        """What checks a query here as `understand` does, and keeps what it asks for `find_steps` and `find_images`."""
        return lambda query: QueryPassedOn(query, understand(query))

    def find_steps(self, query: QueryPassedOn, conversation: Conversation) -> Iterator[tuple[int, Match]]:
        """What the hospital's worklist answers to a scanner of this seat. Raises `DicomFault`."""
        return self._find(query, conversation, Scu.find_worklist, self.addresses.worklist)

    def find_images(self, query: QueryPassedOn, conversation: Conversation) -> Iterator[tuple[int, Match]]:
        """What the hospital's archive answers. Raises `DicomFault`."""
        return self._find(query, conversation, Scu.find_studies, self.addresses.storage)

    def store(self, received: ReceivedInstance) -> None:
        """Store an image in the hospital; returns once it is kept there. Raises `DicomFault` with its status."""
        try:
            answer = self._images.store(self._scu(received.calling_ae_title), received)
        except DeliveryError as error:
            raise _no_answer(error) from error
        if "Status" not in answer:
            raise _no_answer(None)
        if not status.is_stored(answer.Status):
            raise _image_refused(answer)

    def stop(self) -> None:
        """Hang up. May be called again."""
        for sender in self._senders.values():
            sender.close()
        self._images.stop()
        self.trace.bell.end()

    def timeline(
        self, *, system: str = "", protocol: Protocol | None = None, problems: bool = False, last: int | None = None
    ) -> Timeline:
        """Everything that went over the line, as `Lab.timeline` shows it."""
        from hl7dicom_lab.views.timeline.view import Timeline

        return Timeline(self.trace, system=system, protocol=protocol, problems=problems, last=last)

    def __repr__(self) -> str:
        to = self._to[story.RIS]
        return f"<HospitalLine: {self.seat} at {to.facility}, {to.host}:{to.port}>"

    def _sender(self, application: str, to: Hl7Address) -> MllpSender:
        return MllpSender(
            to.host,
            to.port,
            trace=self.trace,
            system=f"{self.seat} {application}",
            peer=to.application,
            timeout=self._patience.acknowledgment * _SHARE_OF_PATIENCE,
            attempts=_ATTEMPTS,
            tls_files=self._security.towards(to),
        )

    def _ask(self, application: str, body: bytes) -> Acknowledgment:
        self._clock.tick()
        try:
            return acknowledge.read(self._senders[application].send(body))
        except Hl7Fault as error:
            raise Refused(f"{_UNREACHABLE} as HL7 asks: {error.what}", answer="", next_step=_NOT_KEPT) from error
        except LabError as error:
            if isinstance(error, CannotEncode):
                raise
            raise DeliveryError(f"{_UNREACHABLE} ({error.what})", where=error.where, next_step=_NOT_KEPT) from error

    def _envelope(
        self, control_id: str, system: str = story.RIS, *, version: str = "2.3.1", declared: str = ""
    ) -> Envelope:
        to = self._to[system]
        return Envelope(
            system, self.seat, to.application, to.facility, self._clock.now(), control_id, version, declared
        )

    def _envelope_in(self, declared: str) -> Envelope:
        return self._envelope(self._control_id(), declared=declared)

    def _control_id(self) -> str:
        return f"LINE{next(self._numbers):06d}"

    def _scu(self, calling: str) -> Scu:
        """Who asks in the hospital for a system that is known here as `calling`: NORTHGATE_MR1 is SEAT07_MR1 there."""
        title = f"{self.seat}_{calling.rpartition('_')[2].strip()}"[:_LONGEST_AE_TITLE]
        with self._making:
            if title not in self._scus:
                self._scus[title] = Scu(
                    title,
                    trace=self.trace,
                    system=title,
                    clock=self._clock,
                    time_outs=_shorter(self._patience.dicom),
                    security=self._security,
                )
            return self._scus[title]

    def _find(
        self,
        query: QueryPassedOn,
        conversation: Conversation,
        ask: Callable[[Scu, DicomAddress, Dataset], Sequence[Dataset]],
        address: DicomAddress,
    ) -> Iterator[tuple[int, Match]]:
        try:
            found = ask(self._scu(conversation.peer), address, query.identifier)
        except Refused as error:
            raise DicomFault(
                f"the hospital: {error.what}", status=int(error.answer, 16), next_step=error.next_step
            ) from error
        except LocalError as error:  # the line speaks as strictly as a scanner of the lab does
            raise DicomFault(
                f"not asked in the hospital: {error.what}",
                status=status.DOES_NOT_MATCH_SOP_CLASS,
                where=error.where,
                next_step=error.next_step,
            ) from error
        except LabError as error:
            raise _no_answer(error) from error
        return ((query.pending, match) for match in found)


def _refusal(answer: Acknowledgment) -> Hl7Fault:
    code = int(answer.error_code) if answer.error_code.isdigit() else 207
    return Hl7Fault(
        f"the hospital of the class refused it: {answer.text}",
        code=code if code in acknowledge.ERROR_CONDITIONS else 207,
        where=answer.location,
        next_step="nothing was kept here either; mend what it names, and send it with a new MSH-10",
        acknowledgment="AR" if answer.code in ("AR", "CR") else "AE",
    )


def _image_refused(answer: Dataset) -> DicomFault:
    """What is wrong with the image itself is told as it came, as an archive here would; the rest names the hospital."""
    comment = str(answer.get("ErrorComment") or status.words(answer.Status, "C-STORE"))
    own = answer.Status & 0xFF00 in (0xA900, 0xC000) and answer.Status != status.UNABLE_TO_PROCESS
    offending = answer.get("OffendingElement") or ()
    tags = offending if isinstance(offending, (list, MultiValue)) else (offending,)
    return DicomFault(
        comment if own else f"the hospital: {comment}",
        status=answer.Status,
        keyword=next((keyword_for_tag(tag) for tag in tags if tag), ""),
        next_step="mend what the comment names, then send the image again; the hospital of the class refused it",
    )


def _no_answer(error: LabError | None) -> DicomFault:
    """The comment has room for 64 characters, so it is said first whose answer is missing."""
    return DicomFault(
        f"{_UNREACHABLE}" + (f" ({error.what})" if error is not None else ""),
        status=status.OUT_OF_RESOURCES,
        next_step=_NOT_KEPT,
    )


def _shorter(time_outs: TimeOuts) -> TimeOuts:
    """Whoever waits for an answer here waits longer than the line does."""
    return replace(
        time_outs,
        connection=time_outs.connection / 2,
        association=time_outs.association / 2,
        message=time_outs.message / 3,
    )
