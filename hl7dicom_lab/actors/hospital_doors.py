"""The ports of the hospital of a class: whatever comes is taken to the systems of the seat that it comes from.

Clinical step: orders, check-ins, reports, worklist queries and images of many facilities come to one RIS and one PACS.
Standard: HL7 v2.5.1 section 2.15.9.4 (MSH-4), section 14.3.2 (NMD^N02); PS3.8 section 9.3.2 (the calling AE title).
Rules: a message or an association that names no seat is answered with what to do, and has no effect; a department that
starts up gets a new one of its own, at once and for its own seat only; a start-up that comes again makes nothing new.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NoReturn

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.pacs import MOST_MATCHES as MOST_IMAGES
from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.passed_on import START_UP
from hl7dicom_lab.actors.ris import MOST_MATCHES as MOST_STEPS
from hl7dicom_lab.actors.ris import Ris
from hl7dicom_lab.actors.seats import SeatInHospital, Seats
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.instance import CheckedInstance
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import DicomFault, Hl7Fault, SetupError
from hl7dicom_lab.hl7v2 import acknowledge, checks, wire
from hl7dicom_lab.hl7v2.header import header_field
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.model import ReceivedInstance
from hl7dicom_lab.services.archive_scp import ArchiveScp
from hl7dicom_lab.services.find_service import Match
from hl7dicom_lab.services.hl7_receiver import Handler, Hl7Receiver
from hl7dicom_lab.services.mllp_listener import MllpListener
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Conversation, Remark

#: Start-up notifications that are remembered.
_REMEMBERED = 1000
#: MSH-9 of one.
_START_UP = "NMD^N02"


class HospitalDoors:
    """What listens. `tell` gets a line for each message, query and study. Ports that are 0 are free ones."""

    def __init__(
        self,
        seats: Seats,
        site: Site,
        *,
        ris_hl7: int = 0,
        worklist: int = 0,
        pacs_hl7: int = 0,
        storage: int = 0,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._seats = seats
        self._site = site
        self._tell = tell
        self._storing: dict[str, str] = {}  # scanner -> the study of its last image
        self._start_ups = self._receiver(story.RIS, {_START_UP: self._renew})
        self.ris_hl7 = self._mllp(story.RIS, ris_hl7, lambda seat: seat.ris)
        self.worklist = WorklistScp(
            self._find_steps, understand=CompiledQuery, limit=MOST_STEPS, **site.acceptor(story.RIS, worklist)
        )
        self.pacs_hl7 = self._mllp(story.PACS, pacs_hl7, lambda seat: seat.pacs)
        self.archive = ArchiveScp(
            self._store,
            self._find_images,
            understand=StudyQuery,
            limit=MOST_IMAGES,
            **site.acceptor(story.PACS, storage),
        )

    def start(self) -> None:
        """Begin to listen. Raises `SetupError` where a port cannot be had."""
        for door in self._all():
            door.start()

    def stop(self) -> None:
        """Stop listening. May be called again."""
        for door in self._all():
            door.stop()

    def _all(self) -> tuple[MllpListener | WorklistScp | ArchiveScp, ...]:
        return self.ris_hl7, self.worklist, self.pacs_hl7, self.archive

    def _mllp(self, application: str, port: int, system_of: Callable[[SeatInHospital], Ris | Pacs]) -> MllpListener:
        """Messages go to the system of the seat that MSH-4 names; what names none is answered at the door."""

        def receive(body: bytes, conversation: Conversation) -> bytes | None:
            self._site.clock.tick()
            name = _sending_facility(body)
            if application == story.RIS and _kind(body) == _START_UP:
                answer = self._started_up(body, conversation)
            else:
                try:
                    with self._seats.used(name) as seat:
                        conversation.peer = f"{name} {wire.sending_application(body)}".strip()
                        answer = system_of(seat).receive(body, conversation)
                except SetupError as error:
                    return self._turned_away(application, error)(body, conversation)
            self._tell(f"{conversation.peer} -> {application}  {_kind(body)}: {_verdict(answer)}")
            return answer

        return self._site.mllp_listener(application, receive, port)

    def _started_up(self, body: bytes, conversation: Conversation) -> bytes | None:
        answer = self._start_ups(body, conversation)
        if answer is not None and _verdict(answer).startswith(acknowledge.ACCEPTED):
            conversation.peer = f"{_sending_facility(body)} {wire.sending_application(body)}".strip()
        return answer

    def _receiver(
        self,
        application: str,
        handlers: Mapping[str, Handler],
        demand: Callable[[Message], None] = lambda _: None,
    ) -> Hl7Receiver:
        site = self._site
        return Hl7Receiver(
            handlers,
            _StartUps(),
            application=application,
            facility=site.facility,
            clock=site.clock,
            mint=site.mint,
            demand=demand,
        )

    def _turned_away(self, application: str, error: SetupError) -> Hl7Receiver:
        """Answers a message of which nobody knows whose it is."""

        def refuse(_: Message) -> NoReturn:
            raise _no_seat(error)

        return self._receiver(application, {}, refuse)

    def _renew(self, message: Message) -> str:
        """A department starts up: its seat has nothing any more, and plans for the scanners of NSC-5's facility."""
        checks.require(message, "NSC-1", "what happens to the application", f"send {START_UP} where it starts up")
        change, facility = message.get("NSC-1"), message.get("NSC-5.1") or story.FACILITY
        if change != START_UP:
            raise Hl7Fault(
                f"the change {change!r} of an application is not acted on here",
                code=103,
                where="NSC-1",
                next_step=f"send {START_UP} (table 0409) where the department starts up, and nothing else",
            )
        name = message.get("MSH-4.1").strip()
        try:
            self._seats.renew(name, facility)
        except SetupError as error:
            raise _no_seat(error, "NSC-5" if error.where.startswith("facility") else "MSH-4") from error
        return f"the department of {name} begins anew, with the scanners of {facility}"

    def _find_steps(self, query: CompiledQuery, conversation: Conversation) -> Iterator[tuple[int, Match]]:
        with self._seat_of(conversation.peer) as seat:
            self._tell(f"{conversation.peer} -> RIS  worklist query")
            yield from seat.ris.find(query, conversation)

    def _find_images(self, query: StudyQuery, conversation: Conversation) -> Iterator[tuple[int, Dataset]]:
        with self._seat_of(conversation.peer) as seat:
            yield from seat.pacs.find(query, conversation)

    def _store(self, received: ReceivedInstance) -> Remark | None:
        scanner = received.calling_ae_title
        with self._seat_of(scanner) as seat:
            remark = seat.pacs.store(received)
        study = str(CheckedInstance.of(received).header.StudyInstanceUID)
        if self._storing.get(scanner) != study:
            self._storing[scanner] = study
            self._tell(f"{scanner} -> PACS  images of a study")
        return remark

    @contextmanager
    def _seat_of(self, ae_title: str) -> Iterator[SeatInHospital]:
        """The seat that an AE title belongs to: `SEAT07_MR1` is one of SEAT07's. Raises `DicomFault`."""
        with ExitStack() as holder:
            try:
                seat = holder.enter_context(self._seats.used(ae_title.rpartition("_")[0]))
            except SetupError as error:
                raise DicomFault(
                    f"the calling AE title {ae_title} begins with no seat's name: {error.what}",
                    status=status.UNABLE_TO_PROCESS,
                    where="calling AE title",
                    next_step="call under an AE title that begins with the name of your seat, such as SEAT07_MR1",
                ) from error
            yield seat


class _StartUps:
    """The start-ups that were answered, and how; one is dealt with at a time."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            yield

    def recall(self, sender: str, control_id: str, body: bytes) -> bytes | None:  # noqa: ARG002 - as a ledger is asked
        return self._answers.get((sender, control_id))

    def remember(self, sender: str, control_id: str, body: bytes, answer: bytes) -> None:  # noqa: ARG002 - likewise
        self._answers[sender, control_id] = answer
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)


def _no_seat(error: SetupError, where: str = "MSH-4") -> Hl7Fault:
    return Hl7Fault(error.what, code=103, where=where, next_step=error.next_step)


def _kind(body: bytes) -> str:
    """MSH-9 of a message, its first two components."""
    component = header_field(body, 2)[:1] or "^"
    return "^".join(header_field(body, 9).split(component)[:2]) or "no message"


def _verdict(answer: bytes | None) -> str:
    """MSA-1 and MSA-3 of an answer."""
    if answer is None:
        return "no answer"
    code, text = (wire.field(answer, b"MSA", number).decode("utf-8", "replace") for number in (1, 3))
    return f"{code} {text}".strip()


def _sending_facility(body: bytes) -> str:
    """MSH-4, its first component."""
    component = header_field(body, 2)[:1] or "^"
    return header_field(body, 4).split(component)[0].strip()
