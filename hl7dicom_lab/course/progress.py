"""What a learner has done: one file that only ever grows.

Rules: every answer is on disk before its feedback is seen; a line that a crash has cut off costs that line and nothing
else; a file that cannot be written stops no lesson, it is told. The file holds ids, outcomes and times, and no name.

The file is `progress.jsonl` in the user's data folder, or where the environment variable `HL7DICOM_LAB_PROGRESS` says;
`:memory:` keeps it in the kernel only, for a demonstration. Times are the machine's own (UTC): when a person worked is
no part of the story, and no lesson shows it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hl7dicom_lab.storage.private import private_folder
from hl7dicom_lab.verdict import Outcome, Verdict

#: The environment variable that names another file, or `:memory:`.
VARIABLE = "HL7DICOM_LAB_PROGRESS"
_IN_MEMORY = ":memory:"


@dataclass(frozen=True)
class Entry:
    """One line: `lesson`, `exercise`, `hint`, `solution`, `question`, `answer shown`, `test` or `ticket`, and its id.

    `outcome` is an `Outcome`; `detail` is the mistake's name, the hint's number, or what a question was answered with.
    """

    at: str
    what: str
    id: str
    outcome: str = ""
    detail: str = ""


def progress_file() -> Path | None:
    """Where progress is kept; None for `:memory:`."""
    named = os.environ.get(VARIABLE, "")
    if named == _IN_MEMORY:
        return None
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("hl7dicom_lab", appauthor=False) / "progress.jsonl"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Progress:
    """One learner's progress. Every method that adds writes at once."""

    def __init__(self, path: Path | None, now: Callable[[], str] = _now) -> None:
        self._path = path
        self._now = now
        self._unwritten: list[Entry] = []
        #: Why the last entry could not be written; empty where it was.
        self.problem = ""

    @classmethod
    def of_this_learner(cls) -> Progress:
        """The progress of whoever runs this kernel."""
        return cls(progress_file())

    def lesson(self, number: str) -> None:
        """A lesson was opened."""
        self._add("lesson", number)

    def exercise(self, exercise_id: str, verdict: Verdict) -> None:
        """An exercise was checked."""
        self._add("exercise", exercise_id, verdict.outcome, verdict.mistake)

    def hint(self, exercise_id: str, number: int) -> None:
        """A hint was given."""
        self._add("hint", exercise_id, detail=str(number))

    def solution(self, exercise_id: str) -> None:
        """A solution was looked at."""
        self._add("solution", exercise_id)

    def question(self, question_id: str, outcome: Outcome, given: str) -> None:
        """A question was answered."""
        self._add("question", question_id, outcome, given)

    def answer_shown(self, question_id: str) -> None:
        """The answer of a question was looked at."""
        self._add("answer shown", question_id)

    def test(self, number: int) -> None:
        """A test of lesson 11 was drawn."""
        self._add("test", str(number))

    def ticket(self, letter: str) -> None:
        """A ticket was closed."""
        self._add("ticket", letter, Outcome.CORRECT)

    def entries(self) -> tuple[Entry, ...]:
        """Everything so far, oldest first; lines that cannot be read are left out."""
        on_disk = tuple(_read(self._path)) if self._path else ()
        return (*on_disk, *self._unwritten)

    def _add(self, what: str, entry_id: str, outcome: str = "", detail: str = "") -> None:
        entry = Entry(self._now(), what, entry_id, str(outcome), detail)
        self.problem = ""
        if self._path is None:
            self._unwritten.append(entry)
            return
        try:
            _append(self._path, entry)
        except OSError as problem:
            self._unwritten.append(entry)
            self.problem = (
                f"Your progress cannot be written to {self._path} ({problem.strerror or problem}); it is kept until "
                f"the kernel stops. Free some space, or name another file in {VARIABLE}, and restart."
            )


def _append(path: Path, entry: Entry) -> None:
    private_folder(path.parent)
    line = json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"
    with path.open("ab+") as file:
        if file.tell() and not _ends_with_a_line(file):
            line = b"\n" + line  # what a crash has cut off stays a line of its own
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _ends_with_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _read(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            content = json.loads(line)
            entry = Entry(**{name: str(content.get(name, "")) for name in ("at", "what", "id", "outcome", "detail")})
        except (ValueError, AttributeError):
            continue
        yield entry
