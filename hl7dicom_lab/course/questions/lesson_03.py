"""Lesson 03: from the fields of an order to the attributes of a worklist item, and check-in."""

from __future__ import annotations

from hl7dicom_lab import story, story_day
from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Ordering,
    Pair,
    Place,
    ShortText,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import WorklistItem


def _step(lab: Lab, patient_id: str) -> WorklistItem:
    return lab.ris.order_book.steps(patient_id=patient_id)[0].item


def _elena(lab: Lab) -> WorklistItem:
    return _step(lab, story.PATIENT.identifier.value)


QUESTIONS = (
    SingleChoice(
        id="03-q1",
        text="PID-3 of the order holds two identifiers. Why has NG-100237 become PatientID, and not A-55120?",
        options=(
            Option("Its component PID-3.5 says MR, medical record number.", "The type decides.", correct=True),
            Option(
                "It stands first, and the first repetition always counts.",
                "It stands first here. Another sender may put the account number first: look at the type, PID-3.5.",
            ),
            Option(
                "It is longer, and the longest identifier is taken.",
                "Length says nothing about what a number names. Look at what differs in the fifth component.",
            ),
            Option(
                "Its component PID-3.4 says NORTHGATE, the own institution.",
                "A-55120 was issued by NORTHGATE as well. PID-3.4 is the issuer, not the type.",
            ),
        ),
        because="PID-3.5 is the type of each identifier: MR names the patient, AN an account.",
        source="HL7 v2.5.1 table 0203; IHE RAD TF-2x Appendix B, Table B-1",
    ),
    Matching(
        id="03-q2",
        text="How does each value get onto the worklist?",
        pairs=(
            Pair("Modality", "copied as it is", "OBR-24 says MR, and the worklist says MR."),
            Pair(
                "RequestedProcedurePriority",
                "converted: same fact, other form",
                "ORC-7.6 says R, and the worklist says ROUTINE.",
            ),
            Pair(
                "ScheduledProcedureStepLocation",
                "looked up by the RIS",
                "The order names no room; the RIS has a table of its scanners and where they stand.",
            ),
            Pair(
                "StudyInstanceUID",
                "made by the RIS",
                "The order carries none, so the RIS makes one, once. Look for it in the RIS's record.",
            ),
        ),
        distractors=("typed by the technologist",),
        because="The RIS's record says for each value where it came from and by which rule.",
        source="IHE RAD TF-2x Appendix B, Table B-1",
    ),
    NumberQuestion(
        id="03-q3",
        text="How many different accession numbers stand on your worklist now?",
        answer=lambda lab: len({one.accession_number for one in lab.ris.steps()}),
        wrong=(
            Wrong(
                lambda lab: len(lab.ris.steps()),
                "That is the number of lines. Two of them belong to one order: compare their accession numbers.",
            ),
            Wrong(1, "Elena Rivera and Chidi Okonkwo have an order each, and a number never names two patients."),
        ),
        otherwise="Look at the third column of the output: count the numbers that differ, not the lines.",
        because="An order has one accession number, however many steps it takes to carry it out.",
    ),
    MultipleChoice(
        id="03-q4",
        text="Here are values from Elena Rivera's line. Which of them did your RIS make itself?",
        options=(
            Option(lambda lab: _elena(lab).accession_number, "OBR-18 of the order was empty.", correct=True),
            Option(lambda lab: _elena(lab).requested_procedure_id, "OBR-19 of the order was empty.", correct=True),
            Option(lambda lab: _elena(lab).scheduled_procedure_step_id, "OBR-20 of the order was empty.", correct=True),
            Option(
                lambda lab: _elena(lab).placer_order_number,
                "It stands in ORC-2 of the order: the EMR, the placer, numbered it.",
            ),
            Option(
                lambda lab: _elena(lab).patient_id,
                "It stands in PID-3 of the order: who registers patients gives this number, long before an order.",
            ),
        ),
        because="These three were empty in the order. The RIS made the study's UID and its own order number too.",
    ),
    SingleChoice(
        id="03-q5",
        text="A check-in is answered with AA and `patient registered; nothing is scheduled`, but the patient has an "
        "order for today. What do you look at first?",
        options=(
            Option(
                "PID-3: is it the number and the issuer under which the order was placed?",
                "The RIS finds the steps by the patient's number and its issuer.",
                correct=True,
            ),
            Option(
                "The network: has the message reached the RIS?",
                "It has: the RIS answered it. AA says that the message was read and accepted.",
            ),
            Option(
                "MSH-10: has the control id been used before?",
                "A changed message with a used control id is refused as a duplicate. This one was accepted.",
            ),
            Option(
                "The scanner: does it query for the right station?",
                "The scanner asks later. The text of the answer says that the RIS itself found no step.",
            ),
        ),
        because="AA means accepted. Whether it had the effect that you wanted, the text and the worklist tell.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    Ordering(
        id="03-q6",
        text="Bring the life of a line into order.",
        places=(
            Place("The EMR gives the order a placer order number.", "The order is numbered before it is sent."),
            Place("The RIS gives the order an accession number.", "The RIS numbers what it has received."),
            Place("ADT^A04 makes the step ARRIVED.", "Check-in finds steps that are on the worklist already."),
            Place("The technologist begins, and the step is STARTED.", "The patient has to be there before that."),
            Place("The step is completed and leaves the worklist.", "Only what was begun can be completed."),
        ),
        because="Ordered, scheduled, arrived, started, completed: each word of the way belongs to one event.",
        source="IHE RAD TF-2 sections 4.1 and 4.2; DICOM PS3.3 section C.4.10",
    ),
    ShortText(
        id="03-q7",
        text="What is the status of Chidi Okonkwo's steps on your worklist now?",
        accepted=(lambda lab: _step(lab, story_day.CHIDI_OKONKWO.identifier.value).status.value,),
        wrong=(
            Wrong("ARRIVED", "Two others have checked in. A check-in moves the steps of the patient in PID-3 only."),
            Wrong("STARTED", "Nobody has begun with him. Look at the last column of the output above."),
        ),
        otherwise="Look at the last column of the output above, in the lines with his name.",
        because="No ADT^A04 with his number was sent, so nothing moved his steps.",
    ),
)
