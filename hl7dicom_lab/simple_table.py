"""A table of short texts: as lines in columns, and as HTML with the same content.

Rule: cells are data and are escaped in HTML; each column is as wide as its longest cell.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

#: JupyterLab aligns the cells of a table to the right unless told otherwise.
_LEFT = "text-align:left"


def as_lines(rows: Sequence[Sequence[str]], *, ruled: bool = False) -> list[str]:
    """Rows of equal length as lines; `ruled` draws a line below the first, the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]] if ruled else lines


def as_html(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as HTML."""
    head = "".join(f'<th scope="col" style="{_LEFT}">{html.escape(name)}</th>' for name in headings)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_LEFT}">{html.escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<table style="{_LEFT}"><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
