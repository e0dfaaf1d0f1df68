r"""What a rule makes of a field, and how text becomes a value that DICOM can hold.

PS3.5 section 6.2. Rules: an identifier is copied whole or refused (table 0357, 104 and 102); free text loses control
characters and may be cut with a warning; `\` separates values in DICOM, so it cannot stand inside one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Path, Segment, Segments

#: PS3.5 Table 6.2-1: the most characters of a value.
LO, SH, LT = 64, 16, 10240

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Converted:
    """What a rule made of a field: a value as pydicom takes it, where it was read, and what to say about it.

    `value` None means that the field says something, but nothing that DICOM can carry; `deleted`, that a value known
    from before no longer holds.
    """

    value: Any
    source: str
    source_value: str
    rule: str = "copied"
    warnings: tuple[str, ...] = ()
    deleted: bool = False


Rule = Callable[[Segments, str], Converted | None]


def first_repetition(order: Segments, path: str) -> tuple[Segment, str] | None:
    """The segment of a path and the first repetition of its field as sent; None where the field is empty or null."""
    where = Path.parse(path)
    segment = order.first(where.segment)
    repetitions = segment.repetitions(where.field) if segment else ()
    if segment is None or not repetitions or repetitions[0] in ("", '""'):
        return None
    return segment, repetitions[0]


def place_in_list(order: Segments, path: str) -> str:
    """The path of a field in the first segment of its kind that has a value there: `NTE-3`, `NTE[2]-3`."""
    where = Path.parse(path)
    valued = (number for number, one in enumerate(order.all(where.segment), 1) if one.value(where.field))
    number = next(valued, 1)
    return path if number == 1 else f"{where.segment}[{number}]-{where.field}"


def null_in_list(order: Segments, path: str) -> Converted | None:
    """A deletion, where one of the segments of a kind has a null in a field and none of them has a value there."""
    where = Path.parse(path)
    null = any(segment.raw_field(where.field) == '""' for segment in order.all(where.segment))
    return Converted(None, path, '""', "deleted", deleted=True) if null else None


def one_line(text: str) -> str:
    r"""Text as LO and SH hold it: no control characters, no spaces around it, and `/` for `\`."""
    return _CONTROL.sub(" ", text.replace("\\", "/")).strip(" ")


def lines(text: str) -> str:
    """Text as LT holds it: its lines end with CR LF, and there is no other control character (PS3.5 section 6.1.3).

    Spaces at its end mean nothing in an LT, and whoever reads it leaves them out.
    """
    return "\r\n".join(_CONTROL_BUT_LINES.sub(" ", line) for line in re.split("\r\n|\r|\n", text)).rstrip(" ")


def shortened(text: str, most: int, path: str) -> tuple[str, tuple[str, ...]]:
    """As much of a text as fits, and the warning where something was cut off."""
    if len(text) <= most:
        return text, ()
    return text[:most].rstrip(" \r"), (f"{path} has {len(text)} characters; the {most} that fit are kept",)


def text_of(order: Segments, path: str, most: int = LO) -> Converted | None:
    """Free text: one line, cut with a warning where it is too long."""
    sent = order.get(path)
    value, cut = shortened(one_line(sent), most, path)
    return Converted(value, path, sent, "shortened" if cut else "copied", cut) if value else None


def whole(value: str, path: str, most: int, what: str = "this identifier") -> str:
    """An identifier as it is. Raises `Hl7Fault` 104 where it is too long, 102 for a character that cannot cross."""
    value = value.strip()
    checks.check_length(value, path, most, what)
    if "\\" in value or not value.isprintable():
        raise Hl7Fault(
            f"{value!r} holds a character that a DICOM identifier cannot hold",
            code=102,
            where=path,
            next_step="send an identifier without backslash and control characters",
        )
    return value
