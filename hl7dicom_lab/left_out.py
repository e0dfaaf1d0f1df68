"""Optional parts of libraries that nobody here needs, left out of their import: the lab is there sooner.

Some libraries import a part wherever they find it and do without it elsewhere. Rule: what is left out is optional by
the library's own word; it is left out while that library is imported and no longer, so that whoever asks for the part
itself gets it; and a process that has it already keeps it. Nothing of a library is changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def left_out(name: str) -> Iterator[None]:
    """Import in this block as on a machine without the module `name`."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment] # how Python is told that a module is not there
    try:
        yield
    finally:
        sys.modules.pop(name, None)


def import_pydicom() -> None:
    """Import pydicom without requests, with which it would download test files of its own; it has urllib for that."""
    with left_out("requests"):
        import pydicom  # noqa: F401
