"""An evening with faults: a department whose systems do not agree, and the check of an audit that has to find out.

Clinical step: the last look of the day. Rules: what is wrong came about over the wire, as it does in life; each fault
is found by comparing two systems, and what only looks wrong stands beside it. The evening is prepared once in a folder,
and each check looks at a copy of it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hl7dicom_lab import story, story_day
from hl7dicom_lab.course.exercise import YourCodeRaises, call
from hl7dicom_lab.course.exercises.day_checks import DONE
from hl7dicom_lab.course.exercises.day_practice import place
from hl7dicom_lab.course.exercises.learner_function import asked_for_a_function, raised
from hl7dicom_lab.course.starts import accession_of
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import ImagingOrder, Patient, Report, ReportStatus, StepStatus, StudySummary, WorklistItem
from hl7dicom_lab.verdict import Verdict, right, wrong


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


@dataclass(frozen=True)
class _Prepared:
    """The folder of a department that has stopped in the evening, and what is in it."""

    folder: TemporaryDirectory[str]
    faults: tuple[Planted, ...]
    sound: tuple[Planted, ...]


@contextmanager
def evening_with_faults() -> Iterator[Evening]:
    """A department in which seven examinations do not fit together, and four do."""
    prepared = _prepared()
    with TemporaryDirectory() as folder:
        home = shutil.copytree(prepared.folder.name, Path(folder) / "evening")
        with Lab(home) as lab:
            yield Evening(lab, prepared.faults, prepared.sound)


@cache
def _prepared() -> _Prepared:
    folder = TemporaryDirectory()
    with Lab(folder.name) as lab:
        first = place(lab, story_day.LARS_AKESSON, "CT", 0)
        _report(lab, _examine(lab, first), first)
        faults = (*_images_that_do_not_fit(lab), *_reports_that_do_not_fit(lab, another=first))
        sound = (
            Planted(
                accession_of(lab, first),
                "sound",
                "is COMPLETED, has images of its own patient and a final report in both systems. Nothing is amiss.",
            ),
            *_only_looks_wrong(lab),
        )
    return _Prepared(folder, faults, sound)


def _images_that_do_not_fit(lab: Lab) -> Iterator[Planted]:
    order = place(lab, story_day.CHIDI_OKONKWO, "CR", 5)
    number = accession_of(lab, order)
    lab.ris.start_step(number)
    lab.ris.complete_step(number)
    yield Planted(number, "no images", "is COMPLETED in the RIS, and the PACS holds no image of it.")

    order = place(lab, story_day.MARCO_RIVERA, "CT", 10)
    study = _examine(lab, order, as_patient=story_day.LARS_AKESSON)
    _report(lab, study, None)
    yield Planted(
        study.accession_number,
        "other patient",
        f"is {order.patient.identifier.value}'s in the RIS, and its images name {study.patient_id}. Compare the "
        "patient of the step with the patient of the images.",
    )

    order = place(lab, story_day.JUERGEN_MUELLER, "CR", 15)
    study = _examine(lab, order, complete=False)
    _report(lab, study, order)
    yield Planted(
        study.accession_number,
        "not completed",
        "has images in the PACS, and its step was never completed: it is still on the worklist.",
    )


def _reports_that_do_not_fit(lab: Lab, *, another: ImagingOrder) -> Iterator[Planted]:
    study = _examine(lab, place(lab, story_day.SAMIR_HADDAD, "CT", 20))
    yield Planted(study.accession_number, "no report", "is COMPLETED and has images, and nobody has a report on it.")

    order = place(lab, story_day.LARS_AKESSON, "CR", 25)
    study = _examine(lab, order)
    _report(lab, study, order, ReportStatus.PRELIMINARY)
    yield Planted(
        study.accession_number, "preliminary", "has a report with status P only. Preliminary is not the end: F or C is."
    )

    study = _examine(lab, place(lab, story_day.CHIDI_OKONKWO, "CT", 30))
    _report(lab, study, another)
    yield Planted(
        study.accession_number,
        "not in the EMR",
        "has its report in the PACS only; the EMR's copy waits in the exceptions queue. Look at both systems.",
    )

    order = place(lab, story_day.SAMIR_HADDAD, "CR", 35)
    study, other = _examine(lab, order), lab.pacs.studies()[0]
    spoken = lab.dictation.dictate(study, _TEXT, order=order)
    lab.dictation.send(replace(spoken, study_instance_uid=other.study_instance_uid))
    yield Planted(
        study.accession_number,
        "not in the PACS",
        "has its report in the EMR only; beside its images in the PACS there is none.",
    )


def _only_looks_wrong(lab: Lab) -> Iterator[Planted]:
    order = place(lab, story_day.YUKI_TANAKA, "CR", 40)
    yield Planted(
        accession_of(lab, order),
        "no-show",
        "is SCHEDULED, without images and without a report: the patient did not come, and the systems agree on it.",
    )

    order = place(lab, story.PATIENT, "CT", 45)
    lab.emr.cancel(order)
    yield Planted(accession_of(lab, order), "cancelled", "is CANCELED and has no images: the systems agree.")

    order = place(lab, story_day.MARCO_RIVERA, "CR", 50)
    study = _examine(lab, order)
    final = _report(lab, study, order)
    lab.dictation.send(lab.dictation.correct(final, f"{_TEXT} Corrected."))
    yield Planted(
        study.accession_number, "corrected", "has a corrected report, status C: it was final before, and it counts."
    )


_TEXT = "IMPRESSION: No new finding."


def _examine(
    lab: Lab, order: ImagingOrder, *, as_patient: Patient | None = None, complete: bool = True
) -> StudySummary:
    number, scanner = accession_of(lab, order), lab.modalities[order.modality]
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


def discrepancies(lab: Lab) -> tuple[str, ...]:
    """The accession numbers of a department on which its systems do not agree."""
    steps = (booked.item for booked in lab.ris.order_book.steps())
    return tuple(dict.fromkeys(one.accession_number for one in steps if not _fits(lab, one)))


def _fits(lab: Lab, step: WorklistItem) -> bool:
    studies = lab.pacs.archive.studies(accession_number=step.accession_number)
    if step.status is not StepStatus.COMPLETED:
        return not studies
    reports = (lab.emr.report(step.accession_number), lab.pacs.reports.current(step.accession_number))
    of_patient = {one.patient_id for one in studies} == {step.patient_id}
    return of_patient and all(one is not None and one.status in DONE for one in reports)


def check_audit(lab: Lab, answer: Any) -> Verdict:
    """The audit on a department with planted faults, then on the learner's own day."""
    asked_for_a_function(answer)
    with evening_with_faults() as evening:
        try:
            named = _named(call(answer, evening.lab))
        except YourCodeRaises as problem:
            hint = "The keys of a row are accession, patient, status, images, imaged, EMR and PACS."
            return raised(problem, hint)
        if named is None:
            return wrong(
                "no list", "The function has to give back a list of accession numbers, an empty one if all is well."
            )
        for one in evening.faults:
            if one.accession_number not in named:
                return wrong(
                    one.name,
                    f"In the planted department, and not found by your audit: {one.accession_number} {one.words}",
                )
        for one in evening.sound:
            if one.accession_number in named:
                return wrong(
                    one.name,
                    f"In the planted department your audit names what is in order: {one.accession_number} {one.words}",
                )
    own = _named(call(answer, lab))
    if own is None or set(own) != set(discrepancies(lab)):
        return wrong("own day", "In your own department the audit names other examinations than those that do not fit.")
    said = f"it names {', '.join(own)}" if own else "it names none: the systems agree"
    return right(
        f"In a department with planted faults your audit names all {len(evening.faults)} and none of the "
        f"{len(evening.sound)} examinations that are in order. In your own day {said}."
    )


def _named(given: Any) -> tuple[str, ...] | None:
    """The accession numbers in what an audit gives back: numbers, sentences, pairs or a dictionary by number."""
    if not isinstance(given, (list, tuple, set, frozenset, dict)):
        return None
    return tuple(dict.fromkeys(number for one in given for number in re.findall(r"\bNG\d{6}\b", str(one))))
