"""One SQLite file a system: the ground on which "acknowledged" means "kept".

Rule: an effect and the memory of the message that caused it are committed in one transaction, and only then may the
answer leave. A department with a home folder survives the end of its process and of its machine (WAL, synchronous
FULL); one in a temporary folder is gone at the end anyway and does not wait for the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hl7dicom_lab.errors import SetupError, SystemStopped
from hl7dicom_lab.storage.private import private_file, private_folder

_COUNTERS = "CREATE TABLE IF NOT EXISTS counter (kind TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;"


class Database:
    """A connection that threads share, one at a time. `schema` is run at every start and must be repeatable.

    Raises `SetupError` where the file cannot be opened or is no database of ours.
    """

    def __init__(self, path: Path, schema: str, *, durable: bool) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._is_closed = False
        connection: sqlite3.Connection | None = None
        try:
            private_folder(path.parent)
            private_file(path)
            connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection = connection
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.executescript(f"BEGIN; {_COUNTERS} {schema}; COMMIT")  # one commit, not one a table
        except (sqlite3.Error, OSError) as error:
            if connection is not None:
                connection.close()
            raise SetupError(
                f"the data of this system cannot be opened ({error})",
                where=str(path),
                next_step="choose a folder that you may write to, or take this file away to start anew",
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed when the block ends, rolled back when it raises, also when the commit fails.

        Blocks may be nested: an inner one that raises takes back its own effects and no others, so that the outer
        one can still remember the refusal.
        """
        with self._lock:
            connection = self._opened()
            nested = connection.in_transaction
            connection.execute("SAVEPOINT nested" if nested else "BEGIN IMMEDIATE")
            try:
                yield connection
                self._connection.execute("RELEASE nested" if nested else "COMMIT")
            except BaseException:
                self._take_back(nested)
                raise

    def _take_back(self, nested: bool) -> None:
        if not self._connection.in_transaction:
            return  # a full disk made SQLite roll back by itself
        if nested:
            self._connection.execute("ROLLBACK TO nested")
            self._connection.execute("RELEASE nested")
        else:
            self._connection.execute("ROLLBACK")

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query, as they stand at one moment."""
        with self._lock:
            return self._opened().execute(sql, values).fetchall()

    def reserve(self, kind: str, count: int) -> int:
        """Set aside `count` numbers of a kind for ever and return the first (what a `Mint` needs)."""
        with self.transaction() as connection:
            row = connection.execute("SELECT next FROM counter WHERE kind = ?", (kind,)).fetchone()
            first = int(row["next"]) if row else 1
            connection.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (kind, first + count))
            return first

    def close(self) -> None:
        """Close the file. Safe to call again."""
        with self._lock:
            self._is_closed = True
            self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._is_closed:
            raise SystemStopped(
                "this system has been stopped, and its data is closed",
                next_step="start the department again with lab.start(), and ask the systems that it has then: lab.ris",
            )
        return self._connection
