"""What has to hold of images when a ticket is closed: whole, once, under the order that they belong to.

IHE RAD-8. Rule: what is checked is what the archive shows to everybody, and what a scanner and the PACS agree on when
they are asked anew; nothing is sent for it.
"""

from __future__ import annotations

from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import AssociationFailed
from hl7dicom_lab.model import StudySummary
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.tickets import morning
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Check

#: How many images the course's scanners make of one patient.
_MADE = {"MR": 24, "CT": 1, "CR": 1}


def in_archive(department: Department, booking: Booking) -> Check:
    """Whether the images of a patient's examination are in the archive: all, each once, under the right order."""
    name = morning.full_name(booking.patient)
    number = morning.accession_number(department, booking)
    found = department.pacs.archive.studies(accession_number=number)
    seen = _wrong_identity(department, number, booking, found) or _wrong_count(department, number, booking, found)
    return Check(f"{name}'s {booking.modality} is in the archive, whole and under its own order", not seen, seen)


def _wrong_identity(department: Department, number: str, booking: Booking, found: tuple[StudySummary, ...]) -> str:
    if any(one.patient_id != booking.patient.identifier.value for one in found):
        others = ", ".join(dict.fromkeys(one.patient_id for one in found))
        return f"the images with {number} are of patient {others}"
    if any(one.modalities != (booking.modality,) for one in found):
        made = ", ".join(dict.fromkeys(name for one in found for name in one.modalities))
        return f"the images with {number} are {made}"
    if any(one.study_instance_uid != department.ris.step(number).study_instance_uid for one in found):
        return f"images with {number} stand in another study than the one of its order"
    return ""


def _wrong_count(department: Department, number: str, booking: Booking, found: tuple[StudySummary, ...]) -> str:
    there, made = sum(one.instances for one in found), _MADE[booking.modality]
    if there == made:
        return ""
    if there > made:
        return f"{number} has {counted(there, 'image')}; the first scan had {made}. Has anybody been scanned again?"
    queue = department.modalities[booking.modality].queue
    waiting = sum(one.accession_number == number for one in queue)
    in_queue = f"; {counted(waiting, 'image')} in the queue of the scanner" if waiting else ""
    return f"{number} has {there} of {counted(made, 'image')}{in_queue}"


def can_send(department: Department, *modalities: str) -> Check:
    """Whether scanners and PACS agree on how images are sent, asked anew."""
    scanners = [department.modalities[one] for one in modalities]
    problems = []
    for scanner in scanners:
        try:
            scanner.check_storage()
        except AssociationFailed as failure:
            problems.append(f"{scanner.station.name}: {failure.what}")
    names = " and ".join(one.station.name for one in scanners)
    return Check(f"{names} can send the next patient's images", not problems, "; ".join(problems))


def nothing_waits(department: Department, *modalities: str) -> Check:
    """Whether scanners have got rid of everything that they had to send."""
    scanners = [department.modalities[one] for one in modalities]
    waiting = [
        f"{counted(len(one.queue), 'image')} in the queue of {one.station.name}" for one in scanners if one.queue
    ]
    names = " and ".join(one.station.name for one in scanners)
    return Check(f"nothing waits in the send queue of {names}", not waiting, ", ".join(waiting))
