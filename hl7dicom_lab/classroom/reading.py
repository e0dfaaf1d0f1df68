"""A progress file as the classroom reads it: by line number, a portion at a time, from where one stopped.

Rules: a line counts once it is complete, so that nothing half written is read; every complete line has a number, also
one that cannot be read, so that numbers never move; what was typed is turned into the name of a mistake here, on the
learner's side. A file is named by its first line: one that was deleted and begun anew is another book. Of a file that
is longer than any record the rest is not read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hl7dicom_lab.classroom.catalogue import is_known, known_mistake, mistake_in
from hl7dicom_lab.classroom.record import DETAIL_LENGTH, KINDS, LINES_OF_A_FILE, Kept
from hl7dicom_lab.verdict import Outcome

_PORTION = 256 * 1024
_LONGEST_LINE = 64 * 1024
#: `{"what":"lesson","id":"00"}` without its values. Millions of shorter lines take no time that way.
_SHORTEST_LINE = 18
_BOOK_LENGTH = 16


@dataclass(frozen=True)
class Line:
    """A line that holds an entry of the course, and what the machine's clock said when it was written."""

    kept: Kept
    at: str


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


class ProgressReader:
    """Reads one file from its beginning on. What is there already may be passed over by number."""

    def __init__(self, path: Path, opened: Callable[[Path], BinaryIO] = _opened) -> None:
        """`opened` opens the file, by the rules of whoever reads it."""
        self._path = path
        self._open = opened
        #: Whether the last portion reached the end of the file.
        self.at_end = True
        self._begin()

    def _begin(self) -> None:
        self.book = ""
        self._number = 0
        self._offset = 0
        self._skipping = False

    def read(self) -> list[Line]:
        """The next complete lines, at most a portion; none where nothing is new. Raises OSError."""
        with self._open(self._path) as file:
            if self._book_of(file.readline(_LONGEST_LINE)) != self.book:
                self._begin()
                file.seek(0)
                self.book = self._book_of(file.readline(_LONGEST_LINE))
            if not self.book or self._number >= LINES_OF_A_FILE:
                self.at_end = True
                return []
            file.seek(self._offset)
            portion = file.read(_PORTION)
        self.at_end = len(portion) < _PORTION
        whole, end, _ = portion.rpartition(b"\n")
        if not end:
            self._pass_over_a_long_line(portion)
            return []
        self._offset += len(whole) + 1
        return list(self._entries(whole.split(b"\n")))

    def _pass_over_a_long_line(self, portion: bytes) -> None:
        """A line that fills a whole portion is none of the course's; its end will count as one line."""
        if len(portion) == _PORTION:
            self._offset += len(portion)
            self._skipping = True

    def _entries(self, lines: list[bytes]) -> Iterator[Line]:
        for line in lines:
            number = self._number
            self._number += 1
            if self._skipping or not _SHORTEST_LINE <= len(line) <= _LONGEST_LINE:
                self._skipping = False
                continue
            read = _read(self.book, number, line)
            if read is not None:
                yield read

    @staticmethod
    def _book_of(first: bytes) -> str:
        return hashlib.sha256(first).hexdigest()[:_BOOK_LENGTH] if first.endswith(b"\n") else ""


def _read(book: str, number: int, line: bytes) -> Line | None:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    at, what, entry_id, outcome, detail = (
        _text(content.get(name)) for name in ("at", "what", "id", "outcome", "detail")
    )
    if what not in KINDS or not is_known(what, entry_id):
        return None
    if outcome not in ("", *Outcome):
        return None
    told = told_detail(what, entry_id, outcome, detail)
    return Line(Kept(book, number, what, entry_id, outcome, told), at)


def _text(value: object) -> str:
    """A text of a line; anything else, however deep it goes, is none of the course's."""
    return value if isinstance(value, str) else ""


def told_detail(what: str, entry_id: str, outcome: str, detail: str) -> str:
    """What of an entry's detail may leave the learner's machine: a mistake's name or a hint's number, nothing typed."""
    match what:
        case "hint":
            return detail if detail in ("1", "2", "3") else ""
        case "exercise" if outcome == Outcome.INCORRECT:
            return known_mistake(entry_id, detail)
        case "question" if outcome == Outcome.INCORRECT:
            mistake = mistake_in(entry_id, detail)
            return mistake if len(mistake) <= DETAIL_LENGTH and mistake.isprintable() else ""
    return ""
