"""Modality: the scanner. IHE actor: Acquisition Modality.

Transactions out: RAD-5 Query Modality Worklist (C-FIND) to the RIS, RAD-8 Modality Images Stored (C-STORE) to the PACS,
and C-ECHO to either. Rule: who the patient is comes from the worklist, never from a keyboard; what happened (times,
UIDs, pixels) comes from the scanner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
)

from hl7dicom_lab.actors.image_queue import ImageQueue, WaitingImage
from hl7dicom_lab.actors.scanner_query import scanner_query
from hl7dicom_lab.actors.settings import ScannerSettings, SettingsOf
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import AssociationFailed, CannotBuild, NotFound
from hl7dicom_lab.given import given
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

#: The SOP classes of these images (PS3.4 section B.5).
_SOP_CLASSES = {"MR": MRImageStorage, "CT": CTImageStorage, "CR": ComputedRadiographyImageStorage}

#: What a scanner proposes to the PACS for its images, by its setting; they are encoded in the first. Set to deflated it
#: leaves out Implicit VR Little Endian, which PS3.5 section 10.1 demands beside it: that is the harm of this setting.
_PROPOSED = {
    "Explicit VR Little Endian": (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
    "Implicit VR Little Endian": (ImplicitVRLittleEndian,),
    "Deflated Explicit VR Little Endian": (DeflatedExplicitVRLittleEndian,),
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
    """One scanner of the department, at one station. `stored` is told each study of which the PACS took images."""

    settings = SettingsOf(ScannerSettings)

    def __init__(
        self,
        station: Station,
        site: Site,
        *,
        worklist: DicomAddress,
        storage: DicomAddress,
        stored: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.station = station
        self._institution_name = site.institution_name
        self._stored = stored
        self.settings = ScannerSettings(
            worklist_ae_title=worklist.ae_title, worklist_station=station.ae_title, pacs_ae_title=storage.ae_title
        )
        self._queue = ImageQueue()
        self._worklist = worklist
        self._storage = storage
        self._clock = site.clock
        self._mint = site.mint
        self._scu = Scu(
            station.ae_title,
            trace=site.trace,
            system=station.name,
            clock=site.clock,
            time_outs=site.patience.dicom,
            security=site.security,
        )

    def __repr__(self) -> str:
        return f"<Modality {self.station.name}, {self.station.modality}, AE title {self.station.ae_title}>"

    def echo(self, address: DicomAddress | None = None) -> None:
        """Ask a DICOM application whether it is there (C-ECHO); the PACS unless told otherwise.

        Raises `AssociationFailed` or `Refused` where it is not.
        """
        where, take = "lab.modality.echo", "take lab.ris.worklist or lab.pacs.storage"
        self._scu.echo(self._pacs() if address is None else given(address, DicomAddress, where, "an address", take))

    def check_storage(self) -> None:
        """Agree with the PACS on how images of this scanner are sent, and send none.

        Raises `AssociationFailed` where both cannot agree, `NotFound` for a modality that the course has no images of.
        """
        self._check_acquires()
        proposed = _PROPOSED[self.settings.transfer_syntax]
        self._scu.negotiate(self._pacs(), _SOP_CLASSES[self.station.modality], proposed)

    def query(self, query: Dataset | None = None, **keys: str) -> tuple[Dataset, ...]:
        """Ask the worklist. Without a query: today's steps of this station, with every attribute that the RIS knows.

        `keys` are further matching keys by keyword, wherever they stand (`PatientName="RIVERA*"`).
        Raises `Refused` with the status where the worklist does not answer, `AssociationFailed` without association,
        `NotFound` for a keyword that DICOM does not have, `CannotBuild` for keys beside a query.
        """
        worklist = replace(self._worklist, ae_title=self.settings.worklist_ae_title)
        asked = self._query(self._clock.today(), keys) if query is None else _own_query(query, keys)
        return tuple(self._scu.find_worklist(worklist, asked))

    def todays_query(self, *, on: date | None = None, **keys: str) -> Dataset:
        """The query that a scanner sends: its station, its modality, today; every attribute as a return key.

        `on` is another day than today, to see what it will ask then. What station and days are is a setting.
        """
        make = "make one: import datetime; datetime.date(2026, 3, 3)"
        today = self._clock.today()
        return self._query(today if on is None else given(on, date, "lab.modality.todays_query", "a date", make), keys)

    def examine(self, item: Dataset, acquisitions: Sequence[Dataset] | None = None) -> tuple[TaggedImage, ...]:
        """Acquire one series for a worklist item, and tag it. Nothing is sent yet.

        An item without a Study Instance UID, such as one typed in an emergency, gets a study of its own.

        `acquisitions` are data sets of pixels and geometry; without them, the course's images of this modality.
        """
        given(item, Dataset, "lab.modality.examine", "a worklist item", "take one that lab.modality.query() gives")
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
        """Send images to the PACS in one association; what it said to each. What it does not keep waits in the queue.

        Raises `AssociationFailed` where there is no association.
        """
        data_sets = _data_sets(images)
        proposed = _PROPOSED[self.settings.transfer_syntax]
        try:
            with progress("Sending images", len(data_sets)) as one_more:
                results = self._scu.store(self._pacs(), data_sets, one_more, transfer_syntaxes=proposed)
        except AssociationFailed as failure:
            self._queue.keep(WaitingImage(one, failure.what) for one in data_sets)
            raise
        told = tuple(zip(data_sets, results, strict=True))
        self._queue.keep(WaitingImage(one, _said(result)) for one, result in told if not result.stored)
        self._queue.settle(result.sop_instance_uid for result in results if result.stored)
        for study in dict.fromkeys(str(one.get("StudyInstanceUID", "")) for one, result in told if result.stored):
            self._stored(study)
        return results

    @property
    def queue(self) -> tuple[WaitingImage, ...]:
        """The images that were sent or should have been, and that the PACS does not keep yet, each with the reason."""
        return self._queue.waiting()

    def send_again(self) -> tuple[StoreResult, ...]:
        """Send what waits in the queue; what the PACS said to each, and nothing where nothing waits.

        Raises `AssociationFailed` where there is no association.
        """
        return self.store([one.data_set for one in self.queue])

    def _query(self, day: date, keys: Mapping[str, str]) -> Dataset:
        return scanner_query(self.settings, self.station.modality, day, keys)

    def _pacs(self) -> DicomAddress:
        return replace(self._storage, ae_title=self.settings.pacs_ae_title)

    def _acquire(self) -> tuple[Dataset, ...]:
        self._check_acquires()
        return read_series(data_folder() / _ACQUIRED[self.station.modality][0])

    def _check_acquires(self) -> None:
        if self.station.modality not in _ACQUIRED:
            raise NotFound(
                f"the course has no images of modality {self.station.modality}",
                where="data/",
                next_step="use one of " + ", ".join(_ACQUIRED) + ", or give your own data sets",
            )

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
            institution_name=self._institution_name,
            series_description=series.description,
        )


def _own_query(query: Dataset, keys: Mapping[str, str]) -> Dataset:
    """A query that a person has made. Raises `CannotBuild` for what is none, and for keys beside it."""
    where, no_query = "lab.modality.query", 'leave it out and name keys: lab.modality.query(PatientName="RIVERA*")'
    given(query, Dataset, where, "a query, which is a pydicom Dataset", no_query)
    if keys:
        raise CannotBuild(
            f"a query of your own has its keys in it, and {', '.join(keys)} stands beside it",
            where=where,
            next_step="put it into the query, or leave the query out",
        )
    return query


def _data_sets(images: Iterable[TaggedImage | Dataset]) -> list[Dataset]:
    """The data sets of images that a person gives. Raises `CannotBuild` for what is no list of images."""
    where, take = "lab.modality.store", "give all that lab.modality.examine(item) made, or some of it: images[:1]"
    if isinstance(images, TaggedImage | Dataset) or not isinstance(images, Iterable):
        given(images, list, where, "a list of images", take)
    data_sets = (one.data_set if isinstance(one, TaggedImage) else one for one in images)
    return [given(one, Dataset, where, "images", take) for one in data_sets]


def _said(result: StoreResult) -> str:
    return f"{result.words}: {result.comment}" if result.comment else result.words
