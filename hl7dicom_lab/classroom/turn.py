"""One process at a time sends a learner's progress: `hl7dicom-lab start`, or one of the kernels that it did not start.

Rule: whoever sends holds a lock on a file beside the progress; the system takes it back when the process ends, however
it ends, and then another one goes on. Where files cannot be locked, each of them sends: the classroom counts an entry
once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hl7dicom_lab.course.joined import takes_part
from hl7dicom_lab.storage.private import private_folder

_FILE = "classroom.lock"


class Turn:
    """The right to send one progress file."""

    def __init__(self, progress: Path) -> None:
        self._path = progress.with_name(_FILE)
        self._file: int | None = None
        self._ours = False

    def ours(self) -> bool:
        """Whether the learner takes part in a class, and this process is to send; asked again until it is."""
        if not takes_part():
            return False
        if not self._ours:
            try:
                self._ours = self._lock()
            except OSError:
                return True
        return self._ours

    def give_up(self) -> None:
        """Let another process send. May be called twice."""
        if self._file is not None:
            os.close(self._file)
        self._file, self._ours = None, False

    def _lock(self) -> bool:
        if self._file is None:
            private_folder(self._path.parent)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        return _lock(self._file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:  # another process has it
            return False
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process has it
            return False
        return True
