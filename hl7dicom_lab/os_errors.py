"""What the system refuses, such as a folder that is not there or a port that is taken, as a sentence with a next step.

Rule: whoever asks the system says what that means to the person, and what the person can do now.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hl7dicom_lab.errors import SetupError


@contextmanager
def told(what: str, where: Path | str, next_step: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `SetupError`: `WHERE: WHAT (why). Next step: ...`."""
    try:
        yield
    except OSError as problem:
        raise SetupError(f"{what} ({problem.strerror or problem})", where=str(where), next_step=next_step) from problem
