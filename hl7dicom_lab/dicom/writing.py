"""A data set as the bytes of one transfer syntax, for whoever sends it (PS3.5 section 7 and Annex A).

Rule: text that the declared character set cannot hold is refused. pydicom would write `?` and warn; a patient's name
that was altered on the way is worse than an error.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from hl7dicom_lab.dicom import character_set
from hl7dicom_lab.dicom.elements import Encoding


def write_data_set(data_set: Dataset, transfer_syntax_uid: str) -> bytes:
    """The data set without file meta. Raises `CannotEncode` for text that its character set does not have."""
    character_set.check(data_set)
    encoding = Encoding.of(transfer_syntax_uid)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = encoding.implicit_vr
    buffer.is_little_endian = encoding.little_endian
    write_dataset(buffer, data_set)
    return buffer.getvalue()
