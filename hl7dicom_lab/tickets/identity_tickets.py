"""Tickets of identity: names and numbers that do not come through as they were meant (HL7 PID, DICOM PN)."""

from __future__ import annotations

from dataclasses import replace

from hl7dicom_lab import story, story_day
from hl7dicom_lab.model import Identifier, Patient, PersonName
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.tickets import morning, order_checks, probe
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Level, Ticket

#: Comes in the middle of the morning, for a chest radiograph.
ANA = Booking(
    Patient(Identifier("NG-100512", story.ISSUER), PersonName("Núñez", "Ana"), "19770119", "F"),
    story.CHEST_XRAY,
    "CR",
    morning.at(10, 15),
    "V-2026-0418",
    reason="Pain at the ribs",
)
#: A test patient whose name has three writings: what one byte a letter cannot hold.
_IN_THREE_WRITINGS = replace(
    probe.TEST_PATIENT,
    name=PersonName("Zz-Test", "Begoña", prefix="Ms", ideographic="試験^花子", phonetic="しけん^はなこ"),
)


def _order(department: Department, *bookings: Booking) -> None:
    order_checks.place_whatever_comes(department, [one.order() for one in bookings])


def _question_marks(department: Department) -> None:
    _order(department, morning.ELENA, morning.LARS)
    department.emr.settings = replace(department.emr.settings, character_set="ASCII")
    _order(department, ANA)
    department.modalities["CR"].query()


_QUESTION_MARKS = Ticket(
    letter="K",
    title="N??ez",
    level=Level.MEDIUM,
    told_by="The technologist at CR1",
    symptom="A patient with the name N??ez, Ana is on my list. She says that she is Núñez. I do not want to type it "
    "in.",
    cause="character set",
    at="EMR",
    breaks=_question_marks,
    works=lambda department: (
        order_checks.names_agree(department),
        order_checks.each_once(department),
        *order_checks.order_arrives(department, _IN_THREE_WRITINGS),
    ),
    people={
        "the physician": "On my screen she is Núñez, with everything that belongs to it.",
        "the technologist": "Lars Åkesson next door is written as he should be. He was ordered earlier.",
        "the vendor": "We have moved the order interface to another server this morning, after the second order.",
    },
    against={
        "name components": "Family name and given name stand where they belong. It is single letters that are wrong.",
        "segment end": "The segments end with CR.",
        "patient id": "She has one identifier, the same everywhere.",
        "field shifted": "PID-5 stands where it belongs. Read its bytes.",
        "order refused": "Her order was accepted. A question mark is a letter like any other.",
        "system down": "Every system runs; the name was spoilt on its way.",
    },
    elsewhere={
        "CR1": "CR1 asks for an answer in a set that has these letters. Look at the bytes that it gets: 3F is a "
        "question mark.",
        "RIS": "Look at the bytes of PID-5 as they arrive at the RIS: are the letters still in them?",
    },
    hints=(
        "Find the first place at which the letters are gone. Every place after it only passes on what it got.",
        "lab.trace.show(protocol='HL7', raw=True): the bytes of PID-5 and of MSH-18, in her order and in Lars "
        "Åkesson's.",
        "MSH-18 is empty, which means ASCII, and the EMR has written 3F for what ASCII lacks. It has to write a set "
        "that holds every name of this house; then her order goes again as a change.",
    ),
    solution="""
ticket.diagnose("character set", at="EMR")
ticket.repair("EMR", "character_set", "UNICODE UTF-8")
lab.emr.send_again("EMR000003", as_change=True)
ticket.repair()
""",
    explanation="The order interface wrote ASCII, which has neither ú nor ñ, and put a question mark for each. What "
    "has become a question mark cannot be read back by anybody: the name has to be sent again.",
    prevention="Test an interface with names of the people who live around you, and with one from far away. Have the "
    "sender refuse what it cannot write, rather than replace it.",
    source="HL7 v2.5.1 section 2.15.9.18 and table 0211 (MSH-18; empty means ASCII); DICOM PS3.5 section 6.1.2.3 "
    "(SpecificCharacterSet).",
)


def _same_number(department: Department) -> None:
    department.emr.settings = replace(department.emr.settings, accession_numbers="from the EMR")
    _order(department, *story_day.TODAY[:4])
    department.emr.settings = replace(department.emr.settings, next_accession_number=2)
    _order(department, ANA)
    department.modalities["CR"].query()


_SAME_NUMBER = Ticket(
    letter="O",
    title="The number is taken",
    level=Level.HARD,
    told_by="The physician",
    symptom="I have ordered a chest radiograph for Ana Núñez. My screen shows her with E000002; the technologist says "
    "that nobody of this name is on the list.",
    cause="shared accession number",
    at="EMR",
    breaks=_same_number,
    works=lambda department: (
        order_checks.each_once(department),
        order_checks.numbers_agree(department),
        order_checks.next_number_is_free(department),
        order_checks.numbered_by_the_emr(department),
    ),
    people={
        "the physician": "In this house the EMR gives the accession numbers; it has always been like that.",
        "the vendor": "The server of the order interface was restored from the backup of eight o'clock this morning.",
        "the technologist": "E000002? That is Lars Åkesson, next door at the CT.",
    },
    against={
        "order refused": "It was refused; that is what you see. What was it refused for? Read ERR-2 and the text of "
        "the answer.",
        "date format": "PID-7 is written as HL7 wants it. ERR-2 of the answer names another field.",
        "character set": "Her name came through as it is. ERR-2 of the answer names another field.",
        "resent as new": "Her order was sent once.",
        "patient id": "NG-100512 is hers alone. What else identifies an examination?",
        "system down": "The RIS has answered her order.",
        "field shifted": "The number stands in OBR-18, where it belongs. Whose number is it?",
    },
    elsewhere={
        "RIS": "The RIS has protected both patients: with one number for two, images would be mixed up. Who gave the "
        "number?",
    },
    hints=(
        "Her order was answered. Read the answer, also ERR.",
        "Whose number is E000002? Look at lab.ris.steps(), then at the settings of the system that gives the numbers.",
        "The counter of the EMR was set back. Set it above the highest number that is in use, then send her order "
        "again.",
    ),
    solution="""
ticket.diagnose("shared accession number", at="EMR")
ticket.repair("EMR", "next_accession_number", 5)
lab.emr.send_again("EMR000005")
ticket.repair()
""",
    explanation="After a restore the EMR's counter of accession numbers stood at 2 again, and it gave Ana Núñez the "
    "number of Lars Åkesson. The RIS refuses a number that another patient has.",
    prevention="After a restore, every counter that gives identifiers is set above what the receivers have seen. An "
    "accession number is one examination's, in the whole house and for ever.",
    source="IHE Radiology TF-1, Scheduled Workflow (accession number); DICOM PS3.3 section C.7.2.1 (0008,0050); HL7 "
    "table 0357, 205 duplicate key identifier.",
)


def _title_last(department: Department) -> None:
    department.emr.settings = replace(department.emr.settings, name_order="family^given^middle^prefix^suffix")
    _order(department, morning.ELENA, morning.LARS)
    department.modality.query()


_TITLE_LAST = Ticket(
    letter="P",
    title="Rivera, Elena Maria, Ms",
    level=Level.HARD,
    told_by="The radiologist",
    symptom="Elena Rivera's title stands behind her name, as if she were called Ms as others are called Junior. Her "
    "earlier examination is under another name, and the two are not shown together.",
    cause="name components",
    at="EMR",
    breaks=_title_last,
    works=lambda department: (
        order_checks.names_agree(department),
        order_checks.each_once(department),
        *order_checks.order_arrives(department),
    ),
    people={
        "the radiologist": "Her name of last year has the title in front. The name of today has it at the end.",
        "the vendor": "The order interface was set up anew on Sunday. Names are written as in DICOM, for radiology's "
        "sake.",
    },
    against={
        "character set": "Every letter is right. Look at the components of the name, the parts between ^.",
        "patient id": "She has one identifier, NG-100237, the same everywhere. It is the name that differs.",
        "field shifted": "PID-5 stands where it belongs. Look inside it, at its components.",
        "wrong patient picked": "Nobody has been scanned yet. It is the name on the worklist that is wrong.",
        "date format": "Her birth date came through as it is.",
        "order refused": "Her order was accepted: a title in the wrong component is still a name.",
    },
    elsewhere={
        "RIS": "The RIS puts XPN-4, the suffix, at PN-5, and XPN-5, the prefix, at PN-4, as it should. What did it "
        "get?",
        "MR1": "MR1 shows what the RIS has.",
    },
    hints=(
        "Take the name apart at each ^, in the message and on the worklist, and count.",
        "In HL7 (XPN) the suffix is component 4 and the prefix 5. In DICOM (PN) it is the other way round.",
        "The EMR writes PID-5 in DICOM's order. Correct name_order, then send the orders again as changes.",
    ),
    solution="""
ticket.diagnose("name components", at="EMR")
ticket.repair("EMR", "name_order", "family^given^middle^suffix^prefix")
lab.emr.send_again("EMR000001", as_change=True)
ticket.repair()
""",
    explanation="The EMR wrote the name in the order of DICOM's PN, prefix before suffix. HL7's XPN has the suffix "
    "first, and the RIS changes the two when it makes the worklist item, so Ms became a suffix.",
    prevention="Test an interface with a name that has every part: family, given, middle, suffix, prefix. With two "
    "parts no order can be wrong.",
    source="HL7 v2.5.1 section 2.A.88 (XPN); DICOM PS3.5 section 6.2.1 (PN: family, given, middle, prefix, suffix).",
)

TICKETS = (_QUESTION_MARKS, _SAME_NUMBER, _TITLE_LAST)
