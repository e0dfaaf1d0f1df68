"""Runs of alike arrows become one: twenty-four images are one line that opens into its parts.

Rule: only what went well and is alike is folded, within one connection and with nothing in between. A request is folded
together with its answer. `browser/timeline.store.js` folds by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from hl7dicom_lab.views.timeline.arrow import Arrow

#: From how many on they are folded: answers that follow each other, and exchanges of a request and its answer.
_ANSWERS = 3
_EXCHANGES = {"DICOM": 3, "HL7": 6}


@dataclass(frozen=True)
class Fold:
    """Alike arrows as one: `first` says from where to where, `label` and `summary` how many and with what answer."""

    arrows: tuple[Arrow, ...]

    @property
    def first(self) -> Arrow:
        """The arrow that it begins with."""
        return self.arrows[0]

    @property
    def count(self) -> int:
        """How many requests, or answers."""
        return sum(one.form == self.first.form for one in self.arrows)

    @property
    def label(self) -> str:
        """`C-STORE-RQ × 24`."""
        return f"{self.first.label} × {self.count}"

    @property
    def summary(self) -> str:
        """What the answers were."""
        if self.first.form == "answer":
            return f"{self.count} answers, all alike"
        answer = self.arrows[1].label
        return f"{self.count} requests, each answered with {answer}"

    @property
    def sentence(self) -> str:
        """The fold in words."""
        return f"{self.first.where}, {self.first.protocol} {self.label}. {self.summary}"


Entry = Arrow | Fold


def folded(arrows: Sequence[Arrow]) -> Iterator[Entry]:
    """The arrows, runs of alike ones folded."""
    for _, run in groupby(arrows, key=lambda one: one.alike or one.id):
        yield from _folded(tuple(run))


def _folded(run: tuple[Arrow, ...]) -> Iterator[Entry]:
    all_answers = all(one.form == "answer" for one in run)
    if all_answers:
        least, whole = _ANSWERS, run
    else:
        begin = 1 if run[0].form == "answer" else 0  # the answer to what stands before the run
        end = len(run) - (1 if run[-1].form == "ask" else 0)  # a question that was answered in another way
        whole = run[begin:end]
        least = 2 * _EXCHANGES[run[0].protocol]
    if len(whole) < least or not (all_answers or _in_turn(whole)):
        yield from run
        return
    at = run.index(whole[0])
    yield from run[:at]
    yield Fold(whole)
    yield from run[at + len(whole) :]


def _in_turn(run: Sequence[Arrow]) -> bool:
    """Question and answer in turn."""
    return all(one.form == ("answer" if place % 2 else "ask") for place, one in enumerate(run))
