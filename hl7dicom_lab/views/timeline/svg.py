"""The timeline as a drawing: a column a system, an arrow a line.

Rules: colours, widths and texts are attributes of each element, so that the drawing needs no style sheet; it has a
light background of its own; text is escaped. HL7 lines are thin and DICOM lines thick, answers are dashed, what failed
is red, has a symbol, and says its word.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from hl7dicom_lab.views.timeline.arrow import AE_TITLE_OF, SYMBOLS, UNKNOWN, WORDS, Arrow
from hl7dicom_lab.views.timeline.fold import Entry, Fold
from hl7dicom_lab.views.timeline.text_form import LEGEND, numbers, short

GUTTER, COLUMN, ROW, HEAD, MARGIN = 118, 150, 38, 52, 24
#: Characters that a column is wide, at the size of the labels.
_NAME = 18
_COLOURS = {"error": "#b3261e", "warning": "#8a5300", "information": "#1f5fa8", None: "#1f1f1f"}
_FONT = 'font-family="system-ui, sans-serif"'
OTHERS = "(others)"
#: A label stands in the middle, and the lines behind it are covered.
_HALO = {"text_anchor": "middle", "stroke": "#ffffff", "stroke_width": "4", "paint_order": "stroke"}
MOST_COLUMNS = 16


def drawn(entries: Sequence[tuple[int, Entry]], names: Sequence[str], *, alone: bool) -> str:
    """The diagram. `alone`: as a file of its own."""
    places = placed(names)
    width = GUTTER + COLUMN * len(set(places.values())) + MARGIN
    height = HEAD + ROW * len(entries) + 2 * MARGIN
    said = html.escape("; ".join(f"{numbers(entry, number)}: {entry.sentence}" for number, entry in entries[:200]))
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    begin = '<?xml version="1.0" encoding="UTF-8"?>\n' if alone else ""
    parts = [
        f'{begin}<svg{namespace} {size} role="img" {_FONT} font-size="12">',
        "<title>Sequence diagram of what went over the wire</title>",
        f"<desc>{said}</desc>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_heads(places, height),
    ]
    for place, (number, entry) in enumerate(entries):
        parts += _entry(entry, numbers(entry, number), places, HEAD + ROW * place + MARGIN)
    parts += [_text(8, height - 8, LEGEND, "#555555", font_size="11"), "</svg>"]
    return "\n".join(parts) + ("\n" if alone else "")


def placed(names: Sequence[str]) -> dict[str, int]:
    """The place of each system; those that are too many share the last one."""
    return {name: min(place, MOST_COLUMNS - 1) for place, name in enumerate(names)}


def _x(place: int) -> int:
    return GUTTER + COLUMN * place + COLUMN // 2


def _heads(places: dict[str, int], height: int) -> Iterator[str]:
    shared = len(places) > MOST_COLUMNS
    for place in sorted(set(places.values())):
        name = (
            OTHERS if shared and place == MOST_COLUMNS - 1 else next(one for one, at in places.items() if at == place)
        )
        x = _x(place)
        colour = "#767676" if name == UNKNOWN else "#c4c7c5"
        dash = ' stroke-dasharray="2 4"' if name == UNKNOWN else ""
        yield f'<line x1="{x}" y1="{HEAD - 6}" x2="{x}" y2="{height - MARGIN}" stroke="{colour}"{dash}/>'
        size = f'width="{COLUMN - 12}" height="{HEAD - 12}"'
        yield f'<rect x="{x - COLUMN // 2 + 6}" y="6" {size} rx="4" fill="#eef1f5" stroke="#9aa0a6"/>'
        title = AE_TITLE_OF.get(name, "")
        yield _text(
            x, 25 if title else 31, short(name, _NAME), "#1f1f1f", name, text_anchor="middle", font_weight="600"
        )
        if title:
            yield _text(x, 39, title, "#444746", text_anchor="middle", font_size="10")


def _entry(entry: Entry, label: str, places: dict[str, int], y: int) -> Iterator[str]:
    arrow = entry.first if isinstance(entry, Fold) else entry
    colour = _COLOURS[arrow.severity if arrow.is_problem or arrow.form == "note" else None]
    yield "<g>"
    yield f"<title>{html.escape(entry.sentence)}</title>"
    yield _text(8, y + 4, label, "#555555", font_size="11")
    yield _text(GUTTER - 60, y + 4, f"{arrow.time:%H:%M:%S}", "#555555", font_size="11")
    yield from _note(arrow, places, y, colour) if arrow.form == "note" else _shaft(entry, arrow, places, y, colour)
    yield "</g>"


def _note(arrow: Arrow, places: dict[str, int], y: int, colour: str) -> Iterator[str]:
    severity = arrow.severity or "information"
    x = _x(places[arrow.receiver])
    right = max(places.values()) * COLUMN + COLUMN // 2 + GUTTER
    at_end = x + COLUMN > right
    yield f'<rect x="{x - 9}" y="{y - 9}" width="18" height="18" rx="3" fill="#ffffff" stroke="{colour}"/>'
    yield _text(x, y + 4, SYMBOLS[severity], colour, text_anchor="middle")
    said = f"{WORDS[severity]}: {arrow.summary}"
    room = (x - GUTTER if at_end else right + COLUMN // 2 - x) // 7
    at = x - 16 if at_end else x + 16
    yield _text(at, y + 4, short(said, max(12, room)), colour, said, text_anchor="end" if at_end else "start")


def _shaft(entry: Entry, arrow: Arrow, places: dict[str, int], y: int, colour: str) -> Iterator[str]:
    start, end = _x(places[arrow.sender]), _x(places[arrow.receiver])
    thick = 1.2 if arrow.protocol == "HL7" else 3
    dash = ' stroke-dasharray="6 4"' if arrow.form == "answer" else ""
    stroke = f'fill="none" stroke="{colour}" stroke-width="{thick}"{dash}'
    wrong = f"{SYMBOLS[arrow.severity]} {WORDS[arrow.severity]}: " if arrow.severity and arrow.is_problem else ""
    said = f"{wrong}{entry.label}"
    if start == end:
        yield f'<path d="M{start} {y - 4} h26 v10 h-18" {stroke}/>'
        yield _head(start + 6, y + 6, -1, colour)
        yield _text(start + 32, y + 4, said, colour)
        return
    way = 1 if end > start else -1
    if isinstance(entry, Fold):
        yield f'<line x1="{start}" y1="{y + 3}" x2="{end - 9 * way}" y2="{y + 3}" {stroke} stroke-opacity="0.45"/>'
    yield f'<line x1="{start}" y1="{y + 6}" x2="{end - 9 * way}" y2="{y + 6}" {stroke}/>'
    yield _head(end, y + 6, way, colour)
    room = max(abs(end - start), COLUMN) // 7
    weight = {"font_weight": "600"} if wrong else {}
    yield _text((start + end) // 2, y - 2, short(said, max(room, 34)), colour, said, **_HALO, **weight)


def _head(x: int, y: int, way: int, colour: str) -> str:
    return f'<path d="M{x} {y} l{-11 * way} -5.5 v11 z" fill="{colour}"/>'


def _text(x: int, y: int, text: str, colour: str, whole: str = "", **style: str) -> str:
    """Text; cut short it has the `whole` as its title. `style` are attributes, an underscore for a dash."""
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    title = f"<title>{html.escape(whole)}</title>" if whole and whole != text else ""
    return f'<text x="{x}" y="{y}" fill="{colour}"{more}>{title}{html.escape(text)}</text>'
