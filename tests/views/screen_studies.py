"""Small studies for the tests of the final screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom import DataElement, Dataset, dcmwrite
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from hl7dicom_lab.model import CodedEntry, Report, ReportStatus

RAMP = np.arange(16, dtype="<u2").reshape(4, 4) * 100


def image(number: int = 1, pixels: np.ndarray = RAMP, **changed: object) -> Dataset:
    """A grey image of an example patient; keywords replace or add attributes."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, f"1.2.3.{number}"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Example^Elif", "MRN-1", "NORTHGATE"
    ds.PatientBirthDate, ds.PatientSex = "19700101", "F"
    ds.StudyInstanceUID, ds.AccessionNumber, ds.StudyDate = "1.2.3", "ACC1", "20260302"
    ds.StudyDescription = "MR Head without contrast"
    ds.Modality, ds.InstanceNumber = "MR", number
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = 750, 1500
    ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], [1, 1]
    ds.PixelData = pixels.tobytes()
    for keyword, value in changed.items():
        tag = tag_for_keyword(keyword)
        ds[tag] = DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE)  # a stranger's image may be wrong
    return ds


def write(ds: Dataset, folder: Path, transfer_syntax: UID = ExplicitVRLittleEndian) -> Path:
    """The image as a Part 10 file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = transfer_syntax
    path = folder / f"{int(ds.InstanceNumber):03}.dcm"
    dcmwrite(path, ds, enforce_file_format=True)
    return path


def study(folder: Path, count: int = 3, **changed: object) -> tuple[Path, ...]:
    """`count` images, written."""
    return tuple(write(image(number, **changed), folder) for number in range(1, count + 1))


def report(text: str = "FINDINGS\nNormal head.", **changed: object) -> Report:
    """A final report on the same study."""
    values: dict[str, object] = {
        "patient_id": "MRN-1",
        "issuer_of_patient_id": "NORTHGATE",
        "patient_name": "EXAMPLE^ELIF",
        "accession_number": "ACC1",
        "study_instance_uid": "1.2.3",
        "status": ReportStatus.FINAL,
        "text": text,
        "procedure": CodedEntry("MRHEAD", "MR Head without contrast", "L"),
        "status_changed_at": "20260302093012",
        "signed_by": "Reader^Rosa^^Dr",
    }
    return Report(**(values | changed))  # type: ignore[arg-type]
