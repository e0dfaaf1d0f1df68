"""Lesson 09: the order of work, one examination, the whole day, and an audit of what the systems hold in the evening.

Rule: each answer is a function. The checks (`who_is_next`, `day_checks`, `evening_check`) run it in departments of
their own and look at every system.
"""

from __future__ import annotations

from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises import day_checks, evening_check, who_is_next
from hl7dicom_lab.course.exercises.day_code import DAY, DAY_RUN, EVENING, EXAMINE, ORDER_OF_WORK


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
        check=who_is_next.check_order_of_work,
        hints=(
            "Two steps: keep the items whose step has the status ARRIVED, then sort what you kept with a key of two "
            "values.",
            "The first value of the key is False for STAT and True for the others, so that STAT comes first. The "
            "second one is ScheduledProcedureStepStartTime.",
            'The key: return item.RequestedProcedurePriority != "STAT", step.ScheduledProcedureStepStartTime, where '
            "step is item.ScheduledProcedureStepSequence[0]. Then: return sorted(arrived, key=place_in_line).",
        ),
        solution=ORDER_OF_WORK,
        mistakes=(
            Mistake(
                "scheduled",
                _instead(ORDER_OF_WORK, ' == "ARRIVED"', ' != "COMPLETED"')
                .replace("Status !=", "Status not in")
                .replace('not in "COMPLETED"', 'not in ("COMPLETED", "STARTED")'),
                "has not checked in yet",
            ),
            Mistake(
                "started", _instead(ORDER_OF_WORK, ' == "ARRIVED"', ' != "SCHEDULED"'), "is being examined already"
            ),
            Mistake(
                "urgent not first",
                _instead(ORDER_OF_WORK, 'item.RequestedProcedurePriority != "STAT"', "item.RequestedProcedurePriority"),
                "RequestedProcedurePriority is STAT",
            ),
            Mistake(
                "not by time",
                _instead(ORDER_OF_WORK, 'Priority != "STAT"', 'Priority == "STAT"').replace(
                    "key=place_in_line)", "key=place_in_line, reverse=True)"
                ),
                "leave out reverse",
            ),
            Mistake(
                "not the items",
                _instead(
                    ORDER_OF_WORK,
                    "return sorted(arrived, key=place_in_line)",
                    "return [item.AccessionNumber for item in sorted(arrived, key=place_in_line)]",
                ),
                "Give back the items as they came",
            ),
            Mistake(
                "raises",
                _instead(
                    ORDER_OF_WORK,
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
            "The scanner is lab.modalities[modality]. The query is scanner.query(AccessionNumber=accession_number), "
            "and (item,) = ... takes the one item out of its answer.",
            "In order: (item,) = scanner.query(...); lab.ris.start_step(accession_number); "
            "results = scanner.store(scanner.examine(item)); if all(result.stored for result in results): and, below "
            "it and set in, lab.ris.complete_step(accession_number); at the end return accession_number.",
        ),
        solution=EXAMINE,
        mistakes=(
            Mistake(
                "not started",
                _instead(EXAMINE, "    lab.ris.start_step(accession_number)\n", ""),
                "never became STARTED",
            ),
            Mistake(
                "not completed",
                _instead(EXAMINE, "lab.ris.complete_step(accession_number)", "pass"),
                "still on the worklist",
            ),
            Mistake(
                "not stored",
                _instead(EXAMINE, "results = scanner.store(scanner.examine(item))", "scanner.examine(item)").replace(
                    "    if all(result.stored for result in results):\n    ", ""
                ),
                "handed to scanner.store",
            ),
            Mistake(
                "completed too early",
                _instead(
                    EXAMINE,
                    "    lab.ris.start_step(accession_number)\n",
                    "    lab.ris.start_step(accession_number)\n    lab.ris.complete_step(accession_number)\n",
                ).replace("        lab.ris.complete_step", "        print"),
                "before its images were in the PACS",
            ),
            Mistake(
                "not all stored",
                _instead(EXAMINE, "if all(result.stored", "if any(result.stored"),
                "every result says that it is stored",
            ),
            Mistake(
                "another item",
                _instead(
                    EXAMINE, "(item,) = scanner.query(AccessionNumber=accession_number)", "item = scanner.query()[0]"
                ),
                "use the one item that comes back",
            ),
            Mistake(
                "stored twice",
                _instead(
                    EXAMINE,
                    "    results = scanner.store(",
                    "    scanner.store(scanner.examine(item))\n    results = scanner.store(",
                ),
                "makes new images with new UIDs",
            ),
            Mistake(
                "raises", _instead(EXAMINE, "lab.modalities[modality]", "lab.modality"), "Each scanner sees its own"
            ),
            Mistake(
                "returns",
                _instead(EXAMINE, "return accession_number", "return results"),
                "the accession number, as text",
            ),
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
        solution=DAY,
        mistakes=(
            Mistake(
                "orders",
                _instead(
                    DAY,
                    "    for booking in bookings:\n        (order,)",
                    "    for booking in bookings[:5]:\n        (order,)",
                ),
                "The RIS has 0 orders",
            ),
            Mistake(
                "not cancelled",
                _instead(DAY, "            lab.emr.cancel(order)", "            pass"),
                "still on the MR's worklist",
            ),
            Mistake(
                "examined the cancelled",
                _instead(DAY, "            lab.emr.cancel(order)", "            pass").replace(
                    'if booking.outcome == "examined":', 'if booking.outcome in ("examined", "cancelled"):'
                ),
                "before the examination begins",
            ),
            Mistake(
                "cancelled the no-show",
                _instead(DAY, 'if booking.outcome == "cancelled":', 'if booking.outcome != "examined":'),
                "until the desk has rung",
            ),
            Mistake(
                "examined the no-show",
                _instead(DAY, 'if booking.outcome == "examined":', 'if booking.outcome != "cancelled":'),
                "was not in the building",
            ),
            Mistake(
                "checked in the no-show",
                _instead(DAY, 'if booking.outcome == "examined":', 'if booking.outcome != "cancelled":').replace(
                    "in order_of_work(worklist(lab)):", "in order_of_work(worklist(lab))[:4]:"
                ),
                "has an ADT^A04 for the visit",
            ),
            Mistake(
                "left waiting",
                _instead(DAY, "in order_of_work(worklist(lab)):", "in order_of_work(worklist(lab))[:3]:"),
                "still waits",
            ),
            Mistake(
                "not checked in",
                _instead(
                    DAY, "            lab.emr.check_in(booking.patient, booking.visit)", "            pass"
                ).replace(
                    "for item in order_of_work(worklist(lab)):",
                    'for item in [one for one in worklist(lab) if "Tanaka" not in str(one.PatientName)]:',
                ),
                "never checked in",
            ),
            Mistake(
                "urgent not first",
                _instead(
                    DAY,
                    'return item.RequestedProcedurePriority != "STAT", step.ScheduledProcedureStepStartTime',
                    "return step.ScheduledProcedureStepStartTime",
                ),
                "comes before everybody",
            ),
            Mistake(
                "not by time",
                _instead(DAY, 'Priority != "STAT", step.ScheduledProcedureStepStartTime', 'Priority != "STAT"'),
                "goes by start time",
            ),
            Mistake(
                "stored twice",
                _instead(
                    DAY,
                    "        number = examine(",
                    "        scanner = lab.modalities[modality]\n"
                    "        scanner.store(scanner.examine(item))\n"
                    "        number = examine(",
                ),
                "call it once for a patient",
            ),
            Mistake(
                "exceptions",
                _instead(DAY, "orders[item.PlacerOrderNumberImagingServiceRequest]", "order"),
                "the order of its own patient",
            ),
            Mistake(
                "not its order",
                _instead(DAY, "orders[item.PlacerOrderNumberImagingServiceRequest]", "booking.order()"),
                "Take the order from orders",
            ),
            Mistake(
                "not reported",
                _instead(DAY, "        report(lab, number, orders[item.PlacerOrderNumberImagingServiceRequest])\n", ""),
                "has no report",
            ),
            Mistake("return", _instead(DAY, "return done", "return ..."), "Give back done there"),
            Mistake("returns", _instead(DAY, "return done", "return len(done)"), "append what examine gives"),
        ),
    ),
    Exercise(
        id="09-e4",
        title="Audit the evening",
        answer="audit",
        check=evening_check.check_audit,
        hints=(
            "Ask of each row: is the step completed? Then it needs images, of the right patient, and a report in both "
            "systems. Is it not? Then it must have no images.",
            'Rule 1 in one line: if completed != (row["images"] > 0): found.append(row["accession"]). The other rules '
            "are for completed steps only, so join them to completed with and.",
            'Rule 2: elif completed and row["imaged"] != row["patient"]. Rule 3: elif completed and (row["EMR"] '
            'not in ("F", "C") or row["PACS"] not in ("F", "C")). Each one appends row["accession"]; at the '
            "end, return found.",
        ),
        before=DAY_RUN,
        solution=EVENING,
        mistakes=(
            Mistake(
                "no images",
                _instead(EVENING, 'if completed != (row["images"] > 0):', 'if row["images"] > 0 and not completed:')
                .replace("elif completed and row", 'elif row["images"] > 0 and row')
                .replace("elif completed and (", 'elif row["images"] > 0 and ('),
                "the PACS holds no image",
            ),
            Mistake(
                "other patient",
                _instead(EVENING, 'row["imaged"] != row["patient"]', 'row["imaged"] == ""'),
                "the patient of the images",
            ),
            Mistake(
                "not completed",
                _instead(EVENING, 'if completed != (row["images"] > 0):', 'if completed and row["images"] == 0:'),
                "never completed",
            ),
            Mistake(
                "preliminary",
                EVENING.replace('row["EMR"] not in ("F", "C")', 'row["EMR"] == "-"').replace(
                    'row["PACS"] not in ("F", "C")', 'row["PACS"] == "-"'
                ),
                "status P only",
            ),
            Mistake(
                "not in the EMR",
                _instead(EVENING, 'row["EMR"] not in ("F", "C") or ', ""),
                "Look at both systems",
            ),
            Mistake(
                "not in the PACS",
                _instead(EVENING, ' or row["PACS"] not in ("F", "C")', ""),
                "has its report in the EMR only",
            ),
            Mistake(
                "no-show",
                _instead(EVENING, 'completed != (row["images"] > 0)', 'not completed or row["images"] == 0'),
                "the patient did not come",
            ),
            Mistake("corrected", EVENING.replace('("F", "C")', '("F",)'), "status C: it was final"),
            Mistake(
                "raises", _instead(EVENING, 'row["status"] == "C', 'row["step status"] == "C'), "The keys of a row"
            ),
        ),
    ),
)
