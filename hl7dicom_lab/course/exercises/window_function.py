"""The check of exercise 05-e3: whether a function is the linear window of PS3.3 section C.11.2.1.2.

Rule: a function is known by what it gives for values below, within and above two windows. Each common slip gives other
greys, so it can be told by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hl7dicom_lab.course.exercise import YourCodeRaises, call
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong

Values = npt.NDArray[Any]
Window = Callable[[Values, float, float], Values]

#: Whole numbers without sign, as the pixels are: below, at the edges of, within and above the windows.
_RAMP = np.array(
    [[0, 20, 100, 401], [525, 600, 799, 950], [1100, 1374, 1799, 1800], [2300, 3000, 3500, 4095]], np.uint16
)
_WINDOWS = ((950, 1700), (600, 400))
_WHITE = 255
_ALL_AT_ONCE = "if, min and max ask for one value, and here all pixels come at once: np.clip cuts all of them off."
#: Greys rounded either way are right, and so is LINEAR_EXACT, the other linear function of PS3.3 section C.11.2.1.3.
_CLOSE_ENOUGH = 2.0


def check_window(_: Lab, answer: Any) -> Verdict:
    """Call the learner's function with two windows, and compare."""
    results = []
    for center, width in _WINDOWS:
        greys = _greys(answer, center, width)
        if isinstance(greys, Verdict):
            return greys
        results.append(greys)
    if _agrees(results, _windowed):
        return right(
            "The lowest value of the window becomes 0, the highest 255, and what lies outside is cut off. This is the "
            "linear function of PS3.3 section C.11.2.1.2."
        )
    for name, slip, words in _SLIPS:
        if _agrees(results, slip):
            return wrong(name, words)
    if _right_inside(results):
        return wrong(
            "outside",
            "Inside the window your greys are right, outside they are not: below it all is 0, above it all is 255. Cut "
            "off with np.clip, and before any astype(np.uint8), for which 256 is 0 again.",
        )
    return _farthest_off(results)


def _greys(answer: Any, center: float, width: float) -> Values | Verdict:
    """What the function gives for one window; the verdict where that is no array of greys."""
    values = _RAMP.copy()
    try:
        with np.errstate(all="ignore"):  # what numpy warns of is told in the verdict
            result = np.asarray(call(answer, values, center, width))
    except YourCodeRaises as problem:
        if "truth value" not in problem.words:
            raise
        return wrong("one by one", f"{problem.words} {_ALL_AT_ONCE}")
    if not np.array_equal(values, _RAMP):
        return wrong("changed", "Your function changes the pixels themselves. Calculate a new array and return it.")
    if result.shape != _RAMP.shape or result.dtype.kind not in "iuf":
        return wrong(
            "form",
            "The function has to give back an array of greys, one for each pixel: as many rows and columns as "
            "pixels has. Let the formula run over the whole array.",
        )
    greys: Values = np.nan_to_num(result.astype(float), nan=-1e6, posinf=1e6, neginf=-1e6)
    return greys


def _linear(values: Values, center: float, width: float) -> Values:
    """Before anything is cut off: 0 at the lowest value of the window, 255 at the highest."""
    result: Values = ((values.astype(float) - (center - 0.5)) / (width - 1) + 0.5) * _WHITE
    return result


def _windowed(values: Values, center: float, width: float) -> Values:
    result: Values = np.clip(_linear(values, center, width), 0, _WHITE)
    return result


def _without_sign(values: Values, center: float, width: float) -> Values:
    """The lowest value of the window subtracted from whole numbers without sign."""
    lowest = round(center - 0.5 - (width - 1) / 2)
    wrapped = (values.astype(np.int64) - lowest) % (1 << 16)
    result: Values = np.clip(wrapped / (width - 1) * _WHITE, 0, _WHITE)
    return result


def _agrees(results: Sequence[Values], function: Window) -> bool:
    """Whether a function gives these results, for every window."""
    scaled = max(float(np.max(np.abs(result))) for result in results) > 2
    tolerance = _CLOSE_ENOUGH if scaled else _CLOSE_ENOUGH / _WHITE
    return all(
        bool(np.all(np.abs(result - function(_RAMP, center, width)) <= tolerance))
        for result, (center, width) in zip(results, _WINDOWS, strict=True)
    )


def _right_inside(results: Sequence[Values]) -> bool:
    """Whether the greys are right wherever the window does not cut off."""
    for result, (center, width) in zip(results, _WINDOWS, strict=True):
        grey = _linear(_RAMP, center, width)
        inside = (grey >= 0) & (grey <= _WHITE)
        if np.any(np.abs(result - grey)[inside] > _CLOSE_ENOUGH):
            return False
    return True


def _farthest_off(results: Sequence[Values]) -> Verdict:
    """No slip that is known: the value whose grey is farthest from what it should be."""
    expected = [_windowed(_RAMP, center, width) for center, width in _WINDOWS]
    differences = np.abs(np.array(results) - np.array(expected))
    place = np.unravel_index(int(np.argmax(differences)), differences.shape)
    which, row, column = (int(one) for one in place)
    center, width = _WINDOWS[which]
    return wrong(
        "other",
        f"With center {center} and width {width}, the value {_RAMP[row, column]} becomes "
        f"{results[which][row, column]:.0f}; it should be {expected[which][row, column]:.0f}. Calculate lowest and "
        "highest first, as in the cell above.",
    )


#: What common slips make of (values, center, width), and what to tell.
_SLIPS: tuple[tuple[str, Window, str], ...] = (
    (
        "swapped",
        lambda values, center, width: _windowed(values, width, center),
        "Your window lies where it would lie if center and width changed places. The center says where it lies, the "
        "width how many values it holds: look which name stands where.",
    ),
    (
        "not clipped",
        _linear,
        "Some greys are below 0 or above 255, and no screen has those. What lies outside the window becomes all black "
        "or all white: cut the result off with np.clip.",
    ),
    (
        "without sign",
        _without_sign,
        "The darkest pixels come out white. Pixels are whole numbers without sign, so 0 - 100 becomes 65436: begin "
        "with pixels.astype(float).",
    ),
    (
        "twice as wide",
        lambda values, center, width: _windowed(values, center, 2 * width),
        "Your window is twice as wide as asked. WindowWidth is the whole width, half of it on either side of "
        "WindowCenter.",
    ),
    (
        "upside down",
        lambda values, center, width: _WHITE - _windowed(values, center, width),
        "Black and white have changed places. This image is MONOCHROME2, so low values are dark: subtract lowest from "
        "the pixels, not the pixels from highest.",
    ),
    (
        "not scaled",
        lambda values, center, width: _windowed(values, center, width) / _WHITE,
        "Your greys run from 0 to 1, and a screen takes 0 to 255. Multiply by 255 before you cut off.",
    ),
    (
        "fixed window",
        lambda values, *_: _windowed(values, *_WINDOWS[0]),
        "The result is the same for every window. Take center and width from the brackets of the function, not from "
        "the image or from the cell above.",
    ),
)
