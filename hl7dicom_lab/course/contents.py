"""What a lesson holds: its exercises and its questions, found by the lesson's number.

Rule: a lesson is written down in `exercises/lesson_NN.py` and `questions/lesson_NN.py` and nowhere else; only the
lesson that is opened is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from hl7dicom_lab.course.exercise import Exercise
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.question import Question
from hl7dicom_lab.errors import NotFound

_COURSE = "hl7dicom_lab.course"
_One = TypeVar("_One", Exercise, Question)


def exercises_of(number: str) -> tuple[Exercise, ...]:
    """The exercises of a lesson, in their order; none where it has none."""
    found: tuple[Exercise, ...] = _written("exercises", number, "EXERCISES")
    return found


def questions_of(number: str) -> tuple[Question, ...]:
    """The questions of a lesson, in their order; none where it has none."""
    found: tuple[Question, ...] = _written("questions", number, "QUESTIONS")
    return found


def exercise(exercise_id: str) -> Exercise:
    """An exercise by its id, such as `04-e1`. Raises `NotFound`."""
    return _by_id(exercises_of(_lesson_of(exercise_id)), exercise_id, "exercise")


def question(question_id: str) -> Question:
    """A question by its id, such as `04-q1`. Raises `NotFound`."""
    return _by_id(questions_of(_lesson_of(question_id)), question_id, "question")


def _written(kind: str, number: str, name: str) -> tuple[Any, ...]:
    module = f"{_COURSE}.{kind}.lesson_{number}"
    known = any(lesson.number == number for lesson in LESSONS)
    if not known or find_spec(module) is None:
        return ()
    return tuple(getattr(import_module(module), name))


def _lesson_of(entry_id: str) -> str:
    return str(entry_id).partition("-")[0]


def _by_id(among: Sequence[_One], wanted: str, kind: str) -> _One:
    for one in among:
        if one.id == wanted:
            return one
    there = ", ".join(one.id for one in among)
    lesson = _lesson_of(wanted)
    raise NotFound(
        f"there is no {kind} {wanted!r}",
        where=f"lesson {lesson}",
        next_step=f"choose one of {there}" if there else 'ids look like "04-e1" and "04-q1"; look at the cell above',
    )
