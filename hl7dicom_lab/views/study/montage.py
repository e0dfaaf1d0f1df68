"""Several images as one picture: tiles side by side, and PNG bytes without a plotting library.

Rule: no tile is missing. An image that cannot be shown is a crossed grey tile in its place.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from hl7dicom_lab.views.study.image_on_screen import ImageOnScreen
from hl7dicom_lab.views.study.image_window import Grey

#: Images that a form shows at most; more would be too small to see, and slow.
MOST_SHOWN = 24

_UNSEEN, _CROSS = 40, 120  # grey of a tile without an image, and of its cross


def evenly_spaced(count: int, most: int) -> list[int]:
    """At most `most` indices of `count` images, first and last among them, evenly spread."""
    if count <= most:
        return list(range(count))
    return [round(index * (count - 1) / (most - 1)) for index in range(most)]


def montage(images: Sequence[ImageOnScreen], columns: int, tile: int) -> Grey:
    """The images in rows of `columns`, each in a square of `tile` pixels: (height, width, 3)."""
    rows = -(-len(images) // columns)
    sheet = np.zeros((rows * tile, columns * tile, 3), np.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * tile, place % columns * tile
        pixels = _tile(image, tile)
        top, left = top + (tile - pixels.shape[0]) // 2, left + (tile - pixels.shape[1]) // 2
        sheet[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return sheet


def _tile(image: ImageOnScreen, size: int) -> Grey:
    pixels = image.pixels
    if pixels is None:
        return crossed(size)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    return shrunk(pixels, size)


def shrunk(pixels: Grey, longest: int) -> Grey:
    """Pixels (rows, columns, 3) so that neither side is longer than `longest`: means over blocks, never enlarged."""
    factor = -(-max(pixels.shape[:2]) // longest)
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    if factor == 1 or not rows or not columns:
        return pixels[:longest, :longest]
    blocks = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor, 3)
    return np.asarray(np.rint(blocks.mean(axis=(1, 3))), np.uint8)


def crossed(size: int) -> Grey:
    """The tile of an image that cannot be shown: (size, size, 3)."""
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    on_cross = (np.abs(across - down) < 2) | (np.abs(across + down - size + 1) < 2)
    return np.repeat(np.where(on_cross, _CROSS, _UNSEEN).astype(np.uint8)[:, :, None], 3, axis=2)


def png(pixels: Grey) -> bytes:
    """Pixels (rows, columns, 3) as a PNG file: 8 bits, RGB, rows filtered by difference (PNG specification, 9.2)."""
    height, width, _ = pixels.shape
    steps = pixels.copy()
    steps[:, 1:] -= pixels[:, :-1]  # filter type 1: each pixel less its left neighbour, modulo 256
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = 1
    rows[:, 1:] = steps.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
