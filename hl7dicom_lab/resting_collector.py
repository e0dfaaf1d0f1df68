"""Imports without Python's collector, which looks again and again through what they make: the lab is there sooner.

The modules of this package and of its libraries are a hundred thousand objects that stay until the process ends. Rule:
whoever has turned the collector off keeps it off; else it works again after the imports, and leaves alone what was
there by then.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting_collector() -> Iterator[None]:
    """Import in this block while the collector rests."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # else the first collection afterwards would look through all of it once more
        gc.enable()
