"""Where a department keeps its data: a folder of its own, used by one department at a time.

Rules: without a folder the department lives in a private temporary one and leaves nothing behind. In a given folder
everything outlives the process, and also its counters and its clock: no number is made twice and time never runs
backwards, not even after a crash. What the department writes is for its own user alone; a folder that was there with
other things in it keeps its permissions, and what the department puts into it is private all the same.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from hl7dicom_lab.clock import CLASS_START, ClassClock, Mint
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.private import close_to_others, private_file, private_folder

#: The clock on disk runs ahead by so much, so that it is written seldom.
_CLOCK_AHEAD = timedelta(seconds=60)
_LOCK, _COUNTERS = "in_use.sqlite", "department.sqlite"
#: What stands in a department's folder, files that SQLite makes beside a database included.
_OWN_NAMES = frozenset(
    ("ris", "pacs", "emr", *(name + end for name in (_LOCK, _COUNTERS) for end in ("", "-wal", "-shm", "-journal")))
)


class Home:
    """A department's folder. `path` None makes a temporary one, which goes at `close()`.

    Raises `SetupError` where the folder cannot be made or another department is using it.
    """

    def __init__(self, path: Path | None) -> None:
        self.durable = path is not None
        self.path = path if path is not None else Path(tempfile.mkdtemp(prefix="hl7dicom_lab_"))
        self._lock: sqlite3.Connection | None = None
        try:
            private_folder(self.path)
            close_to_others(self.path, holds_only=_OWN_NAMES)
            self._lock = _lock(self.path)
        except OSError as error:
            raise SetupError(
                f"this folder cannot be used ({error.strerror or error})",
                where=str(self.path),
                next_step="choose one that you may write to",
            ) from error
        try:
            self._database = Database(self.path / _COUNTERS, "", durable=self.durable)
        except SetupError:
            self._lock.close()
            raise
        self._clock_on_disk = CLASS_START

    def mint(self, seed: int) -> Mint:
        """The department's mint; on disk it never makes a number twice."""
        return Mint(seed, self._reserve if self.durable else None)

    def clock(self) -> ClassClock:
        """The class clock: it starts with the story, or goes on where it stood."""
        if not self.durable:
            return ClassClock()
        rows = self._database.rows("SELECT next FROM counter WHERE kind = 'clock'")
        self._clock_on_disk = CLASS_START + timedelta(seconds=rows[0]["next"] if rows else 0)
        return ClassClock(self._clock_on_disk, keep=self._keep_clock)

    def close(self, clock: ClassClock | None = None) -> None:
        """Give the folder free; a temporary one is removed. Safe to call again."""
        if self._lock is None:
            return
        if self.durable and clock is not None:
            with contextlib.suppress(OSError):  # a later moment is on disk already
                self._write_clock(clock.now())
        self._database.close()
        self._lock.close()
        self._lock = None
        if not self.durable:
            shutil.rmtree(self.path, ignore_errors=True)

    def _keep_clock(self, now: datetime) -> None:
        if now >= self._clock_on_disk:
            self._write_clock(now + _CLOCK_AHEAD)

    def _write_clock(self, moment: datetime) -> None:
        seconds = math.ceil((moment - CLASS_START).total_seconds())
        with _disk(), self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO counter VALUES ('clock', ?)", (seconds,))
        self._clock_on_disk = moment

    def _reserve(self, kind: str, count: int) -> int:
        with _disk():
            return self._database.reserve(kind, count)


@contextmanager
def _disk() -> Iterator[None]:
    """What the database cannot write, in the words that clock and mint know of."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"the department's counters cannot be written ({error})") from error


def _lock(folder: Path) -> sqlite3.Connection:
    """Hold the folder for this process. SQLite's lock ends with the process, however it ends, on every system."""
    file = folder / _LOCK
    try:
        private_file(file)
        connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    except (sqlite3.Error, OSError) as error:
        raise _unusable(file, error) from error
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise _unusable(file, error) from error
        raise SetupError(
            "another department is using this folder",
            where=str(folder),
            next_step="stop it first (Ctrl-C where it runs), or choose another folder",
        ) from error
    return connection


def _unusable(file: Path, error: Exception) -> SetupError:
    return SetupError(
        f"this file cannot be used ({error})",
        where=str(file),
        next_step="choose a folder that you may write to, or take this file away",
    )
