"""The explorer: something that is made of parts, as a tree of lines beside its bytes.

A message and a data set are looked at in the same way: each line has a label (`PID-5.1`, `(0010,0010)`), a name, facts
about it (data type, VR, length), a value, and the bytes that it was read from. Rules: a line's bytes are those of the
wire or the file, untouched; a value is decoded and shown as text; what is odd is said in words on the line itself.

What is taken apart becomes a `Tree`; `explorer_view.Explorer` and `explorer_view.Comparison` show one, or two side by
side, in the four forms of every view. One who adds a kind of thing writes a function that gives a `Tree`, and no form:

    class DataSetExplorer(Explorer):
        @classmethod
        def of(cls, thing): return cls(tree_of(thing))

    class DataSetComparison(Comparison):
        @classmethod
        def of(cls, left, right): return cls(tree_of(left), tree_of(right))
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

#: How a line of a comparison fares: on both sides alike, on both but different, on one side only.
Mark = Literal["", "same", "different", "left only", "right only"]
#: How bytes are drawn: as characters with a segment a line, as offset, hexadecimal and text, or not at all.
BytesAs = Literal["text", "hex", "none"]


#: Fact columns that hold numbers: they are aligned at the right.
NUMBERS = frozenset({"Length"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the tree. Lines stand in reading order; a line's children follow it with a greater `depth`."""

    depth: int
    label: str
    name: str
    value: str
    facts: tuple[str, ...] = ()  # as many as the explorer has fact columns
    span: tuple[int, int] | None = None  # the bytes [start, end) of the whole that this line was read from
    note: str = ""  # what is noteworthy about it, in words
    shut: bool = False  # whether its children are folded away at first
    empty: bool = False  # nothing stands there: left out unless one asks for it, and never compared
    key: str = ""  # what pairs it with a line of another tree, among the children of one parent; else the label
    exact: str = ""  # what is compared where `value` is only an extract of it or made for the eye; else the value
    about: str = ""  # what it is, in words, for who asks: the name of a keyword, the meaning of a type
    pieces: tuple[tuple[str, int], ...] = ()  # the bytes of the span in order: what each piece is, and its size
    place: str = ""  # the whole way to the line, where the label says the last step only


@dataclass(frozen=True)
class Tree:
    """A thing taken apart, with all that its four forms say."""

    noun: str  # what it is: "message", "data set"
    short: str  # stands in the short form `<Message ORM^O01, 8 segments>`
    title: str  # the heading, one line
    label_heading: str  # of the first column: "Path", "Tag"
    fact_headings: tuple[str, ...]  # of the columns between name and value: ("Type",), ("VR", "Length")
    lines: tuple[Line, ...]
    raw: bytes = b""  # what the spans count in
    bytes_as: BytesAs = "none"
    codec: str = "ascii"  # which characters the bytes are, with `bytes_as` "text"
    summary: tuple[tuple[str, str], ...] = ()  # name and value: what one wants to know first
    remarks: tuple[str, ...] = ()  # what is odd about the whole, each one or two sentences
    as_sent: tuple[str, ...] = ()  # lines of text below the tree in the forms that have no bytes to look at


def children(lines: tuple[Line, ...]) -> list[bool]:
    """For each line whether it has children."""
    return [after.depth > line.depth for line, after in pairwise(lines)] + [False] * bool(lines)


def parents(depths: list[int]) -> list[int]:
    """For each line the place of its parent, -1 at the top."""
    found: list[int] = []
    open_ones: list[int] = []
    for place, depth in enumerate(depths):
        while open_ones and depths[open_ones[-1]] >= depth:
            open_ones.pop()
        found.append(open_ones[-1] if open_ones else -1)
        open_ones.append(place)
    return found


def without_empty(tree: Tree) -> tuple[Line, ...]:
    """The lines that say something."""
    return tuple(line for line in tree.lines if not line.empty)
