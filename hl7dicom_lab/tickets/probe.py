"""The test patient: how an interface is tried without touching anybody's data.

Rule: the order of the test patient goes the way of every order, is looked at, and is cancelled again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hl7dicom_lab import story
from hl7dicom_lab.errors import LabError
from hl7dicom_lab.model import Identifier, ImagingOrder, Patient, PersonName, Visit, WorklistItem
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Check

#: With everything that an interface can spoil: a letter outside ASCII, a prefix, a birth date with a day over 12.
TEST_PATIENT = Patient(
    identifier=Identifier("NG-999001", story.ISSUER),
    name=PersonName("Zz-Test", "Begoña", prefix="Ms"),
    birth_date="19800229",
    sex="F",
)

VISIT = Visit(number=Identifier("V-TEST", story.ISSUER, "VN"), location="IMAGING^TEST^1")


@dataclass(frozen=True)
class Probe:
    """What became of a test order: the steps that the RIS has for it, or why there are none."""

    order: ImagingOrder
    steps: tuple[WorklistItem, ...]
    problem: str = ""

    def check(self) -> Check:
        """Whether the order is on the worklist exactly once, as it was placed."""
        if not self.steps:
            return Check("a test order reaches the worklist", False, self.problem or "the RIS has no step for it")
        return Check(
            "a test order reaches the worklist once", len(self.steps) == 1, f"it is there {len(self.steps)} times"
        )


@contextmanager
def ordered(department: Department, **changes: object) -> Iterator[Probe]:
    """Place an order for the test patient, look at what the RIS has made of it, and cancel it at the end."""
    wanted = replace(story.order(), patient=TEST_PATIENT, reason="Interface test")
    wanted = replace(wanted, **changes)  # type: ignore[arg-type] # fields of ImagingOrder by name
    before = {step.number for step in department.ris.order_book.steps(patient_id=TEST_PATIENT.identifier.value)}
    problem = ""
    try:
        (wanted,) = department.emr.place(wanted)
    except LabError as refused:
        problem = refused.what.partition(":")[0]  # what is wrong with it stands in the answer
    made = [
        one
        for one in department.ris.order_book.steps(patient_id=TEST_PATIENT.identifier.value)
        if one.number not in before
    ]
    try:
        yield Probe(wanted, tuple(one.item for one in made), problem)
    finally:
        for number in dict.fromkeys(one.item.placer_order_number for one in made if one.item.status.on_worklist):
            department.emr.cancel(replace(wanted, placer_order_number=number))
