"""The comparison of the notebooks is not empty: everything is collected, and one changed character fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hl7dicom_lab.course_files import notebooks_folder

_ROOT = Path(__file__).resolve().parent.parent.parent
_LESSON = "00_start_here.ipynb"


def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False)


def code_cells(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]


def test_every_code_cell_of_every_notebook_is_collected() -> None:
    listed = run_pytest("--collect-only", "notebooks").stdout
    for path in notebooks_folder().glob("*.ipynb"):
        collected = listed.count(f"notebooks/{path.name}::")
        assert collected == len(code_cells(path)) > 0, path.name


def cell(cells: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in cells if one["id"] == name)


def as_it_is(cells: list[dict[str, Any]]) -> None:
    assert cells


def one_character(cells: list[dict[str, Any]]) -> None:
    output = cell(cells, "accession")["outputs"][0]
    output["text"] = "".join(output["text"]).replace("NG000001", "NG000002")


def an_output_less(cells: list[dict[str, Any]]) -> None:
    cell(cells, "accession")["outputs"] = []


def a_cell_that_fails(cells: list[dict[str, Any]]) -> None:
    cell(cells, "accession")["source"] = ["lab.ris.step('NG999999')"]


def a_check_that_passes(cells: list[dict[str, Any]]) -> None:
    cell(cells, "exercise-1")["source"] = ['ex = lab.exercise("00-e1")\n', 'ex.check("NG000001")']


def test_a_lesson_passes_as_it_is_and_fails_with_any_change(tmp_path: Path) -> None:
    changes: list[Callable[[list[dict[str, Any]]], None]]
    changes = [as_it_is, one_character, an_output_less, a_cell_that_fails, a_check_that_passes]
    for change in changes:
        content = json.loads((notebooks_folder() / _LESSON).read_text(encoding="utf-8"))
        change(content["cells"])
        copy = tmp_path / f"{change.__name__}.ipynb"
        copy.write_text(json.dumps(content), encoding="utf-8", newline="\n")
    done = run_pytest("-c", str(_ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path))
    failed = {change.__name__ for change in changes if f"{change.__name__}.ipynb::" in _summary(done.stdout)}
    assert failed == {change.__name__ for change in changes if change is not as_it_is}, done.stdout


def _summary(printed: str) -> str:
    return printed.partition("short test summary info")[2]
