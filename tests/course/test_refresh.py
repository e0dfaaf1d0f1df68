"""The command that stores what the notebooks print."""

import json
from pathlib import Path

import pytest

from hl7dicom_lab.course.refresh import refresh
from hl7dicom_lab.errors import SetupError


def notebook(folder: Path, *sources: str) -> Path:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for n, source in enumerate(sources)
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = folder / "one.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8", newline="\n")
    return path


def test_outputs_are_stored_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    path = notebook(tmp_path, "print('one')\nprint('two')", "3 + 4")
    assert list(refresh(tmp_path)) == [(path, True)]
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["cells"][0]["outputs"][0]["text"] == ["one\n", "two\n"]
    assert stored["cells"][1]["outputs"][0]["data"]["text/plain"] == ["7"]
    assert "execution" not in stored["cells"][0]["metadata"]
    assert list(refresh(tmp_path)) == [(path, False)]


def test_a_failing_cell_is_named_and_the_file_stays(tmp_path: Path) -> None:
    path = notebook(tmp_path, "1 / 0")
    before = path.read_bytes()
    with pytest.raises(SetupError, match="ZeroDivisionError"):
        list(refresh(tmp_path))
    assert path.read_bytes() == before


def test_a_check_stores_nothing_and_tells_what_has_changed(tmp_path: Path) -> None:
    path = notebook(tmp_path, "1 + 1")
    before = path.read_bytes()
    assert list(refresh(tmp_path, write=False)) == [(path, True)]
    assert path.read_bytes() == before
    assert list(refresh(tmp_path, ["on"])) == [(path, True)]
    assert list(refresh(tmp_path, ["two"])) == []


def test_a_notebook_is_run_as_by_a_learner_who_has_not_begun(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        "from hl7dicom_lab import open_lesson\nlab = open_lesson('00')\nlab.quiz('00-q1').answer('b').correct",
        "lab.quiz('00-q1')",
    )
    list(refresh(tmp_path))
    list(refresh(tmp_path))
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert list(stored["cells"][1]["outputs"][0]["data"]) == ["text/plain"]
    assert "widgets" not in stored["metadata"]
