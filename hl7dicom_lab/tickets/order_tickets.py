"""Tickets of the order: it does not come, comes twice, or comes with its number in the wrong place (IHE RAD-2)."""

from __future__ import annotations

from dataclasses import replace

from hl7dicom_lab import story_day
from hl7dicom_lab.tickets import morning, order_checks, probe
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.ticket import Check, Level, Ticket


def _set(department: Department, **settings: object) -> None:
    department.emr.settings = replace(department.emr.settings, **settings)  # type: ignore[arg-type] # names of settings


def _order(department: Department, *bookings: story_day.Booking) -> None:
    order_checks.place_whatever_comes(department, [one.order() for one in bookings])


def _refused(department: Department) -> None:
    _order(department, morning.ELENA)
    _set(department, birth_date_format="DDMMYYYY")
    _order(department, morning.LARS, morning.CHIDI)
    department.modalities["CT"].query()


_REFUSED = Ticket(
    letter="D",
    title="Ordered, and never seen",
    level=Level.EASY,
    told_by="The technologist at CT1",
    symptom="Lars Åkesson is here with his slip, an emergency, and I do not have him on my list. The physician says: "
    "ordered at eight, and my screen shows it as sent.",
    cause="date format",
    also=("order refused",),
    at="EMR",
    breaks=_refused,
    works=lambda department: (order_checks.each_once(department), *order_checks.order_arrives(department)),
    people={
        "the physician": "I have ordered for three patients this morning. My screen says sent, for each of them.",
        "the vendor": "The order interface got our update between the first and the second order. Nothing for orders: "
        "dates are shown as in Europe now.",
    },
    against={
        "system down": "EMR and RIS have a connection, and every message got an answer. Read the answers.",
        "station title": "CT1 asks for its own station. Is there a step for him at all? Look at lab.ris.steps().",
        "date range": "CT1 asks for today. Is there a step for him on any day? Look at lab.ris.steps().",
        "not checked in": "A step is on the worklist as soon as it is ordered; here the RIS has none.",
        "order cancelled": "No ORM of this morning has CA in ORC-1.",
        "field shifted": "PID-7 stands where it belongs. Read what is in it.",
        "character set": "The Å came through well: ERR-2 names another field, with digits only.",
    },
    elsewhere={
        "RIS": "The RIS has read the message and said in ERR-2 what is wrong with it. Who wrote that field?",
        "CT1": "CT1 gets what the RIS has, and the RIS has no order for him.",
    },
    hints=(
        "Sent is not the same as taken. What was the answer to each order?",
        "lab.trace.show(protocol='HL7') or lab.emr.outbox: look at MSA-1, and at ERR-2 of the second answer.",
        "PID-7 has the day first. HL7 writes the year first. Correct the interface, then send the refused orders "
        "again.",
    ),
    solution="""
ticket.diagnose("date format", at="EMR")
ticket.repair("EMR", "birth_date_format", "YYYYMMDD")
for control_id in ("EMR000002", "EMR000003"):
    lab.emr.send_again(control_id)
ticket.repair()
""",
    explanation="After an update the EMR wrote the birth date as day, month, year. The RIS refused such orders with "
    "AE and named PID-7. Nobody read the answers, so the orders stood as sent in one system and nowhere in the other.",
    prevention="An answer that is not AA has to reach a person: a work list of refused messages, looked at every "
    "hour. After an update, send a test order and look for it on the worklist.",
    source="HL7 v2.5.1 chapter 2A (DT and TS: YYYYMMDD), section 2.9 and table 0008 (AA, AE, AR).",
)


def _shifted(department: Department) -> None:
    _set(department, accession_numbers="from the EMR")
    _order(department, morning.ELENA)
    _set(department, accession_number_in="OBR-19")
    _order(department, morning.LARS)
    department.modalities["CT"].query()


_SHIFTED = Ticket(
    letter="E",
    title="Two numbers for one examination",
    level=Level.MEDIUM,
    told_by="The technologist at CT1",
    symptom="On Lars Åkesson's slip, which the physician has printed, stands the number E000002. My list has him with "
    "NG000001. I do not scan anybody whose numbers differ.",
    cause="field shifted",
    at="EMR",
    breaks=_shifted,
    works=lambda department: (
        order_checks.numbers_agree(department),
        order_checks.each_once(department),
        *order_checks.order_arrives(department),
        order_checks.numbered_by_the_emr(department),
    ),
    people={
        "the physician": "In this house the EMR gives the accession numbers; it has always been like that.",
        "the vendor": "Since the second order of today the interface has a new mapping for OBR. All orders were taken.",
    },
    against={
        "shared accession number": "E000002 is one patient's only. Where in the message does it stand?",
        "patient id": "PID-3 and PatientID are the same, NG-100318.",
        "resent as new": "There is one order and one step for him.",
        "order refused": "The RIS has answered with AA. AA says that it was taken, not that every value came well.",
        "wrong patient picked": "Nobody has been scanned yet; the numbers differ before that.",
        "clock": "No time has anything to do with a number here.",
    },
    elsewhere={
        "RIS": "The RIS makes a number where an order has none in OBR-18. Look at what it got.",
        "CT1": "CT1 shows what the RIS has given it.",
    },
    hints=(
        "AA, and yet a value is not where it should be. Follow E000002 from the message to the worklist.",
        "lab.look(lab.emr.outbox[1]) counts the fields of the second order; lab.map('NG000001') shows where its values "
        "went.",
        "The number stands in OBR-19 and belongs in OBR-18. The order that is there already goes again as a change.",
    ),
    solution="""
ticket.diagnose("field shifted", at="EMR")
ticket.repair("EMR", "accession_number_in", "OBR-18")
lab.emr.send_again("EMR000002", as_change=True)
ticket.repair()
""",
    explanation="The EMR wrote its accession number into OBR-19, Placer Field 2, which the RIS reads as the requested "
    "procedure's id. OBR-18 was empty, so the RIS made a number of its own. Every system was content, and they "
    "differed.",
    prevention="AA proves that a message was understood, not that it says what was meant. Compare the keys on both "
    "sides after each change of an interface: accession number, patient, order number.",
    source="IHE Radiology TF-2, RAD-4 (OBR-18 accession number, OBR-19 requested procedure id); HL7 v2.3.1 chapter 4.",
)


def _line_feeds(department: Department) -> None:
    department.ris.settings = replace(department.ris.settings, line_feeds="refuse")
    _set(department, segment_end="LF")
    _order(department, morning.ELENA, morning.LARS)
    department.modality.query()
    department.modalities["CT"].query()


_LINE_FEEDS = Ticket(
    letter="F",
    title="A whole morning without orders",
    level=Level.MEDIUM,
    told_by="The physician",
    symptom="Nothing of what I order today arrives in radiology. On Friday it was all right, and I have changed "
    "nothing.",
    cause="segment end",
    at="EMR",
    breaks=_line_feeds,
    works=lambda department: (
        order_checks.each_once(department),
        *order_checks.order_arrives(department),
        order_checks.as_the_standard_has_it(department),
    ),
    people={
        "the vendor": "The RIS has its new version since Sunday: it reads messages strictly now, as the standard has "
        "them. The EMR sends as it has sent for ten years.",
    },
    against={
        "system down": "Both sides have a connection, and every message has its answer.",
        "field shifted": "The RIS does not find fault with a field. It says what it does not find at all.",
        "character set": "MSH-18 says UNICODE UTF-8, and the bytes are UTF-8. Look at the bytes between the segments.",
        "date format": "PID-7 is written as HL7 wants it. Does the RIS see a PID at all?",
        "order refused": "That is what you see. Why was it refused? Read ERR, then the bytes of the message.",
        "order cancelled": "No ORM of this morning has CA in ORC-1.",
    },
    elsewhere={
        "RIS": "The RIS has become strict, and it may be. Which side writes what the standard does not have?",
    },
    hints=(
        "The answer says that something is missing which you can see in the message. How does a reader tell segments "
        "apart?",
        "lab.trace.show(protocol='HL7', raw=True): look for 0d and 0a at the end of the segments.",
        "Segments end with CR (0d). The EMR ends them with LF (0a). Correct it there, then send the refused orders "
        "again.",
    ),
    solution="""
ticket.diagnose("segment end", at="EMR")
ticket.repair("EMR", "segment_end", "CR")
for sent in lab.emr.outbox[:2]:
    lab.emr.send_again(sent.control_id)
ticket.repair()
""",
    explanation="The EMR ended its segments with LF. The old RIS forgave it; the new one reads as the standard has "
    "it, saw one long segment, and refused it.",
    prevention="A receiver that forgives, with a warning, hides a fault until the next receiver does not. Read "
    "warnings, and have them mended at the sender.",
    source="HL7 v2.5.1 section 2.5.4: the segment terminator is CR, and it cannot be changed.",
)


def _twice(department: Department) -> None:
    _set(department, without_an_answer="send a new order")
    _order(department, morning.ELENA)
    department.emr.lose_next_answer()
    _order(department, morning.LARS, morning.MARCO)
    department.modalities["CT"].query()


def _lost_answer(department: Department) -> Check:
    """Whether a test order is there once also where its answer is lost."""
    department.emr.lose_next_answer()
    with probe.ordered(department) as tried:
        return Check(
            "a test order whose answer is lost is there once",
            len(tried.steps) == 1,
            f"it is there {len(tried.steps)} times",
        )


_TWICE = Ticket(
    letter="G",
    title="One patient, two lines",
    level=Level.HARD,
    told_by="The technologist at CT1",
    symptom="Lars Åkesson is on my list twice: same time, same examination, two accession numbers. Which line do I "
    "take?",
    cause="resent as new",
    at="EMR",
    breaks=_twice,
    works=lambda department: (order_checks.each_once(department), _lost_answer(department)),
    people={
        "the physician": "I have ordered once. For a moment my screen said: no answer, trying again.",
        "the vendor": "The network between EMR and RIS was slow at eight for some seconds. Nothing was lost.",
    },
    against={
        "shared accession number": "The two lines have different accession numbers.",
        "patient id": "Both lines have the same PatientID and issuer.",
        "order refused": "Every order was accepted. That one of them was accepted twice is the trouble.",
        "system down": "The RIS was there and answered both messages. Who did not take the first answer?",
        "segment end": "The messages are well formed.",
        "order cancelled": "No ORM of this morning has CA in ORC-1.",
    },
    elsewhere={
        "RIS": "The RIS got two messages with different numbers in MSH-10 and ORC-2. How could it know that they are "
        "one?",
        "CT1": "CT1 shows what the RIS has.",
    },
    hints=(
        "Two lines come from two orders. Compare the two messages in the trace: which fields differ?",
        "The first message was answered, and the answer did not arrive. What does the sender do then? Look at its "
        "settings.",
        "What got no answer goes again as it was, with the same MSH-10. Correct that, then cancel one of the two "
        "orders.",
    ),
    solution="""
ticket.diagnose("resent as new", at="EMR")
ticket.repair("EMR", "without_an_answer", "send the same message again")
lab.emr.cancel_order("P00002")
ticket.repair()
""",
    explanation="The answer to the first order was late, and the EMR hung up. It then made a new order of it, with a "
    "new MSH-10 and a new ORC-2. For the RIS these were two orders.",
    prevention="A sender repeats the same bytes with the same MSH-10 until it has an answer; a receiver that keeps "
    "its answers gives the old one again. Ask for both in the specification of an interface.",
    source="HL7 v2.5.1 section 2.9 (MSH-10 and MSA-2), section 2.15.9.10 (MSH-10 identifies the message).",
)


TICKETS = (_REFUSED, _SHIFTED, _LINE_FEEDS, _TWICE)
