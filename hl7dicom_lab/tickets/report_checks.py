"""What has to hold of reports when a ticket is closed: EMR and PACS show the same, and so they will the next time.

IHE RAD-28. Rule: the next time is tried with the test patient, who is ordered for, scanned and reported on; then the
report is cancelled (OBR-25 = X), the images are withdrawn and the order is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hl7dicom_lab import story
from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import LabError, NotFound
from hl7dicom_lab.model import ImagingOrder, Report, ReportStatus, StudySummary
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.tickets import morning, probe
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Check

_WORDS = {
    ReportStatus.PRELIMINARY: "a preliminary report",
    ReportStatus.FINAL: "a final report",
    ReportStatus.CORRECTED: "a corrected report",
    ReportStatus.CANCELED: "a cancelled report",
}


def final_in_both(department: Department, booking: Booking, text: str) -> Check:
    """Whether EMR and PACS show the final report on a patient's examination, as it was signed."""
    name = morning.full_name(booking.patient)
    seen = _other_than_final(department, morning.accession_number(department, booking), text)
    return Check(f"EMR and PACS show the report on {name} that was signed", not seen, seen)


def reaches_both(department: Department) -> Check:
    """Whether a report on the test patient reaches both receivers."""
    words = "a report on the test patient reaches EMR and PACS"
    try:
        with _tested(department) as test:
            sent = department.dictation.send(test.report(ReportStatus.FINAL))
            said = "; ".join(
                f"{one.receiver}: {one.failure.what}" if one.failure else str(one) for one in sent if not one.accepted
            )
            return Check(words, not said, said)
    except LabError as problem:
        return Check(words, False, problem.what)


def late_preliminary_gives_way(department: Department) -> Check:
    """Whether both receivers keep showing a final report on the test patient when an older preliminary one comes."""
    words = "on the test patient, a final report stays when a preliminary one comes after it"
    try:
        with _tested(department) as test:
            preliminary, final = test.report(ReportStatus.PRELIMINARY), test.report(ReportStatus.FINAL)
            for report in (final, preliminary):
                department.dictation.send(report)
            seen = _other_than_final(department, final.accession_number, final.text)
            return Check(words, not seen, seen)
    except LabError as problem:
        return Check(words, False, problem.what)


def _other_than_final(department: Department, accession_number: str, text: str) -> str:
    """What EMR or PACS show instead of the final report with this text; "" where both show it."""
    seen = []
    for system, shelf in (("the EMR", department.emr.reports), ("the PACS", department.pacs.reports)):
        shown = [one.report for one in shelf.current_versions(accession_number=accession_number)]
        if len(shown) != 1:
            seen.append(f"{system} shows {counted(len(shown), 'report') if shown else 'none'}")
        elif shown[0].status is not ReportStatus.FINAL:
            seen.append(f"{system} shows {_WORDS[shown[0].status]}")
        elif shown[0].text != text:
            seen.append(f"{system} shows another text")
    return ", ".join(seen)


@dataclass(frozen=True)
class _Test:
    """The test patient with images in the archive, ready to be reported on."""

    department: Department
    study: StudySummary
    order: ImagingOrder

    def report(self, status: ReportStatus) -> Report:
        """A report on it that is not sent yet."""
        text = f"Interface test: {_WORDS[status]}."
        return self.department.dictation.dictate(self.study, text, order=self.order, status=status)

    def cancel(self) -> None:
        """Take every report on it back, for all who got one."""
        self.department.dictation.send(self.report(ReportStatus.CANCELED))


@contextmanager
def _tested(department: Department) -> Iterator[_Test]:
    """The test patient is ordered for and scanned; at the end everything is taken back. Raises `LabError`."""
    scanner = department.modalities["CT"]
    with probe.ordered(department, modality="CT", procedure=story.CT_CHEST, protocol=None) as tried:
        scanner.check_storage()
        items = scanner.query(PatientID=probe.TEST_PATIENT.identifier.value)
        if not items:
            raise NotFound(tried.problem or "the test patient is not on the worklist of CT1")
        scanner.store(scanner.examine(items[0]))
        archive = department.pacs.archive
        study = archive.find_study(accession_number=str(items[0].AccessionNumber))
        test = _Test(department, study, tried.order)
        try:
            yield test
        finally:
            test.cancel()
            images = {one.sop_instance_uid: "" for one in archive.instances(study.study_instance_uid)}
            archive.withdrawals.withdraw(
                study.study_instance_uid,
                images,
                by="interface test",
                because="images of the test patient",
                at=department.clock.tick(),
            )
