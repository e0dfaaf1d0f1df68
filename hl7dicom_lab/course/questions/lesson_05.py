"""Lesson 05: questions about whose image it is, who makes which UID, the file, and the window."""

from __future__ import annotations

from hl7dicom_lab.course.question import (
    Matching,
    NumberQuestion,
    Option,
    Ordering,
    Pair,
    Place,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.lab import Lab

_ACCESSION = "NG000001"


def _planned(lab: Lab) -> str:
    start = lab.ris.step(_ACCESSION).start
    return f"{start[8:10]}:{start[10:12]}"


def _images(lab: Lab) -> int:
    return lab.pacs.archive.find_study(accession_number=_ACCESSION).instances


def _series(lab: Lab) -> int:
    return lab.pacs.archive.find_study(accession_number=_ACCESSION).series


QUESTIONS = (
    SingleChoice(
        id="05-q1",
        text=lambda lab: (
            f"Your worklist has Elena Rivera's step at {_planned(lab)}. Suppose that the scan begins late, at 09:50. "
            "What belongs into the image's StudyTime?"
        ),
        options=(
            Option(
                "09:50, when the examination really began.",
                "The scanner notes when it works. The plan stays on the worklist.",
                correct=True,
            ),
            Option(
                lambda lab: f"{_planned(lab)}, as on the worklist.",
                "That is ScheduledProcedureStepStartTime, the plan. Date, time and station of the plan are not copied: "
                "an image tells what happened.",
            ),
            Option(
                "Nothing: the RIS fills it in later.",
                "The RIS never touches an image. When the scan began, only the scanner knows.",
            ),
        ),
        because="Identity is copied, the schedule is not. StudyDate and StudyTime say when the study really started.",
        source="DICOM PS3.3 section C.7.2.1",
    ),
    Matching(
        id="05-q2",
        text="What does each UID name?",
        pairs=(
            Pair(
                "SOPInstanceUID", "one single image", "An instance is one object: the scanner makes it for each image."
            ),
            Pair("SeriesInstanceUID", "images made in one go", "A series is a set of images; they share it."),
            Pair(
                "StudyInstanceUID",
                "one examination, since its order",
                "A study is an examination. The RIS has made its UID, and the scanner copies it.",
            ),
            Pair(
                "FrameOfReferenceUID",
                "one system of coordinates",
                "Positions can be compared where this UID is the same; that is all it says.",
            ),
            Pair(
                "SOPClassUID",
                "a kind of object, such as MR images",
                "A class is a kind. Its UID stands in the standard and is the same in every hospital.",
            ),
        ),
        because="Instance, series, study: three levels with a UID each. Class and frame of reference are beside them.",
        source="DICOM PS3.3 sections C.7.2.1, C.7.3.1, C.7.4.1 and C.12.1",
    ),
    NumberQuestion(
        id="05-q3",
        text=lambda lab: (
            f"Your PACS holds {_images(lab)} images of Elena Rivera in {_series(lab)} series. How many different UIDs "
            "has the scanner made for them: SOPInstanceUIDs, SeriesInstanceUIDs and FrameOfReferenceUIDs together?"
        ),
        answer=lambda lab: _images(lab) + 2 * _series(lab),
        wrong=(
            Wrong(_images, "That is one SOPInstanceUID for each image. Add what each series has of its own."),
            Wrong(
                lambda lab: _images(lab) + 2 * _series(lab) + 1,
                "One too many: the StudyInstanceUID is not made by the scanner, it comes with the worklist item.",
            ),
            Wrong(
                lambda lab: 3 * _images(lab),
                "That would be three new ones for every image. Images of one series share two of the three.",
            ),
        ),
        otherwise="Count one for every image, and two for every series: the table in step 3 says which.",
        because="Each image has a SOPInstanceUID; each series has one SeriesInstanceUID and one FrameOfReferenceUID.",
    ),
    Ordering(
        id="05-q4",
        text="What stands in a DICOM file, from the first byte to the last?",
        places=(
            Place("128 bytes, mostly zeros", "This is the preamble, and a file begins with it."),
            Place("the letters DICM", "They follow the preamble directly; by them a file is recognised."),
            Place(
                "the transfer syntax, in group 0002",
                "It belongs to the file meta information, which has to be read before the data set can be.",
            ),
            Place("the patient's name, in group 0010", "The data set is sorted by tag, so 0010 comes after 0002."),
            Place("the pixels, in group 7FE0", "7FE0 is a high group, and elements are sorted by their tags."),
        ),
        because="Preamble, DICM, file meta information, and then the data set in the order of its tags.",
        source="DICOM PS3.10 section 7.1",
    ),
    NumberQuestion(
        id="05-q5",
        text="A window has center 600 and width 400. Which is the highest value inside it, which becomes 255?",
        answer=799,
        tolerance=0.5,
        wrong=(
            Wrong(800, "Close: from 400 to 800 there are 401 values, and the window holds 400. Use the exact formula."),
            Wrong(1000, "That is center plus width. The width is the whole width: half of it lies above the center."),
            Wrong(400, "That is where the window begins, or how wide it is. Go half the width up from the center."),
            Wrong(600, "600 is the center: the value that becomes a middle grey."),
        ),
        otherwise="highest = center - 0.5 + (width - 1) / 2",
        because="600 - 0.5 + 399 / 2 = 799. The window holds the 400 values from 400 to 799.",
        source="DICOM PS3.3 section C.11.2.1.2",
    ),
)
