"""The departments in which lesson 09 tries out a learner's functions: each is new, runs over sockets, and is gone after.

Clinical step: a whole day, and an evening with faults. Rules: a check may run any number of times, so it never touches
the learner's own department; what is wrong in the planted department came about over the wire, as it does in life.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydicom.dataset import Dataset

from hl7dicom_lab import story, story_day
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import ImagingOrder, Patient, Report, ReportStatus, StepStatus, StudySummary, WorklistItem
from hl7dicom_lab.storage.order_book import BookedStep
from hl7dicom_lab.story_day import Booking

MODALITIES = ("MR", "CT", "CR")


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


#: A waiting room: who is booked where, with which priority, and how far they are. None is in the order of work.
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
    with Lab() as lab:
        names = {}
        for patient, modality, minute, priority, status in _WAITING:
            number = _accession_of(lab, _place(lab, patient, modality, minute, priority))
            names[number] = str(patient.name)
            if status is not StepStatus.SCHEDULED:
                lab.emr.check_in(patient, story.VISIT)
            if status is StepStatus.STARTED:
                lab.ris.start_step(number)
        return [item for modality in MODALITIES for item in lab.modalities[modality].query()], names


@dataclass(frozen=True)
class Planted:
    """One examination of the planted department: a name for it, and what a person says about it."""

    accession_number: str
    name: str
    words: str


@dataclass(frozen=True)
class Evening:
    """A department in the evening, what is wrong in it, and what only looks so."""

    lab: Lab
    faults: tuple[Planted, ...]
    sound: tuple[Planted, ...]


@contextmanager
def evening_with_faults() -> Iterator[Evening]:
    """A department in which seven examinations do not fit together, and four do."""
    with Lab() as lab:
        first = _place(lab, story_day.LARS_AKESSON, "CT", 0)
        _report(lab, _examine(lab, first), first)
        faults = (
            *_images_that_do_not_fit(lab),
            *_reports_that_do_not_fit(lab, another=first),
        )
        sound = (
            Planted(
                _accession_of(lab, first),
                "sound",
                "is COMPLETED, has images of its own patient and a final report in both systems. Nothing is amiss.",
            ),
            *_only_looks_wrong(lab),
        )
        yield Evening(lab, faults, sound)


def _images_that_do_not_fit(lab: Lab) -> Iterator[Planted]:
    order = _place(lab, story_day.CHIDI_OKONKWO, "CR", 5)
    number = _accession_of(lab, order)
    lab.ris.start_step(number)
    lab.ris.complete_step(number)
    yield Planted(number, "no images", "is COMPLETED in the RIS, and the PACS holds no image of it.")

    order = _place(lab, story_day.MARCO_RIVERA, "CT", 10)
    study = _examine(lab, order, as_patient=story_day.LARS_AKESSON)
    _report(lab, study, None)
    yield Planted(
        study.accession_number,
        "other patient",
        f"is {order.patient.identifier.value}'s in the RIS, and its images name {study.patient_id}. Compare the "
        "patient of the step with the patient of the images.",
    )

    order = _place(lab, story_day.JUERGEN_MUELLER, "CR", 15)
    study = _examine(lab, order, complete=False)
    _report(lab, study, order)
    yield Planted(
        study.accession_number,
        "not completed",
        "has images in the PACS, and its step was never completed: it is still on the worklist.",
    )


def _reports_that_do_not_fit(lab: Lab, *, another: ImagingOrder) -> Iterator[Planted]:
    study = _examine(lab, _place(lab, story_day.SAMIR_HADDAD, "CT", 20))
    yield Planted(study.accession_number, "no report", "is COMPLETED and has images, and nobody has a report on it.")

    order = _place(lab, story_day.LARS_AKESSON, "CR", 25)
    study = _examine(lab, order)
    _report(lab, study, order, ReportStatus.PRELIMINARY)
    yield Planted(
        study.accession_number, "preliminary", "has a report with status P only. Preliminary is not the end: F or C is."
    )

    study = _examine(lab, _place(lab, story_day.CHIDI_OKONKWO, "CT", 30))
    _report(lab, study, another)
    yield Planted(
        study.accession_number,
        "not in the EMR",
        "has its report in the PACS only; the EMR's copy waits in the exceptions queue. Look at both systems.",
    )

    order = _place(lab, story_day.SAMIR_HADDAD, "CR", 35)
    study, other = _examine(lab, order), lab.pacs.studies()[0]
    spoken = lab.dictation.dictate(study, _TEXT, order=order)
    lab.dictation.send(replace(spoken, study_instance_uid=other.study_instance_uid))
    yield Planted(
        study.accession_number,
        "not in the PACS",
        "has its report in the EMR only; beside its images in the PACS there is none.",
    )


def _only_looks_wrong(lab: Lab) -> Iterator[Planted]:
    order = _place(lab, story_day.YUKI_TANAKA, "CR", 40)
    yield Planted(
        _accession_of(lab, order),
        "no-show",
        "is SCHEDULED, without images and without a report: the patient did not come, and the systems agree on it.",
    )

    order = _place(lab, story.PATIENT, "CT", 45)
    lab.emr.cancel(order)
    yield Planted(_accession_of(lab, order), "cancelled", "is CANCELED and has no images: the systems agree.")

    order = _place(lab, story_day.MARCO_RIVERA, "CR", 50)
    study = _examine(lab, order)
    final = _report(lab, study, order)
    lab.dictation.send(lab.dictation.correct(final, f"{_TEXT} Corrected."))
    yield Planted(
        study.accession_number, "corrected", "has a corrected report, status C: it was final before, and it counts."
    )


_TEXT = "IMPRESSION: No new finding."


def _place(lab: Lab, patient: Patient, modality: str, minute: int, priority: str = "R") -> ImagingOrder:
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


def _accession_of(lab: Lab, order: ImagingOrder) -> str:
    (booked,) = lab.ris.order_book.steps(placer_order_number=order.placer_order_number)
    return booked.item.accession_number


def _examine(
    lab: Lab, order: ImagingOrder, *, as_patient: Patient | None = None, complete: bool = True
) -> StudySummary:
    number, scanner = _accession_of(lab, order), lab.modalities[order.modality]
    (item,) = scanner.query(AccessionNumber=number)
    if as_patient:
        item.PatientID = as_patient.identifier.value
        item.PatientName = f"{as_patient.name.family}^{as_patient.name.given}"
    lab.ris.start_step(number)
    scanner.store(scanner.examine(item))
    if complete:
        lab.ris.complete_step(number)
    return lab.pacs.archive.find_study(accession_number=number)


def _report(
    lab: Lab, study: StudySummary, order: ImagingOrder | None, status: ReportStatus = ReportStatus.FINAL
) -> Report:
    spoken = lab.dictation.dictate(study, _TEXT, order=order, status=status)
    lab.dictation.send(spoken)
    return spoken


def day_of(bookings: Sequence[Booking], outcome: str) -> tuple[Booking, ...]:
    """The bookings with an outcome."""
    return tuple(one for one in bookings if one.outcome == outcome)
