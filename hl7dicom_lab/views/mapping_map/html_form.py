"""The mapping map as static HTML: a row a path, a column a stage; readable without scripts, on paper and by ear.

Rule: text from the wire is escaped. No meaning hangs on a colour: each value has its sign and its word.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import groupby

from hl7dicom_lab.views.mapping_map.paths import COLUMNS, GROUPS, SIGNS, Link, Path, Value
from hl7dicom_lab.views.mapping_map.text_form import how, hows, shortened
from hl7dicom_lab.visible import visible

_CELL = "text-align:left;vertical-align:top;overflow-wrap:anywhere;white-space:normal;padding:0.25em 0.5em"
_TABLE = "border-collapse:collapse;width:100%;max-width:75em;table-layout:fixed;margin:0"
_WORD = "font-weight:normal;white-space:nowrap;overflow-wrap:normal"
#: Where a keyword may go on in the next line.
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ROW = "border-top:1px solid rgba(128,128,128,0.4)"


def as_html(title: str, summary: str, stages: Sequence[str], paths: Sequence[Path]) -> str:
    """The whole map."""
    head = "".join(
        f'<th scope="col" style="{_CELL}">{name.capitalize()}'
        f'<br><span style="font-weight:normal">{_escaped(stage)}</span></th>'
        for name, stage in zip(COLUMNS, stages, strict=True)
    )
    body = "".join(_group(group, list(members)) for group, members in groupby(paths, key=lambda path: path.group))
    return (
        '<section class="hl7dicom-mapping" style="text-align:left">'
        f'<table style="{_TABLE}"><caption style="text-align:left;font-weight:bold">{_escaped(title)}: '
        f"{_escaped(summary)}</caption><thead><tr>{head}</tr></thead>{body}</table>{_legend()}</section>"
    )


def _group(group: str, paths: list[Path]) -> str:
    rows = "".join(_row(path) for path in paths)
    heading = f'<tr><th scope="rowgroup" colspan="4" style="{_CELL};padding-top:0.9em">{GROUPS[group]}</th></tr>'
    return f"<tbody>{heading}{rows}</tbody>"


def _row(path: Path) -> str:
    arrived: list[Link | None] = [None, *path.links]
    cells = {value.column: _value(value, how(value, link)) for value, link in zip(path.values, arrived, strict=True)}
    return f'<tr style="{_ROW}">' + "".join(f'<td style="{_CELL}">{cells.get(n, "")}</td>' for n in range(4)) + "</tr>"


def _value(value: Value, came: str) -> str:
    text = _escaped(shortened(value.text)) or "<em>(nothing)</em>"
    note = f"<br><small>{_escaped(came)}</small>" if came else ""
    place = _HUMP.sub("<wbr>", _escaped(value.place))
    return f'<strong>{place}</strong><br><span dir="auto">{text}</span>{note}'


def _legend() -> str:
    items = "".join(f"<li>{sign} {mark}: {meaning}</li>" for mark, (sign, meaning) in SIGNS.items())
    return f'<ul aria-label="Signs" style="list-style:none;padding:0;margin:0.6em 0 0">{items}</ul>'


def followed(name: str, paths: Sequence[Path]) -> str:
    """Some paths, a row for each value."""
    head = "".join(
        f'<th scope="col" style="{_CELL}">{word}</th>' for word in ("Where", "Called", "Value", "How it came")
    )
    bodies = "".join(
        "<tbody>"
        + "".join(
            _step(value, came, first=place == 0)
            for place, (value, came) in enumerate(zip(one.values, hows(one), strict=True))
        )
        + "</tbody>"
        for one in paths
    )
    return (
        '<table class="hl7dicom-mapping" style="border-collapse:collapse"><caption style="text-align:left">'
        f"The way of {_escaped(name)}</caption><thead><tr>{head}</tr></thead>{bodies}</table>"
    )


def _step(value: Value, came: str, *, first: bool) -> str:
    line = "border-top:2px solid rgba(128,128,128,0.6)" if first else ""
    where = f'<th scope="row" style="{_CELL};{_WORD}">{COLUMNS[value.column]}</th>'
    text = f'<span dir="auto">{_escaped(shortened(value.text))}</span>' if value.text else "<em>(nothing)</em>"
    cells = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in (_escaped(value.place), text, _escaped(came)))
    return f'<tr style="{line}">{where}{cells}</tr>'


def _escaped(text: str) -> str:
    return html.escape(visible(text))
