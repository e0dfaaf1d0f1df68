"""The bell of the trace: how a view that follows the traffic learns that something came.

Rule: the wire's threads pay for it with one addition and one comparison; only who waits is woken.
"""

from __future__ import annotations

import threading


class Bell:
    """Rings when something is recorded. Whoever records looks at one number; only a follower that waits is woken."""

    def __init__(self) -> None:
        self.rung = 0
        self.ended = False
        self._waiting = 0
        self._condition = threading.Condition()

    def ring(self) -> None:
        """Something is new."""
        self.rung += 1
        if self._waiting:
            with self._condition:
                self._condition.notify_all()

    def wait(self, after: int, timeout: float) -> None:
        """Wait until it has rung again since `after`, or has ended, at most `timeout` seconds."""
        with self._condition:
            self._waiting += 1
            try:
                self._condition.wait_for(lambda: self.ended or self.rung != after, timeout)
            finally:
                self._waiting -= 1

    def end(self) -> None:
        """Nothing more will be recorded."""
        self.ended = True
        self.ring()
