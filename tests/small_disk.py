"""Disks that are full and folders that nobody may write to, made by the operating system and not by a stand-in.

A small tmpfs and a read-only mount need root on Linux, and a container that may mount. Where that is not so, another
mechanism takes their place: a limit on what a process may write, for root too, and a file where a folder was.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_SIZE = "32m"
_NO_LIMIT = (1 << 63) - 1


class LimitedDisk:
    """A folder for a department on a disk that has room, until its process may write nothing more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, process: int) -> None:
        """Let every write of the process fail (getrlimit(2), RLIMIT_FSIZE). Linux only."""
        self._limit(process, 0)

    def make_room(self, process: int) -> None:
        self._limit(process, _NO_LIMIT)

    def _limit(self, process: int, size: int) -> None:
        import resource  # POSIX only, and `prlimit` only on Linux

        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class MountedDisk(LimitedDisk):
    """A disk that is small, until a file takes up what is left of it."""

    def fill(self, process: int) -> None:
        del process
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def make_room(self, process: int) -> None:
        del process
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(folder: Path, *, mounted: bool) -> Iterator[LimitedDisk]:
    """A disk at `folder`, `mounted` where the machine allows it."""
    folder.mkdir()
    with ExitStack() as open_now:
        if not mounted or not _mount(open_now, folder, "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "tmpfs"):
            yield LimitedDisk(folder)
        else:
            yield MountedDisk(folder)


@contextmanager
def unwritable(folder: Path, *, mounted: bool) -> Iterator[None]:
    """The folder on a read-only disk where the machine allows it, or else a file where the folder was.

    On a read-only mount, files that are open already stay writable.
    """
    with ExitStack() as open_now:
        if not mounted or not _mount(open_now, folder, "--bind", str(folder)):
            open_now.enter_context(_blocked(folder))
        else:
            subprocess.run(("mount", "-o", "remount,bind,ro", str(folder)), check=True)
        yield


def _mount(open_now: ExitStack, folder: Path, *how: str) -> bool:
    """Mount at a folder until the stack is closed; whether this machine lets us."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    if subprocess.run(("mount", *how, str(folder)), capture_output=True, check=False).returncode:
        return False
    open_now.callback(subprocess.run, ("umount", "--lazy", str(folder)), check=True)
    return True


@contextmanager
def _blocked(folder: Path) -> Iterator[None]:
    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.write_bytes(b"")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)
