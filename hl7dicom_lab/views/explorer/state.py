"""What the explorer in the browser gets: the lines as short lists, and the bytes ready to be drawn.

    {"heads": [{"title", "summary", "remarks"}, ...], "sides": [side, side?],
     "pairs": [[left, right, mark, counts], ...], "difference": "3 differences; ..."}
    side: noun, headings, more, lines, bytes
    line: [depth, label, name, facts, value, note, start, end, flags, about, pieces, place]
    flags: 1 shut at first, 2 empty; pieces: [[what, size], ...]
    bytes: {"as": "text", "size", "rows": [[start, [[line, text, size], ...]], ...]}
           {"as": "hex", "size", "chunks": [[start, DataView], ...]}

Rules: a value is cut here, not in the browser, and says so; text bytes are decoded here, by the character set of the
message, so that the browser needs to know none; of large values (pixel data, an embedded document) the beginning goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hl7dicom_lab.views.explorer.pairs import Pair, heads
from hl7dicom_lab.views.explorer.pairs_text import counted
from hl7dicom_lab.views.explorer.text_form import plain, shown
from hl7dicom_lab.views.explorer.tree import Line, Tree

#: Lines that go to the browser.
MOST_LINES = 30_000
_MOST_CHARACTERS = 4000
_MOST_OF_A_PIECE = 600
_SHUT, _EMPTY = 1, 2
#: Bytes of one value, and of the whole, that a hexadecimal view has.
_MOST_OF_A_VALUE = 2048
_MOST_BYTES = 4 * 1024 * 1024


def state(tree: Tree) -> dict[str, Any]:
    """One thing."""
    return {"heads": [_head(tree)], "sides": [_side(tree)], "pairs": [], "difference": ""}


def compared(left: Tree, right: Tree, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Two things side by side."""
    kept = [
        [-1 if one.left is None else one.left, -1 if one.right is None else one.right, one.mark, int(one.counts)]
        for one in pairs
        if (one.left or 0) < MOST_LINES and (one.right or 0) < MOST_LINES
    ]
    above = [_head(tree, side) for side, tree in heads(left, right)]
    sides = [_side(left), _side(right)]
    return {"heads": above, "sides": sides, "pairs": kept, "difference": counted(pairs, left)}


def _head(tree: Tree, side: str = "") -> dict[str, Any]:
    return {
        "title": shown(": ".join(filter(None, (side, tree.title)))),
        "summary": [[name, shown(value)] for name, value in tree.summary],
        "remarks": [shown(remark) for remark in tree.remarks],
    }


def _side(tree: Tree) -> dict[str, Any]:
    lines = tree.lines[:MOST_LINES]
    return {
        "noun": tree.noun,
        "headings": [tree.label_heading, "Name", *tree.fact_headings, "Value"],
        "more": len(tree.lines) - len(lines),
        "lines": [_line(tree, line) for line in lines],
        "bytes": _bytes(tree, lines),
    }


def _line(tree: Tree, line: Line) -> list[Any]:
    start, end = line.span or (-1, -1)
    facts = (*line.facts, *("" for _ in tree.fact_headings))[: len(tree.fact_headings)]
    flags = (_SHUT if line.shut else 0) + (_EMPTY if line.empty else 0)
    texts = (plain(line.label), plain(line.name), [plain(fact) for fact in facts])
    return [line.depth, *texts, shown(line.value, _MOST_CHARACTERS), shown(line.note), start, end, flags, *_more(line)]


def _more(line: Line) -> tuple[str, list[list[Any]], str]:
    return shown(line.about), [[plain(what), size] for what, size in line.pieces], plain(line.place)


def _bytes(tree: Tree, lines: Sequence[Line]) -> dict[str, Any]:
    if tree.bytes_as == "text" and tree.raw:
        return {"as": "text", "size": len(tree.raw), "rows": _rows(tree, lines)}
    if tree.bytes_as == "hex" and tree.raw:
        return {"as": "hex", "size": len(tree.raw), "chunks": _chunks(tree.raw, lines)}
    return {"as": "none", "size": 0}


def leaves(lines: Sequence[Line]) -> list[int]:
    """The lines that have bytes and no line with bytes in them, in the order of the bytes."""
    found = []
    next_depth = 0  # of the next line that has bytes
    for place in range(len(lines) - 1, -1, -1):
        span = lines[place].span
        if span is not None and span[0] < span[1]:
            if next_depth <= lines[place].depth:
                found.append(place)
            next_depth = lines[place].depth
    return sorted(found, key=lambda place: lines[place].span or (0, 0))


def _rows(tree: Tree, lines: Sequence[Line]) -> list[list[Any]]:
    """A row for each uppermost line, from the first byte to the last: its values, and what stands between them."""
    tops = [line.span for line in lines if line.depth == 0 and line.span]
    ends = [start for start, _ in tops[1:]] + [len(tree.raw)]
    inner = leaves(lines)
    rows: list[list[Any]] = []
    at = begin = 0
    for top, end in zip(tops or [(0, 0)], ends, strict=True):
        pieces: list[list[Any]] = []
        done = begin
        while at < len(inner) and (span := lines[inner[at]].span or (0, 0))[1] <= end:
            if span[0] >= done:
                _between(pieces, tree, (done, span[0]), top)
                _add(pieces, tree, inner[at], span)
                done = span[1]
            at += 1
        _between(pieces, tree, (done, end), top)
        rows.append([begin, pieces])
        begin = end
    return rows


def _between(pieces: list[list[Any]], tree: Tree, span: tuple[int, int], top: tuple[int, int]) -> None:
    """What stands between two values; a frame or a line's end is a piece of its own."""
    start, end = span
    for edge in top:
        if start < edge < end:
            _add(pieces, tree, -1, (start, edge))
            start = edge
    _add(pieces, tree, -1, (start, end))


def _add(pieces: list[list[Any]], tree: Tree, line: int, span: tuple[int, int]) -> None:
    """A piece of a row: whose it is (-1: nobody's, a separator), its text, and its size in bytes."""
    start, end = span
    if start >= end:
        return
    kept = min(end, start + _MOST_OF_A_PIECE)
    text = plain(tree.raw[start:kept].decode(tree.codec, "backslashreplace"))
    more = f" ... ({end - kept:,} more bytes) " if end > kept else ""
    pieces.append([line, text + more, end - start])


def _chunks(raw: bytes, lines: Sequence[Line]) -> list[list[Any]]:
    """The bytes without the greater part of large values."""
    if len(raw) <= _MOST_OF_A_VALUE * 32:
        return [[0, raw]]
    chunks: list[list[Any]] = []
    done = total = 0
    for place in leaves(lines):
        start, end = lines[place].span or (0, 0)
        if end - start > _MOST_OF_A_VALUE and start >= done:
            chunks.append([done, raw[done : start + _MOST_OF_A_VALUE]])
            total += len(chunks[-1][1])
            done = end
    if done < len(raw):
        chunks.append([done, raw[done:]])
    return _within(chunks, _MOST_BYTES)


def _within(chunks: list[list[Any]], most: int) -> list[list[Any]]:
    kept = []
    for start, part in chunks:
        if most <= 0:
            break
        kept.append([start, part[:most]])
        most -= len(part)
    return kept
