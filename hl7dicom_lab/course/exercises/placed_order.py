"""The checks of exercises 02-e3 and 02-e4: an order that the learner mends or writes, and what the RIS makes of it.

Clinical step: the EMR places an order (HL7 v2.3.1 chapter 4; IHE RAD-2). Rules: the message goes to the RIS over a real
connection and the RIS decides; a value that it would take although another one is ordered is told before anything is
sent, so that the order can still be placed when it is right; and an order that an earlier try has placed counts only
where the message and what the RIS holds are both right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab import story
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.groups import orders as orders_in
from hl7dicom_lab.hl7v2.header import control_id_of
from hl7dicom_lab.hl7v2.message import Message, Segments
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.order_to_worklist import get, order_to_worklist
from hl7dicom_lab.mapping.table import STEP
from hl7dicom_lab.model import WorklistItem
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.verdict import Verdict, right, wrong

_MODALITIES = [station.modality for station in story.STATIONS]

#: Where a field's value arrives on the worklist.
_PATHS = {
    "PID-3": "PatientID",
    "PID-5": "PatientName",
    "PID-7": "PatientBirthDate",
    "PID-8": "PatientSex",
    "PV1-19": "AdmissionID",
    "OBR-24": f"{STEP}.Modality",
    "date": f"{STEP}.ScheduledProcedureStepStartDate",
    "time": f"{STEP}.ScheduledProcedureStepStartTime",
}

#: Where the RIS finds fault: the mistake's name, and what to say beside the RIS's own words.
_ADVICE = {
    "MSH-10": ("control id", "A message with other content needs a control id that is new."),
    "OBR-24": ("modality", "OBR-24 holds the modality in DICOM's two letters."),
    "PID-7": ("birth date", "HL7 writes a date as year, month, day: YYYYMMDD."),
}


@dataclass(frozen=True)
class Task:
    """What is to be ordered. `used` are control ids that number other messages; `refused` is the one to be mended."""

    booking: Booking
    order_number: str
    used: frozenset[str]
    refused: str = ""


def check_order(lab: Lab, answer: Any, task: Task) -> Verdict:
    """Send the learner's message; right is what the RIS holds as it was ordered."""
    if not isinstance(answer, str):
        return _no_text(answer)
    fault = next(_faults_of_message(answer, task), None)
    if fault is not None:
        return fault
    body = answer.encode("utf-8")
    ack = lab.emr.send(body)
    known = ack.error_code == "205"  # an earlier try has placed it: message and order are looked at, one by one
    if not (ack.accepted or known):
        return _refusal(ack)
    fault = next(_other_values(body, task, strict=True), None)
    if fault is not None:
        return fault
    unended = "" if answer.endswith("\r") else " The last segment has no CR; this RIS takes it, another one may not."
    return _what_is_held(lab, task, ack, unended)


def _refusal(ack: Acknowledgment) -> Verdict:
    name, advice = _ADVICE.get(ack.location.partition(".")[0], ("refused", "Mend what it names."))
    return wrong(name, f"The RIS answers {ack.code}. {ack.text}. {advice}")


def _what_is_held(lab: Lab, task: Task, ack: Acknowledgment, note: str) -> Verdict:
    held = next((one for one in lab.ris.steps() if one.placer_order_number == task.order_number), None)
    if held is None:
        return _refusal(ack)
    item = read_data_set(held.data_set, ExplicitVRLittleEndian)
    born = str(item.get("PatientBirthDate", ""))
    if not _as_ordered(held, task.booking, (born, str(item.get("PatientSex", "")))):
        return wrong(
            "earlier try",
            f"Your message is right now. But the RIS keeps order {task.order_number} as an earlier try has placed it: "
            f"{held.patient_name}, born {born}, {held.modality}, start {held.start[:12]}. It takes no second order "
            "with this number. Choose Run, then Run All Above Selected Cell, so that the department begins anew; then "
            "run this cell.",
        )
    return right(
        f"The RIS holds the order: {held.patient_name}, {held.modality} on {held.start[:8]} at "
        f"{held.start[8:12].ljust(4, '0')}, accession number {held.accession_number}.{note}"
    )


def _as_ordered(held: WorklistItem, booking: Booking, born_and_sex: tuple[str, str]) -> bool:
    patient = booking.patient
    who = (held.patient_id, held.patient_name, *born_and_sex)
    what = (held.modality, held.start[:12].ljust(12, "0"))
    return who == (patient.identifier.value, _name_of(booking), patient.birth_date, patient.sex) and what == (
        booking.modality,
        f"{booking.at:%Y%m%d%H%M}",
    )


def _name_of(booking: Booking) -> str:
    return f"{booking.patient.name.family}^{booking.patient.name.given}"


# -- the message: its form, then its values --


def _no_text(answer: Any) -> Verdict:
    if isinstance(answer, Mapping):
        return _no_order()
    if isinstance(answer, (list, tuple)) and answer and all(isinstance(one, str) for one in answer):
        return wrong(
            "not joined",
            'This is a list of segments. One text is expected: join them with "\\r", as in the cell of Marco Rivera.',
        )
    kind = type(answer).__name__
    return wrong(
        "no text",
        f"The text of a whole message is expected, beginning with MSH, and this is a value of type {kind}. Bytes and "
        "frame are made of it when it is sent.",
    )


def _no_order() -> Verdict:
    return wrong(
        "answer",
        "This is an answer of the RIS, and the order is expected: the text that you give to ask, beginning with MSH.",
    )


def _faults_of_message(text: str, task: Task) -> Iterator[Verdict]:
    if not text.startswith("MSH"):
        yield wrong("no message", "The text of a whole message is expected. It begins with MSH, and segments follow.")
    if "\rMSA|" in text:
        yield _no_order()
    if "\\r" in text:
        yield wrong(
            "spelled out",
            "The message holds a backslash and the letter r, two characters, where CR has to be. Write it with one "
            'backslash and without r before the quotation marks: "\\r".',
        )
    if "\n" in text:
        yield wrong("LF", "The segments end with LF (\\n). HL7 ends a segment with CR, 0x0D: write \\r.")
    if "\r" not in text.rstrip("\r") and "PID" in text:
        yield wrong("no CR", 'All segments stand in one line. CR has to part them: join the segments with "\\r".')
    if not control_id_of(text.encode("utf-8")):
        yield wrong("no control id", "MSH-10 is empty, so no answer could name this message. Count the bars of MSH.")
    yield from _other_values(text.encode("utf-8"), task)


def _other_values(body: bytes, task: Task, *, strict: bool = False) -> Iterator[Verdict]:
    """Values that are not what is ordered. What the RIS refuses, it says itself, unless `strict` is asked for."""
    try:
        (order, *_) = orders_in(Message.parse(body))
        item = order_to_worklist(order).data_set
    except Hl7Fault as fault:
        if strict:
            yield wrong("refused", f"{fault}. Mend what it names.")
        return
    missing = [name for name in ("PID", "OBR") if order.first(name) is None]
    if missing:
        if strict:
            yield wrong("refused", f"The message has no segment {missing[0]}.")
        return
    left = () if strict else ("",)
    found = {field: str(get(item, path) or "") for field, path in _PATHS.items()}
    yield from _other_patient(order, found, task.booking, left)
    yield from _other_visit(order, found, task.booking)
    yield from _other_request(order, found, task, left)
    if found["OBR-24"] in _MODALITIES:
        yield from _used_control_id(control_id_of(body), task)


def _used_control_id(control_id: str, task: Task) -> Iterator[Verdict]:
    if control_id == task.refused:
        yield wrong(
            "same control id",
            f"MSH-10 is still {control_id}. A mended message is a new message with a new number.",
        )
    if control_id in task.used:
        yield wrong(
            "control id",
            f"MSH-10 is {control_id}, and that number stands for another message above. MSH-10 numbers one message; "
            "the task names the number to take.",
        )


def _other_patient(
    order: Segments, found: Mapping[str, str], booking: Booking, left: tuple[str, ...]
) -> Iterator[Verdict]:
    patient, name = booking.patient, _name_of(booking)
    number = patient.identifier.value
    if found["PID-3"] not in (number, *left):
        yield wrong("patient", f"PID-3 holds {found['PID-3']!r}; {number} is the number of the patient in question.")
    if found["PID-3"] and (order.get("PID-3.4"), order.get("PID-3.5")) != (story.ISSUER, "MR"):
        yield wrong(
            "issuer",
            f"PID-3 holds {order.raw('PID-3')!r}. Its fourth component says who has issued the number, its fifth which "
            "kind of number it is. Look at the PID of Marco Rivera.",
        )
    if found["PID-5"].casefold() not in (name.casefold(), *left):
        yield wrong(
            "name",
            f"PID-5 holds {order.raw('PID-5')!r}. The family name comes first, then ^ and the given name; nothing else "
            "is known of him.",
        )
    if found["PID-5"] not in (name, *left):
        yield wrong("capitals", f"PID-5 holds {order.raw('PID-5')!r}. Write the name with capitals as it is given.")
    if not found["PID-7"]:
        yield wrong(
            "no birth date",
            "PID-7 is empty or no full date. The RIS would take the order, and no scanner would show when he was born.",
        )
    if found["PID-7"] != patient.birth_date:
        yield wrong(
            "other birth date",
            f"PID-7 says {found['PID-7']}, which is a possible date and not his. It is year, then month, then day.",
        )
    if found["PID-8"] != patient.sex:
        yield wrong("sex", f"PID-8 holds {order.get('PID-8')!r}; a man is M in table 0001.")


def _other_visit(order: Segments, found: Mapping[str, str], booking: Booking) -> Iterator[Verdict]:
    if found["PV1-19"] != booking.visit_number:
        yield wrong(
            "visit",
            f"PV1-19 holds {found['PV1-19']!r}. By the visit number, {booking.visit_number}, check-in finds the order.",
        )
    if order.get("PV1-2") != "O":
        yield wrong("class", f"PV1-2 holds {order.get('PV1-2')!r}. The class of an outpatient is O.")


def _other_request(order: Segments, found: Mapping[str, str], task: Task, left: tuple[str, ...]) -> Iterator[Verdict]:
    booking, placer = task.booking, order.get("ORC-2.1")
    if order.get("ORC-1") not in ("NW", *left):
        yield wrong("order control", f"ORC-1 holds {order.get('ORC-1')!r}; a new order is NW.")
    if placer not in (task.order_number, *left):
        yield wrong(
            "order number", f"ORC-2 holds {placer!r}; ORC-2 numbers one order, and {task.order_number} is this one's."
        )
    if placer and order.get("OBR-2.1") != placer:
        yield wrong("other number", f"OBR-2 holds {order.get('OBR-2')!r}. It repeats the order number of ORC-2.")
    code, words, scheme = booking.procedure.value, booking.procedure.meaning, booking.procedure.scheme
    said = tuple(order.get(f"OBR-4.{number}") for number in (1, 2, 3))
    if said[0] not in (code, *left) or said[2] != scheme or said[1].casefold() != words.casefold():
        yield wrong(
            "procedure",
            f"OBR-4 holds {order.raw('OBR-4')!r}. It has three components: the code {code}, the words, and whose code "
            f"it is, {scheme}.",
        )
    if found["OBR-24"] not in _MODALITIES and not left:
        yield wrong("modality", f"OBR-24 holds {order.get('OBR-24')!r}. {_ADVICE['OBR-24'][1]}")
    if found["OBR-24"] in _MODALITIES and found["OBR-24"] != booking.modality:
        yield wrong(
            "other modality", f"OBR-24 says {found['OBR-24']}: there is such a scanner, but not this one is ordered."
        )
    yield from _other_timing(order, found["date"] + found["time"], booking)


def _other_timing(order: Segments, start: str, booking: Booking) -> Iterator[Verdict]:
    if not start:
        yield wrong(
            "no start", "ORC-7 names no start in its fourth component. The RIS would schedule the examination for now."
        )
    elif start.ljust(14, "0") != f"{booking.at:%Y%m%d%H%M%S}":
        yield wrong("other start", f"ORC-7 starts at {start}; {booking.at:%Y-%m-%d, %H:%M} is ordered.")
    priority = order.get("ORC-7.6")
    if priority not in ("", booking.priority):  # empty: routine
        yield wrong(
            "priority", f"ORC-7 has the priority {priority!r} in its sixth component. A routine order has R there."
        )
