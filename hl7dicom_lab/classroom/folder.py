"""The class out of a shared folder: `ROOT/NAME/progress.jsonl`, as a JupyterHub lays its users' homes.

Rules: the files are read, never written; links and anything else than files are passed over, so that nobody brings in
another's file; what was read is in the store and not read again. Here all learners work on the hub's machines, so the
time of an entry is the one in the file, but never one that has not come yet.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from hl7dicom_lab.classroom import checking
from hl7dicom_lab.classroom.reading import Line, ProgressReader
from hl7dicom_lab.classroom.store import ClassStore, Learner, RecordFull
from hl7dicom_lab.errors import SetupError

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

    async def look(self) -> None:
        """Read what is new, one learner at a time, with room for others in between."""
        for path in self._files():
            self._look_at(path)
            await asyncio.sleep(0)

    def _files(self) -> list[Path]:
        try:
            return sorted(one / _FILE for one in self._root.iterdir() if one.is_dir() and not one.is_symlink())
        except OSError:
            return []  # a share that is away for a moment comes back

    def _look_at(self, path: Path) -> None:
        try:
            if path.is_symlink() or not path.is_file():
                return
            learner = self._learner(path.parent.name)
            state = path.stat()
            now = (state.st_mtime_ns, state.st_size)
            if learner is None or self._seen.get(path) == now:
                return
            if self._read(path, learner):
                self._seen[path] = now
        except OSError:
            return  # no permission, or just being replaced: the others are read all the same

    def _learner(self, name: str) -> Learner | None:
        """Whose folder this is; of two whose names differ in capital letters only, the first is the learner's."""
        try:
            learner = self._store.of_folder(checking.alias(name))
        except checking.BadRequest:
            return None
        if learner is not None and self._names.setdefault(learner.id, name) != name:
            return None
        return learner

    def _read(self, path: Path, learner: Learner) -> bool:
        """Read some portions; whether the file was read to its end."""
        reader = self._readers.setdefault(path, ProgressReader(path))
        for _ in range(_PORTIONS):
            lines = reader.read()
            if not lines and reader.at_end:
                return True
            times = {one.kept.number: _time_of(one) for one in lines}
            try:
                self._store.add(learner, [one.kept for one in lines], lambda kept, known=times: known[kept.number])  # type: ignore[misc] # the default is a dict
            except RecordFull:
                return True
        return False


def _time_of(line: Line) -> str:
    now = datetime.now(UTC)
    try:
        at = datetime.fromisoformat(line.at)
    except ValueError:
        at = now
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(at, now).astimezone(UTC).isoformat(timespec="seconds")
