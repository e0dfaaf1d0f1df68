"""Sending a learner's progress to the classroom, from the background.

Rules: **it never stops or breaks a cell.** The queue is the progress file itself, of which one portion at a time
is in memory: nothing is lost when the classroom is away, the kernel dies or the machine is switched off. Of all
processes of a learner one sends (`turn.py`). The classroom says which line it wants next, so nothing is left out and
nothing counts twice, even where several send the same file.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from hl7dicom_lab.classroom import speaking
from hl7dicom_lab.classroom.joining import Membership, join, membership
from hl7dicom_lab.classroom.reading import ProgressReader
from hl7dicom_lab.classroom.record import ENTRIES_A_REQUEST, Kept
from hl7dicom_lab.classroom.turn import Turn
from hl7dicom_lab.course.joined import ADDRESS_VARIABLE, ALIAS_VARIABLE, CODE_VARIABLE
from hl7dicom_lab.course.progress import progress_file
from hl7dicom_lab.errors import LabError

_LOOK_EVERY = 1.0
_LONGEST_PAUSE = 30.0


class Sender:
    """Sends what a progress file has and the classroom has not. `send` does it once, `start` in the background.

    With a `turn`, only as long as that is this process's.
    """

    def __init__(
        self,
        path: Path,
        member: Callable[[], Membership | None],
        every: float = _LOOK_EVERY,
        turn: Turn | None = None,
    ) -> None:
        self._path = path
        self._turn = turn
        self._member = member
        self._every = every
        self._reader = ProgressReader(path)
        self._waiting: list[Kept] = []
        self._next: dict[str, int] | None = None
        self._as: Membership | None = None
        self._seen: tuple[int, int] | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        #: Why the last attempt did not come through; empty where it did.
        self.problem = ""
        #: How many entries were acknowledged so far.
        self.sent = 0

    def start(self) -> None:
        """Send in the background until `stop`, or until the process ends."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="classroom", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop sending. Nothing is lost: the file is there at the next start. May be called twice."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        if self._turn is not None:
            self._turn.give_up()

    def _run(self) -> None:
        pause = self._every
        while not self._stopped.wait(pause):
            try:
                if self._turn is None or self._turn.ours():
                    self.send()
                self.problem = ""
                pause = self._every
            except (LabError, OSError) as problem:
                self.problem = str(problem)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except Exception as problem:  # whatever happens here, the learner's lesson goes on
                self.problem = f"{type(problem).__name__}: {problem}"
                pause = _LONGEST_PAUSE

    def send(self) -> int:
        """Send everything that is new; how many entries were acknowledged. Raises `NotAnswered` and OSError."""
        member = self._member()
        if member is None or not self._path.exists():
            return 0
        if member != self._as:
            self._begin_as(member)
        state = self._path.stat()
        seen = (state.st_mtime_ns, state.st_size)
        if seen == self._seen and not self._waiting:
            return 0
        sent = self._send_all(member)
        self._seen = seen
        return sent

    def _begin_as(self, member: Membership) -> None:
        self._as, self._next, self._seen = member, None, None
        self._reader, self._waiting = ProgressReader(self._path), []

    def _send_all(self, member: Membership) -> int:
        if self._next is None:
            known = speaking.get(member.address, "api/me", member.token).get("next")
            self._next = {str(book): int(number) for book, number in known.items()} if isinstance(known, dict) else {}
        sent = 0
        while not self._stopped.is_set():
            if not self._waiting and not self._fill():
                return sent
            sent += self._send_some(member)
        return sent

    def _fill(self) -> bool:
        """Read on until something is to be sent; False at the end of the file."""
        while not self._waiting:
            wanted = (self._next or {}).get
            lines = self._reader.read()
            self._waiting = [one.kept for one in lines if one.kept.number >= wanted(one.kept.book, 0)]
            if not self._waiting and self._reader.at_end:
                return False
        return True

    def _send_some(self, member: Membership) -> int:
        some = self._waiting[:ENTRIES_A_REQUEST]
        try:
            speaking.post(member.address, "api/entries", {"entries": [asdict(one) for one in some]}, member.token)
        except speaking.NotAnswered as refusal:
            place = _refused_entry(refusal)
            if place is None or place >= len(some):
                raise
            del self._waiting[place]  # this classroom does not know such an entry, and never will: the others go on
            return 0
        del self._waiting[: len(some)]
        self.sent += len(some)
        return len(some)


def _refused_entry(refusal: speaking.NotAnswered) -> int | None:
    """Which entry of a request was refused for good, if one was."""
    found = re.match(r"entries\[(\d+)\]", refusal.place) if refusal.status == 400 else None
    return int(found[1]) if found else None


_running: dict[Path, Sender] = {}
_one_at_a_time = threading.Lock()


def resume() -> Sender | None:
    """Send from this process what this learner does, if they have joined a class; None where there is nothing to send.

    Where the machine was set up for a class (HL7DICOM_LAB_CLASSROOM and its CODE and ALIAS), they join by it. Returns
    at once, may be called as often as one likes, and never raises: a class is no condition for a lesson.
    """
    path = progress_file()
    if path is None:
        return None
    with _one_at_a_time:
        if path not in _running:
            _running[path] = Sender(path, _member, turn=Turn(path))
            _running[path].start()
        return _running[path]


def _member() -> Membership | None:
    """The membership, as it is now: somebody may join, leave or change while the sender runs."""
    known = membership()
    if known is not None:
        return known
    address, code, alias = (os.environ.get(name, "") for name in (ADDRESS_VARIABLE, CODE_VARIABLE, ALIAS_VARIABLE))
    return join(address, code, alias) if address and code and alias else None


def send_once() -> str:
    """Send what is there now, and say how it went; never raises."""
    path = progress_file()
    if path is None:
        return "Nothing to send: progress is kept in memory only."
    try:
        sent = Sender(path, membership).send()
    except (LabError, OSError) as problem:
        return f"Not sent yet: {problem}. It is sent when you open the course the next time."
    return f"Sent {sent} entr{'y' if sent == 1 else 'ies'} of what you have done. What you do from now on follows."
