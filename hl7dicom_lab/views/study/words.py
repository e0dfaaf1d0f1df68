"""The words on the final screen, the same in every form: text, HTML, picture.

Rule: a form only lays out. What is said about a study is said here, once. Nothing here is escaped; each form does that
for its own medium.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hl7dicom_lab.counted import counted
from hl7dicom_lab.views.study.image_identity import ImageIdentity, readable_date, readable_name, two_patients

if TYPE_CHECKING:
    from hl7dicom_lab.model import Report
    from hl7dicom_lab.views.study.screen import StudyOnScreen

#: OBR-25 (HL7 table 0123) in words.
STATUS_IN_WORDS = {
    "P": "PRELIMINARY: may still change",
    "F": "FINAL",
    "C": "CORRECTED: replaces an earlier final report",
    "X": "CANCELLED: do not use",
}

DISAGREE = "WARNING: images and report do not agree about whose they are"
UNCERTAIN = "WARNING: it is uncertain whose images these are"
HELD = "WARNING: a report for this study is held back in the exceptions queue"
UNSCHEDULED = "WARNING: images of this study match no order"
TWO_PATIENTS = "WARNING: two patients stand side by side"
COVERED = "The report is covered until somebody has found out whose images and whose report these are."
SUPERSEDED = "Superseded: a newer version holds."
NO_IMAGES = "No images yet"
NO_REPORT = "No report yet"

#: Between facts on one line.
BETWEEN = " · "


def identity_lines(who: ImageIdentity) -> tuple[str, str, str]:
    """Name; birth date, sex and identifier; study, date and accession: as every form shows them. Not escaped."""
    issuer = f" (issued by {who.issuer_of_patient_id})" if who.issuer_of_patient_id else ""
    person = (
        f"born {readable_date(who.patient_birth_date) or 'unknown'}",
        f"sex {who.patient_sex or 'unknown'}",
        f"ID {who.patient_id or 'unknown'}{issuer}",
    )
    study = (
        who.study_description or "Study without description",
        readable_date(who.study_date) or "date unknown",
        f"accession {who.accession_number or 'unknown'}",
    )
    return readable_name(who.patient_name) or "Name unknown", BETWEEN.join(person), BETWEEN.join(study)


def short_identity(who: ImageIdentity) -> tuple[str, str]:
    """Name and identifier, as they stand on the image itself."""
    return readable_name(who.patient_name) or "Name unknown", f"ID {who.patient_id or 'unknown'}"


def warning(study: StudyOnScreen) -> tuple[str, ...]:
    """What stands above everything: its title, then the reasons; empty when all is well."""
    reasons = [*study.disagreements, *study.held]
    if study.unscheduled:
        reasons.append(
            f"unscheduled: {study.unscheduled} of {counted(len(study.images), 'image')}; lab.reconcile() says why"
        )
    if study.disagreements:
        return (DISAGREE if study.report else UNCERTAIN, *reasons)
    return (HELD if study.held else UNSCHEDULED, *reasons) if reasons else ()


def side_by_side(one: StudyOnScreen, other: StudyOnScreen) -> tuple[str, ...]:
    """What stands above two studies that are not of one patient: its title, then the reasons."""
    differences = two_patients(one.banner, other.banner)
    return (TWO_PATIENTS, *differences) if differences else ()


def images_line(study: StudyOnScreen) -> str:
    """What the images are: how many, modality, matrix, window, and how many of them are shown."""
    if not study.images:
        return NO_IMAGES
    count, shown = len(study.images), study.shown
    facts = [
        counted(count, "image"),
        _the_one(image.modality for image in shown),
        _the_one(image.matrix for image in shown if image.rows),
        _the_one(f"window {image.window}" for image in shown if image.window),
        f"{len(shown)} of them shown" if len(shown) < count else "",
    ]
    return BETWEEN.join(filter(None, facts))


def _the_one(values: Iterable[str]) -> str:
    """The value that all have in common, or each different one, three at most."""
    different = list(dict.fromkeys(filter(None, values)))
    return " / ".join(different[:3]) + (" / ..." if len(different) > 3 else "")


def problems(study: StudyOnScreen) -> tuple[str, ...]:
    """What cannot be shown and why, and what is shown only in part; a sentence an image."""
    found = []
    for image in study.shown:
        name = f"Image {image.instance_number or image.path.name}"
        if image.reason:
            found.append(f"{name}: {image.reason}")
        elif image.frames > 1:
            found.append(f"{name}: the first of {image.frames} frames is shown.")
    return tuple(found)


def report_lines(report: Report) -> tuple[str, str]:
    """The status in words; who signed and when, and what it reports on. Not escaped."""
    signed = f"signed by {readable_name(report.signed_by)}" if report.signed_by else "not signed"
    facts = [signed, readable_date(report.status_changed_at)]
    facts += [report.procedure.meaning if report.procedure else ""]
    facts += [f"accession {report.accession_number}" if report.accession_number else ""]
    facts += [f"a PDF of {len(report.document)} bytes is attached" if report.document else ""]
    return STATUS_IN_WORDS[report.status], BETWEEN.join(filter(None, facts))


def earlier_lines(study: StudyOnScreen) -> tuple[str, ...]:
    """One line for each earlier version of the report."""
    return tuple(f"Earlier version: {version_line(one)}" for one in study.earlier)


def version_line(report: Report) -> str:
    """A version of a report on one line: status and time."""
    facts = STATUS_IN_WORDS[report.status].split(":")[0], readable_date(report.status_changed_at)
    return BETWEEN.join(filter(None, facts))
