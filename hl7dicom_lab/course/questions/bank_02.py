"""The bank of the final test: orders and acknowledgments (lesson 02)."""

from __future__ import annotations

from hl7dicom_lab import story_day
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
from hl7dicom_lab.model import Patient, WorklistItem
from hl7dicom_lab.story import PATIENT


def _order_of(lab: Lab, patient: Patient) -> WorklistItem:
    """The first order for a patient, also when its examination is over."""
    return lab.ris.order_book.steps(patient_id=patient.identifier.value)[0].item


def _orders(lab: Lab, modality: str = "") -> int:
    return sum(modality in ("", one.item.modality) for one in lab.ris.order_book.steps())


QUESTIONS = (
    Matching(
        id="11-02-01",
        lesson="02",
        text="Which mark of `MSH|^~\\&|` does which work?",
        pairs=(
            Pair("|", "separates fields", "It is MSH-1: whatever stands right after the letters MSH."),
            Pair("^", "separates components", "Look at a name: Rivera^Elena is family and given name."),
            Pair("~", "separates repetitions of a field", "PID-3 may hold several identifiers; this mark parts them."),
            Pair("\\", "begins an escape", "A bar inside a text is sent as an escape, \\F\\."),
            Pair("&", "separates subcomponents", "It splits a component once more, as in ERR-1.4 of a refusal."),
        ),
        distractors=("ends a segment",),
        because="MSH-1 and MSH-2 declare the separators. The end of a segment is not declared: it is always CR.",
        source="HL7 v2.3.1 section 2.24.1",
    ),
    SingleChoice(
        id="11-02-02",
        lesson="02",
        text="Somebody says: 'It makes no difference whether a segment ends with CR or LF.' What is right?",
        options=(
            Option(
                "HL7 ends a segment with CR. A receiver that takes LF as well is being lenient.",
                "The segment terminator is fixed. This RIS warns, another one may see one endless segment.",
                correct=True,
            ),
            Option(
                "That is true: each sender declares its line end in MSH-2, beside the separators.",
                "MSH-2 declares separators for components and the like. The segment terminator cannot be declared.",
            ),
            Option(
                "HL7 wants CR and LF together. A single CR is a habit of old systems only.",
                "CR and LF together is the line end of some text files. HL7 has CR alone.",
            ),
        ),
        because="CR, 0x0D, is the one separator that a message cannot choose.",
        source="HL7 v2.5.1 section 2.5.4",
    ),
    NumberQuestion(
        id="11-02-03",
        lesson="02",
        text="In Python, `msh.split('|')[n]` shall give MSH-10, the control id. What is n?",
        answer=9,
        wrong=(
            Wrong(10, "That gives MSH-11. MSH-1 is the bar itself, so the numbers of MSH come out one lower."),
            Wrong(11, "The numbers come out lower than the field, not higher: MSH-1 stands between no two bars."),
        ),
        otherwise="In other segments field 10 stands at 10. What is MSH-1, and is it found between two bars?",
        because="MSH-1 is the separator itself, so field n of MSH stands at n - 1; in PID, ORC and OBR it is at n.",
        source="HL7 v2.3.1 section 2.24.1",
    ),
    Ordering(
        id="11-02-04",
        lesson="02",
        text="An order goes from the EMR to the RIS. What happens in which order?",
        places=(
            Place(
                "The EMR gives the message a control id.", "It is part of the message, so it comes before the frame."
            ),
            Place("The EMR puts VT before it, FS and CR behind.", "Only a finished message can be framed."),
            Place("The RIS finds a whole frame and reads MSH.", "Without the end of the frame it reads nothing."),
            Place("The RIS stores the order.", "An AA that is sent before would promise what may still be lost."),
            Place("The RIS answers AA, with the control id in MSA-2.", "It answers for what it has already kept."),
            Place("The EMR marks the order as accepted.", "It can only know that from the answer."),
        ),
        because="AA is a promise. So it leaves after the order is kept, and names the message that it is about.",
    ),
    NumberQuestion(
        id="11-02-05",
        lesson="02",
        text="Which byte ends the message inside a frame, just before the last CR? Give its value, such as 0x41.",
        answer=0x1C,
        wrong=(
            Wrong(0x0B, "That is VT: it opens the frame. FS ends the message."),
            Wrong(0x0D, "That is CR: it ends each segment, and the frame as a whole after FS."),
            Wrong(0x0A, "That is LF, which has no place in a frame."),
        ),
        otherwise="It is the byte FS. Look at the last two bytes of a frame with repr or in the trace.",
        because="A frame is VT (0x0B), the message, FS (0x1C), CR (0x0D).",
        source="HL7 Transport Specification: MLLP, Release 1",
    ),
    ShortText(
        id="11-02-06",
        lesson="02",
        text="Which value does ORC-1 have for a new order?",
        accepted=("NW",),
        wrong=(
            Wrong("O01", "O01 is the event, MSH-9. ORC-1 says what to do with this order: two letters."),
            Wrong("XO", "XO changes an order that is known already. A new one has another code."),
            Wrong("NEW", "The codes of table 0119 have two letters."),
            Wrong("CA", "CA cancels an order. A new one has another code."),
        ),
        otherwise="ORC-1 is the order control, table 0119: two letters. Look at an order in the trace.",
        because="Table 0119: NW is a new order, XO changes one, CA cancels one, DC discontinues one.",
        source="HL7 v2.3.1 chapter 4, table 0119",
    ),
    MultipleChoice(
        id="11-02-07",
        lesson="02",
        text="Which of these does the RIS of this course need before it accepts a new order?",
        options=(
            Option("an identifier of the patient in PID-3", "An order without it is about nobody.", True),
            Option("a placer order number in ORC-2", "Without it the EMR could never speak of the order again.", True),
            Option("a modality in OBR-24", "Without it no scanner would find the step on its worklist.", True),
            Option("an accession number in OBR-18", "Where the order brings none, the RIS makes one."),
            Option("a start in ORC-7", "Where the order names none, this RIS schedules it for now, and says so."),
            Option("an address of the patient in PID-11", "It is taken over when it is there; nothing depends on it."),
        ),
        because="Who, which order, and for which scanner must be said. What belongs to the filler, the filler makes.",
    ),
    SingleChoice(
        id="11-02-08",
        lesson="02",
        text="An ACK holds `MSA|AE|M77` and `ERR|OBR^1^24^103&Table value not found&HL70357`. What do you do?",
        options=(
            Option(
                "Correct the modality in OBR-24 and send the order with a new control id.",
                "ERR names segment, field and condition; a mended message is a new message.",
                correct=True,
            ),
            Option(
                "Send the same bytes again later, because the RIS was not ready for it.",
                "AE is about the content. The same content gets the same answer, however often it is sent.",
            ),
            Option(
                "Correct OBR-1, because ERR names the first field of the segment OBR.",
                "The 1 says which OBR is meant. The field is the third component: 24.",
            ),
            Option(
                "Correct the address of the receiver, because its table was not found.",
                "The value was not found in a table of the receiver. An address fault would be AR on MSH-5 or MSH-6.",
            ),
        ),
        because="ERR-1 reads: segment OBR, the first one, field 24, condition 103: a value that the table lacks.",
        source="HL7 v2.3.1 section 2.24.3",
    ),
    SingleChoice(
        id="11-02-09",
        lesson="02",
        text="Since an upgrade of the EMR every order is answered AR. Where do you look first?",
        options=(
            Option(
                "At the header: version, message type, processing id, sender and receiver.",
                "AR is about the message as such, and these fields are what an upgrade changes for all orders.",
                correct=True,
            ),
            Option(
                "At the patients: their MRN, names, birth dates, sex and addresses, all in PID.",
                "A fault there brings AE, and not for every order.",
            ),
            Option(
                "At the framing: VT, FS and CR around each message.",
                "An answer has come, so the RIS has found whole messages in whole frames.",
            ),
        ),
        because="AR for all orders points to how the interface is set up. MSA-3 and ERR say which field.",
        source="HL7 v2.3.1 chapter 2, table 0008",
    ),
    SingleChoice(
        id="11-02-10",
        lesson="02",
        text="A sender gets no answer. The receiver's trace says: bytes outside a frame are discarded. Why?",
        options=(
            Option(
                "The sender does not put VT before the message.",
                "Without VT no frame begins, so every byte is noise between two frames.",
                correct=True,
            ),
            Option(
                "The sender leaves out the CR after FS.",
                "Then a frame was there and only its last byte is missing; the trace would say that.",
            ),
            Option(
                "The sender uses a control id for the second time.",
                "Then a message was read, and an answer would come.",
            ),
            Option(
                "The sender names another facility in MSH-6.",
                "Then the header was read, and the answer would be AR.",
            ),
        ),
        because="What has no VT never becomes a message, and what is no message gets no answer.",
        source="HL7 Transport Specification: MLLP, Release 1",
    ),
    SingleChoice(
        id="11-02-11",
        lesson="02",
        text="An order was sent, and the connection broke before an answer came. What does a good sender do?",
        options=(
            Option(
                "It sends the same bytes again, with the same control id.",
                "If the RIS has the order, it repeats its answer; if not, it takes the order now.",
                correct=True,
            ),
            Option(
                "It sends the order with a new control id, to be on the safe side.",
                "If the first one has arrived, this is another message to the RIS: in many systems a second order.",
            ),
            Option(
                "It takes the silence as AE and gives the order up.",
                "The order may have arrived. Then the patient would be examined without the EMR knowing.",
            ),
            Option(
                "It takes the silence as AA, because TCP delivers every byte.",
                "TCP says nothing of what the application did with the bytes. The order may be lost.",
            ),
        ),
        because="Without an answer the outcome is unknown. The control id lets the receiver recognise the repetition.",
    ),
    ShortText(
        id="11-02-12",
        lesson="02",
        text="Which field of an acknowledgment says which message is answered? Write it like PID-3.",
        accepted=("MSA-2", "MSA.2", "MSA 2", "MSA2"),
        wrong=(
            Wrong("MSH-10", "MSH-10 of the answer is the answer's own number. It repeats yours in MSA."),
            Wrong("MSA-1", "MSA-1 is the code, AA, AE or AR. The number of your message stands beside it."),
            Wrong("MSA-3", "MSA-3 is a text for people. A program goes by another field of MSA."),
        ),
        otherwise="It stands in the segment MSA and repeats MSH-10 of the message.",
        because="MSA-2 is the control id, MSH-10, of the message that is answered.",
        source="HL7 v2.3.1 section 2.24.2",
    ),
    ShortText(
        id="11-02-13",
        lesson="02",
        text="Write the name of Dr Ngozi Okafor (family name Okafor) as PID-5 would hold it.",
        accepted=("Okafor^Ngozi^^^Dr", "Okafor^Ngozi^^^Dr."),
        wrong=(
            Wrong("Ngozi^Okafor^^^Dr", "The family name comes first."),
            Wrong("Okafor^Ngozi^^Dr", "The fourth component is the suffix, such as Jr. The prefix is the fifth."),
            Wrong("Okafor^Ngozi^Dr", "The third component is for further given names. The prefix is the fifth."),
            Wrong("Dr^Ngozi^Okafor", "HL7 has its own order: family, given, middle, suffix, prefix."),
        ),
        otherwise="The components are family^given^middle^suffix^prefix; an empty one keeps its mark.",
        because="The components of a name are family, given, middle, suffix, prefix: two are empty before Dr.",
        source="HL7 v2.3.1 chapter 2, data type XPN",
    ),
    MultipleChoice(
        id="11-02-14",
        lesson="02",
        text="An order was accepted (AA). What may be sent with the same control id in MSH-10?",
        options=(
            Option("the very same message, because no answer arrived", "That is what the repetition is for.", True),
            Option("the same message with the birth date corrected", "Another content is another message: new number."),
            Option("the cancellation of the order, ORC-1 CA", "It speaks of the order, but it is a new message."),
            Option("the next order for the same patient", "The control id numbers messages, not patients."),
        ),
        because="MSH-10 numbers one message. Whatever says something else is another message.",
        source="HL7 v2.3.1 section 2.24.1",
    ),
    SingleChoice(
        id="11-02-15",
        lesson="02",
        text="MSH-18 is empty, and PID-5 holds Åkesson as UTF-8 bytes. What is wrong?",
        options=(
            Option(
                "The message does not declare the character set of its bytes.",
                "An empty MSH-18 means ASCII, and ASCII has no Å.",
                correct=True,
            ),
            Option(
                "HL7 allows no letters beyond A to Z in names.",
                "It does, in the character set that MSH-18 declares.",
            ),
            Option(
                "The name has to be written in base64, as attached documents are.",
                "Base64 is for attached data. A name is text in the declared character set.",
            ),
        ),
        because="MSH-18 says which bytes stand for which letters. This RIS answers AE with condition 102.",
        source="HL7 v2.3.1 section 2.24.1",
    ),
    Matching(
        id="11-02-16",
        lesson="02",
        text="Which number counts what?",
        pairs=(
            Pair(
                "control id, MSH-10",
                "one message",
                "A message that is sent again keeps it; every other gets a new one.",
            ),
            Pair("placer order number, ORC-2", "one order, as the EMR counts", "It stays when the order is changed."),
            Pair(
                "accession number", "one examination, as the RIS counts", "The filler gives it, for images and report."
            ),
            Pair("MRN, PID-3", "one patient", "All orders of a patient carry the same one."),
        ),
        distractors=("one connection",),
        because="Four numbers for four things. Most mix-ups at interfaces take one of them for another.",
    ),
    ShortText(
        id="11-02-17",
        lesson="02",
        text="Which placer order number did your EMR give to the order for Chidi Okonkwo?",
        accepted=(lambda lab: _order_of(lab, story_day.CHIDI_OKONKWO).placer_order_number,),
        wrong=(
            Wrong(
                lambda lab: _order_of(lab, story_day.CHIDI_OKONKWO).accession_number,
                "That is the accession number: the RIS gave it. The EMR's own number begins with P.",
            ),
            Wrong(
                lambda lab: _order_of(lab, story_day.CHIDI_OKONKWO).patient_id,
                "That is his MRN. The order's number begins with P.",
            ),
            Wrong(
                lambda lab: _order_of(lab, story_day.LARS_AKESSON).placer_order_number,
                "That order is Lars Åkesson's. Look at placer_order_number of each step in lab.ris.steps().",
            ),
        ),
        otherwise="Look at placer_order_number and patient_name of each step in lab.ris.steps().",
        because="The placer numbers its orders in ORC-2; the RIS keeps the number with the step.",
    ),
    ShortText(
        id="11-02-18",
        lesson="02",
        text=lambda lab: (
            f"The order {_order_of(lab, story_day.LARS_AKESSON).placer_order_number} in your department: what stood in "
            "the fourth component of ORC-7? Year to minute is enough."
        ),
        accepted=(
            lambda lab: _order_of(lab, story_day.LARS_AKESSON).start[:12],
            lambda lab: _order_of(lab, story_day.LARS_AKESSON).start,
            lambda lab: "^^^" + _order_of(lab, story_day.LARS_AKESSON).start,
        ),
        wrong=(
            Wrong(story_day.LARS_AKESSON.birth_date, "That is the birth date, PID-7. ORC-7 is when to examine him."),
            Wrong(
                lambda lab: _order_of(lab, story_day.CHIDI_OKONKWO).start[:12],
                "That is another patient's start. Look for the step with this placer_order_number.",
            ),
        ),
        otherwise="Look at start of the step with that placer_order_number in lab.ris.steps(): year, month, day, time.",
        because="The fourth component of ORC-7 is the start; the RIS schedules the step for it.",
    ),
    NumberQuestion(
        id="11-02-19",
        lesson="02",
        text="How many orders with MR in OBR-24 has your EMR sent, those of examined patients included?",
        answer=lambda lab: _orders(lab, "MR"),
        wrong=(
            Wrong(_orders, "Those are all orders. OBR-24 is the modality: count the orders for MR alone."),
            Wrong(
                lambda lab: sum(one.modality == "MR" for one in lab.ris.steps()),
                "Those are still on the worklist. An MRI that is done has left it, and it was ordered too.",
            ),
        ),
        otherwise="Count the MR steps in lab.ris.steps(), and add the MRI that is done.",
        because="Each order brought its modality in OBR-24, and the RIS made one step of each.",
    ),
    Matching(
        id="11-02-20",
        lesson="02",
        text="What stood in OBR-24 of the orders for these patients of your department?",
        pairs=(
            Pair(
                "Elena Rivera",
                lambda lab: _order_of(lab, PATIENT).modality,
                "Her brain was examined; the images are in your PACS. Look at their modality.",
            ),
            Pair(
                "Lars Åkesson",
                lambda lab: _order_of(lab, story_day.LARS_AKESSON).modality,
                "His chest is to be examined in slices. Look at modality in lab.ris.steps().",
            ),
            Pair(
                "Chidi Okonkwo",
                lambda lab: _order_of(lab, story_day.CHIDI_OKONKWO).modality,
                "One view of the chest is ordered. Look at modality in lab.ris.steps().",
            ),
        ),
        distractors=("US", "MRI"),
        because="OBR-24 holds the modality in DICOM's letters, and the step on the worklist has it from there.",
    ),
    SingleChoice(
        id="11-02-21",
        lesson="02",
        text=lambda lab: (
            f"Your EMR sends the order {_order_of(lab, story_day.YUKI_TANAKA).placer_order_number} once more, as new "
            "(NW), with a new control id. What does your RIS answer?"
        ),
        options=(
            Option(
                "AE on ORC-2: the order number is known already.",
                "A new message that orders a known number again is refused.",
                correct=True,
            ),
            Option(
                "AA, with the answer of the first time.",
                "That is for the same message again: the same control id and the same content.",
            ),
            Option(
                "AA, and a second step is on the worklist.",
                "That would examine the patient twice. This RIS checks ORC-2; a careless one may do just that.",
            ),
            Option(
                "AR, because the message is addressed wrongly.",
                "The header is in order: version, type and address are those of every order.",
            ),
        ),
        because="The control id is new, so it is a new message; ORC-2 is not, so it is no new order.",
    ),
)
