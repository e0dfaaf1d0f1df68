"""A message as it was sent, with the number of each field above the separator that the field begins with.

Rule: where two numbers would touch, only one stands there; a field that says something goes before an empty one.
"""

from __future__ import annotations

from collections.abc import Sequence

from hl7dicom_lab.views.message.places import HEADERS, Line, MessageBytes
from hl7dicom_lab.visible import visible

_WIDTH = 96
_MOST_SEGMENTS = 60
_MOST_CHARACTERS = 300


def ruled(message: MessageBytes, segments: Sequence[Line]) -> tuple[str, ...]:
    """Two lines of text for each segment, more where it is long."""
    printed: list[str] = []
    for segment in segments[:_MOST_SEGMENTS]:
        printed += _segment(message, segment)
    if len(segments) > _MOST_SEGMENTS:
        printed.append(f"... {len(segments) - _MOST_SEGMENTS:,} more segments")
    return tuple(printed)


def _segment(message: MessageBytes, segment: Line) -> list[str]:
    text = _cut(message.text((segment.span[0], segment.fields[0][1]) if segment.fields else segment.span))
    places: list[tuple[int, int, bool]] = []  # column, number, whether the field says something
    for number, span in enumerate(segment.fields[1:120], 1):
        value = _cut(message.text(span))
        places.append((len(text), number, bool(value)))
        follows_directly = segment.name in HEADERS and number <= 2
        text += value if follows_directly else message.separators.field + value
    lines = []
    for begin in range(0, max(len(text), 1), _WIDTH):
        here = [(column - begin, number, said) for column, number, said in places if begin <= column < begin + _WIDTH]
        numbers = _numbers(here)
        lines += [numbers] if numbers else []
        lines.append(text[begin : begin + _WIDTH])
    return lines


def _numbers(places: Sequence[tuple[int, int, bool]]) -> str:
    line = [" "] * (_WIDTH + 8)
    for column, number, _ in sorted(places, key=lambda place: not place[2]):
        digits = str(number)
        around = line[max(0, column - 1) : column + len(digits) + 1]
        if all(one == " " for one in around):
            line[column : column + len(digits)] = digits
    return "".join(line).rstrip()


def _cut(text: str) -> str:
    shown = visible(text[:_MOST_CHARACTERS])
    return shown if len(text) <= _MOST_CHARACTERS else f"{shown} ... ({len(text) - _MOST_CHARACTERS:,} more) "
