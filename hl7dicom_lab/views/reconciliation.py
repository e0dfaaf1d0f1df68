"""Archive and order book side by side: which images match an order, and which do not, with the reason.

Clinical step: a PACS analyst works off the unscheduled images of the day (IHE Scheduled Workflow, Patient Information
Reconciliation). Rule: a line an examination, the reason in words; text from images is data, so it is escaped in HTML
and its control characters are visible.
"""

from __future__ import annotations

from dataclasses import dataclass

from hl7dicom_lab.counted import counted
from hl7dicom_lab.simple_table import as_html, as_lines
from hl7dicom_lab.visible import visible

_HEADINGS = ("accession number", "patient", "images", "what the order book says")
_MATCHES = "matches its order"


@dataclass(frozen=True)
class ImagesChecked:
    """The images of one study that name the same patient and accession number."""

    study_instance_uid: str
    accession_number: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    images: int
    because: str = ""  # why they match no order; "" where they do


@dataclass(frozen=True)
class Reconciliation:
    """What is in the archive, compared with the order book. Print it, or show it in a notebook."""

    checked: tuple[ImagesChecked, ...]

    @property
    def unscheduled(self) -> tuple[ImagesChecked, ...]:
        """Those that match no order."""
        return tuple(one for one in self.checked if one.because)

    def __str__(self) -> str:
        return "\n".join((*as_lines([_HEADINGS, *map(_cells, self.checked)]), self._summary()))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._summary(), _HEADINGS, [_cells(one) for one in self.checked])

    def _summary(self) -> str:
        images = sum(one.images for one in self.unscheduled)
        return f"{counted(images, 'image')} of {sum(one.images for one in self.checked)} unscheduled"


def _cells(one: ImagesChecked) -> tuple[str, ...]:
    patient = f"{one.patient_name} {one.patient_id}".strip()
    shown = one.accession_number or "(none)", patient, str(one.images), one.because or _MATCHES
    return tuple(map(visible, shown))
