"""One hospital for a class: every seat orders, examines and reports on its own systems, and all over the same ports.

    with Hospital() as hospital:                      # the instructor
        hospital.timeline()                           # the whole room
        hospital.seat("SEAT07").ris.steps()           # what one seat has ordered

A learner's side is `at_hospital.AtHospital`, or a whole department that works through a line, as lessons do:
`Lab(facility=SeatAtHospital(...))`. Standard: HL7 v2.5.1 section 2.15.9.4 (MSH-4, the sending facility), section 14.3.2
(NMD^N02, a system starts up), PS3.8 section 9.3.2 (the calling AE title). Rules: a seat is known by its facility, which
is MSH-4 of its messages and begins the AE titles of its scanners (`SEAT07_MR1`); each seat has an order book, an
archive and numbers of its own, so nobody sees another's patients and nobody's mistakes reach another; a seat that
starts up begins anew. As in most hospitals, names are believed: whoever sends under another seat's name is
in that seat.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hl7dicom_lab import story
from hl7dicom_lab.actors.hospital_doors import HospitalDoors
from hl7dicom_lab.actors.seats import SeatInHospital, Seats
from hl7dicom_lab.actors.site import Patience, Site, check_facility
from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import NotFound, SetupError
from hl7dicom_lab.lab import Ports, told
from hl7dicom_lab.model import Hl7Address
from hl7dicom_lab.open_files import allow
from hl7dicom_lab.running import Running
from hl7dicom_lab.services.mllp_listener import MllpListener
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.storage.home import Home
from hl7dicom_lab.trace import Trace

if TYPE_CHECKING:
    from hl7dicom_lab.views.timeline.view import Timeline

#: A seat is made when it is first heard of; this many are, and then no more.
MOST_SEATS = 200
#: Databases and connections of a seat at work, and what the hospital has open besides.
_FILES_OF_A_SEAT, _FILES = 20, 200


class Hospital(Running):
    """The RIS and the PACS of a class. A context manager; `start` listens, `stop` frees ports and files.

    `home` keeps everything in a folder, a folder a seat; without one all is gone at the end. Ports that are 0 are free
    ones; the EMR's is not used, because every seat has an EMR of its own. `most_seats` are made, or as many as the
    system has open files for. `tell` gets a line for each message, query
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
        self._seats: Seats | None = None
        self._home: Home | None = None
        self._doors: HospitalDoors | None = None

    def start(self) -> Self:
        """Begin to listen. Raises `SetupError` where a port or the folder cannot be had."""
        if self._home is not None:
            return self
        self._home = Home(self._folder)
        try:
            self._clock = self._home.clock()
            self.trace = Trace(self._clock)
            if self._security.tls is not None:
                self._security.tls.rehearse()
            site = Site(
                trace=self.trace,
                clock=self._clock,
                mint=self._home.mint(1),
                host=self._host,
                patience=self._patience,
                security=self._security,
                facility=self.facility,
            )
            folder = self._folder / "seats" if self._folder is not None else None
            room = (allow(_FILES + _FILES_OF_A_SEAT * self._most_seats) - _FILES) // _FILES_OF_A_SEAT
            self._seats = Seats(site, folder, max(1, room))
            ports = self._ports
            self._doors = HospitalDoors(
                self._seats,
                site,
                ris_hl7=ports.ris_hl7,
                worklist=ports.worklist,
                pacs_hl7=ports.pacs_hl7,
                storage=ports.storage,
                tell=self._tell,
            )
            self._doors.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop listening and close every seat. Safe to call again."""
        if self._doors is not None:
            self._doors.stop()
            self._doors = None
        if self._seats is not None:
            self._seats.close()
            self._seats = None
        if self._home is not None:
            self.trace.bell.end()
            self._home.close(self._clock)
            self._home = None

    def seats(self) -> tuple[SeatInHospital, ...]:
        """Every seat that has been heard of, by name."""
        return self._seats.all() if self._seats is not None else ()

    def seat(self, name: str) -> SeatInHospital:
        """The seat of this name, as it is now: once it starts up again, ask for it again.

        Raises `NotFound` where nothing has come from it.
        """
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

    def _hl7(self, application: str, listener: MllpListener) -> dict[str, Any]:
        tls = self._security.tls is not None
        return told(Hl7Address(listener.host, listener.port, application, self.facility, tls))
