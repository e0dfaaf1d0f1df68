"""A tree as static HTML: one table for each of its uppermost parts, in `<details>` that open and shut without a script.

Rule: everything that came over the wire is escaped. How deep a line stands is said by spaces, which stay where a page
strips styles.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from hl7dicom_lab.counted import counted
from hl7dicom_lab.views.explorer.text_form import AS_SENT, shown
from hl7dicom_lab.views.explorer.tree import NUMBERS, Line, Tree, without_empty
from hl7dicom_lab.visible import visible

#: Lines that are drawn; a longer tree says how many more there are.
MOST_LINES = 600
#: Parts stand open in a tree of so many lines.
_OPEN_UP_TO = 150
_MOST_CHARACTERS = 500
#: JupyterLab aligns the cells of a table to the right unless told otherwise.
_LEFT = "text-align:left"
_RIGHT = "text-align:right"
#: A note gives way where a page is narrow.
_NOTE = "text-align:left;overflow-wrap:anywhere;min-width:7.5em"
#: A long word may break anywhere; others stay whole.
_WRAPS = "text-align:left;overflow-wrap:anywhere"
_LONG = 24
#: Lines that are named one by one.
_FEW = 2


def html_of(tree: Tree) -> str:
    """The whole tree, without its empty lines."""
    lines = without_empty(tree)
    kept = lines[:MOST_LINES]
    tables = "".join(_part(tree, part, is_open=len(lines) <= _OPEN_UP_TO) for part in _parts(kept))
    more = f"<p>... {len(lines) - len(kept):,} more lines</p>" if len(lines) > len(kept) else ""
    return f'<section style="text-align:left">{head(tree)}{tables}{more}{_sent(tree)}</section>'


def _sent(tree: Tree) -> str:
    if not tree.as_sent:
        return ""
    lines = html.escape("\n".join(tree.as_sent))
    return f'<details><summary>{AS_SENT}</summary><pre style="overflow-x:auto">{lines}</pre></details>'


def head(tree: Tree, side: str = "") -> str:
    """The title, what one wants to know first, and what is odd."""
    title = ": ".join(filter(None, (side, tree.title)))
    facts = "".join(f"<li>{_text(name)}: {_text(value)}</li>" for name, value in tree.summary)
    odd = "".join(f"<li><strong>! {_text(remark)}</strong></li>" for remark in tree.remarks)
    return f"<p><strong>{_text(title)}</strong></p><ul>{facts}{odd}</ul>"


def cell(name: str, value: str, scope: str = "") -> str:
    """A cell of a table."""
    kind = f' scope="{scope}"' if scope else ""
    style = _RIGHT if scope == "col" and value in NUMBERS else _style(value)
    return f'<{name}{kind} style="{style}">{_text(value)}</{name}>'


def table(caption: str, headings: Sequence[str], rows: Iterator[str]) -> str:
    """A table with its caption and its column headings."""
    top = "".join(cell("th", heading, "col") for heading in headings)
    return (
        f'<table style="text-align:left"><caption style="text-align:left">{_text(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _fact(heading: str, value: str) -> str:
    return f'<td style="{_RIGHT}">{_text(value)}</td>' if heading in NUMBERS else cell("td", value)


def _style(value: str) -> str:
    return _WRAPS if max(map(len, value[:_MOST_CHARACTERS].split()), default=0) > _LONG else _LEFT


def _text(value: str) -> str:
    return html.escape(shown(value, _MOST_CHARACTERS))


def _parts(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Each uppermost line with what is in it; neighbours that have nothing in them stand together."""
    begin = 0
    for place, line in enumerate(lines):
        follows_leaf = place > 0 and lines[place - 1].depth == 0
        is_leaf = place + 1 == len(lines) or lines[place + 1].depth == 0
        if place > begin and line.depth == 0 and not (follows_leaf and is_leaf):
            yield lines[begin:place]
            begin = place
    if lines:
        yield lines[begin:]


def _part(tree: Tree, lines: Sequence[Line], *, is_open: bool) -> str:
    first = lines[0]
    whole = len(lines) == 1 or lines[1].depth == 0
    drawn = lines if whole else lines[1:]
    noted = any(line.note for line in drawn)
    headings = (tree.label_heading, "Name", *tree.fact_headings, "Value", *(["Note"] if noted else []))
    rows = (_row(tree, line, least=0 if whole else 1, noted=noted) for line in drawn)
    caption = _count(lines) if whole else f"What is in {first.label or first.name}"
    said = _together(lines) if whole else _said(first)
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{_text(said)}</summary>{table(caption, headings, rows)}</details>"


def _said(line: Line) -> str:
    """A line in words, without its columns."""
    named = " ".join(filter(None, (line.label, line.name)))
    return ". ".join(filter(None, (f"{named}: {line.value}" if line.value else named, line.note)))


def _together(lines: Sequence[Line]) -> str:
    """What lines are called that have nothing in them and share a table."""
    labels = [line.label or line.name for line in lines]
    if len(labels) <= _FEW:
        return " and ".join(labels)
    return f"{labels[0]} to {labels[-1]}"


def _count(lines: Sequence[Line]) -> str:
    return counted(len(lines), "line", ",")


def _row(tree: Tree, line: Line, least: int, *, noted: bool) -> str:
    facts = (*line.facts, *("" for _ in tree.fact_headings))[: len(tree.fact_headings)]
    indent = "&emsp;" * max(0, line.depth - least)
    label = f'<th scope="row" style="{_LEFT};white-space:nowrap">{indent}{html.escape(visible(line.label))}</th>'
    cells = cell("td", line.name)
    cells += "".join(_fact(name, value) for name, value in zip(tree.fact_headings, facts, strict=True))
    value = f'<td dir="auto" style="{_style(line.value)}">{_text(line.value)}</td>'
    note = f'<td style="{_NOTE}">{_text(line.note)}</td>' if noted else ""
    return f"<tr>{label}{cells}{value}{note}</tr>"
