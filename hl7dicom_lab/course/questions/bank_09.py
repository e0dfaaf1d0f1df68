"""The bank's questions about the whole department: who does what, who makes which number, downtime, what to verify."""

from __future__ import annotations

from hl7dicom_lab import story, story_day
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
from hl7dicom_lab.model import Patient, StepStatus, WorklistItem

_TODAY = "20260302"


def _step(lab: Lab, patient: Patient) -> WorklistItem:
    return lab.ris.order_book.steps(patient_id=patient.identifier.value)[0].item


def _named(lab: Lab, patient: Patient) -> str:
    return f"{_step(lab, patient).accession_number}, {patient.name}"


def _named_by_an_audit(lab: Lab) -> int:
    """How many completed steps lack images, or a report in one of two systems."""
    steps = [one.item for one in lab.ris.order_book.steps()]
    return sum(one.status is StepStatus.COMPLETED and not _is_whole(lab, one.accession_number) for one in steps)


def _is_whole(lab: Lab, number: str) -> bool:
    reports = (lab.emr.report(number), lab.pacs.reports.current(number))
    reported = all(one is not None and one.status in ("F", "C") for one in reports)
    return reported and bool(lab.pacs.archive.studies(accession_number=number))


QUESTIONS = (
    Matching(
        id="11-09-01",
        lesson="09",
        text="Which IHE transaction is which message?",
        pairs=(
            Pair("RAD-1, Patient Registration", "ADT^A04 to the RIS", "The visit is registered: the patient is here."),
            Pair("RAD-2, Placer Order Management", "ORM^O01 to the RIS", "The Order Placer sends its order."),
            Pair("RAD-5, Query Modality Worklist", "C-FIND to the RIS", "The scanner asks who is next."),
            Pair("RAD-8, Modality Images Stored", "C-STORE to the PACS", "The scanner sends what it acquired."),
            Pair("RAD-28, Structured Report Export", "ORU^R01 to the EMR", "The report leaves the dictation system."),
        ),
        distractors=("C-ECHO to the PACS",),
        because="Five transactions and two languages: HL7 where people and orders are meant, DICOM where images are.",
        source="IHE RAD TF-2 sections 4.1, 4.2, 4.5, 4.8 and 4.28",
    ),
    Matching(
        id="11-09-02",
        lesson="09",
        text="Which IHE actor is which system of the department?",
        pairs=(
            Pair("EMR", "Order Placer", "The EMR asks for the examination and numbers the request."),
            Pair(
                "RIS",
                "Department System Scheduler/Order Filler",
                "The RIS schedules what was ordered, and fills the order.",
            ),
            Pair("scanner", "Acquisition Modality", "The scanner acquires: it queries the worklist and stores images."),
            Pair("PACS", "Image Manager/Archive", "The PACS keeps images and answers queries about them."),
            Pair("dictation system", "Report Creator", "The report begins where the radiologist speaks it."),
        ),
        distractors=("Image Display",),
        because="An actor is a role, and a product may play several. Orders, images and reports each have their own.",
        source="IHE RAD TF-1, Scheduled Workflow; Simple Image and Numeric Report",
    ),
    Ordering(
        id="11-09-03",
        lesson="09",
        text="One patient of this department, from the order to the report: bring the steps into order.",
        places=(
            Place("The EMR places the order.", "Nothing can be scheduled before it is asked for."),
            Place("The patient checks in.", "The order is there, and now she is here; the scan needs both."),
            Place("The scanner finds her as ARRIVED.", "The worklist says so only after the check-in."),
            Place(
                "The images are stored in the PACS.", "They carry the identity that the worklist gave, so it was asked."
            ),
            Place("The step is completed at the RIS.", "Only when everything is stored: nobody goes back to it."),
            Place("The radiologist's report is sent.", "It is read from the images, when the examination is over."),
        ),
        because="Each step uses what the one before has left: a number, a name, a study.",
        source="IHE RAD TF-1, Scheduled Workflow",
    ),
    NumberQuestion(
        id="11-09-04",
        lesson="09",
        text="Say the day is over in your department, and nobody else has come. How many steps does the desk follow up "
        "as no-shows?",
        answer=lambda lab: sum(one.status == "SCHEDULED" and one.start[:8] == _TODAY for one in lab.ris.steps()),
        wrong=(
            Wrong(
                lambda lab: len(lab.ris.steps()),
                "That is the whole worklist. One of these steps is due tomorrow: nobody has missed it.",
            ),
            Wrong(7, "Seven were ordered. Those that are completed, or due tomorrow, are not."),
            Wrong(2, "Two is how many are completed. Asked for are those who did not come."),
            Wrong(0, "Nobody has checked in for the steps that are still SCHEDULED. Look at lab.ris.steps()."),
        ),
        otherwise="Count the steps of lab.ris.steps() that are SCHEDULED and start on 2 March 2026.",
        because="A no-show is a step of today that is still SCHEDULED: neither arrived, nor done, nor cancelled.",
    ),
    NumberQuestion(
        id="11-09-05",
        lesson="09",
        text="An audit names each COMPLETED step of your department that has no images, or no report of status F or C "
        "in EMR or PACS. How many does it name?",
        answer=_named_by_an_audit,
        wrong=(
            Wrong(0, "Ask lab.emr.report for the accession number of each study in lab.pacs.studies()."),
            Wrong(2, "Two steps are COMPLETED. One of them has images and a final report: look at both."),
            Wrong(
                lambda lab: len(lab.ris.order_book.steps()) - 1,
                "A step that is SCHEDULED and has no images is in order. The audit looks at COMPLETED ones.",
            ),
        ),
        otherwise="Go through lab.pacs.studies(), and ask lab.emr.report and lab.pacs.reports.current for each.",
        because="Comparing systems by accession number finds what none of them misses by itself.",
    ),
    SingleChoice(
        id="11-09-06",
        lesson="09",
        text="Your CT scanner queries today's worklist. Which examination comes back?",
        options=(
            Option(
                lambda lab: _named(lab, story_day.LARS_AKESSON),
                "It is a CT of today, and its step is still to be done.",
                correct=True,
            ),
            Option(
                lambda lab: _named(lab, story_day.MARCO_RIVERA),
                "It was a CT of today, and it is COMPLETED: it has left the worklist.",
            ),
            Option(
                lambda lab: _named(lab, story_day.CHIDI_OKONKWO),
                "It is a radiograph (CR). The CT scanner asks with Modality CT.",
            ),
            Option(
                lambda lab: _named(lab, story_day.SAMIR_HADDAD),
                "It is an MR, and it is due tomorrow: neither modality nor date match.",
            ),
        ),
        because="A scanner asks for its station, its modality and today, and gets what is not completed.",
        source="DICOM PS3.4 section K.6.1.2.2",
    ),
    SingleChoice(
        id="11-09-07",
        lesson="09",
        text="The RIS is down and an urgent patient lies on the table. The technologist types name and MRN at the "
        "scanner. What do the images lack?",
        options=(
            Option(
                "The accession number and Study Instance UID that the RIS would have given.",
                "The scanner makes a study of its own, and somebody has to match it with the order later.",
                correct=True,
            ),
            Option(
                "SOP Instance UIDs, so that the PACS cannot keep them before the RIS is back.",
                "These are the scanner's own, with or without a worklist. The PACS takes the images.",
            ),
            Option(
                "Pixel data, because a scanner acquires only what is on its worklist.",
                "An unscheduled examination is possible: patients do not wait for a server.",
            ),
            Option(
                "Nothing: what a technologist types is the same as what a worklist says.",
                "It has no keys of the order, and a name that is typed may be misspelt.",
            ),
        ),
        because="Without a worklist item the keys of the order are not there. IHE has a profile for putting it right "
        "later: Patient Information Reconciliation.",
        source="IHE RAD TF-1, Patient Information Reconciliation",
    ),
    MultipleChoice(
        id="11-09-08",
        lesson="09",
        text="The RIS was down for two hours and is back. What do you verify?",
        options=(
            Option(
                "That orders placed meanwhile have arrived, each once.",
                "Senders keep what was not acknowledged and send it again; compare EMR and RIS.",
                correct=True,
            ),
            Option(
                "That images of these hours are matched with their orders.",
                "They were acquired without a worklist and carry none of its keys.",
                correct=True,
            ),
            Option(
                "That steps of patients who were examined are completed.",
                "Nobody could tell the RIS while it was down, so they would stay on the worklist.",
                correct=True,
            ),
            Option(
                "That the PACS has given new UIDs to the images meanwhile.",
                "It must not: an image keeps its SOP Instance UID. The PACS was not even down.",
            ),
        ),
        because="After a downtime, compare what happened with what each system believes: orders, images, steps, "
        "reports.",
    ),
    SingleChoice(
        id="11-09-09",
        lesson="09",
        text="A step is COMPLETED in the RIS. The scanner's log says 0xA700 for 3 of its 24 images. What do you do "
        "first?",
        options=(
            Option(
                "Have the scanner send the three again, and count in the PACS.",
                "They are at the scanner only. A query afterwards shows whether all 24 are there.",
                correct=True,
            ),
            Option(
                "Have the patient scanned once more, as the study is not whole.",
                "The three images exist, at the scanner. Nobody has to lie down again for them.",
            ),
            Option(
                "Place the order again, so that the step is back on the worklist.",
                "A new order is another examination, with an accession number of its own.",
            ),
            Option(
                "Nothing: a COMPLETED step says that the PACS has all images.",
                "It says what somebody told the RIS. The answers to C-STORE say what the PACS has.",
            ),
        ),
        because="0xA7xx is out of resources: the images were refused, and they are as good as before. Complete a step "
        "after its images are stored.",
        source="DICOM PS3.4 section B.2.3, Table B.2-1",
    ),
    ShortText(
        id="11-09-10",
        lesson="09",
        text="In which DICOM attribute of a worklist item does the EMR's own order number travel to the scanner? "
        "Write its keyword.",
        accepted=(
            "PlacerOrderNumberImagingServiceRequest",
            "Placer Order Number / Imaging Service Request",
            "(0040,2016)",
            "(0040, 2016)",
            "0040,2016",
            "00402016",
        ),
        wrong=(
            Wrong(
                "AccessionNumber", "The accession number is the RIS's. Asked for is the number of who placed the order."
            ),
            Wrong(
                "FillerOrderNumberImagingServiceRequest",
                "The filler is the RIS: that is its number of the order, ORC-3.",
            ),
        ),
        otherwise="The EMR is the placer, and its number is ORC-2. The keyword begins with Placer.",
        because="ORC-2 becomes (0040,2016): whoever has the item can find the order.",
        source="DICOM PS3.3 section C.4.12",
    ),
    NumberQuestion(
        id="11-09-11",
        lesson="09",
        text="One MRI with 24 images gets one report, for EMR and PACS. How many ORU^R01 messages leave the "
        "dictation system?",
        answer=2,
        wrong=(
            Wrong(1, "One report, and two receivers: each gets a message of its own and answers it."),
            Wrong(4, "Four with the acknowledgments. These come back, they do not leave the dictation system."),
            Wrong(24, "A report is about the study, not about each image."),
        ),
        otherwise="Count the receivers: each gets the report in one message.",
        because="Two receivers, two messages, two acknowledgments: one may accept what the other refuses.",
    ),
    Ordering(
        id="11-09-12",
        lesson="09",
        text="Four patients have arrived and one technologist runs all scanners. Urgent first, then by time: in "
        "which order are they examined?",
        places=(
            Place("MR at 10:45, STAT", "STAT comes before every other priority, and this one is the earlier of two."),
            Place("CT at 11:00, STAT", "Urgent too, and booked later than the other urgent one."),
            Place("CR at 08:30, ROUTINE", "The earliest of the routine ones, after all urgent ones."),
            Place("CT at 09:15, ROUTINE", "Routine, and the latest hour among the routine ones."),
        ),
        because="The key has two values: urgent or not, and the start time. The second decides only among equals.",
    ),
    SingleChoice(
        id="11-09-13",
        lesson="09",
        text=lambda lab: (
            f"The EMR now cancels the order {_step(lab, story_day.MARCO_RIVERA).placer_order_number} in your "
            f"department (Marco Rivera, {_step(lab, story_day.MARCO_RIVERA).status.value}). What does the RIS answer?"
        ),
        options=(
            Option(
                "AE: the examination is done, and cannot be cancelled any more.",
                "CA is for an order whose examination has not begun.",
                correct=True,
            ),
            Option(
                "AA, and the step becomes CANCELED although images are stored.",
                "Then the PACS would hold images of an examination that never was.",
            ),
            Option(
                "AA, and the RIS has the PACS delete the images of the study.",
                "An order says nothing to the PACS, and no system deletes images by itself.",
            ),
            Option(
                "AR, because ORC-1 does not know the value CA in an ORM^O01.",
                "CA is in table 0119. AR would mean that the message as such cannot be taken.",
            ),
        ),
        because="What has happened stays: a cancellation that comes too late is an error in the content (AE).",
        source="HL7 v2.3.1 section 4.3.1, table 0119",
    ),
    MultipleChoice(
        id="11-09-14",
        lesson="09",
        text="Which of these does an audit find that compares RIS, PACS and EMR by accession number and patient?",
        options=(
            Option("A completed step without images.", "RIS says done, PACS holds nothing: they differ.", correct=True),
            Option(
                "Images that name another patient than the step.",
                "RIS and PACS name different patients under one accession number.",
                correct=True,
            ),
            Option(
                "A report that one of two receivers never filed.",
                "EMR and PACS are compared with each other, so the gap shows.",
                correct=True,
            ),
            Option(
                "A left knee that was scanned in place of the right.",
                "All systems agree on it: only a person who looks at images and order can see it.",
            ),
        ),
        because="An audit finds where systems disagree. Where all of them are wrong in the same way it is blind.",
    ),
    SingleChoice(
        id="11-09-15",
        lesson="09",
        text="Why does a good audit compare patients by PatientID with its issuer, and not by name?",
        options=(
            Option(
                "Names repeat, change and vary in spelling; the MRN is one patient's.",
                "Two patients named Rivera on one day are enough to mislead an audit by name.",
                correct=True,
            ),
            Option(
                "PatientName is encrypted in the images, and so it cannot be compared.",
                "It is plain text. It compares well, and proves little.",
            ),
            Option(
                "The RIS does not hold names, only numbers, so there is nothing to compare.",
                "It does: the worklist answers with PatientName.",
            ),
            Option(
                "HL7 and DICOM write names in the same form, so they are always equal.",
                "The forms differ (XPN and PN), and equal names still may be two patients.",
            ),
        ),
        because="An identifier names one patient within whoever issued it. A name is for people to read.",
        source="DICOM PS3.3 section C.7.1.1",
    ),
    ShortText(
        id="11-09-16",
        lesson="09",
        text="One study of your PACS has no report yet. For which AE title had the RIS scheduled it?",
        accepted=(lambda lab: _step(lab, story_day.MARCO_RIVERA).station_ae_titles[0],),
        wrong=(
            Wrong(
                lambda lab: _step(lab, story.PATIENT).station_ae_titles[0],
                "Elena Rivera's MRI is planned there, and it has its report. Look for the other study.",
            ),
            Wrong("CT", "That is the modality. Several scanners may be CTs; each has an AE title of its own."),
            Wrong("CT1", "That is the station's name. Its AE title is longer."),
            Wrong("NORTHGATE_PACS", "That is where the images went. The step was planned for a scanner."),
        ),
        otherwise="Find the study for which lab.emr.report gives None, then look at station_ae_titles of "
        "lab.ris.step with its accession number.",
        because="The PACS names the study, the EMR shows that the report is missing, and the RIS knows the scanner.",
    ),
    Matching(
        id="11-09-17",
        lesson="09",
        text="Where do you look first?",
        pairs=(
            Pair(
                "The patient is not on the scanner's list.",
                "date, station and status of the step in the RIS",
                "The worklist answers from the RIS's steps: one of the keys of the query does not match.",
            ),
            Pair(
                "The images are there, their report is not.",
                "the exceptions queues of EMR and PACS",
                "A report that was accepted and cannot be attached waits there, with the reason.",
            ),
            Pair(
                "The step is completed, its images are not there.",
                "the C-STORE statuses at the scanner",
                "The scanner got an answer for each image; a failure stands there.",
            ),
            Pair(
                "The RIS knows nothing of an order.",
                "the acknowledgment that the EMR got",
                "AE, AR or no answer at all: each tells where the order was lost.",
            ),
        ),
        because="Begin at the last place where all was well, and read what the next system answered.",
    ),
    SingleChoice(
        id="11-09-18",
        lesson="09",
        text="With which DICOM service does a scanner itself tell the RIS that a step is in progress and then "
        "completed?",
        options=(
            Option(
                "Modality Performed Procedure Step (MPPS).",
                "N-CREATE when it begins, N-SET when it ends; RAD-6 and RAD-7 of IHE.",
                correct=True,
            ),
            Option("Modality Worklist (C-FIND).", "It asks what is planned. It tells nothing of what was done."),
            Option(
                "Storage Commitment Push Model (N-ACTION).",
                "It asks the archive to take over the responsibility for images.",
            ),
            Option("Verification (C-ECHO).", "It asks whether the other side is there, and nothing more."),
        ),
        because="The worklist says what is planned, MPPS what was performed. In the lab a person tells it at the RIS.",
        source="DICOM PS3.4 Annex F; IHE RAD TF-2 sections 4.6 and 4.7",
    ),
    ShortText(
        id="11-09-19",
        lesson="09",
        text="Which order of the EMR does the report on Elena Rivera's study answer? Give its placer order number.",
        accepted=(lambda lab: _step(lab, story.PATIENT).placer_order_number,),
        wrong=(
            Wrong("NG000001", "That is the accession number, which the RIS made. The EMR's number begins with P."),
            Wrong("NG-100237", "That is her MRN. It names the patient, in all her orders."),
        ),
        otherwise="Look at lab.emr.report with her accession number: the report carries the placer order number.",
        because="The report brings the placer's number back (OBR-2), so the EMR knows which of its orders is answered.",
        source="HL7 v2.3.1 chapter 4, OBR-2",
    ),
)
