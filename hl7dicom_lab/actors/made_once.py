"""What the RIS makes for an order stays that order's own until it is known whether the order counts.

Clinical step: the order filler gives accession number, step id and Study Instance UID. Standard: HL7 v2.5.1 section
2.9.2 (a message without an answer is sent again as it was). Rule: where a message was taken back because nobody knows
whether the hospital has it, the same message gets the same identifiers and the same moment when it comes again, so that
what is passed on is the same to the last byte.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from hl7dicom_lab.hl7v2.message import Message

#: Messages that were taken back and may come again; the oldest are forgotten.
_REMEMBERED = 100

_Sender = tuple[str, str, str]


class MadeOnce:
    """Identifiers from `make` and moments from `now`, each kept for its message. One message at a time."""

    def __init__(self, make: Callable[[str], str], now: Callable[[], datetime]) -> None:
        self._make = make
        self._now = now
        self._message: _Made | None = None
        self._taken_back: OrderedDict[_Sender, _Made] = OrderedDict()

    @contextmanager
    def for_message(self, message: Message) -> Iterator[None]:
        """What is made in this block is the message's; where the block raises, it is kept for the next attempt."""
        sender = (message.get("MSH-3"), message.get("MSH-4"), message.control_id)
        made = self._taken_back.pop(sender, None) or _Made(self._now())
        self._message = made
        try:
            yield
        except BaseException:
            self._taken_back[sender] = _Made(made.moment, made.used + made.waiting)
            while len(self._taken_back) > _REMEMBERED:
                self._taken_back.popitem(last=False)
            raise
        finally:
            self._message = None

    def make(self, attribute: str) -> str:
        """An identifier for an attribute."""
        if self._message is None:
            return self._make(attribute)
        return self._message.once(attribute, self._make)

    def now(self) -> datetime:
        """The moment at which the message is dealt with."""
        return self._now() if self._message is None else self._message.moment


@dataclass
class _Made:
    """What was made for one message: when, what of it is used in this attempt, what waits from the one before."""

    moment: datetime
    waiting: list[tuple[str, str]] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)

    def once(self, attribute: str, make: Callable[[str], str]) -> str:
        made = next((one for one in self.waiting if one[0] == attribute), None)
        if made is None:
            made = (attribute, make(attribute))
        else:
            self.waiting.remove(made)
        self.used.append(made)
        return made[1]
