"""Whose images these are, and whether the report is about the same person.

Clinical step: before anybody reads an image or a report, the names above both are compared. A picture and a text of two
people side by side is the mistake that the whole workflow is built to prevent.

Rule: images and report belong together where the patient's identifier (with its issuer) and the name agree, and study
UID and accession number do not contradict each other; so do the images among themselves. A value that one side does
not know contradicts nothing; in a name that holds for each component, so a title is no second patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from pydicom import Dataset

from hl7dicom_lab.dicom.person_names import group_keys
from hl7dicom_lab.mapping.names import name_of
from hl7dicom_lab.model import Report
from hl7dicom_lab.views.study.image_file import read_header, text_of

#: What is compared, and how a person calls it.
_COMPARED = {
    "patient_id": "Patient ID",
    "issuer_of_patient_id": "issuer of the Patient ID",
    "patient_name": "Patient's Name",
    "patient_birth_date": "Patient's Birth Date",
    "patient_sex": "Patient's Sex",
    "accession_number": "Accession Number",
    "study_instance_uid": "Study Instance UID",
}

_OF_THE_PATIENT = frozenset({"patient_id", "issuer_of_patient_id", "patient_name", "patient_birth_date", "patient_sex"})


@dataclass(frozen=True)
class ImageIdentity:
    """Who and what an image's data set names, decoded; an empty string means that the image does not say."""

    patient_name: str = ""  # DICOM PN, all its writings
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_birth_date: str = ""  # YYYYMMDD
    patient_sex: str = ""
    accession_number: str = ""
    study_instance_uid: str = ""
    study_description: str = ""
    study_date: str = ""  # YYYYMMDD


def identity_of(data_set: Dataset) -> ImageIdentity:
    """The identity in a data set (Patient, General Study modules: PS3.3 C.7.1.1, C.7.2.1)."""
    return ImageIdentity(
        patient_name=str(data_set.get("PatientName") or ""),
        patient_id=text_of(data_set, "PatientID"),
        issuer_of_patient_id=text_of(data_set, "IssuerOfPatientID"),
        patient_birth_date=text_of(data_set, "PatientBirthDate"),
        patient_sex=text_of(data_set, "PatientSex"),
        accession_number=text_of(data_set, "AccessionNumber"),
        study_instance_uid=text_of(data_set, "StudyInstanceUID"),
        study_description=text_of(data_set, "StudyDescription"),
        study_date=text_of(data_set, "StudyDate"),
    )


def read_identity(path: Path) -> ImageIdentity:
    """The identity in a Part 10 file; its pixels are not read."""
    return identity_of(read_header(path))


def disagreements_among(images: Sequence[ImageIdentity]) -> tuple[str, ...]:
    """Where images of one study contradict each other, a sentence each; empty when they agree."""
    found = []
    for attribute, name in _COMPARED.items():
        values = sorted({value for image in images if (value := getattr(image, attribute))})
        if any(_contradict(attribute, one, other) for one, other in combinations(values, 2)):
            found.append(f"The images disagree on {name}: {' / '.join(values)}.")
    return tuple(found)


def disagreements_with(image: ImageIdentity, report: Report) -> tuple[str, ...]:
    """Where the report contradicts the images, a sentence each; empty when they agree."""
    found = []
    for attribute, name in _COMPARED.items():
        of_image, of_report = getattr(image, attribute), getattr(report, attribute, "")
        if _contradict(attribute, of_image, of_report):
            found.append(f"{name}: the images say {of_image}, the report says {of_report}.")
    return tuple(found)


def two_patients(one: ImageIdentity, other: ImageIdentity) -> tuple[str, ...]:
    """What says that two studies are not of one patient, a sentence each; empty when nothing says so."""
    found = []
    for attribute, name in _COMPARED.items():
        mine, yours = getattr(one, attribute), getattr(other, attribute)
        if attribute in _OF_THE_PATIENT and _contradict(attribute, mine, yours):
            found.append(f"{name}: {mine} on one side, {yours} on the other.")
    return tuple(found)


def _contradict(attribute: str, one: str, other: str) -> bool:
    """Whether two values cannot be one patient's: names by their alphabetic groups, without case and accents."""
    if attribute != "patient_name":
        return bool(one.strip() and other.strip()) and one.strip() != other.strip()
    components = zip(*(group_keys(name)[0].split("^") for name in (one, other)), strict=False)
    return any(mine and yours and mine != yours for mine, yours in components)


def readable_name(patient_name: str) -> str:
    """A DICOM PN as a person reads it, every writing: `Yamada^Tarou=山田^太郎` is `Yamada, Tarou = 山田 太郎`."""
    name = name_of(patient_name)
    others = (" ".join(group.split("^")).strip() for group in (name.ideographic, name.phonetic))
    return " = ".join(filter(None, (str(name), *others)))


def readable_date(stamp: str) -> str:
    """`20260302` as 2026-03-02, `202603020915...` with 09:15; what is no date stays as it is."""
    if not stamp[:8].isdecimal() or len(stamp) < 8:
        return stamp
    date = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
    return f"{date} {stamp[8:10]}:{stamp[10:12]}" if stamp[8:12].isdecimal() and len(stamp) >= 12 else date
