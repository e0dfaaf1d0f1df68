"""The table of faults in docs/conformance.md, made from the cases. After a case has changed, run this file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"

#: The parts of the list of faults, each with its first row; the last row is 98.
PARTS = {
    1: "MLLP framing",
    19: "HL7 content",
    41: "Order semantics",
    51: "DICOM association",
    67: "C-FIND",
    75: "C-STORE",
    88: "File system, process, kernel",
    96: "Display",
}


def made() -> str:
    """The table, one part under the other."""
    return "\n".join(_lines())


def replaced(page: str) -> str:
    """The page with the table as it is now. Raises ValueError where the page has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{made()}\n{END}{after}"


def _lines() -> Iterator[str]:
    from battery import cases_by_file

    told = [(case, file) for file, cases in cases_by_file().items() for case in cases]
    told.sort(key=lambda one: one[0].row)
    ends = [*PARTS, 99][1:]
    for (first, title), end in zip(PARTS.items(), ends, strict=True):
        yield from ("", f"### {title}", "", "| row | what gets in | what comes back | test |", "|---|---|---|---|")
        for case, file in told:
            if first <= case.row < end:
                yield f"| {case.row} | {_cell(case.what)} | {_cell(case.answer)} | [{file}](../tests/faults/{file}) |"


def _cell(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([|<>*_`\\\[\]])", r"\\\1", text)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
