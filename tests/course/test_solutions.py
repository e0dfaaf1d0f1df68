"""Solved lessons for the instructor: complete, answered, and never where a learner works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hl7dicom_lab.course import solutions
from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.course.solutions import lay_solutions, solution_name
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.workspace import FOLDER_VARIABLE, lay_notebooks


@pytest.fixture(autouse=True)
def own_work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "work"))
    return tmp_path / "work"


@pytest.fixture
def unrun(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebooks are solved and not run."""
    monkeypatch.setattr(solutions, "run", lambda text, _path: text)


def test_a_lesson_is_solved_answered_and_run(tmp_path: Path) -> None:
    (path,) = lay_solutions(notebooks_folder(), tmp_path / "for me", [find_lesson("00")])
    assert path == tmp_path / "for me" / "00_start_here.solution.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    by_tag = {tag: [cell for cell in cells if tag in cell["metadata"].get("tags", [])] for tag in ("exercise", "quiz")}
    assert by_tag["exercise"]
    assert by_tag["quiz"]
    for cell in by_tag["exercise"]:
        assert said(cell, -1).startswith("✓ Correct.")
    for cell in by_tag["quiz"]:
        assert said(cell, 0).startswith("Question 00-q")
        assert said(cell, -1).startswith("The answer is ")
    assert [file.name for file in path.parent.iterdir()] == [path.name], "what a lesson writes stays out of it"


def said(cell: dict, place: int) -> str:
    return "".join(cell["outputs"][place]["data"]["text/plain"])


@pytest.mark.usefixtures("unrun")
def test_every_lesson_has_its_solution_and_they_lead_to_each_other(tmp_path: Path) -> None:
    laid = list(lay_solutions(notebooks_folder(), tmp_path / "for me"))
    assert [path.name for path in laid] == [solution_name(lesson) for lesson in LESSONS]
    together = "".join(path.read_text(encoding="utf-8") for path in laid)
    assert "](05_tag_the_images.solution.ipynb)" in together
    assert "](05_tag_the_images.ipynb)" not in together


@pytest.mark.usefixtures("unrun")
def test_what_else_lies_in_the_folder_stays_and_earlier_solutions_are_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "04_query_the_worklist.ipynb"
    mine.write_text("mine", encoding="utf-8")
    lesson = find_lesson("04")
    (tmp_path / solution_name(lesson)).write_text("old", encoding="utf-8")
    (path,) = lay_solutions(notebooks_folder(), tmp_path, [lesson])
    assert mine.read_text(encoding="utf-8") == "mine"
    assert json.loads(path.read_text(encoding="utf-8"))["cells"]


@pytest.mark.usefixtures("unrun")
@pytest.mark.parametrize("inside", ["", "solutions", "a/b"])
def test_a_learners_work_folder_is_refused(tmp_path: Path, inside: str) -> None:
    somebodys = tmp_path / "somebody"
    lay_notebooks(notebooks_folder(), somebodys)
    before = sorted(somebodys.rglob("*"))
    with pytest.raises(SetupError, match="learner's work folder"):
        list(lay_solutions(notebooks_folder(), somebodys / inside))
    assert sorted(somebodys.rglob("*")) == before


@pytest.mark.usefixtures("unrun")
@pytest.mark.parametrize("inside", ["", "solutions"])
def test_the_usual_work_folder_is_refused_before_it_is_there(own_work_folder: Path, inside: str) -> None:
    with pytest.raises(SetupError, match="learner's work folder"):
        list(lay_solutions(notebooks_folder(), own_work_folder / inside))
    assert not own_work_folder.exists()


@pytest.mark.usefixtures("unrun")
def test_another_name_of_a_work_folder_is_refused(tmp_path: Path) -> None:
    lay_notebooks(notebooks_folder(), tmp_path / "somebody")
    try:
        (tmp_path / "link").symlink_to(tmp_path / "somebody", target_is_directory=True)
    except OSError:
        return  # Windows lets not everybody make one
    with pytest.raises(SetupError, match="learner's work folder"):
        list(lay_solutions(notebooks_folder(), tmp_path / "link" / "solutions"))


@pytest.mark.usefixtures("unrun")
def test_the_courses_own_folder_is_refused() -> None:
    with pytest.raises(SetupError, match="course's own"):
        list(lay_solutions(notebooks_folder(), notebooks_folder() / "solutions"))


@pytest.mark.usefixtures("unrun")
def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SetupError, match="cannot be written"):
        list(lay_solutions(notebooks_folder(), tmp_path / "file"))
