"""Two trees side by side as static HTML: only what differs, as one table."""

from __future__ import annotations

import html
from collections.abc import Sequence

from hl7dicom_lab.views.explorer.html_form import MOST_LINES, cell, head, table
from hl7dicom_lab.views.explorer.pairs import SIGNS, Pair, heads
from hl7dicom_lab.views.explorer.pairs_text import counted, label, values
from hl7dicom_lab.views.explorer.tree import Tree


def html_of(left: Tree, right: Tree, pairs: Sequence[Pair]) -> str:
    """Both heads, how many differences there are, and the differences."""
    differing = [one for one in pairs if one.counts]
    said = f"<p><strong>{html.escape(counted(pairs, left))}</strong></p>"
    headings = ("How", left.label_heading, "Name", "Left", "Right")
    rows = (_row(one, left, right) for one in differing[:MOST_LINES])
    drawn = table("What differs", headings, rows) if differing else ""
    more = f"<p>... {len(differing) - MOST_LINES:,} more differences</p>" if len(differing) > MOST_LINES else ""
    above = "".join(head(tree, side) for side, tree in heads(left, right))
    return f'<section style="text-align:left">{above}{said}{drawn}{more}</section>'


def _row(one: Pair, left: Tree, right: Tree) -> str:
    on_left, on_right = values(one, left, right)
    how = cell("td", f"{SIGNS[one.mark]} {one.mark}")
    place = cell("th", label(one, left, right), "row")
    name = cell("td", one.line(left, right).name)
    return f"<tr>{how}{place}{name}{cell('td', on_left)}{cell('td', on_right)}</tr>"
