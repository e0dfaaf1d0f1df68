"""Ports for tests that have to name one.

A port that the system gave and got back may be given to any client a moment later. These are from below the range from
which systems give (from 32768 on Linux, from 49152 elsewhere), and each worker of pytest-xdist has its own.
"""

from __future__ import annotations

import itertools
import os
import socket

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_candidates = itertools.cycle(range(20000 + 500 * (_WORKER % 20), 20500 + 500 * (_WORKER % 20)))


def free_ports(how_many: int) -> list[int]:
    """Ports on 127.0.0.1 that nothing listens on."""
    found: list[int] = []
    for port in itertools.islice(_candidates, 500):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == how_many:
            return found
    raise AssertionError("no free ports")
