"""Lesson 09: the order of work, one examination, the whole day, and an audit of what the systems hold in the evening.

Rule: each answer is a function. The checks (`day_checks`) run it in departments of their own and look at every system.
"""

from __future__ import annotations

from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises import day_checks

_ORDER_OF_WORK = """
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

_EXAMINE = """
def examine(lab, modality, accession_number):
    scanner = lab.modalities[modality]
    (item,) = scanner.query(AccessionNumber=accession_number)
    lab.ris.start_step(accession_number)
    results = scanner.store(scanner.examine(item))
    if all(result.stored for result in results):
        lab.ris.complete_step(accession_number)
    return accession_number
"""

_WORKLIST = """
def worklist(lab):
    items = []
    for modality in ("MR", "CT", "CR"):
        items += lab.modalities[modality].query()
    return items
"""

_REPORT = """
def report(lab, accession_number, order):
    study = lab.pacs.archive.find_study(accession_number=accession_number)
    text = f"EXAMINATION: {order.procedure.meaning}\\nHISTORY: {order.reason}\\nIMPRESSION: No new finding."
    return lab.dictation.send(lab.dictation.dictate(study, text, order=order))
"""

_RUN_THE_DAY = """
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

_END_OF_DAY = """
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

_AUDIT = """
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
_DAY = "\n".join((_ORDER_OF_WORK, _EXAMINE, _WORKLIST, _REPORT, _RUN_THE_DAY))
_DAY_RUN = f"{_DAY}\nfrom hl7dicom_lab import story_day\nrun_the_day(lab, story_day.TODAY)"
_EVENING = "\n".join((_END_OF_DAY, _AUDIT))


def _instead(code: str, old: str, new: str) -> str:
    """A solution with one thing done in another way: how a common mistake looks."""
    if code.count(old) != 1:
        raise ValueError(f"the solution has {old!r} {code.count(old)} times")
    return code.replace(old, new)


EXERCISES = (
    Exercise(
        id="09-e1",
        title="Who is next",
        answer="order_of_work",
        check=day_checks.check_order_of_work,
        hints=(
            "Two steps: keep the items whose step has the status ARRIVED, then sort what you kept with a key of two "
            "values.",
            "The first value of the key is False for STAT and True for the others, so that STAT comes first. The second "
            "one is ScheduledProcedureStepStartTime.",
            'The key: return item.RequestedProcedurePriority != "STAT", step.ScheduledProcedureStepStartTime, where step '
            "is item.ScheduledProcedureStepSequence[0]. Then: in_line = sorted(arrived, key=place_in_line).",
        ),
        solution=_ORDER_OF_WORK,
        mistakes=(
            Mistake(
                "scheduled",
                _instead(_ORDER_OF_WORK, ' == "ARRIVED"', ' != "COMPLETED"')
                .replace("Status !=", "Status not in")
                .replace('not in "COMPLETED"', 'not in ("COMPLETED", "STARTED")'),
                "has not checked in yet",
            ),
            Mistake(
                "started", _instead(_ORDER_OF_WORK, ' == "ARRIVED"', ' != "SCHEDULED"'), "is being examined already"
            ),
            Mistake(
                "urgent not first",
                _instead(
                    _ORDER_OF_WORK, 'item.RequestedProcedurePriority != "STAT"', "item.RequestedProcedurePriority"
                ),
                "RequestedProcedurePriority is STAT",
            ),
            Mistake(
                "not by time",
                _instead(_ORDER_OF_WORK, 'Priority != "STAT"', 'Priority == "STAT"').replace(
                    "key=place_in_line)", "key=place_in_line, reverse=True)"
                ),
                "leave out reverse",
            ),
            Mistake(
                "not the items",
                _instead(
                    _ORDER_OF_WORK,
                    "return sorted(arrived, key=place_in_line)",
                    "return [item.AccessionNumber for item in sorted(arrived, key=place_in_line)]",
                ),
                "Give back the items as they came",
            ),
            Mistake(
                "raises",
                _instead(
                    _ORDER_OF_WORK,
                    'item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus == "ARRIVED"',
                    'item.ScheduledProcedureStepStatus == "ARRIVED"',
                ),
                "stand in item.ScheduledProcedureStepSequence[0]",
            ),
        ),
    ),
    Exercise(
        id="09-e2",
        title="Examine one patient",
        answer="examine",
        check=day_checks.check_examine,
        hints=(
            "It is step 2 of this lesson once more: query, start, examine and store, complete. Elena's values become "
            "the names between the brackets of def.",
            "The scanner is lab.modalities[modality]. The query is scanner.query(AccessionNumber=accession_number), and "
            "(item,) = ... takes the one item out of its answer.",
            "In order: (item,) = scanner.query(...); lab.ris.start_step(accession_number); "
            "scanner.store(scanner.examine(item)); lab.ris.complete_step(accession_number); return accession_number.",
        ),
        solution=_EXAMINE,
        mistakes=(
            Mistake(
                "not started",
                _instead(_EXAMINE, "    lab.ris.start_step(accession_number)\n", ""),
                "never became STARTED",
            ),
            Mistake(
                "not completed",
                _instead(_EXAMINE, "lab.ris.complete_step(accession_number)", "pass"),
                "still on the worklist",
            ),
            Mistake(
                "not stored",
                _instead(_EXAMINE, "results = scanner.store(scanner.examine(item))", "scanner.examine(item)").replace(
                    "    if all(result.stored for result in results):\n    ", ""
                ),
                "handed to scanner.store",
            ),
            Mistake(
                "completed too early",
                _instead(
                    _EXAMINE,
                    "    lab.ris.start_step(accession_number)\n",
                    "    lab.ris.start_step(accession_number)\n    lab.ris.complete_step(accession_number)\n",
                ).replace("        lab.ris.complete_step", "        print"),
                "before its images were in the PACS",
            ),
            Mistake(
                "another item",
                _instead(
                    _EXAMINE, "(item,) = scanner.query(AccessionNumber=accession_number)", "item = scanner.query()[0]"
                ),
                "use the one item that comes back",
            ),
            Mistake(
                "stored twice",
                _instead(
                    _EXAMINE,
                    "    results = scanner.store(",
                    "    scanner.store(scanner.examine(item))\n    results = scanner.store(",
                ),
                "makes new images with new UIDs",
            ),
            Mistake(
                "raises", _instead(_EXAMINE, "lab.modalities[modality]", "lab.modality"), "Each scanner sees its own"
            ),
            Mistake("returns", _instead(_EXAMINE, "return accession_number", "return results"), "as text"),
        ),
    ),
    Exercise(
        id="09-e3",
        title="Run the day",
        answer="run_the_day",
        check=day_checks.check_day,
        hints=(
            "Fill in one numbered line after the other and run the check each time: it says which system is not yet as "
            "it should be.",
            'Lines 1 and 2 are each an if: if booking.outcome == "cancelled": and if booking.outcome == "examined":. '
            "Line 3 is a loop: for item in order_of_work(worklist(lab)):.",
            "In the loop: modality = item.ScheduledProcedureStepSequence[0].Modality; number = examine(lab, modality, "
            "item.AccessionNumber); report(lab, number, orders[item.PlacerOrderNumberImagingServiceRequest]); "
            "done.append(number). At the end: return done.",
        ),
        solution=_DAY,
        mistakes=(
            Mistake(
                "orders",
                _instead(
                    _DAY,
                    "    for booking in bookings:\n        (order,)",
                    "    for booking in bookings[:5]:\n        (order,)",
                ),
                "The RIS has 0 orders",
            ),
            Mistake(
                "not cancelled",
                _instead(_DAY, "            lab.emr.cancel(order)", "            pass"),
                "still on the MR's worklist",
            ),
            Mistake(
                "examined the cancelled",
                _instead(_DAY, "            lab.emr.cancel(order)", "            pass").replace(
                    'if booking.outcome == "examined":', 'if booking.outcome in ("examined", "cancelled"):'
                ),
                "before the examination begins",
            ),
            Mistake(
                "cancelled the no-show",
                _instead(_DAY, 'if booking.outcome == "cancelled":', 'if booking.outcome != "examined":'),
                "until the desk has rung",
            ),
            Mistake(
                "examined the no-show",
                _instead(_DAY, 'if booking.outcome == "examined":', 'if booking.outcome != "cancelled":'),
                "was not in the building",
            ),
            Mistake(
                "checked in the no-show",
                _instead(_DAY, 'if booking.outcome == "examined":', 'if booking.outcome != "cancelled":').replace(
                    "in order_of_work(worklist(lab)):", "in order_of_work(worklist(lab))[:4]:"
                ),
                "has an ADT^A04 for the visit",
            ),
            Mistake(
                "left waiting",
                _instead(_DAY, "in order_of_work(worklist(lab)):", "in order_of_work(worklist(lab))[:3]:"),
                "still waits",
            ),
            Mistake(
                "not checked in",
                _instead(
                    _DAY, "            lab.emr.check_in(booking.patient, booking.visit)", "            pass"
                ).replace(
                    "for item in order_of_work(worklist(lab)):",
                    'for item in [one for one in worklist(lab) if "Tanaka" not in str(one.PatientName)]:',
                ),
                "never checked in",
            ),
            Mistake(
                "urgent not first",
                _instead(
                    _DAY,
                    'return item.RequestedProcedurePriority != "STAT", step.ScheduledProcedureStepStartTime',
                    "return step.ScheduledProcedureStepStartTime",
                ),
                "comes before everybody",
            ),
            Mistake(
                "not by time",
                _instead(_DAY, 'Priority != "STAT", step.ScheduledProcedureStepStartTime', 'Priority != "STAT"'),
                "goes by start time",
            ),
            Mistake(
                "stored twice",
                _instead(
                    _DAY,
                    "        number = examine(",
                    "        scanner = lab.modalities[modality]\n"
                    "        scanner.store(scanner.examine(item))\n"
                    "        number = examine(",
                ),
                "call it once for a patient",
            ),
            Mistake(
                "exceptions",
                _instead(_DAY, "orders[item.PlacerOrderNumberImagingServiceRequest]", "order"),
                "the order of its own patient",
            ),
            Mistake(
                "not reported",
                _instead(
                    _DAY, "        report(lab, number, orders[item.PlacerOrderNumberImagingServiceRequest])\n", ""
                ),
                "has no report",
            ),
            Mistake("return", _instead(_DAY, "return done", "return ..."), "Give back done there"),
            Mistake("returns", _instead(_DAY, "return done", "return len(done)"), "append what examine gives"),
        ),
    ),
    Exercise(
        id="09-e4",
        title="Audit the evening",
        answer="audit",
        check=day_checks.check_audit,
        hints=(
            "Ask of each row: is the step completed? Then it needs images, of the right patient, and a report in both "
            "systems. Is it not? Then it must have no images.",
            'Rule 1 in one line: if completed != (row["images"] > 0): found.append(row["accession"]). The other rules '
            "are for completed steps only, so join them to completed with and.",
            'Rule 2: elif completed and row["imaged"] != row["patient"]. Rule 3: elif completed and (row["EMR"] not in '
            '("F", "C") or row["PACS"] not in ("F", "C")). Each one appends row["accession"]; at the end, return found.',
        ),
        before=_DAY_RUN,
        solution=_EVENING,
        mistakes=(
            Mistake(
                "no images",
                _instead(_EVENING, 'if completed != (row["images"] > 0):', 'if row["images"] > 0 and not completed:')
                .replace("elif completed and row", 'elif row["images"] > 0 and row')
                .replace("elif completed and (", 'elif row["images"] > 0 and ('),
                "the PACS holds no image",
            ),
            Mistake(
                "other patient",
                _instead(_EVENING, 'row["imaged"] != row["patient"]', 'row["imaged"] == ""'),
                "the patient of the images",
            ),
            Mistake(
                "not completed",
                _instead(_EVENING, 'if completed != (row["images"] > 0):', 'if completed and row["images"] == 0:'),
                "never completed",
            ),
            Mistake(
                "preliminary",
                _EVENING.replace('row["EMR"] not in ("F", "C")', 'row["EMR"] == "-"').replace(
                    'row["PACS"] not in ("F", "C")', 'row["PACS"] == "-"'
                ),
                "status P only",
            ),
            Mistake(
                "not in the EMR",
                _instead(_EVENING, 'row["EMR"] not in ("F", "C") or ', ""),
                "Look at both systems",
            ),
            Mistake(
                "not in the PACS",
                _instead(_EVENING, ' or row["PACS"] not in ("F", "C")', ""),
                "has its report in the EMR only",
            ),
            Mistake(
                "no-show",
                _instead(_EVENING, 'completed != (row["images"] > 0)', 'not completed or row["images"] == 0'),
                "the patient did not come",
            ),
            Mistake("corrected", _EVENING.replace('("F", "C")', '("F",)'), "status C: it was final"),
            Mistake(
                "raises", _instead(_EVENING, 'row["status"] == "C', 'row["step status"] == "C'), "The keys of a row"
            ),
        ),
    ),
)
