"""Lesson 05: what is copied and what is made, a series tagged by hand, and the window that shows it.

The first check reads the table of IHE RAD-8 and its Appendix A; the others stand in `tagged_series` and
`window_function`.
"""

from __future__ import annotations

from typing import Any

from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises.tagged_series import check_series
from hl7dicom_lab.course.exercises.window_function import check_window
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.table import MADE_BY_MODALITY
from hl7dicom_lab.verdict import Verdict, right, wrong

#: Why each attribute is copied or made: the feedback where it was sorted the other way.
_WHY = {
    "PatientID": "it names the patient, and a scanner knows no patients. It stands in the worklist item.",
    "StudyInstanceUID": "the RIS has made it when the order came, and the item brings it. A new one at the scanner "
    "would cut the images off from their order.",
    "AccessionNumber": "the RIS has given it to the examination, and the item brings it.",
    "ScheduledProcedureStepID": "it names the planned step. The item has it in ScheduledProcedureStepSequence; in the "
    "image it stands in RequestAttributesSequence.",
    "SeriesInstanceUID": "nobody knows before the scan how many series there will be. The item has none.",
    "SOPInstanceUID": "it names one image, and before the scan there is no image. The item has none.",
    "StudyTime": "it says when the examination really began. The item has only the planned time, and the plan stays "
    "behind.",
    "InstanceNumber": "it counts the images, and only the scanner counts them. The item has none.",
}


def _check_origin(_: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, dict):
        return wrong(
            "form", "The check expects a dictionary: a keyword, a colon, and copied or made in quotation marks."
        )
    for keyword in _WHY:
        if keyword not in answer:
            return wrong("missing", f"{keyword} is missing. Keep all {len(_WHY)} lines and fill in copied or made.")
    said = {keyword: str(answer[keyword]).strip().lower() for keyword in _WHY}
    for keyword, word in said.items():
        if word not in ("copied", "made"):
            return wrong("word", f"{keyword} has {answer[keyword]!r}. Write one of two words: copied or made.")
    confused = [keyword for keyword, word in said.items() if word != _origin(keyword)]
    if confused:
        rest = f" There are {len(confused)} to think over; this is the first." if len(confused) > 1 else ""
        return wrong(
            confused[0], f"{confused[0]} is not {said[confused[0]]}: {_WHY[confused[0]]}{rest} Compare steps 2 and 3."
        )
    made = sum(word == "made" for word in said.values())
    return right(f"{len(said) - made} come from the worklist item, {made} from the scanner. Nothing is typed.")


def _origin(keyword: str) -> str:
    return "made" if keyword in MADE_BY_MODALITY else "copied"


_ORIGIN_SOLUTION = """\
origin = {
    "PatientID": "copied",
    "StudyInstanceUID": "copied",
    "AccessionNumber": "copied",
    "ScheduledProcedureStepID": "copied",
    "SeriesInstanceUID": "made",
    "SOPInstanceUID": "made",
    "StudyTime": "made",
    "InstanceNumber": "made",
}"""


def _sorted_the_other_way(keyword: str) -> str:
    other = "copied" if _origin(keyword) == "made" else "made"
    return _ORIGIN_SOLUTION.replace(f'"{keyword}": "{_origin(keyword)}"', f'"{keyword}": "{other}"')


_SERIES_SOLUTION = """\
from copy import deepcopy

from pydicom import Dataset

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series

(item,) = lab.modality.query(AccessionNumber="NG000001")
step = item.ScheduledProcedureStepSequence[0]
request = Dataset()
for keyword in ["AccessionNumber", "StudyInstanceUID", "RequestedProcedureID"]:
    request[keyword] = item[keyword]
for keyword in ["ScheduledProcedureStepID", "ScheduledProcedureStepDescription"]:
    request[keyword] = step[keyword]
PATIENT = ["PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"]
STUDY = ["StudyInstanceUID", "AccessionNumber", "ReferringPhysicianName", "SpecificCharacterSet"]
COPIED = PATIENT + STUDY

series_uid = lab.mint.uid("series")
frame_uid = lab.mint.uid("frame of reference")
started = lab.clock.now()
series = []
for number, acquisition in enumerate(read_series(data_folder() / "mr_brain"), start=1):
    image = deepcopy(acquisition)
    for keyword in COPIED:
        image[keyword] = item[keyword]
    image.StudyID = item.RequestedProcedureID
    image.StudyDescription = item.RequestedProcedureDescription
    image.RequestAttributesSequence = [request]
    image.SOPInstanceUID = lab.mint.uid("instance")
    image.SeriesInstanceUID = series_uid
    image.FrameOfReferenceUID = frame_uid
    image.SeriesNumber = 1
    image.InstanceNumber = number
    image.StudyDate = f"{started:%Y%m%d}"
    image.StudyTime = f"{started:%H%M%S}"
    image.StationName = lab.modality.station.name
    series.append(image)"""


def _series_with(line: str, instead: str) -> str:
    """The solution with one line changed: what a common mistake looks like."""
    if line not in _SERIES_SOLUTION:
        raise ValueError(f"the solution has no line {line!r}")
    return _SERIES_SOLUTION.replace(line, instead)


_WINDOW_SOLUTION = """\
import numpy as np


def apply_window(pixels, center, width):
    lowest = center - 0.5 - (width - 1) / 2
    highest = center - 0.5 + (width - 1) / 2
    grey = (pixels.astype(float) - lowest) / (highest - lowest) * 255
    return np.clip(grey, 0, 255)"""


def _window_with(line: str, instead: str) -> str:
    if line not in _WINDOW_SOLUTION:
        raise ValueError(f"the solution has no line {line!r}")
    return _WINDOW_SOLUTION.replace(line, instead)


_CLIP = "return np.clip(grey, 0, 255)"
#: How the lowest value of a window is often calculated: in whole numbers, like the pixels.
_IN_WHOLE_NUMBERS = """\
import numpy as np


def apply_window(pixels, center, width):
    lowest = center - width // 2
    grey = (pixels - lowest) / (width - 1) * 255
    return np.clip(grey, 0, 255)"""

EXERCISES = (
    Exercise(
        id="05-e1",
        title="Copied or made",
        answer="origin",
        check=_check_origin,
        hints=(
            "Ask of each: could anybody know it before the scan?",
            "What the RIS knows since the order is copied. What begins to exist with the scan is made.",
            "Four are copied: the patient, the study, the accession number and the planned step. Four are made.",
        ),
        solution=_ORIGIN_SOLUTION,
        mistakes=(
            Mistake(
                "StudyInstanceUID", _sorted_the_other_way("StudyInstanceUID"), "cut the images off from their order"
            ),
            Mistake("StudyTime", _sorted_the_other_way("StudyTime"), "when the examination really began"),
            Mistake("SeriesInstanceUID", _sorted_the_other_way("SeriesInstanceUID"), "how many series there will be"),
            Mistake(
                "ScheduledProcedureStepID",
                _sorted_the_other_way("ScheduledProcedureStepID"),
                "in the image it stands in RequestAttributesSequence",
            ),
            Mistake("word", _ORIGIN_SOLUTION.replace('"made"', '"new"'), "one of two words: copied or made"),
        ),
    ),
    Exercise(
        id="05-e2",
        title="Tag the whole series",
        answer="series",
        check=check_series,
        hints=(
            "Every line that you need stands in the cells of steps 2 and 3. Ask of each UID: once, or for each image?",
            "Before the loop: two UIDs. In the loop: a copy of acquisition, the loop over COPIED, "
            "RequestAttributesSequence, then what the scanner makes, with number as the InstanceNumber.",
            'series_uid = lab.mint.uid("series") and frame_uid = lab.mint.uid("frame of reference") before the loop; '
            'image = deepcopy(acquisition) and image.SOPInstanceUID = lab.mint.uid("instance") inside it; the other '
            "lines are those of steps 2 and 3, each indented by four spaces.",
        ),
        solution=_SERIES_SOLUTION,
        mistakes=(
            Mistake(
                "StudyInstanceUID",
                _series_with("image.StudyID =", 'image.StudyInstanceUID = lab.mint.uid("study")\n    image.StudyID ='),
                "StudyInstanceUID that is not Elena",
            ),
            Mistake(
                "PatientName",
                _series_with("image.StudyID =", 'image.PatientName = "Elena Rivera"\n    image.StudyID ='),
                "has PatientName 'Elena Rivera'",
            ),
            Mistake(
                "missing ReferringPhysicianName",
                _series_with('"ReferringPhysicianName", ', ""),
                "has no ReferringPhysicianName",
            ),
            Mistake(
                "RequestAttributesSequence",
                _series_with("    image.RequestAttributesSequence = [request]\n", ""),
                "RequestAttributesSequence (0040,0275) is missing",
            ),
            Mistake(
                "RequestAttributesSequence ScheduledProcedureStepID",
                _series_with('["ScheduledProcedureStepID", "Sch', '["Sch'),
                "does not have the ScheduledProcedureStepID",
            ),
            Mistake(
                "SOPInstanceUID",
                _series_with("series = []\n", 'series = []\nimage_uid = lab.mint.uid("instance")\n').replace(
                    'image.SOPInstanceUID = lab.mint.uid("instance")', "image.SOPInstanceUID = image_uid"
                ),
                "Make a new UID for each image",
            ),
            Mistake(
                "SeriesInstanceUID",
                _series_with(
                    "image.SeriesInstanceUID = series_uid", 'image.SeriesInstanceUID = lab.mint.uid("series")'
                ),
                "several SeriesInstanceUIDs",
            ),
            Mistake(
                "one object",
                _series_with("image = deepcopy(acquisition)", "image = image if number > 1 else deepcopy(acquisition)"),
                "the same data set more than once",
            ),
            Mistake(
                "InstanceNumber",
                _series_with("image.InstanceNumber = number", "image.InstanceNumber = 13"),
                "different InstanceNumbers",
            ),
            Mistake(
                "one UID for two",
                _series_with('frame_uid = lab.mint.uid("frame of reference")', "frame_uid = series_uid"),
                "a UID names one thing",
            ),
            Mistake(
                "StudyTime",
                _series_with('image.StudyTime = f"{started:%H%M%S}"', 'image.StudyTime = "093000"'),
                "the time that was planned",
            ),
        ),
    ),
    Exercise(
        id="05-e3",
        title="Write the window",
        answer="apply_window",
        check=check_window,
        hints=(
            "The three formulas of the text above are the function; only what lies outside the window is left to do.",
            "Calculate lowest and highest from center and width. Then grey from pixels.astype(float), and at last "
            "np.clip.",
            "grey = (pixels.astype(float) - lowest) / (highest - lowest) * 255, and then return np.clip(grey, 0, 255). "
            "Above it stand the lines for lowest and highest.",
        ),
        solution=_WINDOW_SOLUTION,
        mistakes=(
            Mistake(
                "swapped",
                _window_with("(pixels, center, width)", "(pixels, width, center)"),
                "if center and width changed",
            ),
            Mistake("not clipped", _window_with(_CLIP, "return grey"), "below 0 or above 255"),
            Mistake(
                "outside",
                _window_with(_CLIP, "return grey.astype(int).astype(np.uint8)"),
                "for which 256 is 0 again",
            ),
            Mistake(
                "without sign",
                _IN_WHOLE_NUMBERS,
                "begin with pixels.astype(float)",
            ),
            Mistake(
                "twice as wide",
                _window_with("- (width - 1) / 2", "- width").replace("+ (width - 1) / 2", "+ width"),
                "twice as wide as asked",
            ),
            Mistake(
                "upside down",
                _window_with("(pixels.astype(float) - lowest)", "(highest - pixels.astype(float))"),
                "Black and white have changed places",
            ),
            Mistake("one by one", _window_with(_CLIP, "return max(0, min(255, grey))"), "np.clip cuts all of them off"),
            Mistake("not scaled", _window_with(" * 255", "").replace("0, 255)", "0, 1)"), "from 0 to 1"),
            Mistake(
                "fixed window",
                _window_with("    lowest =", "    center, width = 950, 1700\n    lowest ="),
                "from the brackets of the function",
            ),
        ),
    ),
)
