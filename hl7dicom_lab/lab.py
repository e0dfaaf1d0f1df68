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

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hl7dicom_lab import story
from hl7dicom_lab.actors.dictation import Dictation
from hl7dicom_lab.actors.emr import Emr
from hl7dicom_lab.actors.modality import Modality
from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.ris import Ris
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.storage.home import Home
from hl7dicom_lab.trace import Protocol, Trace
from hl7dicom_lab.views.progress_bar import progress

if TYPE_CHECKING:
    from hl7dicom_lab.views.mapping_map.view import MappingMap
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


class Lab:
    """A department that runs from `start()` to `stop()`, or for the length of a `with` block.

    `home` is a folder in which everything is kept; without one the department lives in a temporary folder. Two labs
    with one `seed` give the same messages, byte for byte; only the ports differ.

    Raises `SetupError` at the start where a port is taken or the folder cannot be used.
    """

    #: The departments that run in this process, by their folder: starting one again stops the old one first.
    _running: ClassVar[dict[Path, Lab]] = {}

    def __init__(
        self, home: Path | str | None = None, *, seed: int = 1, host: str = "127.0.0.1", ports: Ports | None = None
    ) -> None:
        self._folder = Path(home).resolve() if home is not None else None
        self._seed = seed
        self._host = host
        self._ports = ports or Ports()
        self._home: Home | None = None
        self._started: list[Ris | Pacs | Emr | Dictation] = []

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

        For notebooks: a cell that is run again begins anew instead of leaving old systems behind.
        """
        for old in list(Lab._running.values()):
            old.stop()
        return cls(seed=seed).start()

    def _build(self, home: Home, one_more: Callable[[], None]) -> None:
        self.clock = home.clock()
        self.trace = Trace(self.clock)
        self.mint = home.mint(self._seed)
        site = Site(self.trace, self.clock, self.mint, self._host, home.durable)
        ports = self._ports
        self.ris = Ris(home.path / "ris", site, hl7_port=ports.ris_hl7, worklist_port=ports.worklist)
        self._begin(self.ris, one_more)
        self.pacs = Pacs(home.path / "pacs", site, hl7_port=ports.pacs_hl7, storage_port=ports.storage)
        self._begin(self.pacs, one_more)
        self.emr = Emr(home.path / "emr", site, ris=self.ris.hl7, port=ports.emr_hl7)
        self._begin(self.emr, one_more)
        self.dictation = Dictation({story.EMR: self.emr.hl7, story.PACS: self.pacs.hl7}, site)
        self._started.append(self.dictation)
        self.modalities: Mapping[str, Modality] = {
            station.modality: Modality(station, site, worklist=self.ris.worklist, storage=self.pacs.storage)
            for station in story.STATIONS
        }
        self.modality = self.modalities["MR"]

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
    def running(self) -> bool:
        """Whether the department is up."""
        return self._home is not None

    def addresses(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Where each system listens, in the form that `serve --addresses` writes."""
        return {
            "ris": {"hl7": asdict(self.ris.hl7), "worklist": asdict(self.ris.worklist)},
            "pacs": {"hl7": asdict(self.pacs.hl7), "storage": asdict(self.pacs.storage)},
            "emr": {"hl7": asdict(self.emr.hl7)},
        }

    def __repr__(self) -> str:
        return f"<Lab: {story.INSTITUTION}, {'running' if self.running else 'stopped'}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
