"""Lesson 07: keys, escapes and statuses of a report, and what a sender does with two answers."""

from __future__ import annotations

from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Pair,
    ShortText,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab

_ACCESSION = "NG000001"


def _answer_code(lab: Lab, control_id: str) -> str:
    """MSA-1 of the first answer to a message, as the trace has it."""
    for row in lab.trace.rows(protocol="HL7"):
        if row.decoded.kind.startswith("ACK ") and f"answers {control_id}:" in row.decoded.summary:
            return row.decoded.kind.removeprefix("ACK ")
    raise LookupError(control_id)


def _first_text_in_pacs(lab: Lab) -> str:
    """How the PACS tells what became of the early reading: the accession number that it names."""
    history = lab.pacs.reports.history(_ACCESSION)
    return history[0].report.accession_number


QUESTIONS = (
    Matching(
        id="07-q1",
        text="Where does each key stand in the ORU^R01?",
        pairs=(
            Pair(
                "The patient's identifier and its issuer", "PID-3", "PID holds the patient, and field 3 the identifier."
            ),
            Pair(
                "The accession number",
                "OBR-18",
                "OBR names the examination; IHE gives the accession number the field OBR-18 when it is scheduled.",
            ),
            Pair(
                "The Study Instance UID",
                "OBX-5, with 110180 in OBX-3",
                "HL7 v2.3.1 has no field for it, so it travels as an observation with a code that says what it is.",
            ),
            Pair(
                "The patient's name", "PID-5", "The name stands two fields behind the identifier, in the same segment."
            ),
        ),
        distractors=("MSH-10", "OBR-25"),
        because="PID is about the patient, OBR about the examination, and what has no field travels as OBX.",
        source="IHE RAD TF-2 sections 4.4 and 4.28",
    ),
    SingleChoice(
        id="07-q2",
        text="A paragraph reads: Discs L4 & L5 | normal. How does it stand in OBX-5?",
        options=(
            Option(
                r"Discs L4 \T\ L5 \F\ normal.",
                "Both characters separate something, so both are written as escape sequences.",
                correct=True,
            ),
            Option(
                "Discs L4 & L5 | normal.",
                "The | begins the next field: the word behind it would arrive in OBX-6.",
            ),
            Option(
                r"Discs L4 & L5 \F\ normal.",
                "The | is safe now. But & separates subcomponents, so it is escaped as well.",
            ),
            Option(
                r"Discs L4 \F\ L5 \T\ normal.",
                r"The letters have changed places: \F\ is the field separator |, \T\ is &.",
            ),
        ),
        because="A receiver turns each sequence back into the character, once, when it reads the field.",
        source="HL7 v2.5.1 section 2.7",
    ),
    ShortText(
        id="07-q3",
        text="To which accession number did your PACS attach the early reading? Read its answer.",
        accepted=(_first_text_in_pacs,),
        wrong=(
            Wrong("RPT-1-PACS", "RPT-1-PACS is MSA-2: the MSH-10 of the message that is answered. Read on in MSA-3."),
            Wrong("NG-100237", "NG-100237 is the patient. The accession number names one examination."),
            Wrong("P00001", "P00001 is the number that the EMR gave to the order. The answer names another number."),
        ),
        otherwise="Look at the last words of the second line that the sending cell printed.",
        because="The PACS names the study to which it has attached the report, so that you can check it.",
    ),
    ShortText(
        id="07-q4",
        text="With which code did your PACS answer the message that was addressed to PACS-OLD?",
        accepted=(lambda lab: _answer_code(lab, "RPT-2-PACS"),),
        wrong=(
            Wrong(
                "AA", "AA is the EMR's answer to its own copy. The PACS's line begins with the same three letters, MSA."
            ),
            Wrong("AE", "AE would be an error in the content. Here the message as such is not for this receiver."),
        ),
        otherwise="The code is the second part of the line MSA: two letters.",
        because="AR is application reject: the message as such is not taken here, whatever its content is.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    MultipleChoice(
        id="07-q5",
        text="The EMR answers AA, the PACS does not answer at all. What does a good sender do?",
        options=(
            Option(
                "It keeps in mind that the PACS still has to get the report.",
                "What is owed is kept for each receiver, or nobody ever notices.",
                correct=True,
            ),
            Option(
                "It sends the same message with the same MSH-10 to the PACS again.",
                "The PACS may have the message: with the same MSH-10 it can tell.",
                correct=True,
            ),
            Option(
                "It tells a person when the PACS stays silent.",
                "After some attempts somebody has to look.",
                correct=True,
            ),
            Option(
                "It sends the report to both again with a new MSH-10.",
                "The EMR has its copy. A new MSH-10 makes a second version there.",
            ),
            Option(
                "It takes the EMR's AA as the answer of both.",
                "Each receiver answers for itself. The EMR knows nothing of the PACS.",
            ),
        ),
        because="Without an answer the outcome is unknown. MSH-10 names one message: with the same one, a receiver "
        "that remembers can tell a repetition from news.",
        source="HL7 v2.5.1 section 2.15.9.10",
    ),
    NumberQuestion(
        id="07-q6",
        text="How many versions of Elena Rivera's report does your PACS keep now?",
        answer=lambda lab: len(lab.pacs.reports.history(_ACCESSION)),
        wrong=(
            Wrong(2, "The late one was accepted as well, and is kept. Count the lines above."),
            Wrong(1, "One of them is current, but the PACS keeps the others too. Count the lines above."),
            Wrong(0, "A report that is not current is still kept. Count the lines above."),
        ),
        otherwise="Each line that the last cell printed is one version. What was refused is none.",
        because="Every version that was accepted is kept, also the late one. A refused message leaves nothing.",
    ),
)
