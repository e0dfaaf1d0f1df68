"""Which institution a class is at: the file that the environment variable HL7DICOM_LAB_INSTITUTION names.

Rule: it puts the institution's logo at the head of what learners and their audience look at. Lessons stay at Northgate,
and with no such variable nothing is read.
"""

from __future__ import annotations

import os

from hl7dicom_lab.institution import Institution, read_institution

#: The environment variable that names an institution's file.
VARIABLE = "HL7DICOM_LAB_INSTITUTION"


def chosen_institution() -> Institution | None:
    """The institution that the environment names, if it does. Raises `SetupError` for a file with a mistake."""
    named = os.environ.get(VARIABLE, "")
    return read_institution(named) if named else None
