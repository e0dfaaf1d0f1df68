"""Where each learner stands, read from what was received: lesson by lesson, and what they try without success.

Rules: what counts as solved and answered is the dashboard's and written down there. **Stuck** is who has answered the
same exercise or question wrong three times and never right, and has not looked at its solution; the time runs from the
first of these answers. Where somebody is, is what they did last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hl7dicom_lab.classroom.catalogue import lesson_of
from hl7dicom_lab.classroom.store import Received
from hl7dicom_lab.course.dashboard import Dashboard, Line
from hl7dicom_lab.course.progress import Entry, Progress
from hl7dicom_lab.verdict import Outcome

#: So many wrong answers to one exercise or question, and none right, are called stuck.
STUCK_AFTER = 3
#: Of so many drawn tests each is counted; each costs the service time, and whoever asks for thousands is no learner.
TESTS_COUNTED = 50


@dataclass(frozen=True)
class Tried:
    """What one learner did with one exercise or question. `mistakes` are the names, in the order of the answers."""

    id: str
    is_exercise: bool
    wrong: int = 0
    right: bool = False
    first_right: bool = False
    shown: bool = False
    hints: int = 0
    mistakes: tuple[str, ...] = ()
    since: str = ""

    @property
    def failing(self) -> bool:
        """Whether it was answered, and never right."""
        return self.wrong > 0 and not self.right

    @property
    def stuck(self) -> bool:
        """See the rule above."""
        return self.failing and self.wrong >= STUCK_AFTER and not self.shown


@dataclass(frozen=True)
class LearnerStanding:
    """One learner: the dashboard's lines, what was tried, what was done last and when."""

    lines: tuple[Line, ...]
    tried: tuple[Tried, ...]
    lesson: str = ""
    item: str = ""
    last: str = ""

    @classmethod
    def of(cls, received: Iterable[Received]) -> LearnerStanding:
        """Read the entries in the order in which they came."""
        everything = tuple(received)
        lines = Dashboard.of(_AsProgress(everything)).lines
        if not everything:
            return cls(lines, ())
        last = everything[-1]
        item = last.kept.id if last.kept.what not in ("lesson", "test", "ticket") else ""
        return cls(lines, tuple(_tried(everything)), lesson_of(last.kept.what, last.kept.id), item, last.at)

    @property
    def stuck_at(self) -> Tried | None:
        """What they are stuck at, if that is what they did last."""
        return next((one for one in self.tried if one.id == self.item and one.stuck), None)

    def stuck_in(self, lesson: str) -> bool:
        """Whether they are stuck with something of a lesson."""
        return any(one.stuck and lesson_of("", one.id) == lesson for one in self.tried)


class _AsProgress(Progress):
    """Received entries, as the dashboard reads progress. It writes nothing."""

    def __init__(self, received: tuple[Received, ...]) -> None:
        super().__init__(None)
        kept = [one.kept for one in received]
        tests = dict.fromkeys(one.id for one in kept if one.what == "test")
        surplus = set(list(tests)[TESTS_COUNTED:])
        self._received = tuple(
            Entry("", one.what, one.id, one.outcome, one.detail)
            for one in kept
            if one.what != "test" or one.id not in surplus
        )

    def entries(self) -> tuple[Entry, ...]:
        return self._received


def _tried(everything: tuple[Received, ...]) -> Iterable[Tried]:
    by_item: dict[str, list[Received]] = {}
    for one in everything:
        if one.kept.what in ("exercise", "question", "hint", "solution", "answer shown"):
            by_item.setdefault(one.kept.id, []).append(one)
    return [_one_tried(item, entries) for item, entries in by_item.items()]


def _one_tried(item: str, entries: list[Received]) -> Tried:
    answers = [one for one in entries if one.kept.what in ("exercise", "question")]
    wrong = [one for one in answers if one.kept.outcome == Outcome.INCORRECT]
    hints = [int(one.kept.detail or 1) for one in entries if one.kept.what == "hint"]
    return Tried(
        id=item,
        is_exercise=any(one.kept.what in ("exercise", "hint", "solution") for one in entries),
        wrong=len(wrong),
        right=any(one.kept.outcome == Outcome.CORRECT for one in answers),
        first_right=bool(answers) and answers[0].kept.outcome == Outcome.CORRECT,
        shown=any(one.kept.what in ("solution", "answer shown") for one in entries),
        hints=max(hints, default=0),
        mistakes=tuple(one.kept.detail for one in wrong),
        since=wrong[0].at if wrong else "",
    )


def most_common(tries: Iterable[Tried]) -> tuple[str, int]:
    """The mistake that most learners made, and how many did; of two, the one made more often, then by the alphabet."""
    everybody = tuple(tries)
    often = Counter(mistake for one in everybody for mistake in one.mistakes)
    learners = Counter(mistake for one in everybody for mistake in set(one.mistakes))
    if not learners:
        return "", 0
    name = min(learners, key=lambda one: (-learners[one], -often[one], one))
    return name, learners[name]
