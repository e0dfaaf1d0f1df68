"""Modules import only downwards, and importing the package loads none of its libraries.

The ranks are the plan of the package: values and errors at the bottom, then the two languages, the mapping between
them, sockets and storage, views, the five systems, the department, the course, and the command line on top.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parent.parent / "hl7dicom_lab"
_RANKS = (
    {
        "errors",
        "os_errors",
        "visible",
        "simple_table",
        "model",
        "clock",
        "counted",
        "trace",
        "trace_bell",
        "trace_memory",
        "trace_table",
        "course_files",
        "story",
        "story_day",
        "verdict",
        "shown",
        "given",
        "left_out",
        "resting_collector",
        "open_files",
        "running",
    },
    {"hl7v2", "dicom"},
    {"mapping", "institution"},
    {"services", "storage"},
    {"views"},
    {"actors"},
    {"tickets"},
    {"lab"},
    {"hospital"},
    {"at_hospital"},
    {
        "course",
        "demo",
        "serve",
        "workspace",
        "jupyter",
        "jupyter_settings",
        "jupyter_sockets",
        "kernel_settings",
        "doctor",
        "footprint",
        "seat",
        "preflight",
        "classroom",
        "reset_seat",
    },
    {"cli"},
    {"__main__"},
)
_RANK = {part: rank for rank, parts in enumerate(_RANKS) for part in parts}
#: At these ranks stand single files of one layer, which may use each other; elsewhere neighbours are strangers.
_SHARED = (0, 10)


def _modules():
    return [path for path in sorted(_PACKAGE.rglob("*.py")) if path != _PACKAGE / "__init__.py"]


def _part(path):
    """The part of the package that a file belongs to: `actors` for actors/ris.py, `lab` for lab.py."""
    return path.relative_to(_PACKAGE).with_suffix("").parts[0]


def _imported_parts(path):
    """The parts that a file imports, also inside functions and for type checking, with the line of each."""
    package = ("hl7dicom_lab", *path.relative_to(_PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == "hl7dicom_lab" and rest:
                yield rest.partition(".")[0], node.lineno


def test_every_part_of_the_package_has_a_rank():
    assert {_part(path) for path in _modules()} - set(_RANK) == set(), "give it a rank in _RANKS above"


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(_PACKAGE).as_posix())
def test_imports_go_only_downwards(path):
    own = _part(path)
    for other, line in _imported_parts(path):
        if other in _RANK and other != own:
            neighbours = _RANK[other] == _RANK[own] and _RANK[own] in _SHARED
            assert _RANK[other] < _RANK[own] or neighbours, f"line {line}: {own} must not import {other}"


def test_imports_are_found_in_every_form(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "_PACKAGE", tmp_path)
    sample = tmp_path / "services" / "sample.py"
    sample.parent.mkdir()
    sample.write_text(
        "import hl7dicom_lab.actors.ris\n"
        "from hl7dicom_lab import lab\n"
        "from hl7dicom_lab.cli import main\n"
        "from ..views import viewer\n"
        "from . import mllp\n"
        "def late():\n    from hl7dicom_lab.mapping.table import ROWS\n",
        encoding="utf-8",
        newline="\n",
    )
    assert {part for part, _ in _imported_parts(sample)} == {"actors", "lab", "cli", "views", "services", "mapping"}


def test_importing_the_package_loads_no_library():
    code = "import sys; old = set(sys.modules); import hl7dicom_lab; print(*sorted(set(sys.modules) - old))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded - set(sys.stdlib_module_names) == {"hl7dicom_lab"}


def test_the_command_line_answers_for_help_without_the_department():
    code = "import sys; import hl7dicom_lab.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"pydicom", "pynetdicom", "matplotlib", "numpy", "jupyterlab", "hl7", "IPython", "sqlite3"}
