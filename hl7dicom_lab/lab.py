"""The lab: one radiology department, built, started and stopped as a whole.

    with Lab() as lab:
        lab.emr.place(story.order())          # EMR  --ORM-->     RIS
        item, = lab.modality.query()          # MR1  --C-FIND-->  RIS
        images = lab.modality.examine(item)   # identity and pixels come together
        lab.modality.store(images)            # MR1  --C-STORE--> PACS

No system holds another one: each knows the addresses of its partners and talks to them over sockets. Any of them can
be taken out and a real product put in its place.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hl7dicom_lab import story
from hl7dicom_lab.actors.dictation import Dictation
from hl7dicom_lab.actors.emr import Emr
from hl7dicom_lab.actors.hospital_addresses import SeatAtHospital
from hl7dicom_lab.actors.modality import Modality
from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.ris import Ris
from hl7dicom_lab.actors.site import Patience, Site
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.model import DicomAddress, Hl7Address, Station
from hl7dicom_lab.running import Running
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.storage.home import Home
from hl7dicom_lab.trace import Protocol, Trace
from hl7dicom_lab.views.progress_bar import progress

if TYPE_CHECKING:
    from hl7dicom_lab.actors.hospital_line import HospitalLine
    from hl7dicom_lab.institution import Institution
    from hl7dicom_lab.tickets.board import Board
    from hl7dicom_lab.tickets.open_ticket import OpenTicket
    from hl7dicom_lab.views.mapping_map.view import MappingMap
    from hl7dicom_lab.views.reconciliation import Reconciliation
    from hl7dicom_lab.views.timeline.view import Timeline
    from hl7dicom_lab.views.view import View


@dataclass(frozen=True)
class Ports:
    """Where the department listens; 0 takes a free port."""

    ris_hl7: int = 0
    worklist: int = 0
    pacs_hl7: int = 0
    storage: int = 0
    emr_hl7: int = 0


class Lab(Running):
    """A department that runs from `start()` to `stop()`, or for the length of a `with` block.

    `home` is a folder in which everything is kept; without one the department lives in a temporary folder. Two labs
    with one `seed` give the same messages, byte for byte; only the ports differ. `patience` is how long its systems
    wait for their peers, and what they put up with; `security` is whom they let in, and over TLS or in the clear.
    `facility` is what messages call the department, and how its AE titles begin, or an institution with scanners of its
    own (`read_institution`); the lessons are about NORTHGATE. With a seat at the hospital of a class (`SeatAtHospital`)
    it is NORTHGATE, its RIS and PACS work through that hospital, and `hospital` is the line to it.
    `archive` is another archive in the PACS's seat: scanners store there, and the PACS fetches from it.

    Raises `SetupError` at the start where a port is taken, or the folder, a name or a file for TLS cannot be used.
    """

    #: The departments that run in this process, by their folder: starting one again stops the old one first.
    _running: ClassVar[dict[Path, Lab]] = {}

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        seed: int = 1,
        host: str = "127.0.0.1",
        ports: Ports | None = None,
        patience: Patience | None = None,
        security: Security | None = None,
        facility: str | Institution | SeatAtHospital = story.FACILITY,
        archive: DicomAddress | None = None,
    ) -> None:
        if home is not None and isinstance(facility, SeatAtHospital):
            raise SetupError(
                "a department that works with the hospital of a class begins anew at every start, and a folder is kept",
                where=str(home),
                next_step="leave the folder out: Lab(facility=SeatAtHospital(...))",
            )
        self._folder = Path(home).resolve() if home is not None else None
        self._seed = seed
        self._host = host
        self._ports = ports or Ports()
        self._patience = patience or Patience()
        self._security = security or Security()
        self._at_hospital = facility if isinstance(facility, SeatAtHospital) else None
        self._institution = None if isinstance(facility, (str, SeatAtHospital)) else facility
        self._facility = self._institution.facility if self._institution else _own_name(facility)
        self._archive = archive
        #: The line to the hospital of a class, where this department works with one.
        self.hospital: HospitalLine | None = None
        self._home: Home | None = None
        self._started: list[Ris | Pacs | Emr | Dictation | HospitalLine] = []
        self._tickets_closed: set[str] = set()

    def start(self) -> Self:
        """Start all systems; they listen when this returns. Does nothing when they already run."""
        if self._home is not None:
            return self
        if self._folder is not None and self._folder in Lab._running:
            Lab._running[self._folder].stop()
        self._home = Home(self._folder)
        Lab._running[self._home.path] = self
        try:
            with progress("Starting the department", total=3) as one_more:
                self._build(self._home, one_more)
        except BaseException:
            self.stop()
            raise
        return self

    @classmethod
    def fresh(cls, *, seed: int = 1) -> Self:
        """Start a new department in a temporary folder, and stop those that this process started before.

        For notebooks: a cell that is run again begins anew instead of leaving old systems behind. The environment
        variable HL7DICOM_LAB_ARCHIVE puts another archive into the PACS's seat (`ORTHANC@127.0.0.1:4242`), and
        HL7DICOM_LAB_HOSPITAL (`SEAT07@hospital.json`) lets it work with the hospital of a class. Raises `SetupError`
        where a variable says what cannot be used, or the hospital does not answer.
        """
        _stop_all()
        facility = SeatAtHospital.of_environment() or story.FACILITY
        return cls(seed=seed, archive=_archive_of_environment(), facility=facility).start()

    def _build(self, home: Home, one_more: Callable[[], None]) -> None:
        self.clock = home.clock()
        self.trace = Trace(self.clock)
        self.mint = home.mint(self._seed)
        self.hospital = self._line()
        site = Site(
            trace=self.trace,
            clock=self.clock,
            mint=self.mint,
            host=self._host,
            durable=home.durable,
            patience=self._patience,
            security=self._security,
            facility=self._facility,
            institution=self._institution,
            line=self.hospital,
        )
        if self._security.tls is not None:
            self._security.tls.rehearse()
        ports = self._ports
        self.ris = Ris(home.path / "ris", site, hl7_port=ports.ris_hl7, worklist_port=ports.worklist)
        self._begin(self.ris, one_more)
        self.pacs = Pacs(home.path / "pacs", site, hl7_port=ports.pacs_hl7, storage_port=ports.storage)
        self._begin(self.pacs, one_more)
        self.emr = Emr(home.path / "emr", site, ris=self.ris.hl7, port=ports.emr_hl7)
        self._begin(self.emr, one_more)
        self.dictation = Dictation({story.EMR: self.emr.hl7, story.PACS: self.pacs.hl7}, site)
        self._started.append(self.dictation)
        scanner = self._scanner_maker(site)
        self.modalities: Mapping[str, Modality] = {station.modality: scanner(station) for station in site.stations()}
        self.modality = self.modalities["MR"]

    def _line(self) -> HospitalLine | None:
        """The line to the hospital, once the seat begins anew there."""
        if self._at_hospital is None:
            return None
        from hl7dicom_lab.actors.hospital_line import HospitalLine

        facility, patience, security = self._facility, self._patience, self._security
        line = HospitalLine(self._at_hospital, facility=facility, patience=patience, security=security)
        self._started.append(line)
        line.announce()
        return line

    def _scanner_maker(self, site: Site) -> Callable[[Station], Modality]:
        """What makes the scanner of a station: they store into the PACS, or into the archive in its seat."""
        worklist = self.ris.worklist
        if self._archive is None:
            return partial(Modality, site=site, worklist=worklist, storage=self.pacs.storage)
        from hl7dicom_lab.actors.archive_elsewhere import ArchiveElsewhere

        fetch = ArchiveElsewhere(self._archive, self.pacs, site).fetch
        return partial(Modality, site=site, worklist=worklist, storage=self._archive, stored=fetch)

    def _begin(self, system: Ris | Pacs | Emr, one_more: Callable[[], None]) -> None:
        self._started.append(system)
        system.start()
        one_more()

    def stop(self) -> None:
        """Stop all systems and free the ports. Safe to call again."""
        for system in reversed(self._started):
            system.stop()
        self._started.clear()
        if hasattr(self, "trace"):
            self.trace.bell.end()
        if self._home is not None:
            Lab._running.pop(self._home.path, None)
            self._home.close(getattr(self, "clock", None))
            self._home = None

    def look(self, thing: Any) -> View:
        """A message or a data set, in whatever form you have it, as a tree with its bytes.

        Raises `NotFound` for what is neither.
        """
        from hl7dicom_lab.views.look import look

        return look(thing)

    def compare(self, one: Any, other: Any) -> View:
        """Two messages, or two data sets, side by side with what differs. Raises `NotFound` as `look` does."""
        from hl7dicom_lab.views.look import compare

        return compare(one, other)

    def timeline(
        self, *, system: str = "", protocol: Protocol | None = None, problems: bool = False, last: int | None = None
    ) -> Timeline:
        """Everything that went over the wire, as a sequence diagram that follows the traffic.

        `system` chooses what one system sends and gets (`"RIS"`), `protocol` is `"HL7"` or `"DICOM"`, `problems` leaves
        out what went well, `last` keeps the newest arrows. `lab.trace.clear()` begins a new timeline.
        """
        from hl7dicom_lab.views.timeline.view import Timeline

        return Timeline(self.trace, system=system, protocol=protocol, problems=problems, last=last)

    def map(self, accession_number: str) -> MappingMap:
        """One examination's values from order to worklist, images and report, and how each came where it stands.

        What is not there yet is told in words. Raises `NotFound` where no system knows the accession number.
        """
        from hl7dicom_lab.views.mapping_map.search import find_examination
        from hl7dicom_lab.views.mapping_map.view import MappingMap

        messages = (row.decoded.raw for row in self.trace.rows(protocol="HL7") if row.decoded.kind[:3] != "ACK")
        found = find_examination(
            accession_number,
            book=self.ris.order_book,
            archive=self.pacs.archive,
            shelf=self.pacs.reports,
            chart=self.emr.reports,
            messages=tuple(messages),
        )
        return MappingMap(found)

    @property
    def tickets(self) -> Board:
        """The board of all tickets: what can break, to be found and put right; `break_it` opens one."""
        from hl7dicom_lab.tickets.board import Board

        return Board(frozenset(self._closed_tickets()))

    def break_it(self, letter: str = "", *, draw: int | None = None) -> OpenTicket:
        """Make this department new, let something break in it, and open the ticket.

        `letter` is one of `lab.tickets`. `draw` is a number that draws one instead, and which one stays hidden until it
        is closed. What was in the department is gone, so one that keeps its data in a folder refuses: `SetupError`.
        Raises `NotFound` for a letter that no ticket has, and for a `draw` that is no whole number.
        """
        from hl7dicom_lab.tickets.board import draw_ticket, find_ticket
        from hl7dicom_lab.tickets.open_ticket import opened

        ticket = find_ticket(letter) if draw is None else draw_ticket(draw)
        if self._folder is not None:
            raise SetupError(
                "a ticket makes the department new, and this one keeps its data",
                where=str(self._folder),
                next_step="open tickets in a department without a folder: Lab()",
            )
        self.stop()
        self.start()
        return opened(ticket, self, draw=draw, closed=lambda one: self._close_ticket(one.letter))

    def _closed_tickets(self) -> Collection[str]:
        """The letters of the tickets that were closed; a lesson remembers them."""
        return self._tickets_closed

    def _close_ticket(self, letter: str) -> None:
        self._tickets_closed.add(letter)

    def reconcile(self) -> Reconciliation:
        """Which images in the archive match an order on the RIS's book, and why the others do not.

        Those that match none are flagged as unscheduled afterwards (`lab.pacs.unscheduled()`), and no others.
        """
        from hl7dicom_lab.actors.reconciliation import reconcile

        return reconcile(self.pacs.archive, self.ris.order_book)

    @property
    def running(self) -> bool:
        """Whether the department is up."""
        return self._home is not None

    def addresses(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Where each system listens, in the form that `serve --addresses` writes; `tls` is there where it is spoken."""
        return {
            "ris": {"hl7": told(self.ris.hl7), "worklist": told(self.ris.worklist)},
            "pacs": {"hl7": told(self.pacs.hl7), "storage": told(self.pacs.storage)},
            "emr": {"hl7": told(self.emr.hl7)},
        }

    def __repr__(self) -> str:
        name = self._institution.name if self._institution else story.INSTITUTION
        return f"<Lab: {name}, {'running' if self.running else 'stopped'}>"


@atexit.register  # a kernel that is shut down ends no `with` block, and temporary folders would stay
def _stop_all() -> None:
    for one in list(Lab._running.values()):
        one.stop()


def _archive_of_environment() -> DicomAddress | None:
    named = os.environ.get("HL7DICOM_LAB_ARCHIVE", "")
    if not named:
        return None
    from hl7dicom_lab.actors.archive_elsewhere import archive_address

    return archive_address(named)


def _own_name(facility: object) -> str:
    """What a department calls itself that has no institution: a seat's name is for the hospital's eyes only."""
    return facility if isinstance(facility, str) else story.FACILITY


def told(address: Hl7Address | DicomAddress) -> dict[str, Any]:
    """An address as `addresses` tells it."""
    return {name: value for name, value in asdict(address).items() if name != "tls" or value}
