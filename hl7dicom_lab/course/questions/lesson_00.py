"""Lesson 00: practice questions about the course itself and the first message."""

from __future__ import annotations

from hl7dicom_lab.course.question import NumberQuestion, Option, Ordering, Place, ShortText, SingleChoice, Wrong

QUESTIONS = (
    SingleChoice(
        id="00-q1",
        text="Your cell shows `NameError: name 'lab' is not defined`. What do you do?",
        options=(
            Option(
                "Run the first code cell of the lesson, the one with open_lesson.",
                "It starts the department and makes the name lab.",
                correct=True,
            ),
            Option("Install the course again.", "Nothing is broken: the name is only not made yet in this session."),
            Option(
                "Close JupyterLab and restart the computer.",
                "A restart takes away what was made, so the name is missing all the more.",
            ),
        ),
        because="The first cell is all the set-up there is. You can run it again at any time.",
    ),
    NumberQuestion(
        id="00-q2",
        text="How many steps are on your RIS's worklist now?",
        answer=lambda lab: len(lab.ris.steps()),
        wrong=(Wrong(0, "The worklist was empty before the order was sent. Look at the output after it."),),
        otherwise="Count the lines that lab.ris.steps() printed: each is one step.",
        because="One order has been sent, and the RIS has made one step of it.",
    ),
    ShortText(
        id="00-q3",
        text="With which two letters did the RIS accept the order?",
        accepted=("AA",),
        exact=False,
        wrong=(
            Wrong("AE", "AE is an error in the message. Look at the second line of the trace."),
            Wrong("ACK", "ACK is the type of the message, an acknowledgment. The code is the two letters behind it."),
        ),
        otherwise="Look at the second line of the trace: the code stands in front of the text.",
        because="AA is application accept: the receiver has understood the message and keeps it.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    Ordering(
        id="00-q4",
        text="Bring the work on an exercise into order.",
        places=(
            Place("Read the question in the cell above.", "Without the question there is nothing to write."),
            Place("Replace the ... by your own code.", "The ... is the blank; it comes before the check."),
            Place("Run the cell and read the feedback.", "The check looks at what you wrote, so write first."),
            Place(
                "Ask for a hint where the feedback is not enough.", "Hints help most after you have read the feedback."
            ),
        ),
        because="You may go round as often as you like. Only the first answers of a quiz count.",
    ),
)
