"""Questions of the final test about lesson 01: the two languages, a message, a file, and what both say."""

from __future__ import annotations

from pydicom.dataset import Dataset

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
from hl7dicom_lab.model import Patient, StudySummary


def _study(lab: Lab, patient: Patient) -> StudySummary:
    return next(one for one in lab.pacs.studies() if one.patient_id == patient.identifier.value)


def _header(lab: Lab, patient: Patient) -> Dataset:
    """The elements before the pixels of a patient's first image."""
    return lab.pacs.archive.header(lab.pacs.archive.instances(_study(lab, patient).study_instance_uid)[0])


def _mr(lab: Lab) -> Dataset:
    return _header(lab, story.PATIENT)


def _ct(lab: Lab) -> Dataset:
    return _header(lab, story_day.MARCO_RIVERA)


def _placer_number(lab: Lab, patient: Patient) -> str:
    return lab.ris.step(_study(lab, patient).accession_number).placer_order_number


QUESTIONS = (
    SingleChoice(
        id="11-01-01",
        lesson="01",
        text="What is the difference between HL7 version 2 and DICOM, in one sentence?",
        options=(
            Option(
                "HL7 tells of events in text messages; DICOM carries images and what belongs to them.",
                "Events between information systems, images and worklists between imaging systems.",
                correct=True,
            ),
            Option(
                "HL7 is for sending over a network; DICOM is a file format for keeping images.",
                "DICOM is a file format and network services, too: the scanner sends its images in DICOM.",
            ),
            Option(
                "HL7 is the older standard; DICOM has replaced it wherever a system handles medical images.",
                "Both are in use side by side. A PACS takes images in one and reports in the other.",
            ),
            Option(
                "HL7 names the patient; DICOM keeps pixels and leaves the patient to HL7.",
                "Every DICOM image names its patient: PatientName and PatientID stand in the file.",
            ),
        ),
        because="They speak of different things, and a radiology department needs both.",
        source="DICOM PS3.1",
    ),
    Matching(
        id="11-01-02",
        lesson="01",
        text="What goes over the wire when this happens?",
        pairs=(
            Pair("a physician places an order", "HL7 ORM^O01", "An order is an event: the EMR tells the RIS in HL7."),
            Pair("an outpatient arrives", "HL7 ADT^A04", "Arrivals belong to patient administration: ADT."),
            Pair(
                "the scanner asks who is next", "DICOM C-FIND", "A worklist is asked for in DICOM: find what matches."
            ),
            Pair(
                "the scanner sends an image", "DICOM C-STORE", "Images travel in DICOM; the archive is to store them."
            ),
            Pair("the report is ready", "HL7 ORU^R01", "A report is a result: ORU, from dictation to EMR and PACS."),
        ),
        distractors=("DICOM C-ECHO",),
        because="Orders, arrivals and results are events, in HL7; worklist and images are asked for and sent in DICOM.",
    ),
    SingleChoice(
        id="11-01-03",
        lesson="01",
        text="A scanner asks the RIS for its worklist. Which role does the RIS have?",
        options=(
            Option("SCP", "The RIS provides the service: it answers with the worklist.", correct=True),
            Option("SCU", "The SCU is the side that asks, here the scanner."),
            Option("placer", "Placer is a word of orders: the EMR places them. Here a DICOM service is asked for."),
            Option("both SCU and SCP", "For one service each side has one role: one asks, the other serves."),
        ),
        because="SCU is the service class user, which asks; SCP the service class provider, which serves.",
        source="DICOM PS3.4 Annex K",
    ),
    MultipleChoice(
        id="11-01-04",
        lesson="01",
        text="You watch the network of this department. Between which of these systems do you see DICOM?",
        options=(
            Option("scanner and PACS", "Images travel from scanner to PACS with C-STORE.", correct=True),
            Option(
                "scanner and RIS",
                "The worklist travels there, in DICOM; it comes before the images.",
                correct=True,
            ),
            Option("EMR and RIS", "Orders and arrivals travel there, and they are HL7."),
            Option("dictation and EMR", "The report travels there, and it is HL7."),
        ),
        because="The scanner speaks DICOM with its two partners; orders, arrivals and reports are HL7.",
    ),
    NumberQuestion(
        id="11-01-05",
        lesson="01",
        text="How many repetitions has PID-3? `PID|1||NG-100237^^^NORTHGATE^MR~A-55120^^^NORTHGATE^AN||Rivera^Elena`",
        answer=2,
        wrong=(
            Wrong(5, "Five is the number of components of each repetition. Repetitions are separated by the tilde, ~."),
            Wrong(1, "One tilde separates two repetitions: one is before it, one behind it."),
            Wrong(3, "Three is the number of the field. Count the parts that the tilde separates."),
        ),
        otherwise="Go to the third bar; behind it is PID-3. Count the parts that the tilde, ~, separates in it.",
        because="Two numbers for one patient: a medical record number (MR) and an account number (AN).",
        source="HL7 v2.3.1 chapter 2",
    ),
    ShortText(
        id="11-01-06",
        lesson="01",
        text=(
            "In which field stands the birth date? `PID|1||NG-100402^^^NORTHGATE^MR||Okonkwo^Chidi||20010530|M` "
            "Write segment, hyphen, number."
        ),
        accepted=("PID-7", "PID-7.1", "PID.7", "PID 7", "PID7", "PID.F7", "PID-F7"),
        wrong=(
            Wrong("PID-8", "PID-8 holds M. Behind the first bar is PID-1, so the name of the segment is not counted."),
            Wrong("PID-6", "PID-6 is empty: two bars stand side by side. An empty field counts, too."),
            Wrong("PID-4", "Did you count the fields with a value only? Empty fields keep their place."),
        ),
        otherwise="Behind the first bar is PID-1. Count every bar, also where nothing stands between two of them.",
        because="A field has no name in the message. Its place says what it is.",
        source="HL7 v2.3.1 chapter 3 (PID)",
    ),
    NumberQuestion(
        id="11-01-07",
        lesson="01",
        text="A message begins `MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE`. Which number has the field that holds RIS?",
        answer=5,
        wrong=(
            Wrong(4, "In MSH the first bar is itself a field, MSH-1. So everything behind it has a number one higher."),
            Wrong(3, "MSH-3 holds EMR, the sending application. MSH-1 is the bar, MSH-2 the four characters."),
            Wrong(6, "MSH-6 holds the second NORTHGATE, the facility that receives."),
        ),
        otherwise="MSH-1 is the first bar itself, MSH-2 holds ^~\\&, and so on.",
        because="MSH-5 is the receiving application; MSH-3 is the sending one.",
        source="HL7 v2.3.1 chapter 2 (MSH)",
    ),
    NumberQuestion(
        id="11-01-08",
        lesson="01",
        text="With Python's hl7, `message.segment('PID')[5][0][n]` is to give the given name, PID-5.2. What is n?",
        answer=1,
        wrong=(
            Wrong(2, "HL7 counts components from 1, Python from 0. With 2 you get PID-5.3, the middle name."),
            Wrong(0, "With 0 you get PID-5.1, the family name: Python counts from 0."),
        ),
        otherwise="HL7 counts the components from 1, Python counts them from 0. The field number stays as it is.",
        because="Place 0 of a segment is its name, so fields keep their number; below that, counting begins at 0.",
    ),
    Ordering(
        id="11-01-09",
        lesson="01",
        text="In which order are the parts of the data element PatientName written in an Explicit VR file?",
        places=(
            Place("tag", "A reader has to know first which element this is: (0010,0010)."),
            Place("VR", "The two letters PN are behind the tag, and tell how to read what follows."),
            Place("length", "The length is before the value, so that a reader knows where the value ends."),
            Place("value", "The name itself comes last; then the next element begins."),
        ),
        because="Tag, VR, length, value: a reader can go from element to element without knowing all of them.",
        source="DICOM PS3.5 section 7.1.2",
    ),
    SingleChoice(
        id="11-01-10",
        lesson="01",
        text="A file has 128 bytes of zeros at its beginning. How do you see whether it is a DICOM file?",
        options=(
            Option(
                "The next four bytes are DICM.", "That is the prefix behind the preamble of 128 bytes.", correct=True
            ),
            Option("Its name ends in .dcm.", "A name can be given to any file, and DICOM does not demand this one."),
            Option("The next three bytes are MSH.", "MSH begins an HL7 message, which has no preamble."),
            Option("The zeros are enough to tell.", "The preamble says nothing; it may even hold something else."),
        ),
        because="Preamble and prefix are what every DICOM file begins with.",
        source="DICOM PS3.10 section 7.1",
    ),
    MultipleChoice(
        id="11-01-11",
        lesson="01",
        text="Which of these are true of every DICOM data element in a file?",
        options=(
            Option("It has a tag of group and element.", "Such as (0010,0010): this is how it is named.", correct=True),
            Option(
                "Its value has an even length.", "A value of odd length gets one more character or byte.", correct=True
            ),
            Option("Its name is written in the file.", "The file has the tag; keyword and name are in the dictionary."),
            Option("Its value is readable text.", "Pixels are bytes, and some numbers are binary."),
        ),
        because="Tag and an even length belong to all; names are looked up, and the VR says how a value is to be read.",
        source="DICOM PS3.5 section 7.1",
    ),
    SingleChoice(
        id="11-01-12",
        lesson="01",
        text="An element has the VR SQ. What is its value?",
        options=(
            Option("A list of items, each a data set.", "Each item has data elements of its own.", correct=True),
            Option(
                "A number, counted up by one for each item.", "SQ stands for a sequence of items, and is no counter."
            ),
            Option("A text with components.", "A name with components has the VR PN. SQ holds whole data sets."),
            Option("The bytes of the pixels.", "PixelData has the VR OW or OB."),
        ),
        because="With pydicom, [0] gives the first item, and a keyword after it an element inside.",
        source="DICOM PS3.5 section 7.5",
    ),
    Matching(
        id="11-01-13",
        lesson="01",
        text="Which DICOM keyword says the same as the field of the order?",
        pairs=(
            Pair("PID-3", "PatientID", "PID-3 holds the patient's identifiers."),
            Pair("PID-5", "PatientName", "PID-5 is the name; its components stand in another order in DICOM."),
            Pair("PID-7", "PatientBirthDate", "PID-7 is the birth date, year first, in both languages."),
            Pair(
                "PV1-8", "ReferringPhysicianName", "PV1 is about the visit; its field 8 says who referred the patient."
            ),
            Pair("OBR-24", "Modality", "OBR-24 says which kind of scanner is needed, such as MR."),
        ),
        distractors=("StudyInstanceUID",),
        because="The same facts in two languages: this is what an analyst maps from one side to the other.",
        source="IHE RAD TF-2x Appendix B",
    ),
    SingleChoice(
        id="11-01-14",
        lesson="01",
        text="An image has PatientName `Rivera^Elena^Maria^Ms`. How is this name written in PID-5?",
        options=(
            Option("Rivera^Elena^Maria^^Ms", "Family, given, middle, suffix (none), prefix.", correct=True),
            Option("Rivera^Elena^Maria^Ms", "In PID-5, component 4 is the suffix: Ms would stand behind the name."),
            Option("Ms^Rivera^Elena^Maria", "In both languages the family name is component 1."),
            Option("Rivera~Elena~Maria~Ms", "The tilde separates repetitions: this would be four names."),
        ),
        because="HL7 has the suffix before the prefix, DICOM the prefix before the suffix.",
        source="DICOM PS3.5 section 6.2.1",
    ),
    MultipleChoice(
        id="11-01-15",
        lesson="01",
        text="Which of these facts are in an image file, but in no order for it?",
        options=(
            Option("number of rows and columns", "They describe the pixels, which the scanner makes.", correct=True),
            Option("distance between two pixels", "It comes from the acquisition, as PixelSpacing.", correct=True),
            Option("birth date of the patient", "It is in both: PID-7 and PatientBirthDate."),
            Option("kind of scanner", "It is in both: OBR-24 and Modality."),
        ),
        because="What is known before the examination can be in the order; what the scanner measures cannot.",
    ),
    NumberQuestion(
        id="11-01-16",
        lesson="01",
        text="How many image files does your PACS hold of Elena Rivera's study?",
        answer=lambda lab: _study(lab, story.PATIENT).instances,
        wrong=(
            Wrong(
                lambda lab: sum(one.instances for one in lab.pacs.studies()),
                "That is the number of all images. Count those of her study alone.",
            ),
            Wrong(1, "Each image of a study is a file of its own, and the MRI has many slices."),
        ),
        otherwise="Ask lab.pacs.studies(): the study of NG-100237 says how many instances it has.",
        because="Each slice is one instance, and the PACS keeps each instance as one file.",
    ),
    ShortText(
        id="11-01-17",
        lesson="01",
        text="Open an image of Marco Rivera's CT in your PACS, or ask lab.pacs.studies(). What is its AccessionNumber?",
        accepted=(lambda lab: str(_ct(lab).AccessionNumber),),
        wrong=(
            Wrong(
                lambda lab: str(_mr(lab).AccessionNumber), "That is Elena Rivera's MRI. Two patients are named Rivera."
            ),
            Wrong(
                lambda lab: str(_ct(lab).PatientID), "That is his PatientID, which stands for him in all examinations."
            ),
            Wrong(
                lambda lab: _placer_number(lab, story_day.MARCO_RIVERA),
                "That is the number of the order in the EMR. The accession number comes from the RIS.",
            ),
        ),
        otherwise="Ask lab.pacs.studies(), find the line with his patient number, and read accession_number.",
        because="The element (0008,0050) of the image has the number that the RIS gave to the examination.",
    ),
    NumberQuestion(
        id="11-01-18",
        lesson="01",
        text=lambda lab: (
            f"One of your MR images has {_mr(lab).Rows} rows and {_mr(lab).Columns} columns, with "
            f"{_mr(lab).BitsAllocated} bits allocated for a pixel. How many bytes of pixel data are in the file?"
        ),
        answer=lambda lab: int(_mr(lab).Rows) * int(_mr(lab).Columns) * int(_mr(lab).BitsAllocated) // 8,
        wrong=(
            Wrong(
                lambda lab: int(_mr(lab).Rows) * int(_mr(lab).Columns),
                "That is the number of pixels. Each takes more than one byte here.",
            ),
            Wrong(
                lambda lab: int(_mr(lab).Rows) * int(_mr(lab).Columns) * int(_mr(lab).BitsAllocated),
                "That is the number of bits. A byte has 8 bits.",
            ),
        ),
        otherwise="Multiply rows, columns and the bytes of a pixel; 8 bits are a byte.",
        because="The pixels stand one after another in the element (7FE0,0010), uncompressed in these files.",
        source="DICOM PS3.3 section C.7.6.3",
        unit="bytes",
    ),
    SingleChoice(
        id="11-01-19",
        lesson="01",
        text="Your PACS has Elena Rivera's images and report. Which value stands in both and names the examination?",
        options=(
            Option(
                lambda lab: str(_mr(lab).AccessionNumber),
                "In the image it is AccessionNumber, in the report OBR-18.",
                correct=True,
            ),
            Option(
                lambda lab: str(_mr(lab).PatientID),
                "It stands in both, but it names the patient, who may have many examinations.",
            ),
            Option(
                lambda lab: _placer_number(lab, story.PATIENT),
                "That is the number of the order in the EMR; it does not stand in the image.",
            ),
            Option(
                lambda lab: str(_ct(lab).AccessionNumber),
                "It has the right form, but it belongs to the other patient named Rivera.",
            ),
        ),
        because="Accession number and StudyInstanceUID are the keys by which report and images find each other.",
    ),
    Matching(
        id="11-01-20",
        lesson="01",
        text="These values are in Marco Rivera's CT image. Which element holds which?",
        pairs=(
            Pair(lambda lab: str(_ct(lab).PatientID), "PatientID (0010,0020)", "NG- begins the patients' numbers."),
            Pair(
                lambda lab: str(_ct(lab).AccessionNumber),
                "AccessionNumber (0008,0050)",
                "NG and digits, without a hyphen, is the number of an examination.",
            ),
            Pair(
                lambda lab: str(_ct(lab).PatientBirthDate),
                "PatientBirthDate (0010,0030)",
                "Year, month, day: a date with the VR DA, long before the examination.",
            ),
            Pair(
                lambda lab: str(_ct(lab).StudyDate),
                "StudyDate (0008,0020)",
                "Year, month, day: the day on which this department examined him.",
            ),
            Pair(lambda lab: str(_ct(lab).Modality), "Modality (0008,0060)", "Two letters for the kind of scanner."),
        ),
        because="The tag says what a value is; the VR says how it is written.",
        source="DICOM PS3.6",
    ),
)
