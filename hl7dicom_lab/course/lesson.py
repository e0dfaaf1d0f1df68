"""`open_lesson("04")`: the department as it stands at the start of lesson 04, with that lesson's exercises and quizzes.

Rules: the first cell of a lesson is all the set-up there is; it depends on no other lesson, may be run again at any
time, and then begins anew with the same values. What was answered before stays in the learner's progress.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from hl7dicom_lab.course import contents, joined, missing_names
from hl7dicom_lab.course.certificate import Certificate
from hl7dicom_lab.course.dashboard import Dashboard
from hl7dicom_lab.course.drawn_test import DrawnTest
from hl7dicom_lab.course.exercise import OpenExercise
from hl7dicom_lab.course.lessons import Lesson, find_lesson
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.course.quiz import Quiz
from hl7dicom_lab.course.seed import chosen_seed
from hl7dicom_lab.course.starts import prepare
from hl7dicom_lab.given import given
from hl7dicom_lab.lab import Lab


class LessonLab(Lab):
    """The department of one lesson. Everything that `Lab` has, and what belongs to the lesson."""

    lesson: Lesson
    _start: str
    _progress: Progress
    _opened: dict[str, OpenExercise]

    @classmethod
    def open(cls, number: str | int, *, seed: int | None = None) -> Self:
        """Start the department of a lesson. Raises `NotFound` for a number that is no lesson's."""
        lesson = find_lesson(number)
        lab = cls.fresh(seed=chosen_seed() if seed is None else seed)
        lab.lesson = lesson
        lab._opened = {}
        lab._start = prepare(lab, lesson.number)
        lab._progress = Progress.of_this_learner()
        lab._progress.lesson(lesson.number)
        missing_names.explain_in(lesson)
        joined.send_from_this_kernel()
        return lab

    def exercise(self, exercise_id: str) -> OpenExercise:
        """An exercise, such as `04-e1`. Raises `NotFound`."""
        if exercise_id not in self._opened:
            self._opened[exercise_id] = OpenExercise(contents.exercise(exercise_id), self, self._progress)
        return self._opened[exercise_id]

    def quiz(self, *question_ids: str) -> Quiz:
        """One or more questions, such as `04-q1`. Raises `NotFound`."""
        return Quiz([contents.question(one) for one in question_ids], self, self._progress)

    def draw_test(self, number: int = 1) -> DrawnTest:
        """A test over the whole course, drawn from the bank; another number draws other questions."""
        return DrawnTest(number, self, self._progress)

    def progress(self) -> Dashboard:
        """What you have done in the whole course, read from disk."""
        return Dashboard.of(self._progress).at_the_institution()

    def certificate(self, name: str = "") -> Certificate:
        """What you have shown, by skill, as a picture to keep."""
        given(
            name, str, "lab.certificate", "your name as a text", 'write it in quotation marks: lab.certificate("...")'
        )
        return Certificate.of(name, self._progress)

    def _closed_tickets(self) -> Collection[str]:
        return {entry.id for entry in self._progress.entries() if entry.what == "ticket"}

    def _close_ticket(self, letter: str) -> None:
        if letter not in self._closed_tickets():
            self._progress.ticket(letter)

    def __repr__(self) -> str:
        lesson = self.lesson
        own = Dashboard.line(lesson, self._progress)
        lines = [f"Lesson {lesson.number}: {lesson.question}", self._start, own.words, self._progress.problem]
        return "\n".join(line for line in lines if line)


def open_lesson(number: str | int, *, seed: int | None = None) -> LessonLab:
    """Open a lesson: the department as it stands at its start.

    `seed` is what UIDs and the draws of the test follow from; without one the environment chooses (`course/seed.py`).
    Raises `NotFound` for a number that is no lesson's, `SetupError` where the department cannot start.
    """
    return LessonLab.open(number, seed=seed)
