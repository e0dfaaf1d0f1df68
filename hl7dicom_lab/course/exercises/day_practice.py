"""The departments in which lesson 09 tries out a learner's functions: each is new, runs over sockets, and ends after.

Clinical step: a whole day. Rules: a check may run any number of times, so it never touches the learner's own
department; what it has to know of the way there, the order book's moves, is noted while the department runs. A learner
waits for each check, so the MR scanner acquires a few slices only, and the waiting room is filled once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from pydicom.dataset import Dataset

from hl7dicom_lab import story, story_day
from hl7dicom_lab.actors.modality import Modality
from hl7dicom_lab.course.starts import accession_of
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.worklist_to_image import TaggedImage
from hl7dicom_lab.model import ImagingOrder, Patient, StepStatus, StudySummary, WorklistItem
from hl7dicom_lab.storage.order_book import BookedStep
from hl7dicom_lab.story_day import Booking

MODALITIES = ("MR", "CT", "CR")
#: How many slices the MR scanner of a practice department acquires.
_SLICES = 3


@dataclass(frozen=True)
class Move:
    """A step that moved on: to which status, and how many of its images the PACS held at that moment."""

    accession_number: str
    status: StepStatus
    images: int


@dataclass(frozen=True)
class Practice:
    """A department and every move of its steps; the order book itself keeps only the last status."""

    lab: Lab
    moves: list[Move] = field(default_factory=list)

    def steps(self, booking: Booking) -> tuple[WorklistItem, ...]:
        """The steps that the RIS has for a booking's patient."""
        patient_id = booking.patient.identifier.value
        return tuple(one.item for one in self.lab.ris.order_book.steps(patient_id=patient_id))

    def studies(self, accession_number: str) -> tuple[StudySummary, ...]:
        """What the PACS has under an accession number."""
        return self.lab.pacs.archive.studies(accession_number=accession_number)

    def moved(self, accession_number: str) -> tuple[Move, ...]:
        """The moves of one examination."""
        return tuple(one for one in self.moves if one.accession_number == accession_number)

    def started(self) -> tuple[str, ...]:
        """The examinations that began, in the order in which they did."""
        return tuple(one.accession_number for one in self.moves if one.status is StepStatus.STARTED)


@contextmanager
def practice() -> Iterator[Practice]:
    """A new department, empty, at 08:00, whose steps are watched."""
    with Lab() as lab:
        watched = Practice(lab)
        _watch(watched)
        _acquire_few(lab.modalities["MR"])
        yield watched


def _watch(watched: Practice) -> None:
    book = watched.lab.ris.order_book
    replace_in_book = book.replace
    last: dict[int, StepStatus] = {}

    def replace_and_note(number: int, item: WorklistItem) -> BookedStep:
        if item.status is not last.get(number, StepStatus.SCHEDULED):
            images = sum(one.instances for one in watched.studies(item.accession_number))
            watched.moves.append(Move(item.accession_number, item.status, images))
        last[number] = item.status
        return replace_in_book(number, item)

    book.replace = replace_and_note  # type: ignore[method-assign] # the book tells nobody what came before


def _acquire_few(scanner: Modality) -> None:
    examine = scanner.examine

    def examine_few(item: Dataset, acquisitions: Sequence[Dataset] | None = None) -> tuple[TaggedImage, ...]:
        return examine(item, _few_slices() if acquisitions is None else acquisitions)

    scanner.examine = examine_few  # type: ignore[method-assign] # only the pixels are fewer


@cache
def _few_slices() -> tuple[Dataset, ...]:
    return read_series(data_folder() / "mr_brain")[:_SLICES]


def spoil_the_last_image(scanner: Modality) -> None:
    """From here on the scanner's last image of a series lacks half of its pixel data: the PACS refuses it (0xC003)."""
    examine = scanner.examine

    def examine_and_spoil(item: Dataset, acquisitions: Sequence[Dataset] | None = None) -> tuple[TaggedImage, ...]:
        images = examine(item, acquisitions)
        spoilt = images[-1].data_set
        spoilt.PixelData = spoilt.PixelData[: len(spoilt.PixelData) // 4 * 2]
        return images

    scanner.examine = examine_and_spoil  # type: ignore[method-assign] # as a scanner with a broken disk would


#: A waiting room: who is booked where, with which priority, and how far they are.
_WAITING = (
    (story.PATIENT, "MR", 30, "R", StepStatus.ARRIVED),
    (story_day.SAMIR_HADDAD, "MR", 0, "S", StepStatus.STARTED),
    (story_day.JUERGEN_MUELLER, "MR", 15, "S", StepStatus.SCHEDULED),
    (story_day.LARS_AKESSON, "CT", 5, "R", StepStatus.ARRIVED),
    (story_day.MARCO_RIVERA, "CT", 50, "S", StepStatus.ARRIVED),
    (story_day.CHIDI_OKONKWO, "CR", 40, "S", StepStatus.ARRIVED),
    (story_day.YUKI_TANAKA, "CR", 55, "R", StepStatus.SCHEDULED),
)
#: Who is examined when, from the first: urgent before the others, by start time among equals.
IN_ORDER = ("Okonkwo, Chidi", "Rivera, Marco", "Åkesson, Lars", "Ms Rivera, Elena Maria")


def waiting_room() -> tuple[list[Dataset], dict[str, str]]:
    """The items as the scanners get them, in their order, and whose each accession number is."""
    items, names = _waiting_room()
    return deepcopy(items), names


@cache
def _waiting_room() -> tuple[list[Dataset], dict[str, str]]:
    with Lab() as lab:
        names = {}
        for patient, modality, minute, priority, status in _WAITING:
            number = accession_of(lab, place(lab, patient, modality, minute, priority))
            names[number] = str(patient.name)
            if status is not StepStatus.SCHEDULED:
                lab.emr.check_in(patient, story.VISIT)
            if status is StepStatus.STARTED:
                lab.ris.start_step(number)
        return [item for modality in MODALITIES for item in lab.modalities[modality].query()], names


def place(lab: Lab, patient: Patient, modality: str, minute: int, priority: str = "R") -> ImagingOrder:
    """An order of this day between nine and ten, sent by the EMR."""
    procedures = {"MR": story.MRI_BRAIN, "CT": story.CT_CHEST, "CR": story.CHEST_XRAY}
    order = ImagingOrder(
        patient=patient,
        placer_order_number="",
        procedure=procedures[modality],
        modality=modality,
        scheduled_for=datetime(2026, 3, 2, 9, minute),
        priority=priority,
        ordering_provider=story.DR_OKAFOR,
    )
    return lab.emr.place(order)[0]


def day_of(bookings: Sequence[Booking], outcome: str) -> tuple[Booking, ...]:
    """The bookings with an outcome."""
    return tuple(one for one in bookings if one.outcome == outcome)
