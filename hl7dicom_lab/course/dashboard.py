"""Where the learner stands: lessons, exercises and questions done, read from progress.

Rules: what counts is written down here and nowhere else. An exercise counts as solved with its first correct check, by
itself only if its solution was not looked at before. Of a question the first answer counts, unless the right one was
looked at before; a later right answer shows that it was learned. Of lesson 11 the tests that were drawn count, not the
bank from which they are drawn.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from hl7dicom_lab.counted import counted
from hl7dicom_lab.course import contents
from hl7dicom_lab.course.drawn_test import draw
from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course.progress import Entry, Progress
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.institution.chosen import chosen_institution
from hl7dicom_lab.institution.logo import logo_html
from hl7dicom_lab.simple_table import as_html, as_lines
from hl7dicom_lab.verdict import Outcome

_HEADINGS = ("lesson", "opened", "exercises", "questions", "right at first")
#: The lesson whose questions are a bank, from which tests are drawn.
_DRAWN = "11"
_LOGO = "display:block;max-height:4em;max-width:16em;margin-bottom:0.5em;background:#fff;padding:0.3em"


@dataclass(frozen=True)
class TakenTest:
    """One test of lesson 11 that was drawn: how many questions it has, answered, right at first."""

    number: int
    questions: int
    answered: int
    right_at_first: int

    def __str__(self) -> str:
        return f"test {self.number}: {self.answered} of {self.questions}"


@dataclass(frozen=True)
class Line:
    """One lesson: how many exercises and questions it has, and how many of them are done.

    Of the lesson whose questions are drawn, the numbers are those of all `tests` that were drawn.
    """

    number: str
    title: str
    opened: bool
    exercises: int
    solved: int
    questions: int
    answered: int
    right_at_first: int
    tests: tuple[TakenTest, ...] = ()

    @property
    def words(self) -> str:
        """The line as a sentence; empty where the lesson has neither exercises nor questions."""
        if self.number == _DRAWN:
            tests = "; ".join(f"test {one.number}, {one.answered} of {one.questions} questions" for one in self.tests)
            return f"Your progress in this lesson: {tests or 'no test taken yet'}."
        parts = []
        if self.exercises:
            parts.append(f"{self.solved} of {counted(self.exercises, 'exercise')}")
        if self.questions:
            parts.append(f"{self.answered} of {counted(self.questions, 'question')}")
        return f"Your progress in this lesson: {', '.join(parts)}." if parts else ""

    @property
    def done(self) -> bool:
        """Whether every exercise is solved and every question answered; one whole test where they are drawn."""
        if self.number == _DRAWN:
            return any(one.answered == one.questions for one in self.tests)
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
    tests: tuple[int, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Standing:
        """Read the entries in their order: the first ones count."""
        opened, solved, looked_at, with_solution, learned = set(), set(), set(), set(), set()
        first: dict[str, bool] = {}
        tests: dict[int, None] = {}
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
                case "test" if entry.id.isdecimal() and int(entry.id) > 0:
                    tests[int(entry.id)] = None
        return cls(
            frozenset(opened), frozenset(solved), frozenset(with_solution), first, frozenset(learned), tuple(tests)
        )


@dataclass(frozen=True)
class Dashboard:
    """One line a lesson, to look at or to take away."""

    lines: tuple[Line, ...]
    problem: str = ""
    logo: str = ""  # HTML, above the lines

    @classmethod
    def of(cls, progress: Progress) -> Dashboard:
        """The dashboard of a learner."""
        standing = Standing.of(progress.entries())
        return cls(tuple(_line(lesson, standing) for lesson in LESSONS), progress.problem)

    @staticmethod
    def line(lesson: Lesson, progress: Progress) -> Line:
        """The line of one lesson; nothing of the others is loaded for it."""
        return _line(lesson, Standing.of(progress.entries()))

    def at_the_institution(self) -> Dashboard:
        """The same under the logo of the institution that the environment names; a mistake in its file is told."""
        try:
            return replace(self, logo=logo_html(chosen_institution(), _LOGO))
        except SetupError as problem:
            return replace(self, problem="\n".join(one for one in (self.problem, str(problem)) if one))

    def csv(self) -> str:
        """The lines as CSV, one a lesson, with a heading."""
        text = io.StringIO(newline="")
        rows = [asdict(line) | {"tests": "; ".join(map(str, line.tests))} for line in self.lines]
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def json(self) -> str:
        """The lines as JSON."""
        return json.dumps([asdict(line) for line in self.lines], indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        told = as_lines([_HEADINGS, *map(_cells, self.lines)], ruled=True)
        return "\n".join([*told, *([self.problem.rstrip()] if self.problem else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        problem = f"<p>{html.escape(self.problem)}</p>" if self.problem else ""
        return self.logo + as_html("Your progress", _HEADINGS, [_cells(line) for line in self.lines]) + problem


def _line(lesson: Lesson, standing: Standing) -> Line:
    exercises = [one.id for one in contents.exercises_of(lesson.number)]
    questions = _asked(lesson, standing)
    return Line(
        number=lesson.number,
        title=lesson.title,
        opened=lesson.number in standing.opened,
        exercises=len(exercises),
        solved=len(standing.solved.intersection(exercises)),
        questions=len(questions),
        answered=len(standing.first_answers.keys() & set(questions)),
        right_at_first=sum(standing.first_answers.get(one, False) for one in questions),
        tests=tuple(_taken(number, standing) for number in standing.tests) if lesson.number == _DRAWN else (),
    )


def _asked(lesson: Lesson, standing: Standing) -> list[str]:
    """The ids of a lesson's questions; of those that are drawn, the ones of the tests so far, or of the first."""
    bank = contents.questions_of(lesson.number)
    if lesson.number != _DRAWN:
        return [one.id for one in bank]
    drawn = (one.id for number in standing.tests or (1,) for one in draw(bank, number))
    return list(dict.fromkeys(drawn))


def _taken(number: int, standing: Standing) -> TakenTest:
    asked = [one.id for one in draw(contents.questions_of(_DRAWN), number)]
    answers = [standing.first_answers[one] for one in asked if one in standing.first_answers]
    return TakenTest(number, len(asked), len(answers), sum(answers))


def _cells(line: Line) -> tuple[str, ...]:
    return (
        f"{'✓' if line.done else ' '} {line.number} {line.title}",
        "yes" if line.opened else "-",
        f"{line.solved} of {line.exercises}" if line.exercises else "-",
        _answered(line),
        ", ".join(str(one.right_at_first) for one in line.tests or (line,)) if line.answered else "-",
    )


def _answered(line: Line) -> str:
    if line.number == _DRAWN:
        return ", ".join(map(str, line.tests)) or "test 1: not taken"
    return f"{line.answered} of {line.questions}" if line.questions else "-"
