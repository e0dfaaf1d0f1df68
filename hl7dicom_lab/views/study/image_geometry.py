"""How an image lies in the patient, and how large its pixels are.

Clinical step: reading an image. Left and right must not be mixed up, and a length must be one. Standard: PS3.3
C.7.6.2 (Image Plane Module), C.7.6.1.1.1 (Patient Orientation), 10.7.1.3 (Pixel Spacing and Imager Pixel Spacing).

Rule: what lies at the detector of a radiograph is enlarged; its millimetres are said to be those at the detector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydicom import Dataset

#: The letters at the left, right, top and bottom of an image.
Edges = tuple[str, str, str, str]
#: (between rows, between columns) in mm.
Spacing = tuple[float, float]

#: What the letters mean.
DIRECTIONS = {"R": "right", "L": "left", "A": "front", "P": "back", "H": "head", "F": "feet"}
#: The sine of 15 degrees: a slant that is less is not named.
_SLANT = 0.2588
_OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "H": "F", "F": "H"}


@dataclass(frozen=True)
class Plane:
    """Where an image lies in its frame of reference: its first pixel, and the direction that looks at it, in mm."""

    position: tuple[float, ...]
    normal: tuple[float, ...]


def edges(ds: Dataset) -> Edges:
    """The letters at left, right, top and bottom, from Image Orientation (Patient), else Patient Orientation."""
    cosines = _numbers(ds, "ImageOrientationPatient", 6)
    if cosines:
        right, bottom = letters(cosines[:3]), letters(cosines[3:])
    else:
        right, bottom = ([*(ds.get("PatientOrientation") or ()), "", ""])[:2]
    return _opposite(right), right, _opposite(bottom), bottom


def letters(direction: tuple[float, ...]) -> str:
    """A direction in LPS coordinates (PS3.3 C.7.6.2.1.1) as letters of the patient, the principal one first.

    An axis that it follows by less than 15 degrees is left out.
    """
    by_size = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    told = [by_size[0], *(axis for axis in by_size[1:] if abs(direction[axis]) > _SLANT)]
    return "".join("LPH"[axis] if direction[axis] > 0 else "RAF"[axis] for axis in told)


def plane(ds: Dataset) -> Plane | None:
    """Where the image lies, None where it does not say."""
    cosines, position = _numbers(ds, "ImageOrientationPatient", 6), _numbers(ds, "ImagePositionPatient", 3)
    if not cosines or not position:
        return None
    normal = np.cross(cosines[:3], cosines[3:])
    return Plane(position, tuple(round(float(value), 6) for value in normal))


def spacing_in_patient(ds: Dataset) -> Spacing | None:
    """Pixel Spacing. What lies at the detector (Imager Pixel Spacing) is no length in the patient: not taken."""
    return _spacing(ds, "PixelSpacing")


def spacing_on_screen(ds: Dataset) -> tuple[Spacing | None, Literal["", "at the detector"]]:
    """The size of a pixel and, where it is not one in the patient, where it holds.

    Pixel Spacing that only repeats Imager Pixel Spacing has not been corrected for the enlargement.
    """
    patient, detector = _spacing(ds, "PixelSpacing"), _spacing(ds, "ImagerPixelSpacing")
    if patient and patient != detector:
        return patient, ""
    return detector, "at the detector" if detector else ""


def aspect(ds: Dataset) -> float:
    """Height of a pixel divided by its width: from its spacing, else Pixel Aspect Ratio, else it is square."""
    found = _spacing(ds, "PixelSpacing") or _spacing(ds, "ImagerPixelSpacing")
    found = found or _spacing(ds, "PixelAspectRatio")
    return found[0] / found[1] if found else 1.0


def _spacing(ds: Dataset, keyword: str) -> Spacing | None:
    found = _numbers(ds, keyword, 2)
    return (found[0], found[1]) if found and min(found) > 0 else None


def _numbers(ds: Dataset, keyword: str, count: int) -> tuple[float, ...]:
    """As many finite numbers as the attribute has to have, else none."""
    try:
        found = tuple(float(value) for value in ds.get(keyword) or ())
    except (TypeError, ValueError):  # a stranger's image may hold anything
        return ()
    return found if len(found) == count and np.isfinite(found).all() else ()


def _opposite(letters: str) -> str:
    return "".join(_OPPOSITE.get(one, "") for one in letters)
