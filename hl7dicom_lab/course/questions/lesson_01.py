"""Lesson 01: what HL7 and DICOM carry, the parts of a message, the parts of a file, and where the two meet."""

from __future__ import annotations

from pydicom.dataset import Dataset

from hl7dicom_lab import story_day
from hl7dicom_lab.course.exercises.fact_places import order_message
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


def ct_header(lab: Lab) -> Dataset:
    """The elements before the pixels of Marco Rivera's CT image. Raises `StopIteration` where the PACS has none."""
    number = story_day.MARCO_RIVERA.identifier.value
    study = next(one for one in lab.pacs.studies() if one.patient_id == number)
    return lab.pacs.archive.header(lab.pacs.archive.instances(study.study_instance_uid)[0])


def pixels(header: Dataset) -> int:
    """How many pixels an image has."""
    return int(header.Rows) * int(header.Columns)


def pixel_bytes(header: Dataset) -> int:
    """How many bytes the pixels of an uncompressed image of one frame and one sample take."""
    return pixels(header) * int(header.BitsAllocated) // 8


QUESTIONS = (
    MultipleChoice(
        id="01-q1",
        text="Which systems of this department speak both languages? Look at the pairs that the trace has shown you.",
        options=(
            Option("the EMR", "In the trace it stands in HL7 lines only: it sends orders, and it takes the report."),
            Option("the RIS", "It takes orders in HL7, and gives the worklist to scanners in DICOM.", correct=True),
            Option("the MR scanner", "In the trace it stands in DICOM lines only: worklist and images."),
            Option("the PACS", "It takes images in DICOM, and reports in HL7.", correct=True),
            Option("dictation", "In the trace it stands in HL7 lines only: it sends the report to two systems."),
        ),
        because="RIS and PACS are where the two languages meet, and where most of the questions of an analyst arise.",
    ),
    Matching(
        id="01-q2",
        text="Which character belongs to which part of an HL7 message?",
        pairs=(
            Pair("the bar, |", "field", "The bar separates the fields of a segment. In MSH the first bar is field 1."),
            Pair("the caret, ^", "component", "Rivera^Elena is one field with two components, separated by a caret."),
            Pair("the tilde, ~", "repetition", "PID-3 of the order holds two numbers, separated by a tilde."),
            Pair(
                "the ampersand, &",
                "subcomponent",
                "The ampersand separates the parts of a component, the lowest level.",
            ),
            Pair(
                "the carriage return", "segment", "A carriage return ends a segment: each line of the message is one."
            ),
        ),
        because="The message says in MSH-1 and MSH-2 which characters it uses; these are the usual ones.",
        source="HL7 v2.3.1 chapter 2",
    ),
    ShortText(
        id="01-q3",
        text="OBR-16 of your order names the physician who ordered the MRI. What stands in OBR-16.2?",
        accepted=(lambda lab: order_message(lab).get("OBR-16.2"),),
        wrong=(
            Wrong(
                lambda lab: order_message(lab).get("OBR-16.1"),
                "That is component 1, the number of the physician. HL7 counts components from 1.",
            ),
            Wrong(
                lambda lab: order_message(lab).get("OBR-16.3"),
                "That is component 3. HL7 counts components from 1, Python counts from 0: component 2 is [0][1].",
            ),
            Wrong(
                lambda lab: order_message(lab).get("OBR-4.2"),
                "That stands in OBR-4, what was ordered. Look at the line that begins with OBR-16.",
            ),
        ),
        otherwise="Look at OBR-16 in the view of step 3. ^ separates its components; count from 1, or open the line.",
        because="In a field for a person of the staff the number comes first, then family name and given name.",
        source="HL7 v2.3.1 chapter 2 (data type XCN)",
    ),
    Ordering(
        id="01-q4",
        text="In which order do these stand in Elena Rivera's image file?",
        places=(
            Place("preamble of 128 bytes", "It is at the very beginning of the file, before everything else."),
            Place("the letters DICM", "They stand right behind the preamble, and before the first data element."),
            Place(
                "PatientName (0010,0010)", "Data elements follow in the order of their tags, after the letters DICM."
            ),
            Place("Rows (0028,0010)", "Data elements are in the order of their tags: 0028 is after 0010, before 7FE0."),
            Place("PixelData (7FE0,0010)", "Its tag is the highest of the three elements, so it is behind them."),
        ),
        because="After preamble and DICM the data elements stand in the order of their tags, the pixels at the end.",
        source="DICOM PS3.10 section 7.1, PS3.5 section 7.1",
    ),
    NumberQuestion(
        id="01-q5",
        text=(
            "Marco Rivera's CT is the other study in the PACS, lab.pacs.studies()[1], and has one image, [0]. Read it "
            "with dcmread in a cell of your own, and call it ct. How many bytes of pixel data does it have?"
        ),
        answer=lambda lab: pixel_bytes(ct_header(lab)),
        wrong=(
            Wrong(
                lambda lab: pixels(ct_header(lab)),
                "That is the number of pixels, rows times columns. BitsAllocated says how many bits each has.",
            ),
            Wrong(
                lambda lab: pixels(ct_header(lab)) * int(ct_header(lab).BitsAllocated),
                "That is the number of bits. A byte has 8 bits.",
            ),
            Wrong(131072, "That is Elena Rivera's MR image. The CT image has more rows and columns: read its file."),
        ),
        otherwise=(
            "Copy the lines that make path and image, with [1] for the study and [0] for the image, and with ct in the "
            "place of image. Then ask len(ct.PixelData), or multiply rows, columns and bytes for a pixel."
        ),
        because="Rows times columns times the bytes of a pixel: this holds for every uncompressed grey image.",
        source="DICOM PS3.3 section C.7.6.3",
        unit="bytes",
    ),
    SingleChoice(
        id="01-q6",
        text="Why is OBR-18 empty in this order, but filled in the report?",
        options=(
            Option(
                "The RIS gave the number out when it took the order, so the order itself could not have it.",
                "It went from the RIS into the worklist, from there into the image, and with the report back into HL7.",
                correct=True,
            ),
            Option(
                "HL7 version 2 lets a message have an accession number only when it carries a result.",
                "OBR is the same segment in both messages, and a department may well give the number in the order.",
            ),
            Option(
                "The EMR lost it: the number was in the order when the physician placed it, and was not sent.",
                "The trace shows the order as it was sent, and the answer of the RIS, which names the new number.",
            ),
            Option(
                "DICOM makes the number: the PACS gives it out when it takes the first image of a study.",
                "The number is in the image when it comes to the PACS. Which system told it to the scanner?",
            ),
        ),
        because="Here the RIS numbers the examination; worklist, image and report carry that number on.",
        source="IHE RAD TF-2 section 4.4",
    ),
)
