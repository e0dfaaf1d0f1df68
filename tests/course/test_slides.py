"""Slides: nothing of a lesson is lost, nothing is told too early, and a deck needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hl7dicom_lab.cli import main
from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.course.slides.deck import deck_name, write_decks
from hl7dicom_lab.course.slides.plan import Slide, slides_of
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import SetupError

_NUMBERS = [lesson.number for lesson in LESSONS]


def notebook(number: str) -> dict[str, Any]:
    text = (notebooks_folder() / find_lesson(number).file_name).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def made(*cells: dict[str, Any]) -> tuple[Slide, ...]:
    return slides_of({"cells": list(cells)})


def text(*lines: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": list(tags)}, "source": ["\n".join(lines)]}


def code(source: str, *said: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    outputs = [{"output_type": "execute_result", "data": {"text/plain": [one]}, "metadata": {}} for one in said]
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": [source], "outputs": outputs}


def everything(slides: tuple[Slide, ...]) -> str:
    return "\n".join(f"{slide.heading}\n" + "\n".join(part.text for part in slide.parts) for slide in slides)


@pytest.mark.parametrize("number", _NUMBERS)
def test_every_line_of_a_lesson_is_on_a_slide_or_in_the_notes(number: str) -> None:
    book = notebook(number)
    told = {line.strip() for line in everything(slides_of(book)).splitlines()}
    lines = [line.strip() for cell in book["cells"] for line in "".join(cell["source"]).splitlines()]
    quizzes = {f'lab.quiz("{one.id}")' for one in contents.questions_of(number)}
    missing = [line for line in lines if line.lstrip("# ") and line.lstrip("# ") not in told | quizzes]
    assert [line for line in missing if line not in told] == []


@pytest.mark.parametrize("number", _NUMBERS)
def test_headings_begin_slides_and_the_instructors_notes_are_the_speakers(number: str) -> None:
    slides = slides_of(notebook(number))
    assert slides[0].heading == f"{number} {find_lesson(number).title}"
    assert any(part.text.startswith("## Notes for the instructor") for part in slides[0].notes)
    for slide in slides:
        shown = "\n".join(part.text for part in slide.shown if part.kind == "text")
        assert "Notes for the instructor" not in slide.heading + shown
        assert "*Look:*" not in shown
    headings = [slide.heading for slide in slides if not slide.further]
    assert [one for one in headings if one.startswith("Exercise")] == [
        f"Exercise {one.id}: {one.title}" for one in contents.exercises_of(number)
    ]


@pytest.mark.parametrize("number", _NUMBERS)
def test_an_exercise_shows_its_task_and_nothing_after_it(number: str) -> None:
    slides = slides_of(notebook(number))
    asked = [slide for slide in slides if any(part.kind == "exercise" for part in slide.parts)]
    assert len(asked) == len(contents.exercises_of(number))
    for slide in asked:
        assert slide.shown[-1].kind == "exercise"
        assert slide.shown[-1].outputs == ()
    solutions = [one.solution.strip() for one in contents.exercises_of(number)]
    assert not [one for one in solutions if "\n" in one and one in everything(slides)]


@pytest.mark.parametrize("number", _NUMBERS)
def test_a_question_stands_alone_and_a_slide_is_not_empty(number: str) -> None:
    for slide in slides_of(notebook(number)):
        assert slide.parts or (slide.heading and not slide.further)
        if any(part.kind == "question" for part in slide.shown):
            assert len(slide.shown) == 1


def test_of_a_long_text_the_slide_keeps_what_is_easily_read_and_the_speaker_gets_all() -> None:
    long = "Much is said about this. " * 30
    (slide,) = made(text("## 1 Title", "", "The question.", "", long, "", "- a", "- b", "", "*Predict:* what now?"))
    assert [part.text for part in slide.shown] == ["The question.", "- a\n- b", "*Predict:* what now?"]
    assert long.strip() in slide.notes[0].text


def test_a_short_text_stays_as_it_is() -> None:
    (slide,) = made(text("## 1 Title", "", "One.", "", "Two."))
    assert [part.text for part in slide.parts] == ["One.", "Two."]
    assert slide.notes == ()


def test_what_does_not_fit_goes_on_on_a_further_slide() -> None:
    slides = made(text("## 1 Title", "", "One."), code("x = 1\n" * 15, "said"), code("y = 1\n" * 15))
    assert [(slide.heading, slide.further) for slide in slides] == [("1 Title", False), ("1 Title", True)]
    slides = made(text("## 1 Title"), code("x = 1\n" * 15, "said\n" * 12))
    assert [len(slide.shown) for slide in slides] == [1, 1]


def test_a_heading_within_code_is_none() -> None:
    (slide,) = made(text("## 1 Title", "", "```", "# no heading", "", "more", "```"))
    assert slide.parts[0].text == "```\n# no heading\n\nmore\n```"


class _Page(HTMLParser):
    """What a deck would fetch, and how many slides it has."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.slides = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.slides += given.get("class") == "slide"
        source = given.get("src") or (given.get("href") if tag == "link" else None)
        if source and not source.startswith("data:"):
            self.fetched.append(source)


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    folder = tmp_path_factory.mktemp("slides") / "for the projector"
    return {path.name: (path.read_text(encoding="utf-8"), n) for path, n in write_decks(notebooks_folder(), folder)}


@pytest.mark.parametrize("lesson", LESSONS, ids=_NUMBERS)
def test_each_lesson_has_a_deck_that_fetches_nothing(lesson: Any, decks: dict[str, tuple[str, int]]) -> None:
    content, number = decks[deck_name(lesson)]
    page = _Page()
    page.feed(content)
    assert page.slides == number > 10
    assert page.fetched == []
    assert "@import" not in content
    assert "url(" not in content
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", content, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in content
    assert ".ipynb" not in content, "links lead from deck to deck"


def test_the_same_lesson_gives_the_same_bytes(tmp_path: Path, decks: dict[str, tuple[str, int]]) -> None:
    lesson = find_lesson("04")
    ((path, _),) = write_decks(notebooks_folder(), tmp_path, [lesson])
    assert path.read_text(encoding="utf-8") == decks[path.name][0]


def test_the_command_makes_those_that_are_named(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["slides", "00", "--to", str(tmp_path / "here")])
    assert shown.exit_code == 0, shown.output
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["00_start_here.slides.html"]
    assert CliRunner().invoke(main, ["slides", "99", "--to", str(tmp_path)]).exit_code == 1


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SetupError, match="slides cannot be written"):
        list(write_decks(notebooks_folder(), tmp_path / "file", [find_lesson("00")]))
