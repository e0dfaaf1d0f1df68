"""Lesson 06: contexts, what reaches the PACS and what does not, statuses, and whose images they are."""

from __future__ import annotations

from hl7dicom_lab.course.question import Matching, NumberQuestion, Option, Pair, ShortText, SingleChoice, Wrong
from hl7dicom_lab.lab import Lab


def _not_ordered(lab: Lab) -> str:
    """The accession number in the PACS that the RIS does not know. Raises `StopIteration` before there is one."""
    ordered = {step.accession_number for step in lab.ris.steps()}
    return next(study.accession_number for study in lab.pacs.studies() if study.accession_number not in ordered)


QUESTIONS = (
    SingleChoice(
        id="06-q1",
        text="A scanner proposes one context: CT Image Storage in JPEG Lossless. Another PACS answers with result 4. "
        "What do you change?",
        options=(
            Option(
                "Propose CT Image Storage with another transfer syntax.",
                "The class is known there; only the way of writing it is not.",
                correct=True,
            ),
            Option(
                "Propose another SOP class for the same CT images.",
                "The class is what the images are. It is not in question: that would be result 3.",
            ),
            Option(
                "Propose the same context once more, somewhat later.",
                "The answer is about what the PACS can read, and that does not change with time.",
            ),
            Option(
                "Call the PACS by another AE title than before.",
                "A wrong title rejects the whole association. Here it was accepted; one context was not.",
            ),
        ),
        because="Result 4 is transfer syntaxes not supported. As a rule a sender offers Implicit VR Little Endian as "
        "well, so that there is a way that both can use, once the images are decompressed.",
        source="DICOM PS3.8 section 9.3.3.2, Table 9-18",
    ),
    SingleChoice(
        id="06-q2",
        text="The scanner's screen says: sending failed. In the PACS's trace you see an association that opens and is "
        "released, without a C-STORE. What is the likely cause?",
        options=(
            Option(
                "No accepted context fits the images.",
                "The sender has nothing on which it could send, so nothing goes out.",
                correct=True,
            ),
            Option(
                "The disk of the PACS has no room left.",
                "Then a C-STORE would have gone out, and its answer would be 0xA7xx.",
            ),
            Option(
                "The images have been stored there before.",
                "Then a C-STORE would have gone out, and an answer would have come.",
            ),
            Option(
                "The PACS does not know the accession number.",
                "The PACS would have to get the image to see its accession number.",
            ),
        ),
        because="Contexts are agreed before the first image. Compare the SOP class and the transfer syntax of the "
        "images with the A-ASSOCIATE-AC.",
        source="DICOM PS3.8 section 7.1.1.14",
    ),
    NumberQuestion(
        id="06-q3",
        text="How many images does your PACS hold now, of all studies together?",
        answer=lambda lab: lab.pacs.archive.count(),
        wrong=(
            Wrong(24, "These are Elena Rivera's. Something else had been stored before them."),
            Wrong(26, "26 images were scanned, or one was counted twice. What is sent again is kept once."),
        ),
        otherwise="Look at the output of the last cell: it prints the number after the image was sent again.",
        because="24 MR images and one radiograph. The image that was sent again is the same image.",
    ),
    Matching(
        id="06-q4",
        text="What stands behind each status in this lab?",
        pairs=(
            Pair("0xA700", "the archive's disk is full", "A7xx is refused: out of resources. The image is in order."),
            Pair(
                "0xA900",
                "an image without a Study Instance UID",
                "A9xx says that the data set does not fit.",
            ),
            Pair("0xC003", "pixel data that ends too early", "In this lab C003 stands for pixels that are missing."),
            Pair("0xC004", "other content under a known UID", "In this lab C004 says that another image has this UID."),
        ),
        distractors=("an image without an order",),
        because="The first digits are the standard's, the last ones the product's. An image without an order gets no "
        "failure at all.",
        source="DICOM PS3.4 section B.2.3, Table B.2-1",
    ),
    ShortText(
        id="06-q5",
        text="Which accession number in your PACS does your RIS not know?",
        accepted=(_not_ordered,),
        wrong=(
            Wrong("NG000002", "That is the order which still has no images. The RIS knows it."),
            Wrong("NG-100318", "That is the Patient ID. The accession number names the examination."),
        ),
        otherwise="Look at what the last cell printed: it stands after the words no order.",
        because="Nobody ordered an examination with this number. The PACS stored the images all the same.",
    ),
)
