"""What lesson 09 looks at: every system of a department after a learner's functions have run in it.

Rule: a check names the patient, the system that disagrees and the next step; it looks at what the RIS, the PACS and the
EMR hold and at nothing of how the code was written.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hl7dicom_lab import story_day
from hl7dicom_lab.course.exercise import Unfinished, YourCodeRaises, call
from hl7dicom_lab.course.exercises.day_practice import (
    Practice,
    day_of,
    practice,
    spoil_the_last_image,
)
from hl7dicom_lab.course.exercises.learner_function import asked_for_a_function, raised
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import ReportStatus, StepStatus, WorklistItem
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.verdict import Verdict, right, wrong

#: What a report may be at the end of a day (OBR-25).
DONE = (ReportStatus.FINAL, ReportStatus.CORRECTED)


def check_examine(_: Lab, answer: Any) -> Verdict:
    """What two examinations bring about where two patients wait at the CT, then one whose image is refused."""
    asked_for_a_function(answer)
    elena, lars, chidi, marco = story_day.TODAY[:4]
    with practice() as department:
        for booking in (chidi, lars, marco, elena):
            department.lab.emr.place(booking.order())
            department.lab.emr.check_in(booking.patient, booking.visit)
        for booking in (marco, chidi):
            (step,) = department.steps(booking)
            try:
                returned = call(answer, department.lab, booking.modality, step.accession_number)
            except YourCodeRaises as problem:
                hint = (
                    f"The check asked for {step.accession_number} at the {booking.modality}. Each scanner sees its own "
                    "list only: take lab.modalities[modality], hand AccessionNumber=accession_number to query, and "
                    "take the one item out of its answer with (item,) = ..."
                )
                return raised(problem, hint)
            except Unfinished:
                if not department.started() and not department.lab.pacs.studies():
                    raise
                returned = ...
            found = _examination(department, booking, step, returned, others=(lars,))
            if found:
                return found
        if _completed_without_its_image(department, elena, answer):
            return wrong(
                "not all stored",
                "All is well where every image is stored. Then the PACS refused one of three images of "
                f"{elena.patient.name} (status 0xC003), and the step became COMPLETED all the same. Look at the "
                "results of scanner.store, and complete the step only where every result says that it is stored.",
            )
    return right(
        "In the practice department Marco Rivera and Chidi Okonkwo were examined, each with images of his own in the "
        "PACS and a step that went STARTED, COMPLETED. One of Elena Rivera's images was refused, and her step is still "
        "STARTED: it waits until somebody has stored that image. Lars Åkesson still waits, as he should."
    )


def _completed_without_its_image(department: Practice, booking: Booking, answer: Any) -> bool:
    spoil_the_last_image(department.lab.modalities[booking.modality])
    (step,) = department.steps(booking)
    with suppress(YourCodeRaises, Unfinished):  # a function may also stop here: what counts is the step
        call(answer, department.lab, booking.modality, step.accession_number)
    (after,) = department.steps(booking)
    return after.status is StepStatus.COMPLETED


def _examination(
    department: Practice, booking: Booking, step: WorklistItem, returned: Any, others: tuple[Booking, ...]
) -> Verdict | None:
    number, name = step.accession_number, str(booking.patient.name)
    for other in others:
        (waiting,) = department.steps(other)
        if department.studies(waiting.accession_number) or waiting.status is not StepStatus.ARRIVED:
            return wrong(
                "another item",
                f"The check asked for {number}, {name}; something happened to {waiting.accession_number}, "
                f"{other.patient.name}. Ask the worklist with AccessionNumber, and use the one item that comes back.",
            )
    return (
        _images_of(department, step, name)
        or _moves_of(department, number, name)
        or (None if str(returned) == number else _wrong_return(returned, number))
    )


def _images_of(department: Practice, step: WorklistItem, name: str) -> Verdict | None:
    """Whether the PACS has the images of one examination: of this patient, and once."""
    number = step.accession_number
    studies = department.studies(number)
    if not studies:
        return wrong(
            "not stored",
            f"{name}, {number}: the PACS holds no images. What scanner.examine gives has to be handed to "
            "scanner.store, and each result has to say that it is stored.",
        )
    study = studies[0]
    if study.patient_id != step.patient_id:
        return wrong(
            "images of another patient",
            f"{number} belongs to {step.patient_id} in the RIS, and its images name {study.patient_id}. Hand the item "
            "to scanner.examine as it came from the worklist.",
        )
    if len(studies) > 1 or study.series > 1:
        return wrong(
            "stored twice",
            f"{name}, {number}: the PACS holds {sum(one.series for one in studies)} series, one is expected. Each call "
            "of scanner.examine makes new images with new UIDs: call it once for a patient, and keep what it gives.",
        )
    return None


def _moves_of(department: Practice, number: str, name: str) -> Verdict | None:
    """Whether a step went STARTED and COMPLETED, and the images came between."""
    moves = {one.status: one for one in department.moved(number)}
    images = sum(one.instances for one in department.studies(number))
    if StepStatus.STARTED not in moves:
        return wrong(
            "not started",
            f"{name}, {number}: the step never became STARTED, so the EMR could have cancelled it during the scan. "
            "Call lab.ris.start_step before the images are acquired.",
        )
    if StepStatus.COMPLETED not in moves:
        return wrong(
            "not completed",
            f"{name}, {number}: the images are in the PACS and the step is still on the worklist. Call "
            "lab.ris.complete_step when the images are stored.",
        )
    if moves[StepStatus.COMPLETED].images < images:
        return wrong(
            "completed too early",
            f"{name}, {number}: the step became COMPLETED before its images were in the PACS. Store first, look at the "
            "results, then complete: a completed step without images is what nobody goes back to.",
        )
    if moves[StepStatus.STARTED].images:
        return wrong(
            "started too late",
            f"{name}, {number}: images were in the PACS before the step became STARTED. Start the step first.",
        )
    return None


def _wrong_return(returned: Any, number: str) -> Verdict:
    given = "still ends with return ..." if returned is ... else f"gives back a value of type {type(returned).__name__}"
    return wrong(
        "returns",
        f"All systems agree. The function {given}; what comes next needs the accession number, as text: {number!r}.",
    )


def check_day(_: Lab, answer: Any) -> Verdict:
    """The whole day in a department of its own, then the state of every system."""
    asked_for_a_function(answer)
    with practice() as day:
        try:
            returned = call(answer, day.lab, story_day.TODAY)
        except Unfinished:
            if not day.moves:
                raise
            returned = ...
        except YourCodeRaises as problem:
            hint = (
                "lab.emr.place and lab.emr.cancel take an order, lab.emr.check_in a patient and a visit; examine is "
                "called with lab, modality and accession number, report with lab, accession number and order."
            )
            return raised(problem, hint)
        found = _orders(day) or _cancelled(day) or _no_show(day) or _examined(day) or _sequence(day) or _reports(day)
        return found or _said(day, returned)


def _orders(day: Practice) -> Verdict | None:
    for booking in story_day.TODAY:
        count = len(day.steps(booking))
        if count != 1:
            return wrong(
                "orders",
                f"The RIS has {count} orders for {booking.patient.name}; one is expected. Hand each booking's order to "
                "lab.emr.place once.",
            )
    return None


def _cancelled(day: Practice) -> Verdict | None:
    (booking,) = day_of(story_day.TODAY, "cancelled")
    (step,) = day.steps(booking)
    if step.status is StepStatus.CANCELED:
        return None
    if StepStatus.STARTED in {one.status for one in day.moved(step.accession_number)}:
        return wrong(
            "examined the cancelled",
            f"{booking.patient.name} was examined, and the order was to be cancelled. A cancellation has to arrive "
            "before the examination begins: send it right after the order.",
        )
    return wrong(
        "not cancelled",
        f"{booking.patient.name}'s step is {step.status.value} and still on the MR's worklist. Where booking.outcome "
        'is "cancelled", the EMR has to tell the RIS: lab.emr.cancel with the order that place gave back.',
    )


def _no_show(day: Practice) -> Verdict | None:
    (booking,) = day_of(story_day.TODAY, "does not come")
    (step,) = day.steps(booking)
    name = booking.patient.name
    if step.status is StepStatus.SCHEDULED:
        return None
    if step.status is StepStatus.CANCELED:
        return wrong(
            "cancelled the no-show",
            f"{name}'s order is CANCELED, and nobody has asked for that. A patient who does not come stays SCHEDULED "
            "until the desk has rung; test for the outcome that is really cancelled.",
        )
    if step.status is StepStatus.ARRIVED:
        return wrong(
            "checked in the no-show",
            f"{name} never came, and the RIS has an ADT^A04 for the visit. Check in where booking.outcome is "
            '"examined", and nobody else.',
        )
    return wrong(
        "examined the no-show",
        f"{name} was not in the building, and the step is {step.status.value}: these images are somebody else's. Check "
        'in where booking.outcome is "examined", and examine those whose step is ARRIVED.',
    )


def _examined(day: Practice) -> Verdict | None:
    for booking in day_of(story_day.TODAY, "examined"):
        (step,) = day.steps(booking)
        name = str(booking.patient.name)
        if StepStatus.ARRIVED not in {one.status for one in day.moved(step.accession_number)}:
            return wrong("not checked in", f"{name} came and never checked in. Send the ADT^A04: lab.emr.check_in.")
        if step.status is StepStatus.ARRIVED and not day.studies(step.accession_number):
            return wrong(
                "left waiting",
                f"{name} checked in and still waits. Examine every item of order_of_work(worklist(lab)), and ask the "
                "worklist when all have checked in.",
            )
        found = _images_of(day, step, name) or _moves_of(day, step.accession_number, name)
        if found:
            return found
    studies, wanted = day.lab.pacs.studies(), len(day_of(story_day.TODAY, "examined"))
    if len(studies) > wanted:
        return wrong("other studies", f"The PACS holds {len(studies)} studies, and {wanted} patients were here.")
    return None


def _sequence(day: Practice) -> Verdict | None:
    examined = day_of(story_day.TODAY, "examined")
    in_order = sorted(examined, key=lambda one: (one.priority != "S", one.at))
    wanted = [day.steps(one)[0].accession_number for one in in_order]
    started = list(day.started())
    if started == wanted:
        return None
    if started[0] != wanted[0]:
        return wrong(
            "urgent not first",
            f"The first step that became STARTED is {started[0]}. {in_order[0].patient.name} is urgent (ORC-7.6 S, "
            "STAT on the worklist) and comes before everybody: let order_of_work say who is next.",
        )
    return wrong(
        "not by time",
        f"The steps became STARTED in the order {', '.join(started)}. After the urgent one it goes by start time: "
        f"{', '.join(wanted)}.",
    )


def _reports(day: Practice) -> Verdict | None:
    held = [("EMR", one) for one in day.lab.emr.exceptions()] + [("PACS", one) for one in day.lab.pacs.exceptions()]
    if held:
        system, first = held[0]
        return wrong(
            "exceptions",
            f"{len(held)} reports wait in an exceptions queue, the first one in the {system}'s: {first.reason}. Each "
            "report needs the order of its own patient: the item says its number in "
            "PlacerOrderNumberImagingServiceRequest.",
        )
    for booking in day_of(story_day.TODAY, "examined"):
        (step,) = day.steps(booking)
        number = step.accession_number
        both = (("EMR", day.lab.emr.report(number)), ("PACS", day.lab.pacs.reports.current(number)))
        for system, report in both:
            where = f"{booking.patient.name}, {number}"
            if report is None:
                return wrong(
                    "not reported",
                    f"{where}: the {system} has no report. After examine, call report with the accession number and "
                    "the order of this patient.",
                )
            answered = report.placer_order_number or "(no number)"
            if answered != step.placer_order_number:
                return wrong(
                    "not its order",
                    f"{where}: the {system}'s report answers the order {answered}, and the examination was ordered as "
                    f"{step.placer_order_number}. Take the order from orders: the item says its number in "
                    "PlacerOrderNumberImagingServiceRequest.",
                )
            if report.patient_id != step.patient_id:
                return wrong("report of another patient", f"{where}: the {system}'s report is on {report.patient_id}.")
            if report.status not in DONE:
                return wrong(
                    "not final",
                    f"{where}: the {system}'s report has status {report.status.value} (OBR-25). At the day's end it "
                    "has to be F, final.",
                )
    return None


def _said(day: Practice, returned: Any) -> Verdict:
    started = list(day.started())
    if returned is ...:
        return wrong("return", "The day runs, and the function still ends with return ... Give back done there.")
    if not isinstance(returned, (list, tuple)) or list(map(str, returned)) != started:
        return wrong(
            "returns",
            "All systems agree. The function has to give back the accession numbers in the order of work, as a list: "
            "append what examine gives to done, and return done.",
        )
    return right(
        f"A department of its own ran your day: {', '.join(started)} were examined in this order, one step is "
        "CANCELED, one is still SCHEDULED. The PACS has four studies, EMR and PACS have four final reports each, and "
        "nothing waits in an exceptions queue."
    )
