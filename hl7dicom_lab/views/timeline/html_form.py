"""The timeline as static HTML: the drawing, and a table that says the same where a page removes drawings.

Rule: text from the wire is escaped; control characters are visible; nothing here needs a script or a style sheet.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from hl7dicom_lab.trace import Table
from hl7dicom_lab.views.timeline import svg
from hl7dicom_lab.views.timeline.arrow import Arrow
from hl7dicom_lab.views.timeline.fold import Entry, Fold
from hl7dicom_lab.views.timeline.text_form import numbers, problem, systems
from hl7dicom_lab.visible import visible

#: What a page that somebody stores shows at most; the widget and the text show all.
_MOST_ENTRIES = 300
_MOST_PARTS = 60
_LONGEST_DATA = 3000
_HEADINGS = ("#", "time", "from", "to", "message", "what it says")
_LEFT = "text-align:left;vertical-align:top"


def page(entries: Sequence[tuple[int, Entry]], names: Sequence[str], left_out: int) -> str:
    """The drawing and the table of these entries."""
    shown = entries[-_MOST_ENTRIES:]
    missing = left_out + sum(
        len(entry.arrows) if isinstance(entry, Fold) else 1 for _, entry in entries[: len(entries) - len(shown)]
    )
    notice = f"<p>{missing} older arrows are left out.</p>" if missing else ""
    return (
        f'<div style="overflow-x:auto" tabindex="0" role="region" aria-label="Sequence diagram">'
        f"{svg.drawn(shown, names, alone=False)}</div>{notice}"
        f"<details><summary>The same as a table</summary>"
        f"<p>Systems: {html.escape(systems(names))}</p>{_table(shown)}</details>"
    )


def _table(entries: Sequence[tuple[int, Entry]]) -> str:
    head = "".join(f'<th scope="col" style="{_LEFT}">{name}</th>' for name in _HEADINGS)
    body = "".join(_row(number, entry) for number, entry in entries)
    return (
        '<table style="text-align:left"><caption>What went over the wire, in the order of time</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(number: int, entry: Entry) -> str:
    arrow = entry.first if isinstance(entry, Fold) else entry
    sender = "" if arrow.form == "note" else arrow.sender
    label = arrow.kind if arrow.form == "note" else entry.label
    cells = (numbers(entry, number), f"{arrow.time:%H:%M:%S}", sender, arrow.receiver, label)
    shown = "".join(f'<td dir="auto" style="{_LEFT}">{html.escape(cell)}</td>' for cell in cells)
    remarks = "".join(f"<br><strong>{html.escape(problem(one, said=entry.summary))}</strong>" for one in arrow.remarks)
    inside = _parts(number, entry) if isinstance(entry, Fold) else _details(arrow)
    last = f'<td dir="auto" style="{_LEFT};overflow-wrap:anywhere">{html.escape(entry.summary)}{remarks}{inside}</td>'
    return f"<tr>{shown}{last}</tr>"


def _parts(number: int, fold: Fold) -> str:
    items = "".join(
        f'<li value="{number + place}">{html.escape(one.sentence)}</li>'
        for place, one in enumerate(fold.arrows[:_MOST_PARTS])
    )
    more = f"<p>and {len(fold.arrows) - _MOST_PARTS} more</p>" if len(fold.arrows) > _MOST_PARTS else ""
    return f"<details><summary>each of them</summary><ol>{items}</ol>{more}</details>"


def _details(arrow: Arrow) -> str:
    blocks = []
    if arrow.table:
        blocks.append(f"<details><summary>presentation contexts</summary>{_contexts(arrow.table)}</details>")
    if arrow.data:
        data = arrow.data[:_LONGEST_DATA] + ("\n..." if len(arrow.data) > _LONGEST_DATA else "")
        lines = "\n".join(visible(line) for line in data.removesuffix("\n").split("\n"))
        blocks.append(f'<details><summary>decoded</summary><pre dir="auto">{html.escape(lines)}</pre></details>')
    return "".join(blocks)


def _contexts(table: Table) -> str:
    head = "".join(f'<th scope="col" style="{_LEFT}">{html.escape(name)}</th>' for name in table.headings)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in table.rows)
    return (
        '<table style="text-align:left"><caption>Presentation contexts</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(row: Sequence[str]) -> Iterator[str]:
    for cell in row:
        yield f'<td style="{_LEFT}">{html.escape(visible(cell))}</td>'
