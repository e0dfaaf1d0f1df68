"""The learner's work folder: copies of the notebooks that belong to the learner.

The course is the reference and stays where it was installed; learners write in copies without outputs. Starting the
course brings the copies up to date by one rule: **what a learner wrote is never overwritten.** A copy is replaced
only where it is, byte for byte, what the lab itself laid there; a changed lesson whose copy the learner has worked in
lies beside it as `NN_slug.new.ipynb`. What the lab laid is remembered as SHA-256 in one small file of the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.storage.private import private_folder
from hl7dicom_lab.views.progress_bar import progress

#: The environment variable that names another work folder.
FOLDER_VARIABLE = "HL7DICOM_LAB_WORK"
#: What the lab laid in a work folder stands in this file of it; a folder that has it is one.
RECORD = ".hl7dicom_lab.json"


class Outcome(StrEnum):
    """What happened to one notebook of the work folder."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    KEPT = "yours, kept"
    BESIDE = "new version laid beside yours"


@dataclass(frozen=True)
class Laid:
    """One notebook: where it is, and what was done."""

    path: Path
    outcome: Outcome


def work_folder(chosen: Path | None = None) -> Path:
    """The folder that was asked for, else the one that `HL7DICOM_LAB_WORK` names, else `hl7dicom_lab` in the home."""
    if chosen is None:
        named = os.environ.get(FOLDER_VARIABLE, "")
        chosen = Path(named) if named else Path.home() / "hl7dicom_lab"
    return chosen.expanduser().absolute()


def is_work_folder(folder: Path) -> bool:
    """Whether a learner's notebooks were laid in this folder, or will be by the usual start."""
    usual = work_folder()
    same = folder.resolve() == usual.resolve() or (folder.exists() and usual.exists() and folder.samefile(usual))
    return same or (folder / RECORD).is_file()


def lay_notebooks(course: Path, folder: Path) -> tuple[Laid, ...]:
    """Copy every notebook of `course` into `folder`, by the rule above; in the order of their names.

    Raises `SetupError` where the folder cannot be made or written.
    """
    try:
        private_folder(folder)
        record = _read_record(folder)
        sources = sorted(course.glob("*.ipynb"))
        laid = []
        with progress("Copying the notebooks", len(sources)) as one_more:
            for source in sources:
                laid.append(_lay(without_outputs(source.read_bytes()), folder / source.name, record))
                one_more()
        _write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    except OSError as problem:
        raise SetupError(
            f"the work folder cannot be prepared ({problem.strerror or problem})",
            where=str(problem.filename or folder),
            next_step="choose a folder that you may write to: `--folder DIR`, "
            f"or the environment variable {FOLDER_VARIABLE}",
        ) from problem
    return tuple(laid)


def reset_notebook(course: Path, folder: Path, name: str, day: date) -> tuple[Path, Path | None]:
    """Put the course's version of one notebook back; the notebook, and where the old copy is kept, if there was one.

    The old copy is kept as `NN_slug.YYYY-MM-DD.ipynb`. Raises `SetupError` where a file cannot be written.
    """
    target = folder / name
    try:
        private_folder(folder)
        kept = _keep(target, day) if target.exists() else None
        record = _read_record(folder)
        _put(without_outputs((course / name).read_bytes()), target, record, Outcome.NEW)
        _write(folder / RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    except OSError as problem:
        raise SetupError(
            f"the notebook cannot be put back ({problem.strerror or problem})",
            where=str(problem.filename or target),
            next_step="close the notebook in JupyterLab, and check that you may write to the folder",
        ) from problem
    return target, kept


def _keep(target: Path, day: date) -> Path:
    for number in count(1):
        kept = target.with_suffix(f".{day}{f'-{number}' if number > 1 else ''}.ipynb")
        if not kept.exists():
            target.replace(kept)
            return kept
    raise AssertionError("the numbers never end")


def without_outputs(notebook: bytes) -> bytes:
    """A notebook (nbformat 4) without outputs and execution counts; the same input always gives the same bytes."""
    content: dict[str, Any] = json.loads(notebook)
    for cell in content.get("cells", []):
        if cell.get("cell_type") == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
            cell.get("metadata", {}).pop("execution", None)
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _lay(text: bytes, target: Path, record: dict[str, str]) -> Laid:
    """Bring one copy up to date, and remember in `record` what was laid."""
    offered = _digest(text)
    if not target.exists():
        return _put(text, target, record, Outcome.NEW)
    present = _digest(target.read_bytes())
    if present == offered:
        record[target.name] = offered
        return Laid(target, Outcome.UNCHANGED)
    if present == record.get(target.name):
        return _put(text, target, record, Outcome.UPDATED)
    return _lay_beside(text, target, record)


def _lay_beside(text: bytes, target: Path, record: dict[str, str]) -> Laid:
    """The learner has worked in `target`: lay the course's version beside it, unless it was offered before."""
    offered = _digest(text)
    if record.get(target.name) == offered:
        return Laid(target, Outcome.KEPT)
    for beside in _names_beside(target):
        if record.get(beside.name) == offered:
            return Laid(target, Outcome.KEPT)
        if not beside.exists() or _digest(beside.read_bytes()) in (offered, record.get(beside.name)):
            return _put(text, beside, record, Outcome.BESIDE)
    raise AssertionError("the names never end")


def _names_beside(target: Path) -> Iterator[Path]:
    yield target.with_suffix(".new.ipynb")
    for number in count(2):
        yield target.with_suffix(f".new{number}.ipynb")


def _put(text: bytes, target: Path, record: dict[str, str], outcome: Outcome) -> Laid:
    _write(target, text)
    record[target.name] = _digest(text)
    return Laid(target, outcome)


def _write(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.replace(target)


def _read_record(folder: Path) -> dict[str, str]:
    """What the lab laid here before. A lost or broken record counts every copy as the learner's own."""
    try:
        content = json.loads((folder / RECORD).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in content.items()} if isinstance(content, dict) else {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
