"""Length gives no answer away: whoever picks the longest option does about as well as whoever throws a die."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.question import MultipleChoice, SingleChoice

SKILLS = [lesson.number for lesson in LESSONS if lesson.skill]
BANK = contents.questions_of("11")


def lengths(question: SingleChoice | MultipleChoice) -> tuple[int, int]:
    """How long the longest right option is, and the longest wrong one."""
    right, wrong = (
        max(len(str(one.text)) for one in question.options if one.correct is wanted) for wanted in (True, False)
    )
    return right, wrong


def single_choices(*lessons: str) -> Iterator[SingleChoice]:
    for question in BANK:
        if not isinstance(question, SingleChoice) or question.lesson not in lessons:
            continue
        # A value out of the learner's department is as long as it is.
        if all(isinstance(one.text, str) for one in question.options):
            yield question


def longest(*lessons: str) -> list[str]:
    """The single choices whose right option is longer than every other."""
    compared = {question.id: lengths(question) for question in single_choices(*lessons)}
    return [name for name, (right, wrong) in compared.items() if right > wrong]


@pytest.mark.parametrize("lesson", SKILLS)
def test_in_no_bank_is_the_longest_option_mostly_right(lesson: str) -> None:
    assert len(longest(lesson)) * 5 <= len(list(single_choices(lesson))) * 2, longest(lesson)


def test_over_all_banks_the_longest_option_is_right_about_as_often_as_by_chance() -> None:
    asked = list(single_choices(*SKILLS))
    by_chance = sum(1 / len(question.options) for question in asked)
    assert len(longest(*SKILLS)) <= by_chance * 1.2, longest(*SKILLS)


@pytest.mark.parametrize(
    "question",
    [one for one in BANK if isinstance(one, (SingleChoice, MultipleChoice)) and not one.own_session],
    ids=lambda one: one.id,
)
def test_no_right_option_stands_out_by_its_length(question: SingleChoice | MultipleChoice) -> None:
    right, wrong = lengths(question)
    assert right <= wrong * 1.3, "say more in a wrong option, or less in the right one"
