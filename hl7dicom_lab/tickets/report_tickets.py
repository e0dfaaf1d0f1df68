"""Tickets of the reports: one report, two receivers, and they do not show the same (IHE RAD-28)."""

from __future__ import annotations

from hl7dicom_lab import story
from hl7dicom_lab.actors.settings import changed
from hl7dicom_lab.model import ImagingOrder, Person, PersonName, Report, ReportStatus
from hl7dicom_lab.story_day import Booking
from hl7dicom_lab.tickets import morning, report_checks
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.morning import CHIDI, LARS
from hl7dicom_lab.tickets.ticket import Level, Ticket, once_served

_DR_NOVAK = Person("D3007", PersonName("Novak", "Jana", prefix="Dr"))

_FINAL_CT = """\
EXAMINATION: CT of the chest with contrast

HISTORY: Sudden shortness of breath.

FINDINGS: Filling defect in a branch of the right lower lobe artery. No effusion.

IMPRESSION: Pulmonary embolism, right lower lobe."""

_PRELIMINARY_CT = """\
EXAMINATION: CT of the chest with contrast

HISTORY: Sudden shortness of breath.

IMPRESSION: No pulmonary embolism in the large vessels. Final report follows."""

_CHEST = """\
EXAMINATION: Chest radiograph, one view

HISTORY: Cough for two weeks.

IMPRESSION: No pneumonia."""


def _two_are_examined(department: Department) -> None:
    morning.ordered(department)
    morning.examined(department, LARS, morning.at(9, 40))
    morning.examined(department, CHIDI, morning.at(9, 58))


def _dictated(
    department: Department,
    booking: Booking,
    text: str,
    status: ReportStatus = ReportStatus.FINAL,
    signed_by: Person = story.DR_LINDQVIST,
) -> Report:
    """A report on the examination of the morning, with the order that it answers."""
    number = morning.accession_number(department, booking)
    study = department.pacs.archive.find_study(accession_number=number)
    order = _order_of(department, booking)
    return department.dictation.dictate(study, text, order=order, status=status, signed_by=signed_by)


def _order_of(department: Department, booking: Booking) -> ImagingOrder:
    orders = [one for sent in department.emr.outbox for one in sent.orders]
    return next(one for one in orders if one.patient == booking.patient)


def _sent_under_another_name(department: Department) -> None:
    """Two reports are signed; the messages to the PACS name an application that it is not."""
    _two_are_examined(department)
    department.dictation.settings = changed(department.dictation.settings, "pacs_application", story.PACS_AE_TITLE)
    for booking, text, at in ((LARS, _FINAL_CT, morning.at(10, 19)), (CHIDI, _CHEST, morning.at(10, 31))):
        department.clock.advance_to(at)
        department.dictation.send(_dictated(department, booking, text))


_REFUSED = Ticket(
    letter="M",
    title="Signed, and not beside the images",
    level=Level.MEDIUM,
    told_by="The radiologist",
    symptom="I have signed the reports on Lars Åkesson and Chidi Okonkwo. Dr Okafor reads them in the EMR. Beside the "
    "images in the PACS there is nothing, and a colleague was about to read them a second time.",
    cause="report refused",
    at="DICTATION",
    breaks=_sent_under_another_name,
    works=lambda department: once_served(
        (
            report_checks.final_in_both(department, LARS, _FINAL_CT),
            report_checks.final_in_both(department, CHIDI, _CHEST),
        ),
        lambda: (report_checks.reaches_both(department),),
    ),
    people={
        "the radiologist": "When I sign, the screen says: report sent. I do not see more. On Friday it was all right.",
        "the physician": "I have both reports in the EMR, and have told Mr Åkesson's ward.",
        "the vendor": "On Sunday we have put the list of interfaces of the dictation system in order. For each "
        "receiver it has the name now that stands in your network plan.",
    },
    against={
        "called AE title": "A report travels as HL7, which knows no association. NORTHGATE_PACS stands in MSH-5 of a "
        "message: what does the PACS answer to it?",
        "late preliminary": "The PACS shows no report at all, neither an old nor a new one: "
        "lab.pacs.reports.history('NG000002') is empty.",
        "patient id": "PID-3 of the report is NG-100318, as PatientID of the images. And a report that fits no study "
        "is answered with AA and waits in lab.pacs.exceptions(); nothing waits there.",
        "field shifted": "OBR-18 has the accession number in both messages, and the EMR has filed the report by it.",
        "shared accession number": "Each of the two reports has the accession number of its own patient's images.",
        "system down": "The PACS answers both messages within the second. Have you read what it answers?",
        "character set": "Chidi Okonkwo's report has ASCII letters only, and it is missing as well.",
        "segment end": "The two messages of a report come from the same builder, with CR; the EMR reads its one.",
        "wrong patient picked": "The images are under the right names and numbers, and so are the reports in the EMR.",
        "order refused": "The RIS has answered all orders with AA. The messages that matter here are ORU^R01.",
    },
    elsewhere={
        "PACS": "The PACS has answered, and has said why. Who wrote what it names, and who has not read the answer?",
        "EMR": "The EMR has filed both reports. Which of the two receivers has none?",
    },
    hints=(
        "One report, two messages, two answers. Which of the answers has anybody read?",
        "lab.dictation.outbox, or lab.trace.show(system='DICTATION'): compare MSA-1 of the two answers to one report, "
        "then MSH of the two messages.",
        "MSH-5 says NORTHGATE_PACS. That is an AE title; the HL7 application is called PACS. Correct pacs_application, "
        "then lab.dictation.send_again('NG000002', 'PACS'), and the other report too.",
    ),
    solution="""
ticket.diagnose("report refused", at="DICTATION")
ticket.repair("DICTATION", "pacs_application", "PACS")
lab.dictation.send_again("NG000002", "PACS")
lab.dictation.send_again("NG000003", "PACS")
ticket.repair()
""",
    explanation="The dictation system addressed its messages to the PACS with the AE title NORTHGATE_PACS in MSH-5. "
    "The HL7 application of the PACS is called PACS, so it refused each report, and said so in its acknowledgment. The "
    "dictation system showed the radiologist that it had sent, which was true; nobody read the second answer.",
    prevention="A negative acknowledgment has to reach a person: an outbox with a number of refused messages, looked "
    "at each day, or an alarm. After a change of an interface a test report is sent, and looked for at every "
    "receiver.",
    source="HL7 v2.5.1 section 2.15.9.5 (MSH-5, Receiving Application) and table 0008 (MSA-1); IHE Radiology TF-2, "
    "RAD-28.",
)


def _older_one_comes_last(department: Department) -> None:
    """A preliminary report waits somewhere for half an hour and overtakes the final one, on a shelf that takes it."""
    _two_are_examined(department)
    department.pacs.settings = changed(department.pacs.settings, "report_that_holds", "the one that came last")
    department.clock.advance_to(morning.at(10, 4))
    waiting = _dictated(department, LARS, _PRELIMINARY_CT, ReportStatus.PRELIMINARY, _DR_NOVAK)
    department.clock.advance_to(morning.at(10, 12))
    department.dictation.send(_dictated(department, CHIDI, "Being read.", ReportStatus.PRELIMINARY, _DR_NOVAK))
    department.clock.advance_to(morning.at(10, 19))
    department.dictation.send(_dictated(department, LARS, _FINAL_CT))
    department.clock.advance_to(morning.at(10, 31))
    department.dictation.send(_dictated(department, CHIDI, _CHEST))
    department.clock.advance_to(morning.at(10, 36))
    department.dictation.send(waiting)


_OVERTAKEN = Ticket(
    letter="N",
    title="Two truths",
    level=Level.MEDIUM,
    told_by="The physician",
    symptom="Does Lars Åkesson have an embolism or not? In the EMR the report says yes. Beside his images in the PACS "
    "it says no. Ten minutes ago it said yes there too.",
    cause="late preliminary",
    at="PACS",
    breaks=_older_one_comes_last,
    works=lambda department: once_served(
        (
            report_checks.final_in_both(department, LARS, _FINAL_CT),
            report_checks.final_in_both(department, CHIDI, _CHEST),
        ),
        lambda: (report_checks.late_preliminary_gives_way(department),),
    ),
    people={
        "the radiologist": "Dr Novak had a first look in the emergency room at ten. I read it after her and signed at "
        "twenty past. What I have signed holds.",
        "the technologist": "The computers in the emergency room were without network until half past ten.",
        "the vendor": "The report window is much faster since Saturday: it shows what came in, without comparing.",
    },
    against={
        "report refused": "Both receivers have answered all messages about NG000002 with AA.",
        "clock": "OBR-22 and MSH-7 of the messages agree with the day: the times are right. Who compares them?",
        "patient id": "Both reports have NG-100318 in PID-3, and so have the images.",
        "shared accession number": "Both reports have NG000002 in OBR-18, and it is Lars Åkesson's. They are two "
        "versions of one report.",
        "wrong patient picked": "Images and reports name Lars Åkesson, and he was scanned at 09:48.",
        "resent as new": "Each message has an MSH-10 of its own, and rightly: their contents differ.",
        "order refused": "The RIS has answered all orders with AA. The messages that matter here are ORU^R01.",
        "system down": "Both receivers answer within the second.",
    },
    elsewhere={
        "DICTATION": "It sent one of them late, and that will happen: networks fail. But the message says how final it "
        "is (OBR-25) and since when (OBR-22). Who has to heed that?",
        "EMR": "The EMR got the same messages in the same order, and shows what was signed.",
    },
    hints=(
        "Two systems got the same messages and show different reports. In which order did the messages come?",
        "Read OBR-25 and OBR-22 of the messages about NG000002, and the text of each answer: what does the EMR say "
        "that the PACS does not?",
        "The PACS shows whatever came last. Set report_that_holds to 'by status, then by time'; for what has come "
        "already: lab.pacs.judge_again('NG000002').",
    ),
    solution="""
ticket.diagnose("late preliminary", at="PACS")
ticket.repair("PACS", "report_that_holds", "by status, then by time")
lab.pacs.judge_again("NG000002")
ticket.repair()
""",
    explanation="The final report came at 10:19, the preliminary one of 10:04 at 10:36, when the network was back. The "
    "EMR compared the two and kept showing the final one. The PACS did not compare: what came last took the place.",
    prevention="A receiver of reports is tested with messages in the wrong order: a final report, then a preliminary "
    "one of an earlier time. And what decides is in the message, OBR-25 and OBR-22, never the time of arrival.",
    source="HL7 v2.5.1 sections 7.4.1.25 (OBR-25, Result Status, table 0123) and 7.4.1.22 (OBR-22, status change).",
)

TICKETS = (_REFUSED, _OVERTAKEN)
