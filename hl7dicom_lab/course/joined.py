"""Whether this learner takes part in a class; and if so, a lesson's kernel sends what is done in it.

Rules: who has joined nothing loads nothing and starts nothing; the first cell of a lesson waits for nothing, because
everything happens a moment later, in a thread that ends with the kernel; whatever fails there, the lesson goes on.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from hl7dicom_lab.course.progress import progress_file

#: The address of the classroom, its join code, and under which name to join, for machines that are set up for a class.
ADDRESS_VARIABLE = "HL7DICOM_LAB_CLASSROOM"
CODE_VARIABLE = "HL7DICOM_LAB_CLASSROOM_CODE"
ALIAS_VARIABLE = "HL7DICOM_LAB_CLASSROOM_ALIAS"
_MEMBERSHIP = "classroom.json"
#: Seconds that the cell that opens a lesson has for itself.
_LATER = 1.0


def membership_file() -> Path | None:
    """Where it is kept who the learner is in the class; None where progress is kept in memory only."""
    progress = progress_file()
    return progress.with_name(_MEMBERSHIP) if progress else None


def takes_part() -> bool:
    """Whether this learner has joined a class, or this machine is set up to join one."""
    path = membership_file()
    if path is None:
        return False
    return path.is_file() or all(os.environ.get(name) for name in (ADDRESS_VARIABLE, CODE_VARIABLE, ALIAS_VARIABLE))


def send_from_this_kernel() -> None:
    """Begin to send, in a moment, what this learner does; nothing where they take part in no class. Never raises."""
    with contextlib.suppress(OSError, RuntimeError):  # no permission to look; no thread more to be had
        if takes_part():
            later = threading.Timer(_LATER, _resume)
            later.daemon = True
            later.start()


def _resume() -> None:
    with contextlib.suppress(Exception):  # a class is no condition for a lesson
        from hl7dicom_lab import classroom

        classroom.resume()
