"""How much of the traffic the trace keeps with all its bytes.

Clinical step: an analyst looks into what was said this morning, while the scanners go on storing. Rules: the newest
events are kept whole; of an older one the beginning and the size remain, so that its row still says what it was. Images
have a bound of their own: one is as long as a thousand messages, and must not drive them out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hl7dicom_lab.trace import Conversation, WireEvent

#: Bytes of messages kept whole by default.
KEPT_BYTES = 256 * 1024 * 1024
#: Likewise of images: thirty slices of a CT, as the scanner sent them and as the archive received them.
KEPT_IMAGE_BYTES = 32 * 1024 * 1024
#: An event from this length on is a piece of an image, or carries a document. The shortest limit of a PDU that is in
#: use is this long; an A-ASSOCIATE-RQ with 128 contexts is shorter.
_LONG = 16 * 1024
_KEPT_OF_OLD = 256


class WholeEvents:
    """The events that are kept whole, of all conversations. Not thread-safe: whoever records holds the trace's lock.

    `most_bytes` bounds them; of those bytes long events get `most_image_bytes` at most.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES, most_image_bytes: int = KEPT_IMAGE_BYTES) -> None:
        self._short = _Newest(most_bytes)
        self._long = _Newest(min(most_bytes, most_image_bytes))

    def add(self, conversation: Conversation, event: WireEvent) -> None:
        """Keep the newest event of a conversation; older ones that have no room any more are shortened."""
        (self._short if event.size < _LONG else self._long).add(conversation, event)

    def forget(self, gone: Collection[Conversation]) -> None:
        """These conversations are no longer kept."""
        for one in (self._short, self._long):
            one.forget(gone)

    def clear(self) -> None:
        """Nothing is kept any more."""
        for one in (self._short, self._long):
            one.clear()


class _Newest:
    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._events: deque[tuple[Conversation, int, int]] = deque()  # each by its number, with its size, oldest first

    def add(self, conversation: Conversation, event: WireEvent) -> None:
        self._events.append((conversation, event.number, event.size))
        self._size += event.size
        while self._size > self._most:
            oldest, number, size = self._events.popleft()
            self._size -= size
            _shorten(oldest, number)

    def forget(self, gone: Collection[Conversation]) -> None:
        ids = set(map(id, gone))
        self._events = deque(entry for entry in self._events if id(entry[0]) not in ids)
        self._size = sum(size for _, _, size in self._events)

    def clear(self) -> None:
        self._events.clear()
        self._size = 0


def _shorten(conversation: Conversation, number: int) -> None:
    events = conversation.events
    index = bisect_left(events, number, key=lambda event: event.number)
    if index < len(events) and events[index].number == number:
        events[index] = replace(events[index], raw=events[index].raw[:_KEPT_OF_OLD])
