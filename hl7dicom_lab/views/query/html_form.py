"""The explanation of a worklist query as static HTML: a table that reads on GitHub, on paper and aloud.

Rules: no script; a sign never stands without its word; text of others keeps its own direction and is escaped.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from hl7dicom_lab.views.query import words
from hl7dicom_lab.visible import visible

if TYPE_CHECKING:
    from hl7dicom_lab.views.query.explanation import JudgedStep, QueryExplanation

_LEFT = "text-align:left;vertical-align:top"
_OF_OTHERS = f'style="{_LEFT};overflow-wrap:anywhere" dir="auto"'
_HUMP = re.compile(r"(?<=[a-z.])(?=[A-Z])")


def html(explained: QueryExplanation) -> str:
    """The whole explanation."""
    parts = [f"<p><strong>{escape(words.headline(explained))}</strong></p>", _list(words.findings(explained))]
    if notes := words.notes(explained):
        parts += ["<p>About the query:</p>", _list(notes)]
    if explained.problem is None:
        parts += [_table(explained), _legend(explained), _returned(explained)]
    return "".join(parts)


def _list(lines: tuple[str, ...]) -> str:
    return (
        "<ul>" + "".join(f'<li style="overflow-wrap:anywhere">{escape(line)}</li>' for line in lines) + "</ul>"
        if lines
        else ""
    )


def _table(explained: QueryExplanation) -> str:
    head = "".join(
        f'<th scope="col" style="{_LEFT}">{name}</th>' for name in ("Patient", "Accession", "Start", "Status")
    )
    head += "".join(_key(explained, place) for place in range(len(explained.keys)))
    head += f'<th scope="col" style="{_LEFT}">Outcome</th>'
    body = "".join(_row(explained, step) for step in explained.shown)
    caption = "Each step on the order book, and what each key of the query says to it"
    return (
        f'<div style="overflow-x:auto"><table style="text-align:left"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _key(explained: QueryExplanation, place: int) -> str:
    key = explained.keys[place]
    label = _HUMP.sub("<wbr>", escape(key.label))
    return (
        f'<th scope="col" style="{_LEFT}">{label}<br><small>{key.place}</small><br>'
        f'<code style="overflow-wrap:anywhere">{escape(visible(key.wanted))}</code><br>'
        f"<small>{words.let_through(explained, place)}<br>{escape(words.rule(key))}</small></th>"
    )


def _row(explained: QueryExplanation, step: JudgedStep) -> str:
    item = step.item
    gone = "" if step.on_worklist else "✗ "
    cells = [
        f'<th scope="row" {_OF_OTHERS}>{escape(visible(item.patient_name))}</th>',
        f"<td {_OF_OTHERS}>{escape(visible(item.accession_number))}</td>",
        f'<td style="{_LEFT}">{escape(words.start(step))}</td>',
        f'<td style="{_LEFT}">{gone}{item.status.value}{"" if step.on_worklist else "<br>has left the worklist"}</td>',
    ]
    for place, found in enumerate(step.found):
        mark = words.mark(explained, step, place)
        value = f"<bdi>{escape(visible(found))}</bdi>" if found else "no value"
        cells.append(f'<td style="{_LEFT};overflow-wrap:anywhere">{words.SYMBOLS[mark]} {mark}: {value}</td>')
    cells.append(f'<td style="{_LEFT}">{escape(words.outcome(explained, step))}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _legend(explained: QueryExplanation) -> str:
    more = words.not_shown(explained)
    return f"<p>{escape(words.LEGEND)}</p>" + (f"<p>{escape(more)}</p>" if more else "")


def _returned(explained: QueryExplanation) -> str:
    if not explained.without_value:
        return ""
    names = ", ".join(escape(visible(path)) for path in explained.without_value)
    return f"<details><summary>{words.returned(explained)}</summary><p>{names}</p></details>"
