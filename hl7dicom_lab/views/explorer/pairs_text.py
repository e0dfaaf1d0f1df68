"""Two trees side by side as text: only what differs, each difference with its place, its name and both values."""

from __future__ import annotations

from collections.abc import Sequence

from hl7dicom_lab.views.explorer.pairs import SIGNS, Pair, differences, heads
from hl7dicom_lab.views.explorer.text_form import MOST_LINES, head, shown
from hl7dicom_lab.views.explorer.tree import Tree, children
from hl7dicom_lab.visible import visible

_WIDEST = (48, 40, 36)


def text(left: Tree, right: Tree, pairs: Sequence[Pair]) -> str:
    """Both heads, how many differences there are, and the differences."""
    differing = [one for one in pairs if one.counts]
    printed = [line for side, tree in heads(left, right) for line in head(tree, side)]
    printed += ["", counted(pairs, left)]
    if differing:
        printed += ["", *_columns(left, right, differing[:MOST_LINES])]
    if len(differing) > MOST_LINES:
        printed.append(f"... {len(differing) - MOST_LINES:,} more differences")
    return "\n".join(line.rstrip() for line in printed)


def counted(pairs: Sequence[Pair], left: Tree) -> str:
    """How many differences, and how many values that are the same."""
    has_parts = children(left.lines)
    alike = sum(one.mark == "same" and one.left is not None and not has_parts[one.left] for one in pairs)
    count = differences(pairs)
    said = {0: "No difference", 1: "1 difference"}.get(count, f"{count:,} differences")
    return f"{said}; {alike:,} value{' is' if alike == 1 else 's are'} the same on both sides."


def label(one: Pair, left: Tree, right: Tree) -> str:
    """The label of a pair: both, where they are not the same."""
    lines = [tree.lines[place] for tree, place in ((left, one.left), (right, one.right)) if place is not None]
    return " / ".join(dict.fromkeys(line.place or line.label for line in lines))


def values(one: Pair, left: Tree, right: Tree) -> tuple[str, str]:
    """The value of each side; a place that a side has not is said in words."""
    on_left = left.lines[one.left].value if one.left is not None else "(not there)"
    on_right = right.lines[one.right].value if one.right is not None else "(not there)"
    if one.counts and one.mark == "different":  # one of two that differ is seen to have no value
        return on_left or "(empty)", on_right or "(empty)"
    return on_left, on_right


def _columns(left: Tree, right: Tree, pairs: Sequence[Pair]) -> list[str]:
    rows = [("", left.label_heading, "Name", "Left", "Right"), *(_cells(one, left, right) for one in pairs)]
    widths = [12, *(min(max(len(row[place + 1]) for row in rows), most) for place, most in enumerate(_WIDEST))]
    ruled = ("-" * widths[0], *("-" * width for width in widths[1:]), "-----")
    return [line for row in (rows[0], ruled, *rows[1:]) for line in _lines(row, widths)]


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """A row; below a long value of the left side, the value of the right side has a line of its own."""
    line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
    if len(row[-2]) <= widths[-1]:
        return [f"{line}  {row[-1]}"]
    return [line, f"{' ' * (sum(widths) + 2 * len(widths))}{row[-1]}"]


def _cells(one: Pair, left: Tree, right: Tree) -> tuple[str, ...]:
    said = values(one, left, right)
    name = visible(one.line(left, right).name)
    return (f"{SIGNS[one.mark]} {one.mark}", visible(label(one, left, right)), name, shown(said[0]), shown(said[1]))
