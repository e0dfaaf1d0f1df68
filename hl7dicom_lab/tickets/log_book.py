"""The log of one system, as products write them: what came and went, and a code. No rule, no repair, no explanation.

Rule: a log says only what its system saw, in the order in which it saw it, and of an answer no more than its code. Who
wants to know more looks at the wire itself, in the trace.
"""

from __future__ import annotations

from hl7dicom_lab.trace import Row, Trace
from hl7dicom_lab.visible import visible

_LEVELS = {"error": "ERROR", "warning": "WARN ", "information": "INFO "}


class LogBook:
    """The logs of all systems. What was there when the ticket was opened stays in them, also after `trace.clear()`.

    `names` are the systems that keep a log.
    """

    def __init__(self, trace: Trace, names: tuple[str, ...]) -> None:
        self._trace = trace
        self._clears = trace.clears
        self._before = {name: _lines(trace, name) for name in names}

    def read(self, system: str) -> tuple[str, ...]:
        """What the system's log says now, a line each, oldest first."""
        now = _lines(self._trace, system)
        return now if self._trace.clears == self._clears else (*self._before[system], *now)


def _lines(trace: Trace, system: str) -> tuple[str, ...]:
    rows = sorted(trace.rows(system=system), key=lambda row: row.decoded.event.number)
    return tuple(line for row in rows for line in _of(row, system))


def _of(row: Row, system: str) -> list[str]:
    """The lines of one row: the message, or what the system noticed by itself."""
    time = f"{row.time:%H:%M:%S}"
    if row.decoded.event.direction == "note":
        return [f"{time}  {_LEVELS[one.severity]}  {visible(one.what)}" for one in row.remarks]
    other = row.receiver if row.sender == system else row.sender
    way = "to" if row.sender == system else "from"
    said = row.decoded.summary
    if row.decoded.kind.startswith("ACK"):
        said = said.partition(":")[0]  # which message it answers; MSA-3 says why
    return [f"{time}  INFO   {visible(row.decoded.kind)} {way} {visible(other)}: {visible(said)}"]
