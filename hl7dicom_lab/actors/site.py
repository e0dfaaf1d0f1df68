"""What all systems of one department share: its clock, its numbers, its trace, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass

from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.trace import Trace


@dataclass(frozen=True)
class Site:
    """The ground that the systems stand on. `durable` says whether their data outlive the process."""

    trace: Trace
    clock: ClassClock
    mint: Mint
    host: str = "127.0.0.1"
    durable: bool = False
