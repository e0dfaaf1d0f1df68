"""From a worklist item to an image: what the scanner copies, and what it makes.

IHE RAD-8 with its Appendix A; PS3.17 Annex J. Rules: identity is copied, never typed; the schedule (planned time,
planned station, step status) is not copied, because the image tells what really happened; UIDs of series and instance
are the scanner's own.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from hl7dicom_lab.dicom import character_set
from hl7dicom_lab.mapping import character_sets
from hl7dicom_lab.mapping.attributes import get, put, shown
from hl7dicom_lab.mapping.table import REQUEST, WORKLIST_TO_IMAGE
from hl7dicom_lab.model import Origin

_MODALITY = "made by the modality"

#: Attributes that every image has, empty where nobody knows the value (type 2; PS3.3 C.7.1.1 and C.7.2.1).
ALWAYS_PRESENT = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber",
    "ReferringPhysicianName",
)  # fmt: skip


@dataclass(frozen=True)
class MadeByModality:
    """What the scanner makes for one image. Times are when it happened, not when it was planned."""

    sop_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    series_number: int
    instance_number: int
    study_started: datetime
    acquired: datetime
    modality: str
    station_name: str
    institution_name: str = ""
    series_description: str = ""
    study_instance_uid: str = ""  # for an unscheduled examination: an item with a study keeps its own


@dataclass(frozen=True)
class TaggedImage:
    """An image with its identity, and where each attribute of the identity came from."""

    data_set: Dataset = field(repr=False)
    origins: tuple[Origin, ...] = field(repr=False)


def worklist_to_image(item: Dataset, acquisition: Dataset, made: MadeByModality) -> TaggedImage:
    """Tag one acquired image (pixels and geometry, no identity) with a worklist item.

    `item` is an answer of the worklist, as it came; for an unscheduled examination it has the patient and nothing else,
    and the study's UID is the modality's own. `acquisition` is not changed.
    """
    image = deepcopy(acquisition)
    origins = copy_identity(item, image) | _make(image, made)
    for keyword in ALWAYS_PRESENT:
        if keyword not in image:
            setattr(image, keyword, "")
    terms = character_sets.holding(image, character_set.terms_of(item))
    if terms != character_set.terms_of(image):
        image.SpecificCharacterSet = list(terms)
        now_declared = shown(image.SpecificCharacterSet)
        origins["SpecificCharacterSet"] = Origin(
            "SpecificCharacterSet", now_declared, _MODALITY, rule="holds every text"
        )
    return TaggedImage(image, tuple(origins.values()))


def copy_identity(item: Dataset, image: Dataset) -> dict[str, Origin]:
    """Put into the image what a worklist item gives it; where each attribute came from, by its path."""
    origins = {}
    scheduled = bool(get(item, "RequestedProcedureID"))
    for row in WORKLIST_TO_IMAGE:
        value = get(item, row.worklist)
        if value in (None, "") or (isinstance(value, DicomSequence) and not value):
            continue
        for path in row.image:
            # Without a requested procedure the image answers no request (PS3.3 Table 10-9: type 1C within the item).
            if scheduled or not path.startswith(REQUEST):
                put(image, path, deepcopy(value))
                origins[path] = Origin(path, shown(value), row.worklist, shown(value), "copied from the worklist")
    return origins


def _make(image: Dataset, made: MadeByModality) -> dict[str, Origin]:
    started, acquired = made.study_started, made.acquired
    values: dict[str, Any] = {
        "SOPInstanceUID": made.sop_instance_uid,
        "SeriesInstanceUID": made.series_instance_uid,
        "FrameOfReferenceUID": made.frame_of_reference_uid,
        "SeriesNumber": made.series_number,
        "InstanceNumber": made.instance_number,
        "Modality": made.modality,
        "StationName": made.station_name,
        "SeriesDescription": made.series_description or get(image, "SeriesDescription"),
    }
    # The series begins with the study: its images have one SeriesTime (PS3.3 section C.7.3.1), each its own moment.
    for stage, moment in (("Study", started), ("Series", started), ("Acquisition", acquired), ("Content", acquired)):
        values |= {f"{stage}Date": f"{moment:%Y%m%d}", f"{stage}Time": f"{moment:%H%M%S}"}
    if not get(image, "StudyInstanceUID"):
        values["StudyInstanceUID"] = made.study_instance_uid
    if not get(image, "InstitutionName"):
        values["InstitutionName"] = made.institution_name
    known = {keyword: value for keyword, value in values.items() if value not in (None, "")}
    for keyword, value in known.items():
        setattr(image, keyword, value)
    return {keyword: Origin(keyword, str(value), _MODALITY, rule="made") for keyword, value in known.items()}
