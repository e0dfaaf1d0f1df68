"""The instructor's page says what the course is: its lessons, their times, plans that add up, calls that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from hl7dicom_lab.cli import main
from hl7dicom_lab.course.lesson import LessonLab, open_lesson
from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.course.progress import VARIABLE
from hl7dicom_lab.course_files import notebooks_folder

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_TEXT = (_DOCS / "instructor.md").read_text(encoding="utf-8")
_PAGE = (_DOCS / "learner_page.md").read_text(encoding="utf-8")
_TIME = re.compile(r"^Time: (\d+) minutes, (\d+) to read and (\d+) to do\.", re.MULTILINE)
_ROW = re.compile(r"^\| (\d+):(\d\d) \| (\d+) \| (.+) \|$", re.MULTILINE)
_PLANS = {"90 minutes": [90], "half a day": [240], "two days": [435, 440]}


def time_of(number: str) -> tuple[str, ...]:
    """Minutes, to read, to do: as the lesson's title cell names them."""
    notebook = json.loads((notebooks_folder() / find_lesson(number).file_name).read_text(encoding="utf-8"))
    found = _TIME.search("".join(notebook["cells"][0]["source"]))
    assert found
    return found.groups()


def section(number: str) -> str:
    lesson = find_lesson(number)
    begin = _TEXT.index(f"### {number} {lesson.title}\n")
    return re.split(r"\n##+ ", _TEXT[begin:], maxsplit=2)[0]


def tables(plan: str) -> list[list[tuple[int, int, str]]]:
    """The timetables of a plan: begin in minutes, length, what."""
    begin = _TEXT.index(f"## Plan: {plan}\n")
    text = _TEXT[begin : _TEXT.index("\n## ", begin + 1)]
    parts = text.split("| at | minutes | what |")[1:]
    return [[(int(h) * 60 + int(m), int(n), what) for h, m, n, what in _ROW.findall(part)] for part in parts]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonLab]:
    monkeypatch.setenv(VARIABLE, ":memory:")
    opened = open_lesson("00")
    yield opened
    opened.stop()


def test_the_page_has_every_lesson_once_in_order_and_no_other() -> None:
    assert re.findall(r"^### (.+)$", _TEXT, re.MULTILINE) == [f"{one.number} {one.title}" for one in LESSONS]


@pytest.mark.parametrize("number", [one.number for one in LESSONS])
def test_a_lesson_has_its_own_time_its_troubles_what_to_show_and_three_questions(number: str) -> None:
    text = section(number)
    found = _TIME.search(text)
    assert found
    assert found.groups() == time_of(number)
    assert "- *Technical:*" in text
    assert "- *Conceptual:*" in text
    assert "\nShow:" in text
    assert [line[:2] for line in text.splitlines() if re.match(r"\d\. ", line)] == ["1.", "2.", "3."]
    assert text.count("*A good answer:*") == 3


@pytest.mark.parametrize("number", [one.number for one in LESSONS])
def test_the_exercises_that_are_named_are_the_lessons_own(number: str) -> None:
    from hl7dicom_lab.course import contents

    named = set(re.findall(r"\b(\d\d-e\d)\b", section(number)))
    assert named <= {one.id for one in contents.exercises_of(number)}


@pytest.mark.parametrize("plan", _PLANS)
def test_a_plan_adds_up(plan: str) -> None:
    days = tables(plan)
    assert [sum(length for _, length, _ in day) for day in days] == _PLANS[plan]
    for day in days:
        for (begin, length, _), (following, _, _) in pairwise(day):
            assert begin + length == following


@pytest.mark.parametrize("plan", _PLANS)
def test_a_plan_gives_each_of_its_lessons_the_time_that_it_names(plan: str) -> None:
    rows = [row for day in tables(plan) for row in day]
    first: dict[str, int] = {}
    for _, length, what in rows:
        for number in re.findall(r"^Lesson (\d\d)", what):
            first.setdefault(number, length)
    assert list(first) == sorted(first), "in the order of the course"
    assert {number: length for number, length in first.items() if length < int(time_of(number)[0])} == {}
    if plan == "two days":
        assert list(first) == [one.number for one in LESSONS]


@pytest.mark.parametrize("plan", _PLANS)
def test_nobody_sits_longer_than_two_hours_without_a_break(plan: str) -> None:
    for day in tables(plan):
        sitting = 0
        for _, length, what in day:
            sitting = 0 if what in ("Break", "Lunch") else sitting + length
            assert sitting <= 120, what


def test_commands_that_are_named_exist() -> None:
    named = set(re.findall(r"`hl7dicom-lab ([a-z-]+)", _TEXT))
    assert named >= {"doctor", "preflight", "reset", "reset-seat", "slides", "workspace", "progress"}
    assert named <= set(main.commands)


def test_calls_that_are_named_exist(lab: LessonLab) -> None:
    named = set(re.findall(r"`lab\.([\w.]+)", _TEXT + _PAGE))
    assert len(named) >= 6
    for call in named:
        found = lab
        for part in call.split("."):
            found = getattr(found, part)
