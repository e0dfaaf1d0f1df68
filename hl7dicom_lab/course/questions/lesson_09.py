"""Lesson 09: questions about a whole day: who makes which number, what an acknowledgment proves, who did not come."""

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

QUESTIONS = (
    Matching(
        id="09-q1",
        text="Which system made which number of Elena Rivera's examination?",
        pairs=(
            Pair(
                "placer order number (ORC-2)",
                "the EMR",
                "Whoever orders numbers the order. P00001 was there before the RIS knew of it.",
            ),
            Pair(
                "accession number (0008,0050)",
                "the RIS",
                "The order filler numbers the examination. NG000001 came with its answer to the order.",
            ),
            Pair(
                "SOPInstanceUID (0008,0018)",
                "the scanner",
                "Who makes an image names it. No other system could: the image did not exist before the scan.",
            ),
            Pair(
                "MSH-10 of the report's message",
                "the dictation system",
                "A message's control id is its sender's. The dictation system sends the ORU.",
            ),
        ),
        distractors=("the PACS",),
        because="Each system numbers what it makes itself, and the others carry these numbers along unchanged.",
        source="IHE RAD TF-2 sections 4.2, 4.8 and 4.28",
    ),
    NumberQuestion(
        id="09-q2",
        text="How many steps are on your RIS's worklist at this moment?",
        answer=lambda lab: len(lab.ris.steps()),
        wrong=(
            Wrong(6, "Six were ordered. A completed step and a cancelled one have left the worklist."),
            Wrong(5, "One more has left the worklist than you think: completed and cancelled steps both go."),
            Wrong(0, "Then nobody would be left to examine. Ask lab.ris.steps() and count its items."),
        ),
        otherwise="Each item of lab.ris.steps() is a step that a scanner may still see. Count them.",
        because="SCHEDULED, ARRIVED and STARTED steps are on the worklist; COMPLETED and CANCELED ones are not.",
    ),
    SingleChoice(
        id="09-q3",
        text="The EMR answered the report with AA and put it into its exceptions queue. What does AA say, then?",
        options=(
            Option(
                "The message was understood and is kept; its report may still wait for a person.",
                "The text after AA and the exceptions queue tell what became of it.",
                correct=True,
            ),
            Option(
                "The report stands in the chart of the patient whom PID names.",
                "It does not: lab.emr.report finds none. AA is about the message, not about the chart.",
            ),
            Option(
                "The report was refused, and the dictation system has to send it again.",
                "A refusal is AE or AR. Sent again, the same report would wait in the queue a second time.",
            ),
            Option(
                "The EMR has corrected the number of the order in the report by itself.",
                "Nothing is corrected by guess: that is why a person has to look.",
            ),
        ),
        because="AA is application accept: the receiver takes responsibility for the message. Ask the system what "
        "came of it.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    ShortText(
        id="09-q4",
        text="Which accession number has the study that was acquired first in your day? Ask the PACS, not your "
        "function.",
        accepted=(lambda lab: lab.pacs.studies()[0].accession_number,),
        wrong=(
            Wrong("NG000001", "That is Elena Rivera, whose order came first. Somebody urgent was examined before her."),
            Wrong(
                "P00002", "That is the EMR's number of an order. Studies go by the RIS's number, which begins with NG."
            ),
        ),
        otherwise="lab.pacs.studies() is sorted by study date and time. Look at the accession number of the first one.",
        because="StudyTime (0008,0030) is when the study began, as the scanner says: evidence, where a list is a "
        "claim.",
    ),
    MultipleChoice(
        id="09-q5",
        text="What is true of a patient who did not come, in the evening and before anybody has done anything?",
        options=(
            Option(
                "The step is still SCHEDULED, though its hour has passed.",
                "Only a check-in (ADT) moves it to ARRIVED, and there was none.",
                correct=True,
            ),
            Option(
                "The scanner still finds the step when it asks for today.",
                "SCHEDULED steps are on the worklist, whatever the hour.",
                correct=True,
            ),
            Option(
                "The RIS has cancelled the order at the end of the day.",
                "Nobody has told it to: a cancellation comes from the EMR, with CA in ORC-1.",
            ),
            Option(
                "The PACS holds an empty study with the accession number.",
                "A study is there when its first image is. Without a scan there is nothing.",
            ),
        ),
        because="A no-show is found by looking for steps of the day that are neither done nor ended. Then a person "
        "decides.",
    ),
)
