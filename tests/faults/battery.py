"""All cases: those of every file here whose name ends in `_cases.py`, by their rows."""

from __future__ import annotations

import importlib
from pathlib import Path

from case import Case


def cases_by_file() -> dict[str, tuple[Case, ...]]:
    """The cases of each file, by its name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*_cases.py"))
    return {f"{name}.py": importlib.import_module(name).CASES for name in names}


def all_cases() -> tuple[Case, ...]:
    """Every case, by its row."""
    found = [case for cases in cases_by_file().values() for case in cases]
    return tuple(sorted(found, key=lambda case: case.row))
