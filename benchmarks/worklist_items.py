"""A worklist of N items and the questions to it, the same for the lab and for every peer.

Of N items twenty are MR examinations of one day; the rest are spread over a year and five modalities.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

HITS = 20
DAY = "20260302"
_PATIENT = ("AccessionNumber", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID")
_PROCEDURE = ("RequestedProcedureID", "RequestedProcedureDescription", "ReferringPhysicianName", "AdmissionID")
_STEP = (
    "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
    "ScheduledProcedureStepID", "ScheduledProcedureStepDescription", "ScheduledPerformingPhysicianName",
)  # fmt: skip


def items(count: int) -> Iterator[Dataset]:
    """The items of a worklist, by their number."""
    for number in range(count):
        yield _item(number)


def numbered(number: int, kind: int, *, today: bool) -> Dataset:
    """An item with this number in all its identifiers, its day and modality those of item `kind`."""
    item = _item(HITS + kind)
    step = item.ScheduledProcedureStepSequence[0]
    if today:
        step.Modality, step.ScheduledProcedureStepStartDate = "MR", DAY
    item.AccessionNumber, item.PatientID, item.PatientName = f"A{number}", f"P{number}", f"RIVERA^ELENA{number}"
    item.StudyInstanceUID, item.RequestedProcedureID, item.AdmissionID = f"2.25.{number}", f"R{number}", f"V{number}"
    step.ScheduledProcedureStepID = f"S{number}"
    return item


def patient_id(number: int) -> str:
    """The PatientID of an item."""
    return f"P{number:06d}"


def question(**keys: str) -> Dataset:
    """A query for what a scanner shows, with values for some keys."""
    query, step = Dataset(), Dataset()
    for keyword in (*_PATIENT, *_PROCEDURE):
        setattr(query, keyword, keys.get(keyword, ""))
    for keyword in _STEP:
        setattr(step, keyword, keys.get(keyword, ""))
    query.ScheduledProcedureStepSequence = [step]
    return query


def write_files(folder: Path, count: int) -> None:
    """The items as files, `0000001.wl` and so on: what wlmscpfs and Orthanc read."""
    folder.mkdir(parents=True)
    for number, item in enumerate(items(count)):
        item.file_meta = FileMetaDataset()
        item.file_meta.MediaStorageSOPClassUID = UID("1.2.276.0.7230010.3.1.0.1")
        item.file_meta.MediaStorageSOPInstanceUID = UID(f"2.25.9{number}")
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.save_as(folder / f"{number:07d}.wl", enforce_file_format=True)
    (folder / "lockfile").touch()


def _item(number: int) -> Dataset:
    today = number < HITS
    item, step = Dataset(), Dataset()
    item.SpecificCharacterSet = "ISO_IR 192"
    item.AccessionNumber = f"A{number:07d}"
    item.PatientName = f"RIVERA^ELENA{number}"
    item.PatientID = patient_id(number)
    item.PatientBirthDate = f"19{number % 90 + 10}0617"
    item.PatientSex = "FM"[number % 2]
    item.StudyInstanceUID = f"2.25.{number + 1}"
    item.RequestedProcedureID = f"R{number}"
    item.RequestedProcedureDescription = "MRI brain without contrast"
    item.ReferringPhysicianName = "CHANDRA^ASHA"
    item.AdmissionID = f"V{number}"
    step.Modality = "MR" if today else ("CR", "CT", "MR", "US", "XA")[number % 5]
    step.ScheduledStationAETitle = "NORTHGATE_MR1"
    step.ScheduledProcedureStepStartDate = DAY if today else f"2027{number % 12 + 1:02d}{number % 28 + 1:02d}"
    step.ScheduledProcedureStepStartTime = f"{8 + number % 10:02d}{number % 6}000"
    step.ScheduledProcedureStepID = f"S{number}"
    step.ScheduledProcedureStepDescription = "T1 axial"
    step.ScheduledPerformingPhysicianName = "LINDQVIST^PER"
    item.ScheduledProcedureStepSequence = [step]
    return item
