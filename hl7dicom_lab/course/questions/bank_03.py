"""Lesson 03 in the final test: mapping, numbers, steps, check-in. Lesson 11 begins with two studies in the PACS."""

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


def _step(lab: Lab, patient: Patient) -> WorklistItem:
    return lab.ris.order_book.steps(patient_id=patient.identifier.value)[0].item


QUESTIONS = (
    SingleChoice(
        id="11-03-01",
        lesson="03",
        text="PID-5 says `Okonkwo^Chidi^^Jr^Dr`. What does PatientName (0010,0010) say?",
        options=(
            Option("Okonkwo^Chidi^^Dr^Jr", "Prefix in the fourth place, suffix in the fifth.", correct=True),
            Option(
                "Okonkwo^Chidi^^Jr^Dr",
                "That is HL7's order. As a PN it makes Jr the prefix: Jr Chidi Okonkwo Dr.",
            ),
            Option("Okonkwo^Chidi^Dr^Jr", "The empty middle name is lost, so Dr has become the middle name."),
            Option("Dr^Chidi^Okonkwo^^Jr", "A PN begins with the family name, as PID-5 does."),
        ),
        because="XPN ends in suffix^prefix, PN in prefix^suffix; the empty middle name keeps its place.",
        source="HL7 v2.5.1 section 2.A.88; DICOM PS3.5 section 6.2.1",
    ),
    Matching(
        id="11-03-02",
        lesson="03",
        text="Which HL7 field does each worklist attribute come from?",
        pairs=(
            Pair("PatientBirthDate", "PID-7", "PID-7 is the date of birth; its first eight digits are copied."),
            Pair("IssuerOfPatientID", "PID-3.4", "The fourth component of an identifier says who issued it."),
            Pair("Modality", "OBR-24", "An ORM of IHE Radiology has the modality in OBR-24."),
            Pair("ScheduledProcedureStepStartTime", "ORC-7.4", "ORC-7 is the timing, its fourth component the start."),
        ),
        distractors=("PID-18", "OBR-7"),
        because="The mapping is a table of IHE: whoever knows it finds the cause of a wrong value on the worklist.",
        source="IHE RAD TF-2x Appendix B, Table B-1",
    ),
    MultipleChoice(
        id="11-03-03",
        lesson="03",
        text="An order comes with nothing in OBR-18 to OBR-20 and without ZDS. Which values does the RIS make?",
        options=(
            Option("AccessionNumber", "Nothing in OBR-18: the department gives the number.", correct=True),
            Option("ScheduledProcedureStepID", "Nothing in OBR-20: who schedules a step numbers it.", correct=True),
            Option("StudyInstanceUID", "ZDS would have carried it; without one the RIS makes it.", correct=True),
            Option("PlacerOrderNumberImagingServiceRequest", "The placer is the EMR, and its number is in ORC-2."),
            Option("PatientID", "It comes in PID-3. An order filler that invents patients would mix them up."),
        ),
        because="The order filler makes what the order leaves to it, once, and keeps it on every later query.",
        source="IHE RAD TF-2 section 4.4; DICOM PS3.4 Table K.6-1",
    ),
    Ordering(
        id="11-03-04",
        lesson="03",
        text="Bring these into order, from the one that holds all the others to the smallest.",
        places=(
            Place("the patient", "All orders of one person belong to one patient."),
            Place("the order, or imaging service request", "A patient has one or more orders."),
            Place("the requested procedure", "An order asks for one or more requested procedures."),
            Place("the scheduled procedure step", "A requested procedure is carried out in one or more steps."),
        ),
        because="Patient, order, procedure, step: each may have several of the next. A worklist line is a step.",
        source="DICOM PS3.3 section 7.3.1",
    ),
    NumberQuestion(
        id="11-03-05",
        lesson="03",
        text="A requested procedure has three scheduled steps. How many Study Instance UIDs do the three have?",
        answer=1,
        wrong=(
            Wrong(3, "Each step has an id of its own, but the study belongs to the requested procedure above them."),
            Wrong(4, "Steps and procedure have their ids. The study's UID stands at the procedure, and there is one."),
            Wrong(0, "The UID is there before the first image: the scanner copies it from the worklist."),
        ),
        otherwise="Ask at which level the UID stands: at the step, or at the requested procedure above it?",
        because="StudyInstanceUID is an attribute of the requested procedure, so its steps have the same one.",
        source="DICOM PS3.3 section C.4.11",
    ),
    ShortText(
        id="11-03-06",
        lesson="03",
        text="Which component of PID-3 says whether a number is a medical record number or an account number? "
        "Write it like `OBX-3.1`.",
        accepted=("PID-3.5", "PID-3-5", "PID 3.5", "PID.3.5", "3.5"),
        wrong=(
            Wrong("PID-3.4", "PID-3.4 says who issued the number. The type stands next to it."),
            Wrong("PID-3.1", "PID-3.1 is the number itself."),
            Wrong("PID-18", "PID-18 is another field: the account number. Here the type inside PID-3 is asked for."),
        ),
        otherwise="PID-3 is number, two components for a check digit, issuer, type. Count to the type.",
        because="The fifth component is the identifier type: MR, AN and others of table 0203.",
        source="HL7 v2.5.1 table 0203",
    ),
    SingleChoice(
        id="11-03-07",
        lesson="03",
        text='In an ADT^A08, PID-8 is empty and PID-11 holds `""`. What does the RIS do with sex and address?',
        options=(
            Option(
                "It keeps the sex and deletes the address.", "Empty is unchanged, two quotes are delete.", correct=True
            ),
            Option("It deletes both of them.", "Then every short message would wipe out what it does not repeat."),
            Option("It keeps both of them.", 'Two quotation marks are a value of their own, "null": delete it.'),
            Option("It deletes the sex and keeps the address.", "The other way round: empty says nothing at all."),
        ),
        because='An empty field says nothing about the value; `""` says that there is none any more.',
        source="HL7 v2.3.1 chapter 2",
    ),
    NumberQuestion(
        id="11-03-08",
        lesson="03",
        text="An order says body weight 150 in OBX-5 and `lb` in OBX-6. What must PatientWeight (0010,1030) say?",
        answer=68.04,
        tolerance=0.1,
        unit="kilograms",
        wrong=(
            Wrong(150, "The number was copied without its unit. PatientWeight is always in kilograms."),
            Wrong(330, "Multiplied instead of divided: a pound is less than half a kilogram."),
        ),
        otherwise="PatientWeight is in kilograms, and a pound is 0.4536 kg.",
        because="150 times 0.4536 is about 68. Doses are calculated from this weight, so a unit is never guessed.",
        source="DICOM PS3.3 section C.7.2.2",
    ),
    Matching(
        id="11-03-09",
        lesson="03",
        text="ORC-7.6 of an order has a priority. What does RequestedProcedurePriority say?",
        pairs=(
            Pair("S", "STAT", "S is stat: at once."),
            Pair("A", "HIGH", "A is as soon as possible, after the stat orders."),
            Pair("R", "ROUTINE", "R is routine, what most orders are."),
        ),
        distractors=("LOW",),
        because="One letter in HL7, a word in DICOM: a value that is converted and not copied.",
        source="IHE RAD TF-2x Appendix B, Table B-1",
    ),
    SingleChoice(
        id="11-03-10",
        lesson="03",
        text="An EMR sends an accession number of 20 characters in OBR-18. What does a careful RIS do?",
        options=(
            Option(
                "It refuses the message and names OBR-18 and the limit.",
                "Nothing wrong gets onto the worklist, and the sender knows why.",
                correct=True,
            ),
            Option(
                "It cuts the number to 16 characters.",
                "Two long numbers may become one and the same: then one accession number names two examinations.",
            ),
            Option(
                "It sends all 20 characters on to the scanner's worklist.",
                "AccessionNumber is an SH, at most 16 characters. Scanners may cut it, or refuse the answer.",
            ),
            Option(
                "It drops the number and answers AA.",
                "The sender believes that its number is used, and its report will never find the study.",
            ),
        ),
        because="An identifier is copied whole or refused. A cut identifier is another identifier.",
        source="DICOM PS3.5 Table 6.2-1 (SH)",
    ),
    SingleChoice(
        id="11-03-11",
        lesson="03",
        text="By which attribute of the worklist does the technologist see that a patient has checked in?",
        options=(
            Option("ScheduledProcedureStepStatus", "At Northgate it changes to ARRIVED.", correct=True),
            Option("PatientState", "PatientState is about the patient's condition, such as a danger to others."),
            Option("PerformedProcedureStepStatus", "That is no worklist attribute: it tells what was done."),
            Option("RequestedProcedurePriority", "The priority comes with the order and says how urgent it is."),
        ),
        because="The status of the step goes from SCHEDULED to ARRIVED when the RIS has read the ADT message.",
        source="DICOM PS3.3 section C.4.10",
    ),
    SingleChoice(
        id="11-03-12",
        lesson="03",
        text="The planned start on the worklist is wrong: it shows when the order was typed in. What did the RIS read?",
        options=(
            Option("ORC-9 instead of ORC-7.4", "ORC-9 is when the order was entered.", correct=True),
            Option("OBR-27.4 instead of ORC-7.4", "Both fields hold the planned start and say the same."),
            Option("PID-7 instead of ORC-7.4", "PID-7 is the date of birth; the start would be decades ago."),
            Option("OBR-7 instead of ORC-7.4", "OBR-7 is when the examination is made, and empty in a new order."),
        ),
        because="ORC-7 is the timing of the order, ORC-9 the time of the transaction.",
        source="HL7 v2.3.1 chapter 4 (ORC)",
    ),
    SingleChoice(
        id="11-03-13",
        lesson="03",
        text="Two hospitals send orders to one RIS, and both have a patient 4711. What keeps the two apart?",
        options=(
            Option("the issuer, IssuerOfPatientID", "It comes from PID-3.4.", correct=True),
            Option("the name, PatientName", "Names are spelled in several ways, and two people may have the same one."),
            Option("the accession number", "It names an order. The question is whose order it is."),
            Option("the sending application, MSH-3", "MSH-3 is who sent the message, not who numbered the patient."),
        ),
        because="Only number and issuer together name one person.",
        source="IHE RAD TF-2x Appendix B, Table B-1",
    ),
    SingleChoice(
        id="11-03-14",
        lesson="03",
        text="A name is corrected by ADT^A08 to the RIS, an hour after the images were stored. What do the images say?",
        options=(
            Option("They carry the old name.", "A08 went to the RIS; the files are as they were made.", correct=True),
            Option(
                "They carry the new name, because the RIS sends them again.",
                "A RIS holds no images. What the PACS holds changes only if the PACS is told.",
            ),
            Option(
                "They carry no name until the next query.",
                "A stored image keeps what was written into it. It asks nobody.",
            ),
            Option(
                "They carry the new name, because they point to the worklist.",
                "An image holds a copy of the worklist's values, not a link to them.",
            ),
        ),
        because="The worklist's values are copied into each image. A later correction has to reach the PACS as well.",
        source="IHE RAD TF-2 section 4.12",
    ),
    SingleChoice(
        id="11-03-15",
        lesson="03",
        text="OBR-4 is `CTHEAD^CT head^99X^HEAD-01^Head without contrast^99X`. Where does HEAD-01 go on the worklist?",
        options=(
            Option("in ScheduledProtocolCodeSequence", "It says how the step is done.", correct=True),
            Option("in RequestedProcedureCodeSequence", "That is CTHEAD, the first three components: what is wanted."),
            Option("in ScheduledProcedureStepID", "That is a number which the RIS gives to one step, not a code."),
            Option("in RequestedProcedureID", "That is a number which names one procedure of one patient."),
        ),
        because="The first three components of OBR-4 are the procedure, the next three the protocol.",
        source="IHE RAD TF-2x Appendix B, Table B-1",
    ),
    ShortText(
        id="11-03-16",
        lesson="03",
        text="Under which accession number does your RIS know Lars Åkesson's CT? Ask `lab.ris.steps()`.",
        accepted=(lambda lab: _step(lab, story_day.LARS_AKESSON).accession_number,),
        wrong=(
            Wrong(
                lambda lab: _step(lab, story_day.LARS_AKESSON).placer_order_number,
                "That is the placer order number, which the EMR gave. The accession number begins with NG0.",
            ),
            Wrong(
                lambda lab: _step(lab, story_day.LARS_AKESSON).requested_procedure_id,
                "That is the id of the requested procedure. Look at the attribute accession_number.",
            ),
        ),
        otherwise="Look for the step with his name, and read its accession_number.",
        because="The RIS gave this number when the order came; images and report will carry it.",
    ),
    NumberQuestion(
        id="11-03-17",
        lesson="03",
        text="How many of the steps that your RIS has scheduled does the worklist still show?",
        answer=lambda lab: len(lab.ris.steps()),
        wrong=(
            Wrong(
                lambda lab: len(lab.ris.order_book.steps()),
                "That counts every step that was ever ordered. Completed ones leave the worklist.",
            ),
            Wrong(0, "Only two examinations are done. The others are still to come: look at lab.ris.steps()."),
        ),
        otherwise="Count what lab.ris.steps() gives: len(lab.ris.steps()).",
        because="What is scheduled, arrived or started is on the worklist; what is completed or cancelled is not.",
    ),
    SingleChoice(
        id="11-03-18",
        lesson="03",
        text="For which AE title has your RIS scheduled Chidi Okonkwo's radiograph?",
        options=(
            Option(
                lambda lab: _step(lab, story_day.CHIDI_OKONKWO).station_ae_titles[0],
                "The RIS looked it up under the modality.",
                correct=True,
            ),
            Option("NORTHGATE_DX1", "That is the station for DX. His order says another modality in OBR-24."),
            Option("NORTHGATE_RIS", "That is the RIS itself, where scanners ask. Steps are scheduled for a scanner."),
            Option("NORTHGATE_PACS", "That is where the images go. Steps are scheduled for a scanner."),
        ),
        because="The order names a modality; the RIS's station table knows the scanner for it.",
    ),
    Matching(
        id="11-03-19",
        lesson="03",
        text="These are numbers of Samir Haddad's MRI in your department. What is each of them?",
        pairs=(
            Pair(
                lambda lab: _step(lab, story_day.SAMIR_HADDAD).placer_order_number,
                "placer order number, from the EMR",
                "It came in ORC-2 of the order.",
            ),
            Pair(
                lambda lab: _step(lab, story_day.SAMIR_HADDAD).accession_number,
                "accession number, from the RIS",
                "It stands in AccessionNumber (0008,0050) of his line.",
            ),
            Pair(
                lambda lab: _step(lab, story_day.SAMIR_HADDAD).scheduled_procedure_step_id,
                "scheduled procedure step id, from the RIS",
                "It names this one piece of work: ScheduledProcedureStepID (0040,0009).",
            ),
            Pair(
                lambda lab: _step(lab, story_day.SAMIR_HADDAD).patient_id,
                "medical record number, from PID-3",
                "It names him, not an examination, and was there before the order.",
            ),
        ),
        distractors=("requested procedure id, from the RIS",),
        because="Each number has its maker and names another thing; whoever mixes them up looks in the wrong system.",
    ),
    ShortText(
        id="11-03-20",
        lesson="03",
        text="What is the status of the step with the accession number NG000001 in your RIS? Ask `lab.ris.step`.",
        accepted=(lambda lab: lab.ris.step("NG000001").status.value,),
        wrong=(
            Wrong("ARRIVED", "She arrived at 09:12, and much has happened since: her images are in the PACS."),
            Wrong("SCHEDULED", "So it was before she checked in. Her images are in the PACS by now."),
            Wrong("STARTED", "So it was during the examination. The technologist has finished since."),
        ),
        otherwise='Look at lab.ris.step("NG000001").status.',
        because="The technologist has completed it, so it has left the worklist; the order book still knows it.",
    ),
)
