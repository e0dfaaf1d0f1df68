from __future__ import annotations

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import MRImageStorage

from hl7dicom_lab.dicom.acquisition import identity_in, read_series, write_acquisition
from hl7dicom_lab.errors import CannotBuild, NotFound


def acquisition(number: int = 1) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = MRImageStorage
    ds.Modality = "MR"
    ds.InstanceNumber = number
    return ds


def test_a_series_comes_back_sorted_by_instance_number(tmp_path):
    for name, number in (("a", 10), ("b", 2), ("c", 1)):
        write_acquisition(acquisition(number), tmp_path / f"{name}.dcm")
    assert [ds.InstanceNumber for ds in read_series(tmp_path)] == [1, 2, 10]


def test_each_call_reads_fresh_data_sets(tmp_path):
    write_acquisition(acquisition(), tmp_path / "a.dcm")
    read_series(tmp_path)[0].PatientID = "MRN-1"
    assert identity_in(read_series(tmp_path)[0]) == ()


def test_the_file_has_meta_information_but_no_instance(tmp_path):
    write_acquisition(acquisition(), tmp_path / "a.dcm")
    meta = dcmread(tmp_path / "a.dcm").file_meta
    assert meta.MediaStorageSOPClassUID == MRImageStorage
    assert meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert meta.FileMetaInformationGroupLength > 0
    assert "MediaStorageSOPInstanceUID" not in meta


def test_the_same_data_set_gives_the_same_bytes(tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_acquisition(acquisition(), tmp_path / name)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "MRN-1"),
        ("PatientWeight", 70),
        ("StudyInstanceUID", "1.2"),
        ("SOPInstanceUID", "1.2"),
        ("AccessionNumber", ""),
    ],
)
def test_an_identity_is_refused_on_the_way_out_and_in(tmp_path, keyword, value):
    ds = acquisition()
    write_acquisition(ds, tmp_path / "a.dcm")
    setattr(ds, keyword, value)
    with pytest.raises(CannotBuild, match=f"{keyword}.*worklist"):
        write_acquisition(ds, tmp_path / "b.dcm")
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=False)
    with pytest.raises(CannotBuild, match=keyword):
        read_series(tmp_path)


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"no images.*data/mr_brain"):
        read_series(tmp_path / "nowhere")
