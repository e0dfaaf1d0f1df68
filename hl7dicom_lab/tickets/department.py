"""The department as a ticket sees it: its systems by the names that people call them by.

Rule: a ticket breaks, tries and repairs by what the systems themselves offer: their settings, their acts and the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from hl7dicom_lab import story
from hl7dicom_lab.actors.dictation import Dictation
from hl7dicom_lab.actors.emr import Emr
from hl7dicom_lab.actors.modality import Modality
from hl7dicom_lab.actors.pacs import Pacs
from hl7dicom_lab.actors.ris import Ris
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.trace import Trace


class Department(Protocol):
    """What a ticket needs of a running department; `Lab` is one."""

    clock: ClassClock
    trace: Trace
    emr: Emr
    ris: Ris
    pacs: Pacs
    dictation: Dictation
    modality: Modality
    modalities: Mapping[str, Modality]

    @property
    def running(self) -> bool:
        """Whether the department is up."""


System = Emr | Ris | Pacs | Dictation | Modality


def systems(department: Department) -> dict[str, System]:
    """Every system that has a part in a ticket, by its name, in the order of the patient's way."""
    scanners = {one.station.name: one for one in department.modalities.values() if one.station.modality in _IN_USE}
    return {
        story.EMR: department.emr,
        story.RIS: department.ris,
        **scanners,
        story.PACS: department.pacs,
        story.DICTATION: department.dictation,
    }


def system(department: Department, name: str) -> tuple[str, System]:
    """A system by its name, however it is written, with the name as it should be. Raises `NotFound`."""
    known = systems(department)
    for one, found in known.items():
        if one.casefold() == str(name).strip().casefold():
            return one, found
    raise NotFound(f"there is no system {name!r}", where="tickets", next_step="name one of " + ", ".join(known))


#: The modalities that the course has images of.
_IN_USE = ("MR", "CT", "CR")
