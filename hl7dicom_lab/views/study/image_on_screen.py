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

import numpy as np
from pydicom import Dataset
from pydicom.errors import InvalidDicomError

from hl7dicom_lab.views.study.image_file import read_whole
from hl7dicom_lab.views.study.image_geometry import edges, spacing_in_patient
from hl7dicom_lab.views.study.image_values import values_of, window_of
from hl7dicom_lab.views.study.image_window import Grey, function, grey, whole_range

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
        return ImageOnScreen(path, reason=not_dicom(error))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of surplus bytes and the like; the image is still good
            pixels, reason = _displayed(ds), ""
    except Exception as error:  # likewise: any decoder, any pixel data
        pixels, reason = None, why_not(ds, error)
    return _described(ds, path, pixels, reason)


def _described(ds: Dataset, path: Path, pixels: Grey | None, reason: str) -> ImageOnScreen:
    return ImageOnScreen(
        path=path,
        pixels=pixels,
        reason=reason,
        modality=str(ds.get("Modality") or ""),
        instance_number=str(ds.get("InstanceNumber") or ""),
        rows=int(ds.get("Rows") or 0),
        columns=int(ds.get("Columns") or 0),
        frames=int(ds.get("NumberOfFrames") or 1),
        window=str(window_of(ds) or ""),
        edges=edges(ds),
        spacing=spacing_in_patient(ds),
    )


def _displayed(ds: Dataset) -> Grey:
    """The first frame through the grey scale chain of PS3.3 C.11, or as colours."""
    values = values_of(ds)
    if values.colour:
        return np.asarray(values.stored, np.uint8)
    meant, outside = values.meant, values.outside
    window = window_of(ds)
    shown = grey(meant, window, function(ds)) if window else grey(meant, whole_range(meant[~outside]))
    if ds.PhotometricInterpretation == "MONOCHROME1":
        shown = np.asarray(255 - shown, np.uint8)
    shown[outside] = 0
    return shown


def why_not(ds: Dataset, error: Exception) -> str:
    """What stands in the place of an image that cannot be shown."""
    uid = ds.file_meta.get("TransferSyntaxUID")
    return _shortened(f"{uid.name if uid else 'An image without a transfer syntax'} cannot be shown here: {error}")


def not_dicom(error: Exception) -> str:
    """What stands in the place of a file that is no image. Where it lies on this computer is not said."""
    if isinstance(error, InvalidDicomError):
        why = "it does not begin with 128 bytes and the letters DICM (PS3.10 section 7.1)."
    else:
        why = error.strerror or "no such file" if isinstance(error, OSError) else str(error)
    return _shortened(f"This file cannot be read as DICOM: {why}")


def _shortened(reason: str) -> str:
    one_line = " ".join(reason.split())
    return one_line if len(one_line) <= _LONGEST_REASON else one_line[: _LONGEST_REASON - 3] + "..."
