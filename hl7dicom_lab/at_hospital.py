"""A learner's side of the hospital of a class: an EMR, scanners and a dictation system that work with its RIS and PACS.

    here = AtHospital.join("hospital.json", "SEAT07").start()
    here.emr.place(story.order())               # EMR of SEAT07 --ORM-->     the hospital's RIS
    (item,) = here.modality.query()             # SEAT07_MR1    --C-FIND-->  the hospital's RIS

The other side is `hospital.Hospital`, or any RIS and PACS that listen at these addresses. Lessons work with it through
`Lab(facility=SeatAtHospital(...))`, which has a RIS and a PACS of its own in between. Rules: everything goes over the
wire and nothing is looked up behind it; the seat's name is MSH-4 of its messages and begins its AE titles.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.dictation import Dictation
from hl7dicom_lab.actors.emr import Emr
from hl7dicom_lab.actors.hospital_addresses import (
    HospitalAddresses,
    SeatAtHospital,
)
from hl7dicom_lab.actors.hospital_line import HospitalLine
from hl7dicom_lab.actors.modality import Modality
from hl7dicom_lab.actors.seats import seed_of
from hl7dicom_lab.actors.site import Patience, Site, check_facility
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import StudySummary
from hl7dicom_lab.running import Running
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.storage.home import Home
from hl7dicom_lab.storage.image_index import STUDY_ATTRIBUTES
from hl7dicom_lab.trace import Protocol, Trace

if TYPE_CHECKING:
    from hl7dicom_lab.views.timeline.view import Timeline

#: What a study is asked for, by the field of `StudySummary` that it becomes.
_STUDY = {"study_instance_uid": "StudyInstanceUID", **STUDY_ATTRIBUTES}
_COUNTED = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")


class AtHospital(Running):
    """One seat: `emr`, `modality`, `modalities`, `dictation` and `trace`, as a `Lab` has them. A context manager.

    Raises `SetupError` where the seat's name is none, or the EMR's port cannot be had.
    """

    def __init__(
        self,
        addresses: HospitalAddresses,
        seat: str,
        *,
        patience: Patience | None = None,
        security: Security | None = None,
    ) -> None:
        check_facility(seat)
        self.seat = seat
        self._addresses = addresses
        self._patience = patience or Patience()
        self._security = security or Security()
        self._home: Home | None = None

    @classmethod
    def join(cls, addresses: Path | str = "", seat: str = "") -> Self:
        """The seat of a name at the hospital whose addresses stand in a file.

        What is not given comes from the environment, as for a lesson (`SeatAtHospital`). Raises `SetupError`.
        """
        there = SeatAtHospital.named(addresses, seat)
        return cls(there.addresses, there.seat)

    def start(self, *, anew: bool = False) -> Self:
        """Start the EMR; the scanners and the dictation system ask, and listen to nobody.

        `anew` has the seat begin anew in the hospital, as after a lesson, whose scanners have other names. Raises
        `SetupError` where the hospital is asked to, and does not.
        """
        if self._home is not None:
            return self
        if anew:
            self._begin_anew()
        self._home = Home(None)
        self.clock = self._home.clock()
        self.trace = Trace(self.clock)
        site = Site(
            trace=self.trace,
            clock=self.clock,
            mint=self._home.mint(seed_of(self.seat)),
            patience=self._patience,
            security=self._security,
            facility=self.seat,
        )
        at = self._addresses
        try:
            self.emr = Emr(self._home.path / "emr", site, ris=at.ris_hl7)
            self.emr.start()
        except BaseException:
            self._home.close(self.clock)
            self._home = None
            raise
        self.dictation = Dictation({story.EMR: self.emr.hl7, story.PACS: at.pacs_hl7}, site)
        self.modalities: Mapping[str, Modality] = {
            station.modality: Modality(station, site, worklist=at.worklist, storage=at.storage)
            for station in site.stations()
        }
        self.modality = self.modalities["MR"]
        self._viewer = Scu(
            site.ae_title("VIEW"),
            trace=self.trace,
            system="VIEWER",
            clock=self.clock,
            time_outs=self._patience.dicom,
            security=self._security,
        )
        return self

    def _begin_anew(self) -> None:
        at = SeatAtHospital(self._addresses, self.seat)
        line = HospitalLine(at, facility=self.seat, patience=self._patience, security=self._security)
        try:
            line.announce()
        finally:
            line.stop()

    def stop(self) -> None:
        """Hang up and stop the EMR. Safe to call again."""
        if self._home is None:
            return
        self.dictation.stop()
        self.emr.stop()
        self.trace.bell.end()
        self._home.close(self.clock)
        self._home = None

    def studies(self, **keys: str) -> tuple[StudySummary, ...]:
        """The studies in the PACS that match `keys` (`AccessionNumber="NG000001"`), all of the seat's without any.

        A Study Root C-FIND. Raises as `Scu.find_studies` does.
        """
        query = Dataset()
        query.QueryRetrieveLevel = "STUDY"
        for keyword in (*_STUDY.values(), *_COUNTED, "ModalitiesInStudy"):
            setattr(query, keyword, keys.get(keyword, ""))
        return tuple(map(_summary, self._viewer.find_studies(self._addresses.storage, query)))

    def study(self, accession_number: str) -> StudySummary:
        """The study of an examination. Raises `NotFound` where the PACS has none, or more than one."""
        found = self.studies(AccessionNumber=accession_number)
        if len(found) != 1:
            raise NotFound(
                f"the PACS has {len(found)} studies with the accession number {accession_number}",
                where="AccessionNumber",
                next_step="look at studies() for those that are there",
            )
        return found[0]

    def timeline(
        self, *, system: str = "", protocol: Protocol | None = None, problems: bool = False, last: int | None = None
    ) -> Timeline:
        """Everything that this seat sent and got, as `Lab.timeline` shows it."""
        from hl7dicom_lab.views.timeline.view import Timeline

        return Timeline(self.trace, system=system, protocol=protocol, problems=problems, last=last)

    def __repr__(self) -> str:
        return f"<AtHospital {self.seat}, {'running' if self._home is not None else 'stopped'}>"


def _summary(found: Dataset) -> StudySummary:
    texts = {name: str(found.get(keyword) or "") for name, keyword in _STUDY.items()}
    series, instances = (int(found.get(keyword) or 0) for keyword in _COUNTED)
    several = found.get("ModalitiesInStudy") or ()
    modalities = (several,) if isinstance(several, str) else tuple(several)
    return StudySummary(**texts, modalities=tuple(sorted(modalities)), series=series, instances=instances)
