"""Images that were made under the wrong worklist item get the right identity.

Clinical step: the technologist picked the wrong line of the worklist, and the images of one patient stand under the
name of another. IHE: Patient Information Reconciliation, and Imaging Object Change Management, where the Image Manager
gets a rejection note (113038 Incorrect Modality Worklist Entry) and the corrected images. Rules: the images stay as
they came and are withdrawn; corrected copies, with UIDs of their own, take their place in the study of the right order;
who did it and why stays on record. The copies are kept before the originals go, so that an interruption loses nothing,
and whoever does it again gets the same copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.actors.on_record import check_on_record
from hl7dicom_lab.clock import Mint
from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import CannotBuild
from hl7dicom_lab.mapping.image_correction import corrected_image
from hl7dicom_lab.model import ReceivedInstance, StoredInstance, StudySummary
from hl7dicom_lab.storage.archive import Archive

_IDENTITY = ("PatientID", "AccessionNumber", "StudyInstanceUID")


@dataclass(frozen=True, repr=False)
class Reassigned:
    """What was done: the images of one examination stand under another one now."""

    from_accession_number: str
    to_accession_number: str
    patient_id: str
    images: int

    def __repr__(self) -> str:
        return (
            f"<{counted(self.images, 'image')} of {self.from_accession_number} withdrawn; corrected copies stand under "
            f"{self.to_accession_number}, patient {self.patient_id}>"
        )


class Reassigning:
    """Reassigns the images of one archive. `ae_title` is the archive's own, the source of the corrected copies."""

    def __init__(self, archive: Archive, mint: Mint, ae_title: str) -> None:
        self._archive = archive
        self._mint = mint
        self._ae_title = ae_title

    def reassign(self, study: StudySummary, to: Any, *, by: str, because: str, at: datetime) -> Reassigned:
        """Withdraw the images of a study, and keep corrected copies with the identity of a worklist item.

        Raises `CannotBuild` where `to` is none, names no patient, order and study, or is the images' own, and where
        nobody or no reason is named.
        """
        item = _checked(study, to, by, because)
        replacements = {}
        for image in self._archive.instances(study.study_instance_uid):
            replacements[image.sop_instance_uid] = self._corrected(image, item, at)
        self._archive.withdrawals.withdraw(study.study_instance_uid, replacements, by=by, because=because, at=at)
        return Reassigned(study.accession_number, str(item.AccessionNumber), str(item.PatientID), len(replacements))

    def _corrected(self, image: StoredInstance, item: Dataset, at: datetime) -> str:
        """Keep the corrected copy of an image; its SOP Instance UID, the same however often this is tried."""
        target = f"in study {item.StudyInstanceUID}"
        uid = self._mint.uid_for(f"corrected image {image.sop_instance_uid} {target}")
        if self._archive.instance(uid) is not None:
            return uid
        copy = corrected_image(
            dcmread(image.path),
            item,
            sop_instance_uid=uid,
            series_instance_uid=self._mint.uid_for(f"corrected series {image.series_instance_uid} {target}"),
            system=story.PACS,
            moment=at,
        )
        body = write_data_set(copy, image.transfer_syntax_uid)
        syntax = image.transfer_syntax_uid
        self._archive.store(ReceivedInstance(image.sop_class_uid, uid, syntax, body, self._ae_title))
        return uid


def _checked(study: StudySummary, to: Any, by: str, because: str) -> Dataset:
    item = to if isinstance(to, Dataset) else Dataset()
    missing = [keyword for keyword in _IDENTITY if not item.get(keyword)]
    if missing:
        raise CannotBuild(
            f"the right identity is missing ({', '.join(missing)})",
            where="to",
            next_step="give the worklist item of the right order: lab.modality.query() has it, or build a Dataset "
            "with patient, order and study",
        )
    if item.StudyInstanceUID == study.study_instance_uid:
        raise CannotBuild(
            "the images belong to this study already",
            where="StudyInstanceUID",
            next_step="give the worklist item of the order for which they were made",
        )
    check_on_record("a correction", by=by, because=because)
    return item
