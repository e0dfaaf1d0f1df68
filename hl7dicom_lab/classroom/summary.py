"""The class as the instructor sees it: who is where, what holds the room up, which wrong answers are common.

Rules: one value, from which the page, the text and the files are made, so that they agree; nothing is computed again
for a learner of whom nothing new came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from hl7dicom_lab.classroom.catalogue import lesson_of, mistake_in_words, title_of
from hl7dicom_lab.classroom.standing import LearnerStanding, Tried, most_common
from hl7dicom_lab.classroom.store import ClassStore, Learner
from hl7dicom_lab.course.dashboard import Line
from hl7dicom_lab.course.lessons import LESSONS

_SHOWN = 10


@dataclass(frozen=True)
class Cell:
    """One learner in one lesson. `state` is `done`, `stuck`, `under way` or empty; `have` of `of` things are done."""

    state: str
    have: int
    of: int


@dataclass(frozen=True)
class Row:
    """One learner. `at` is what they did last, `last` when; `stuck` names the exercise, `since` when it began."""

    id: int
    alias: str
    cells: tuple[Cell, ...]
    at: str
    last: str
    stuck: str = ""
    since: str = ""


@dataclass(frozen=True)
class HoldUp:
    """An exercise or question that learners try without success, and their most common mistake in words."""

    id: str
    title: str
    trying: int
    stuck: int
    solved: int
    mistake: str
    times: int


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong answer to a question: how many of those who answered it gave it."""

    id: str
    title: str
    answer: str
    learners: int
    answered: int


@dataclass(frozen=True)
class ClassSummary:
    """The whole class."""

    rows: tuple[Row, ...]
    hold_ups: tuple[HoldUp, ...] = ()
    wrong_answers: tuple[WrongAnswer, ...] = ()

    @property
    def longest_stuck(self) -> tuple[Row, ...]:
        """Who is stuck at what they did last, the longest first."""
        return tuple(sorted((row for row in self.rows if row.stuck), key=lambda row: (row.since, row.alias)))

    def as_json(self) -> dict[str, Any]:
        """For the page."""
        return {
            "lessons": [{"number": one.number, "title": one.title} for one in LESSONS],
            **asdict(self),
            "longest_stuck": [asdict(row) | {"cells": [], "title": title_of(row.stuck)} for row in self.longest_stuck],
        }


class ClassWatch:
    """Reads the class out of its store, and remembers each learner's standing until something new comes."""

    def __init__(self, store: ClassStore) -> None:
        self._store = store
        self._standings: dict[int, tuple[int, LearnerStanding]] = {}
        self._summary: tuple[tuple[int, int], ClassSummary] | None = None

    def standing(self, learner: Learner) -> LearnerStanding:
        """One learner's standing."""
        return self._standing(learner, self._store.newest().get(learner.id, 0))

    def standings(self) -> tuple[tuple[Learner, LearnerStanding], ...]:
        """Everybody's, by name."""
        newest = self._store.newest()
        everybody = self._store.learners()
        known = {one.id for one in everybody}
        self._standings = {key: value for key, value in self._standings.items() if key in known}
        return tuple((one, self._standing(one, newest.get(one.id, 0))) for one in everybody)

    def summary(self) -> ClassSummary:
        """The class now."""
        version = self._store.version
        if self._summary is None or self._summary[0] != version:
            self._summary = version, summary_of(self.standings())
        return self._summary[1]

    def own(self, learner: Learner) -> ClassSummary:
        """A class of one: what a learner may see."""
        return ClassSummary((_row(learner, self.standing(learner)),))

    def _standing(self, learner: Learner, newest: int) -> LearnerStanding:
        known = self._standings.get(learner.id)
        if known is None or known[0] != newest:
            known = newest, LearnerStanding.of(self._store.entries(learner))
            self._standings[learner.id] = known
        return known[1]


def summary_of(everybody: Iterable[tuple[Learner, LearnerStanding]]) -> ClassSummary:
    """The summary of a class."""
    standings = tuple(everybody)
    by_item: dict[str, list[Tried]] = {}
    for _, standing in standings:
        for tried in standing.tried:
            by_item.setdefault(tried.id, []).append(tried)
    rows = tuple(_row(learner, standing) for learner, standing in standings)
    return ClassSummary(rows, _hold_ups(by_item), _wrong_answers(by_item))


def _row(learner: Learner, standing: LearnerStanding) -> Row:
    cells = tuple(_cell(line, standing) for line in standing.lines)
    stuck = standing.stuck_at
    at = standing.item or (f"lesson {standing.lesson}" if standing.lesson else "")
    where = (stuck.id, stuck.since) if stuck else ("", "")
    return Row(learner.id, learner.alias, cells, at, standing.last, *where)


def _cell(line: Line, standing: LearnerStanding) -> Cell:
    have, of = line.solved + line.answered, line.exercises + line.questions
    begun = line.opened or have > 0 or any(lesson_of("", one.id) == line.number for one in standing.tried)
    state = "done" if line.done else "stuck" if standing.stuck_in(line.number) else "under way" if begun else ""
    return Cell(state, have, of)


def _hold_ups(by_item: dict[str, list[Tried]]) -> tuple[HoldUp, ...]:
    found = []
    for item, tries in by_item.items():
        failing = [one for one in tries if one.failing]
        if failing and failing[0].is_exercise:
            name, times = most_common(failing)
            stuck, solved = sum(one.stuck for one in tries), sum(one.right for one in tries)
            words = mistake_in_words(item, name)
            found.append(HoldUp(item, title_of(item), len(failing), stuck, solved, words, times))
    return tuple(sorted(found, key=lambda one: (-one.trying, -one.stuck, one.id))[:_SHOWN])


def _wrong_answers(by_item: dict[str, list[Tried]]) -> tuple[WrongAnswer, ...]:
    found = []
    for item, tries in by_item.items():
        wrong = [one for one in tries if one.wrong and not one.is_exercise]
        if not wrong:
            continue
        name, learners = most_common(wrong)
        answered = sum(one.wrong > 0 or one.right for one in tries)
        found.append(WrongAnswer(item, title_of(item), mistake_in_words(item, name), learners, answered))
    return tuple(sorted(found, key=lambda one: (-one.learners, -one.learners / one.answered, one.id))[:_SHOWN])
