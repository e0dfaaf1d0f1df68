from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage

from hl7dicom_lab.dicom.file_meta import part10
from hl7dicom_lab.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hl7dicom_lab.dicom.writing import write_data_set


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("source", ["", "MR1", "MR22"])
def test_the_file_holds_the_data_set_as_it_came(syntax, source):
    data_set = Dataset()
    data_set.SOPClassUID, data_set.SOPInstanceUID, data_set.PatientName = MRImageStorage, "2.25.1", "A^B"
    raw = write_data_set(data_set, syntax)
    content = part10(
        raw, sop_class_uid=MRImageStorage, sop_instance_uid="2.25.1", transfer_syntax_uid=syntax, source_ae_title=source
    )
    assert content.endswith(raw)
    read = dcmread(BytesIO(content))
    assert read == data_set
    meta = read.file_meta
    assert meta.FileMetaInformationGroupLength == len(content) - 128 - 4 - 12 - len(raw)
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (MRImageStorage, "2.25.1")
    assert (meta.TransferSyntaxUID, meta.FileMetaInformationVersion) == (syntax, b"\x00\x01")
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
    assert meta.get("SourceApplicationEntityTitle", "") == source


def test_our_own_identifiers_are_well_formed():
    from hl7dicom_lab.dicom.instance import check_uid

    check_uid(IMPLEMENTATION_CLASS_UID, "ImplementationClassUID")
    assert IMPLEMENTATION_CLASS_UID.startswith("2.25.")
    assert len(IMPLEMENTATION_VERSION_NAME) <= 16
