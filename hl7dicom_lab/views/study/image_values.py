"""The values of an image: what is stored, and what it means.

Clinical step: looking at an image. The first step of the grey scale chain (PS3.3 C.11.1, Modality LUT) turns a stored
number into one with a unit, such as Hounsfield units. Rule: nothing is lost. Stored values stay whole 16-bit numbers,
and slope and intercept stand beside them; what cannot be said in 16 bits is rounded, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import pixel_array

from hl7dicom_lab.views.study.image_window import Window, padding, shown_through_table, windows

_STEPS = 65535  # from the lowest to the highest 16-bit number


@dataclass(frozen=True)
class Values:
    """One frame: grey as (rows, columns) of 16-bit numbers, colours as (rows, columns, 3) of 8 bits.

    A grey value is `stored * slope + intercept`. Stored values from `padding` stand where there is no image.
    """

    stored: npt.NDArray[Any]
    slope: float = 1.0
    intercept: float = 0.0
    padding: tuple[int, int] | None = None
    note: str = ""

    @property
    def colour(self) -> bool:
        """Whether these are red, green and blue."""
        return self.stored.ndim == 3

    @property
    def meant(self) -> npt.NDArray[np.float64]:
        """The grey values with their unit."""
        return self.stored.astype(np.float64) * self.slope + self.intercept

    @property
    def outside(self) -> npt.NDArray[np.bool_]:
        """Where there is no image."""
        if self.padding is None:
            return np.zeros(self.stored.shape, np.bool_)
        return (self.stored >= self.padding[0]) & (self.stored <= self.padding[1])


def values_of(ds: Dataset, frame: int = 0) -> Values:
    """Decode one frame, counted from 0. Raises whatever the decoder raises."""
    values = pixel_array(ds, index=frame)  # colours come as RGB, however they are stored
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        return Values(_to_eight_bits(apply_color_lut(values, ds)))
    if int(ds.SamplesPerPixel) == 3:
        return Values(_to_eight_bits(values))
    outside, slope, intercept, note = padding(ds), *_rescale(ds), ""
    if "ModalityLUTSequence" in ds:
        values, outside, slope, intercept = apply_modality_lut(values, ds), None, 1.0, 0.0
    if shown_through_table(ds):
        values = apply_voi((values * slope + intercept).astype(np.int64), ds)
        outside, slope, intercept, note = None, 1.0, 0.0, "shown through the table of the file (VOI LUT)"
    return in_sixteen_bits(Values(np.asarray(values), slope, intercept, outside, note))


def window_of(ds: Dataset) -> Window | None:
    """The first window of the file."""
    found = windows(ds)
    return found[0] if found else None


def _rescale(ds: Dataset) -> tuple[float, float]:
    """Slope and intercept of the file; what is missing or no number changes nothing."""
    if ds.get("RescaleSlope") is None or ds.get("RescaleIntercept") is None:
        return 1.0, 0.0
    return float(ds.RescaleSlope), float(ds.RescaleIntercept)


def in_sixteen_bits(values: Values) -> Values:
    """The same values as `<u2` or `<i2`; a wider range is moved, and rounded only where it must be."""
    stored = values.stored
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2:
        signed = stored.dtype.kind == "i"
        return replace(values, stored=stored.astype("<i2" if signed else "<u2"))
    finite = np.nan_to_num(stored.astype(np.float64))
    low, high = float(finite.min()), float(finite.max())
    whole = stored.dtype.kind in "iu" and high - low <= _STEPS
    step = 1.0 if whole else (high - low) / _STEPS or 1.0
    moved = np.rint((finite - low) / step).astype("<u2")
    note = values.note or ("" if whole else "values rounded to one of 65,536 steps")
    return Values(moved, step * values.slope, low * values.slope + values.intercept, None, note)


def _to_eight_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    return np.asarray(values >> (8 * (values.dtype.itemsize - 1)), np.uint8)
