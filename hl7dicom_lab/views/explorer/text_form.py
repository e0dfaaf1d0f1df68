"""A tree as text: aligned columns, a line each, what is noteworthy beneath it.

Rule: it says what the other forms say, in as few columns as that takes; what is cut is said with its length.
"""

from __future__ import annotations

from collections.abc import Sequence

from hl7dicom_lab.views.explorer.tree import NUMBERS, Line, Tree, without_empty
from hl7dicom_lab.visible import visible

#: Lines that print; a longer tree says how many more there are.
MOST_LINES = 1500
#: Characters of a value that print.
MOST_CHARACTERS = 2000
#: Stands above the lines as they were sent.
AS_SENT = "As sent, the number of each field above its separator:"
_WIDEST_NAME = 40
_WIDEST_LABEL = 24


def shown(value: str, most: int = MOST_CHARACTERS) -> str:
    """A value on one line, its control characters visible; a longer one is cut and says so."""
    if len(value) <= most:
        return plain(value)
    return f"{plain(value[:most])} ... ({len(value) - most:,} more characters)"


def plain(text: str) -> str:
    """Text with its control characters visible. Most text of a long message has none, and is told at a glance."""
    return text if text.isascii() and text.isprintable() else visible(text)


def head(tree: Tree, side: str = "") -> list[str]:
    """The title, what one wants to know first, and what is odd. In a comparison, before it, whose it is."""
    lines = [shown(": ".join(filter(None, (side, tree.title))))]
    width = max((len(name) for name, _ in tree.summary), default=0)
    lines += [f"  {name:<{width}}  {shown(value)}" for name, value in tree.summary]
    return lines + [f"  ! {shown(remark)}" for remark in tree.remarks]


def text(tree: Tree) -> str:
    """The whole tree, without its empty lines."""
    lines = without_empty(tree)
    kept = lines[:MOST_LINES]
    printed = [*head(tree), "", *_columns(tree, kept)]
    if len(lines) > len(kept):
        printed.append(f"... {len(lines) - len(kept):,} more lines")
    if tree.as_sent:
        printed += ["", AS_SENT, *tree.as_sent]
    return "\n".join(line.rstrip() for line in printed)


def _columns(tree: Tree, lines: Sequence[Line]) -> list[str]:
    heading = (tree.label_heading, "Name", *tree.fact_headings, "Value")
    rows = [heading, *(_cells(tree, line) for line in lines)]
    most = (_WIDEST_LABEL, _WIDEST_NAME, *(12 for _ in tree.fact_headings))
    widths = [min(max(len(row[place]) for row in rows), limit) for place, limit in enumerate(most)]
    at_right = [name in NUMBERS for name in heading]
    ruled = ["-" * width for width in widths] + ["-----"]
    printed = [_row(heading, widths, at_right), _row(ruled, widths, at_right)]
    for line, row in zip(lines, rows[1:], strict=True):
        printed.append(_row(row, widths, at_right))
        if line.note:
            printed.append(" " * (widths[0] + 2) + f"({shown(line.note)})")
    return printed


def _cells(tree: Tree, line: Line) -> tuple[str, ...]:
    facts = (*line.facts, *("" for _ in tree.fact_headings))[: len(tree.fact_headings)]
    return (
        "  " * line.depth + visible(line.label),
        visible(line.name),
        *(visible(fact) for fact in facts),
        shown(line.value),
    )


def _row(cells: Sequence[str], widths: Sequence[int], at_right: Sequence[bool]) -> str:
    placed = zip(cells, widths, at_right, strict=False)
    return "  ".join([*(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in placed), cells[-1]])
