"""Two messages side by side with what differs.

Rule: segments are paired by name and occurrence. Where one side has more of a name, those that say the same (but for
their set id) are paired first, so that a segment that was put in between is one difference and not many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Self

from hl7dicom_lab.views.explorer.tree import Line, Tree
from hl7dicom_lab.views.explorer.view import Comparison
from hl7dicom_lab.views.message.tree import tree_of

#: Segments of one name up to which they are paired by what they say.
_MOST = 400


@dataclass(frozen=True, repr=False)
class MessageComparison(Comparison):
    """Two messages."""

    @classmethod
    def of(cls, left: bytes, right: bytes) -> Self:
        """Take both apart and pair their lines. Never raises."""
        return cls(*_aligned(tree_of(left), tree_of(right)))


def _aligned(left: Tree, right: Tree) -> tuple[Tree, Tree]:
    """The right tree with the keys of those segments of the left one that its own belong to."""
    mine, theirs = _segments(left), _segments(right)
    keys: dict[int, str] = {}
    for name in mine.keys() & theirs.keys():
        ours, others = mine[name], theirs[name]
        if len(ours) != len(others) and max(len(ours), len(others)) <= _MOST:
            keys |= _paired(name, [content for _, content in ours], others)
    lines = list(right.lines)
    for place, key in keys.items():
        lines[place] = replace(lines[place], key=key)
    return left, replace(right, lines=tuple(lines))


def _segments(tree: Tree) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
    """For each name the segments: their place among the lines, and what they say without their set id."""
    found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    content: list[str] = []
    place = -1
    for at, line in enumerate((*tree.lines, Line(0, "", "", ""))):
        if line.depth == 0:
            if place >= 0:
                found.setdefault(tree.lines[place].key.partition("#")[0], []).append((place, tuple(content)))
            place, content = at, []
        elif line.depth == 1 and not line.empty and not line.name.startswith("Set ID"):
            content.append(f"{line.key}{line.exact or line.value}")
    return found


def _paired(
    name: str, ours: Sequence[tuple[str, ...]], others: Sequence[tuple[int, tuple[str, ...]]]
) -> dict[int, str]:
    """The key of each of the other side's segments: of its equal here, else of the one at the same place between."""
    keys = {}
    matcher = SequenceMatcher(None, ours, [content for _, content in others], autojunk=False)
    for _, begin, end, other_begin, other_end in matcher.get_opcodes():
        for offset in range(other_end - other_begin):
            place = others[other_begin + offset][0]
            here = begin + offset
            keys[place] = f"{name}#{here + 1}" if here < end else f"{name}#right{other_begin + offset + 1}"
    return keys
