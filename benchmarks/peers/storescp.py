"""DCMTK's Storage SCP: each instance becomes a file as it came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import free_port, need, running

AE_TITLE = "STORESCP"


@contextmanager
def storescp(folder: Path) -> Iterator[int]:
    """Its port. It is as it comes, with Nagle's algorithm on."""
    program, port = need("storescp", "dcmtk"), free_port()
    command = [program, "-aet", AE_TITLE, "--output-directory", str(folder), str(port)]
    with running(command, port):
        yield port
