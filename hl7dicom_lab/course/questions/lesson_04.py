"""Lesson 04: questions about associations, worklist queries, and lists that stay empty."""

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


def _ct_steps(lab: Lab) -> int:
    """How many CT steps are on the worklist today."""
    return sum(step.modality == "CT" and step.start.startswith("20260302") for step in lab.ris.steps())


def _status_of_what_is_over(lab: Lab) -> str:
    """The status of Lars Åkesson's step. Raises `LookupError` while it is on the worklist."""
    status = lab.ris.step("NG000002").status
    if status.on_worklist:
        raise LookupError("the step has not been completed yet")
    return status.value


QUESTIONS = (
    Matching(
        id="04-q1",
        text="What does each of these tell you?",
        pairs=(
            Pair(
                "rejected: called AE title not recognized",
                "The system listens there, but under another name.",
                "Somebody answered, so host and port are right. It is the name that was called that is not known.",
            ),
            Pair(
                "context result 3",
                "The system does not offer this service.",
                "Result 3 is about the abstract syntax: what you want to talk about.",
            ),
            Pair(
                "context result 4",
                "The service is there, but in none of your encodings.",
                "Result 4 is about the transfer syntaxes: how the values are written.",
            ),
            Pair(
                "no connection at all",
                "Host or port is wrong, or the system is switched off.",
                "Without a connection no byte of DICOM has been read, so no name and no context has been looked at.",
            ),
        ),
        because="Connection, name, service, encoding: a new scanner is brought to work in this order.",
        source="DICOM PS3.8 sections 9.3.3.2 and 9.3.4",
    ),
    MultipleChoice(
        id="04-q2",
        text="Which of these keys stand in the item of ScheduledProcedureStepSequence?",
        options=(
            Option("Modality", "The kind of scanner is planned for the step.", correct=True),
            Option("ScheduledStationAETitle", "The scanner is planned for the step.", correct=True),
            Option("ScheduledProcedureStepStartDate", "Each step has a date of its own.", correct=True),
            Option("PatientID", "It belongs to the patient, not to one step: it stands at the root."),
            Option("AccessionNumber", "It belongs to the imaging service request: it stands at the root."),
        ),
        because="What is planned for one step on one scanner stands in the item; patient and order stand at the root.",
        source="DICOM PS3.4 Table K.6-1",
    ),
    NumberQuestion(
        id="04-q3",
        text="A scanner asks your RIS for Modality CT on 20260302. How many responses does it get now, all counted?",
        answer=lambda lab: _ct_steps(lab) + 1,
        wrong=(
            Wrong(_ct_steps, "That is how many steps match. One more response says that this was all."),
            Wrong(
                lambda lab: len(lab.ris.steps()) + 1, "That would be so without any matching key. Here two keys match."
            ),
        ),
        otherwise='Run ask(make_query(modality="CT", day="20260302")) in a cell. Which response does it leave out?',
        because="Each match is a response with status 0xFF00, and one final response has 0x0000 and no data.",
        source="DICOM PS3.4 section K.4.1.3",
    ),
    ShortText(
        id="04-q4",
        text="No query finds NG000002 any more. Which status has the step in your RIS?",
        accepted=(_status_of_what_is_over,),
        wrong=(
            Wrong("SCHEDULED", "A scheduled step is on the worklist. Look at the output of the last cell."),
            Wrong("ARRIVED", "A patient who has arrived is on the worklist, like Elena Rivera."),
            Wrong("STARTED", "A started step stays on the worklist here until it is completed."),
            Wrong("DISCONTINUED", "A step that was broken off is not on the list either, but this one was finished."),
            Wrong("CANCELED", "A cancelled step is not on the worklist either, but this one was carried out."),
        ),
        otherwise="Look at the output of the last cell: the status stands at the end of a line.",
        because="A completed step is over, so it leaves the worklist. The scanner cannot see why; the RIS can.",
    ),
    Ordering(
        id="04-q5",
        text="One query finds one step. Bring what goes over the wire into order.",
        places=(
            Place("A-ASSOCIATE-RQ", "The scanner asks for the association before anything else."),
            Place("A-ASSOCIATE-AC", "The RIS accepts it; before that, nothing may be asked."),
            Place("C-FIND-RQ", "The query needs an accepted presentation context."),
            Place("C-FIND-RSP, status 0xFF00", "A match is pending: the final response is still to come."),
            Place("C-FIND-RSP, status 0x0000", "Success ends the query, after every match."),
            Place("A-RELEASE-RQ", "The scanner releases the association when its query has ended."),
            Place("A-RELEASE-RP", "The RIS agrees to the release; after that there is no association."),
        ),
        because="Open, ask, matches, final response, release: every C-FIND looks like this in a trace.",
        source="DICOM PS3.7 section 9.1.2 and PS3.8 section 7",
    ),
)
