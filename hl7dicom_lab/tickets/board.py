"""The board: all tickets, and which of them this learner has closed.

Rule: the board names what people complain about, never what it is.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.simple_table import as_html, as_lines
from hl7dicom_lab.tickets.all_tickets import TICKETS
from hl7dicom_lab.tickets.ticket import Ticket

_HEADINGS = ("", "ticket", "level", "what people say")


def find_ticket(letter: str) -> Ticket:
    """A ticket by its letter. Raises `NotFound`."""
    wanted = str(letter).strip().upper()
    for one in TICKETS:
        if one.letter == wanted:
            return one
    letters = ", ".join(one.letter for one in TICKETS)
    raise NotFound(f"there is no ticket {letter!r}", where="break_it", next_step=f"choose one of {letters}")


def draw_ticket(number: int) -> Ticket:
    """The ticket that a number draws; the same number always draws the same. Raises `NotFound` for what is none."""
    if not isinstance(number, int):
        raise NotFound(f"{number!r} is no whole number", where="break_it", next_step="draw with one: draw=7")
    return random.Random(number).choice(TICKETS)


@dataclass(frozen=True)
class Board:
    """All tickets in their order, to look at."""

    closed: Collection[str] = ()

    def __len__(self) -> int:
        return len(TICKETS)

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters that `lab.break_it` takes."""
        return tuple(one.letter for one in TICKETS)

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                "✓ closed" if one.letter in self.closed else "○ open",
                f"{one.letter}  {one.title}",
                one.level,
                one.symptom,
            )
            for one in TICKETS
        ]

    def __str__(self) -> str:
        lines = as_lines([_HEADINGS[:3], *(row[:3] for row in self._rows())])
        return "\n".join([*lines, "", 'Open one with ticket = lab.break_it("A"), or draw one: lab.break_it(draw=1).'])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html("The tickets", _HEADINGS, self._rows())
