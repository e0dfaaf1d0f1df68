"""The logo of an institution: a PNG that is checked when it is named, and drawn into pages that fetch nothing.

Rules: a logo is small, in bytes and in points, because every page that shows it carries it, and a picture of a few
bytes may unfold to gigabytes; it is checked again when it is drawn, since the file may be another one by then.
"""

from __future__ import annotations

import base64
import html
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.os_errors import told

if TYPE_CHECKING:
    from hl7dicom_lab.institution import Institution

_LARGEST = 1024 * 1024
_WIDEST = 4096
_PNG = b"\x89PNG\r\n\x1a\n"
#: Behind the signature comes the chunk IHDR, with width and height (PNG, third edition, 11.2.1).
_HEAD = struct.Struct(">8sL4sLL")


def read_logo(path: Path, where: str) -> bytes:
    """The bytes of a logo. Raises `SetupError`, which names `where`, for what is none."""
    with told("the logo cannot be read", where, "name a PNG beside the institution's file"):
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except ValueError as problem:  # a name that no file can have
            raise OSError(str(problem)) from problem
    if not _is_small_png(content):
        raise SetupError(
            f"a logo is a PNG of at most 1 MB, and of at most {_WIDEST} by {_WIDEST} points",
            where=where,
            next_step="save the picture as PNG, and smaller",
        )
    return content


def _is_small_png(content: bytes) -> bool:
    if not _HEAD.size <= len(content) <= _LARGEST:
        return False
    signature, _, chunk, width, height = _HEAD.unpack_from(content)
    return (signature, chunk) == (_PNG, b"IHDR") and all(0 < one <= _WIDEST for one in (width, height))


def logo_html(there: Institution | None, style: str = "") -> str:
    """The logo as an HTML image with its alternative text, its bytes in it; empty where there is none.

    `style` is CSS of ours. Raises `SetupError` where the logo cannot be read any more.
    """
    if there is None or there.logo is None:
        return ""
    content = base64.b64encode(read_logo(there.logo, str(there.logo))).decode()
    name = html.escape(f"Logo of {there.name}")
    styled = f' style="{html.escape(style)}"' if style else ""
    return f'<img class="logo" alt="{name}"{styled} src="data:image/png;base64,{content}">'
