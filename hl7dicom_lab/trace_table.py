"""The trace as a table that a person reads: plain text, and HTML with the same content.

Rule: text from the wire is data. Control characters are made visible in the text form and everything is escaped in
the HTML form; the same trace always gives the same table.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from hl7dicom_lab.trace import Remark, Row
from hl7dicom_lab.visible import visible

_HEADINGS = ("#", "time", "from", "to", "message", "what it says")
_LONGEST_DUMP = 4096
#: JupyterLab aligns the cells of a table to the right unless told otherwise.
_LEFT = "text-align:left"


def dump(raw: bytes, most: int = _LONGEST_DUMP) -> str:
    """Bytes as offset, hexadecimal and text, 16 a line; longer ones are cut and say so."""
    lines = []
    for offset in range(0, min(len(raw), most), 16):
        part = raw[offset : offset + 16]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{offset:08x}  {part.hex(' '):<47}  {shown}")
    if len(raw) > most:
        lines.append(f"... {len(raw) - most} more bytes")
    return "\n".join(lines)


@dataclass(frozen=True)
class TraceTable:
    """Rows of the trace, ready to look at."""

    rows: tuple[Row, ...]
    raw: bool = False
    forgotten: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        cells = [_HEADINGS, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS) - 1)]
        lines = [_text_line(cells[0], widths), _text_line(["-" * width for width in widths] + [""], widths)]
        for row, line in zip(self.rows, cells[1:], strict=True):
            lines.append(_text_line(line, widths))
            lines += [f"    {_remark(remark)}" for remark in row.remarks]
            if self.raw and row.decoded.raw:
                lines += [f"    {one}" for one in dump(row.decoded.raw).splitlines()]
        if not self.rows:
            lines.append("(nothing went over the wire yet)")
        if self.forgotten:
            lines.append(f"({self.forgotten} older conversations are no longer kept)")
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{_LEFT}">{html.escape(name)}</th>' for name in _HEADINGS)
        body = "".join(self._html_row(row) for row in self.rows)
        if not body:
            body = f'<tr><td colspan="{len(_HEADINGS)}">Nothing went over the wire yet.</td></tr>'
        notice = f"<p>{self.forgotten} older conversations are no longer kept.</p>" if self.forgotten else ""
        return (
            '<table class="hl7dicom-trace" style="text-align:left"><caption>What went over the wire</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notice}"
        )

    def _html_row(self, row: Row) -> str:
        cells = "".join(f'<td style="{_LEFT};white-space:nowrap">{html.escape(cell)}</td>' for cell in _cells(row)[:-1])
        remarks = "".join(f"<br><strong>{html.escape(_remark(remark))}</strong>" for remark in row.remarks)
        if _says_the_same(row):
            remarks = remarks.removeprefix("<br>")
        last = ("" if _says_the_same(row) else html.escape(_cells(row)[-1])) + remarks + self._html_details(row)
        return f'<tr>{cells}<td style="{_LEFT};overflow-wrap:anywhere">{last}</td></tr>'

    def _html_details(self, row: Row) -> str:
        blocks = []
        if row.decoded.data:
            lines = "\n".join(visible(line) for line in row.decoded.data.removesuffix("\n").split("\n"))
            blocks.append(f"<details><summary>decoded</summary><pre>{html.escape(lines)}</pre></details>")
        if self.raw and row.decoded.raw:
            shown = html.escape(dump(row.decoded.raw))
            blocks.append(f"<details><summary>bytes</summary><pre>{shown}</pre></details>")
        return "".join(blocks)


def _says_the_same(row: Row) -> bool:
    """Whether the first remark is the row's own sentence, as it is for faults and notes."""
    return bool(row.remarks) and row.decoded.summary == row.remarks[0].what


def _cells(row: Row) -> tuple[str, ...]:
    return (
        str(row.connection),
        f"{row.time:%H:%M:%S}",
        visible(row.sender),
        visible(row.receiver),
        visible(row.decoded.kind),
        visible(row.decoded.summary),
    )


def _text_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, cells[-1]])


def _remark(remark: Remark) -> str:
    mark = {"information": "i", "warning": "!", "error": "!!"}[remark.severity]
    rule = f" Rule: {remark.rule}" if remark.rule else ""
    repair = f" Repair: {remark.repair}" if remark.repair else ""
    return visible(f"{mark} {remark.what}{rule}{repair}")
