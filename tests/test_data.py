"""The course's images are what their README says: complete, evenly spaced, not mirrored, and nobody's."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import identity_in, read_series

FOLDERS = ("mr_brain", "cr_chest", "ct_slice")


@pytest.fixture(scope="module")
def brain() -> tuple[Dataset, ...]:
    return read_series(data_folder() / "mr_brain")


@pytest.fixture(scope="module")
def chest() -> Dataset:
    (image,) = read_series(data_folder() / "cr_chest")
    return image


@pytest.fixture(scope="module")
def slice_() -> Dataset:
    (image,) = read_series(data_folder() / "ct_slice")
    return image


def every_image() -> list[Dataset]:
    return [image for name in FOLDERS for image in read_series(data_folder() / name)]


# ---- identity


def test_no_image_belongs_to_anybody():
    for image in every_image():
        assert identity_in(image) == ()
        assert image.group_dataset(0x0010) == Dataset()


def test_no_uid_but_the_sop_class_and_the_transfer_syntax():
    for image in every_image():
        assert [element.keyword for element in image if element.VR == "UI"] == ["SOPClassUID"]
        assert "MediaStorageSOPInstanceUID" not in image.file_meta
        assert image.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_no_date_no_time_and_no_private_attribute():
    for image in every_image():
        assert [element.keyword for element in image if element.VR in ("DA", "TM", "DT")] == []
        assert [element.tag for element in image if element.tag.is_private] == []


def test_every_image_says_that_it_is_derived_and_from_what():
    for image in every_image():
        assert image.ImageType[:2] == ["DERIVED", "SECONDARY"]
        assert "teaching only" in image.DerivationDescription
        assert "derived" in image.Manufacturer


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_names_source_and_licence(name):
    text = (data_folder() / name / "README.md").read_text(encoding="utf-8")
    assert "## Where it comes from" in text
    assert "## Licence" in text
    assert (data_folder() / name / "make.py").exists()


# ---- MR


def test_the_brain_has_24_slices_in_order(brain):
    assert [int(image.InstanceNumber) for image in brain] == list(range(1, 25))
    assert {image.Modality for image in brain} == {"MR"}


def test_the_brain_is_256_by_256_in_12_of_16_bits(brain):
    for image in brain:
        assert (image.Rows, image.Columns) == (256, 256)
        assert (image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation) == (16, 12, 11, 0)
        assert image.pixel_array.max() < 4096
    assert max(image.pixel_array.max() for image in brain) > 3000


def test_the_brain_is_about_three_megabytes():
    size = sum(path.stat().st_size for path in (data_folder() / "mr_brain").glob("*.dcm"))
    assert 3.0e6 < size < 3.5e6


def test_the_slices_are_axial_and_6_mm_apart(brain):
    positions = np.array([image.ImagePositionPatient for image in brain], float)
    assert np.allclose(np.diff(positions, axis=0), (0, 0, 6))
    for image in brain:
        assert image.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
        assert (image.SliceThickness, image.SpacingBetweenSlices, *image.PixelSpacing) == (6, 6, 1, 1)
        assert image.SliceLocation == image.ImagePositionPatient[2]


#: Centre of brightness of a slice of the source volume, mm to patient left and to posterior (voxels above 20 of 255).
SOURCE_CENTRES = {1: (1.25, 17.99), 4: (0.52, 16.01), 11: (-0.97, 14.91), 17: (-0.99, 15.81), 24: (-0.76, 25.14)}


@pytest.mark.parametrize(("number", "centre"), SOURCE_CENTRES.items())
def test_the_brain_is_not_mirrored(brain, number, centre):
    image = brain[number - 1]
    bright = np.where(image.pixel_array > 20 * 15, image.pixel_array, 0).astype(float)
    left = float(image.ImagePositionPatient[0]) + np.arange(image.Columns) * float(image.PixelSpacing[1])
    posterior = float(image.ImagePositionPatient[1]) + np.arange(image.Rows) * float(image.PixelSpacing[0])
    found = (bright.sum(axis=0) @ left / bright.sum(), bright.sum(axis=1) @ posterior / bright.sum())
    assert found == pytest.approx(centre, abs=0.06)


def test_the_face_is_at_the_top_of_the_image_and_at_the_foot_end(brain):
    """Eyes and nose reach far to the front in the lower slices; the crown is small and in the last slice."""
    lit = [image.pixel_array > 600 for image in brain]
    assert np.argmax(lit[2].any(axis=1)) < np.argmax(lit[20].any(axis=1))
    assert lit[23].sum() < lit[12].sum() / 3


# ---- CR and CT


def test_the_radiograph_is_a_cr_of_12_bits_below_two_megabytes(chest):
    assert (chest.Modality, chest.PhotometricInterpretation, chest.BitsStored) == ("CR", "MONOCHROME1", 12)
    assert chest.ViewPosition == "AP"
    assert chest.PatientOrientation == ["L", "F"]
    assert (data_folder() / "cr_chest" / "image_01.dcm").stat().st_size < 2_000_000
    low, high = np.percentile(chest.pixel_array, [1, 99])
    window = float(chest.WindowCenter) + np.array([-0.5, 0.5]) * float(chest.WindowWidth)
    assert low > window[0] - 300
    assert high < window[1] + 300


def test_the_radiograph_says_in_the_image_that_it_is_computed(chest):
    writing = chest.pixel_array[760:781, 24:312] == 0
    assert 0.2 < writing.mean() < 0.5


def test_the_heart_of_the_radiograph_is_on_the_patient_left(chest):
    """MONOCHROME1: dense is low. The left of the patient is the right of the image."""
    pixels = chest.pixel_array[540:640].astype(float)
    middle = chest.Columns // 2
    heart, opposite = pixels[:, middle + 80 : middle + 260].mean(), pixels[:, middle - 260 : middle - 180].mean()
    assert heart < opposite


def test_the_ct_slice_is_in_hounsfield_units(slice_):
    assert (slice_.Modality, slice_.Rows, slice_.Columns, slice_.BitsStored) == ("CT", 512, 512, 12)
    hu = slice_.pixel_array * slice_.RescaleSlope + slice_.RescaleIntercept
    assert hu[0, 0] == -1024  # outside the circle
    assert hu[300:340, 130:180].mean() == pytest.approx(-860, abs=60)  # right lung
    assert hu[225, 235] > 200  # ascending aorta, contrast
    assert slice_.WindowCenter == [-600, 40]
    assert slice_.WindowWidth == [1600, 400]


def test_the_nodule_of_the_ct_slice_is_on_the_patient_left(slice_):
    hu = slice_.pixel_array * slice_.RescaleSlope + slice_.RescaleIntercept
    row, column = 366, 318
    across = float(slice_.ImagePositionPatient[0]) + column * float(slice_.PixelSpacing[1])
    assert slice_.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert across > 0
    assert hu[row - 5 : row + 5, column - 5 : column + 5].mean() > 0
    mirrored = round((-across - float(slice_.ImagePositionPatient[0])) / float(slice_.PixelSpacing[1]))
    assert hu[row - 5 : row + 5, mirrored - 5 : mirrored + 5].mean() < -500
