"""Folders and files for their owner alone: on a shared machine nobody reads a neighbour's orders, images and answers.

Rule: what is made here is private whatever the process's umask says; what is there already belongs to whoever made it,
and stays as it is. On Windows a user's folders are private without it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

_OWNER_ONLY = 0o700
_EVERYBODY_ELSE = 0o077


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone. Raises OSError."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=_OWNER_ONLY, exist_ok=True)


def private_file(path: Path) -> None:
    """Make an empty file for the owner alone, where there is none. Raises OSError.

    SQLite gives the files that it makes beside a database the database's own permissions.
    """
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))


def close_to_others(folder: Path, *, holds_only: Collection[str]) -> None:
    """Take others' permissions from a folder that is there, where it holds nothing else than these names.

    A folder with other things in it is somebody's for more than this purpose, such as /tmp: it stays as it is.
    """
    if os.name != "posix" or not folder.stat().st_mode & _EVERYBODY_ELSE:
        return
    if all(one.name in holds_only for one in folder.iterdir()):
        with contextlib.suppress(OSError):  # another's folder, or a file system without permissions
            folder.chmod(_OWNER_ONLY)
