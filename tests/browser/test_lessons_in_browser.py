"""Whole lessons as a learner takes them: every cell, every exercise wrong and right, every quiz, and once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card_keys import another, give
from course_server import Server
from lesson_kernel import LessonKernel, kernel_of
from notebook_page import NotebookPage
from pictures import PICTURES

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.exercise import Exercise
from hl7dicom_lab.course.lessons import find_lesson
from hl7dicom_lab.course.solved import Asked, asked_in

#: What is ours on the page: the widgets, and what the cells show as HTML.
_OWN = (".jp-OutputArea-output.jp-RenderedHTML",)


@pytest.mark.parametrize("number", ["02", "08"])
def test_a_lesson_from_the_first_cell_to_the_last_and_once_more(
    number: str, open_notebook: Callable[..., NotebookPage], jupyterlab: Server
) -> None:
    name = find_lesson(number).file_name
    path = jupyterlab.folder / name
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    asked = {one.place: one for one in asked_in({"cells": cells})}
    pictured = (min(asked), max(asked))
    page = open_notebook(name)
    with kernel_of(jupyterlab.address, jupyterlab.runtime, name) as kernel:
        for place in range(len(cells)):
            walk(page, kernel, place, asked.get(place))
            if place in pictured:
                page.picture(PICTURES / f"lesson_{number}" / f"{asked[place].id}.png")
    see_progress(page, number, len(cells))
    page.picture(PICTURES / f"lesson_{number}" / "progress.png")
    assert page.violations(*_OWN) == []
    close(page)
    assert complaints(path) == []
    take_again(open_notebook(name), number, len(cells), [place for place, one in asked.items() if one.kind == "quiz"])
    assert complaints(path) == []


def walk(page: NotebookPage, kernel: LessonKernel, place: int, asked: Asked | None) -> None:
    """One cell: run, and where it asks, answered wrong and then right."""
    page.step(place)
    if asked is None:
        return
    if asked.kind == "exercise":
        solve(page, place, contents.exercise(asked.id))
    else:
        answer(page, kernel, place, asked.id)


def solve(page: NotebookPage, place: int, exercise: Exercise) -> None:
    """An exercise: left blank, with a mistake, with the solution."""
    page.output(place).get_by_text("Not attempted.").wait_for()
    mistake = exercise.mistakes[0]
    for code, heading, words in (
        (mistake.code, "Not yet.", mistake.says),
        (exercise.solution.strip(), "Correct.", ""),
    ):
        page.write(place, f'ex = lab.exercise("{exercise.id}")\n{code}\nex.check({exercise.answer})')
        page.step(place)
        page.output(place).get_by_text(heading).wait_for()
        assert words in page.output(place).inner_text()


def answer(page: NotebookPage, kernel: LessonKernel, place: int, question_id: str) -> None:
    """A quiz: a wrong answer by keyboard, then the right one. The kernel says which it is in this session."""
    right = kernel.ask(
        f"__import__('hl7dicom_lab.course.marking').course.marking.key(lab.quiz({question_id!r}).question())"
    )
    card = page.live(place)
    for given, heading in ((another(card, right), "Not yet."), (right, "Correct.")):
        give(card, given)
        card.get_by_role("status").get_by_text(heading).wait_for()


def see_progress(page: NotebookPage, number: str, place: int) -> None:
    """The dashboard in a new cell at the end; Shift+Enter on the last one has made it."""
    page.write(place, "lab.progress()")
    page.step(place)
    row = page.output(place).get_by_role("row").filter(has_text=find_lesson(number).title)
    exercises, questions = len(contents.exercises_of(number)), len(contents.questions_of(number))
    assert row.get_by_role("cell").all_inner_texts() == [
        f"✓ {number} {find_lesson(number).title}",
        "yes",
        f"{exercises} of {exercises}",
        f"{questions} of {questions}",
        "0",  # every question was answered wrong at first
    ]


def take_again(page: NotebookPage, number: str, last: int, quizzes: list[int]) -> None:
    """The notebook opened again: its outputs stand, then everything runs once more and nothing is forgotten."""
    for place in quizzes:
        assert page.cell(place).get_by_text("To answer, run this cell").is_visible()
    assert page.page.locator(".hl7dicom-live").count() == 0
    assert find_lesson(number).title in page.output(last).inner_text()
    page.cell(quizzes[0])
    page.picture(PICTURES / f"lesson_{number}" / "reopened.png")
    page.run_all()
    for place in quizzes:
        page.live(place).get_by_role("button", name="Check").wait_for()
    exercises, questions = len(contents.exercises_of(number)), len(contents.questions_of(number))
    told = f"{exercises} of {exercises} exercises, {questions} of {questions} questions."
    assert told in page.output(1).inner_text()
    page.picture(PICTURES / f"lesson_{number}" / "run_again.png")
    # JupyterLab itself complains about each widget of a kernel that is gone; its static form stands in its place.
    page.errors[:] = [error for error in page.errors if "widget model not found" not in error]
    close(page)


def close(page: NotebookPage) -> None:
    """Save, stop the kernel, save its end too, leave."""
    assert page.errors == []
    page.save()
    page.stop_kernel()
    page.save()
    page.close()


def complaints(path: Path) -> list[Any]:
    """What the saved notebook holds of errors and of words on stderr."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"]
