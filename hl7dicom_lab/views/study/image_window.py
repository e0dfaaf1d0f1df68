"""From values to grey: the window of PS3.3 C.11.2.

Clinical step: looking at an image. A screen shows 256 greys, an image holds thousands of values; the window says which
of them are spread over the greys. Rule: the functions are those of C.11.2.1.2 and C.11.2.1.3, also in the browser
(`browser/reading_room.pixels.js`), to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

Grey = npt.NDArray[np.uint8]
#: VOI LUT Function (0028,1056).
Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True)
class Window:
    """Window Center and Window Width, and what the file calls them."""

    center: float
    width: float
    name: str = ""

    def __str__(self) -> str:
        return f"{self.center:g}/{self.width:g}"


def windows(ds: Dataset) -> tuple[Window, ...]:
    """The windows of a file in its order; those that the standard forbids are left out."""
    centers, widths = _values(ds.get("WindowCenter")), _values(ds.get("WindowWidth"))
    names = [str(name) for name in _values(ds.get("WindowCenterWidthExplanation"))]
    names += [""] * len(centers)
    found = (_window(*one) for one in zip(centers, widths, names, strict=False))
    least = 1 if function(ds) == "LINEAR" else 1e-6
    return tuple(one for one in found if one is not None and one.width >= least)


def function(ds: Dataset) -> Function:
    """How values are spread between the ends of the window."""
    named = str(ds.get("VOILUTFunction") or "")
    return "SIGMOID" if named == "SIGMOID" else "LINEAR_EXACT" if named == "LINEAR_EXACT" else "LINEAR"


def shown_through_table(ds: Dataset) -> bool:
    """Whether the greys come from a table of the file, which has no window then."""
    return "VOILUTSequence" in ds and not windows(ds)


def whole_range(values: npt.NDArray[np.float64]) -> Window:
    """The window that shows the lowest value black and the highest white."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    return Window((low + high) / 2 + 0.5, max(high - low, 1) + 1)


def grey(values: npt.NDArray[np.float64], window: Window, spread: Function = "LINEAR") -> Grey:
    """The greys of values; a LINEAR width of 1 is a threshold."""
    if spread == "SIGMOID":
        with np.errstate(over="ignore"):  # far below the window: infinite, and black
            scaled = 1 / (1 + np.exp(-4 * (values - window.center) / window.width))
    elif spread == "LINEAR_EXACT":
        scaled = (values - window.center) / window.width + 0.5
    else:
        scaled = (values - (window.center - 0.5)) / max(window.width - 1, 1e-6) + 0.5
    return np.asarray(np.rint(np.clip(scaled, 0, 1) * 255), np.uint8)


def padding(ds: Dataset) -> tuple[int, int] | None:
    """The stored values, from and to, that stand where there is no image (PS3.3 C.7.5.1.1.2)."""
    first = ds.get("PixelPaddingValue")
    if not isinstance(first, int) or int(ds.get("SamplesPerPixel") or 1) != 1:
        return None
    last = ds.get("PixelPaddingRangeLimit")
    last = last if isinstance(last, int) else first
    return min(first, last), max(first, last)


def _window(center: Any, width: Any, name: str) -> Window | None:
    try:
        found = Window(float(center), float(width), name)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite((found.center, found.width)).all() else None


def _values(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | int | float) else list(value)
