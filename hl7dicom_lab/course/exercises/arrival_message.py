"""The check of exercise 03-e3: whether an ADT^A04 that was written by hand brings Lars Åkesson's step to ARRIVED.

HL7 v2.3.1 section 3.2.4 (ADT^A04) and chapter 2 (MSH). Rule: a message that would put wrong data on somebody's line, or
that is not about his visit, is not sent, and the verdict says so; any other goes to the RIS, and its answer counts.
"""

from __future__ import annotations

import re
from typing import Any

from hl7dicom_lab import story, story_day
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import acknowledge, checks
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import StepStatus, WorklistItem
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.verdict import Verdict, right, wrong

_LARS = story_day.LARS_AKESSON
_VISIT = story_day.TODAY[1].visit_number
_ARRIVES = "202603020930"
_SEGMENTS = ("MSH", "EVN", "PID", "PV1")
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_KEPT_BACK = "The check has not sent it."


def check_arrival(lab: Lab, answer: Any) -> Verdict:
    """Send the message to the RIS, unless it would do harm; the verdict on what it brought about."""
    if _step(lab) is None:
        return wrong("no order", "The RIS has no order for Lars Åkesson. Run the cell that places it, then this one.")
    text = _as_text(answer)
    if text is None:
        return wrong(
            "form", "The answer is a list of four texts, a segment each, as in check_in; send() makes bytes of it."
        )
    problem = _not_the_segments(text)
    if problem is not None:
        return problem
    try:
        message = Message.parse(text.encode("utf-8"))
    except Hl7Fault:
        return _unreadable(lab, text)
    return _kept_back(message) or _sent(lab, text, message)


def _as_text(answer: Any) -> str | None:
    """The message as the lesson's `send` puts it together; None for what is no text and no list of texts."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, (list, tuple)) and all(isinstance(one, str) for one in answer):
        return "\r".join(answer) + "\r"
    return None


def _not_the_segments(text: str) -> Verdict | None:
    """What is wrong with the list as such: most often a comma too many or too few. None where it has its segments."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    names = [line.partition("|")[0] for line in lines]
    if not names or names[0] != "MSH":
        begins = lines[0][:12] if lines else ""
        return wrong(
            "no header", f"A message begins with MSH and |; yours begins with {begins!r}. MSH is the first text."
        )
    for name, line in zip(names, lines, strict=True):
        if not _SEGMENT_NAME.fullmatch(name):
            return wrong(
                "no segment",
                f"One text begins with {line[:12]!r}, and a segment begins with its name, such as PID, and |. A comma "
                "ends a segment: between the two halves of MSH there is none.",
            )
    missing = [name for name in _SEGMENTS if name not in names]
    if missing:
        return wrong(
            "missing segment",
            f"The message has {', '.join(names)}, and {missing[0]} is missing. Four segments belong to it, in this "
            "order: MSH, EVN, PID, PV1. Does a comma stand at the end of each one?",
        )
    return None


def _unreadable(lab: Lab, text: str) -> Verdict:
    """What the RIS says of a message that nobody can read."""
    header = text.partition("\r")[0].split("|")
    if not header[9:10] or not header[9].strip():
        return wrong("no control id", "MSH-10 is empty, so no answer could be matched to the message. Give it an id.")
    answer = _answer(lab, text)
    said = f"The RIS answers {answer.code}: {answer.text}"
    if not text.isascii() and "UNICODE UTF-8" not in header[17:18]:
        return wrong(
            "no character set",
            f"{said}. The name has the letter Å, which is not ASCII, and MSH-18 does not say that the bytes are UTF-8. "
            "Compare with the end of Elena's MSH: MSH-18 names the character set of the message.",
        )
    return wrong("unreadable", said)


def _kept_back(message: Message) -> Verdict | None:
    """What would put wrong data on the worklist, or is about something else; None for a message that may go."""
    if message.event == "A08":
        return wrong(
            "update",
            f"MSH-9: A08 changes the patient's data and moves no step. A04 registers a visit. {_KEPT_BACK}",
        )
    if message.event in ("A01", "A10"):
        return wrong(
            "event",
            f"MSH-9 says {message.event}. A visit of an outpatient is registered with A04, and so is his. {_KEPT_BACK}",
        )
    if message.get("PID-3.1") == story.PATIENT.identifier.value:
        return wrong(
            "another patient",
            "PID-3 still holds Elena Rivera's number, so her line would get his name. The number decides whom a "
            f"message is about, not the name. {_KEPT_BACK}",
        )
    if message.get("PID-3.1") != _LARS.identifier.value:
        return None  # nobody on the worklist has this number: let the RIS say so
    return _another_name(message) or _other_demographics(message) or _another_visit(message)


def _another_name(message: Message) -> Verdict | None:
    family, given = message.get("PID-5.1"), message.get("PID-5.2")
    if (family or given) and (family, given) != (_LARS.name.family, _LARS.name.given):
        return wrong(
            "name",
            f"PID-5 says family {family!r}, given {given!r}, and the worklist would show that. The family name is the "
            f"first component, the given name the second, spelled as the order has them. {_KEPT_BACK}",
        )
    more = [message.get(f"PID-5.{number}") for number in (3, 4, 5)]
    if any(more):
        return wrong(
            "rest of a name",
            f"PID-5 has {next(filter(None, more))!r} behind the given name. Is that left over from Elena? The worklist "
            f"would show it. His name is a family name and a given name, no more. {_KEPT_BACK}",
        )
    return None


def _other_demographics(message: Message) -> Verdict | None:
    born, sex = message.get("PID-7"), message.get("PID-8.1")
    others_birth_date = checks.is_timestamp(born) and born[:8] != _LARS.birth_date
    if others_birth_date or (sex in checks.SEXES and sex != _LARS.sex):
        return wrong(
            "demographics",
            f"PID-7 says {born!r}, PID-8 {sex!r}. Is one of them still Elena's? {_KEPT_BACK}",
        )
    empty = next((path for path, value in (("PID-7", born), ("PID-8", sex)) if not value), "")
    if empty:
        return wrong(
            "empty",
            f"{empty} is empty. The birth date is field 7 of PID, the sex field 8: compare the bars with those of "
            f"Elena's PID. {_KEPT_BACK}",
        )
    return None


def _another_visit(message: Message) -> Verdict | None:
    visit = message.get("PV1-19.1")
    if visit == story.VISIT.number.value:
        return wrong("visit", f"PV1-19 still holds the number of Elena's visit. His is {_VISIT}. {_KEPT_BACK}")
    if visit != _VISIT:
        return wrong(
            "visit",
            f"PV1-19 says {visit!r}, and his visit is {_VISIT}. Count the bars: the number belongs to field 19. It is "
            f"easiest to copy Elena's PV1 and to change nothing but the number. {_KEPT_BACK}",
        )
    if message.get("EVN-1") not in ("", message.event):
        return wrong(
            "two events", f"MSH-9 says {message.event}, EVN-1 {message.get('EVN-1')}: it is one event. {_KEPT_BACK}"
        )
    return None


def _sent(lab: Lab, text: str, message: Message) -> Verdict:
    if not message.control_id:
        return wrong("no control id", "MSH-10 is empty, so no answer could be matched to the message. Give it an id.")
    before = _step(lab)
    answer = _answer(lab, text)
    if answer.error_code == "205":
        return wrong(
            "used control id",
            "MSH-10: the RIS has accepted another message with this control id before, perhaps an earlier attempt of "
            "yours. A changed message is a new message: give it an id that was not used yet, such as HAND0004.",
        )
    if not answer.accepted:
        return wrong("refused", f"The RIS answers {answer.code}, error {answer.error_code}: {answer.text}")
    verdict = _brought_about(message, answer, _step(lab))
    if verdict.correct and before is not None and before.status is not StepStatus.SCHEDULED:
        return right(f"{verdict.words} (It was so before this message: an earlier one has moved it.)")
    return verdict


def _answer(lab: Lab, text: str) -> Acknowledgment:
    host, port = lab.ris.hl7.host, lab.ris.hl7.port
    with MllpSender(host, port, trace=lab.trace, system=story.EMR, peer=story.RIS, timeout=5, attempts=1) as sender:
        return acknowledge.read(sender.send(text.encode("utf-8")))


def _brought_about(message: Message, answer: Acknowledgment, step: WorklistItem | None) -> Verdict:
    said = f"The RIS answers {answer.code}: {answer.text}."
    number, issuer = message.get("PID-3.1"), message.get("PID-3.4.1")
    again = "Mend it, and give the changed message a new MSH-10."
    if number != _LARS.identifier.value:
        return wrong(
            "unknown patient",
            f"{said} It has accepted the message, and no step of his has moved: PID-3 says {number!r}, and the order "
            f"was placed for another medical record number. {again}",
        )
    if issuer not in ("", _LARS.identifier.issuer):
        return wrong(
            "another issuer",
            f"{said} It has accepted the message, and no step of his has moved: PID-3.4 says that {issuer!r} issued "
            f"the number. The same number from another issuer is another person. {again}",
        )
    if step is None or step.status is StepStatus.SCHEDULED:
        return wrong("nothing arrived", f"{said} His step is still SCHEDULED. Is MSH-9 ADT^A04?")
    return right(f"{said} The step {step.accession_number} is {step.status.value}.{_remarks(message)}")


def _remarks(message: Message) -> str:
    """What went well here and may go wrong elsewhere."""
    if not message.get("PID-3.4.1"):
        return " PID-3.4 is empty, though: where two hospitals number their patients, a RIS could not tell whose he is."
    if not all(message.get(path).startswith(_ARRIVES) for path in ("MSH-7", "EVN-2")):
        return " MSH-7 and EVN-2 should both say when he came, though: 09:30."
    return ""


def _step(lab: Lab) -> WorklistItem | None:
    """His step in the order book, on the worklist or not."""
    steps = lab.ris.order_book.steps(patient_id=_LARS.identifier.value)
    return steps[0].item if steps else None
