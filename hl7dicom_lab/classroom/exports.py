"""The class to take away: as text, as a gradebook, and in the columns of nbgrader's export.

Rules: numbers are the dashboard's; a name that begins like a formula is marked as text (an apostrophe before it), so
that no spreadsheet runs it; so is a part of a name behind a semicolon, where a spreadsheet that takes semicolons for
the separator begins a cell. `gradebook.csv` is for spreadsheets and begins with a byte order mark, without which Excel
takes UTF-8 for something else; `nbgrader.csv` and the JSON are for programs and have none.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from hl7dicom_lab.classroom.standing import LearnerStanding
from hl7dicom_lab.classroom.store import Learner
from hl7dicom_lab.classroom.summary import Cell, ClassSummary
from hl7dicom_lab.counted import counted
from hl7dicom_lab.course.dashboard import Line
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.simple_table import as_lines
from hl7dicom_lab.visible import visible

Standings = Iterable[tuple[Learner, LearnerStanding]]

_SIGNS = {"done": "done", "stuck": "stuck", "under way": "", "": ""}
#: The columns of `nbgrader export`; those that the classroom does not know stay empty.
_NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)
_GRADEBOOK = (
    "learner",
    "lesson",
    "title",
    "opened",
    "exercises",
    "solved",
    "questions",
    "answered",
    "right_at_first",
    "hints",
    "solutions",
    "done",
)
#: What makes a spreadsheet take a cell for a formula, in both widths.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_BEHIND_A_SEPARATOR = re.compile(r"""([;\t][\s"']*)(?=[=+@＝＋－＠-])""")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, nor a part of it."""
    cell = _BEHIND_A_SEPARATOR.sub(r"\1'", cell)
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else cell


def gradebook(everybody: Standings) -> list[dict[str, Any]]:
    """One line for each learner and lesson."""
    return [_graded(one, standing, line) for one, standing in everybody for line in standing.lines]


def _graded(learner: Learner, standing: LearnerStanding, line: Line) -> dict[str, Any]:
    of_lesson = [one for one in standing.tried if one.id.partition("-")[0] == line.number]
    values = (
        learner.alias,
        line.number,
        line.title,
        line.opened,
        line.exercises,
        line.solved,
        line.questions,
        line.answered,
        line.right_at_first,
        sum(one.hints for one in of_lesson),
        sum(one.shown for one in of_lesson),
        line.done,
    )
    return dict(zip(_GRADEBOOK, values, strict=True))


def gradebook_csv(everybody: Standings) -> bytes:
    """The gradebook for a spreadsheet: UTF-8 with a byte order mark, lines ended as RFC 4180 has it."""
    rows = [one | {"opened": _yes(one["opened"]), "done": _yes(one["done"])} for one in gradebook(everybody)]
    return "\ufeff".encode() + _csv(_GRADEBOOK, rows)


def gradebook_json(everybody: Standings) -> bytes:
    """The gradebook for a program."""
    return (json.dumps(gradebook(everybody), indent=1, ensure_ascii=False) + "\n").encode()


def nbgrader_csv(everybody: Standings) -> bytes:
    """A line for each lesson and learner in nbgrader's columns: exercises solved and questions right at first."""
    standings = tuple(everybody)
    rows = []
    for place, lesson in enumerate(LESSONS):
        for learner, standing in standings:
            line = standing.lines[place]
            score = float(line.solved + line.right_at_first)
            rows.append(
                {
                    "assignment": f"{lesson.number}_{lesson.slug}",
                    "student_id": learner.alias,
                    "raw_score": score,
                    "late_submission_penalty": 0.0,
                    "score": score,
                    "max_score": float(line.exercises + line.questions),
                }
            )
    return _csv(_NBGRADER, rows)


def _csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: harmless(value) if isinstance(value, str) else value for name, value in row.items()})
    return text.getvalue().encode()


def _yes(value: object) -> str:
    return "yes" if value else "no"


def summary_text(summary: ClassSummary) -> str:
    """The page as text, for a terminal and a screen reader."""
    parts = [_counts(summary), _matrix(summary), *_lists(summary)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(summary: ClassSummary) -> str:
    return f"The class: {counted(len(summary.rows), 'learner')}, {len(summary.longest_stuck)} stuck now."


def _matrix(summary: ClassSummary) -> str:
    if not summary.rows:
        return "Nobody has joined yet."
    heads = ["learner", *(lesson.number for lesson in LESSONS), "now at"]
    rows = [[visible(row.alias), *map(_cell, row.cells), row.at or "-"] for row in summary.rows]
    return "\n".join(as_lines([heads, *rows], ruled=True))


def _cell(cell: Cell) -> str:
    if not cell.state:
        return "-"
    return f"{cell.have}/{cell.of} {_SIGNS[cell.state]}".rstrip()


def _lists(summary: ClassSummary) -> Iterable[str]:
    if summary.longest_stuck:
        yield "Stuck the longest:\n" + "\n".join(
            f"  {visible(row.alias)} at {row.stuck}, since {row.since}" for row in summary.longest_stuck
        )
    if summary.hold_ups:
        yield "What holds the room up:\n" + "\n".join(
            f"  {one.id} {one.title}: {one.trying} trying without success, {one.stuck} stuck, {one.solved} solved. "
            f"Most common ({one.times} of {one.trying}): {visible(one.mistake)}"
            for one in summary.hold_ups
        )
    if summary.wrong_answers:
        yield "Common wrong answers:\n" + "\n".join(
            f"  {one.id} {visible(one.title)} {one.learners} of {one.answered}: {visible(one.answer)}"
            for one in summary.wrong_answers
        )
