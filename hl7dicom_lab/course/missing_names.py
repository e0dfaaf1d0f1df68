"""A name that is not there yet: the message says which cell makes it.

After a restart of the kernel, or with cells run out of order, Python says only `NameError: name 'item' is not defined`.
Rule: in a lesson, the learner is told which step makes the name and what to run; the error itself stays the same.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any

from hl7dicom_lab.course.lessons import Lesson
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import LabError


@dataclass(frozen=True)
class Maker:
    """The cell that makes a name: the heading above it, and its first line."""

    heading: str
    first_line: str


#: Said in a kernel in which no lesson has been opened.
_BEFORE = (
    "In this kernel nothing has run yet that makes this name. Run the first code cell of the lesson, then the cells "
    "above this one: menu Run, Run All Above Selected Cell."
)


def makers(notebook: str) -> dict[str, Maker]:
    """For each name of a notebook, the first cell that makes it."""
    found: dict[str, Maker] = {}
    heading = ""
    for cell in json.loads(notebook).get("cells", []):
        source = "".join(cell.get("source", ""))
        if cell.get("cell_type") == "markdown":
            heading = next((line.lstrip("# ") for line in source.splitlines() if line.startswith("#")), heading)
            continue
        first_line = next((line for line in source.splitlines() if line.strip() and not line.startswith("#")), "")
        for name in _made_in(source):
            found.setdefault(name, Maker(heading, first_line))
    return found


def words(name: str, among: dict[str, Maker]) -> str:
    """What to run for a name that is not there; empty where no cell of the lesson makes it."""
    if name == "lab":
        return "`lab` is the department. Run the first code cell of this lesson, the one with open_lesson, and go on."
    if name not in among:
        return "" if among else _BEFORE
    maker = among[name]
    return (
        f"`{name}` is made in the step {maker.heading!r}, by the cell that begins with\n\n    {maker.first_line}\n\n"
        "Run that cell first. To run everything above this cell: menu Run, Run All Above Selected Cell."
    )


def explain_in(lesson: Lesson) -> None:
    """From now on this kernel explains a missing name with the cells of `lesson`; does nothing outside IPython."""
    shell = _shell()
    if shell is None:
        return
    try:
        among = makers((notebooks_folder() / lesson.file_name).read_text(encoding="utf-8"))
    except (LabError, OSError, ValueError):
        return  # an installation without the notebook still runs the lesson
    explain(shell, among)


def explain_before_a_lesson() -> None:
    """From its start on, this kernel says what to run where `lab` is missing; does nothing outside IPython."""
    shell = _shell()
    if shell is not None:
        explain(shell, {})


def explain(shell: Any, among: dict[str, Maker]) -> None:
    """Let an IPython shell end the traceback of a `NameError` with what to run."""

    def handler(this: Any, kind: Any, error: Any, traceback: Any, tb_offset: Any = None) -> Any:
        advice = words(getattr(error, "name", "") or "", among)
        if advice:
            error.add_note(advice)
        return this.showtraceback((kind, error, traceback), tb_offset=tb_offset)

    shell.set_custom_exc((NameError,), handler)


def _shell() -> Any:
    import sys

    ipython = sys.modules.get("IPython")  # not imported for its own sake: without it there is no shell
    return ipython.get_ipython() if ipython else None


def _made_in(source: str) -> list[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names += [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return names
