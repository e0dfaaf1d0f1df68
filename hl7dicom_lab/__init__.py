"""A radiology department in a notebook: EMR, RIS, scanner, PACS and dictation over real HL7 and DICOM.

`from hl7dicom_lab import open_lesson` is all that a learner needs, and `Lab` all that a program needs. Importing the
package loads none of its libraries; they come with their first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hl7dicom_lab.course.lesson import open_lesson as open_lesson
    from hl7dicom_lab.lab import Lab as Lab

__version__ = "0.1.0"
__all__ = ["Lab", "__version__", "open_lesson"]


def __getattr__(name: str) -> Any:
    from hl7dicom_lab.left_out import import_pydicom

    if name == "Lab":
        import_pydicom()
        from hl7dicom_lab.lab import Lab

        return Lab
    if name == "open_lesson":
        import_pydicom()
        from hl7dicom_lab.course.lesson import open_lesson

        return open_lesson
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
