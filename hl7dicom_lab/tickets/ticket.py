"""A ticket as it is written: what breaks, what is seen, what it was, and how one knows that it works again.

Rules: the cause is hidden in the running department and nowhere else. What counts as repaired is what the department
does, tried on the wire; how it was repaired is the learner's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hl7dicom_lab.tickets.department import Department


class Level(StrEnum):
    """How much has to be known to solve it."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True)
class Check:
    """One thing that has to work, whether it does, and what is seen where it does not."""

    words: str
    holds: bool
    seen: str = ""

    def __str__(self) -> str:
        said = f": {self.seen}" if self.seen and not self.holds else ""
        return f"{'✓' if self.holds else '✗'} {self.words}{said}"


def once_served(served: tuple[Check, ...], next_time: Callable[[], tuple[Check, ...]]) -> tuple[Check, ...]:
    """The checks of the patients of the ticket and, where these hold, of the next time: before, they tell too much."""
    return (*served, *next_time()) if all(one.holds for one in served) else served


@dataclass(frozen=True)
class Ticket:
    """One ticket.

    `breaks` brings a new department to the moment at which the ticket is opened. `works` tries, on the wire, what has
    to work again; it may be called any number of times. `at` is the system in which the cause lies; `against` gives,
    for the usual wrong diagnoses, what speaks against them, and `elsewhere` for a wrong system. `people` are those who
    can be asked, with what they say; `also` are causes that name the same in other words. `solution` is code that runs
    with `lab` and `ticket`. `calls` is the budget.
    """

    letter: str
    title: str
    level: Level
    told_by: str
    symptom: str
    cause: str
    at: str
    breaks: Callable[[Department], None]
    works: Callable[[Department], tuple[Check, ...]]
    against: Mapping[str, str]
    hints: tuple[str, str, str]
    solution: str
    explanation: str
    prevention: str
    source: str
    people: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    calls: int = 4
