"""The final screen as plain text: the twin of the picture for terminals, screen readers and nbval.

Rule: at most 100 columns, and the same study always gives the same text. The lines of the report stay lines.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hl7dicom_lab.views.study import words
from hl7dicom_lab.visible import visible

if TYPE_CHECKING:
    from hl7dicom_lab.views.study.screen import StudyOnScreen

WIDTH = 100
#: Longer texts are wrapped piece by piece: `textwrap` needs the square of the time for a word of twice the length.
_AT_ONCE = 10_000
_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines of a text as they were written, each with its control characters visible.

    Only CR and LF end a line: `str.splitlines` would also swallow VT, FS and others, which are to be seen.
    """
    encodable = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text
    return [visible(line) for line in _LINE_END.split(encodable)]


def one_line(text: str) -> str:
    """A text on one line, its control characters visible."""
    return " ".join(lines_of(text))


def as_text(study: StudyOnScreen) -> str:
    """The study in at most WIDTH columns; the one that stands beside it comes after it."""
    if study.beside is None:
        return _study(study)
    said = words.side_by_side(study, study.beside)
    return "\n".join([*_loud(said), _study(study), "", "BESIDE IT", "", _study(study.beside)])


def _study(study: StudyOnScreen) -> str:
    rule = "=" * WIDTH
    warning = _loud(words.warning(study), [words.COVERED] if study.covered else [])
    blocks = [rule, *warning, *_wrapped(words.identity_lines(study.banner)), rule, *_images(study), ""]
    return "\n".join([*blocks, *_report(study), rule])


def _loud(warning: tuple[str, ...], last: Sequence[str] = ()) -> list[str]:
    if not warning:
        return []
    loud = "!" * WIDTH
    title, *reasons = warning
    return [loud, *_wrapped([title.upper(), *(f"- {reason}" for reason in reasons), *last], "  "), loud]


def _images(study: StudyOnScreen) -> list[str]:
    notes = [f"- {problem}" for problem in words.problems(study)]
    return _wrapped([f"IMAGES   {words.images_line(study)}", *notes], "  ")


def _report(study: StudyOnScreen) -> list[str]:
    if study.report is None:
        return [f"REPORT   {words.NO_REPORT}"]
    if study.covered:
        return ["REPORT   (covered)"]
    status, facts = words.report_lines(study.report)
    head = _wrapped([f"REPORT   {status}", facts])
    body = [part for line in lines_of(study.report.text or "(no text)") for part in _wrapped([line]) or [""]]
    earlier = words.earlier_lines(study)
    return [*head, "-" * WIDTH, *body, *(["-" * WIDTH, *_wrapped(earlier)] if earlier else [])]


def _wrapped(lines: list[str] | tuple[str, ...], indent: str = "") -> list[str]:
    return [
        part.rstrip()
        for line in lines
        for piece in _pieces(one_line(line))
        for part in textwrap.wrap(
            piece, WIDTH, subsequent_indent=indent, break_on_hyphens=False, replace_whitespace=False
        )
    ]


def _pieces(text: str) -> list[str]:
    return [text[start : start + _AT_ONCE] for start in range(0, len(text), _AT_ONCE)]
