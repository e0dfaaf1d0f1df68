"""The bank of the final test, the identity of images: what is copied, what is made, the file, the window."""

from __future__ import annotations

from pydicom import dcmread

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
from hl7dicom_lab.course.questions.files_and_windows import FILES, WINDOWS
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import StudySummary

_ACCESSION = "NG000001"


def _elena(lab: Lab) -> StudySummary:
    return lab.pacs.archive.find_study(accession_number=_ACCESSION)


def _marco(lab: Lab) -> StudySummary:
    number = story_day.MARCO_RIVERA.identifier.value
    return next(one for one in lab.pacs.studies() if one.patient_id == number)


def _height(lab: Lab) -> float:
    (first, *_) = lab.pacs.archive.instances(_elena(lab).study_instance_uid)
    return float(dcmread(first.path, stop_before_pixels=True).PatientSize)


def _clock_time(digits: str) -> str:
    return f"{digits[:2]}:{digits[2:4]}"


def _planned(lab: Lab) -> str:
    return _clock_time(lab.ris.step(_ACCESSION).start[8:])


_COPYING = (
    SingleChoice(
        id="11-05-01",
        lesson="05",
        text="Some images of a study carry PatientName `Rivera^Elena`, the others `Rivera^Elena^Maria^Ms`, as on the "
        "worklist. What is the likeliest cause?",
        options=(
            Option(
                "Somebody typed the name at one scanner instead of picking the item.",
                "What is typed differs sooner or later. What is copied is the same to the last character.",
                correct=True,
            ),
            Option(
                "The PACS shortened the name to its own limits when it stored the images.",
                "A PACS keeps the data set as it came; a short form would be in all of its images.",
            ),
            Option(
                "The network cut the name off during the C-STORE.",
                "A data set arrives whole or not at all: each element carries its length.",
            ),
        ),
        because="Identity is copied from the worklist item, never typed.",
        source="IHE RAD TF-2 section 4.8",
    ),
    MultipleChoice(
        id="11-05-02",
        lesson="05",
        text="Which attributes does a scanner copy from the worklist item into the image?",
        options=(
            Option("PatientBirthDate", "It belongs to the patient, and the item has it.", correct=True),
            Option("AccessionNumber", "The RIS gave it to the examination, and the item has it.", correct=True),
            Option("StudyInstanceUID", "The RIS made it from the order, and the item has it.", correct=True),
            Option("SOPInstanceUID", "It names one image, and no image exists before the scan."),
            Option("AcquisitionTime", "Only the scanner knows when it measured."),
        ),
        because="What was known before the scan is copied. What begins with the scan is made.",
        source="IHE RAD TF-2 section 4.8",
    ),
    MultipleChoice(
        id="11-05-03",
        lesson="05",
        text="Which of these UIDs does a scanner make during a scheduled examination?",
        options=(
            Option("SOPInstanceUID", "A new one for each image.", correct=True),
            Option("SeriesInstanceUID", "A new one for each series.", correct=True),
            Option("FrameOfReferenceUID", "A new one when the patient lies anew.", correct=True),
            Option(
                "StudyInstanceUID", "It comes with the worklist item. Made anew, it would not be that of the order."
            ),
            Option("SOPClassUID", "It names a kind of object and stands in the standard."),
            Option("TransferSyntaxUID", "It names a way of writing bytes and stands in the standard."),
        ),
        because="Instance, series and frame of reference begin to exist with the scan.",
        source="DICOM PS3.17 section J.2; PS3.3 section C.7.4.1",
    ),
    Ordering(
        id="11-05-04",
        lesson="05",
        text="Follow one StudyInstanceUID through the department.",
        places=(
            Place("The RIS makes it when the order comes.", "Nobody can pass it on before it is made."),
            Place(
                "The scanner gets it in a worklist response.", "The scanner learns it from the RIS, before the scan."
            ),
            Place(
                "The images carry it to the PACS.", "The scanner copies it into each image, so this follows the query."
            ),
            Place(
                "The PACS finds the study for a report by it.", "Before a report can find them, images must be there."
            ),
        ),
        because="One UID from the order to the report: that is why a scanner must not make one of its own.",
        source="DICOM PS3.17 section J.2",
    ),
    ShortText(
        id="11-05-05",
        lesson="05",
        text="Which sequence of an image says which requested procedure and which scheduled step it answers? Give its "
        "keyword.",
        accepted=(
            "RequestAttributesSequence",
            "Request Attributes Sequence",
            "(0040,0275)",
            "0040,0275",
            "00400275",
        ),
        exact=False,
        wrong=(
            Wrong(
                "ScheduledProcedureStepSequence",
                "This one stands in the worklist item. The image has another sequence for the same keys.",
            ),
            Wrong("ProcedureCodeSequence", "It says what was done, as a code. It has no step and no request."),
            Wrong("ReferencedStudySequence", "It refers to a study object, not to the step that was planned."),
        ),
        otherwise="Its tag is (0040,0275), and its name says that it holds attributes of the request.",
        because="It repeats RequestedProcedureID and ScheduledProcedureStepID, so the RIS can tell what is done.",
        source="DICOM PS3.3 table 10-9",
    ),
    SingleChoice(
        id="11-05-06",
        lesson="05",
        text="A step is planned on MR1 for 09:30. MR1 breaks down, and the scan is done on MR2 at 10:15. What does the "
        "image say?",
        options=(
            Option("StationName MR2, StudyTime 10:15", "Both say what happened, as an image should.", correct=True),
            Option("StationName MR1, StudyTime 09:30", "This is the plan. It stays on the worklist."),
            Option("StationName MR1, StudyTime 10:15", "The time is right, but the pixels do not come from MR1."),
            Option("StationName MR2, StudyTime 09:30", "The station is right, but nobody scanned at 09:30."),
        ),
        because="Planned date, time and station are not copied. The scanner notes its own.",
        source="IHE RAD TF-2 section 4.8",
    ),
    SingleChoice(
        id="11-05-07",
        lesson="05",
        text="A scanner gives each of 24 images a StudyInstanceUID of its own. Everything else is right. What does the "
        "radiologist find?",
        options=(
            Option(
                "24 studies of one image each, all under one accession number.",
                "A study is what shares a StudyInstanceUID.",
                correct=True,
            ),
            Option(
                "One study with 24 series of one image each, all of the same StudyDate.",
                "That would come of 24 SeriesInstanceUIDs. The study is one level above.",
            ),
            Option(
                "One study: the PACS groups by accession number.",
                "Images are grouped by UIDs; an accession number is for finding them.",
            ),
        ),
        because="Images with the same StudyInstanceUID are one study; with different ones they are several.",
        source="DICOM PS3.3 section C.7.2.1",
    ),
    SingleChoice(
        id="11-05-08",
        lesson="05",
        text="By a mistake in its software, a scanner gives all 24 images of a series the same SOPInstanceUID. What "
        "follows?",
        options=(
            Option(
                "To every receiver they are one image, so the series cannot be kept whole.",
                "The UID is all by which a receiver knows an instance.",
                correct=True,
            ),
            Option(
                "The PACS tells them apart by InstanceNumber and keeps all of them in order.",
                "InstanceNumber is for people; two series may well have the same numbers.",
            ),
            Option(
                "The PACS gives 23 of them a new UID and goes on.",
                "A receiver does not rename what it is sent; references to the images would lead nowhere.",
            ),
        ),
        because="One SOPInstanceUID is one instance, for ever and everywhere.",
        source="DICOM PS3.5 section 9",
    ),
)

_UIDS = (
    NumberQuestion(
        id="11-05-09",
        lesson="05",
        text="How many characters may a UID have at most, with its points?",
        answer=64,
        wrong=(
            Wrong(16, "16 is the limit of an AE title or an accession number. A UID may be longer."),
            Wrong(44, "Those with the root 2.25 have at most 44. The limit for all is higher."),
            Wrong(128, "128 is the number of bytes of the preamble, or of the bits of a UUID."),
        ),
        otherwise="It is a power of two between 50 and 100.",
        because="A UID has at most 64 characters, points included.",
        source="DICOM PS3.5 section 9.1",
    ),
    SingleChoice(
        id="11-05-10",
        lesson="05",
        text="Which of these can be a SOPInstanceUID of an image of yours?",
        options=(
            Option(
                "2.25.17434595510857464751", "Digits and points, under a root that everybody may use.", correct=True
            ),
            Option("2.25.1743459551A857464751", "A UID has digits and points only, and here is a letter."),
            Option("2.25.017434595510857464751", "A number of a UID never begins with a zero, unless it is 0 alone."),
            Option("1.2.840.10008.5.1.4.1.1.4", "This root belongs to DICOM itself: it is MR Image Storage, a class."),
        ),
        because="Digits and points, no leading zero, at most 64 characters, a root that you may use.",
        source="DICOM PS3.5 sections 9 and 9.1",
    ),
    ShortText(
        id="11-05-11",
        lesson="05",
        text="Which root begins every UID that the DICOM standard itself defines, such as that of MR Image Storage?",
        accepted=("1.2.840.10008", "1.2.840.10008."),
        wrong=(
            Wrong("2.25", "2.25 is the root for UIDs made from a UUID, which anybody may make."),
            Wrong("1.2.840", "1.2.840 holds many organisations; the root of DICOM is one number longer."),
        ),
        otherwise="Print image.SOPClassUID in lesson 05: it begins with five numbers that all SOP classes share.",
        because="1.2.840.10008 is reserved for what DICOM defines. No image may use it.",
        source="DICOM PS3.5 section 9",
    ),
)

_OWN_SESSION = (
    NumberQuestion(
        id="11-05-18",
        lesson="05",
        text="How many different SeriesInstanceUIDs do Elena Rivera's images in your PACS have? (lab.pacs.studies() "
        "shows her study.)",
        answer=lambda lab: _elena(lab).series,
        wrong=(
            Wrong(lambda lab: _elena(lab).instances, "That many images there are. Images of one series share the UID."),
            Wrong(0, "No image is stored without one. Look at series in lab.pacs.studies()."),
        ),
        otherwise="The number stands in lab.pacs.studies() under series.",
        because="The images were made in one go, so the scanner gave all of them the same SeriesInstanceUID.",
    ),
    NumberQuestion(
        id="11-05-19",
        lesson="05",
        text="Which number stands as PatientSize in your images of Elena Rivera? It came with the order as her height. "
        "(lab.pacs.archive.instances(uid) gives the path of every image.)",
        answer=_height,
        tolerance=0.001,
        wrong=(
            Wrong(lambda lab: round(_height(lab) * 100), "These are centimetres. PatientSize is in metres."),
            Wrong(64, "That is her weight in kilograms: PatientWeight."),
        ),
        otherwise="Read one of the files with pydicom.dcmread and look at PatientSize, (0010,1020).",
        because="The scanner copied it from the worklist item. PatientSize is in metres, whatever a screen shows.",
        source="DICOM PS3.3 section C.7.2.2",
    ),
    SingleChoice(
        id="11-05-20",
        lesson="05",
        text="Which value stands in your images of Elena Rivera under RequestAttributesSequence, RequestedProcedureID?",
        options=(
            Option(
                lambda lab: lab.ris.step(_ACCESSION).requested_procedure_id,
                "The RIS calls the requested procedure so, and the scanner has copied it.",
                correct=True,
            ),
            Option(
                lambda lab: lab.ris.step(_ACCESSION).scheduled_procedure_step_id,
                "This is the ScheduledProcedureStepID: one step of the procedure. It stands in the same sequence.",
            ),
            Option(
                lambda lab: lab.ris.step(_ACCESSION).placer_order_number,
                "This is the placer order number, the EMR's own. The scanner has not copied it.",
            ),
            Option(
                _ACCESSION,
                "This is the AccessionNumber. It stands in the same sequence, under its own keyword.",
            ),
        ),
        because="RequestAttributesSequence repeats the ids of the worklist item, each under its own keyword.",
    ),
    ShortText(
        id="11-05-21",
        lesson="05",
        text="Which PatientID do the images of Marco Rivera's CT in your PACS carry? (lab.pacs.studies() shows it.)",
        accepted=(lambda lab: _marco(lab).patient_id,),
        wrong=(
            Wrong(
                story.PATIENT.identifier.value,
                "This is Elena Rivera. The family name is the same, and that is why the PatientID counts.",
            ),
            Wrong(
                lambda lab: _marco(lab).accession_number,
                "This is the accession number: it names the examination. The PatientID names the patient.",
            ),
        ),
        otherwise="Look for the study with the modality CT in lab.pacs.studies(), and there for patient_id.",
        because="The scanner copied it from Marco Rivera's worklist item, with who issued it.",
    ),
    SingleChoice(
        id="11-05-22",
        lesson="05",
        text="Which time stands as StudyTime in your images of Elena Rivera? (lab.pacs.studies() shows study_time.)",
        options=(
            Option(
                lambda lab: _clock_time(_elena(lab).study_time),
                "The scanner noted when the examination began.",
                correct=True,
            ),
            Option(
                _planned,
                "So it was planned on the worklist. The schedule is not copied into an image.",
            ),
            Option("08:00", "The department opened at this time. Nobody was scanned yet."),
        ),
        because="StudyTime is the time at which the study started, by the clock of the scanner.",
    ),
    Matching(
        id="11-05-23",
        lesson="05",
        text="These values stand in your images of Elena Rivera. Under which keyword?",
        pairs=(
            Pair(
                lambda lab: lab.ris.step(_ACCESSION).scheduled_procedure_step_id,
                "ScheduledProcedureStepID",
                "The RIS numbers its steps with SPS. The image has it in RequestAttributesSequence.",
            ),
            Pair(_ACCESSION, "AccessionNumber", "The RIS gives accession numbers, and they begin with NG and a zero."),
            Pair(
                lambda lab: _elena(lab).patient_id,
                "PatientID",
                "The medical record number of the patient, as the EMR sent it in PID-3.",
            ),
            Pair(
                lambda lab: _elena(lab).study_date,
                "StudyDate",
                "A date in the form of DICOM: year, month, day.",
            ),
        ),
        because="Patient, examination and step are copied from the worklist item; the date is noted by the scanner.",
    ),
)

QUESTIONS = (*_COPYING, *_UIDS, *FILES, *WINDOWS, *_OWN_SESSION)
