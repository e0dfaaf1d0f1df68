"""Opening a lesson: the same start for everybody, again and again, and words about where the learner stands."""

from __future__ import annotations

import pytest

from hl7dicom_lab import open_lesson, story, story_day
from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.lab import Lab


def state(lab: Lab) -> object:
    """What a learner can see of a department, in words."""
    steps = [(one.accession_number, one.status, one.start, one.study_instance_uid) for one in lab.ris.steps()]
    return lab.clock.now(), steps, lab.pacs.studies(), str(lab.trace.show())


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.number)
def test_a_start_is_the_same_whenever_and_wherever_it_is_run(lesson: object) -> None:
    number = lesson.number  # type: ignore[attr-defined] # a Lesson
    with open_lesson(number) as first:
        expected, words = state(first), repr(first)
        with open_lesson(number) as second:
            assert not first.running, "a lesson that is opened again begins anew"
            assert state(second) == expected
            assert repr(second) == words
    assert words.startswith(f"Lesson {number}: ")


def test_elena_rivera_has_the_same_numbers_in_every_lesson() -> None:
    for lesson in LESSONS:
        with open_lesson(lesson.number) as lab:
            found = lab.ris.order_book.steps(accession_number="NG000001")
            assert {one.item.patient_id for one in found} <= {story.PATIENT.identifier.value}
            assert bool(found) == (lesson.number not in ("00", "02", "09"))


def test_the_day_has_six_patients_three_modalities_and_what_goes_wrong() -> None:
    assert len(story_day.TODAY) == len({one.patient.identifier for one in story_day.TODAY}) == 6
    assert {one.modality for one in story_day.TODAY} == {"MR", "CT", "CR"}
    assert sorted(one.outcome for one in story_day.TODAY) == ["cancelled", "does not come", *["examined"] * 4]
    assert [one.priority for one in story_day.TODAY].count("S") == 1


@pytest.mark.parametrize("wrong", ["12", "13", "", "four", 99, None, "../x"])
def test_a_number_that_is_no_lessons_names_those_that_are_there(wrong: object) -> None:
    with pytest.raises(NotFound, match="choose one of 00, 01"):
        open_lesson(wrong)  # type: ignore[arg-type] # on purpose


@pytest.mark.parametrize("number", ["4", 4, "04", " 04 "])
def test_a_lesson_is_found_by_its_number_in_any_form(number: str | int) -> None:
    assert find_lesson(number).slug == "query_the_worklist"


def test_an_exercise_stays_the_same_object_so_that_hints_go_on() -> None:
    with open_lesson("00") as lab:
        lab.exercise("00-e1").hint()
        assert str(lab.exercise("00-e1").hint()).startswith("Hint 2 of 3")
        assert str(lab.exercise("00-e1").hint()).startswith("Hint 3 of 3")
        assert str(lab.exercise("00-e1").hint()).startswith("Hint 3 of 3")
        assert "accession_number = " in str(lab.exercise("00-e1").solution())


def test_after_the_end_a_check_says_what_to_run() -> None:
    with open_lesson("00") as lab:
        exercise = lab.exercise("00-e1")
    verdict = exercise.check("NG000001")
    assert str(verdict) == (
        "? Could not be checked. The department has stopped. Run the first cell of the lesson, then this one again."
    )
