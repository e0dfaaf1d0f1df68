"""`lab.look(thing)`: whatever a learner has in hand, made visible; `lab.compare(one, other)`: what differs.

Rule: the bytes decide what a thing is, not its name or the type that it has in Python.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.views.view import View
from hl7dicom_lab.visible import visible

#: How a message begins, after a frame's VT, line ends or a byte order mark. Small letters are a fault that is shown.
_HEADER = re.compile(r"[\x0b\r\n \ufeff]*(MSH|FHS|BHS)", re.IGNORECASE)
#: The same in a text, which could be a file's name as well: what follows is no character of a name.
_HEADER_TEXT = re.compile(_HEADER.pattern + r"[^\w./\\ -]", re.IGNORECASE)


def look(thing: Any) -> View:
    """A message (text, bytes, `hl7.Message`, a row of the trace) or a data set (pydicom, a file) as an explorer.

    What stands in an outbox is a message as well. Raises `NotFound` where it is neither, or a file is not there.
    """
    message = _message(thing)
    if message is not None:
        from hl7dicom_lab.views.message.explorer import MessageExplorer

        return MessageExplorer.of(message)
    from hl7dicom_lab.views.data_set.explorer import DataSetExplorer

    return DataSetExplorer.of(_data_set(thing))


def compare(one: Any, other: Any) -> View:
    """Two messages, or two data sets, side by side with their differences. Raises `NotFound` as `look` does."""
    left, right = _message(one), _message(other)
    if left is not None and right is not None:
        from hl7dicom_lab.views.message.comparison import MessageComparison

        return MessageComparison.of(left, right)
    if left is None and right is None:
        from hl7dicom_lab.views.data_set.comparison import DataSetComparison

        return DataSetComparison.of(_data_set(one), _data_set(other))
    raise NotFound(
        "one of the two is an HL7 message and the other one is not",
        where="lab.compare",
        next_step="compare two messages, or two data sets",
    )


def _message(thing: Any) -> bytes | None:
    """The bytes of an HL7 message, None for what is none. Text is taken as UTF-8."""
    if type(thing).__module__.partition(".")[0] == "hl7" or hasattr(thing, "segments"):
        thing = str(thing)
    raw = _bytes(thing)
    return raw if raw is not None and _HEADER.match(raw[:64].decode("utf-8", "replace")) else None


def _bytes(thing: Any) -> bytes | None:
    """The bytes that a thing stands for; None for a pydicom data set."""
    if isinstance(thing, str) and not _HEADER_TEXT.match(thing):
        thing = Path(thing)
    if isinstance(thing, str):
        return thing.encode("utf-8")
    if isinstance(thing, os.PathLike):
        return _read(Path(thing))
    if isinstance(thing, bytes | bytearray | memoryview):
        return bytes(thing)
    for name in ("raw", "data_set"):  # a row of the trace or an outbox, a worklist item
        inside = getattr(getattr(thing, "decoded", thing), name, None)
        if isinstance(inside, bytes):
            return inside
    return None


def _data_set(thing: Any) -> Any:
    """What the data set explorer reads: bytes, or a pydicom data set."""
    raw = _bytes(thing)
    return thing if raw is None else raw


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise NotFound(
            f"this file cannot be read: {getattr(error, 'strerror', None) or error}",
            where=visible(path.name[:60]),
            next_step="give a message, a data set, or the path of a file that is there",
        ) from error
