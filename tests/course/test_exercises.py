"""Every exercise: a blank, the reference solution, each listed mistake, in the department of its lesson."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.exercise import Exercise, judge, run
from hl7dicom_lab.course.lesson import LessonLab, open_lesson
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.verdict import Outcome

EXERCISES = tuple(one for lesson in LESSONS for one in contents.exercises_of(lesson.number))
#: Answers of forms that nobody asked for.
STRANGE = (3.5, "zzz", b"\x00", [1, 2], {"a": 1}, object(), lambda *_: 1, True)


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[LessonLab]:
    """The department of the exercise's lesson, as it stands where the exercise is asked."""
    exercise: Exercise = request.getfixturevalue("exercise")
    opened = open_lesson(exercise.lesson)
    run(exercise.before, opened)
    yield opened
    opened.stop()


every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)


@every_exercise
def test_a_learner_may_err_in_every_way_and_then_be_right(exercise: Exercise, lab: LessonLab) -> None:
    """One department for all of it, as a learner has: no wrong answer spoils a right one that comes later."""
    assert lab.exercise(exercise.id).check(...).outcome is Outcome.NOT_ATTEMPTED
    assert lab.exercise(exercise.id).check().outcome is Outcome.NOT_ATTEMPTED
    for answer in STRANGE:
        verdict = judge(exercise, lab, answer)
        assert verdict.outcome in (Outcome.INCORRECT, Outcome.NOT_CHECKED), (answer, verdict)
        assert verdict.words
    for mistake in exercise.mistakes:
        verdict = judge(exercise, lab, run(mistake.code, lab)[exercise.answer])
        assert (verdict.outcome, verdict.mistake) == (Outcome.INCORRECT, mistake.name), verdict
        assert mistake.says in verdict.words, verdict
    answer = run(exercise.solution, lab)[exercise.answer]
    for _ in range(3):
        verdict = judge(exercise, lab, answer)
        assert verdict.outcome is Outcome.CORRECT, verdict
    assert len(verdict.words) > 20, "a right answer is told what it brought about"


@every_exercise
def test_the_reference_takes_over_where_there_is_no_answer(exercise: Exercise, lab: LessonLab) -> None:
    reference = lab.exercise(exercise.id).use(...)
    assert judge(exercise, lab, reference).correct
    assert lab.exercise(exercise.id).use(...) is reference, "the reference runs once"


@every_exercise
def test_an_exercise_is_complete(exercise: Exercise) -> None:
    assert exercise.id.startswith(f"{exercise.lesson}-e")
    assert exercise.answer.isidentifier()
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes) >= 3
    assert len({mistake.says for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len(set(exercise.hints)) == 3
    assert all(len(mistake.says) >= 8 for mistake in exercise.mistakes)


def test_ids_stand_once() -> None:
    assert len({exercise.id for exercise in EXERCISES}) == len(EXERCISES)


def test_there_are_enough_of_them() -> None:
    taught = [lesson for lesson in LESSONS if lesson.number in {f"{number:02}" for number in range(1, 9)}]
    assert all(len(contents.exercises_of(lesson.number)) >= 2 for lesson in taught)
    assert len(EXERCISES) >= 25
