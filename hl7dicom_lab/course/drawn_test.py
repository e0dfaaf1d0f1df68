"""The test of lesson 11: questions drawn from the bank, a few for every skill, with results by skill.

Rules: the same number draws the same questions on every machine, another number others; under another seed the number
is another one, so that neighbours may have different tests; every skill is asked; the first answer counts, and a test
that is drawn again stands as it was left. The result is formative: it says what to learn next, and the key ships with
the course.
"""

from __future__ import annotations

import html
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lessons import LESSONS, Lesson, find_lesson
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.course.question import Question
from hl7dicom_lab.course.quiz import Quiz
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.verdict import Verdict

if TYPE_CHECKING:
    from hl7dicom_lab.lab import Lab

#: How many questions of each skill a test has.
OF_EACH_SKILL = 2
#: So many tests walk through the bank in one order; the next ones take another order.
_OF_ONE_ORDER = 100
_LEFT = "text-align:left"


def draw(bank: tuple[Question, ...], number: int) -> tuple[Question, ...]:
    """`OF_EACH_SKILL` questions of each skill, in the order of the lessons."""
    drawn: list[Question] = []
    for lesson in LESSONS:
        mixed = [question for question in bank if question.lesson == lesson.number]
        order = (number - 1) // _OF_ONE_ORDER
        random.Random(f"{lesson.number}/{order}" if order else lesson.number).shuffle(mixed)
        # Consecutive tests walk through the bank, so that a second test asks other questions as long as there are some.
        first = (number - 1) * OF_EACH_SKILL
        drawn += [mixed[(first + place) % len(mixed)] for place in range(min(OF_EACH_SKILL, len(mixed)))]
    return tuple(drawn)


def number_under(seed: int, number: int) -> int:
    """The number that a test has under a seed: the learner's own hundred. Under seed 1 it is what was asked for."""
    return number + _OF_ONE_ORDER * (seed - 1)


@dataclass(frozen=True)
class SkillResult:
    """How one skill did: right at the first answer, answered, asked."""

    lesson: Lesson
    right: int
    answered: int
    asked: int


@dataclass(frozen=True)
class TestResult:
    """The result of a test, by skill."""

    __test__ = False  # no test of pytest, whatever its name says

    skills: tuple[SkillResult, ...]

    @property
    def advice(self) -> str:
        """What to do next, in a sentence or two."""
        if any(skill.answered < skill.asked for skill in self.skills):
            return "Some questions are not answered yet."
        gaps = [skill.lesson for skill in self.skills if skill.right < skill.asked]
        if not gaps:
            return "Every answer is right. Draw another test, or go and look at a real department's traffic."
        named = ", ".join(f"{lesson.number} ({lesson.skill})" for lesson in gaps)
        return f"What to learn next: go back to lesson {named}."

    def __str__(self) -> str:
        width = max(len(skill.lesson.skill) for skill in self.skills)
        lines = [f"{one.lesson.skill:{width}}  {one.right} of {one.asked}" for one in self.skills]
        total = f"{'together':{width}}  {sum(s.right for s in self.skills)} of {sum(s.asked for s in self.skills)}"
        return "\n".join([*lines, "-" * len(total), total, "", self.advice])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="{_LEFT}">{html.escape(one.lesson.skill)}</td>'
            f'<td style="{_LEFT}">{one.right} of {one.asked}</td></tr>'
            for one in self.skills
        )
        head = f'<tr><th scope="col" style="{_LEFT}">skill</th><th scope="col" style="{_LEFT}">right at first</th></tr>'
        return (
            f'<table style="{_LEFT}"><caption>Your result by skill</caption><thead>{head}</thead>'
            f"<tbody>{rows}</tbody></table><p>{html.escape(self.advice)}</p>"
        )


class DrawnTest:
    """A drawn test in a running lesson. It looks and answers like a quiz. Raises `NotFound` for a number below 1."""

    def __init__(self, number: int, lab: Lab, progress: Progress) -> None:
        if not isinstance(number, int) or number < 1:
            raise NotFound(
                f"there is no test {number!r}", where="draw_test", next_step="write a whole number from 1, such as 2"
            )
        self.number = number_under(lab.mint.seed, number)
        self._questions = draw(contents.questions_of("11"), self.number)
        self._quiz = Quiz(self._questions, lab, progress, is_test=True)
        progress.test(self.number)

    @property
    def ids(self) -> tuple[str, ...]:
        """The questions' ids, in order."""
        return self._quiz.ids

    def answer(self, number: int, given: Any = ...) -> Verdict:
        """Answer the question at a place of the test, counted from 1. Raises `NotFound` for a place it has not."""
        if number not in range(1, len(self.ids) + 1):
            raise NotFound(
                f"the test has no question number {number!r}",
                where="test.answer",
                next_step=f'write a number from 1 to {len(self.ids)} and then the answer, such as test.answer(3, "b")',
            )
        return self._quiz.answer(given, to=self.ids[int(number) - 1])

    def results(self) -> TestResult:
        """The result by skill, of the first answers to each question of this test."""
        first = self._quiz.first_answers()
        skills = dict.fromkeys(question.lesson for question in self._questions)
        return TestResult(tuple(self._of_skill(find_lesson(number), first) for number in skills))

    def _of_skill(self, lesson: Lesson, first: Mapping[str, Verdict | None]) -> SkillResult:
        verdicts = [first[question.id] for question in self._questions if question.lesson == lesson.number]
        answered = [verdict for verdict in verdicts if verdict is not None]
        return SkillResult(lesson, sum(one.correct for one in answered), len(answered), len(verdicts))

    def __repr__(self) -> str:
        return repr(self._quiz)

    def _ipython_display_(self) -> None:
        self._quiz._ipython_display_()
