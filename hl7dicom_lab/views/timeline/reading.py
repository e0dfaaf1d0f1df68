"""The trace read as arrows in the order of time, again and again as it grows.

Rules:

* Each message is there once: between two systems of the lab as its acceptor saw it.
* Arrows stand in the order in which they were recorded, across connections. Whoever aborts, or hangs up, waits for no
  answer, and may ask for the next association before the other side has seen it. So an ending that was recorded between
  another connection's first event and its second one stands before that connection: it was there first.
* What has been read is not read again, and holds on to nothing of the trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol as Shape
from weakref import WeakKeyDictionary, ref

from hl7dicom_lab.dicom import dimse, pdu
from hl7dicom_lab.dicom.status import PENDING
from hl7dicom_lab.trace import Conversation, Decoded, Remark, Trace, WireEvent
from hl7dicom_lab.views.timeline import rules
from hl7dicom_lab.views.timeline.arrow import Arrow, form_of, made

#: Arrows kept; beyond it the oldest are left out, and counted.
MOST_ARROWS = 5000
#: How often a following reading looks before it shows what may be gone soon: a message that is not whole, and a
#: connection of which the acceptor's view is still to come.
_PATIENCE = 3
_KEPT_TAIL = 50
_NOT_WHOLE = 9  # the place of a message that has been begun


class _Reader(Shape):
    def take(self, events: Sequence[WireEvent]) -> list[Decoded]: ...

    def unfinished(self) -> list[Decoded]: ...


class _DicomReader:
    def __init__(self) -> None:
        self._reader = dimse.Reader(images=False)

    def take(self, events: Sequence[WireEvent]) -> list[Decoded]:
        return [decoded for event in events for decoded in self._reader.take(event) if not decoded.detail]

    def unfinished(self) -> list[Decoded]:
        return self._reader.unfinished()


class _PlainReader:
    """For decoders that read each event by itself. The newest are read again: a frame's CR may come later."""

    def __init__(self, conversation: Conversation) -> None:
        self._decoder = conversation.decoder
        self._tail: tuple[WireEvent, ...] = ()

    def take(self, events: Sequence[WireEvent]) -> list[Decoded]:
        self._tail = (*self._tail, *events)
        rows = [decoded for decoded in self._decoder(self._tail) if not decoded.detail]
        self._tail = self._tail[-_KEPT_TAIL:]
        return rows

    def unfinished(self) -> list[Decoded]:
        return []


@dataclass
class _Read:
    """What has been read of one conversation."""

    reader: _Reader
    seen: int = 0  # the last event's number
    order: float = 0  # of the last event
    time: datetime | None = None
    looks: int = 0  # since it was new
    quiet: int = 0  # looks without anything new
    note: Remark | None = None  # the last event, if it was a fault: the reason for the answer that follows
    asked: str = ""
    begun: list[str] = field(default_factory=list)  # arrows of messages that are not whole


@dataclass(frozen=True)
class Changes:
    """What is new since the last look. `reset`: all that was there before is gone."""

    reset: bool = False
    put: tuple[Arrow, ...] = ()
    drop: tuple[str, ...] = ()
    waits: bool = False  # whether to look again soon, although nothing may be recorded

    def __bool__(self) -> bool:
        return bool(self.reset or self.put or self.drop)


class Reading:
    """The arrows of a trace. `following` keeps back what may be gone at the next look."""

    def __init__(self, *, following: bool = False, most: int = MOST_ARROWS) -> None:
        self.left_out = 0
        self._most = most
        self._patience = _PATIENCE if following else 0
        self._clears = -1
        self._begin()

    def _begin(self) -> None:
        self.left_out = 0
        self._openings: dict[int, tuple[int, datetime]] = {}  # event -> conversation, time
        self._arrows: dict[str, Arrow] = {}
        self._sources: dict[str, ref[Conversation]] = {}
        self._read: WeakKeyDictionary[Conversation, _Read] = WeakKeyDictionary()

    def arrows(self) -> tuple[Arrow, ...]:
        """All arrows, in the order of time."""
        return tuple(sorted(self._arrows.values(), key=lambda one: one.order))

    def update(self, trace: Trace) -> Changes:
        """Read what came since the last time."""
        reset = False
        while True:
            if trace.clears != self._clears:
                reset, self._clears = self._clears >= 0 or reset, trace.clears
                self._begin()
            seen = {conversation: read.seen for conversation, read in self._read.items()}
            news = trace.news(seen, max(self._openings, default=0))
            if news.clears == self._clears:
                break
        self._openings.update(news.openings)
        before = self._arrows.copy()
        waits = False
        for conversation, connection, events in news.conversations:
            waits |= self._take(conversation, connection, events)
        self._forget(conversation for conversation, _, _ in news.conversations)
        self._keep_bounds()
        put = tuple(arrow for name, arrow in self._arrows.items() if before.get(name) is not arrow)
        return Changes(reset, put, tuple(before.keys() - self._arrows.keys()), waits)

    def whole(self, trace: Trace, name: str) -> Decoded | None:
        """An arrow's message decoded with all that it holds; None where it is no longer kept."""
        conversation = self._sources.get(name, lambda: None)()
        if conversation is None or name not in self._arrows:
            return None
        number, place = (int(part) for part in name.split("."))
        rows = [row for row in _decoded_at(conversation, trace.snapshot(conversation), number) if not row.detail]
        return rows[min(place, len(rows) - 1)] if rows else None

    def _take(self, conversation: Conversation, connection: int, events: tuple[WireEvent, ...]) -> bool:
        read = self._read.get(conversation)
        if read is None:
            is_dicom = conversation.decoder is dimse.describe
            read = self._read[conversation] = _Read(_DicomReader() if is_dicom else _PlainReader(conversation))
        read.looks += 1
        if conversation.role == "requestor" and read.looks <= self._patience:
            return True
        read.quiet = 0 if events else read.quiet + 1
        if events:
            self._drop(read.begun)
            read.begun = []
            self._add(conversation, connection, read, events)
        if read.quiet == self._patience:
            for decoded in read.reader.unfinished():
                place = (f"{decoded.event.number}.{_NOT_WHOLE}", decoded.event.number + 0.5)
                read.begun.append(place[0])
                arrow = made(conversation, connection, decoded, place=place, remarks=(), alike="")
                self._arrows[arrow.id] = arrow
                self._sources[arrow.id] = ref(conversation)
        return read.quiet < self._patience

    def _add(self, conversation: Conversation, connection: int, read: _Read, events: tuple[WireEvent, ...]) -> None:
        known = read.seen
        orders = self._places(conversation, read, events)
        places: dict[int, int] = {}  # event -> how many of its messages have come
        for decoded in read.reader.take(events):
            number = decoded.event.number
            name = f"{number}.{places.get(number, 0)}"
            places[number] = places.get(number, 0) + 1
            if number <= known:
                self._lengthen(name, decoded)
                continue
            order, time = orders[number]
            remarks, alike = _judged(conversation, connection, read, decoded)
            place = (name, order + (places[number] - 1) / 1000)
            self._arrows[name] = made(
                conversation, connection, decoded, place=place, remarks=remarks, alike=alike, time=time
            )
            self._sources[name] = ref(conversation)

    def _begun_since(self, conversation: Conversation, seen: int, number: int) -> int:
        """The first of the events right before `number` that do nothing but open conversations later than this one."""
        while number - 1 > seen and self._openings.get(number - 1, (0,))[0] > conversation.number:
            number -= 1
        return number

    def _places(
        self, conversation: Conversation, read: _Read, events: tuple[WireEvent, ...]
    ) -> dict[int, tuple[float, datetime]]:
        """The order and the time of each new event."""
        places = {}
        for event in events:
            order, time = float(event.number), event.time
            if _is_ending(event):
                begun = self._begun_since(conversation, read.seen, event.number)
                if begun < event.number:
                    order, time = begun - 0.5, read.time or self._openings[begun][1]
            read.order, read.time, read.seen = max(order, read.order + 0.001), time, event.number
            places[event.number] = (read.order, time)
        return places

    def _lengthen(self, name: str, decoded: Decoded) -> None:
        """The end of a message's frame came later than the message."""
        arrow = self._arrows.get(name)
        if arrow is not None and len(decoded.raw) > arrow.size:
            self._arrows[name] = replace(arrow, raw=decoded.raw[: len(arrow.raw) + 2], size=len(decoded.raw))

    def _forget(self, kept: Iterable[Conversation]) -> None:
        """Drop what is seen from the other side by now, and what the trace has forgotten."""
        for conversation in set(self._read) - set(kept):
            del self._read[conversation]
            self._drop([name for name, source in self._sources.items() if source() is conversation])

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._arrows.pop(name, None)
            self._sources.pop(name, None)

    def _keep_bounds(self) -> None:
        if len(self._arrows) > self._most + (self._most // 10 if self._patience else 0):
            oldest = self.arrows()[: -self._most]
            self._drop(arrow.id for arrow in oldest)
            self.left_out += len(oldest)


def _is_ending(event: WireEvent) -> bool:
    """Whether whoever caused it waits for no answer."""
    return event.direction == "note" or (event.direction == "in" and pdu.name_of(event.raw) == "A-ABORT")


def _judged(
    conversation: Conversation, connection: int, read: _Read, decoded: Decoded
) -> tuple[tuple[Remark, ...], str]:
    """An arrow's remarks, and what it is alike to."""
    remarks = decoded.event.remarks
    if decoded.event.direction == "note":
        read.note = next((one for one in remarks if one.severity == "error"), None)
        return remarks, ""
    wrong = rules.judged(decoded, conversation.protocol)
    if wrong is not None and not remarks:
        note = read.note
        if note is not None:  # it was noted just before why
            rule = "" if note.rule.startswith("answered with") else note.rule
            wrong = replace(wrong, rule=rule or wrong.rule, repair=note.repair or wrong.repair)
        remarks = (*remarks, wrong)
    read.note = None
    alike = ""
    if form_of(decoded) == "ask":
        alike = read.asked = "" if decoded.kind.startswith("A-") else f"{connection} {decoded.kind}"
    elif not decoded.kind.startswith("A-"):
        pending = decoded.status == PENDING
        alike = f"{connection} {decoded.kind} {decoded.status}" if pending else read.asked
    return remarks, "" if remarks else alike


def _decoded_at(conversation: Conversation, events: Sequence[WireEvent], number: int) -> list[Decoded]:
    """What the event of this number completes, and last what it leaves begun."""
    until = [event for event in events if event.number <= number]
    if conversation.decoder is not dimse.describe:
        return [decoded for decoded in conversation.decoder(events) if decoded.event.number == number]
    reader = dimse.Reader(images=False)
    for event in until[:-1]:
        reader.take(event)
    reader.images = True
    return [*reader.take(until[-1]), *reader.unfinished()] if until else []
