"""The bank's questions about troubleshooting: the place, the evidence, one guess, the two halves of a repair."""

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
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab

_ELENA, _MARCO = "NG000001", "NG000004"


def _report_to_pacs(lab: Lab) -> str:
    """MSH-10 of the message that brought Elena Rivera's report to the PACS."""
    sent = (one for one in lab.dictation.outbox if one.receiver == "PACS" and one.accession_number == _ELENA)
    return next(one.control_id for one in sent)


def _ct_patients(lab: Lab) -> int:
    """How many steps of today are on the worklist of the CT."""
    today = f"{lab.clock.today():%Y%m%d}"
    return sum(one.modality == "CT" and one.start.startswith(today) for one in lab.ris.steps())


QUESTIONS = (
    Ordering(
        id="11-10-01",
        lesson="10",
        text="Something is wrong in the department. Bring the steps of the search into order.",
        places=(
            Place("Write down what was seen, in the words of the one who saw it.", "The symptom is where it begins."),
            Place("Find the place on the patient's way at which it stops.", "It says where on the wire to look."),
            Place("Read what was sent and answered there.", "The wire takes no sides and costs nothing."),
            Place("Make one guess that explains all that is seen.", "A guess before the evidence finds what it wants."),
            Place("Change one thing, and try it on the wire.", "After two changes nobody knows which of them did it."),
        ),
        because="Symptom, place, evidence, guess, repair; and then the report.",
    ),
    SingleChoice(
        id="11-10-02",
        lesson="10",
        text="A scanner's list is empty, and the list of the scanner next door is full. What is ruled out?",
        options=(
            Option("The RIS is down.", "It answers the other scanner.", correct=True),
            Option("The scanner asks under the title of another station.", "That would show just this."),
            Option("The scanner has a wrong day in its query.", "Each scanner has a day of its own."),
            Option("The order for this patient was refused by the RIS.", "The other patients' orders may be well."),
        ),
        because="What still works is evidence too: a guess has to explain it.",
    ),
    SingleChoice(
        id="11-10-03",
        lesson="10",
        text="The network people have pinged the PACS from the scanner, and it answers. Images still do not go. "
        "What does the ping prove?",
        options=(
            Option(
                "That the machine can be reached.", "Application, port and AE title were not asked for.", correct=True
            ),
            Option("That the PACS listens on its DICOM port.", "A ping knows no ports. C-ECHO asks that."),
            Option("That the AE titles of both sides are right.", "A ping knows no AE titles. C-ECHO asks for them."),
            Option("That the PACS takes this kind of image.", "That is agreed in the association, context by context."),
        ),
        because="C-ECHO asks the application, under its AE title; a C-STORE of a test image asks for the rest.",
        source="DICOM PS3.4 Annex A (Verification)",
    ),
    Matching(
        id="11-10-04",
        lesson="10",
        text="What do you see, and in which system do you look for the cause?",
        pairs=(
            Pair("The RIS answers AE: PID-7 is no date.", "the EMR", "Who wrote the field has to mend it."),
            Pair(
                "C-STORE-RSP with 0xA700 to two scanners", "the PACS", "What two senders have in common is where it is."
            ),
            Pair("A C-FIND with another scanner's station", "the scanner", "The query is made by the one who asks."),
            Pair("The PACS answers AR to an ORU: MSH-5", "the dictation system", "MSH-5 is written by the sender."),
        ),
        distractors=("the RIS",),
        because="Who answers with an error is seldom the one who is wrong: ask who wrote what the answer names.",
        source="HL7 v2.3.1 chapter 2, table 0008; DICOM PS3.4 Table B.2-1",
    ),
    SingleChoice(
        id="11-10-05",
        lesson="10",
        text="The EMR shows an order as sent, and the RIS has no step of it. What do you read first?",
        options=(
            Option("The RIS's answer to this order.", "MSA-1 and ERR say what became of it.", correct=True),
            Option("The worklist query of the scanner.", "It can find only what the RIS has."),
            Option("The conformance statement of the EMR.", "It says what the EMR can do, not what it did today."),
            Option("The association log of the PACS.", "No order goes to the PACS of this department."),
        ),
        because="Sent is what the sender did; whether it was taken stands in the acknowledgment.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    SingleChoice(
        id="11-10-06",
        lesson="10",
        text="All orders of a morning were refused, because the EMR ended segments with LF. You have mended the EMR. "
        "What is left to do?",
        options=(
            Option("To send the refused orders again.", "The RIS has kept nothing of them.", correct=True),
            Option("To have the RIS read its refused messages once more.", "What it refuses it does not keep."),
            Option("To query the worklists of all scanners again.", "They find only what is in the RIS."),
            Option("Nothing, because orders are repeated by themselves.", "A refusal is an answer, and ends the try."),
        ),
        because="A repair has two halves: the cause, and what it has left behind.",
        source="HL7 v2.5.1 section 2.5.4: the segment terminator is CR",
    ),
    SingleChoice(
        id="11-10-07",
        lesson="10",
        text="One order is on the worklist twice, with two accession numbers. The two messages differ in MSH-10 and "
        "ORC-2. What has happened?",
        options=(
            Option(
                "The sender got no answer and made a new order.", "A repetition keeps MSH-10 and ORC-2.", correct=True
            ),
            Option("The RIS has made two steps of one order.", "Then both would have one placer order number."),
            Option("The network has delivered one message twice.", "Then both would be the same, byte by byte."),
            Option("The scanner has stored its worklist twice.", "Then the accession numbers would be the same."),
        ),
        because="A receiver knows a repetition by MSH-10. With a new one it has to take it for a new order.",
        source="HL7 v2.3.1 section 2.16.9.10 (MSH-10)",
    ),
    MultipleChoice(
        id="11-10-08",
        lesson="10",
        text="Which of these show no error on the wire at all?",
        options=(
            Option("Somebody picks the wrong patient.", "All systems do as they are told.", correct=True),
            Option("An accession number stands in OBR-19.", "OBR-19 may hold a number: AA.", correct=True),
            Option("The EMR writes ? for ñ.", "A question mark is a letter like any other.", correct=True),
            Option("A scanner calls a wrong AE title.", "The association is rejected: result 1, source 1, reason 7."),
            Option("The archive has no room left.", "Each C-STORE is answered with 0xA700."),
        ),
        because="AA and 0x0000 say that something was understood and kept, not that it is what was meant.",
    ),
    ShortText(
        id="11-10-09",
        lesson="10",
        text="An association is rejected with result 1, source 1, reason 7. Whose AE title is not recognised: calling "
        "or called?",
        accepted=("called", "the called", "called AE title", "the called AE title"),
        wrong=(
            Wrong("calling", "That is reason 3. Reason 7 is about the title that was asked for."),
            Wrong("both", "Each has a reason of its own: 3 is calling, 7 is called."),
        ),
        otherwise="Reason 3 is about who asks, reason 7 about who is asked.",
        because="The scanner asks for a name that the application at this port does not have.",
        source="DICOM PS3.8 Table 9-21",
    ),
    NumberQuestion(
        id="11-10-10",
        lesson="10",
        text="A scanner has made 24 images. The PACS answered 0x0000 to 14 and 0xA700 to the others. How many images "
        "may the scanner delete?",
        answer=0,
        wrong=(
            Wrong(
                14, "0x0000 says that they were received. To be sure that they are kept, there is storage commitment."
            ),
            Wrong(10, "These are the ones that are nowhere else."),
            Wrong(24, "Ten of them are nowhere else."),
        ),
        otherwise="Which of them has the archive taken responsibility for?",
        because="The ten are nowhere else, and for the others the archive has promised nothing yet.",
        source="DICOM PS3.4 Annex J (Storage Commitment) and Table B.2-1",
    ),
    SingleChoice(
        id="11-10-11",
        lesson="10",
        text="The final report came at 10:19, a preliminary one of 10:04 at 10:36. What should a receiver show?",
        options=(
            Option("The final one, by OBR-25.", "A status that is less final takes no place.", correct=True),
            Option("The preliminary one, because it came last.", "Time of arrival says how the network was."),
            Option("Both of them, one below the other.", "Then the reader has to decide which one holds."),
            Option("None, until a person has decided.", "Nothing contradicts: one is final, the other is older."),
        ),
        because="What decides is in the message: OBR-25 and OBR-22.",
        source="HL7 v2.3.1 chapter 7, OBR-22 and OBR-25 (table 0123)",
    ),
    SingleChoice(
        id="11-10-12",
        lesson="10",
        text="A patient was scanned at 09:44 under a name whose owner checked in at 10:21. What do you do first?",
        options=(
            Option("Ask the technologist who was on the table.", "Only a person can know.", correct=True),
            Option(
                "Change the name of the images in the archive.", "To what? First it has to be certain whose they are."
            ),
            Option(
                "Delete the images and have the patient scanned again.", "That is radiation, and a loss of evidence."
            ),
            Option(
                "Cancel the order of the patient who came later.", "The patient waits outside and has to be scanned."
            ),
        ),
        because="The order of events gives it away; who it was is a question to people. Then images and steps are put "
        "right, with a name and a reason.",
        source="IHE Radiology TF-1, Patient Information Reconciliation",
    ),
    SingleChoice(
        id="11-10-13",
        lesson="10",
        text="You have changed three settings at once, and the department works again. What is the matter with that?",
        options=(
            Option("Nobody knows which of them it was.", "And two of them may be wrong now.", correct=True),
            Option("A setting counts only after the system has been started anew.", "Then it would not work again."),
            Option(
                "Three changes need three entries in the trace of the lab.", "The trace has messages, not settings."
            ),
            Option("Nothing: what works again is repaired, whatever it was.", "What nobody can name comes back."),
        ),
        because="One change at a time: each is tried, and taken back where it did nothing.",
    ),
    SingleChoice(
        id="11-10-14",
        lesson="10",
        text="The vendor says that nothing has changed. How do you take it?",
        options=(
            Option("As one piece of evidence among others.", "The settings and the wire say more.", correct=True),
            Option("As proof that the cause lies in another system.", "It says what somebody knows of, not what is."),
            Option(
                "As false, because something must have changed.", "A licence, a disk or a date change by themselves."
            ),
            Option("As the end of the search on that side.", "Read the settings, and what went over the wire."),
        ),
        because="People tell what they know. It is worth a call, and it has to fit what the wire shows.",
    ),
    ShortText(
        id="11-10-15",
        lesson="10",
        text="In your department: which AE title does a scanner have to call to store its images?",
        accepted=(lambda lab: lab.pacs.storage.ae_title,),
        wrong=(
            Wrong("NORTHGATE_RIS", "That one answers the worklist. Images go elsewhere."),
            Wrong("PACS", "That is its HL7 name, for MSH-5. Its AE title is another."),
        ),
        otherwise="Look at lab.pacs.storage.ae_title.",
        because="One letter off, and the association is rejected with reason 7.",
    ),
    NumberQuestion(
        id="11-10-16",
        lesson="10",
        text="In your department: how many messages in the EMR's outbox has the RIS not accepted?",
        answer=lambda lab: sum(not one.accepted for one in lab.emr.outbox),
        wrong=(
            Wrong(7, "Seven orders were sent. Count those whose answer is not AA."),
            Wrong(9, "Count only the ones whose answer is not AA."),
        ),
        otherwise="Look at one.answer for each message of lab.emr.outbox.",
        because="An outbox without refusals is what you hope to see. Somebody has to look, to know.",
    ),
    ShortText(
        id="11-10-17",
        lesson="10",
        text="In your department: which MSH-10 had the message that brought the report on NG000001 to the PACS?",
        accepted=(_report_to_pacs,),
        wrong=(
            Wrong("EMR000001", "That is a message of the EMR, an order. The report came from the dictation system."),
            Wrong(_ELENA, "That is the accession number, OBR-18. MSH-10 is the number of the message."),
        ),
        otherwise="Look through lab.dictation.outbox: each report is there once for the EMR and once for the PACS.",
        because="With the number of the message you can ask the other side what became of it.",
    ),
    NumberQuestion(
        id="11-10-18",
        lesson="10",
        text="In your department: the technologist at CT1 says, my list should have one patient more today. How many "
        "should it have?",
        answer=_ct_patients,
        wrong=(
            Wrong(8, "Count the steps of lab.ris.steps() with modality CT and today's date."),
            Wrong(6, "That is the worklist of all scanners. Count those with modality CT and today's date."),
        ),
        otherwise='Ask as the scanner does: len(lab.modalities["CT"].query()).',
        because="Compare what a scanner shows with what the RIS has, before you believe that one is missing.",
    ),
    SingleChoice(
        id="11-10-19",
        lesson="10",
        text="In your department: why does CT1 not find Marco Rivera when it asks for today?",
        options=(
            Option(
                lambda lab: f"His step is {lab.ris.step(_MARCO).status.value}.",
                "A step that is done has left the worklist, whatever is asked.",
                correct=True,
            ),
            Option("His order was refused.", "The RIS has a step for him: lab.ris.step('NG000004')."),
            Option("He has not checked in.", "He was examined, so he was here; and it is no matter of the list."),
            Option("His step is for tomorrow.", "His images are of today. Look at its status."),
        ),
        because="Before you look for a fault, make sure that there is one.",
    ),
)
