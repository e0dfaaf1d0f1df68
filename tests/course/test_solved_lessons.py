"""Every lesson, solved with the course's own solutions and keys, runs through, and every check says correct.

Guards: the run is not empty, a spoiled solution fails it, and so does a changed output of the unsolved lesson.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course.refresh import run
from hl7dicom_lab.course.solved import asked_in, solved
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import CannotBuild

LESSON_FILES = [(lesson, notebooks_folder() / lesson.file_name) for lesson in LESSONS]


def ids(lessons: list[tuple[Lesson, Path]]) -> list[str]:
    return [lesson.number for lesson, _ in lessons]


def verdicts(notebook: dict[str, Any]) -> dict[str, str]:
    """What each exercise and quiz cell of a run notebook says last."""
    said = {}
    for one in asked_in(json.loads(solved_source(notebook))):
        outputs = notebook["cells"][one.place]["outputs"]
        said[one.id] = "".join(outputs[-1].get("data", {}).get("text/plain", "")) if outputs else ""
    return said


def solved_source(notebook: dict[str, Any]) -> str:
    """The notebook's cells with tags as they were asked: quiz cells are recognised by the call alone."""
    copy = json.loads(json.dumps(notebook))
    for cell in copy["cells"]:
        if "quiz" in cell["metadata"].get("tags", []):
            line = next(line for line in "".join(cell["source"]).splitlines() if "lab.quiz(" in line)
            cell["source"] = [line.removeprefix("quiz = ")]
    return json.dumps(copy)


@pytest.mark.parametrize("path", [path for _, path in LESSON_FILES], ids=ids(LESSON_FILES))
def test_the_solved_lesson_runs_and_every_check_says_correct(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    asked = asked_in(json.loads(text))
    done = json.loads(run(solved(text), path))
    said = verdicts(done)
    assert said.keys() == {one.id for one in asked}
    wrong = {name: words for name, words in said.items() if not words.startswith("✓ Correct.")}
    assert wrong == {}
    stderr = [cell["id"] for cell in done["cells"] for out in cell.get("outputs", []) if out.get("name") == "stderr"]
    assert stderr == []


@pytest.mark.parametrize(("lesson", "path"), LESSON_FILES, ids=ids(LESSON_FILES))
def test_every_exercise_and_question_of_a_lesson_is_asked_once_and_in_order(lesson: Lesson, path: Path) -> None:
    asked = asked_in(json.loads(path.read_text(encoding="utf-8")))
    exercises = [one.id for one in asked if one.kind == "exercise"]
    quizzes = [one.id for one in asked if one.kind == "quiz"]
    assert exercises == [one.id for one in contents.exercises_of(lesson.number)]
    if lesson.number != "11":  # its questions are a bank, from which a test is drawn
        assert quizzes == [one.id for one in contents.questions_of(lesson.number)]


def test_the_final_test_answered_with_its_keys_is_all_right() -> None:
    path = notebooks_folder() / "11_test_your_knowledge.ipynb"
    text = run(solved(path.read_text(encoding="utf-8")), path)
    assert "Every answer is right." in text
    assert text.count("✓ Correct.") >= 20


def test_a_spoiled_solution_is_seen() -> None:
    path = notebooks_folder() / "00_start_here.ipynb"
    spoiled = solved(path.read_text(encoding="utf-8")).replace(
        'accession_number = \\"NG000001\\"', "accession_number = 1"
    )
    said = verdicts(json.loads(run(spoiled, path)))
    assert said["00-e1"].startswith("✗ Not yet.")


def test_a_tag_and_what_its_cell_asks_have_to_agree() -> None:
    def cell(source: str, *tags: str) -> dict[str, Any]:
        return {"cells": [{"cell_type": "code", "id": "x", "metadata": {"tags": list(tags)}, "source": [source]}]}

    assert [one.id for one in asked_in(cell('lab.quiz("04-q1")', "quiz"))] == ["04-q1"]
    for notebook in (
        cell('lab.quiz("04-q1")'),
        cell('lab.quiz("04-q1")', "exercise"),
        cell('ex = lab.exercise("04-e1")', "quiz"),
        cell("3 + 4", "quiz"),
    ):
        with pytest.raises(CannotBuild, match="do not agree"):
            asked_in(notebook)
