"""What all systems of one department share: its clock, its numbers, its trace, its names, and where it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hl7dicom_lab import story
from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.model import Hl7Address, Station
from hl7dicom_lab.services.acceptor import AcceptorOptions
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.mllp_listener import MllpLimits, MllpListener, Receive
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.trace import Trace

if TYPE_CHECKING:
    from hl7dicom_lab.actors.hospital_line import HospitalLine
    from hl7dicom_lab.institution import Institution

#: `FACILITY_PACS` is an AE title of at most 16 characters, and HL7 separators are not part of a name.
_FACILITY = re.compile(r"[A-Za-z0-9_]{1,11}")


def check_facility(name: str) -> None:
    """Raise `SetupError` for what cannot be a facility's name."""
    if not _FACILITY.fullmatch(name):
        raise SetupError(
            "a facility has 1 to 11 letters, digits and underscores, because its AE titles begin with it",
            where=f"facility {name!r}",
            next_step="choose a short name, such as NORTH2",
        )


@dataclass(frozen=True)
class Patience:
    """How long the systems of a department wait for their peers, and what they put up with. Times in seconds."""

    hl7: MllpLimits = field(default_factory=MllpLimits)  # those who listen
    dicom: TimeOuts = field(default_factory=TimeOuts)  # both sides
    acknowledgment: float = 10.0  # a sender of HL7, for each attempt


@dataclass(frozen=True)
class Site:
    """The ground that the systems stand on. `durable` says whether their data outlive the process.

    `facility` is what messages call it (MSH-4, MSH-6), and how its AE titles begin. `scanners_of` is whose scanners it
    plans for, where they belong to another facility: one seat of a class. `line` is the way to the hospital of a class
    where the systems work through one. Raises `SetupError` where a name cannot be a facility's.
    """

    trace: Trace
    clock: ClassClock
    mint: Mint
    host: str = "127.0.0.1"
    durable: bool = False
    patience: Patience = field(default_factory=Patience)
    security: Security = field(default_factory=Security)
    facility: str = story.FACILITY
    scanners_of: str = ""
    institution: Institution | None = None
    line: HospitalLine | None = None

    def __post_init__(self) -> None:
        check_facility(self.facility)
        if self.scanners_of:
            check_facility(self.scanners_of)

    def ae_title(self, system: str) -> str:
        """The AE title of one of its systems: `NORTHGATE_RIS`."""
        return f"{self.facility}_{system}"

    @property
    def institution_name(self) -> str:
        """What images call the place where they were made (InstitutionName)."""
        return self.institution.name if self.institution else story.INSTITUTION

    def stations(self) -> tuple[Station, ...]:
        """The station table: the institution's, or the story's scanners under AE titles of this or `scanners_of`."""
        if self.institution is not None and not self.scanners_of:
            return self.institution.stations
        owner = self.scanners_of or self.facility
        return tuple(replace(station, ae_title=f"{owner}_{station.name}") for station in story.STATIONS)

    def acceptor(self, system: str, port: int) -> AcceptorOptions:
        """How the DICOM side of one of its systems listens."""
        return {
            "ae_title": self.ae_title(system),
            "trace": self.trace,
            "system": system,
            "clock": self.clock,
            "host": self.host,
            "port": port,
            "time_outs": self.patience.dicom,
            "security": self.security,
        }

    def mllp_listener(self, system: str, receive: Receive, port: int) -> MllpListener:
        """How the HL7 side of one of its systems listens."""
        return MllpListener(
            receive,
            trace=self.trace,
            system=system,
            host=self.host,
            port=port,
            limits=self.patience.hl7,
            security=self.security,
        )

    def sender(self, system: str, to: Hl7Address) -> MllpSender:
        """The connection on which a system sends its HL7 messages to another one."""
        return MllpSender(
            to.host,
            to.port,
            trace=self.trace,
            system=system,
            peer=to.application,
            timeout=self.patience.acknowledgment,
            tls_files=self.security.towards(to),
        )
