"""Modality: the scanner. IHE actor: Acquisition Modality.

Transactions out: RAD-5 Query Modality Worklist (C-FIND) to the RIS, RAD-8 Modality Images Stored (C-STORE) to the PACS,
and C-ECHO to either. Rule: who the patient is comes from the worklist, never from a keyboard; what happened (times,
UIDs, pixels) comes from the scanner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.mapping.order_to_worklist import put
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST
from hl7dicom_lab.mapping.worklist_to_image import MadeByModality, TaggedImage, worklist_to_image
from hl7dicom_lab.model import DicomAddress, Station
from hl7dicom_lab.services.scu import Scu, StoreResult
from hl7dicom_lab.views.progress_bar import progress

#: The images that each kind of scanner acquires in the course: a folder in data/ and what the series is called.
_ACQUIRED = {
    "MR": ("mr_brain", "T1 axial"),
    "CT": ("ct_slice", "Axial"),
    "CR": ("cr_chest", "AP"),
}


@dataclass(frozen=True)
class _Series:
    """What the images of one series have in common."""

    study_instance_uid: str
    uid: str
    frame_of_reference_uid: str
    started: datetime
    description: str


class Modality:
    """One scanner of the department, at one station."""

    def __init__(self, station: Station, site: Site, *, worklist: DicomAddress, storage: DicomAddress) -> None:
        self.station = station
        self._worklist = worklist
        self._storage = storage
        self._clock = site.clock
        self._mint = site.mint
        self._scu = Scu(station.ae_title, trace=site.trace, system=station.name, clock=site.clock)

    def __repr__(self) -> str:
        return f"<Modality {self.station.name}, {self.station.modality}, AE title {self.station.ae_title}>"

    def echo(self, address: DicomAddress | None = None) -> None:
        """Ask a DICOM application whether it is there (C-ECHO); the PACS unless told otherwise.

        Raises `AssociationFailed` or `Refused` where it is not.
        """
        self._scu.echo(address or self._storage)

    def query(self, query: Dataset | None = None, **keys: str) -> tuple[Dataset, ...]:
        """Ask the worklist. Without a query: today's steps of this station, with every attribute that the RIS knows.

        `keys` are further matching keys by keyword, wherever they stand (`PatientName="RIVERA*"`).
        Raises `Refused` with the status where the worklist does not answer.
        """
        return tuple(self._scu.find_worklist(self._worklist, query or self.todays_query(**keys)))

    def todays_query(self, **keys: str) -> Dataset:
        """The query that a scanner sends: its station, its modality, today; every attribute as a return key."""
        query = Dataset()
        own = {
            "ScheduledStationAETitle": self.station.ae_title,
            "ScheduledProcedureStepStartDate": f"{self._clock.today():%Y%m%d}",
            "Modality": self.station.modality,
        }
        wanted = own | keys
        for row in ORDER_TO_WORKLIST:
            keyword = row.attribute.rpartition(".")[2]
            if keyword != "SpecificCharacterSet":
                put(query, row.attribute, wanted.pop(keyword, [] if keyword.endswith("Sequence") else None))
        for keyword, value in wanted.items():
            put(query, keyword, value)
        return query

    def examine(self, item: Dataset, acquisitions: Sequence[Dataset] | None = None) -> tuple[TaggedImage, ...]:
        """Acquire one series for a worklist item, and tag it. Nothing is sent yet.

        An item without a Study Instance UID, such as one typed in an emergency, gets a study of its own.

        `acquisitions` are data sets of pixels and geometry; without them, the course's images of this modality.
        """
        acquired = self._acquire() if acquisitions is None else tuple(acquisitions)
        in_space = any("ImagePositionPatient" in one for one in acquired)
        series = _Series(
            study_instance_uid="" if item.get("StudyInstanceUID") else self._mint.uid("unscheduled study"),
            uid=self._mint.uid("series"),
            frame_of_reference_uid=self._mint.uid("frame of reference") if in_space else "",
            started=self._clock.tick(),
            description=_ACQUIRED.get(self.station.modality, ("", ""))[1],
        )
        images = []
        with progress("Tagging images", len(acquired)) as one_more:
            for number, acquisition in enumerate(acquired, 1):
                images.append(worklist_to_image(item, acquisition, self._made(series, number)))
                one_more()
        return tuple(images)

    def store(self, images: Sequence[TaggedImage | Dataset]) -> tuple[StoreResult, ...]:
        """Send images to the PACS in one association; what it said to each.

        Raises `AssociationFailed` where the PACS cannot be reached.
        """
        data_sets = [one.data_set if isinstance(one, TaggedImage) else one for one in images]
        with progress("Storing images", len(data_sets)) as one_more:
            return self._scu.store(self._storage, data_sets, one_more)

    def _acquire(self) -> tuple[Dataset, ...]:
        if self.station.modality not in _ACQUIRED:
            raise NotFound(
                f"the course has no images of modality {self.station.modality}",
                where="data/",
                next_step="use one of " + ", ".join(_ACQUIRED) + ", or give your own data sets",
            )
        return read_series(data_folder() / _ACQUIRED[self.station.modality][0])

    def _made(self, series: _Series, number: int) -> MadeByModality:
        return MadeByModality(
            sop_instance_uid=self._mint.uid("instance"),
            study_instance_uid=series.study_instance_uid,
            series_instance_uid=series.uid,
            frame_of_reference_uid=series.frame_of_reference_uid,
            series_number=1,
            instance_number=number,
            study_started=series.started,
            acquired=self._clock.tick(),
            modality=self.station.modality,
            station_name=self.station.name,
            institution_name=story.INSTITUTION,
            series_description=series.description,
        )
