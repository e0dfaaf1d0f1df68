"""The class out of a shared folder: `ROOT/NAME/progress.jsonl`, as a JupyterHub lays its users' homes.

Rules: the files are read, never written; links, also hard ones, and anything else than files are passed over, so that
nobody brings in another's file; what was read is in the store and not read again; a file that cannot be read, for
whatever reason, holds up no other. Here all learners work on the hub's machines, so the time of an entry is the one in
the file, but never one that has not come yet.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from hl7dicom_lab.classroom import checking
from hl7dicom_lab.classroom.reading import Line, ProgressReader
from hl7dicom_lab.classroom.store import ClassStore, Learner, RecordFull
from hl7dicom_lab.errors import SetupError

_log = logging.getLogger(__name__)
_FILE = "progress.jsonl"
_PORTIONS = 8


class ClassFolder:
    """Reads the progress files of a folder into a store."""

    def __init__(self, root: Path, store: ClassStore) -> None:
        if not root.is_dir():
            raise SetupError(
                "there is no such folder",
                where=str(root),
                next_step="name the folder that has a folder for each learner: --folder ROOT",
            )
        self._root = root
        self._store = store
        self._readers: dict[Path, ProgressReader] = {}
        self._seen: dict[Path, tuple[int, int]] = {}
        self._names: dict[int, str] = {}
        self._told: set[Path] = set()

    async def look(self) -> None:
        """Read what is new, one learner at a time, with room for others in between."""
        for path in self._files():
            try:
                await self._look_at(path)
            except OSError:
                continue  # no permission, or just being replaced
            except Exception:  # what nobody thought of in one learner's file, or a database that is busy: next time
                if path not in self._told:
                    _log.exception("%s is not read", path)
                self._told.add(path)
            await asyncio.sleep(0)

    def _files(self) -> list[Path]:
        try:
            return sorted(one / _FILE for one in self._root.iterdir() if one.is_dir() and not one.is_symlink())
        except OSError:
            return []  # a share that is away for a moment comes back

    async def _look_at(self, path: Path) -> None:
        state = path.lstat()
        if not is_own_file(state):
            return
        learner = self._learner(path.parent.name)
        now = (state.st_mtime_ns, state.st_size)
        if learner is None or self._seen.get(path) == now:
            return
        if await self._read(path, learner):
            self._seen[path] = now

    def _learner(self, name: str) -> Learner | None:
        """Whose folder this is; of two whose names differ in capital letters only, the first is the learner's."""
        try:
            learner = self._store.of_folder(checking.alias(name))
        except checking.BadRequest:
            return None
        if learner is not None and self._names.setdefault(learner.id, name) != name:
            return None
        return learner

    async def _read(self, path: Path, learner: Learner) -> bool:
        """Read some portions, with room for others in between; whether the file was read to its end."""
        reader = self._readers.setdefault(path, ProgressReader(path, open_own_file))
        for _ in range(_PORTIONS):
            await asyncio.sleep(0)
            lines = reader.read()
            if not lines and reader.at_end:
                return True
            times = {one.kept.number: _time_of(one) for one in lines}
            try:
                self._store.add(learner, [one.kept for one in lines], lambda kept, known=times: known[kept.number])  # type: ignore[misc] # the default is a dict
            except RecordFull:
                return True
        return False


def is_own_file(state: os.stat_result) -> bool:
    """Whether this is a file that lies in its folder only, and nothing that leads to another's."""
    return stat.S_ISREG(state.st_mode) and state.st_nlink <= 1


def open_own_file(path: Path) -> BinaryIO:
    """Open a learner's file, and nothing that it became a moment ago. Raises OSError."""
    # Windows has neither option; a link takes an administrator's right there, and no pipe lies in a folder.
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, os.O_RDONLY | careful)
    try:
        if not is_own_file(os.fstat(number)):
            raise OSError(errno.EINVAL, "this is no file of the folder's own", str(path))
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def _time_of(line: Line) -> str:
    now = datetime.now(UTC)
    try:
        at = datetime.fromisoformat(line.at)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the calendar's first or last day, in another time zone
        at = now
    return min(at, now).isoformat(timespec="seconds")
