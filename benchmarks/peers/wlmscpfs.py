"""DCMTK's worklist SCP: one file for an item, all of them read for each query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import NODELAY, free_port, need, running
from benchmarks.worklist_items import write_files

AE_TITLE = "WLM"


@contextmanager
def wlmscpfs(folder: Path, count: int, *, nodelay: bool = True) -> Iterator[int]:
    """Its port. It is quiet (`-q`), and its Nagle's algorithm is off unless told otherwise."""
    program, port = need("wlmscpfs", "dcmtk"), free_port()
    write_files(folder / AE_TITLE, count)
    command = [program, "-q", "-dfp", str(folder), str(port)]
    with running(command, port, env=NODELAY if nodelay else None):
        yield port
