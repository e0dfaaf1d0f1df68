"""Where the learner stands: lessons, exercises and questions done, read from progress.

Rules: what counts is written down here and nowhere else. An exercise counts as solved with its first correct check, by
itself only if its solution was not looked at before. Of a question the first answer counts, unless the right one was
looked at before; a later right answer shows that it was learned.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course.progress import Entry, Progress
from hl7dicom_lab.course.verdict import Outcome

_HEADINGS = ("lesson", "opened", "exercises", "questions", "right at first")
_LEFT = "text-align:left"


@dataclass(frozen=True)
class Line:
    """One lesson: how many exercises and questions it has, and how many of them are done."""

    number: str
    title: str
    opened: bool
    exercises: int
    solved: int
    questions: int
    answered: int
    right_at_first: int

    @property
    def words(self) -> str:
        """The line as a sentence; empty where the lesson has neither exercises nor questions."""
        parts = []
        if self.exercises:
            parts.append(f"{self.solved} of {self.exercises} exercise{'s' if self.exercises > 1 else ''}")
        if self.questions:
            parts.append(f"{self.answered} of {self.questions} question{'s' if self.questions > 1 else ''}")
        return f"Your progress in this lesson: {', '.join(parts)}." if parts else ""

    @property
    def done(self) -> bool:
        """Whether every exercise is solved and every question answered."""
        something = self.exercises + self.questions > 0
        return something and self.solved == self.exercises and self.answered == self.questions


@dataclass(frozen=True)
class Standing:
    """What the entries say of single exercises and questions."""

    opened: frozenset[str]
    solved: frozenset[str]
    with_solution: frozenset[str]
    first_answers: dict[str, bool]
    learned: frozenset[str]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Standing:
        """Read the entries in their order: the first ones count."""
        opened, solved, looked_at, with_solution, learned = set(), set(), set(), set(), set()
        first: dict[str, bool] = {}
        for entry in entries:
            correct = entry.outcome == Outcome.CORRECT
            match entry.what:
                case "lesson":
                    opened.add(entry.id)
                case "solution":
                    looked_at.add(entry.id)
                case "exercise" if correct and entry.id not in solved:
                    solved.add(entry.id)
                    if entry.id in looked_at:
                        with_solution.add(entry.id)
                case "question":
                    first.setdefault(entry.id, correct)
                    if correct:
                        learned.add(entry.id)
                case "answer shown":
                    first.setdefault(entry.id, False)
        return cls(frozenset(opened), frozenset(solved), frozenset(with_solution), first, frozenset(learned))


@dataclass(frozen=True)
class Dashboard:
    """One line a lesson, to look at or to take away."""

    lines: tuple[Line, ...]
    problem: str = ""

    @classmethod
    def of(cls, progress: Progress) -> Dashboard:
        """The dashboard of a learner."""
        standing = Standing.of(progress.entries())
        return cls(tuple(_line(lesson, standing) for lesson in LESSONS), progress.problem)

    def line(self, lesson: Lesson) -> Line:
        """The line of one lesson."""
        return next(line for line in self.lines if line.number == lesson.number)

    def csv(self) -> str:
        """The lines as CSV, one a lesson, with a heading."""
        text = io.StringIO(newline="")
        rows = [asdict(line) for line in self.lines]
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def json(self) -> str:
        """The lines as JSON."""
        return json.dumps([asdict(line) for line in self.lines], indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        cells = [_HEADINGS, *(_cells(line) for line in self.lines)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADINGS))]
        rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
        rows.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(line.rstrip() for line in [*rows, *([self.problem] if self.problem else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="{_LEFT}">{name}</th>' for name in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f'<td style="{_LEFT}">{html.escape(cell)}</td>' for cell in _cells(line)) + "</tr>"
            for line in self.lines
        )
        problem = f"<p>{html.escape(self.problem)}</p>" if self.problem else ""
        return (
            f'<table style="{_LEFT}"><caption>Your progress</caption><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>{problem}"
        )


def _line(lesson: Lesson, standing: Standing) -> Line:
    exercises = [one.id for one in contents.exercises_of(lesson.number)]
    questions = [one.id for one in contents.questions_of(lesson.number)]
    return Line(
        number=lesson.number,
        title=lesson.title,
        opened=lesson.number in standing.opened,
        exercises=len(exercises),
        solved=len(standing.solved.intersection(exercises)),
        questions=len(questions),
        answered=len(standing.first_answers.keys() & set(questions)),
        right_at_first=sum(standing.first_answers.get(one, False) for one in questions),
    )


def _cells(line: Line) -> tuple[str, ...]:
    return (
        f"{'✓' if line.done else ' '} {line.number} {line.title}",
        "yes" if line.opened else "-",
        f"{line.solved} of {line.exercises}" if line.exercises else "-",
        f"{line.answered} of {line.questions}" if line.questions else "-",
        f"{line.right_at_first}" if line.answered else "-",
    )
