"""A DICOM data set as bytes and back, without file meta (PS3.5 section 7, Explicit VR Little Endian).

Rule: text that the declared character set cannot hold is refused. pydicom would write `?` and warn; an identity that
was altered on the way is worse than an error.
"""

from __future__ import annotations

from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.dicom import character_set

#: How `encode` writes, by its UID.
TRANSFER_SYNTAX = ExplicitVRLittleEndian


def encode(data_set: Dataset) -> bytes:
    """The data set in Explicit VR Little Endian.

    Raises `CannotEncode` where SpecificCharacterSet (0008,0005) does not have a character of a value.
    """
    character_set.check(data_set)
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = False
    write_dataset(buffer, data_set)
    return buffer.getvalue()


def read(raw: bytes) -> Dataset:
    """The data set that `encode` wrote, its values still as they were written: for matching and passing on."""
    return read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)


def decode(raw: bytes) -> Dataset:
    """The data set that `encode` wrote, its texts decoded."""
    data_set = read(raw)
    data_set.decode()
    return data_set
