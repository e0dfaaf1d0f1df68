"""Every question of the course: its key is right, everything else is wrong and is told why, and nothing is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from wrong_answers import wrong_answers

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lesson import LessonLab, open_lesson
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.marking import key, mark, shown
from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
    resolved,
)
from hl7dicom_lab.verdict import Outcome

IN_LESSONS = tuple(one for lesson in LESSONS if lesson.number != "11" for one in contents.questions_of(lesson.number))
BANK = contents.questions_of("11")
QUESTIONS = (*IN_LESSONS, *BANK)
KINDS = {SingleChoice, MultipleChoice, NumberQuestion, ShortText, Ordering, Matching}


class Departments:
    """The departments of the lessons, each as it stands after the unsolved lesson was run to its end."""

    def __init__(self) -> None:
        self._now = ""
        self._lab: LessonLab | None = None

    def of(self, number: str) -> LessonLab:
        if self._lab is None or self._now != number:
            self._lab, self._now = run_lesson(number), number
        return self._lab

    def stop(self) -> None:
        if self._lab is not None:
            self._lab.stop()


def run_lesson(number: str) -> LessonLab:
    """Run the cells of a lesson up to its last quiz, in this process; its department."""
    import json
    import warnings

    from hl7dicom_lab.course.lessons import find_lesson
    from hl7dicom_lab.course_files import notebooks_folder

    if number == "11":
        return open_lesson("11")
    path = notebooks_folder() / find_lesson(number).file_name
    cells = [one for one in json.loads(path.read_text(encoding="utf-8"))["cells"] if one["cell_type"] == "code"]
    names: dict[str, Any] = {"display": lambda *_: None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matplotlib has no window here
        for cell in cells:
            if "nbval-ignore-output" not in cell["metadata"].get("tags", []):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    lab: LessonLab = names["lab"]
    return lab


@pytest.fixture(scope="module")
def departments() -> Iterator[Departments]:
    made = Departments()
    yield made
    made.stop()


def lesson_of(question: Question) -> str:
    return question.id.partition("-")[0]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_the_key_is_right_and_everything_else_teaches(question: Question, departments: Departments) -> None:
    asked = resolved(question, departments.of(lesson_of(question)))
    verdict = mark(asked, key(asked))
    assert verdict.outcome is Outcome.CORRECT, verdict
    assert len(verdict.words) >= 20
    given = 0
    for answer in wrong_answers(asked):
        verdict = mark(asked, answer)
        assert verdict.outcome is Outcome.INCORRECT, (answer, verdict)
        assert len(verdict.words) >= 20, (answer, verdict)
        given += 1
    assert given > 0


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_an_answer_that_cannot_be_read_is_no_attempt(question: Question, departments: Departments) -> None:
    asked = resolved(question, departments.of(lesson_of(question)))
    unreadable: list[object] = [None, [], {}] if isinstance(asked, ShortText) else [None, "", "!?", [], {}, "zz 99"]
    for answer in unreadable:
        assert mark(asked, answer).outcome is Outcome.NOT_CHECKED, answer


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.id)
def test_what_is_shown_is_clear(question: Question, departments: Departments) -> None:
    asked = resolved(question, departments.of(lesson_of(question)))
    choices = shown(asked).choices
    assert len(set(choices)) == len(choices), "two choices look the same"
    if isinstance(asked, SingleChoice):
        assert sum(option.correct for option in asked.options) == 1
    if isinstance(asked, (SingleChoice, MultipleChoice)):
        assert len(asked.options) >= 3
        assert any(option.correct for option in asked.options)
    if isinstance(asked, (NumberQuestion, ShortText)):
        assert asked.wrong, "what do people usually get wrong?"


def test_ids_stand_once() -> None:
    ids = [question.id for question in QUESTIONS]
    assert len(set(ids)) == len(ids)
    texts = [question.text for question in QUESTIONS if isinstance(question.text, str)]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("lesson", [one for one in LESSONS if one.number != "11"], ids=lambda one: one.number)
def test_a_lesson_has_enough_questions_and_some_about_the_learners_own_session(lesson: Any) -> None:
    questions = contents.questions_of(lesson.number)
    assert len(questions) >= 4
    assert sum(question.own_session for question in questions) * 4 >= len(questions)


def test_the_bank_is_large_enough_of_all_kinds_and_about_the_learners_own_session() -> None:
    assert len(BANK) >= 120
    assert {type(question) for question in BANK} == KINDS
    assert sum(question.own_session for question in BANK) * 4 >= len(BANK)
    for lesson in LESSONS:
        if lesson.skill:
            assert sum(question.lesson == lesson.number for question in BANK) >= 10, lesson.skill


def test_most_questions_cite_their_source() -> None:
    about_standards = [question for question in QUESTIONS if not question.own_session]
    assert sum(bool(question.source) for question in about_standards) * 2 >= len(about_standards)
