"""The explanation of a worklist query as plain text: for terminals, screen readers and the comparison of notebooks.

Rule: at most 110 columns, columns aligned by what a terminal shows of a character, every value whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

from hl7dicom_lab.views.query import words
from hl7dicom_lab.visible import visible

if TYPE_CHECKING:
    from hl7dicom_lab.views.query.explanation import QueryExplanation

WIDTH = 110
#: Columns of keys that fit beside the rest; those that keep out the most are taken.
_MOST_COLUMNS = 8
#: Steps whose cells are explained one by one.
_MOST_EXPLAINED = 6
_BAR = 10
_PLACES = {True: "step's item", False: "root"}
_PATIENT, _ACCESSION, _START, _STATUS, _LIST, _MARK = 22, 10, 16, 12, 4, 2


def text(explained: QueryExplanation) -> str:
    """The whole explanation."""
    lines = ["Why the worklist answers as it does", words.headline(explained)]
    for line in words.findings(explained):
        lines += _wrapped(line, "-> ", "   ")
    lines += _part(
        "About the query", (line for note in words.notes(explained) for line in _wrapped(note, "  ", "    "))
    )
    if explained.problem is None:
        lines += _part("Keys with a value", _keys(explained))
        lines += _part("", _returned(explained))
        lines += _part("Steps on the order book", _steps(explained))
        lines += _part("What keeps the nearest ones out", _sentences(explained))
    return "\n".join(line.rstrip() for line in lines)


def _part(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", *([title] if title else []), *found] if found else []


def _keys(explained: QueryExplanation) -> Iterator[str]:
    if not explained.keys:
        yield "  none: every step on the worklist answers"
        return
    total = len(explained.steps)
    rows = [("", "key", "where", "asks for", "", "")]
    for place, key in enumerate(explained.keys):
        passes = explained.passes(place)
        filled = round(_BAR * passes / total) if total else 0
        bar = "" if key.ignored else "█" * filled + "░" * (_BAR - filled)
        through = words.let_through(explained, place)
        rows.append((str(place + 1), key.label, _PLACES[key.in_step], visible(key.wanted), bar, through))
    yield from _table(rows, (3, 31, 12, 20, _BAR, 26))
    rules: dict[str, list[str]] = {}
    for place, key in enumerate(explained.keys):
        rules.setdefault(words.rule(key), []).append(str(place + 1))
    for rule, numbers in rules.items():
        yield from _wrapped(f"{', '.join(numbers)}: {rule}", "  ", "    ")


def _returned(explained: QueryExplanation) -> Iterator[str]:
    if explained.without_value:
        names = ", ".join(visible(path.rpartition(".")[2]) for path in explained.without_value)
        yield from _wrapped(f"{words.returned(explained)}: {names}", "  ", "    ")


def _steps(explained: QueryExplanation) -> Iterator[str]:
    if not explained.shown:
        yield "  none"
        return
    columns = _columns(explained)
    widths = [_PATIENT, _ACCESSION, _START, _STATUS, _LIST, *[_MARK] * len(columns)]
    outcome = WIDTH - sum(widths) - len(widths) - 2
    rows = [("patient", "accession", "start", "status", "list", *(str(one + 1) for one in columns), "outcome")]
    for step in explained.shown:
        listed = words.SYMBOLS["lets through" if step.on_worklist else "keeps out"]
        marks = (words.SYMBOLS[words.mark(explained, step, place)] for place in columns)
        who = visible(step.item.patient_name), visible(step.item.accession_number)
        end = words.outcome(explained, step, by_number=True)
        rows.append((*who, words.start(step), step.item.status.value, listed, *marks, end))
    yield from _table(rows, (*widths, outcome))
    yield f"  {words.LEGEND}"
    yield "  list: whether the step is still on the worklist; the numbers are those of the keys above"
    if len(columns) < len(explained.keys):
        yield f"  of {len(explained.keys)} keys the {len(columns)} that keep out the most have a column"
    if more := words.not_shown(explained):
        yield f"  {more}"


def _columns(explained: QueryExplanation) -> list[int]:
    strictest = sorted(range(len(explained.keys)), key=lambda place: (explained.passes(place), place))
    return sorted(strictest[:_MOST_COLUMNS])


def _sentences(explained: QueryExplanation) -> Iterator[str]:
    others = [step for step in explained.shown if not step.answers]
    for step in others[:_MOST_EXPLAINED]:
        yield from _wrapped(words.name(step), "  ", "    ")
        if not step.on_worklist:
            yield from _wrapped(words.status_sentence(step), "    ✗ ", "      ")
        for place in step.kept_out_by:
            yield from _wrapped(words.sentence(explained, step, place), "    ✗ ", "      ")


def _wrapped(line: str, first: str, further: str) -> list[str]:
    """A paragraph in lines that fit."""
    folded = _folded(line, WIDTH - max(len(first), len(further)))
    return [f"{further if number else first}{piece}" for number, piece in enumerate(folded)]


def _table(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Rows with aligned columns; a value that is too long goes on in the next line of its cell."""
    for row in rows:
        cells = [_folded(text, width) for text, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = (cell[number] if number < len(cell) else "" for cell in cells)
            padded = (part + " " * (width - cell_len(part)) for part, width in zip(parts, widths, strict=True))
            yield "  " + " ".join(padded)


def _folded(text: str, width: int) -> list[str]:
    """Text in lines of at most so many columns, broken between words; a longer word is broken where it must be."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= width:
            lines[-1] = longer
            continue
        pieces = chop_cells(word, width)
        lines = [*(lines if lines[-1] else lines[:-1]), *pieces]
    return lines
