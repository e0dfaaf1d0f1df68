"""How many connections the classroom holds open, so that nobody who opens hundreds keeps the others out.

Rules: a process has so many open files and no more, and one that has none left accepts nobody and fills its log. So
the connection that has been open longest goes when one more comes than there is room for. A learner's machine asks
again by itself, and so does the page; whoever only holds connections open loses them.
"""

from __future__ import annotations

import sys
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

#: At most; Windows' `select` takes 512 sockets.
MOST = 400


def room_for() -> int:
    """How many connections this process may hold: half of its open files, the database and the rest take few."""
    if sys.platform == "win32":
        return MOST
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else max(8, min(MOST, allowed // 2))


class BoundedServer(HTTPServer):
    """An HTTP server that holds at most `room_for()` connections."""

    def initialize(self, *given: Any, **options: Any) -> None:
        """Called by tornado."""
        super().initialize(*given, **options)
        self._room = room_for()
        self._open: dict[IOStream, None] = {}  # in the order in which they came

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Called by tornado for each new connection."""
        if len(self._open) >= self._room:
            self._open = {one: None for one in self._open if not one.closed()}
        while len(self._open) >= self._room:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.close()
        self._open[stream] = None
        super().handle_stream(stream, address)
