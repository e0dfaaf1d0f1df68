"""The window functions of the reading room's JavaScript, against those of Python, over every stored number."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hl7dicom_lab
from hl7dicom_lab.views.study.image_window import Function, Window, grey

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CODE = Path(hl7dicom_lab.__file__).parent / "views" / "browser" / "reading_room.pixels.js"
_TABLE = """([image, window, inverted]) => {
    const { colours } = tableOf(image, window, inverted, null);
    return btoa(Array.from(colours, (one) => String.fromCharCode(one & 255)).join(""));
}"""
_WINDOWS = [(40, 80), (-600, 1600), (300, 401), (1000.5, 2), (512, 1), (0.5, 1.5), (20000, 65536)]


@pytest.mark.parametrize("spread", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("signed", "slope", "intercept"), [(False, 1, 0), (True, 1, -1024), (False, 0.25, -7.5)])
def test_javascript_and_python_give_the_same_greys(
    browser: Browser, spread: Function, signed: bool, slope: float, intercept: float
) -> None:
    page = browser.new_page()
    page.add_script_tag(content=_CODE.read_text(encoding="utf-8"))
    image = {"signed": signed, "slope": slope, "intercept": intercept, "padding": [7, 9]}
    stored = np.arange(65536, dtype="<u2").view("<i2" if signed else "<u2")
    outside = (stored >= 7) & (stored <= 9)
    for center, width in _WINDOWS:
        window = {"center": center, "width": width, "spread": spread}
        for inverted in (False, True):
            expected = grey(stored.astype(float) * slope + intercept, Window(center, width), spread)
            expected = np.where(outside, 0, 255 - expected if inverted else expected)
            found = base64.b64decode(page.evaluate(_TABLE, [image, window, inverted]))
            assert np.array_equal(np.frombuffer(found, np.uint8), expected)
    page.close()
