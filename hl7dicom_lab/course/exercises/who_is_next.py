"""Whom the learner's function of lesson 09 calls next: the items of a waiting room, and the order in which they go out.

Clinical step: the technologist looks at the worklist. Rule: priority and start time decide among those who are here.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from hl7dicom_lab.course.exercise import YourCodeRaises, call
from hl7dicom_lab.course.exercises.day_practice import IN_ORDER, waiting_room
from hl7dicom_lab.course.exercises.learner_function import raised
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Verdict, right, wrong


def check_order_of_work(_: Lab, answer: Any) -> Verdict:
    """Which items of a waiting room the function gives back, and in what order."""
    items, names = waiting_room()
    try:
        given = list(call(answer, list(items)))
    except YourCodeRaises as problem:
        hint = "Status and start time stand in item.ScheduledProcedureStepSequence[0], the priority in the item itself."
        return raised(problem, hint)
    except TypeError:
        return wrong("no list", "The function gives back something else than a list of worklist items.")
    if not all(isinstance(one, Dataset) and one.get("AccessionNumber") in names for one in given):
        return wrong(
            "not the items",
            "The list holds something else than the worklist items. Give back the items as they came: the next step "
            "needs all of what they say.",
        )
    status = {one.AccessionNumber: one.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus for one in items}
    numbers = [one.AccessionNumber for one in given]
    absent = [one for one in numbers if status[one] != "ARRIVED"]
    if absent:
        meaning = {"SCHEDULED": "has not checked in yet", "STARTED": "is being examined already"}
        number = absent[0]
        return wrong(
            f"{status[number].lower()}",
            f"{names[number]} is in your list with ScheduledProcedureStepStatus {status[number]}: this patient "
            f"{meaning[status[number]]}. Only those whose status is ARRIVED can be called.",
        )
    return _check_sequence([names[one] for one in numbers])


def _check_sequence(called: list[str]) -> Verdict:
    missing = [one for one in IN_ORDER if one not in called]
    if missing:
        return wrong("missing", f"{missing[0]} has checked in and is not in your list. Keep everybody who is ARRIVED.")
    if len(called) > len(IN_ORDER):
        return wrong("twice", "Somebody is in your list twice. Each item that came in goes out once.")
    if called == list(IN_ORDER):
        return right(
            f"In the practice department you call {'; '.join(called)}. Two are urgent and come first, by start time, "
            "though the others are booked for an earlier hour."
        )
    if set(called[:2]) != set(IN_ORDER[:2]):
        return wrong(
            "urgent not first",
            f"You call {called[0]} first, and then {called[1]}. Marco Rivera and Chidi Okonkwo are urgent: their "
            "RequestedProcedurePriority is STAT, and everybody else comes after them.",
        )
    return wrong(
        "not by time",
        f"The urgent ones are first. Among equals the earlier ScheduledProcedureStepStartTime comes first: you call "
        f"{'; '.join(called)}. Look at the second value of your key, and leave out reverse.",
    )
