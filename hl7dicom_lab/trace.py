"""The trace: every message that a system of the lab sees on the wire, kept for whoever wants to look.

Rules:

* A system records what it receives and what it sends, byte for byte, with the class clock's time. Nothing is printed
  from a thread and nothing is decoded on one: bytes are kept, and decoded when somebody looks.
* A message between two systems of the lab is seen by both; a table shows the acceptor's view of it once, unless one
  system is asked for.
* Whoever follows the trace waits for its bell; that costs the wire's threads a look at one number.
* What the table shows is deterministic: conversations stand in the order in which they were opened, events in the
  order in which their system saw them. Port numbers never show.
"""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.given import given
from hl7dicom_lab.trace_bell import Bell
from hl7dicom_lab.trace_memory import KEPT_BYTES, WholeEvents

if TYPE_CHECKING:
    from hl7dicom_lab.trace_table import TraceTable

Protocol = Literal["HL7", "DICOM"]
Direction = Literal["in", "out", "note"]
Role = Literal["requestor", "acceptor"]
Severity = Literal["information", "warning", "error"]

#: Conversations kept by default; beyond it the oldest are forgotten, and the table says how many.
KEPT_CONVERSATIONS = 20_000
#: Events kept by default, of all conversations and of one; beyond it the oldest are forgotten.
KEPT_EVENTS = 500_000
_KEPT_EVENTS_OF_ONE = 50_000


@dataclass(frozen=True)
class Remark:
    """What was wrong or noteworthy on the wire: the rule that was broken, the answer given, and the repair."""

    what: str
    rule: str = ""
    repair: str = ""
    severity: Severity = "error"


@dataclass(frozen=True)
class WireEvent:
    """One thing that one system saw: bytes in, bytes out, or a note about the conversation."""

    number: int
    time: datetime
    direction: Direction
    raw: bytes = field(repr=False)
    remarks: tuple[Remark, ...] = ()
    size: int = 0  # of the bytes as they went over the wire; more than len(raw) once an old event is shortened


@dataclass(frozen=True)
class Table:
    """A part of what bytes say that is best read as a table: the presentation contexts of an association."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Decoded:
    """What bytes mean: `kind` in the protocol's own words (`ORM^O01`, `C-FIND-RQ`), `summary` in one line.

    `detail` marks what a table shows only when asked for details: the PDUs that carry a DIMSE message.
    `data` is a longer decoded form: an HL7 message's lines, a data set's dump. `status` is (0000,0900) of a response.
    """

    event: WireEvent
    kind: str
    summary: str
    raw: bytes = field(default=b"", repr=False)
    detail: bool = False
    data: str = field(default="", repr=False)
    table: Table | None = field(default=None, repr=False)
    status: int | None = None


Decoder = Callable[[Sequence[WireEvent]], Iterable[Decoded]]


class Conversation:
    """One TCP connection as one system sees it. Made by `Trace.open`; its methods may be called from any thread."""

    def __init__(
        self,
        trace: Trace,
        number: int,
        system: str,
        protocol: Protocol,
        role: Role,
        decoder: Decoder,
        peer: str,
    ) -> None:
        self.number = number
        self.system = system
        self.protocol: Protocol = protocol
        self.role: Role = role
        self.decoder = decoder
        #: The other side's name as the protocol gives it: MSH-3, or an AE title.
        self.peer = peer
        #: (own port, peer's port): how the two views of one connection find each other. Never shown.
        self.ports: tuple[int, int] = (0, 0)
        self.events: list[WireEvent] = []
        #: False once the trace has forgotten this conversation, until something more is said on it.
        self.kept = True
        self._trace = trace

    def received(self, raw: bytes, *remarks: Remark) -> WireEvent:
        """Record bytes from the peer."""
        return self._trace._record(self, "in", raw, remarks)

    def sent(self, raw: bytes, *remarks: Remark) -> WireEvent:
        """Record bytes to the peer. Call it before the bytes leave, so that an answer never precedes its question."""
        return self._trace._record(self, "out", raw, remarks)

    def note(
        self, what: str, *, rule: str = "", repair: str = "", severity: Severity = "error", raw: bytes = b""
    ) -> WireEvent:
        """Record what is no message: noise, silence, a refusal and its reason. `raw` are the bytes at fault."""
        return self._trace._record(self, "note", raw, (Remark(what, rule, repair, severity),))

    def decoded(self) -> tuple[Decoded, ...]:
        """The conversation as messages. A note speaks for itself; the protocol's decoder reads the rest."""
        events = self._trace.snapshot(self)
        return tuple(self.decoder(events))


@dataclass(frozen=True)
class Row:
    """One line of the trace as a person reads it."""

    connection: int  # from 1, in the order in which they were opened; both views of one connection have one number
    time: datetime
    system: str
    peer: str
    protocol: Protocol
    sender: str
    receiver: str
    decoded: Decoded

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was noteworthy about it."""
        return self.decoded.event.remarks


@dataclass(frozen=True)
class News:
    """What a follower has not seen yet: new events by conversation, each conversation once, in their order."""

    clears: int  # how often the trace has been cleared; what was seen before the last time is gone
    forgotten: int
    conversations: tuple[tuple[Conversation, int, tuple[WireEvent, ...]], ...]  # with its connection, from 1
    #: New events that are the first of their conversation, on either side of it: event -> conversation, time.
    openings: Mapping[int, tuple[int, datetime]]


class Trace:
    """All conversations of one lab. Thread-safe.

    `kept_bytes`, `kept_conversations` and `kept_events` bound its memory, so that a lab may run for weeks.
    """

    def __init__(
        self,
        clock: ClassClock | None = None,
        *,
        kept_bytes: int = KEPT_BYTES,
        kept_conversations: int = KEPT_CONVERSATIONS,
        kept_events: int = KEPT_EVENTS,
    ) -> None:
        self.clock = clock or ClassClock()
        self.forgotten = 0
        self.clears = 0
        self.bell = Bell()
        self._conversations: list[Conversation] = []
        self._numbers = itertools.count(1)
        self._event_numbers = itertools.count(1)
        self._kept_conversations = kept_conversations
        self._kept_events = kept_events
        self._kept_events_of_one = min(_KEPT_EVENTS_OF_ONE, kept_events)
        self._count = 0
        self._whole = WholeEvents(kept_bytes)
        self._lock = threading.Lock()

    def open(self, system: str, protocol: Protocol, role: Role, decoder: Decoder, *, peer: str = "") -> Conversation:
        """Begin to record one connection of `system`."""
        with self._lock:
            conversation = Conversation(self, next(self._numbers), system, protocol, role, decoder, peer)
            self._conversations.append(conversation)
            if len(self._conversations) > self._kept_conversations:
                self._forget_oldest()
            return conversation

    def clear(self) -> None:
        """Forget everything seen so far; numbers go on from 1. A lesson begins with an empty trace.

        Connections that are open stay so: what comes on them later is recorded.
        """
        with self._lock:
            for one in self._conversations:
                one.events.clear()
                one.kept = False
            self._conversations.clear()
            self._whole.clear()
            self._count = 0
            self.forgotten = 0
            self.clears += 1
            self._numbers = itertools.count(1)
            self._event_numbers = itertools.count(1)
            self.bell.ring()

    def snapshot(self, conversation: Conversation) -> tuple[WireEvent, ...]:
        """The events of a conversation so far."""
        with self._lock:
            return tuple(conversation.events)

    def conversations(self, *, system: str = "", protocol: Protocol | None = None) -> tuple[Conversation, ...]:
        """The conversations in the order in which they were opened.

        Without `system`, one that two systems of the lab saw is there once, as its acceptor saw it.
        """
        with self._lock:
            known = list(self._conversations)
        return _chosen(known, system, protocol)

    def news(self, seen: Mapping[Conversation, int], newest: int = 0) -> News:
        """What came since. A follower tells the last event that it has `seen` of each conversation, and the `newest`.

        A conversation that two systems of the lab saw is there once, as its acceptor saw it.
        """
        with self._lock:
            connections = _connections(self._conversations, self.forgotten)
            told = tuple(
                (one, connections[one], _after(one, seen.get(one, 0))) for one in _chosen(self._conversations, "", None)
            )
            begun = (one for one in self._conversations if one.events and one.events[0].number > newest)
            openings = {one.events[0].number: (one.number, one.events[0].time) for one in begun}
            return News(self.clears, self.forgotten, told, openings)

    def rows(
        self,
        *,
        system: str = "",
        protocol: Protocol | None = None,
        details: bool = False,
        last: int | None = None,
    ) -> tuple[Row, ...]:
        """The messages as rows. `details` adds the PDUs that carry DIMSE messages; `last` keeps the newest rows."""
        with self._lock:
            known, forgotten = list(self._conversations), self.forgotten
        connections = _connections(known, forgotten)
        rows = [
            _row(conversation, connections[conversation], decoded)
            for conversation in _chosen(known, system, protocol)
            for decoded in conversation.decoded()
            if details or not decoded.detail
        ]
        return tuple(rows if last is None else rows[len(rows) - min(last, len(rows)) :])

    def show(
        self,
        *,
        system: str = "",
        protocol: Protocol | None = None,
        details: bool = False,
        raw: bool = False,
        last: int | None = None,
    ) -> TraceTable:
        """The rows as a table: text when printed, HTML in a notebook. `raw` adds the bytes of each message."""
        from hl7dicom_lab.trace_table import TraceTable

        rows = self.rows(system=system, protocol=protocol, details=details, last=last)
        return TraceTable(rows, raw=raw, forgotten=self.forgotten)

    def _record(
        self, conversation: Conversation, direction: Direction, raw: bytes, remarks: tuple[Remark, ...]
    ) -> WireEvent:
        time = self.clock.now()
        with self._lock:
            event = WireEvent(next(self._event_numbers), time, direction, bytes(raw), tuple(remarks), len(raw))
            if not conversation.kept:
                self._take_up_again(conversation)
            conversation.events.append(event)
            self._count += 1
            self._whole.add(conversation, event)
            self._keep_bounds(conversation)
            self.bell.ring()
        return event

    def _take_up_again(self, conversation: Conversation) -> None:
        """A connection that stays open goes on after `clear`: what is said on it from now on is a conversation."""
        conversation.number = next(self._numbers)
        conversation.kept = True
        self._conversations.append(conversation)

    def _keep_bounds(self, conversation: Conversation) -> None:
        if len(conversation.events) > self._kept_events_of_one:
            half = len(conversation.events) // 2
            self._count -= half
            del conversation.events[:half]
        if self._count > self._kept_events and len(self._conversations) > 1:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Forget a tenth of the conversations at once, so that the cost a conversation stays small."""
        many = max(1, len(self._conversations) // 10)
        old, self._conversations = self._conversations[:many], self._conversations[many:]
        self.forgotten += len(old)
        self._whole.forget(old)
        for one in old:
            self._count -= len(one.events)
            one.events.clear()
            one.kept = False


def checked_name(system: str) -> str:
    """The name of a system, as it was given. Raises `CannotBuild` for what is none, such as the system itself."""
    wanted = "a text, because a system is chosen by its name"
    return given(system, str, "system", wanted, 'write its name in quotation marks: system="RIS"')


def _chosen(known: Sequence[Conversation], system: str, protocol: Protocol | None) -> tuple[Conversation, ...]:
    if checked_name(system):
        kept = [one for one in known if one.system.casefold() == system.casefold()]
    else:
        accepted = {one.ports for one in known if one.role == "acceptor"}
        kept = [one for one in known if one.role == "acceptor" or one.ports[::-1] not in accepted]
    return tuple(one for one in kept if protocol in (None, one.protocol))


def _after(conversation: Conversation, number: int) -> tuple[WireEvent, ...]:
    """Its events after that of this number."""
    events = conversation.events
    if not events or events[-1].number <= number:
        return ()
    return tuple(events[bisect_left(events, number + 1, key=lambda event: event.number) :])


def _connections(known: Sequence[Conversation], forgotten: int) -> dict[Conversation, int]:
    """The connection that each conversation is a view of."""
    waiting: dict[tuple[int, int], int] = {}  # a requestor's ports, seen from the acceptor -> its connection
    connections: dict[Conversation, int] = {}
    count = forgotten
    for one in known:
        number = waiting.pop(one.ports, 0) if one.role == "acceptor" else 0
        if not number:
            count += 1
            number = count
        if one.role == "requestor":
            waiting[one.ports[::-1]] = number
        connections[one] = number
    return connections


def _row(conversation: Conversation, connection: int, decoded: Decoded) -> Row:
    own, other = conversation.system, conversation.peer or "(unknown)"
    outward = decoded.event.direction == "out"
    return Row(
        connection=connection,
        time=decoded.event.time,
        system=own,
        peer=other,
        protocol=conversation.protocol,
        sender=own if outward else other,
        receiver=other if outward else own,
        decoded=decoded,
    )
