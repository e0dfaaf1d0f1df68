"""The test of lesson 11: drawn for everybody alike, over every skill, with results and advice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wrong_answers import wrong_answers

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.drawn_test import OF_EACH_SKILL, draw
from hl7dicom_lab.course.lesson import LessonLab, open_lesson
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.marking import key
from hl7dicom_lab.errors import NotFound

SKILLS = [lesson for lesson in LESSONS if lesson.skill]
BANK = contents.questions_of("11")


@pytest.fixture(scope="module")
def lab() -> Iterator[LessonLab]:
    with open_lesson("11") as opened:
        yield opened


def test_every_skill_is_asked_and_the_next_test_asks_others() -> None:
    first, second = draw(BANK, 1), draw(BANK, 2)
    assert [one.lesson for one in first] == [lesson.number for lesson in SKILLS for _ in range(OF_EACH_SKILL)]
    assert draw(BANK, 1) == first
    assert not {one.id for one in first} & {one.id for one in second}
    assert len({one.id for number in range(1, 6) for one in draw(BANK, number)}) == 5 * len(first)
    assert draw(BANK, 1000)


def test_a_test_is_answered_by_place_and_told_by_skill(lab: LessonLab) -> None:
    test = lab.draw_test(1)
    assert test.results().advice == "Some questions are not answered yet."
    for number, question_id in enumerate(test.ids, 1):
        question = lab.quiz(question_id).question()
        assert test.answer(number, key(question)).correct
    result = test.results()
    assert all(one.answered == one.asked == OF_EACH_SKILL for one in result.skills)
    assert str(SKILLS[0].skill) in str(result)
    assert result._repr_html_().count("<tr>") == len(SKILLS) + 1


def test_gaps_lead_back_to_their_lesson(lab: LessonLab) -> None:
    test = lab.draw_test(3)
    for number, question_id in enumerate(test.ids, 1):
        question = lab.quiz(question_id).question()
        if question.lesson == "04":
            assert not test.answer(number, next(wrong_answers(question))).correct
        test.answer(number, key(question))
    assert test.results().advice == "What to learn next: go back to lesson 04 (worklist queries)."


@pytest.mark.parametrize("number", [0, 19, 99, -1, "3", 1.5])
def test_a_place_that_is_not_there_is_told(lab: LessonLab, number: int) -> None:
    with pytest.raises(NotFound, match="from 1 to 18"):
        lab.draw_test(1).answer(number, "a")


@pytest.mark.parametrize("number", [0, -3, "x", 1.5])
def test_a_test_has_a_whole_number_from_1(lab: LessonLab, number: int) -> None:
    with pytest.raises(NotFound, match="whole number"):
        lab.draw_test(number)
