"""The class clock and the mint: every time and every identifier that a learner sees.

Rule: no wall clock and no random number. Every learner, the instructor's screen and the regression run see the same
values; only TCP ports differ. Time stands still until a system of the lab does something, then goes on by a second.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

#: Monday morning at Northgate Imaging Center: the story's first minute.
CLASS_START = datetime(2026, 3, 2, 8, 0, 0)

#: Name space of the lab's UIDs. A UUID under the root 2.25 needs no registration (PS3.5 section B.2).
_NAMESPACE = uuid.UUID("7a0c2f58-94d1-5c6e-9b1f-3f2d60c1e0aa")

#: How many numbers a mint reserves at once when its counters are kept on disk.
RESERVED_AT_ONCE = 100


class ClassClock:
    """The time in the department. Thread-safe.

    `keep` is told every new moment before it counts, so that a department on disk can go on where it stood. Where it
    cannot keep one (OSError: the disk is full), time stands still: a moment that may come again does not come.
    """

    def __init__(self, start: datetime = CLASS_START, keep: Callable[[datetime], None] | None = None) -> None:
        self._now = start
        self._keep = keep
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present moment, without advancing it."""
        with self._lock:
            return self._now

    def today(self) -> date:
        """The present day: what "today" means in every query of the lab."""
        return self.now().date()

    def tick(self, seconds: float = 1) -> datetime:
        """Let time pass and return the new moment."""
        with self._lock:
            return self._set(self._now + timedelta(seconds=seconds))

    def advance_to(self, moment: datetime) -> datetime:
        """Go on to `moment`; time never runs backwards, so an earlier moment changes nothing."""
        with self._lock:
            return self._set(max(self._now, moment))

    def _set(self, moment: datetime) -> datetime:
        try:
            if self._keep:
                self._keep(moment)
        except OSError:
            return self._now
        self._now = moment
        return moment


def _reserve_in_memory() -> Callable[[str, int], int]:
    next_free: dict[str, int] = {}

    def reserve(kind: str, count: int) -> int:
        first = next_free.get(kind, 1)
        next_free[kind] = first + count
        return first

    return reserve


class Mint:
    """Makes numbers and UIDs that are unique in one department and the same for one seed. Thread-safe.

    `reserve(kind, count)` sets aside `count` numbers for ever and returns the first; a department that lives on disk
    gives one that is durable, so that a number is never made twice, not even after a crash. Where it cannot (OSError:
    the disk is full), no number is made.
    """

    def __init__(self, seed: int = 1, reserve: Callable[[str, int], int] | None = None) -> None:
        self.seed = seed
        self._reserve = reserve or _reserve_in_memory()
        self._block = RESERVED_AT_ONCE if reserve else 1
        self._ready: dict[str, tuple[int, int]] = {}  # kind -> next number, end of the reserved block
        self._lock = threading.Lock()

    def number(self, kind: str) -> int:
        """The next number of its kind: 1, 2, 3, ..."""
        with self._lock:
            following, end = self._ready.get(kind, (0, 0))
            if following >= end:
                following = self._reserve(kind, self._block)
                end = following + self._block
            self._ready[kind] = (following + 1, end)
            return following

    def uid(self, kind: str) -> str:
        """A new UID: `2.25.` and a name-based UUID as a decimal number, at most 44 characters (PS3.5 B.2)."""
        return self.uid_for(f"{kind}/{self.number(f'uid {kind}')}")

    def uid_for(self, name: str) -> str:
        """The UID that belongs to a name under this seed: the same name gives the same UID."""
        return f"2.25.{uuid.uuid5(_NAMESPACE, f'{self.seed}/{name}').int}"
