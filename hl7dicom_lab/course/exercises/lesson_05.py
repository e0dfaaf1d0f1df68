"""Lesson 05: what is copied and what is made, a series tagged by hand, and the window that shows it.

The checks compare with the RIS's own item (IHE RAD-8 and its Appendix A), send what is right to the PACS on a real
association, and calculate windows by PS3.3 section C.11.2.1.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.course.exercise import Exercise, Mistake, call
from hl7dicom_lab.course.verdict import Verdict, right, wrong
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.table import MADE_BY_MODALITY, REQUEST, STEP

_ACCESSION = "NG000001"
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")

# 05-e1 ------------------------------------------------------------------------------------------------------------

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


# 05-e2 ------------------------------------------------------------------------------------------------------------

_COPIED = (
    "PatientID", "PatientName", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "AccessionNumber",
    "ReferringPhysicianName",
)  # fmt: skip
#: Attributes of the image's request: where they stand in the item.
_OF_THE_REQUEST = {"RequestedProcedureID": "item", "ScheduledProcedureStepID": "step"}
_MADE = ("SeriesNumber", "InstanceNumber", "StudyDate", "StudyTime")


def _check_series(lab: Lab, answer: Any) -> Verdict:
    images = _images(answer)
    if images is None:
        return wrong("form", "The check expects a list of data sets: begin with series = [] and append each image.")
    item = read_data_set(lab.ris.step(_ACCESSION).data_set, ExplicitVRLittleEndian)
    for problem in _problems(images, item):
        return problem
    refused = [one for one in lab.modality.store(images) if not one.stored]
    if refused:
        return wrong(
            "refused",
            f"The PACS does not keep {len(refused)} of the images: {refused[0].words}. {refused[0].comment} "
            "An image that was sent before and is changed now needs a new SOPInstanceUID: run the whole cell again.",
        )
    study = lab.pacs.archive.find_study(accession_number=_ACCESSION)
    return right(
        f"They went to the PACS, and it knows whose they are: {study.patient_name}, {study.accession_number}, "
        f"one study with {study.instances} images in {study.series} series."
    )


def _images(answer: Any) -> list[Dataset] | None:
    """Data sets, or what the lab's own scanner makes of them."""
    if not isinstance(answer, (list, tuple)) or not answer:
        return None
    images = [getattr(one, "data_set", one) for one in answer]
    return images if all(isinstance(one, Dataset) for one in images) else None


def _problems(images: Sequence[Dataset], item: Dataset) -> Iterator[Verdict]:
    """What is wrong with a series, the most telling first."""
    yield from _not_the_slices(images)
    for number, image in enumerate(images, start=1):
        yield from _not_the_patient(image, item, number)
        yield from _not_the_request(image, item, number)
    yield from _not_the_uids(images)
    for number, image in enumerate(images, start=1):
        yield from _not_what_happened(image, item, number)
    numbers = {str(image.InstanceNumber) for image in images}
    if len(numbers) < len(images):
        yield wrong(
            "InstanceNumber",
            f"{len(images)} images have {len(numbers)} different InstanceNumbers. It counts the images of a series: "
            "the loop counts along in number.",
        )


def _not_the_slices(images: Sequence[Dataset]) -> Iterator[Verdict]:
    wanted = len(tuple((data_folder() / "mr_brain").glob("*.dcm")))
    if len({id(image) for image in images}) < len(images):
        yield wrong(
            "one object",
            "The list holds the same data set more than once, and it has only the values that it was given last. "
            "Make a copy of the acquisition inside the loop, as its first line.",
        )
    elif len(images) != wanted:
        yield wrong(
            "count", f"The list holds {len(images)} images, and the scan has {wanted} slices. Append each once."
        )
    elif any("PixelData" not in image for image in images):
        yield wrong("no pixels", "An image has no PixelData. Begin each one with a copy of its acquisition.")


def _not_the_patient(image: Dataset, item: Dataset, number: int) -> Iterator[Verdict]:
    study = str(image.get("StudyInstanceUID") or "")
    if study and study != item.StudyInstanceUID:
        yield wrong(
            "StudyInstanceUID",
            f"Image {number} has a StudyInstanceUID that the RIS does not know. The study has its UID since the order; "
            "a scanner copies it from the worklist item like the name.",
        )
    for keyword in ("StudyInstanceUID", *_COPIED):
        value, expected = str(image.get(keyword) or ""), str(item.get(keyword) or "")
        if not value:
            yield wrong(
                f"missing {keyword}",
                f"Image {number} has no {keyword}. The worklist item brings it: put the keyword into what your loop "
                "copies (IHE RAD-8).",
            )
        elif value != expected:
            yield wrong(
                keyword,
                f"Image {number} has {keyword} {value!r}, the worklist item has {expected!r}. To a computer these are "
                "two. Copy the element from the item, and type nothing.",
            )


def _not_the_request(image: Dataset, item: Dataset, number: int) -> Iterator[Verdict]:
    requests = image.get(REQUEST)
    if not requests:
        yield wrong(
            REQUEST,
            f"Image {number} does not say which request it answers: RequestAttributesSequence (0040,0275) is missing. "
            "Its one item is the data set request of step 2.",
        )
        return
    sources = {"item": item, "step": item[STEP].value[0]}
    for keyword, source in _OF_THE_REQUEST.items():
        if str(requests[0].get(keyword) or "") != str(sources[source].get(keyword)):
            yield wrong(
                keyword,
                f"In image {number}, RequestAttributesSequence does not have the {keyword} that the worklist holds. "
                f"Copy it from {source}, as in step 2.",
            )
    for keyword in ("AccessionNumber", "StudyInstanceUID"):  # not required there, but then the same
        if requests[0].get(keyword) and str(requests[0].get(keyword)) != str(item.get(keyword)):
            yield wrong(
                f"{REQUEST} {keyword}",
                f"In image {number}, {keyword} inside RequestAttributesSequence is not that of the worklist item. "
                "Copy it from item, as in step 2.",
            )


def _not_the_uids(images: Sequence[Dataset]) -> Iterator[Verdict]:
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        for number, image in enumerate(images, start=1):
            uid = str(image.get(keyword) or "")
            if len(uid) > 64 or not _UID.fullmatch(uid):
                what = f"{uid!r}, which is no UID" if uid else "empty"
                yield wrong(
                    f"no {keyword}",
                    f"In image {number}, {keyword} is {what}. The scanner makes it, with digits and points only and at "
                    "most 64 characters: lab.mint.uid(...) gives one.",
                )
    instances = {str(image.SOPInstanceUID) for image in images}
    if len(instances) < len(images):
        yield wrong(
            "SOPInstanceUID",
            f"{len(images)} images have {len(instances)} SOPInstanceUID. Whoever has the same one is the same image: "
            "the PACS could keep one of them. Make a new one for each image, inside the loop.",
        )
    if len({str(image.SeriesInstanceUID) for image in images}) > 1:
        yield wrong(
            "SeriesInstanceUID",
            "The images have several SeriesInstanceUIDs, so the PACS would show as many series. They were made in one "
            "go: make one UID before the loop, and give it to every image.",
        )
    if len({str(image.FrameOfReferenceUID) for image in images}) > 1:
        yield wrong(
            "FrameOfReferenceUID",
            "The images have several FrameOfReferenceUIDs, so nobody may lay them on each other. The patient has not "
            "moved: make one UID before the loop, and give it to every image.",
        )


def _not_what_happened(image: Dataset, item: Dataset, number: int) -> Iterator[Verdict]:
    for keyword in _MADE:
        if image.get(keyword) in (None, ""):
            yield wrong(
                f"missing {keyword}",
                f"Image {number} has no {keyword}. The scanner notes it itself; step 3 has the line for it.",
            )
    step = item[STEP].value[0]
    if str(image.StudyTime)[:4] == str(step.ScheduledProcedureStepStartTime)[:4]:
        yield wrong(
            "StudyTime",
            "StudyTime has the time that was planned. The plan is not copied: an image says when the examination "
            "really began. The clock of the department knows, see step 3.",
        )


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
COPIED = [
    "SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate",
    "PatientSex", "AccessionNumber", "StudyInstanceUID", "ReferringPhysicianName",
]

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


# 05-e3 ------------------------------------------------------------------------------------------------------------

Values = npt.NDArray[Any]

#: Values below, at the edges of, within and above the windows; whole numbers without sign, as pixels are.
_RAMP = np.array(
    [[0, 20, 100, 401], [525, 600, 799, 950], [1100, 1374, 1799, 1800], [2300, 3000, 3500, 4095]], np.uint16
)
_WINDOWS = ((950, 1700), (600, 400))
_CLOSE_ENOUGH = 2.0  # whole greys, rounded either way, and the formula of LINEAR_EXACT


def _linear(values: Values, center: float, width: float) -> Values:
    """PS3.3 section C.11.2.1.2 before anything is cut off: 0 at the lowest value of the window, 255 at the highest."""
    result: Values = ((values.astype(float) - (center - 0.5)) / (width - 1) + 0.5) * 255
    return result


def _windowed(values: Values, center: float, width: float) -> Values:
    result: Values = np.clip(_linear(values, center, width), 0, 255)
    return result


def _without_sign(values: Values, center: float, width: float) -> Values:
    """What comes out where the lowest value of the window is subtracted from whole numbers without sign."""
    lowest = round(center - 0.5 - (width - 1) / 2)
    wrapped = (values.astype(np.int64) - lowest) % 65536
    result: Values = np.clip(wrapped / (width - 1) * 255, 0, 255)
    return result


#: What common slips give for (values, center, width), in the order in which they are looked for.
_SLIPS: tuple[tuple[str, Callable[[Values, float, float], Values], str], ...] = (
    (
        "swapped",
        lambda values, center, width: _windowed(values, width, center),
        "Your window lies where center and width would have changed places. The center says where the window lies, the "
        "width how many values it holds: look which name stands where in your formula.",
    ),
    (
        "not clipped",
        _linear,
        "Some greys are below 0 or above 255, and no screen has those. What lies outside the window becomes all black "
        "or all white: cut the result off with np.clip.",
    ),
    (
        "wraps around",
        lambda values, center, width: np.trunc(_linear(values, center, width)) % 256,
        "Outside the window your greys begin anew: they were made whole numbers of 8 bits first, and 256 became 0. Cut "
        "off with np.clip before you use astype.",
    ),
    (
        "without sign",
        _without_sign,
        "The darkest pixels come out white. pixels are whole numbers without sign, so 0 - 100 becomes 65436: begin with "
        "pixels.astype(float).",
    ),
    (
        "twice as wide",
        lambda values, center, width: _windowed(values, center, 2 * width),
        "Your window is twice as wide as asked. WindowWidth is the whole width, half of it on either side of "
        "WindowCenter.",
    ),
    (
        "upside down",
        lambda values, center, width: 255 - _windowed(values, center, width),
        "Black and white have changed places. This image is MONOCHROME2: low values are dark, so subtract the lowest "
        "value from the pixels and not the other way round.",
    ),
    (
        "not scaled",
        lambda values, center, width: _windowed(values, center, width) / 255,
        "Your greys run from 0 to 1, and a screen takes 0 to 255. The factor 255 belongs before the values are cut off.",
    ),
    (
        "fixed window",
        lambda values, *_: _windowed(values, *_WINDOWS[0]),
        "The result is the same for every window. Take center and width from the brackets of the function, not from "
        "the image or from the cell above.",
    ),
)


def _check_window(_: Lab, answer: Any) -> Verdict:
    results = []
    for center, width in _WINDOWS:
        values = _RAMP.copy()
        given = call(answer, values, center, width)
        if not np.array_equal(values, _RAMP):
            return wrong("changed", "Your function changes the pixels themselves. Calculate a new array and return it.")
        result = np.asarray(given)
        if result.shape != _RAMP.shape or result.dtype.kind not in "iuf":
            return wrong(
                "form",
                "The function has to give back an array of greys, one for each pixel: as many rows and columns as "
                "pixels has. Let the formula run over the whole array.",
            )
        results.append(result.astype(float))
    if _agrees(results, _windowed):
        return right(
            "The lowest value of the window becomes 0, the highest 255, and what lies outside is cut off. This is the "
            "linear function of PS3.3 section C.11.2.1.2."
        )
    for name, slip, words in _SLIPS:
        if _agrees(results, slip):
            return wrong(name, words)
    center, width = _WINDOWS[0]
    expected = _windowed(_RAMP, center, width)
    place = np.unravel_index(np.argmax(np.abs(np.nan_to_num(results[0], nan=1e6) - expected)), _RAMP.shape)
    if abs(results[0][place] - expected[place]) <= _CLOSE_ENOUGH:  # the first window is right, the other is not
        (center, width), expected = _WINDOWS[1], _windowed(_RAMP, *_WINDOWS[1])
        place = np.unravel_index(np.argmax(np.abs(np.nan_to_num(results[1], nan=1e6) - expected)), _RAMP.shape)
    got = results[_WINDOWS.index((center, width))][place]
    return wrong(
        "other",
        f"With center {center} and width {width}, the value {_RAMP[place]} becomes {got:.0f}; it should be "
        f"{expected[place]:.0f}. Calculate lowest and highest first, as in the cell above.",
    )


def _agrees(results: Sequence[Values], function: Callable[[Values, float, float], Values]) -> bool:
    """Whether a function gives these results for the windows, all in the same way."""
    tolerance = _CLOSE_ENOUGH if max(np.max(np.abs(result)) for result in results) > 2 else 0.02
    return all(
        bool(np.all(np.abs(result - function(_RAMP, center, width)) <= tolerance))
        for result, (center, width) in zip(results, _WINDOWS, strict=True)
    )


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
        check=_check_series,
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
                "StudyInstanceUID that the RIS does not know",
            ),
            Mistake(
                "PatientName",
                _series_with("image.StudyID =", 'image.PatientName = "Elena Rivera"\n    image.StudyID ='),
                "has PatientName 'Elena Rivera'",
            ),
            Mistake(
                "missing ReferringPhysicianName",
                _series_with(', "ReferringPhysicianName"', ""),
                "has no ReferringPhysicianName",
            ),
            Mistake(
                "RequestAttributesSequence",
                _series_with("    image.RequestAttributesSequence = [request]\n", ""),
                "RequestAttributesSequence (0040,0275) is missing",
            ),
            Mistake(
                "ScheduledProcedureStepID",
                _series_with('["ScheduledProcedureStepID", "Sch', '["Sch'),
                "does not have the ScheduledProcedureStepID",
            ),
            Mistake(
                "SOPInstanceUID",
                _series_with(
                    'image.SOPInstanceUID = lab.mint.uid("instance")', "image.SOPInstanceUID = frame_uid"
                ).replace("image.FrameOfReferenceUID = frame_uid", "image.FrameOfReferenceUID = series_uid"),
                "Make a new one for each image",
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
        check=_check_window,
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
                "swapped", _window_with("(pixels, center, width)", "(pixels, width, center)"), "have changed places"
            ),
            Mistake("not clipped", _window_with(_CLIP, "return grey"), "below 0 or above 255"),
            Mistake(
                "wraps around",
                _window_with(_CLIP, "return grey.astype(int).astype(np.uint8)"),
                "before you use astype",
            ),
            Mistake(
                "without sign",
                _window_with(
                    "(pixels.astype(float) - lowest)", "(pixels.astype(np.uint16) - np.uint16(lowest)).astype(float)"
                ),
                "begin with pixels.astype(float)",
            ),
            Mistake(
                "twice as wide",
                _window_with("- (width - 1) / 2", "- width").replace("+ (width - 1) / 2", "+ width"),
                "twice as wide as asked",
            ),
            Mistake("not scaled", _window_with(" * 255", "").replace("0, 255)", "0, 1)"), "from 0 to 1"),
            Mistake(
                "fixed window",
                _window_with("    lowest =", "    center, width = 950, 1700\n    lowest ="),
                "from the brackets of the function",
            ),
        ),
    ),
)
