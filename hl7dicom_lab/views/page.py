"""A page to draw on: boxes, images and text in pixels from the top left corner, saved as PNG.

Rule: text is measured before it is drawn, so nothing runs out of its box; and it is drawn as it is (no mathematics in
`$...$`, no font without the character).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from hl7dicom_lab.views import glyphs
from hl7dicom_lab.views.study.image_window import Grey

Place = Literal["left", "center", "right"]

_DPI = 100
_POINTS = 72 / _DPI  # points a pixel


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; `top` counts downwards."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    def inside(self, margin: float) -> Box:
        """The box without a margin on each side."""
        return Box(self.left + margin, self.top + margin, self.width - 2 * margin, self.height - 2 * margin)


class Page:
    """A page of `width` by `height` pixels; what is drawn later lies above what was drawn before.

    `squares` says whether a character was drawn as a square.
    """

    def __init__(self, width: int, height: int, background: str) -> None:
        self.width = width
        self.height = height
        self.squares = False
        self._figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=background)
        self._canvas: Any = FigureCanvasAgg(self._figure)  # its methods are not typed
        self._layers = itertools.count(1)

    def box(self, box: Box, *, fill: str = "none", line: str = "none", width: float = 1) -> None:
        """A rectangle."""
        corner = (box.left, self.height - box.bottom)
        rectangle = Rectangle(corner, box.width, box.height, facecolor=fill, edgecolor=line, linewidth=width)
        self._add(rectangle)

    def cross(self, box: Box, line: str) -> None:
        """Both diagonals of a rectangle: here is something that is not shown."""
        up, down = self.height - box.top, self.height - box.bottom
        for ends in ((up, down), (down, up)):
            self._add(Line2D((box.left, box.right), ends, color=line, linewidth=1))

    def image(self, box: Box, pixels: Grey, aspect: float) -> Box:
        """Pixels (rows, columns) or (rows, columns, 3), as large as the box allows; returns where they are."""
        rows, columns = pixels.shape[:2]
        scale = min(box.width / columns, box.height / (rows * aspect))
        width, height = columns * scale, rows * aspect * scale
        drawn = Box(box.left + (box.width - width) / 2, box.top + (box.height - height) / 2, width, height)
        place = (drawn.left / self.width, 1 - drawn.bottom / self.height, width / self.width, height / self.height)
        axes = self._figure.add_axes(place, zorder=next(self._layers))
        axes.set_axis_off()
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, aspect="auto", interpolation="lanczos", origin="upper")
        return drawn

    def text(
        self,
        left: float,
        base: float,
        text: str,
        *,
        size: float,
        colour: str,
        bold: bool = False,
        at: Place = "left",
        outlined: bool = False,
    ) -> None:
        """One line; `base` is its baseline, `size` its height in pixels, `at` what `left` is of the line.

        `outlined` puts black around the letters, to read them on any image.
        """
        shown = glyphs.drawable(text)
        self.squares = self.squares or shown != text
        line = Text(
            left,
            self.height - base,
            shown,
            color=colour,
            fontproperties=_font(shown, size, bold=bold),
            horizontalalignment=at,
            verticalalignment="baseline",
            parse_math=False,
            usetex=False,
        )
        if outlined:
            line.set_path_effects([withStroke(linewidth=3, foreground="black")])
        self._add(line)

    def width_of(self, text: str, size: float, *, bold: bool = False) -> float:
        """How many pixels wide a line would be."""
        shown = glyphs.drawable(text)
        renderer = self._canvas.get_renderer()
        return float(renderer.get_text_width_height_descent(shown, _font(shown, size, bold=bold), ismath=False)[0])

    def fitting(self, text: str, width: float, size: float, *, bold: bool = False) -> str:
        """The text, or as much of its beginning as fits with an ellipsis."""
        if self.width_of(text, size, bold=bold) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width_of(text[:middle].rstrip() + "…", size, bold=bold) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low].rstrip() + "…"

    def wrapped(self, text: str, width: float, size: float) -> list[str]:
        """The text in lines that fit, broken between words; a word longer than a line is broken where it must be."""
        lines, line = [], ""
        for piece in glyphs.clusters(text):
            if self.width_of((line + piece).rstrip(), size) <= width:
                line += piece
                continue
            if line:
                lines.append(line.rstrip())
            line = piece
            while len(line) > 1 and self.width_of(line.rstrip(), size) > width:
                beginning = self.fitting(line, width, size)[:-1] or line[0]
                lines.append(beginning)
                line = line[len(beginning) :]
        return [*lines, line.rstrip()]

    def without_undrawable(self, parts: Sequence[str], separator: str) -> str:
        """The parts that can be drawn whole; the first is always kept. The rest is told by `squares`."""
        kept = [part for number, part in enumerate(parts) if number == 0 or glyphs.is_drawable(part)]
        if len(kept) < len(parts):
            kept.append(glyphs.MISSING)
            self.squares = True
        return separator.join(kept)

    def save(self, path: Path) -> None:
        """Write the page as PNG, without the name and version of the program that made it."""
        self._canvas.print_png(path, metadata={"Software": None})

    def _add(self, artist: Artist) -> None:
        """Put an artist on top; its coordinates are pixels from the lower left."""
        artist.set_transform(IdentityTransform())
        artist.set_zorder(next(self._layers))
        self._figure.add_artist(artist)


def _font(text: str, size: float, *, bold: bool) -> FontProperties:
    return FontProperties(family=list(glyphs.families(text)), size=size * _POINTS, weight="bold" if bold else "normal")
