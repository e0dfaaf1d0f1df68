"""What every lesson has: its parts in their order, terms that are explained, honest times, nothing that differs.

The rules are those of docs/writing_lessons.md.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.drawn_test import OF_EACH_SKILL
from hl7dicom_lab.course.lessons import LESSONS, Lesson
from hl7dicom_lab.course_files import notebooks_folder

FOLDER = notebooks_folder()
DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
TAUGHT = [lesson for lesson in LESSONS if lesson.skill]
LAST_SECTIONS = [
    "What went over the wire",
    "Key points",
    "Where the standard says so",
    "Notes for the instructor",
]
KNOWN_TAGS = {"exercise", "quiz", "instructor", "nbval-ignore-output"}
HARD_WORDS = ("simply", "obviously", "of course", "just ", "trivial", "as everyone knows")

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.number)
taught_lesson = pytest.mark.parametrize("lesson", TAUGHT, ids=lambda one: one.number)


def notebook(lesson: Lesson) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / lesson.file_name).read_text(encoding="utf-8"))
    return content


def cells(lesson: Lesson, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in notebook(lesson)["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def prose(lesson: Lesson) -> str:
    return "\n\n".join(source(cell) for cell in cells(lesson, "markdown"))


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`]*`", " ", text, flags=re.DOTALL)


def headings(lesson: Lesson, level: int) -> list[str]:
    return re.findall(rf"(?m)^{'#' * level} (.*)$", prose(lesson))


def outputs(lesson: Lesson) -> list[tuple[str, str]]:
    """Every text that is stored as an output, with the id of its cell."""
    found = []
    for cell in cells(lesson, "code"):
        for output in cell["outputs"]:
            texts = [output.get("text", ""), *output.get("data", {}).values()]
            found += [(cell["id"], "".join(text)) for text in texts if isinstance(text, (str, list))]
    return found


@every_lesson
def test_the_title_cell_says_what_the_lesson_asks_takes_and_teaches(lesson: Lesson) -> None:
    first = source(notebook(lesson)["cells"][0])
    assert first.startswith(f"# {lesson.number} {lesson.title}\n\n**{lesson.question}**\n\nTime: ")
    assert re.search(r"(?m)^Time: \d+ minutes, \d+ to read and \d+ to do\. You need: ", first)
    assert re.search(r"(?m)^In this lesson you\n\n(- .*\n?( .*\n)*){3,}", first)
    assert notebook(lesson)["metadata"]["title"] == lesson.title


@every_lesson
def test_the_first_code_cell_is_all_the_set_up_there_is(lesson: Lesson) -> None:
    opened = f'from hl7dicom_lab import open_lesson\n\nlab = open_lesson("{lesson.number}")\nlab'
    assert source(cells(lesson, "code")[0]) == opened
    assert prose(lesson).count("open_lesson(") == 0 or lesson.number == "00"


@every_lesson
def test_the_last_sections_stand_in_their_order(lesson: Lesson) -> None:
    assert headings(lesson, 2)[-4:] == LAST_SECTIONS
    assert re.search(r"(?m)^- ", source(cells(lesson, "markdown")[-2])), "the standard is cited"
    last = notebook(lesson)["cells"][-1]
    assert source(last).startswith("## Notes for the instructor")
    assert tags(last) == {"instructor"}
    assert last["metadata"]["jupyter"] == {"source_hidden": True}


@taught_lesson
def test_steps_are_numbered_and_predict_run_look(lesson: Lesson) -> None:
    steps = [one for one in headings(lesson, 2) if one[0].isdigit()]
    assert [int(step.split()[0]) for step in steps] == list(range(1, len(steps) + 1))
    assert prose(lesson).count("*Predict:*") >= 3
    assert prose(lesson).count("*Look:*") >= 3
    kinds = [("".join(one["source"]), one["cell_type"]) for one in notebook(lesson)["cells"]]
    for place, (text, kind) in enumerate(kinds):
        if kind == "markdown" and "*Predict:*" in text:
            assert kinds[place + 1][1] == "code", "a prediction stands above the cell that answers it"


@every_lesson
def test_a_lesson_can_be_finished(lesson: Lesson) -> None:
    assert len(notebook(lesson)["cells"]) <= 45
    for cell in cells(lesson, "code"):
        lines = source(cell).splitlines()
        assert len(lines) <= 18, cell["id"]
        assert max(len(line) for line in lines) <= 100, cell["id"]
        ast.parse(source(cell))
        assert not source(cell).startswith(("%", "!"))


@every_lesson
def test_the_times_are_honest(lesson: Lesson) -> None:
    first = source(notebook(lesson)["cells"][0])
    found = re.search(r"Time: (\d+) minutes, (\d+) to read and (\d+) to do\.", first)
    assert found
    total, read, do = (int(number) for number in found.groups())
    assert total == read + do
    assert 20 <= total <= 45 or lesson.number in ("09", "10", "11")
    words = sum(len(source(cell).split()) for cell in cells(lesson, "markdown") if "instructor" not in tags(cell))
    assert words / 200 <= read <= words / 90 + 1, f"{words} words"
    asked = sum(bool({"exercise"} & tags(cell)) for cell in cells(lesson, "code"))
    plain = len(cells(lesson, "code")) - asked
    drawn = any("lab.draw_test(" in source(cell) for cell in cells(lesson, "code"))
    plain += OF_EACH_SKILL * len(TAUGHT) if drawn else 0
    assert 0.4 * (plain + 4 * asked) <= do <= 1.5 * (plain + 4 * asked) + 1


@every_lesson
def test_ids_and_tags(lesson: Lesson) -> None:
    ids = [cell["id"] for cell in notebook(lesson)["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]{2,40}", one) for one in ids)
    assert set().union(*(tags(cell) for cell in notebook(lesson)["cells"])) <= KNOWN_TAGS
    ignored = [cell["id"] for cell in cells(lesson, "code") if "nbval-ignore-output" in tags(cell)]
    assert len(ignored) <= 3, "what is not compared is not kept true"


@every_lesson
def test_each_exercise_stands_under_its_heading(lesson: Lesson) -> None:
    titles = [f"Exercise {one.id}: {one.title}" for one in contents.exercises_of(lesson.number)]
    assert [one for one in headings(lesson, 3) if one.startswith("Exercise")] == titles
    above = {
        re.findall(r'lab\.exercise\("(.*?)"\)', source(cell))[0]: source(before)
        for before, cell in zip(notebook(lesson)["cells"], notebook(lesson)["cells"][1:], strict=False)
        if "exercise" in tags(cell)
    }
    for one in contents.exercises_of(lesson.number):
        assert f"### Exercise {one.id}: " in above[one.id]


@every_lesson
def test_an_exercise_cell_has_blanks_and_ends_with_its_check(lesson: Lesson) -> None:
    for cell in cells(lesson, "code"):
        if "exercise" in tags(cell):
            lines = source(cell).splitlines()
            name = contents.exercise(re.findall(r'"(.*?)"', lines[0])[0]).answer
            assert lines[0].startswith("ex = lab.exercise(")
            assert lines[-1] == f"ex.check({name})"
            assert "..." in source(cell)


@every_lesson
def test_terms_are_explained_and_stand_in_the_glossary(lesson: Lesson) -> None:
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8").casefold()
    entries = re.findall(r"\*\*(.+?)\*\*", glossary)
    known = {term.strip() for entry in entries for term in [entry, *re.split(r"[,:]| and ", entry)]}
    marked = [term.casefold() for term in re.findall(r"\*\*(.+?)\*\*", without_code(prose(lesson)))]
    terms = [term for term in marked if term != lesson.question.casefold()]
    missing = [term for term in terms if term not in known and term.rstrip("s") not in known]
    assert missing == []
    assert len(set(terms)) == len(terms), "a term is explained once"


@every_lesson
def test_links_work_and_stand_where_they_belong(lesson: Lesson) -> None:
    for cell in cells(lesson, "markdown"):
        for target in re.findall(r"\]\(([^)]+)\)", source(cell)):
            if target.startswith("http"):
                assert source(cell).startswith("## Where the standard says so"), target
            else:
                assert (FOLDER / target.partition("#")[0]).exists(), target
                assert target.endswith(".ipynb"), "learners have the notebooks only"


@every_lesson
def test_a_lesson_leads_to_the_next_one(lesson: Lesson) -> None:
    following = LESSONS[LESSONS.index(lesson) + 1 : LESSONS.index(lesson) + 2]
    for one in following:
        assert f"Go on with [{one.number} {one.title}]({one.file_name})." in prose(lesson)


@every_lesson
def test_outputs_hold_nothing_that_differs_from_machine_to_machine(lesson: Lesson) -> None:
    for name, text in outputs(lesson):
        assert not re.search(r"(?<![\w/])/(tmp|home|root|usr|work|Users)/", text), name
        assert not re.search(r"[A-Z]:\\\\?(Users|Windows)", text), name
        assert not re.search(r"0x[0-9a-f]{9,}", text), f"{name}: a memory address"
        assert not re.search(r"127\.0\.0\.1[:,'\" ]+\d{4,5}", text), f"{name}: a port"
        assert "Traceback" not in text, name


@every_lesson
def test_nothing_is_written_to_stderr_and_every_output_has_a_text(lesson: Lesson) -> None:
    for cell in cells(lesson, "code"):
        for output in cell["outputs"]:
            assert output.get("name") != "stderr", cell["id"]
            assert output["output_type"] != "error", cell["id"]
            if "data" in output:
                assert "text/plain" in output["data"], cell["id"]
                for html in ("".join(output["data"].get("text/html", "")),):
                    assert all("alt=" in image for image in re.findall(r"<img[^>]*>", html)), cell["id"]


@every_lesson
def test_enough_is_compared(lesson: Lesson) -> None:
    compared = [one for one in cells(lesson, "code") if one["outputs"] and "nbval-ignore-output" not in tags(one)]
    assert len(compared) >= (10 if lesson.skill else 5)
    assert all(isinstance(cell["execution_count"], int) for cell in cells(lesson, "code"))


@every_lesson
def test_the_tone_is_kind(lesson: Lesson) -> None:
    text = without_code(prose(lesson)).casefold()
    assert [word for word in HARD_WORDS if word in text] == []
    assert "!" not in re.sub(r"!\[", "", text), "no exclamation"
    for image in re.findall(r"!\[(.*?)\]", prose(lesson)):
        assert len(image) > 10, "a picture has words"


@every_lesson
def test_nothing_is_fetched_from_outside(lesson: Lesson) -> None:
    for cell in cells(lesson, "code"):
        code = source(cell)
        assert not re.search(r"https?://|urllib|requests|pip install|subprocess", code), cell["id"]
        assert not re.search(r"import (logging|warnings)", code), f"{cell['id']}: nothing to silence"
