"""What a scanner knows before it knows whose picture it is: acquisition data sets.

Clinical step: the scan. Pixels, geometry and technique come from the acquisition; patient, study, series and instance
are added from the worklist item (IHE RAD-8; `mapping/worklist_to_image.py`). The course's images are kept as they are
between these two moments.

Rule: an acquisition data set carries no identity: nothing of the Patient module (group 0010), no UID that names one
study, series, instance or frame of reference, no accession number. An image that knows a patient already would keep
that patient under a new name.

Form: a file as in PS3.10 section 7 (preamble, `DICM`, file meta information, Explicit VR Little Endian), but without
Media Storage SOP Instance UID (0002,0003), because there is no instance yet.
"""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.errors import CannotBuild, NotFound

_PATIENT_GROUP = 0x0010
#: Attributes outside group 0010 that name one patient's study, series or image.
_IDENTIFYING = (
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "InstitutionName",
    "RequestAttributesSequence",
)


def identity_in(data_set: Dataset) -> tuple[str, ...]:
    """Keywords (or tags) of the attributes that say whose image it is; empty for an acquisition data set."""
    patient = [element.keyword or str(element.tag) for element in data_set.group_dataset(_PATIENT_GROUP)]
    return (*patient, *(keyword for keyword in _IDENTIFYING if keyword in data_set))


def read_series(folder: Path) -> tuple[Dataset, ...]:
    """The acquisition data sets in `folder` (its `.dcm` files), sorted by InstanceNumber. Each call reads them anew.

    Raises NotFound where the folder is missing or has no `.dcm` file, CannotBuild where a data set has an identity.
    """
    paths = sorted(folder.glob("*.dcm"))
    if not paths:
        raise NotFound(
            "there are no images (.dcm) here",
            where=str(folder),
            next_step="name a folder such as data/mr_brain; course_files.data_folder() says where data is",
        )
    data_sets = [_read(path) for path in paths]
    return tuple(sorted(data_sets, key=lambda data_set: int(data_set.get("InstanceNumber") or 0)))


def write_acquisition(data_set: Dataset, path: Path) -> None:
    """Write one acquisition data set in the form that `read_series` reads. The same data set gives the same bytes.

    Raises CannotBuild where the data set has an identity.
    """
    _refuse_identity(data_set, path)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.FileMetaInformationGroupLength = 0  # dcmwrite puts the true length in
    data_set.file_meta.FileMetaInformationVersion = b"\x00\x01"
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.preamble = b"\x00" * 128
    dcmwrite(path, data_set, enforce_file_format=False)


def _read(path: Path) -> Dataset:
    data_set = dcmread(path)
    _refuse_identity(data_set, path)
    return data_set


def _refuse_identity(data_set: Dataset, path: Path) -> None:
    identity = identity_in(data_set)
    if identity:
        raise CannotBuild(
            f"an acquisition has no identity yet, but this one has {', '.join(identity)}",
            where=str(path),
            next_step="remove these attributes; the worklist item brings them",
        )
