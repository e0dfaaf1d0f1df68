"""A learner's greys reach the screen as they are."""

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from hl7dicom_lab.errors import CannotBuild
from hl7dicom_lab.views.study.grey_picture import SideBySide


def seen(picture):
    """The greys of the PNG, as another program reads them."""
    colours = np.rint(imread(BytesIO(picture._repr_png_()), format="png")[:, :, :3] * 255)
    assert (colours == colours[:, :, :1]).all()
    return colours[:, :, 0]


def test_each_pixel_keeps_its_grey_and_the_first_image_is_left():
    left = np.arange(256).reshape(16, 16)
    right = 255 - np.arange(160).reshape(16, 10)
    assert (seen(SideBySide(left, right)) == np.hstack([left, right])).all()


def test_what_no_screen_has_is_cut_off_and_the_nearest_grey_is_taken():
    assert seen(SideBySide([[-15, 127.6, 435]])).tolist() == [[0, 128, 255]]


def test_its_text_says_how_large_they_are():
    assert repr(SideBySide(np.zeros((4, 3)), np.zeros((4, 5)))) == "<side by side: 4 x 3, 4 x 5 pixels>"


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ((), "these are none"),
        ((128,), "these are a number"),
        ((np.zeros((4, 4)), np.zeros((5, 4))), "these are 4 x 4, 5 x 4"),
        ((np.zeros((4, 4, 3)),), "these are 4 x 4 x 3"),
    ],
)
def test_what_does_not_fit_together_is_refused(images, told):
    with pytest.raises(CannotBuild, match=told):
        SideBySide(*images)


def test_no_plotting_library_is_loaded():
    code = "import sys, hl7dicom_lab.views.study.grey_picture; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
