"""The classroom's database: learners, and what was received of them, in one SQLite file.

Rules: what a method returned from is on disk (WAL, synchronous FULL); an entry is stored once, however often it comes;
tokens are stored as SHA-256 only; what is deleted is overwritten in the file. One connection, used by one thread; the
command line may delete beside a running service, which notices.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hl7dicom_lab.classroom.checking import same_alias
from hl7dicom_lab.classroom.record import ENTRIES_A_LEARNER, LEARNERS, Kept
from hl7dicom_lab.errors import LocalError
from hl7dicom_lab.storage.database import Database

_TABLES = """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS learner (
  id INTEGER PRIMARY KEY AUTOINCREMENT, alias TEXT NOT NULL, same TEXT NOT NULL UNIQUE, token TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  learner INTEGER NOT NULL REFERENCES learner (id) ON DELETE CASCADE,
  book TEXT NOT NULL, number INTEGER NOT NULL, what TEXT NOT NULL, item TEXT NOT NULL, outcome TEXT NOT NULL,
  detail TEXT NOT NULL, received TEXT NOT NULL, UNIQUE (learner, book, number));
CREATE TABLE IF NOT EXISTS left_out (same TEXT PRIMARY KEY);
"""
#: No 0, O, 1, I or L: a code is read off a screen and typed.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

_ASK = "ask your instructor to delete it, and join again"


class CannotJoin(LocalError):
    """The name is taken, or the class is full."""


class RecordFull(LocalError):
    """A learner has sent more than the whole course could bring about."""


@dataclass(frozen=True)
class Learner:
    """Somebody in the class."""

    id: int
    alias: str


@dataclass(frozen=True)
class Received:
    """An entry as it is stored, and when it came (UTC, the service's clock)."""

    kept: Kept
    at: str


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class ClassStore:
    """The class, kept in one file. Raises `SetupError` where that cannot be opened."""

    def __init__(self, path: Path, now: Callable[[], str] = _now) -> None:
        self._now = now
        self._changes = 0
        self._db = Database(path, _TABLES, durable=True)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def version(self) -> tuple[int, int]:
        """Another value whenever something has changed, by this process or another."""
        (others,) = self._db.rows("PRAGMA data_version")
        return self._changes, int(others[0])

    # ---- keys

    def instructor_token(self) -> str:
        """The instructor's token: made once, the same after a restart."""
        return self._setting("instructor", lambda: secrets.token_hex(24))

    def join_code(self) -> str:
        """The code by which learners join, such as `K7QM-2XWD`."""
        letters = [secrets.choice(_CODE_LETTERS) for _ in range(8)]
        return self._setting("code", lambda: f"{''.join(letters[:4])}-{''.join(letters[4:])}")

    def _setting(self, name: str, make: Callable[[], str]) -> str:
        with self._db.transaction() as db:
            db.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, make()))
            (value,) = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return str(value)

    # ---- learners

    def join(self, alias: str) -> str:
        """Take a learner in; their token. Raises `CannotJoin`."""
        token = secrets.token_hex(24)
        self._add_learner(alias, _digest(token))
        return token

    def of_folder(self, alias: str) -> Learner | None:
        """The learner of a folder, taken in if new.

        None where they were deleted, the class is full, or somebody has joined under this name: a record is one
        person's, and whoever chose a user's name must not read what comes out of that user's folder.
        """
        if self._db.rows("SELECT 1 FROM left_out WHERE same = ?", (_digest(same_alias(alias)),)):
            return None
        if self.by_alias(alias) is None:
            try:
                self._add_learner(alias, None)
            except CannotJoin:
                return None
        return self.in_folder(alias)

    def in_folder(self, alias: str) -> Learner | None:
        """The learner of a folder, if they were taken in."""
        rows = self._db.rows("SELECT id, alias FROM learner WHERE same = ? AND token IS NULL", (same_alias(alias),))
        return Learner(*rows[0]) if rows else None

    def _add_learner(self, alias: str, token: str | None) -> None:
        with self._db.transaction() as db:
            (count,) = db.execute("SELECT count(*) FROM learner").fetchone()
            if db.execute("SELECT 1 FROM learner WHERE same = ?", (same_alias(alias),)).fetchone():
                raise CannotJoin(
                    f"somebody in this class is called {alias} already",
                    next_step="choose another name; if that is you too, ask your instructor to delete it first",
                )
            if count >= LEARNERS:
                raise CannotJoin(
                    f"the class is full: it has {count} learners",
                    next_step="ask your instructor to delete those who do not take part",
                )
            db.execute("INSERT INTO learner (alias, same, token) VALUES (?, ?, ?)", (alias, same_alias(alias), token))
        self._changes += 1

    def by_token(self, token: str) -> Learner | None:
        """Whose token this is."""
        return self._learner("token", _digest(token))

    def by_alias(self, alias: str) -> Learner | None:
        """The learner of this name."""
        return self._learner("same", same_alias(alias))

    def by_id(self, learner_id: int) -> Learner | None:
        """The learner with this number."""
        return self._learner("id", learner_id)

    def _learner(self, column: str, value: str | int) -> Learner | None:
        rows = self._db.rows(f"SELECT id, alias FROM learner WHERE {column} = ?", (value,))
        return Learner(*rows[0]) if rows else None

    def learners(self) -> tuple[Learner, ...]:
        """The class, by name."""
        rows = self._db.rows("SELECT id, alias FROM learner ORDER BY same")
        return tuple(Learner(*row) for row in rows)

    # ---- entries

    def add(self, learner: Learner, entries: Iterable[Kept], at: Callable[[Kept], str] | None = None) -> int:
        """Store what is new of these entries, all or none; how many that were.

        `at` says when they came, else it is now. Raises `RecordFull`.
        """
        now = self._now()
        added = 0
        with self._db.transaction() as db:
            for one in entries:
                row = (learner.id, one.book, one.number, one.what, one.id, one.outcome, one.detail)
                added += db.execute(
                    "INSERT OR IGNORE INTO entry (learner, book, number, what, item, outcome, detail, received) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (*row, at(one) if at else now),
                ).rowcount
            (present,) = db.execute("SELECT count(*) FROM entry WHERE learner = ?", (learner.id,)).fetchone()
            if present > ENTRIES_A_LEARNER:
                raise RecordFull(f"your record is full: it has {ENTRIES_A_LEARNER} entries", next_step=_ASK)
        self._changes += bool(added)
        return added

    def entries(self, learner: Learner) -> tuple[Received, ...]:
        """All entries of a learner, in the order in which they came."""
        rows = self._db.rows(
            "SELECT book, number, what, item, outcome, detail, received FROM entry WHERE learner = ? ORDER BY id",
            (learner.id,),
        )
        return tuple(Received(Kept(*row[:6]), str(row[6])) for row in rows)

    def newest(self) -> dict[int, int]:
        """The newest entry of each learner who has one, to see whose have changed."""
        return {
            int(row[0]): int(row[1]) for row in self._db.rows("SELECT learner, max(id) FROM entry GROUP BY learner")
        }

    def next_numbers(self, learner: Learner) -> dict[str, int]:
        """For each book of a learner the first line that has not come yet."""
        rows = self._db.rows("SELECT book, max(number) + 1 FROM entry WHERE learner = ? GROUP BY book", (learner.id,))
        return {str(row[0]): int(row[1]) for row in rows}

    # ---- deleting

    def forget(self, learner: Learner) -> None:
        """Delete a learner and everything received of them. Their folder is not read again."""
        self._forget((learner,))

    def forget_all(self) -> int:
        """Delete the whole class; how many learners that were. The next class gets another join code."""
        everybody = self.learners()
        with self._db.transaction() as db:
            self._forget(everybody)
            db.execute("DELETE FROM setting WHERE name = 'code'")
        return len(everybody)

    def _forget(self, learners: Iterable[Learner]) -> None:
        with self._db.transaction() as db:
            for one in learners:
                of_folder = db.execute("SELECT 1 FROM learner WHERE id = ? AND token IS NULL", (one.id,)).fetchone()
                if of_folder:  # whoever joins with the code does so by themselves; a folder would be read again
                    db.execute("INSERT OR IGNORE INTO left_out VALUES (?)", (_digest(same_alias(one.alias)),))
                db.execute("DELETE FROM learner WHERE id = ?", (one.id,))
        self._changes += 1

    def sweep(self) -> None:
        """After a deletion: take what was deleted out of SQLite's write-ahead log too."""
        self._db.rows("PRAGMA wal_checkpoint(TRUNCATE)")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
