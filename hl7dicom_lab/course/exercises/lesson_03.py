"""Lesson 03: a name in two languages, the way of six values, and a check-in message of one's own.

HL7 v2.5.1 section 2.A.88 and PS3.5 section 6.2.1 (names); the mapping table. The third check stands in
`arrival_message`. Rule: a field is right if the RIS's own record, or the table behind it, names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydicom.valuerep import PersonName

from hl7dicom_lab import story
from hl7dicom_lab.course.exercise import Exercise, Mistake, YourCodeRaises, call
from hl7dicom_lab.course.exercises.arrival_message import check_arrival
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST
from hl7dicom_lab.model import WorklistItem
from hl7dicom_lab.verdict import Verdict, right, wrong

#: Names as PID-5 has them and as DICOM has them, the story's own first.
_NAMES = (
    ("Rivera^Elena^Maria^^Ms", "Rivera^Elena^Maria^Ms"),
    ("Okonkwo^Chidi^^Jr", "Okonkwo^Chidi^^^Jr"),
    ("Haddad^Samir^^Sr^Dr", "Haddad^Samir^^Dr^Sr"),
    ("Tanaka^Yuki", "Tanaka^Yuki"),
)


def _check_name(_: Lab, answer: Any) -> Verdict:
    for xpn, pn in _NAMES:
        try:
            given = call(answer, xpn)
        except YourCodeRaises as problem:
            if "IndexError" not in problem.words:
                raise
            return _past_the_end(xpn, problem.words)
        if not isinstance(given, (str, PersonName)):
            kind = type(given).__name__
            return wrong("no text", f"For {xpn} the function gives a value of type {kind}. A name is one text.")
        if str(given).rstrip("^") != pn:
            return _wrong_name(xpn, pn, str(given).rstrip("^"))
    return right("All four names come out as the worklist has them: prefix in the fourth place, suffix in the fifth.")


def _past_the_end(xpn: str, words: str) -> Verdict:
    if xpn == _NAMES[0][0]:
        return wrong("counted from one", f"{words} Python counts from 0: the five parts are parts[0] to parts[4].")
    return wrong(
        "short names",
        f"{words} A name may have fewer than five parts, such as {xpn}. Fill the list up with empty texts before "
        "you take parts out of it; the second line of the function does that.",
    )


def _wrong_name(xpn: str, pn: str, given: str) -> Verdict:
    said, parts = f"{xpn} becomes {given!r}.", given.split("^")
    if "^" not in given:
        return wrong(
            "no separators", f"{said} DICOM keeps the parts of a name apart too: put ^ between them, no space."
        )
    if parts[0] != pn.split("^", maxsplit=1)[0]:
        return wrong(
            "given first", f"{said} In both languages the family name is the first part, the given name second."
        )
    if given == xpn:
        return wrong(
            "not swapped",
            f"{said} That is still the order of HL7: suffix in the fourth place, prefix in the fifth. In a PN "
            "(PS3.5 section 6.2.1) these two stand the other way round.",
        )
    if "^".join(filter(None, parts)) == "^".join(filter(None, pn.split("^"))):
        return wrong(
            "empty parts left out",
            f"{said} An empty part is missing, so the parts behind it have moved to another place: a suffix becomes a "
            "middle name. Join all five parts, the empty ones too.",
        )
    lost = [part for part in pn.split("^") if part and part not in parts]
    if lost:
        return wrong("lost", f"{said} {lost[0]!r} is lost. Give all five parts back, also those that are often empty.")
    return wrong("other", f"{said} The five parts of a PN are family, given, middle, prefix, suffix, in this order.")


_ATTRIBUTES = {
    "PatientID": "PID-3",
    "PatientBirthDate": "PID-7",
    "Modality": "OBR-24",
    "ScheduledProcedureStepStartTime": "ORC-7",
    "PlacerOrderNumberImagingServiceRequest": "ORC-2",
    "ReasonForTheRequestedProcedure": "OBR-31",
}
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})\s*[-.\s]\s*F?(\d{1,3})(?:[-.]\d{1,2}){0,2}")

#: Fields that people take for the right one, and what they are.
_TAKEN_FOR = {
    ("ScheduledProcedureStepStartTime", "ORC-9"): (
        "transaction time",
        "ORC-9 says when the order was entered into the EMR, at 08:00:01. The worklist says 09:30: look for the field "
        "in which this time is planned.",
    ),
    ("ScheduledProcedureStepStartTime", "OBR-7"): (
        "observation time",
        "OBR-7 says when the examination was made, and is empty in this order. The plan stands in the order's timing.",
    ),
    ("PlacerOrderNumberImagingServiceRequest", "ORC-3"): (
        "filler number",
        "ORC-3 is the number of the filler, the RIS, and is empty in a new order. The placer is the EMR, and its "
        "number stands beside it.",
    ),
    ("PatientID", "PID-3.4"): (
        "issuer",
        "PID-3.4 says who issued the number: it becomes IssuerOfPatientID. The number itself is the first component.",
    ),
    ("PatientID", "PID-18"): (
        "account number",
        "PID-18 is for the number of an account, which belongs to a bill and not to a person. Look for NG-100237.",
    ),
}


def _check_origins(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, Mapping):
        return wrong("no dictionary", "The answer is a dictionary: an attribute, a colon, and the HL7 field as text.")
    missing = [name for name in _ATTRIBUTES if name not in answer]
    if missing:
        return wrong("missing", f"The dictionary has no {missing[0]}. Keep the six names as the exercise writes them.")
    step = _step_of(lab, story.PATIENT.identifier.value)
    if step is None:
        return wrong("no order", "Elena Rivera is not on the worklist. Run the first cell of the lesson, then this.")
    found = (_wrong_field(lab, step, name, str(answer[name]).strip().upper()) for name in _ATTRIBUTES)
    all_right = right("All six. The RIS's own record, which the next cell draws, says the same.")
    return next((verdict for verdict in found if verdict is not None), all_right)


def _wrong_field(lab: Lab, step: WorklistItem, name: str, given: str) -> Verdict | None:
    """What is wrong with the field that is given for an attribute; None where it is right."""
    path = _FIELD.fullmatch(given)
    if not path:
        return wrong("no field", f"{given!r} is no HL7 field. Write segment, hyphen and number, such as PID-5.")
    field = f"{path[1]}-{int(path[2])}"
    if (name, given) in _TAKEN_FOR or (name, field) in _TAKEN_FOR:
        return wrong(*(_TAKEN_FOR.get((name, given)) or _TAKEN_FOR[name, field]))
    row = next(row for row in ORDER_TO_WORKLIST if row.attribute.rpartition(".")[2] == name)
    value = next(one.value for one in step.origins if one.attribute == row.attribute)
    if field in {one.partition(".")[0] for one in row.orm}:
        return _another_component(name, given, _component_of(step, row.attribute), value)
    holds = _field_of_order(lab, field)
    if holds:
        return wrong(
            "other field",
            f"{name}: {field} holds {holds!r} in this order, and the worklist says {value!r}. Look in the outputs "
            "above for the field that holds this value.",
        )
    return wrong(
        "empty field",
        f"{name}: {field} holds nothing in this order, and the worklist says {value!r}. Count again, or take the "
        "number that the cell above printed: the segment's name is place 0, the first field is 1.",
    )


def _component_of(step: WorklistItem, attribute: str) -> str:
    """The component from which the RIS read the value of an attribute, by its own record; the whole field is 1."""
    source = next(one.source for one in step.origins if one.attribute == attribute)
    return source.partition(".")[2] or "1"


def _another_component(name: str, given: str, component: str, value: str) -> Verdict | None:
    """A component may stay away; where it is there, it has to be the one that holds the value."""
    said = re.split(r"[-.]", given, maxsplit=2)[2:]  # of PID-3.5 the 5; nothing of PID-3
    if not said or said[0] == component:
        return None
    return wrong(
        "component",
        f"{name}: the field is the right one, but its component {said[0]} does not hold {value!r}. Count the parts "
        "between the ^, beginning with 1, or write the field alone.",
    )


def _field_of_order(lab: Lab, field: str) -> str:
    """What a field of Elena Rivera's order holds, as it was sent."""
    for row in lab.trace.rows(protocol="HL7"):
        body = row.decoded.raw.strip(b"\x0b\x1c\r")
        if row.decoded.kind.startswith("ORM") and story.PATIENT.identifier.value.encode() in body:
            return Message.parse(body).raw(field)
    return ""


def _step_of(lab: Lab, patient_id: str) -> WorklistItem | None:
    """The first step of a patient in the order book, on the worklist or not."""
    steps = lab.ris.order_book.steps(patient_id=patient_id)
    return steps[0].item if steps else None


def _to_dicom(last: str, filled_up: str = '    parts += [""] * (5 - len(parts))\n') -> str:
    """The code of an answer to 03-e1."""
    return f'def to_dicom(name):\n    parts = name.split("^")\n{filled_up}    return {last}'


def _joined(*places: int) -> str:
    return f'"^".join([{", ".join(f"parts[{place}]" for place in places)}])'


def _came_from(**changed: str) -> str:
    """The code of an answer to 03-e2."""
    lines = [f'    "{name}": "{field}",' for name, field in (_ATTRIBUTES | changed).items()]
    return "\n".join(["came_from = {", *lines, "}"])


def _arrival(
    event: str = "A04",
    control_id: str = "HAND0003",
    charset: str = "||||||UNICODE UTF-8",
    identifier: str = "NG-100318^^^NORTHGATE^MR",
    person: str = "Åkesson^Lars||19710214|M",
    visit: str = "V-2026-0413",
    in_msh: str = "",
) -> str:
    """The code of an answer to 03-e3."""
    lines = (
        rf'    r"MSH|^~\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302093000||ADT^{event}"{in_msh}',
        f'    "|{control_id}|P|2.3.1{charset}",',
        f'    "EVN|{event}|20260302093000",',
        f'    "PID|1||{identifier}||{person}",',
        f'    "PV1|1|O|IMAGING^WAITING^1||||||||||||||||{visit}^^^NORTHGATE^VN",',
    )
    return "\n".join(["arrival = [", *lines, "]"])


_START_TIME = "ScheduledProcedureStepStartTime"
_SENT_BEFORE = '\nbefore = "\\r".join(arrival).replace("NG-100318", "NG-999999")\nlab.emr.send(before.encode("utf-8"))'

EXERCISES = (
    Exercise(
        id="03-e1",
        title="Write a name the DICOM way",
        answer="to_dicom",
        check=_check_name,
        hints=(
            "Five parts go in, and five come out. Which two of them change places?",
            'Give back "^".join([...]) with five parts: the first three as they are, then the prefix, then the suffix.',
            "The list begins with parts[0], parts[1], parts[2]. The suffix is parts[3], the prefix parts[4].",
        ),
        solution=_to_dicom(_joined(0, 1, 2, 4, 3)),
        mistakes=(
            Mistake("not swapped", _to_dicom("name"), "still the order of HL7"),
            Mistake("empty parts left out", _to_dicom('"^".join(filter(None, parts))'), "becomes a middle name"),
            Mistake("given first", _to_dicom(_joined(1, 0, 2, 4, 3)), "family name is the first"),
            Mistake("no separators", _to_dicom('f"{parts[4]} {parts[1]} {parts[0]}"'), "put ^ between them"),
            Mistake("counted from one", _to_dicom(_joined(1, 2, 3, 5, 4)), "counts from 0"),
            Mistake("short names", _to_dicom(_joined(0, 1, 2, 4, 3), filled_up=""), "fewer than five parts"),
        ),
    ),
    Exercise(
        id="03-e2",
        title="Find where each value came from",
        answer="came_from",
        check=_check_origins,
        hints=(
            "Take one value after the other, and look for it in the outputs of the cells above.",
            "The patient's values stand in PID. The others stand in ORC and OBR, numbered in the last output.",
            "They are PID-3, PID-7, OBR-24, ORC-7, ORC-2 and OBR-31, in the order of the six attributes.",
        ),
        solution=_came_from(),
        mistakes=(
            Mistake("transaction time", _came_from(**{_START_TIME: "ORC-9"}), "when the order was entered"),
            Mistake("observation time", _came_from(**{_START_TIME: "OBR-7"}), "examination was made"),
            Mistake(
                "filler number", _came_from(PlacerOrderNumberImagingServiceRequest="ORC-3"), "of the filler, the RIS"
            ),
            Mistake("issuer", _came_from(PatientID="PID-3.4"), "who issued the number"),
            Mistake("component", _came_from(**{_START_TIME: "ORC-7.6"}), "the field is the right one"),
            Mistake("account number", _came_from(PatientID="PID-18"), "belongs to a bill"),
            Mistake("empty field", _came_from(Modality="OBR-23"), "OBR-23 holds nothing"),
            Mistake("other field", _came_from(ReasonForTheRequestedProcedure="OBR-4"), "OBR-4 holds"),
            Mistake("no field", _came_from(PatientBirthDate="(0010,0030)"), "is no HL7 field"),
        ),
    ),
    Exercise(
        id="03-e3",
        title="Check Lars Åkesson in",
        answer="arrival",
        check=check_arrival,
        hints=(
            "Copy the four texts of check_in and go through them field by field: what is Elena's, and what stays?",
            "MSH: time and MSH-10. EVN: the time. PID: fields 3, 5, 7 and 8. PV1: only the visit number, PV1-19.",
            'PID is "PID|1||NG-100318^^^NORTHGATE^MR||Åkesson^Lars||19710214|M". In the other three, change the rest.',
        ),
        # Its own control id: the learner's attempts may have used the one that the exercise names.
        solution=_arrival(control_id="HAND0003S"),
        before="from hl7dicom_lab import story_day\nlab.emr.place(story_day.TODAY[1].order())",
        mistakes=(
            Mistake("another patient", _arrival(identifier="NG-100237^^^NORTHGATE^MR"), "her line would get his name"),
            Mistake(
                "unknown patient",
                _arrival(control_id="HAND0004", identifier="100318^^^NORTHGATE^MR"),
                "for another medical record number",
            ),
            Mistake(
                "another issuer",
                _arrival(control_id="HAND0005", identifier="NG-100318^^^RIS^MR"),
                "another issuer is another person",
            ),
            Mistake("name", _arrival(person="Lars^Åkesson||19710214|M"), "The family name is the first component"),
            Mistake("demographics", _arrival(person="Åkesson^Lars||19840617|F"), "Is one of them still Elena's"),
            Mistake("rest of a name", _arrival(person="Åkesson^Lars^Maria^^Ms||19710214|M"), "left over from Elena"),
            Mistake("visit", _arrival(visit="V-2026-0412"), "number of Elena's visit"),
            Mistake("no segment", _arrival(in_msh=","), "between the two halves of MSH"),
            Mistake("update", _arrival(event="A08"), "moves no step"),
            Mistake("no character set", _arrival(charset=""), "MSH-18 does not say"),
            Mistake("refused", _arrival(person="Åkesson^Lars||1971-02-14|M"), "The RIS answers AE"),
            Mistake("used control id", _arrival() + _SENT_BEFORE, "has accepted another message"),
        ),
    ),
)
