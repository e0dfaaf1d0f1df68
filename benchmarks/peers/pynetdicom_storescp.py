"""The Storage SCP that comes with pynetdicom."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import free_port, running

AE_TITLE = "STORESCP"


@contextmanager
def pynetdicom_storescp(folder: Path) -> Iterator[int]:
    """Its port."""
    port = free_port()
    with running([sys.executable, "-m", "pynetdicom", "storescp", str(port), "-od", str(folder)], port):
        yield port
