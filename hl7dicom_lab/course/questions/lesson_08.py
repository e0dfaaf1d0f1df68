"""Lesson 08: which keys associate a report with its study, and what happens to a report that fits none."""

from __future__ import annotations

from hl7dicom_lab.course.question import (
    MultipleChoice,
    NumberQuestion,
    Option,
    ShortText,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab


def _released_number(lab: Lab) -> int:
    return next(one.release.held_number for one in lab.pacs.reports.history("NG000002") if one.release)


def _held_patient(lab: Lab) -> str:
    """Whom CT-1 is about, as the trace has it: the queue holds it only until it is dismissed."""
    row = next(one for one in lab.trace.rows(protocol="HL7") if one.decoded.summary.startswith("CT-1:"))
    return row.decoded.summary.partition(",")[0].split()[-1]


QUESTIONS = (
    MultipleChoice(
        id="08-q1",
        text="A report has the patient's identifier with its issuer. What else can lead it to its study in this PACS?",
        options=(
            Option("The Study Instance UID", "It names one study in the whole world.", correct=True),
            Option("The accession number", "It names one examination in this department.", correct=True),
            Option("The patient's family name", "Many patients share one, and a patient may have many studies."),
            Option("The date of the examination", "A patient may have two examinations on one day."),
            Option("The control id of the message", "MSH-10 is the sender's number of a message. No image has it."),
        ),
        because="The patient and one of the two study keys have to agree, or both study keys where both are there.",
    ),
    ShortText(
        id="08-q2",
        text="Your queue holds a report that names Elena's study. Which patient identifier does it have?",
        accepted=(_held_patient,),
        wrong=(
            Wrong("NG-100237", "NG-100237 is the patient of the images. What does the report say?"),
            Wrong("NG000001", "NG000001 is the accession number that was typed. A patient identifier begins with NG-."),
        ),
        otherwise="Look at lab.pacs.exceptions()[0].report.patient_id, or at the reason in the warning.",
        because="The report is about one patient and the images are of another, so it is attached to nothing.",
    ),
    SingleChoice(
        id="08-q3",
        text="The sender of a report gets AA. What does it know?",
        options=(
            Option(
                "The receiver has understood the message and keeps it.",
                "What became of it stands in MSA-3.",
                correct=True,
            ),
            Option(
                "The report stands beside its images.",
                "CT-1 got AA as well, and it is beside nothing. Read MSA-3.",
            ),
            Option(
                "A physician has read the report.",
                "An acknowledgment comes from a system within a moment. Nobody has read anything yet.",
            ),
            Option(
                "All other receivers have the report too.",
                "Each receiver answers for itself.",
            ),
        ),
        because="AA speaks of the message. Whether the report was attached or waits for a person stands in MSA-3.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    NumberQuestion(
        id="08-q4",
        text="Under which number did Lars Åkesson's report wait in your queue before it was released?",
        answer=_released_number,
        wrong=(
            Wrong(1, "Number 1 was about Marco and named Elena's study: it was dismissed, not released."),
            Wrong(0, "The numbers of the queue begin with 1. Look at the cell that lists them."),
        ),
        otherwise='Look at lab.pacs.reports.history("NG000002")[0].release.held_number.',
        because="The released version keeps the number under which it waited, who released it, and why.",
    ),
    SingleChoice(
        id="08-q5",
        text="Identifier and accession number agree, the name does not. Why does the screen cover the report?",
        options=(
            Option(
                "The text may be about another patient, and nobody can tell yet.",
                "Name or number is wrong, and the message does not say which.",
                correct=True,
            ),
            Option(
                "The name is the key that leads a report to its study.",
                "The keys have led it there. The name is compared afterwards.",
            ),
            Option(
                "The message was malformed and was refused.",
                "It was accepted and attached; the screen found the difference.",
            ),
            Option(
                "A report with status F may not be shown at once.",
                "A final report is shown at once where nothing contradicts.",
            ),
        ),
        because="Images of one person beside a text about another: that is the mistake that the keys are to prevent.",
    ),
)
