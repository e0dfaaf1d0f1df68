"""Lesson 02: questions about the order, its frame and its acknowledgment."""

from __future__ import annotations

from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Ordering,
    Pair,
    Place,
    ShortText,
    Wrong,
)
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import WorklistItem


def _first_order(lab: Lab) -> WorklistItem:
    return next(one for one in lab.ris.steps() if one.placer_order_number == "P00001")


def _order_messages(lab: Lab) -> int:
    return sum(row.decoded.kind == "ORM^O01" for row in lab.trace.rows(system="RIS"))


QUESTIONS = (
    Matching(
        id="02-q1",
        text="Which segment of an order answers which question?",
        pairs=(
            Pair("MSH", "Who wrote the message, and to whom?", "MSH-3 to MSH-6 hold sender and receiver."),
            Pair("PID", "Who is to be examined?", "PID identifies the patient: MRN, name, birth date, sex."),
            Pair("PV1", "In which visit does the patient come?", "PV1 is the visit: class, place, visit number."),
            Pair("ORC", "What shall be done with the order?", "ORC-1 says it: new, changed, cancelled."),
            Pair("OBR", "Which examination is wanted?", "OBR-4 holds the procedure, OBR-24 the modality."),
        ),
        distractors=("What became of the message?",),
        because="What became of the message is told by MSA, and MSA stands in the answer.",
        source="HL7 v2.3.1 chapters 2 to 4",
    ),
    Ordering(
        id="02-q2",
        text="In which order do these bytes of your framed message leave the EMR?",
        places=(
            Place("VT (0x0B)", "It opens the frame, so it leaves before everything else."),
            Place("the letters MSH", "The message begins with them, right after the byte that opens the frame."),
            Place("the four encoding characters", "They are MSH-2: they follow the letters MSH and one bar."),
            Place("the letters OBR", "OBR is the last segment of your message; its header comes long before it."),
            Place("FS (0x1C)", "It stands after the whole message. What follows it closes the frame."),
            Place("the CR that ends the frame", "It is the very last byte: a frame ends with FS and CR."),
        ),
        because="Frame and message are two layers: VT, then the message from MSH to the last segment, then FS and CR.",
        source="HL7 Transport Specification: MLLP, Release 1",
    ),
    ShortText(
        id="02-q3",
        text="Which accession number has your RIS given to the order P00001?",
        accepted=(lambda lab: _first_order(lab).accession_number,),
        wrong=(
            Wrong("P00001", "That is the placer order number, the EMR's own. Read MSA-3 of the answer."),
            Wrong("MSG00001", "That is the control id: it numbers the message. Read MSA-3 of the answer."),
            Wrong(lambda lab: _first_order(lab).patient_id, "That is the patient's MRN. Read MSA-3 of the answer."),
        ),
        otherwise="It stands in MSA-3 of the answer, and at the beginning of the line below it.",
        because="The EMR left OBR-18 empty, so the RIS made the number and named it in the text of its answer.",
    ),
    MultipleChoice(
        id="02-q4",
        text="Which of these faults does this RIS answer with AR?",
        options=(
            Option(
                "MSH-12 names a version that it does not read.", "The version decides whether it can read on.", True
            ),
            Option("MSH-9 names a type that it does not process.", "It has nothing to do with such a message.", True),
            Option("MSH-6 names another facility than its own.", "The message is meant for somebody else.", True),
            Option("PID-7 holds a date that does not exist.", "That is content: the answer is AE and names PID-7."),
            Option("OBR-24 holds a modality that nobody has.", "That is content: the answer is AE and names OBR-24."),
            Option("The VT before the message is missing.", "Without VT there is no message, and no answer at all."),
        ),
        because="AR is about the message as such: version, type, address. AE is about what the message says.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    NumberQuestion(
        id="02-q5",
        text="How many steps are on the worklist of your RIS now?",
        answer=lambda lab: len(lab.ris.steps()),
        wrong=(
            Wrong(
                _order_messages,
                "That is how many order messages have arrived. Some were refused, and some came a second time.",
            ),
            Wrong(1, "There was one after your first order. More orders have been accepted since."),
        ),
        otherwise="Count the lines that the cell above has printed: each is one step.",
        because="A step is made by each new order that is accepted: not by a refusal, and not by a message sent again.",
    ),
)
