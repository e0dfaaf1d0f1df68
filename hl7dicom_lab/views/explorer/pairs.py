"""Two trees beside each other: which lines belong together, and how each pair fares.

Rule: lines are paired by their path through the tree, never by their value; among the children of one parent the
`key` (or label) pairs them, the second of a kind with the second. A part that stands on one side only is one
difference, however much is in it. Empty lines are not compared: an empty field is one that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hl7dicom_lab.views.explorer.tree import Line, Mark, Tree

#: What stands before a line in print and on the screen, besides the words.
SIGNS: dict[Mark, str] = {"": " ", "same": "=", "different": "≠", "left only": "◀", "right only": "▶"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the left tree, of the right one, or of both. `left` and `right` are places in the trees' lines."""

    depth: int
    left: int | None
    right: int | None
    mark: Mark
    counts: bool = False  # whether it is a difference of its own, not one that its parts or its parent count for

    def line(self, left: Tree, right: Tree) -> Line:
        """The line that names the pair."""
        return left.lines[self.left] if self.left is not None else right.lines[self.right or 0]


def heads(left: Tree, right: Tree) -> tuple[tuple[str, Tree], ...]:
    """What stands above a comparison, by whose it is: what is true of both once, then what each has of its own."""
    shared = tuple(fact for fact in left.summary if fact in right.summary)
    same = left.title == right.title
    both = replace(left, title=left.title if same else "", summary=shared, remarks=())
    own = [
        (side, replace(tree, title="" if same else tree.title, summary=tuple(_without(tree.summary, shared))))
        for side, tree in (("Left", left), ("Right", right))
    ]
    found = [("Both", both), *own] if same else [*own, ("Both", both)]
    return tuple((side, tree) for side, tree in found if tree.title or tree.summary or tree.remarks)


def _without(facts: Sequence[tuple[str, str]], shared: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return (fact for fact in facts if fact not in shared)


@dataclass(frozen=True, slots=True)
class _Node:
    place: int
    line: Line
    key: tuple[str, int]
    parts: list[_Node]


def pair(left: Tree, right: Tree) -> tuple[Pair, ...]:
    """All lines of two trees in pairs, in the order of the left one."""
    return tuple(_merge(_nodes(left.lines), _nodes(right.lines)))


def differences(pairs: Sequence[Pair]) -> int:
    """How many there are."""
    return sum(one.counts for one in pairs)


def _nodes(lines: Sequence[Line]) -> list[_Node]:
    """The lines as a forest, without the empty ones."""
    top: list[_Node] = []
    open_ones: list[_Node] = []
    seen: dict[tuple[int, str], int] = {}
    for place, line in enumerate(lines):
        if line.empty:
            continue
        while open_ones and open_ones[-1].line.depth >= line.depth:
            open_ones.pop()
        parent = open_ones[-1] if open_ones else None
        key = line.key or line.label
        counted = (parent.place if parent else -1, key)
        seen[counted] = seen.get(counted, 0) + 1
        node = _Node(place, line, (key, seen[counted]), [])
        (parent.parts if parent else top).append(node)
        open_ones.append(node)
    return top


def _merge(left: list[_Node], right: list[_Node]) -> list[Pair]:
    there = {node.key: place for place, node in enumerate(right)}
    mine = {node.key for node in left}
    merged: list[Pair] = []
    next_right = 0
    for node in left:
        place = there.get(node.key)
        if place is None:
            merged += _alone(node, "left only")
            continue
        for other in right[next_right:place]:
            if other.key not in mine:
                merged += _alone(other, "right only")
        merged += _both(node, right[place])
        next_right = max(next_right, place + 1)
    for other in right[next_right:]:
        if other.key not in mine:
            merged += _alone(other, "right only")
    return merged


def _both(left: _Node, right: _Node) -> list[Pair]:
    """A pair with its parts. Where both have parts, the value of the whole is made of them; else it counts itself."""
    parts = _merge(left.parts, right.parts) if left.parts or right.parts else []
    if left.parts and right.parts:
        mark: Mark = "same" if all(one.mark == "same" for one in parts) else "different"
        return [Pair(left.line.depth, left.place, right.place, mark), *parts]
    differs = bool(parts) or (left.line.exact or left.line.value) != (right.line.exact or right.line.value)
    own = Pair(left.line.depth, left.place, right.place, "different" if differs else "same", differs)
    return [own, *(replace(one, counts=False) for one in parts)] if parts else [own]


def _alone(node: _Node, mark: Mark, *, counts: bool = True) -> list[Pair]:
    left, right = (node.place, None) if mark == "left only" else (None, node.place)
    found = [Pair(node.line.depth, left, right, mark, counts)]
    for part in node.parts:
        found += _alone(part, mark, counts=False)
    return found
