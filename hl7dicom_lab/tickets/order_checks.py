"""What has to hold of orders when a ticket is closed: on the worklist, each once, saying what the EMR says.

IHE RAD-2, RAD-5. Rule: what is compared is what the EMR was asked for and what a scanner gets, on the wire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydicom.dataset import Dataset

from hl7dicom_lab.errors import LabError
from hl7dicom_lab.mapping.names import pn_of
from hl7dicom_lab.model import ImagingOrder, Patient
from hl7dicom_lab.tickets import morning, probe
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Check


def listed(department: Department) -> list[Dataset]:
    """Everything on the worklist, of all stations and days, as one query gets it."""
    scanner = department.modality
    return list(scanner.query(ScheduledStationAETitle="", Modality="", ScheduledProcedureStepStartDate=""))


def wanted(department: Department) -> dict[str, ImagingOrder]:
    """The orders that physicians have placed this morning, by patient: the newest thing that was asked for each."""
    asked = {}
    for sent in department.emr.outbox:
        for order in sent.orders:
            asked[order.patient.identifier.value] = order
    asked.pop(probe.TEST_PATIENT.identifier.value, None)
    return asked


def each_once(department: Department) -> Check:
    """Whether every patient for whom something was ordered is on the worklist, once."""
    there = Counter(str(item.PatientID) for item in listed(department))
    seen = []
    for patient_id, order in wanted(department).items():
        if there[patient_id] != 1:
            count = {0: "not on it", 2: "on it twice"}.get(there[patient_id], f"on it {there[patient_id]} times")
            seen.append(f"{morning.full_name(order.patient)} is {count}")
    return Check("every order of the morning is on the worklist, once", not seen, "; ".join(seen))


def names_agree(department: Department) -> Check:
    """Whether the worklist writes each patient's name as the EMR has it."""
    orders = wanted(department)
    seen = []
    for item in listed(department):
        order = orders.get(str(item.PatientID))
        if order is not None and str(item.PatientName) != pn_of(order.patient.name):
            seen.append(f"{item.PatientName} for {pn_of(order.patient.name)}")
    return Check("the worklist has every name as the EMR has it", not seen, "; ".join(seen))


def numbers_agree(department: Department) -> Check:
    """Whether the worklist has the accession numbers that the EMR has given."""
    given = {
        order.placer_order_number: order.accession_number for sent in department.emr.outbox for order in sent.orders
    }
    seen = []
    for item in listed(department):
        number = given.get(str(item.PlacerOrderNumberImagingServiceRequest), "")
        if number and str(item.AccessionNumber) != number:
            seen.append(f"{item.AccessionNumber} on the worklist, {number} in the EMR")
    return Check("EMR and worklist have the same accession numbers", not seen, "; ".join(seen))


def order_arrives(department: Department, patient: Patient = probe.TEST_PATIENT) -> tuple[Check, ...]:
    """Whether a test order comes through, with the name and the accession number that the EMR has for it."""
    with probe.ordered(department, patient=patient) as tried:
        arrived = tried.check()
        if not arrived.holds:
            return (arrived,)
        step = tried.steps[0]
        name = Check(
            "its name is as it was ordered",
            step.patient_name == pn_of(patient.name),
            f"{step.patient_name} for {pn_of(patient.name)}",
        )
        number = Check(
            "it has the accession number that it was ordered with",
            tried.order.accession_number in ("", step.accession_number),
            "the worklist has another one than the EMR",
        )
        return (arrived, name, number)


def as_the_standard_has_it(department: Department) -> Check:
    """Whether the RIS takes a message of the EMR without a warning: a check-in of nobody who has an order."""
    since = department.clock.now()
    try:
        department.emr.update_patient(probe.TEST_PATIENT, probe.VISIT)
    except LabError as problem:
        return Check("the RIS takes a message without a warning", False, problem.what.partition(":")[0])
    said = [
        remark.what
        for row in department.trace.rows(system="RIS", protocol="HL7")
        if row.time > since  # every message moves the class clock on by a second
        for remark in row.remarks
        if remark.severity != "information"
    ]
    return Check("the RIS takes a message without a warning", not said, "it takes it with one; look at the trace")


def next_number_is_free(department: Department) -> Check:
    """Whether the next accession number that the EMR gives is nobody's yet."""
    number = department.emr.settings.next_accession
    taken = department.ris.order_book.steps(accession_number=number)
    whose = taken[0].item.patient_id if taken else ""
    return Check("the next accession number is free", not taken, f"the next one is {number}, which is {whose}'s")


def numbered_by_the_emr(department: Department) -> Check:
    """Whether the EMR gives the accession numbers, where the house has always had it so."""
    by_emr = department.emr.settings.accession_numbers == "from the EMR"
    return Check("the EMR gives the accession numbers, as this house wants it", by_emr, "now the RIS gives them")


def place_whatever_comes(department: Department, orders: Sequence[ImagingOrder]) -> None:
    """Orders are placed one after the other, and nobody looks at the answers."""
    for order in orders:
        try:
            department.emr.place(order)
        except LabError:
            continue
