"""Time-outs that nobody moves by setting the system's clock.

PS3.8 section 9.1.5 (ARTIM timer). pynetdicom 3.0.4 measures that timer, and how long an association is idle, by the
system's clock. Set forwards, by a person or by NTP, it would end associations that have done nothing wrong; set
backwards, it would let half-open ones keep their slots for as long.

Rule: seconds are counted from a clock that only goes on. Where a version of pynetdicom has no such timer, nothing is
changed.
"""

from __future__ import annotations

import time

from pynetdicom.dul import DULServiceProvider
from pynetdicom.timer import Timer


class SteadyTimer(Timer):
    """pynetdicom's timer, by `time.monotonic`."""

    def start(self) -> None:
        """Begin to count anew."""
        self._start_time, self._end_time = time.monotonic(), None

    def stop(self) -> None:
        """Count no further."""
        self._end_time = time.monotonic()

    @property
    def remaining(self) -> float:
        """Seconds until the timer expires, negative afterwards; 1 where it never does."""
        if self.timeout is None:
            return 1
        if self._start_time is None:
            return self.timeout
        now = time.monotonic() if self._end_time is None else self._end_time
        return self.timeout - (now - self._start_time)


def steady(upper_layer: DULServiceProvider) -> None:
    """Give one association such timers, before anything has been sent on it."""
    upper_layer.artim_timer = SteadyTimer(upper_layer.artim_timer.timeout)
    idle = getattr(upper_layer, "_idle_timer", None)
    if isinstance(idle, Timer):
        upper_layer._idle_timer = SteadyTimer(idle.timeout)
        upper_layer._idle_timer.start()
