"""Decisions of people that change what systems have recorded: a step is opened again, images get another identity.

IHE Patient Information Reconciliation. Rule: no such decision without who made it and why; both stay on record.
"""

from __future__ import annotations

from hl7dicom_lab.errors import CannotBuild


def check_on_record(decision: str, *, by: str, because: str) -> None:
    """Raise `CannotBuild` where nobody or no reason is named. `decision` is its name, such as `a correction`."""
    for name, said in (("by", by), ("because", because)):
        if not isinstance(said, str) or not said.strip():
            raise CannotBuild(
                f"{decision} is on record with who did it and why", where=name, next_step=f"say {name}=..."
            )
