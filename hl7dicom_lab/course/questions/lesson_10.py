"""Lesson 10: what evidence rules out, the two halves of a repair, what an answer on the wire says about the place."""

from __future__ import annotations

from hl7dicom_lab import story_day
from hl7dicom_lab.course.question import (
    Matching,
    NumberQuestion,
    Option,
    Pair,
    ShortText,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab


def _closed(lab: Lab) -> int:
    """How many tickets the board has as closed."""
    return len(lab.tickets.closed)


def _number_of_lars(lab: Lab) -> str:
    """The accession number under which the PACS has Lars Åkesson's images, or the one that his order has."""
    patient = story_day.LARS_AKESSON.identifier.value
    found = [one.accession_number for one in lab.pacs.archive.studies(patient_id=patient)]
    return next(iter(found), "NG000002")


QUESTIONS = (
    SingleChoice(
        id="10-q1",
        text="A scanner's query is answered with 0x0000 and no match. Which of these is ruled out?",
        options=(
            Option(
                "The RIS cannot be reached from this scanner.",
                "It has answered, so it was reached, under the right AE title and port.",
                correct=True,
            ),
            Option(
                "The order has never come to the RIS.",
                "Then nothing would match either. lab.ris.steps() tells the two apart.",
            ),
            Option(
                "The query asks for another station.",
                "That was ticket A: the query was answered, and nothing fitted it.",
            ),
            Option(
                "The query asks for another day.",
                "No step of today fits another day, and the answer looks the same.",
            ),
        ),
        because="An answer proves the way there and back. What it says about the content is another matter.",
        source="DICOM PS3.4 section K.4.1.1.4 (status 0x0000: matching is complete)",
    ),
    SingleChoice(
        id="10-q2",
        text="The date format was right again, and Lars Åkesson was still on no list. Why?",
        options=(
            Option(
                "His order had been refused, and nobody had sent it again.",
                "The RIS keeps nothing of a message that it refuses.",
                correct=True,
            ),
            Option(
                "The RIS needs some minutes before it makes a step of an order.",
                "The step is made before AA is sent. Elena Rivera's was there at once.",
            ),
            Option(
                "CT1 had to query its worklist once more.",
                "It would have found nothing: the RIS had no step for him yet.",
            ),
            Option(
                "He had not checked in yet.",
                "A step is on the worklist as soon as it is ordered.",
            ),
        ),
        because="Mend the cause, then what it has left behind: the refused orders have to go again.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    Matching(
        id="10-q3",
        text="What does each answer say about the place at which it stops?",
        pairs=(
            Pair(
                "A-ASSOCIATE-RJ, source 1, reason 7",
                "nobody here has the AE title that was called",
                "The application is asked for by its name, and the name is wrong. Nothing was looked at beyond that.",
            ),
            Pair(
                "A-ASSOCIATE-AC with result 4 for each context",
                "the transfer syntaxes that were offered are not supported",
                "The two agree on who they are, and on no way to write the data.",
            ),
            Pair(
                "C-STORE-RSP with status 0xA700",
                "the archive has no room for the image",
                "Everything before it went well. Refused: out of resources.",
            ),
            Pair(
                "ACK with AE in MSA-1",
                "a value in the message is wrong",
                "The message was read. ERR says which field it is.",
            ),
        ),
        distractors=("the network cable is out",),
        because="The later it stops, the more is proved to be right. A cable that is out gives no answer at all.",
        source="DICOM PS3.8 sections 9.3.3 and 9.3.4; PS3.4 Table B.2-1; HL7 table 0008",
    ),
    NumberQuestion(
        id="10-q4",
        text="How many of the sixteen tickets does your board have as closed at this moment?",
        answer=_closed,
        wrong=(
            Wrong(0, "Tickets A and D are closed by the cells of this lesson. Look at the board."),
            Wrong(22, "That is the number of causes on the list. Six of them belong to no ticket."),
        ),
        otherwise="print(lab.tickets) shows the board. Count the lines with ✓.",
        because="A ticket is closed when its cause was named and the department works again.",
    ),
    ShortText(
        id="10-q5",
        text="Under which accession number do Lars Åkesson's images stand in your PACS now?",
        accepted=(_number_of_lars,),
        wrong=(
            Wrong("NG000004", "They stood there before. NG000004 is Marco Rivera's order."),
            Wrong("NG-100318", "That is his PatientID. An accession number has no hyphen here."),
        ),
        otherwise="Look at lab.pacs.studies(): one of them is his.",
        because="Patient and accession number of the images are those of his own order again, so his report will find "
        "them.",
        source="DICOM PS3.3 section C.12.1 (OriginalAttributesSequence keeps what they said before)",
    ),
)
