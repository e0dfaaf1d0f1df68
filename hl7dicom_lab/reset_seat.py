"""`hl7dicom-lab reset-seat`: a seat is put back for the next learner, with notebooks as they came and no progress.

Rules: what the learner before wrote is kept beside it under a dated name, unless it is to be removed, which is asked
for first. Only a folder in which the lab laid notebooks is ever moved or removed. Nobody goes on under the name that
the learner before has in a class.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from hl7dicom_lab.counted import counted
from hl7dicom_lab.course.joined import membership_file
from hl7dicom_lab.course.progress import progress_file
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.os_errors import told
from hl7dicom_lab.workspace import RECORD, lay_notebooks

_IN_USE = "close JupyterLab and whatever else has it open, then run the command again"


@dataclass(frozen=True)
class Seat:
    """What a learner has left: the work folder, the progress and the name in a class, each if there is one to clear."""

    folder: Path
    used: bool
    notebooks: int
    progress: Path | None
    answers: int
    membership: Path | None

    @property
    def left(self) -> str:
        """What is there, in words; empty where nothing is."""
        parts = []
        if self.used:
            parts.append(f"{self.folder} with {counted(self.notebooks, 'notebook')}")
        if self.progress is not None:
            parts.append(f"the progress in {self.progress} with {counted(self.answers, 'line')}")
        if self.membership is not None:
            parts.append(f"the name in a class, in {self.membership}")
        return " and ".join(parts)


def look_at(folder: Path, *, progress: bool = True) -> Seat:
    """The seat as it is. Raises `SetupError` for a folder with other things in it than the lab's."""
    used = folder.is_dir() and any(folder.iterdir())
    if folder.exists() and not folder.is_dir():
        raise _refused(folder, "this is no folder")
    if used and not (folder / RECORD).is_file():
        raise _refused(folder, "the lab has laid no notebooks in this folder")
    if used and folder.resolve() in (home := Path.home().resolve(), *home.parents):
        raise _refused(folder, "a home folder holds more than a seat's notebooks")
    notebooks = len(list(folder.glob("*.ipynb"))) if used else 0
    if not progress:
        return Seat(folder, used, notebooks, None, 0, None)
    kept = _that_is_there(progress_file())
    answers = len(kept.read_bytes().splitlines()) if kept else 0
    return Seat(folder, used, notebooks, kept, answers, _that_is_there(membership_file()))


def put_back(seat: Seat, course: Path, day: date, *, remove: bool = False) -> tuple[str, ...]:
    """Keep or remove what was left, and lay the notebooks anew; what was done, a sentence each.

    Raises `SetupError` where something cannot be moved, removed or written; what is done by then stays done.
    """
    left = (seat.folder if seat.used else None, seat.progress, seat.membership)
    done = []
    for path in left:
        if path is not None:
            with told("the seat cannot be put back", path, _IN_USE):
                done.append(_clear(path, day, remove=remove))
    laid = lay_notebooks(course, seat.folder)
    return (*done, f"{seat.folder} holds {counted(len(laid), 'notebook')} as they came.")


def _that_is_there(path: Path | None) -> Path | None:
    return path if path is not None and path.is_file() else None


def _clear(path: Path, day: date, *, remove: bool) -> str:
    if not remove:
        kept = _dated(path, day)
        path.rename(kept)
        return f"{path} is kept as {kept}."
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return f"{path} is removed."


def _dated(path: Path, day: date) -> Path:
    """`hl7dicom_lab.2026-03-02`, `progress.2026-03-02.jsonl`; with a number where that is taken."""
    suffix = "" if path.is_dir() else path.suffix
    stem = path.name.removesuffix(suffix)
    for number in count(1):
        kept = path.with_name(f"{stem}.{day}{f'-{number}' if number > 1 else ''}{suffix}")
        if not kept.exists():
            return kept
    raise AssertionError("the numbers never end")


def _refused(folder: Path, why: str) -> SetupError:
    return SetupError(
        f"{why}, so it is left alone",
        where=str(folder),
        next_step="name the learner's work folder: `--folder DIR`",
    )
