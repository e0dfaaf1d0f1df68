"""The timeline as lines of text: an arrow a line, from whom to whom, drawn as in the diagram.

HL7 is `──▶`, DICOM is `══▶`, answers are dashed (`╌╌▶`, `┅┅▶`). Rule: what the diagram shows, these lines say.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from hl7dicom_lab.trace import Remark
from hl7dicom_lab.views.timeline.arrow import AE_TITLE_OF, SYMBOLS, WORDS, Arrow
from hl7dicom_lab.views.timeline.fold import Entry, Fold
from hl7dicom_lab.visible import visible

_WIDTH = 110
_LONGEST_NAME = 16
_SHAFTS = {("HL7", "ask"): "─", ("HL7", "answer"): "╌", ("DICOM", "ask"): "═", ("DICOM", "answer"): "┅"}
_MOST_CONTEXTS = 8
LEGEND = "HL7 ──▶   DICOM ══▶   an answer is dashed: ╌╌▶ ┅┅▶"


def numbers(entry: Entry, first: int) -> str:
    """The numbers of an entry whose first arrow is number `first`: `12`, or `12-59`."""
    return f"{first}-{first + len(entry.arrows) - 1}" if isinstance(entry, Fold) else str(first)


def systems(names: Sequence[str]) -> str:
    """The columns, with their AE titles."""
    return ", ".join(
        f"{short(name)} (AE title {AE_TITLE_OF[name]})" if name in AE_TITLE_OF else short(name) for name in names
    )


def short(name: str, most: int = _LONGEST_NAME) -> str:
    """A name as long as a column's head can be."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def problem(remark: Remark, *, said: str = "") -> str:
    """A remark with symbol and word, rule and repair; without what has been `said` already."""
    parts = [] if visible(remark.what) == said else [remark.what]
    parts += [f"{name}: {text}" for name, text in (("Rule", remark.rule), ("Repair", remark.repair)) if text]
    told = " ".join(part if part.endswith(".") else f"{part}." for part in parts)
    return visible(f"{SYMBOLS[remark.severity]} {WORDS[remark.severity]}: {told}").rstrip(": ")


def lines(entries: Sequence[tuple[int, Entry]]) -> Iterator[str]:
    """The entries, each with the number of its first arrow."""
    drawn = [_drawn(entry) for _, entry in entries]
    labels = [numbers(entry, number) for number, entry in entries]
    left = max([1, *map(len, labels)])
    middle = min(max([7, *map(len, drawn)]), 60)
    indent = left + 2 + 8 + 2
    yield f"{'#':<{left}}  {'time':<8}  {'message':<{middle}}  what it says"
    yield f"{'-' * left}  {'-' * 8}  {'-' * middle}  {'-' * 12}"
    for label, arrow, (_, entry) in zip(labels, drawn, entries, strict=True):
        first = entry.first if isinstance(entry, Fold) else entry
        said = entry.summary
        told = _wrapped(said, _WIDTH - indent - middle - 2)
        yield f"{label:<{left}}  {first.time:%H:%M:%S}  {arrow:<{middle}}  {told[0]}".rstrip()
        yield from (f"{'':<{indent + middle + 2}}{more}" for more in told[1:])
        for remark in first.remarks:
            yield from (f"{'':<{indent}}{more}" for more in _wrapped(problem(remark, said=said), _WIDTH - indent))
        if isinstance(entry, Arrow):
            yield from (f"{'':<{indent}}{more}" for more in _contexts(entry))


def _drawn(entry: Entry) -> str:
    arrow = entry.first if isinstance(entry, Fold) else entry
    if arrow.form == "note":
        severity = arrow.severity or "information"
        return f"{SYMBOLS[severity]} at {short(arrow.receiver)}: {arrow.kind}"
    line = _SHAFTS[arrow.protocol, arrow.form] * 2
    wrong = f" {SYMBOLS[arrow.severity]}" if arrow.severity else ""
    return f"{short(arrow.sender)} {line}{entry.label}{line}▶ {short(arrow.receiver)}{wrong}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(30, width), break_on_hyphens=False) or [""]


def _contexts(arrow: Arrow) -> Iterator[str]:
    """The presentation contexts of an A-ASSOCIATE message, one a line."""
    rows = arrow.table.rows if arrow.table else ()
    for context, asked, offered, *answer in rows[:_MOST_CONTEXTS]:
        said = f": {', '.join(filter(None, answer))}" if answer else f", offered: {offered}"
        yield from _wrapped(visible(f"context {context}, {asked}{said}"), _WIDTH - 14)
    if len(rows) > _MOST_CONTEXTS:
        yield f"and {len(rows) - _MOST_CONTEXTS} more contexts"
