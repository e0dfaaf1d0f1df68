"""Greys that a learner has made, shown as they are: pixel for pixel, one image beside the other.

Clinical step: looking at an image. What a window makes of it (PS3.3 C.11.2) goes to the screen without a plotting
library, which would take more memory than the department. Rule: nothing is spread or smoothed here, so what is seen is
what the window made; values that no screen has are cut off at 0 and 255.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hl7dicom_lab.errors import CannotBuild
from hl7dicom_lab.views.study.image_window import Grey
from hl7dicom_lab.views.study.montage import png


class SideBySide:
    """Images of one height, left to right, as Jupyter shows them.

    Each is an array of (rows, columns), 0 black to 255 white. Raises `CannotBuild` where they do not fit together.
    """

    def __init__(self, *images: npt.ArrayLike) -> None:
        greys = [np.asarray(one, float) for one in images]
        if not greys or any(one.ndim != 2 or len(one) != len(greys[0]) for one in greys):
            raise CannotBuild(
                f"images side by side have rows and columns, and the same number of rows; these are {_shapes(greys)}",
                next_step="give what a window makes of pixel_array",
            )
        self._shapes = _shapes(greys)
        self._greys: Grey = np.rint(np.clip(np.hstack(greys), 0, 255)).astype(np.uint8)

    def __repr__(self) -> str:
        return f"<side by side: {self._shapes} pixels>"

    def _repr_png_(self) -> bytes:
        return png(np.repeat(self._greys[:, :, None], 3, axis=2))


def _shapes(greys: list[npt.NDArray[np.float64]]) -> str:
    return ", ".join(" x ".join(map(str, one.shape)) or "a number" for one in greys) or "none"
