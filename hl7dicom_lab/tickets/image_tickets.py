"""Tickets of the images: a scanner sends, and the archive does not have what it should (PS3.4 Annex B, IHE RAD-8)."""

from __future__ import annotations

from collections.abc import Callable

from hl7dicom_lab.actors.settings import changed
from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import DeliveryError
from hl7dicom_lab.model import StepStatus
from hl7dicom_lab.tickets import image_checks, morning
from hl7dicom_lab.tickets.department import Department
from hl7dicom_lab.tickets.morning import CHIDI, ELENA, LARS, MARCO
from hl7dicom_lab.tickets.ticket import Check, Level, Ticket, once_served

#: How much the archive still holds when ticket J begins, and how much a day brings at the least.
_ROOM = 14
_A_DAY = 200


def _scanner_sends_badly(modality: str, setting: str, value: str) -> Callable[[Department], None]:
    """Break how a scanner sends, and let three patients be examined: two on one kind of scanner, one on another."""

    def breaks(department: Department) -> None:
        morning.ordered(department)
        scanner = department.modalities[modality]
        scanner.settings = changed(scanner.settings, setting, value)
        morning.examined(department, LARS, morning.at(9, 40))
        morning.examined(department, CHIDI, morning.at(9, 58))
        morning.examined(department, MARCO, morning.at(10, 22))

    return breaks


_SYNTAX = Ticket(
    letter="H",
    title="The scanner keeps its images",
    level=Level.MEDIUM,
    told_by="The technologist at CT1",
    symptom="Lars Åkesson and Marco Rivera are scanned, and both are still in my send queue. I press Send, and a "
    "second later it says that the transfer has failed. The chest film of the room next door is in the PACS.",
    cause="presentation context",
    at="CT1",
    breaks=_scanner_sends_badly("CT", "transfer_syntax", "Deflated Explicit VR Little Endian"),
    works=lambda department: (
        *(image_checks.in_archive(department, one) for one in (LARS, MARCO, CHIDI)),
        image_checks.nothing_waits(department, "CT"),
        image_checks.can_send(department, "CT"),
    ),
    people={
        "the technologist": "On Friday evening the last patient went through without a word. My worklist is fine.",
        "the radiologist": "I have Chidi Okonkwo's chest film of this morning, and no CT since Friday.",
        "the physician": "Lars Åkesson is short of breath. I have his order on my screen, and nothing else.",
        "the vendor": "On Saturday we have made CT1 faster for your slow line: it packs its data before it sends them, "
        "and nothing is lost. At the factory our own archive took it at once.",
    },
    against={
        "called AE title": "CT1 asks for NORTHGATE_PACS, and what comes back is an A-ASSOCIATE-AC. A wrong called AE "
        "title brings an A-ASSOCIATE-RJ with source 1, reason 7.",
        "archive full": "Want of room is the status 0xA700 of a C-STORE-RSP. CT1 has sent no C-STORE-RQ at all, and "
        "between its two patients the PACS kept the radiograph of CR1.",
        "system down": "The PACS answers CT1 within the second, and it keeps what CR1 sends in between.",
        "station title": "That is a key of the worklist query, and CT1 found both patients on its list. It fails "
        "later.",
        "wrong patient picked": "Look at lab.modalities['CT'].queue: it has the accession numbers of the two who were "
        "scanned. And a wrong PatientID is no reason for the PACS to refuse an image; it does not get to see one.",
        "character set": "No data set has been sent, so no letter of a name was read. Rivera waits as Åkesson does.",
        "order refused": "The RIS has answered both orders with AA, and the PACS of this department gets no orders.",
        "not checked in": "There is an ADT^A04 for each of them; and it would be no matter of the PACS.",
    },
    elsewhere={
        "PACS": "The PACS has changed nothing, and it agrees with CR1. Compare what the two scanners propose.",
        "CR1": "The radiograph of CR1 has arrived. Whose association ends without an image?",
    },
    hints=(
        "Follow one image of CT1: worklist, association, C-STORE. Which is the last of them that is on the wire?",
        "lab.timeline(system='PACS'): open the A-ASSOCIATE-AC that CT1 gets and the one that CR1 gets. Each context "
        "has a result. What has CT1 proposed?",
        "CT1 proposes Deflated Explicit VR Little Endian and nothing else; this PACS does not take it. Choose another "
        "transfer_syntax, then let CT1 send again what waits: lab.modalities['CT'].send_again().",
    ),
    solution="""
ticket.diagnose("presentation context", at="CT1")
ticket.repair("CT1", "transfer_syntax", "Explicit VR Little Endian")
lab.modalities["CT"].send_again()
ticket.repair()
""",
    explanation="After the update CT1 proposed CT Image Storage in Deflated Explicit VR Little Endian only. The PACS "
    "does not take that transfer syntax and answered with result 4 for the one context that there was. An association "
    "without an accepted context is of no use, so CT1 aborted it and kept the images.",
    prevention="A new software version of a scanner is tried with a test image before the first patient, and its "
    "conformance statement is compared with the one of the PACS: SOP classes and transfer syntaxes. Somebody looks at "
    "the send queues in the morning.",
    source="DICOM PS3.8 Table 9-18 (result of a presentation context: 4, transfer-syntaxes-not-supported); PS3.5 "
    "section 10.1: who proposes a context for an abstract syntax also offers the default, Implicit VR Little Endian.",
)

_TITLE = Ticket(
    letter="I",
    title="The network is green",
    level=Level.EASY,
    told_by="The technologist at CR1",
    symptom="The chest film of Chidi Okonkwo does not leave my room. Our computer people say that the network is fine: "
    "they have pinged the PACS from my machine. And my worklist comes as always.",
    cause="called AE title",
    at="CR1",
    breaks=_scanner_sends_badly("CR", "pacs_ae_title", "NORTHGATE_VNA"),
    works=lambda department: (
        *(image_checks.in_archive(department, one) for one in (CHIDI, LARS, MARCO)),
        image_checks.nothing_waits(department, "CR"),
        image_checks.can_send(department, "CR"),
        _worklist_answers(department, "CR"),
    ),
    people={
        "the technologist": "Until Friday each film was gone before the patient was dressed. Then the service was "
        "here.",
        "the radiologist": "I have both CTs of this morning. The chest film is the one that I miss.",
        "the vendor": "The department gets a new archive on 16 March, NORTHGATE_VNA. It was on our list for Friday's "
        "service, so we have entered it while we were there.",
    },
    against={
        "presentation context": "Contexts are answered in an A-ASSOCIATE-AC. What CR1 gets is an A-ASSOCIATE-RJ, "
        "before anybody has looked at a context.",
        "system down": "The PACS answers CR1 within the second, and it keeps the CTs before and after.",
        "archive full": "Want of room is the status 0xA700 of a C-STORE-RSP. CR1 never comes to a C-STORE-RQ.",
        "station title": "That is a key of the worklist query, and CR1 has found its patient.",
        "keys at the root": "That is a matter of the worklist query, and CR1 has found its patient and nobody else.",
        "wrong patient picked": "Look at lab.modalities['CR'].queue: the image has the accession number of Chidi "
        "Okonkwo's order. The PACS has not seen it yet.",
        "not checked in": "The RIS has had the ADT^A04 of Chidi Okonkwo; and it is no matter of the PACS.",
    },
    elsewhere={
        "PACS": "The PACS answers to the AE title that it had on Friday, and CT1 reaches it under that. Who asks for "
        "another one?",
        "RIS": "The RIS accepts the association of CR1, and the worklist comes. Another association is rejected.",
    },
    hints=(
        "A ping asks whether a machine is there, not whether an application is. Which answer does CR1 get on the wire?",
        "lab.trace.show(system='CR1'): compare the A-ASSOCIATE-RQ to the PACS with the one of CT1. The rejection has a "
        "result, a source and a reason.",
        "CR1 asks for NORTHGATE_VNA, and the PACS is NORTHGATE_PACS. Then let CR1 send again what waits.",
    ),
    solution="""
ticket.diagnose("called AE title", at="CR1")
ticket.repair("CR1", "pacs_ae_title", "NORTHGATE_PACS")
lab.modalities["CR"].send_again()
ticket.repair()
""",
    explanation="CR1 asked for the AE title NORTHGATE_VNA at the address of the PACS, whose title is NORTHGATE_PACS. "
    "The PACS rejected the association: called AE title not recognized. Host and port were right, so the ping was "
    "too.",
    prevention="AE title, host and port of each partner stand on one list, with the day from which they hold. After a "
    "service somebody tries C-ECHO from the scanner (lab.modalities['CR'].echo()): it asks for the AE title, as a ping "
    "does not.",
    source="DICOM PS3.8 section 9.3.4, Table 9-21: A-ASSOCIATE-RJ with result 1, source 1, reason 7.",
)


def _worklist_answers(department: Department, modality: str) -> Check:
    """Whether a scanner still gets an answer from the worklist, whatever is on it."""
    scanner = department.modalities[modality]
    words = f"{scanner.station.name} still gets an answer from the worklist"
    try:
        scanner.query()
    except DeliveryError as failure:
        return Check(words, False, failure.what)
    return Check(words, True)


def _archive_fills_up(department: Department) -> None:
    """Elena Rivera's series is the one in which the room comes to an end; what comes after it is refused."""
    morning.ordered(department)
    department.pacs.settings = changed(department.pacs.settings, "room", _ROOM)
    morning.examined(department, ELENA, morning.at(9, 12))
    morning.examined(department, LARS, morning.at(9, 40))


def _room_for_a_day(department: Department) -> Check:
    """Whether what comes after these patients is kept as well."""
    room, archive = department.pacs.settings.room, department.pacs.archive
    left = _A_DAY if isinstance(room, str) else room - archive.count() - archive.withdrawals.count()
    seen = f"{counted(max(left, 0), 'image')} more, and it is where it was this morning"
    return Check(f"the archive has room for another day, {_A_DAY} images", left >= _A_DAY, seen)


_FULL = Ticket(
    letter="J",
    title="Half a head",
    level=Level.EASY,
    told_by="The radiologist",
    symptom="Elena Rivera's series ends in the middle of the head: I have 14 images, and MR1 has made 24. And Lars "
    "Åkesson's CT is not there at all, although he was an emergency.",
    cause="archive full",
    at="PACS",
    breaks=_archive_fills_up,
    works=lambda department: once_served(
        (
            image_checks.in_archive(department, ELENA),
            image_checks.in_archive(department, LARS),
            image_checks.nothing_waits(department, "MR", "CT"),
        ),
        lambda: (_room_for_a_day(department),),
    ),
    people={
        "the technologist": "The scanners have them all: I can scroll through the whole head on MR1. What is sent and "
        "does not arrive stays in my queue.",
        "the radiologist": "Last week's studies are all there and open as fast as ever.",
        "the vendor": "We wanted to move the studies of 2019 to the new disks on Friday. That was put off to this "
        "week.",
    },
    against={
        "presentation context": "The A-ASSOCIATE-AC accepts what MR1 proposes, and 14 images of the same series went "
        "through the same association.",
        "called AE title": "MR1 and CT1 both get an A-ASSOCIATE-AC. A wrong called AE title is rejected.",
        "system down": "The PACS answers every C-STORE-RQ, also those that it refuses. Look at the status (0000,0900).",
        "wrong patient picked": "The 14 images name NG-100237 and the accession number of Elena Rivera's order, and so "
        "do those that wait in the queue of MR1.",
        "order cancelled": "Both orders stand in the order book, and both steps are COMPLETED.",
        "shared accession number": "Each of the two orders has a number of its own, and no image has another "
        "patient's.",
        "character set": "Elena Rivera's name has nothing but ASCII letters, and half of her images arrived.",
    },
    elsewhere={
        "MR1": "CT1 gets the same answer as MR1. What do the two have in common?",
        "CT1": "MR1 gets the same answer as CT1. What do the two have in common?",
    },
    hints=(
        "Two scanners, one symptom. Some images went through and then none: when did it begin?",
        "lab.timeline(problems=True), or lab.trace.show(system='PACS'): read the status of the C-STORE-RSPs, from the "
        "first one that is not 0x0000.",
        "0xA700 is: refused, out of resources. Give the PACS more room, for more than what waits; then let MR1 and CT1 "
        "send again.",
    ),
    solution="""
ticket.diagnose("archive full", at="PACS")
ticket.repair("PACS", "room", 100_000)
lab.modalities["MR"].send_again()
lab.modalities["CT"].send_again()
ticket.repair()
""",
    explanation="The archive had room for 14 more images. It kept those, and refused what came after them with 0xA700, "
    "as it must: what it cannot keep it may not acknowledge. So nothing was lost: the images waited in the scanners.",
    prevention="Free space is watched and somebody is called long before it ends; so is a send queue that does not get "
    "empty. Compare how many images the scanner has made with how many are in the archive. And no scanner deletes "
    "images before the archive has committed itself to keep them (storage commitment).",
    source="DICOM PS3.4 Table B.2-1: status A7xx of C-STORE, Refused: Out of resources.",
)


def _another_line_is_picked(department: Department) -> None:
    """Lars Åkesson lies on the table, Marco Rivera's line is picked; then Marco Rivera comes, in time."""
    morning.ordered(department)
    morning.examined(department, LARS, morning.at(9, 36), line_of=MARCO)
    morning.examined(department, CHIDI, morning.at(9, 58))
    department.clock.advance_to(morning.at(10, 21))
    department.emr.check_in(MARCO.patient, MARCO.visit)
    department.clock.advance_to(morning.at(10, 31))
    department.modalities["CT"].query()


def _nobody_else_has_images(department: Department) -> Check:
    """Whether the images are gone from the patient whom nobody has scanned."""
    found = department.pacs.archive.studies(patient_id=MARCO.patient.identifier.value)
    seen = ", ".join(f"{one.accession_number} has {counted(one.instances, 'image')}" for one in found)
    return Check("no image says that it shows Marco Rivera, who waits outside", not found, seen)


def _studies_fit_their_orders(department: Department) -> Check:
    """Whether each study is of the patient and the modality that its order asks for."""
    seen = []
    for study in department.pacs.studies():
        steps = department.ris.order_book.steps(accession_number=study.accession_number)
        if not steps:
            seen.append(f"there is no order {study.accession_number or 'without an accession number'}")
            continue
        wanted, made = steps[0].item, " and ".join(study.modalities)
        if (wanted.patient_id, wanted.modality) != (study.patient_id, made):
            order = f"{study.accession_number} is an order for {wanted.modality} of {wanted.patient_id}"
            seen.append(f"{order}, and there are images of {made} of {study.patient_id}")
    return Check("each study is what its order asks for", not seen, "; ".join(seen))


def _the_desk_is_right(department: Department) -> Check:
    """Whether the RIS has the one as scanned and the other as still to be scanned."""
    number = morning.accession_number(department, LARS)
    status = department.ris.step(number).status
    seen = [] if status is StepStatus.COMPLETED else [f"Lars Åkesson's step {number} is {status.value}"]
    number = morning.accession_number(department, MARCO)
    if number not in [str(item.AccessionNumber) for item in department.modalities["CT"].query()]:
        seen.append(
            f"{number} of Marco Rivera is {department.ris.step(number).status.value}, and not on the list of CT1"
        )
    return Check("Lars Åkesson is done, and CT1 has Marco Rivera on its list", not seen, "; ".join(seen))


_PICKED = Ticket(
    letter="L",
    title="Scanned, and not there",
    level=Level.HARD,
    told_by="The physician",
    symptom="Lars Åkesson was scanned before ten; I have brought him there myself. In the PACS there is no CT of him, "
    "and nobody can tell me whether it is an embolism.",
    cause="wrong patient picked",
    at="CT1",
    breaks=_another_line_is_picked,
    works=lambda department: once_served(
        (
            image_checks.in_archive(department, LARS),
            image_checks.in_archive(department, CHIDI),
            _studies_fit_their_orders(department),
        ),
        lambda: (_nobody_else_has_images(department), _the_desk_is_right(department)),
    ),
    people={
        "the technologist": "Lars Åkesson came from the emergency room and was pushed in between. He is scanned, and "
        "the images went off at once. Now Mr Rivera sits here for half past ten, and my list does not have him.",
        "the radiologist": "I have a CT of Marco Rivera here. He comes because of a nodule in the left lower lobe, and "
        "for ten minutes I have looked for it in vain.",
    },
    against={
        "presentation context": "CT1 has sent an image at 09:44, and the PACS answered 0x0000. Whose image is it?",
        "archive full": "Every C-STORE-RQ of the morning was answered with 0x0000.",
        "called AE title": "No association was rejected, and CT1 has sent an image at 09:44. Whose image is it?",
        "order refused": "The RIS has answered his order with AA. lab.ris.step('NG000002') is there; look at its "
        "status.",
        "order cancelled": "His step is ARRIVED, neither CANCELED nor COMPLETED. What does that say of the scanner?",
        "not checked in": "There is an ADT^A04 for Lars Åkesson at 09:36. Compare it with the one of Marco Rivera.",
        "patient id": "EMR, RIS and worklist know Lars Åkesson as NG-100318. No image has that PatientID (0010,0020).",
        "shared accession number": "NG000002 and NG000004 are two numbers of two patients. Which of them does the "
        "image of 09:44 have (0008,0050)?",
        "station title": "CT1 asked for its own steps, and both patients were on the list.",
        "system down": "All systems have answered all morning.",
    },
    elsewhere={
        "RIS": "The worklist had both lines, each with its own patient and number. Who chose one of them?",
        "PACS": "The PACS keeps images under the name that they bring along. Who gave it to them?",
        "EMR": "The EMR's messages name each patient as he is. What happened after the worklist was answered?",
    },
    hints=(
        "Somebody was scanned and has no images. Is there anybody who has images and was not scanned?",
        "Put times beside each other: the ADT^A04 of both CT patients, the C-STORE of CT1, and for each of them "
        "lab.ris.step(...).status. lab.pacs.studies() shows what the archive has.",
        "NG000004 was scanned half an hour before Marco Rivera came. These are Lars Åkesson's images: "
        "lab.pacs.reassign('NG000004', item, by=..., because=...) with his item from lab.modalities['CT'].query(). "
        "Then the desk: lab.ris.reopen_step for the one, lab.ris.complete_step for the other.",
    ),
    solution="""
ticket.diagnose("wrong patient picked", at="CT1")
(item,) = lab.modalities["CT"].query(PatientID="NG-100318")
lab.pacs.reassign("NG000004", item, by="PACS analyst", because="Lars Åkesson was on the table, not Marco Rivera")
lab.ris.reopen_step("NG000004", by="PACS analyst", because="Lars Åkesson was on the table, not Marco Rivera")
lab.ris.complete_step("NG000002")
ticket.repair()
""",
    explanation="When Lars Åkesson was pushed in, the technologist picked Marco Rivera's line. The scanner copied that "
    "identity into the image, as it must, and the PACS kept it: for every system all was well. What gave it away was "
    "the order of events: NG000004 was scanned and completed before Marco Rivera had checked in, and Lars Åkesson's "
    "step stayed ARRIVED. The images were withdrawn, and copies with the right identity and UIDs of their own took "
    "their place; what they said before stands in OriginalAttributesSequence. Before that is done, the radiologist is "
    "told, and the technologist confirms who was on the table.",
    prevention="Two identifiers are asked of the patient and compared with the line that is picked, also in a hurry. "
    "The worklist shows who has arrived. Once a day somebody lists examinations that were completed before the patient "
    "came, and patients who came and have no images.",
    source="IHE Radiology TF-1, Patient Information Reconciliation, and Imaging Object Change Management (IOCM); DICOM "
    "PS3.3 section C.12.1 (Original Attributes Sequence); PS3.5 section 9 (a changed image has another UID).",
)

TICKETS = (_SYNTAX, _TITLE, _FULL, _PICKED)
