"""What a timeline's widget is told while traffic goes on: one thread for a trace, and a feed for each widget.

Rules: the wire's threads do nothing for it but ring a bell; the follower reads what is new ten times a second at most,
and tells it in messages that stay far below what a Jupyter server lets through (a megabyte a second, all notebooks of
a page together). It prints nothing and raises nothing: what it did would land in somebody's cell. It ends when nobody
looks, when the department stops, and when the trace is gone; it keeps none of the three alive.
"""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from weakref import WeakKeyDictionary, ref

from hl7dicom_lab.trace import Trace
from hl7dicom_lab.views.timeline.arrow import KEPT_BYTES, Arrow, state_of
from hl7dicom_lab.views.timeline.reading import Changes, Reading
from hl7dicom_lab.visible import visible

#: Seconds between two readings, and until it looks again whether anybody still looks.
_PAUSE, _IDLE = 0.1, 5.0
#: Characters that a widget gets in a second, in one message, and of details with its first state.
_A_SECOND, _A_MESSAGE, _AT_FIRST = 250_000, 60_000, 2_000_000
#: Characters of a decoded message, and bytes, that are given when somebody asks for them.
_LONGEST_DATA, _MOST_BYTES = 200_000, 16 * 1024

Push = Callable[[Mapping[str, Any]], Any]


class Follower:
    """Reads one trace for all widgets that show it."""

    _all: ClassVar[WeakKeyDictionary[Trace, Follower]] = WeakKeyDictionary()
    _one_at_a_time = threading.Lock()

    def __init__(self, trace: Trace) -> None:
        self.reading = Reading(following=True)
        self.lock = threading.RLock()
        self.feeds: list[Feed] = []
        self._bell = trace.bell
        self._trace = ref(trace, lambda _: self._bell.end())
        self._thread: threading.Thread | None = None
        self._waits = False

    @classmethod
    def of(cls, trace: Trace) -> Follower:
        """The follower of a trace."""
        with cls._one_at_a_time:
            return cls._all.setdefault(trace, cls(trace))

    def feed(self, only: Mapping[str, int] | None = None) -> Feed:
        """A new widget's feed. `only` are the arrows of a picture that does not go on, each with its number."""
        return Feed(self, only)

    def look(self) -> Trace | None:
        """Read what is new and tell everybody; the trace, if it is there."""
        trace = self._trace()
        if trace is not None:
            with self.lock:
                changes = self.reading.update(trace)
                self._waits = changes.waits
                for feed in self.feeds:
                    feed.changed(changes)
        return trace

    def begin(self, feed: Feed) -> None:
        """Tell a feed what comes from now on."""
        with self.lock:
            if feed not in self.feeds:
                self.feeds.append(feed)
            if (self._thread is None or not self._thread.is_alive()) and not self._bell.ended:
                self._thread = threading.Thread(target=self._follow, name="timeline", daemon=True)
                self._thread.start()

    def end(self, feed: Feed) -> None:
        """Nobody looks at this feed any more."""
        with self.lock:
            if feed in self.feeds:
                self.feeds.remove(feed)
        self._bell.ring()

    def _follow(self) -> None:
        heard = 0
        while self._is_wanted():
            heard = self._bell.rung
            with contextlib.suppress(Exception):  # a kernel that ends, a message that cannot be sent
                self.look()
                self._send()
            time.sleep(_PAUSE)
            is_busy = self._waits or any(feed.has_news for feed in tuple(self.feeds))
            self._bell.wait(heard, 0.0 if is_busy else _IDLE)

    def _is_wanted(self) -> bool:
        """Whether to go on; a last time after the end, for what was recorded until then."""
        with self.lock:
            if self.feeds and not self._bell.ended:
                return True
            self._thread = None
        if self._bell.ended:
            with contextlib.suppress(Exception):
                for _ in range(4):
                    self.look()
                self._send()
        return False

    def _send(self) -> None:
        for feed in tuple(self.feeds):
            feed.send()


class Feed:
    """What one widget has been told, and what it is still to be told.

    Until the browser says that it is there, the first news are told again with each message: a message that comes
    before the widget's code has been loaded is lost.
    """

    def __init__(self, follower: Follower, only: Mapping[str, int] | None) -> None:
        self._follower = follower
        self._only = only
        self._push: Push | None = None
        self._is_heard = False
        self._news: dict[str, Arrow | None] = {}  # to be told: an arrow, or that it is gone
        self._told: dict[str, None] = {}  # by the last message, while nobody is known to hear
        self._clears = self._clears_told = 0  # how often everything was gone; the browser counts along
        self._next = 0.0

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return self._push is not None and (self._clears != self._clears_told or len(self._news) > len(self._told))

    def begin(self) -> dict[str, Any]:
        """The arrows of now, with as many details as a first message may hold."""
        with self._follower.lock:
            self._follower.look()
            arrows = self._follower.reading.arrows()
            left_out = self._follower.reading.left_out
            if self._only is None:
                self._news.clear()
                self._follower.feeds.append(self)  # from here on nothing is missed
            else:
                arrows = tuple(one for one in arrows if one.id in self._only)
            state = {"arrows": [state_of(one) for one in arrows], "left_out": left_out, "clears": self._clears}
            state["numbers"] = None if self._only is None else dict(self._only)
        return {**state, "details": _details(reversed(arrows), _AT_FIRST)}

    def follow(self, push: Push) -> None:
        """Begin to tell the widget what comes, with `push`."""
        self._push = push
        if self._only is None:
            self._follower.begin(self)

    def changed(self, changes: Changes) -> None:
        """Take in what is new. The follower's lock is held."""
        if changes.reset:
            self._clears += 1
            self._news.clear()
            self._told.clear()
        for arrow in changes.put:
            self._news[arrow.id] = arrow
            self._told.pop(arrow.id, None)
        for name in changes.drop:
            self._news[name] = None
            self._told.pop(name, None)

    def asked(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """The browser is there, has gone, or wants to know more about an arrow. Answers go the way of news."""
        if message.get("what") == "hello" and self._only is None:
            self._is_heard = True
            self._told.clear()
            self._tell_all_since(message)
            self._follower.begin(self)
        elif message.get("what") == "gone":
            self._follower.end(self)
        elif message.get("what") == "detail" and self._push is not None:
            self._push({"what": "detail", "id": str(message.get("id")), "detail": self._detail(str(message.get("id")))})
        return {}

    def send(self) -> None:
        """Tell what is new, as much as a message may hold."""
        now = time.monotonic()
        if self._push is None or not self.has_news or now < self._next:
            return
        with self._follower.lock:
            message = self._message()
        self._next = now + message.pop("size") / _A_SECOND
        self._push(message)

    def _message(self) -> dict[str, Any]:
        room = _A_MESSAGE
        put, drop, done = [], [], []
        for name, arrow in self._news.items():
            if room <= 0:
                break
            done.append(name)
            if arrow is None:
                drop.append(name)
                room -= len(name) + 4
            else:
                put.append(state_of(arrow))
                room -= 300 + len(arrow.summary)
        arrows = [arrow for name in done if (arrow := self._news[name]) is not None]
        details = _details(arrows, max(0, room))
        if self._is_heard or len(self._news) > len(done):
            for name in done:
                del self._news[name]
            self._told.clear()
        else:
            self._told = dict.fromkeys(done)
        self._clears_told = self._clears
        size = _A_MESSAGE - room + sum(len(one["data"]) + len(one["bytes"]) for one in details.values())
        return {
            "what": "news",
            "clears": self._clears,
            "put": put,
            "drop": drop,
            "details": details,
            "left_out": self._follower.reading.left_out,
            "size": size,
        }

    def _tell_all_since(self, message: Mapping[str, Any]) -> None:
        """The browser says what it has: how many arrows, and after how many clears. Tell it what it misses."""
        with self._follower.lock:
            self._follower.look()
            arrows = self._follower.reading.arrows()
            has = set(message.get("has") or ()) if message.get("clears") == self._clears else set()
            if message.get("clears") != self._clears:
                self._clears_told = -1
            gone = has - {one.id for one in arrows}
            self._news = {one.id: one for one in arrows if one.id not in has} | dict.fromkeys(gone)

    def _detail(self, name: str) -> dict[str, Any] | None:
        with self._follower.lock:
            trace = self._follower.look()
            arrow = next((one for one in self._follower.reading.arrows() if one.id == name), None)
            decoded = self._follower.reading.whole(trace, name) if trace is not None else None
        if arrow is None or decoded is None:
            return _detail_of(arrow) if arrow else None
        detail = _detail_of(arrow)
        data = decoded.data[:_LONGEST_DATA] + ("\n..." if len(decoded.data) > _LONGEST_DATA else "")
        shown = base64.b64encode(decoded.raw[:_MOST_BYTES]).decode("ascii")
        return {
            **detail,
            "data": _lines(data),
            "bytes": shown,
            "size": max(arrow.size, len(decoded.raw)),
            "whole": True,
        }


def _details(arrows: Iterable[Arrow], room: int) -> dict[str, dict[str, Any]]:
    """The details of these arrows, as many as there is room for."""
    details = {}
    for arrow in arrows:
        room -= len(arrow.data) + 4 * len(arrow.raw) // 3 + 200
        if room <= 0:
            break
        details[arrow.id] = _detail_of(arrow)
    return details


def _detail_of(arrow: Arrow) -> dict[str, Any]:
    table = arrow.table
    rows = [[visible(cell) for cell in row] for row in table.rows] if table else []
    return {
        "data": _lines(arrow.data),
        "table": {"headings": list(table.headings), "rows": rows} if table else None,
        "bytes": base64.b64encode(arrow.raw[:KEPT_BYTES]).decode("ascii"),
        "size": arrow.size,
        "whole": arrow.is_whole,
    }


def _lines(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))
