"""A radiology department in a notebook: EMR, RIS, scanner, PACS and dictation over real HL7 and DICOM.

`from hl7dicom_lab import open_lesson` is all that a learner needs, and `Lab` all that a program needs. Importing the
package loads none of its libraries; they come with their first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hl7dicom_lab.course.lesson import open_lesson as open_lesson
    from hl7dicom_lab.lab import Lab as Lab

__version__ = "0.1.0"
__all__ = ["Lab", "__version__", "open_lesson"]


_FROM = {"Lab": "hl7dicom_lab.lab", "open_lesson": "hl7dicom_lab.course.lesson"}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hl7dicom_lab.left_out import import_pydicom
    from hl7dicom_lab.resting_collector import resting_collector

    with resting_collector():
        import_pydicom()
        globals()[name] = getattr(import_module(_FROM[name]), name)  # asked for once
    return globals()[name]
