"""The archive's model for queries, Study Root: which attribute belongs to which level (PS3.4 section C.6.2).

Whoever asks names a level in QueryRetrieveLevel (0008,0052) and gets one answer for each study, series or image that
matches. The patient has no level of its own here: the patient's attributes are the study's (section C.3.2). The source
is PS3.4; nothing here is code.

Rule: an attribute is a key at its own level only. The optional keys are those that this archive supports; it matches
them in the same manner as the required ones. Sequences are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QueryLevel:
    """One level: its value in (0008,0052), and its unique, required and supported optional keys, by keyword."""

    name: str
    unique: str
    required: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys of the level."""
        return (self.unique, *self.required, *self.optional)


#: From the top of the hierarchy down.
STUDY_ROOT = (
    QueryLevel(
        "STUDY",
        unique="StudyInstanceUID",
        required=("StudyDate", "StudyTime", "AccessionNumber", "PatientName", "PatientID", "StudyID"),
        optional=(
            "IssuerOfPatientID",
            "PatientBirthDate",
            "PatientSex",
            "PatientAge",
            "ReferringPhysicianName",
            "StudyDescription",
            "ModalitiesInStudy",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
        ),
    ),
    QueryLevel(
        "SERIES",
        unique="SeriesInstanceUID",
        required=("Modality", "SeriesNumber"),
        optional=(
            "SeriesDescription",
            "SeriesDate",
            "SeriesTime",
            "BodyPartExamined",
            "Laterality",
            "ProtocolName",
            "OperatorsName",
            "PerformingPhysicianName",
            "StationName",
            "InstitutionName",
            "Manufacturer",
            "NumberOfSeriesRelatedInstances",
        ),
    ),
    QueryLevel(
        "IMAGE",
        unique="SOPInstanceUID",
        required=("InstanceNumber",),
        optional=(
            "SOPClassUID",
            "ImageType",
            "AcquisitionNumber",
            "AcquisitionDate",
            "AcquisitionTime",
            "ContentDate",
            "ContentTime",
            "NumberOfFrames",
            "Rows",
            "Columns",
        ),
    ),
)


def level_of(keyword: str) -> QueryLevel | None:
    """The level that an attribute is a key of; None for one that the archive does not support."""
    return next((level for level in STUDY_ROOT if keyword in level.keys), None)
