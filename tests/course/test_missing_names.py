"""A missing name is explained by the cell that makes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.missing_names import Maker, makers, words
from hl7dicom_lab.course_files import notebooks_folder


def notebook(*cells: tuple[str, str]) -> str:
    return json.dumps({"cells": [{"cell_type": kind, "source": text} for kind, text in cells]})


def test_the_first_cell_that_makes_a_name_is_found() -> None:
    text = notebook(
        ("markdown", "# Title"),
        ("code", "a = 1"),
        ("markdown", "## 2 Step\n\ntext"),
        ("code", "# why\nimport hl7\nfor b in []:\n    c, (d, *e) = 1, 2\n\ndef f(x): pass"),
        ("code", "a = 2\n%%broken ="),
    )
    made = makers(text)
    assert made["a"] == Maker("Title", "a = 1")
    assert {made[name] for name in "bcdef"} == {Maker("2 Step", "import hl7")}
    assert made["hl7"].heading == "2 Step"


def test_a_name_that_no_cell_makes_is_left_to_python() -> None:
    assert words("nonsense", {"a": Maker("2 Step", "a = 1")}) == ""
    assert "Run the first code cell" in words("order", {}), "before a lesson is opened"
    assert "first code cell" in words("lab", {})
    assert "'2 Step'" in words("a", {"a": Maker("2 Step", "a = 1")})


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda one: one.number)
def test_every_lesson_can_be_read_for_its_names(lesson: Any) -> None:
    assert "lab" in makers((notebooks_folder() / lesson.file_name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    from jupyter_client.manager import start_new_kernel

    import hl7dicom_lab

    start_up = Path(hl7dicom_lab.__file__).parent / "jupyter_settings" / "kernel_start.py"
    manager, client = start_new_kernel(env={**__import__("os").environ, "PYTHONSTARTUP": str(start_up)})
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def said(kernel: Any, code: str) -> str:
    heard: list[str] = []

    def hear(message: Any) -> None:
        content = message["content"]
        heard.extend(content.get("traceback", []))
        heard.append(content.get("data", {}).get("text/plain", ""))

    kernel.execute_interactive(code, output_hook=hear, timeout=60)
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(heard))


def test_in_a_kernel_the_learner_reads_which_cell_to_run(kernel: Any) -> None:
    assert "Run the first code cell of this lesson" in said(kernel, "lab")
    assert "NameError" in said(kernel, "lab")
    assert said(kernel, "'missing_names' in str(dir()) or '_missing' in str(dir())").strip() == "False"
    said(kernel, "from hl7dicom_lab import open_lesson\nlab = open_lesson('00')")
    told = said(kernel, "story")
    assert "`story` is made in the step '2 Send a message'" in told
    assert "from hl7dicom_lab import story" in told
    assert "is made in" not in said(kernel, "nonsense")
    assert "ZeroDivisionError" in said(kernel, "1 / 0")
    said(kernel, "lab.stop()")
