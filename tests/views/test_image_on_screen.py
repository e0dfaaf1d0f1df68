from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless
from screen_studies import RAMP, image, write

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.views.study.image_on_screen import read_image


def shown(folder, **changed):
    seen = read_image(write(image(**changed), folder))
    assert seen.reason == ""
    return seen.pixels


def test_the_window_is_the_linear_function_of_the_standard(tmp_path):
    """PS3.3 C.11.2.1.2.1: y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255, clipped."""
    expected = np.clip((RAMP - (750 - 0.5)) / (1500 - 1) + 0.5, 0, 1) * 255
    assert np.array_equal(shown(tmp_path), np.rint(expected))


def test_the_rescale_comes_before_the_window(tmp_path):
    rescaled = shown(tmp_path, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=500, WindowWidth=3000)
    expected = np.clip((RAMP * 2.0 - 1000 - 499.5) / 2999 + 0.5, 0, 1) * 255
    assert np.array_equal(rescaled, np.rint(expected))


def test_in_monochrome1_a_high_value_is_black(tmp_path):
    normal, inverted = shown(tmp_path), shown(tmp_path, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(inverted, 255 - normal)


def test_the_first_of_several_windows_is_taken(tmp_path):
    path = write(image(WindowCenter=[100, 900], WindowWidth=[200, 400]), tmp_path)
    assert read_image(path).window == "100/200"


@pytest.mark.parametrize("width", [None, 0])
def test_without_a_window_the_whole_range_is_shown(tmp_path, width):
    pixels = shown(tmp_path, WindowCenter=None, WindowWidth=width)
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_an_even_image_without_a_window_is_shown(tmp_path):
    assert shown(tmp_path, pixels=np.zeros((4, 4), "<u2"), WindowCenter=None, WindowWidth=None).shape == (4, 4)


def test_signed_values_are_signed(tmp_path):
    pixels = shown(tmp_path, pixels=np.array([[-100, 0], [50, 100]], "<i2"), PixelRepresentation=1, BitsStored=16,
                   HighBit=15, WindowCenter=0.5, WindowWidth=201)  # fmt: skip
    assert pixels.tolist() == [[0, 128], [191, 255]]


def test_run_length_encoded_images_are_shown(tmp_path):
    ds = image()
    plain = read_image(write(ds, tmp_path)).pixels
    ds.compress(RLELossless)
    assert np.array_equal(read_image(write(ds, tmp_path, RLELossless)).pixels, plain)


@pytest.mark.parametrize("name", ["examples_rgb_color.dcm", "examples_palette.dcm", "SC_ybr_full_422_uncompressed.dcm"])
def test_colour_images_are_shown_in_colour(name):
    seen = read_image(Path(get_testdata_file(name, download=False)))
    assert seen.reason == ""
    assert seen.pixels.ndim == 3
    assert seen.pixels.dtype == np.uint8


def test_of_several_frames_the_first_is_shown(tmp_path):
    two = np.stack([RAMP, RAMP[::-1]])
    ds = image(NumberOfFrames=2, PixelData=two.tobytes())
    seen = read_image(write(ds, tmp_path))
    assert seen.frames == 2
    assert np.array_equal(seen.pixels, shown(tmp_path))


def test_pixels_that_no_decoder_reads_leave_a_reason(tmp_path):
    ds = image()
    ds.PixelData = encapsulate([b"\xff\xd8 no JPEG-LS stream \xff\xd9"])
    ds["PixelData"].is_undefined_length = True
    seen = read_image(write(ds, tmp_path, JPEGLSLossless))
    assert seen.pixels is None
    assert seen.reason.startswith("JPEG-LS Lossless Image Compression cannot be shown here: ")
    assert (seen.rows, seen.columns, seen.instance_number) == (4, 4, "1")


def test_an_object_without_pixels_leaves_a_reason(tmp_path):
    ds = image()
    del ds.PixelData
    assert "Pixel Data" in read_image(write(ds, tmp_path)).reason


def test_a_file_that_is_no_dicom_leaves_a_reason(tmp_path):
    path = tmp_path / "notes.dcm"
    path.write_bytes(b"not an image")
    assert read_image(path).reason.startswith("This file cannot be read as DICOM: it does not begin with 128 bytes")
    missing = read_image(tmp_path / "missing.dcm").reason
    assert missing == "This file cannot be read as DICOM: No such file or directory"


@pytest.mark.parametrize(
    ("changed", "edges"),
    [
        ({}, ("R", "L", "A", "P")),  # axial
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, ("R", "L", "H", "F")),  # coronal
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, ("A", "P", "H", "F")),  # sagittal
        ({"ImageOrientationPatient": [0.9, 0.1, 0, -0.1, 0.9, 0.2]}, ("R", "L", "A", "P")),  # slanted by 12 degrees
        ({"ImageOrientationPatient": [0.8, 0.6, 0, 0, 0, -1]}, ("RA", "LP", "H", "F")),  # oblique
        ({"ImageOrientationPatient": [0, 0.8, -0.6, -1, 0, 0]}, ("AH", "PF", "L", "R")),
        ({"ImageOrientationPatient": None, "PatientOrientation": ["L", "F"]}, ("R", "L", "H", "F")),
        ({"ImageOrientationPatient": None, "PatientOrientation": ["P", "FL"]}, ("A", "P", "HR", "FL")),
        ({"ImageOrientationPatient": None}, ("", "", "", "")),
    ],
)
def test_the_letters_say_how_the_image_lies(tmp_path, changed, edges):
    assert read_image(write(image(**changed), tmp_path)).edges == edges


def test_only_lengths_in_the_patient_are_lengths(tmp_path):
    assert read_image(write(image(PixelSpacing=[2, 1]), tmp_path)).aspect == 2
    at_detector = read_image(write(image(PixelSpacing=None, ImagerPixelSpacing=[0.2, 0.2]), tmp_path))
    assert at_detector.spacing is None


def test_the_lungs_of_the_course_are_dark_in_ct_and_radiograph():
    ct = read_image(data_folder() / "ct_slice" / "image_01.dcm").pixels
    chest = read_image(data_folder() / "cr_chest" / "image_01.dcm").pixels
    assert ct[300:340, 130:180].mean() < 110
    assert ct[225, 235] > 200
    assert chest[350:450, 200:300].mean() < 110
    assert chest[300:400, 450:500].mean() > 200
