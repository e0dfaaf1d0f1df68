"""One way to write lesson 09: the functions of a day in the department, as code that runs.

Rule: this is what `ex.solution()` shows and what the tests run; each solution stands alone and uses only `lab`.
"""

from __future__ import annotations

ORDER_OF_WORK = """
def place_in_line(item):
    step = item.ScheduledProcedureStepSequence[0]
    return item.RequestedProcedurePriority != "STAT", step.ScheduledProcedureStepStartTime


def order_of_work(items):
    arrived = []
    for item in items:
        if item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus == "ARRIVED":
            arrived.append(item)
    return sorted(arrived, key=place_in_line)
"""

EXAMINE = """
def examine(lab, modality, accession_number):
    scanner = lab.modalities[modality]
    (item,) = scanner.query(AccessionNumber=accession_number)
    lab.ris.start_step(accession_number)
    results = scanner.store(scanner.examine(item))
    if all(result.stored for result in results):
        lab.ris.complete_step(accession_number)
    return accession_number
"""

WORKLIST = """
def worklist(lab):
    items = []
    for modality in ("MR", "CT", "CR"):
        items += lab.modalities[modality].query()
    return items
"""

REPORT = """
def report(lab, accession_number, order):
    study = lab.pacs.archive.find_study(accession_number=accession_number)
    text = f"EXAMINATION: {order.procedure.meaning}\\nHISTORY: {order.reason}"
    return lab.dictation.send(lab.dictation.dictate(study, text, order=order))
"""

RUN_THE_DAY = """
def run_the_day(lab, bookings):
    orders = {}
    for booking in bookings:
        (order,) = lab.emr.place(booking.order())
        orders[order.placer_order_number] = order
        if booking.outcome == "cancelled":
            lab.emr.cancel(order)
    lab.clock.advance_to(bookings[0].at)
    for booking in bookings:
        if booking.outcome == "examined":
            lab.emr.check_in(booking.patient, booking.visit)
    done = []
    for item in order_of_work(worklist(lab)):
        modality = item.ScheduledProcedureStepSequence[0].Modality
        number = examine(lab, modality, item.AccessionNumber)
        report(lab, number, orders[item.PlacerOrderNumberImagingServiceRequest])
        done.append(number)
    return done
"""

END_OF_DAY = """
def end_of_day(lab):
    rows = []
    for booked in lab.ris.order_book.steps():
        step = booked.item
        number = step.accession_number
        row = {"accession": number, "patient": step.patient_id, "status": step.status}
        studies = lab.pacs.archive.studies(accession_number=number)
        row["images"] = sum(study.instances for study in studies)
        row["imaged"] = studies[0].patient_id if studies else "-"
        in_emr, in_pacs = lab.emr.report(number), lab.pacs.reports.current(number)
        row["EMR"] = in_emr.status if in_emr else "-"
        row["PACS"] = in_pacs.status if in_pacs else "-"
        rows.append(row)
    return rows
"""

AUDIT = """
def audit(lab):
    found = []
    for row in end_of_day(lab):
        completed = row["status"] == "COMPLETED"
        if completed != (row["images"] > 0):
            found.append(row["accession"])
        elif completed and row["imaged"] != row["patient"]:
            found.append(row["accession"])
        elif completed and (row["EMR"] not in ("F", "C") or row["PACS"] not in ("F", "C")):
            found.append(row["accession"])
    return found
"""

#: The whole day in one place, and the day that has been run: where the audit is asked.
DAY = "\n".join((ORDER_OF_WORK, EXAMINE, WORKLIST, REPORT, RUN_THE_DAY))
DAY_RUN = f"{DAY}\nfrom hl7dicom_lab import story_day\nrun_the_day(lab, story_day.TODAY)"
EVENING = "\n".join((END_OF_DAY, AUDIT))
