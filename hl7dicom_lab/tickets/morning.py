"""The morning of a ticket: the orders of the story's day on the worklist, patients who check in and are examined.

Rule: it comes about on the wire, as in a lesson, so that logs and trace hold a normal morning beside what went wrong.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from hl7dicom_lab import story, story_day
from hl7dicom_lab.errors import AssociationFailed
from hl7dicom_lab.model import ImagingOrder, Patient
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.tickets.department import Department

#: Whom the morning is about: an MR, two CTs, a chest radiograph.
ELENA, LARS, CHIDI, MARCO = story_day.TODAY[:4]

_CHECK_IN = datetime(2026, 3, 2, 9, 12)
_UNTIL_THE_SCAN = timedelta(minutes=8)


def ordered(department: Department) -> tuple[ImagingOrder, ...]:
    """All orders of the day, one message each, Elena Rivera's first."""
    return tuple(department.emr.place(one.order())[0] for one in story_day.TODAY)


def checked_in(department: Department) -> tuple[ImagingOrder, ...]:
    """The orders of the day, and Elena Rivera has checked in."""
    orders = ordered(department)
    department.clock.advance_to(_CHECK_IN)
    department.emr.check_in(story.PATIENT, story.VISIT)
    return orders


def examined(department: Department, booking: Booking, at: datetime, *, line_of: Booking | None = None) -> None:
    """A patient checks in at a time, is examined eight minutes later, and the images are sent.

    The technologist takes the patient's line of the worklist, or the one of `line_of`. What the PACS does not take
    waits in the scanner's queue.
    """
    department.clock.advance_to(at)
    department.emr.check_in(booking.patient, booking.visit)
    department.clock.advance_to(at + _UNTIL_THE_SCAN)
    scanner = department.modalities[booking.modality]
    wanted = (line_of or booking).patient.identifier.value
    item = next(one for one in scanner.query() if str(one.PatientID) == wanted)
    department.ris.start_step(str(item.AccessionNumber))
    images = scanner.examine(item)
    with suppress(AssociationFailed):
        scanner.store(images)
    department.ris.complete_step(str(item.AccessionNumber))


def at(hour: int, minute: int) -> datetime:
    """A time of the story's day."""
    return datetime(2026, 3, 2, hour, minute)


def accession_number(department: Department, booking: Booking) -> str:
    """The number that the RIS has given to a patient's examination of the morning."""
    steps = department.ris.order_book.steps(patient_id=booking.patient.identifier.value)
    return steps[0].item.accession_number


def full_name(patient: Patient) -> str:
    """A patient's name as people say it."""
    return f"{patient.name.given} {patient.name.family}"
