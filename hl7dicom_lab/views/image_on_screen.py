"""From stored values to the grey that a person sees.

Clinical step: looking at an image. The stored numbers pass the chain of PS3.3 C.11: Modality LUT (rescale to Hounsfield
units, say), VOI LUT (the window), and the photometric interpretation, which says whether low is black or white.

Rule: an image that cannot be shown never hides the others. Its place says what is wrong: the transfer syntax that no
installed decoder reads, or the file that is no image.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi
from pydicom.pixels.utils import pixel_array

from hl7dicom_lab.views.image_file import read_whole

Grey = npt.NDArray[np.uint8]

_OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "H": "F", "F": "H"}
_LONGEST_REASON = 160


@dataclass(frozen=True)
class ImageOnScreen:
    """One image, ready to draw.

    `pixels` is (rows, columns) or (rows, columns, 3), 0 black to 255 white; None where the image cannot be shown, and
    `reason` says why. `edges` are the letters at the left, right, top and bottom (PS3.3 C.7.6.1.1.1): R right, L left,
    A anterior, P posterior, H head, F foot. `spacing` is (between rows, between columns) in mm.
    """

    path: Path
    pixels: Grey | None = field(default=None, repr=False)
    reason: str = ""
    modality: str = ""
    instance_number: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    window: str = ""  # "950/1700": centre/width
    edges: tuple[str, str, str, str] = ("", "", "", "")
    spacing: tuple[float, float] | None = None

    @property
    def matrix(self) -> str:
        """Rows by columns."""
        return f"{self.rows} x {self.columns}"

    @property
    def aspect(self) -> float:
        """Height of a pixel divided by its width."""
        return self.spacing[0] / self.spacing[1] if self.spacing else 1.0


def read_image(path: Path) -> ImageOnScreen:
    """Read and decode one Part 10 file. Never raises: what is wrong is in `reason`."""
    try:
        ds = read_whole(path)
    except Exception as error:  # a file from anywhere may fail anyhow; its place on the screen says so
        return ImageOnScreen(path, reason=_shortened(f"This file cannot be read as DICOM: {error}"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of surplus bytes and the like; the image is still good
            pixels, reason = _displayed(ds), ""
    except Exception as error:  # likewise: any decoder, any pixel data
        pixels, reason = None, _shortened(f"{_transfer_syntax(ds)} cannot be shown here: {error}")
    return _described(ds, path, pixels, reason)


def _described(ds: Dataset, path: Path, pixels: Grey | None, reason: str) -> ImageOnScreen:
    center, width = _window(ds)
    return ImageOnScreen(
        path=path,
        pixels=pixels,
        reason=reason,
        modality=str(ds.get("Modality") or ""),
        instance_number=str(ds.get("InstanceNumber") or ""),
        rows=int(ds.get("Rows") or 0),
        columns=int(ds.get("Columns") or 0),
        frames=int(ds.get("NumberOfFrames") or 1),
        window=f"{center:g}/{width:g}" if width else "",
        edges=_edges(ds),
        spacing=_spacing(ds),
    )


def _displayed(ds: Dataset) -> Grey:
    """The first frame through the grey scale chain of PS3.3 C.11, or as colours."""
    values = pixel_array(ds, index=0)  # colours come as RGB, however they are stored
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        return _to_eight_bits(apply_color_lut(values, ds))
    if int(ds.SamplesPerPixel) == 3:
        return _to_eight_bits(values)
    grey = _windowed(ds, apply_modality_lut(values, ds).astype(np.float64))
    return np.asarray(255 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey, np.uint8)


def _windowed(ds: Dataset, values: npt.NDArray[np.float64]) -> Grey:
    center, width = _window(ds)
    if width:
        return _linear(values, center, width)
    if "VOILUTSequence" in ds:
        values = apply_voi(values.astype(np.int64), ds).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    return _linear(values, (low + high) / 2 + 0.5, max(high - low, 1) + 1)


def _linear(values: npt.NDArray[np.float64], center: float, width: float) -> Grey:
    """The LINEAR function of PS3.3 C.11.2.1.2.1; a width of 1 is a threshold."""
    scaled = (values - (center - 0.5)) / max(width - 1, 1e-6) + 0.5
    return np.asarray(np.rint(np.clip(scaled, 0, 1) * 255), np.uint8)


def _window(ds: Dataset) -> tuple[float, float]:
    """Centre and width of the first window, (0, 0) where the image has none."""
    center, width = _first(ds.get("WindowCenter")), _first(ds.get("WindowWidth"))
    if center is None or width is None or float(width) < 1:
        return 0.0, 0.0
    return float(center), float(width)


def _to_eight_bits(values: npt.NDArray[Any]) -> Grey:
    if values.dtype == np.uint8:
        return values
    return np.asarray(values >> (8 * (values.dtype.itemsize - 1)), np.uint8)


def _edges(ds: Dataset) -> tuple[str, str, str, str]:
    """The letters at left, right, top and bottom, from Image Orientation (Patient), else Patient Orientation."""
    cosines = ds.get("ImageOrientationPatient")
    if cosines and len(cosines) == 6:
        right, bottom = (_letter([float(value) for value in part]) for part in (cosines[:3], cosines[3:]))
    else:
        right, bottom = ([*(ds.get("PatientOrientation") or ()), "", ""])[:2]
    return _opposite(right), right, _opposite(bottom), bottom


def _letter(direction: list[float]) -> str:
    """The letter of the axis that a direction in LPS coordinates follows most (PS3.3 C.7.6.2.1.1)."""
    axis = max(range(3), key=lambda index: abs(direction[index]))
    return "LPH"[axis] if direction[axis] > 0 else "RAF"[axis]


def _opposite(letters: str) -> str:
    return "".join(_OPPOSITE.get(letter, "") for letter in letters)


def _spacing(ds: Dataset) -> tuple[float, float] | None:
    """Pixel Spacing. What lies at the detector (Imager Pixel Spacing) is no length in the patient: not taken."""
    spacing = ds.get("PixelSpacing")
    if not spacing or len(spacing) != 2 or min(map(float, spacing)) <= 0:
        return None
    return float(spacing[0]), float(spacing[1])


def _first(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else next(iter(value), None)


def _transfer_syntax(ds: Dataset) -> str:
    uid = ds.file_meta.get("TransferSyntaxUID")
    return uid.name if uid else "An image without a transfer syntax"


def _shortened(reason: str) -> str:
    one_line = " ".join(reason.split())
    return one_line if len(one_line) <= _LONGEST_REASON else one_line[: _LONGEST_REASON - 3] + "..."
