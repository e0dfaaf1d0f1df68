"""The pixels of a reading room on their way to the browser: in blocks of neighbouring images, packed without loss.

Clinical step: scrolling through a series. Rule: stored values travel once, as whole 16-bit numbers (colours as 8-bit
RGB), packed with zlib; what a window makes of them is the browser's work. A block is small enough that the first image
is there at once; an image that cannot be decoded travels as its reason.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from hl7dicom_lab.views.study.image_facts import ImageFacts
from hl7dicom_lab.views.study.image_file import read_whole
from hl7dicom_lab.views.study.image_on_screen import not_dicom, why_not
from hl7dicom_lab.views.study.image_values import Values, values_of
from hl7dicom_lab.views.study.text_form import one_line

#: Bytes of a block before it is packed; one image may be more.
BLOCK = 4_000_000
#: Bytes that go with the widget itself, before they are packed; the browser asks for the rest.
AT_ONCE = 16_000_000
_LEVEL = 1  # zlib: the fastest


@dataclass(frozen=True)
class Place:
    """One place of the stack: a frame of a file."""

    path: Path
    facts: ImageFacts
    frame: int = 0  # from 0


@dataclass(frozen=True)
class Block:
    """The places from `first` up to, not including, `end`."""

    first: int
    end: int
    size: int  # bytes when unpacked, as far as the headers tell


def blocks(places: Sequence[Place], series: Iterable[tuple[int, int]]) -> tuple[Block, ...]:
    """The places of each series (first, end) in blocks; no block spans two series."""
    found = []
    for first, end in series:
        start, size = first, 0
        for at in range(first, end):
            if size and size + places[at].facts.size > BLOCK:
                found.append(Block(start, at, size))
                start, size = at, 0
            size += places[at].facts.size
        found.append(Block(start, end, size))
    return tuple(found)


def at_once(found: Sequence[Block], middle: int) -> tuple[int, ...]:
    """The blocks that go with the widget: all if they are few, else that of the image in the middle."""
    if sum(block.size for block in found) <= AT_ONCE:
        return tuple(range(len(found)))
    return tuple(number for number, block in enumerate(found) if block.first <= middle < block.end)


def packed(places: Sequence[Place]) -> dict[str, Any]:
    """The images of some places: what each is, and all their values as one zlib stream."""
    images, parts, offset = [], [], 0
    opened: tuple[Path | None, Dataset | str] = (None, "")
    for place in places:
        if opened[0] != place.path:
            opened = place.path, _opened(place.path)
        image, content = _image(opened[1], place.frame)
        images.append({**image, "offset": offset})
        parts.append(content)
        offset += len(content)
    return {"images": images, "content": zlib.compress(b"".join(parts), _LEVEL)}


def _opened(path: Path) -> Dataset | str:
    try:
        return read_whole(path)
    except FileNotFoundError:
        return "The file is no longer there: the department has been stopped. Start it again and run this cell again."
    except Exception as error:  # a file from anywhere may fail anyhow; its place on the screen says so
        return not_dicom(error)


def _image(ds: Dataset | str, frame: int) -> tuple[dict[str, Any], bytes]:
    if isinstance(ds, str):
        return {"reason": one_line(ds)}, b""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of surplus bytes and the like; the image is still good
            values = values_of(ds, frame)
    except Exception as error:  # likewise: any decoder, any pixel data
        return {"reason": one_line(why_not(ds, error))}, b""
    return _described(values), _even(np.ascontiguousarray(values.stored).tobytes())


def _described(values: Values) -> dict[str, Any]:
    rows, columns = values.stored.shape[:2]
    return {
        "rows": rows,
        "columns": columns,
        "colour": values.colour,
        "signed": values.stored.dtype.kind == "i",
        "slope": values.slope,
        "intercept": values.intercept,
        "padding": values.padding,
        "note": values.note,
    }


def _even(content: bytes) -> bytes:
    """The next image's 16-bit numbers begin at an even place."""
    return content + b"\0" * (len(content) % 2)
