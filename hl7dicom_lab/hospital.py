"""One hospital for a class: every seat orders, examines and reports on its own systems, and all over the same ports.

    with Hospital() as hospital:                      # the instructor
        hospital.timeline()                           # the whole room
        hospital.seat("SEAT07").ris.steps()           # what one seat has ordered

A learner's side is `at_hospital.AtHospital`. Standard: HL7 v2.5.1 section 2.15.9.4 (MSH-4, the sending facility), PS3.8
section 9.3.2 (the calling AE title). Rules: a seat is known by its facility, which is MSH-4 of its messages and begins
the AE titles of its scanners (`SEAT07_MR1`); each seat has an order book, an archive and numbers of its own, so nobody
sees another's patients and nobody's mistakes reach another. As in most hospitals, names are believed: whoever sends
under another seat's name is in that seat.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.pacs import MOST_MATCHES as MOST_IMAGES
from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.ris import MOST_MATCHES as MOST_STEPS
from hl7dicom_lab.actors.ris import Ris
from hl7dicom_lab.actors.site import Patience, Site, check_facility
from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.instance import CheckedInstance
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import DicomFault, Hl7Fault, NotFound, SetupError
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.hl7v2.message import Message, header_field
from hl7dicom_lab.lab import Ports, told
from hl7dicom_lab.model import Hl7Address, ReceivedInstance
from hl7dicom_lab.services.acceptor import AcceptorOptions
from hl7dicom_lab.services.archive_scp import ArchiveScp
from hl7dicom_lab.services.find_service import Match
from hl7dicom_lab.services.hl7_receiver import Hl7Receiver
from hl7dicom_lab.services.mllp_listener import MllpListener
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.storage.home import Home
from hl7dicom_lab.trace import Conversation, Remark, Trace

if TYPE_CHECKING:
    from hl7dicom_lab.views.timeline.view import Timeline

#: A seat is made when it is first heard of; this many are, and then no more.
MOST_SEATS = 200
_NEXT_STEP = "use the name of your seat: 1 to 11 letters, digits and underscores, such as SEAT07"


@dataclass(frozen=True)
class SeatInHospital:
    """What the hospital has for one seat. Its systems take part; they do not listen on ports of their own."""

    name: str
    ris: Ris
    pacs: Pacs
    home: Home
    site: Site


@dataclass(frozen=True)
class _Doors:
    """What listens."""

    ris_hl7: MllpListener
    worklist: WorklistScp
    pacs_hl7: MllpListener
    archive: ArchiveScp

    def __iter__(self) -> Iterator[MllpListener | WorklistScp | ArchiveScp]:
        return iter((self.ris_hl7, self.worklist, self.pacs_hl7, self.archive))


class Hospital:
    """The RIS and the PACS of a class. A context manager; `start` listens, `stop` frees ports and files.

    `home` keeps everything in a folder, a folder a seat; without one all is gone at the end. Ports that are 0 are free
    ones; the EMR's is not used, because every seat has an EMR of its own. `tell` gets a line for each message, query
    and study that comes, from whichever thread took it.
    """

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        ports: Ports | None = None,
        patience: Patience | None = None,
        security: Security | None = None,
        facility: str = story.FACILITY,
        most_seats: int = MOST_SEATS,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.facility = facility
        check_facility(facility)
        self._folder = Path(home).resolve() if home is not None else None
        self._host = host
        self._ports = ports or Ports()
        self._patience = patience or Patience()
        self._security = security or Security()
        self._most_seats = most_seats
        self._tell = tell
        self._storing: dict[str, str] = {}  # scanner -> the study of its last image
        self._seats: dict[str, SeatInHospital] = {}
        self._making = threading.Lock()
        self._home: Home | None = None
        self._doors: _Doors | None = None

    def start(self) -> Self:
        """Begin to listen. Raises `SetupError` where a port or the folder cannot be had."""
        if self._home is not None:
            return self
        self._home = Home(self._folder)
        try:
            self._clock = self._home.clock()
            self._mint = self._home.mint(1)
            self.trace = Trace(self._clock)
            if self._security.tls is not None:
                self._security.tls.rehearse()
            self._doors = self._built()
            for door in self._doors:
                door.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop listening and close every seat. Safe to call again."""
        for door in self._doors or ():
            door.stop()
        self._doors = None
        with self._making:
            for seat in self._seats.values():
                seat.ris.stop()
                seat.pacs.stop()
                seat.home.close(seat.site.clock)
            self._seats.clear()
        if self._home is not None:
            self.trace.bell.end()
            self._home.close(self._clock)
            self._home = None

    def seats(self) -> tuple[SeatInHospital, ...]:
        """Every seat that has been heard of, by name."""
        with self._making:
            return tuple(self._seats[name] for name in sorted(self._seats))

    def seat(self, name: str) -> SeatInHospital:
        """The seat of this name. Raises `NotFound` where nothing has come from it."""
        found = next((one for one in self.seats() if one.name == name), None)
        if found is None:
            raise NotFound(
                f"nothing has come from a seat {name!r}",
                where="MSH-4, calling AE title",
                next_step="look at hospital.seats() for those that have sent something",
            )
        return found

    def timeline(self, *, system: str = "", problems: bool = False, last: int | None = None) -> Timeline:
        """Everything that went over the wire in the whole room. `system` may be `"RIS"`, or a seat's `"SEAT07 EMR"`."""
        from hl7dicom_lab.views.timeline.view import Timeline

        return Timeline(self.trace, system=system, problems=problems, last=last)

    def addresses(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Where it listens, in the form that `serve --addresses` writes; a learner's side is given this.

        Raises `SetupError` while it does not listen.
        """
        doors = self._doors
        if doors is None:
            raise SetupError("the hospital does not listen", where="hospital", next_step="start it first")
        return {
            "ris": {"hl7": self._hl7(story.RIS, doors.ris_hl7), "worklist": told(doors.worklist.address)},
            "pacs": {"hl7": self._hl7(story.PACS, doors.pacs_hl7), "storage": told(doors.archive.address)},
        }

    def __repr__(self) -> str:
        state = f"{counted(len(self.seats()), 'seat')}" if self._home is not None else "stopped"
        return f"<Hospital {self.facility}, {state}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _hl7(self, application: str, listener: MllpListener) -> dict[str, Any]:
        tls = self._security.tls is not None
        return told(Hl7Address(listener.host, listener.port, application, self.facility, tls))

    def _built(self) -> _Doors:
        return _Doors(
            ris_hl7=self._mllp(story.RIS, self._ports.ris_hl7, lambda seat: seat.ris),
            worklist=WorklistScp(
                self._find_steps,
                understand=CompiledQuery,
                limit=MOST_STEPS,
                **self._options(story.RIS, self._ports.worklist),
            ),
            pacs_hl7=self._mllp(story.PACS, self._ports.pacs_hl7, lambda seat: seat.pacs),
            archive=ArchiveScp(
                self._store,
                self._find_images,
                understand=StudyQuery,
                limit=MOST_IMAGES,
                **self._options(story.PACS, self._ports.storage),
            ),
        )

    def _options(self, system: str, port: int) -> AcceptorOptions:
        return {
            "ae_title": f"{self.facility}_{system}",
            "trace": self.trace,
            "system": system,
            "clock": self._clock,
            "host": self._host,
            "port": port,
            "time_outs": self._patience.dicom,
            "security": self._security,
        }

    def _mllp(self, application: str, port: int, system_of: Callable[[SeatInHospital], Ris | Pacs]) -> MllpListener:
        """Messages go to the system of the seat that MSH-4 names; what names none is answered at the door."""

        def receive(body: bytes, conversation: Conversation) -> bytes | None:
            self._clock.tick()
            facility = _sending_facility(body)
            try:
                seat = self._seat(facility)
            except SetupError as error:
                return self._turned_away(application, error)(body, conversation)
            conversation.peer = f"{seat.name} {wire.sending_application(body)}".strip()
            answer = system_of(seat).receive(body, conversation)
            self._tell(f"{conversation.peer} -> {application}  {_kind(body)}: {_verdict(answer)}")
            return answer

        return MllpListener(
            receive,
            trace=self.trace,
            system=application,
            host=self._host,
            port=port,
            limits=self._patience.hl7,
            security=self._security,
        )

    def _turned_away(self, application: str, error: SetupError) -> Hl7Receiver:
        """Answers a message of which nobody knows whose it is."""

        def refuse(_: Message) -> NoReturn:
            raise Hl7Fault(error.what, code=103, where="MSH-4", next_step=error.next_step)

        return Hl7Receiver(
            {}, _NoLedger(), application=application, facility=self.facility, clock=self._clock, mint=self._mint,
            demand=refuse,
        )  # fmt: skip

    def _find_steps(self, query: CompiledQuery, conversation: Conversation) -> Iterator[tuple[int, Match]]:
        seat = self._seat_of(conversation.peer)
        self._tell(f"{conversation.peer} -> RIS  worklist query")
        return seat.ris.find(query, conversation)

    def _find_images(self, query: StudyQuery, conversation: Conversation) -> Iterator[tuple[int, Dataset]]:
        return self._seat_of(conversation.peer).pacs.find(query, conversation)

    def _store(self, received: ReceivedInstance) -> Remark | None:
        scanner = received.calling_ae_title
        remark = self._seat_of(scanner).pacs.store(received)
        study = str(CheckedInstance.of(received).header.StudyInstanceUID)
        if self._storing.get(scanner) != study:
            self._storing[scanner] = study
            self._tell(f"{scanner} -> PACS  images of a study")
        return remark

    def _seat_of(self, ae_title: str) -> SeatInHospital:
        """The seat that an AE title belongs to: `SEAT07_MR1` is one of SEAT07's. Raises `DicomFault`."""
        try:
            return self._seat(ae_title.rpartition("_")[0])
        except SetupError as error:
            raise DicomFault(
                f"the calling AE title {ae_title} begins with no seat's name: {error.what}",
                status=status.UNABLE_TO_PROCESS,
                where="calling AE title",
                next_step="call under an AE title that begins with the name of your seat, such as SEAT07_MR1",
            ) from error

    def _seat(self, name: str) -> SeatInHospital:
        """The seat of a name; made when it is heard of for the first time. Raises `SetupError`."""
        found = self._seats.get(name)
        if found is not None:
            return found
        try:
            check_facility(name)
        except SetupError as error:
            what = f"{name!r} is no seat's name" if name else "the message names no seat"
            raise SetupError(what, where="seat", next_step=_NEXT_STEP) from error
        with self._making:
            if name not in self._seats:
                if self._home is None or len(self._seats) >= self._most_seats:
                    raise SetupError(
                        f"there is no room for the seat {name}: {self._most_seats} are taken",
                        where="seat",
                        next_step="use a seat that is there, or ask the instructor to make room",
                    )
                self._seats[name] = self._made(name)
            return self._seats[name]

    def _made(self, name: str) -> SeatInHospital:
        home = Home(self._folder / "seats" / name if self._folder is not None else None)
        site = Site(
            trace=self.trace,
            clock=home.clock(),
            mint=home.mint(seed_of(name)),
            host=self._host,
            durable=home.durable,
            patience=self._patience,
            security=self._security,
            facility=self.facility,
            scanners_of=name,
        )
        return SeatInHospital(name, Ris(home.path / "ris", site), Pacs(home.path / "pacs", site), home, site)


class _NoLedger:
    """Remembers nothing: a message that is turned away has no effect."""

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def recall(self, sender: str, control_id: str, body: bytes) -> bytes | None:  # noqa: ARG002 - as a ledger is asked
        return None

    def remember(self, sender: str, control_id: str, body: bytes, answer: bytes) -> None:  # noqa: ARG002 - likewise
        return None


def seed_of(seat: str) -> int:
    """The seed of a seat's numbers: the same name gives the same UIDs, and no other name does."""
    return int.from_bytes(hashlib.sha256(seat.encode("utf-8")).digest()[:6], "big")


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
