from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hl7dicom_lab.views.study.image_on_screen import ImageOnScreen
from hl7dicom_lab.views.study.montage import crossed, evenly_spaced, montage, png, shrunk


def grey(value: int, rows: int = 8, columns: int = 8) -> ImageOnScreen:
    return ImageOnScreen(Path("x"), pixels=np.full((rows, columns), value, np.uint8))


@pytest.mark.parametrize(
    ("count", "most", "indices"),
    [(0, 3, []), (2, 3, [0, 1]), (3, 3, [0, 1, 2]), (24, 3, [0, 12, 23]), (5, 4, [0, 1, 3, 4])],
)
def test_first_and_last_are_among_the_chosen(count, most, indices):
    assert evenly_spaced(count, most) == indices


def test_tiles_stand_row_by_row_and_none_is_missing():
    sheet = montage([grey(10), ImageOnScreen(Path("x"), reason="broken"), grey(30)], columns=2, tile=8)
    assert sheet.shape == (16, 16, 3)
    assert sheet[4, 4].tolist() == [10, 10, 10]
    assert np.array_equal(sheet[:8, 8:], crossed(8))
    assert sheet[12, 4].tolist() == [30, 30, 30]
    assert not sheet[8:, 8:].any()


def test_a_large_image_is_averaged_to_fit_and_an_oblong_one_is_centred():
    sheet = montage([grey(200, rows=16, columns=32)], columns=1, tile=8)
    assert sheet[3, 4].tolist() == [200, 200, 200]
    assert not sheet[0].any()
    assert (
        shrunk(np.tile(np.array([0, 100], np.uint8), (2, 4))[:, :, None].repeat(3, axis=2), 4).tolist()[0][0]
        == [50] * 3
    )


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 7, 3), (64, 48, 3)])
def test_the_png_is_read_back_by_another_program(shape):
    pixels = np.random.RandomState(1).randint(0, 256, shape).astype(np.uint8)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)
