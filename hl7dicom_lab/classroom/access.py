"""Who may do what: the instructor reads everything, a learner adds to their own record and reads their own line.

Rules: keys are compared in constant time; an address is held in memory only, to count wrong keys and joins, and never
stored. A right key works whatever somebody else behind the same address has tried: a code has 31^8 values and a token
2^192, so that counting protects the service's time, not its keys. Only joining is slow after the first hundred.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hl7dicom_lab.classroom.record import (
    JOINS_A_SECOND,
    JOINS_AT_ONCE,
    REQUESTS_A_SECOND,
    REQUESTS_AT_ONCE,
    WRONG_KEYS_A_MINUTE,
)
from hl7dicom_lab.classroom.store import Learner

_MOST_KNOWN = 10_000


@dataclass(frozen=True)
class Who:
    """Whoever asks. `learner` is None for the instructor, and for a user of a hub who is not in the class yet."""

    instructor: bool = False
    learner: Learner | None = None


def same_key(given: str, wanted: str) -> bool:
    """Whether two keys are the same."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def same_code(given: str, wanted: str) -> bool:
    """Whether a join code is right: typed in small letters, or without its dash, it is still the same."""
    return same_key(_plain(given), _plain(wanted))


def _plain(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isalnum())


@dataclass
class Allowance:
    """So many at once, and so many a second after that, for each name."""

    at_once: float
    a_second: float
    now: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, name: str) -> bool:
        """Whether one more is within the allowance."""
        now = self.now()
        left, then = self._left.get(name, (self.at_once, now))
        left = min(self.at_once, left + (now - then) * self.a_second)
        if len(self._left) >= _MOST_KNOWN and name not in self._left:
            self._left.clear()
        self._left[name] = (max(left - 1, 0) if left >= 1 else left, now)
        return left >= 1


def requests_of_a_learner() -> Allowance:
    """How often one learner may ask."""
    return Allowance(REQUESTS_AT_ONCE, REQUESTS_A_SECOND)


def joins_of_an_address() -> Allowance:
    """How many learners may join from one address."""
    return Allowance(JOINS_AT_ONCE, JOINS_A_SECOND)


def wrong_keys() -> Allowance:
    """How often one address may come with a wrong key before it is told to wait."""
    return Allowance(WRONG_KEYS_A_MINUTE, WRONG_KEYS_A_MINUTE / 60)
