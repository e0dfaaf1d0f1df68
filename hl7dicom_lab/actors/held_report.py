"""A report that cannot be filed by itself (RAD-28): what its sender and whoever reads the trace are told.

Rule: it is accepted, because it is safely kept, and it is attached to nothing until a person has looked at it.
"""

from __future__ import annotations

from hl7dicom_lab.services.hl7_receiver import Effect
from hl7dicom_lab.storage.reports import HeldReport
from hl7dicom_lab.trace import Remark


def told_as_held(held: HeldReport, queue: str) -> Effect:
    """The answer and the remark for a report that waits in a `queue`, such as `lab.pacs.exceptions()`."""
    text = f"kept in the exceptions queue as number {held.number}: {held.reason}"
    remark = Remark(
        f"the report is {text}",
        rule="a report is filed where its patient and its keys agree with what is there (IHE RAD-28, PID-3 and OBR)",
        repair=f"look at {queue}; mend the keys where they are wrong, and have the report sent again if it is there",
        severity="warning",
    )
    return Effect(text, (remark,))
