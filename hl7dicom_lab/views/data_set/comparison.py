"""Two data sets side by side: a worklist item and the image, two slices, an image before and after it was tagged.

Rule: elements are paired by tag, items of a sequence by their number. The preamble and the file meta information
belong to the file, not to what it says: they are compared as parts of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np

from hl7dicom_lab.views.data_set.explorer import tree_of
from hl7dicom_lab.views.data_set.words import VALUE_PIECES
from hl7dicom_lab.views.explorer.tree import Line, Tree
from hl7dicom_lab.views.explorer.view import Comparison


class DataSetComparison(Comparison):
    """Two data sets with what differs."""

    @classmethod
    def of(cls, one: Any, other: Any) -> Self:
        """Two of what `DataSetExplorer.of` takes. Raises `NotFound` for all else."""
        left, right = tree_of(one), tree_of(other)
        return cls(left, _counted(right, left))


def _counted(tree: Tree, other: Tree) -> Tree:
    """The right tree; a long value that only looks as the left one does says how many of its bytes differ."""
    there = {line.place or line.label: line for line in other.lines if line.exact}

    def said(line: Line) -> Line:
        found = there.get(line.place or line.label)
        if found is None or line.exact in ("", found.exact) or line.value != found.value:
            return line
        if not (line.facts and line.pieces and found.pieces):
            return line
        return replace(line, value=_difference(_content(tree, line), _content(other, found)))

    return replace(tree, lines=tuple(map(said, tree.lines)))


def _difference(one: bytes, two: bytes) -> str:
    if len(one) != len(two):
        return f"{len(one):,} bytes, on the left {len(two):,}"
    count = int(np.count_nonzero(np.frombuffer(one, np.uint8) != np.frombuffer(two, np.uint8)))
    return f"{count:,} of {len(one):,} bytes differ"


def _content(tree: Tree, line: Line) -> bytes:
    """The value of a line, behind its header."""
    start, _ = line.span or (0, 0)
    before = sum(size for what, size in line.pieces if what not in VALUE_PIECES)
    size = sum(size for what, size in line.pieces if what in VALUE_PIECES)
    return tree.raw[start + before : start + before + size]
