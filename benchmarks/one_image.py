"""A small MR image: what a scanner acquires, and the same with somebody's name on it."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from benchmarks.dicom_client import MR_IMAGE, element, padded

_SIDE = 64
_PIXELS = b"".join(
    element(0x0028, number, value)
    for number, value in (
        (0x0002, (1).to_bytes(2, "little")),
        (0x0004, b"MONOCHROME2 "),
        (0x0010, _SIDE.to_bytes(2, "little")),
        (0x0011, _SIDE.to_bytes(2, "little")),
        (0x0100, (16).to_bytes(2, "little")),
        (0x0101, (12).to_bytes(2, "little")),
        (0x0102, (11).to_bytes(2, "little")),
        (0x0103, (0).to_bytes(2, "little")),
    )
) + element(0x7FE0, 0x0010, bytes(2 * _SIDE * _SIDE))


def acquired() -> Dataset:
    """Pixels, without identity."""
    image = Dataset()
    image.SOPClassUID, image.Modality = UID(MR_IMAGE), "MR"
    image.Rows = image.Columns = _SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.PixelData = bytes(2 * _SIDE * _SIDE)
    return image


def encoded(number: int, patient_id: str, accession_number: str, study: str) -> bytes:
    """The bytes of `tagged` in Implicit VR Little Endian, made without a library: a client that costs nothing."""
    texts = {
        (0x0008, 0x0016): MR_IMAGE,
        (0x0008, 0x0018): f"2.25.89{number}",
        (0x0008, 0x0020): "20260302",
        (0x0008, 0x0030): "093000",
        (0x0008, 0x0050): accession_number,
        (0x0008, 0x0060): "MR",
        (0x0010, 0x0010): "Rivera^Elena^Maria",
        (0x0010, 0x0020): patient_id,
        (0x0010, 0x0030): "19840617",
        (0x0010, 0x0040): "F",
        (0x0020, 0x000D): study,
        (0x0020, 0x000E): f"2.25.88{number}",
        (0x0020, 0x0010): "1",
        (0x0020, 0x0011): "1",
        (0x0020, 0x0013): "1",
    }
    return b"".join(element(*tag, padded(text)) for tag, text in texts.items()) + _PIXELS


def tagged(number: int, patient_id: str, accession_number: str, study: str) -> Dataset:
    """The image of a patient, by the number of the cycle."""
    image = acquired()
    image.PatientID, image.PatientName, image.AccessionNumber = patient_id, "Rivera^Elena^Maria", accession_number
    image.PatientBirthDate, image.PatientSex = "19840617", "F"
    image.StudyInstanceUID, image.SeriesInstanceUID = UID(study), UID(f"2.25.88{number}")
    image.SOPInstanceUID = UID(f"2.25.89{number}")
    image.StudyDate, image.StudyTime, image.StudyID = "20260302", "093000", "1"
    image.SeriesNumber = image.InstanceNumber = 1
    return image
