"""The test of lesson 11: drawn for everybody alike, over every skill, with results and advice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wrong_answers import wrong_answers

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.drawn_test import OF_EACH_SKILL, draw
from hl7dicom_lab.course.lesson import LessonLab, open_lesson
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.marking import key
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.verdict import Outcome
from hl7dicom_lab.views import live

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


@pytest.mark.parametrize("number", [0, 21, 99, -1, "3", 1.5])
def test_a_place_that_is_not_there_is_told(lab: LessonLab, number: int) -> None:
    with pytest.raises(NotFound, match="from 1 to 20"):
        lab.draw_test(1).answer(number, "a")


@pytest.mark.parametrize("number", [0, -3, "x", 1.5])
def test_a_test_has_a_whole_number_from_1(lab: LessonLab, number: int) -> None:
    with pytest.raises(NotFound, match="whole number"):
        lab.draw_test(number)


def test_a_test_that_is_drawn_again_stands_as_it_was_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.setenv("HL7DICOM_LAB_WIDGETS", "0")
    with open_lesson("11") as left:
        test = left.draw_test(2)
        first, second, third = (left.quiz(name).question() for name in test.ids[:3])
        mistake = next(wrong_answers(first))
        test.answer(1, mistake)
        test.answer(2, key(second))
        test.answer(3, next(wrong_answers(third)))
        test.answer(3, key(third))
        results = test.results()
    with open_lesson("11") as opened:
        again = opened.draw_test(2)
        assert again.results() == results
        assert sum(skill.right for skill in results.skills) == 1
        assert f"You have answered {mistake}. ✗ Not yet." in str(again)
        assert str(again).count("You have answered") == 3
        assert f"You have answered {key(third)}. ✓ Correct." in str(again), "the last answer is shown"
        assert "You have answered" not in str(opened.draw_test(3)), "the next test is another one"
        assert "You have answered" not in str(opened.quiz(first.id)), "outside the test it is asked anew"


def test_the_card_of_a_test_knows_what_was_answered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.setenv("HL7DICOM_LAB_WIDGETS", "1")
    with open_lesson("11") as opened:
        test = opened.draw_test(1)
        question = opened.quiz(test.ids[4]).question()
        mistake = next(wrong_answers(question))
        said = test.answer(5, mistake)
        outputs: list[dict[str, Any]] = []
        monkeypatch.setattr("IPython.display.display", lambda output, **_: outputs.append(output))
        monkeypatch.setattr(live, "outputs", lambda _name, state, **_: [state])
        opened.draw_test(1)._ipython_display_()
    (state,) = outputs
    assert state["earlier"] == {
        question.id: {
            "outcome": "incorrect",
            "heading": "✗ Not yet.",
            "words": said.words,
            "given": str(mistake),
        }
    }
    titles = [one["title"] for one in state["questions"]]
    assert titles == [f"Question {place} of 20 ({name})" for place, name in enumerate(test.ids, 1)]


def test_an_old_answer_that_cannot_be_read_any_more_keeps_its_outcome(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A question may be written anew between two versions of the course; its first answer counts all the same."""
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(tmp_path / "progress.jsonl"))
    with open_lesson("11") as opened:
        name = opened.draw_test(1).ids[0]
        opened._progress.question(name, Outcome.CORRECT, "no answer of this form")
        again = opened.draw_test(1)
        assert again.results().skills[0].right == 1
        assert "You have answered no answer of this form. ✓ Correct." in str(again)
