"""The check of exercise 05-e2: whether a series of images says whose it is, as the worklist item told the scanner.

IHE RAD-8 with its Appendix A; UIDs by PS3.5 section 9. Rule: the most telling problem comes first, in the order in
which a learner works: the slices, the patient, the request, the UIDs, what happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.table import REQUEST, STEP
from hl7dicom_lab.verdict import Verdict, right, wrong

_ACCESSION = "NG000001"
_DICOM_ROOT = "1.2.840.10008."
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_COPIED = (
    "PatientID", "PatientName", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "AccessionNumber",
    "ReferringPhysicianName",
)  # fmt: skip
_FORMS = {"StudyDate": re.compile(r"\d{8}"), "StudyTime": re.compile(r"\d{6}(\.\d{1,6})?")}
_MADE = ("SeriesNumber", "InstanceNumber", "StudyDate", "StudyTime")


def check_series(lab: Lab, answer: Any) -> Verdict:
    """Compare a series with the RIS's own item; what is right goes to the PACS, and its study is the verdict."""
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
            f"The PACS does not keep {len(refused)} of the images: {refused[0].words} ({refused[0].comment}). "
            "An image that was sent before and is changed now needs a new SOPInstanceUID: run the whole cell again.",
        )
    study = lab.pacs.archive.find_study(accession_number=_ACCESSION)
    several = " Each run makes a new series; the earlier ones are there too." if study.series > 1 else ""
    return right(
        f"They went to the PACS, and it knows whose they are: {study.patient_name}, {study.accession_number}, "
        f"one study with {study.instances} images in {study.series} series.{several}"
    )


def _images(answer: Any) -> list[Dataset] | None:
    """Data sets, or what the lab's own scanner makes of them."""
    if not isinstance(answer, (list, tuple)) or not answer:
        return None
    images: list[Any] = [getattr(one, "data_set", one) for one in answer]
    return images if all(isinstance(one, Dataset) for one in images) else None


def _problems(images: Sequence[Dataset], item: Dataset) -> Iterator[Verdict]:
    yield from _not_the_slices(images)
    for number, image in enumerate(images, start=1):
        yield from _not_the_patient(image, item, number)
        yield from _not_the_request(image, item, number)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        yield from _no_uid(images, keyword)
    yield from _uids_made_too_seldom_or_too_often(images)
    for number, image in enumerate(images, start=1):
        yield from _not_what_happened(image, item, number)
    numbers = {str(image.InstanceNumber) for image in images}
    if len(numbers) < len(images):
        yield wrong(
            "InstanceNumber",
            f"{len(images)} images have {len(numbers)} different InstanceNumbers. It counts the images of a series: "
            "the loop counts along in number.",
        )
    if len({str(image.SeriesNumber) for image in images}) > 1:
        yield wrong(
            "SeriesNumber",
            "The images are one series, so they have one SeriesNumber. It is InstanceNumber that counts.",
        )


def _not_the_slices(images: Sequence[Dataset]) -> Iterator[Verdict]:
    slices = len(tuple((data_folder() / "mr_brain").glob("*.dcm")))
    if len({id(image) for image in images}) < len(images):
        yield wrong(
            "one object",
            "The list holds the same data set more than once, and it has only the values that it was given last. "
            "Make a copy of the acquisition inside the loop, as its first line.",
        )
    elif len(images) != slices:
        several = f"{len(images)} images" if len(images) > 1 else "one image"
        yield wrong(
            "count",
            f"The list holds {several}, the scan has {slices} slices. Append each one once: series.append(image) "
            "stands in the loop, indented like the lines above it.",
        )
    for keyword in ("PixelData", "SOPClassUID"):
        if any(keyword not in image for image in images):
            yield wrong(f"no {keyword}", f"An image has no {keyword}. Begin each one with a copy of its acquisition.")


def _not_the_patient(image: Dataset, item: Dataset, number: int) -> Iterator[Verdict]:
    patient, study = str(image.get("PatientID") or ""), str(image.get("StudyInstanceUID") or "")
    if patient and patient != item.PatientID:
        yield wrong(
            "PatientID",
            f"Image {number} has PatientID {patient!r}, and Elena Rivera is {item.PatientID!r}. Copy it from her item: "
            "item has to be that with the accession number NG000001, as in step 1.",
        )
    if study and study != item.StudyInstanceUID:
        yield wrong(
            "StudyInstanceUID",
            f"Image {number} has a StudyInstanceUID that is not Elena Rivera's. Her study has its UID since the order; "
            "a scanner copies it from the worklist item like the name.",
        )
    for keyword in (*_COPIED, "StudyInstanceUID"):
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
    told, step = requests[0], item[STEP].value[0]
    wanted = {"RequestedProcedureID": ("item", item), "ScheduledProcedureStepID": ("step", step)}
    # PS3.3 Table 10-9 does not ask for these within the sequence (type 3); where they are, they are the same.
    wanted |= {keyword: ("item", item) for keyword in ("AccessionNumber", "StudyInstanceUID") if told.get(keyword)}
    for keyword, (name, source) in wanted.items():
        if str(told.get(keyword) or "") != str(source.get(keyword)):
            yield wrong(
                f"{REQUEST} {keyword}",
                f"In image {number}, RequestAttributesSequence does not have the {keyword} that the worklist holds. "
                f"Copy it from {name}, as in step 2.",
            )


def _no_uid(images: Sequence[Dataset], keyword: str) -> Iterator[Verdict]:
    for number, image in enumerate(images, start=1):
        uid = str(image.get(keyword) or "")
        if len(uid) > 64 or not _UID.fullmatch(uid):
            what = f"{uid!r}, which is no UID" if uid else "missing"
            yield wrong(
                f"no {keyword}",
                f"In image {number}, {keyword} is {what}. The scanner makes it, with digits and points only and at "
                "most 64 characters: lab.mint.uid(...) gives one.",
            )
        if uid.startswith(_DICOM_ROOT):
            yield wrong(
                f"root of {keyword}",
                f"In image {number}, {keyword} begins with {_DICOM_ROOT[:-1]}, the root of DICOM itself. A UID of "
                "yours needs a root that you may use: lab.mint.uid(...) takes 2.25.",
            )


def _uids_made_too_seldom_or_too_often(images: Sequence[Dataset]) -> Iterator[Verdict]:
    instances = {str(image.SOPInstanceUID) for image in images}
    if len(instances) < len(images):
        yield wrong(
            "SOPInstanceUID",
            f"{len(images)} images share {len(instances)} SOPInstanceUID. To a PACS, two with the same one are the "
            "same image, and it keeps one. Make a new UID for each image, inside the loop.",
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
            "The images have several FrameOfReferenceUIDs, so their positions cannot be compared. The patient has not "
            "moved: make one UID before the loop, and give it to every image.",
        )
    named: dict[str, str] = {}
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID"):
        other = named.setdefault(str(images[0][keyword].value), keyword)
        if other != keyword:
            yield wrong(
                "one UID for two",
                f"{other} and {keyword} have the same UID, and a UID names one thing. Make one of its own for each "
                "that the scanner makes: a call of lab.mint.uid(...) each.",
            )


def _not_what_happened(image: Dataset, item: Dataset, number: int) -> Iterator[Verdict]:
    for keyword in _MADE:
        if image.get(keyword) in (None, ""):
            yield wrong(
                f"missing {keyword}",
                f"Image {number} has no {keyword}. The scanner notes it itself; step 3 has the line for it.",
            )
    if "StudyID" not in image:
        yield wrong(
            "missing StudyID",
            f"Image {number} has no StudyID. DICOM wants it in every image, even if empty; step 2 has the line.",
        )
    for keyword, form in _FORMS.items():
        if not form.fullmatch(str(image[keyword].value)):
            yield wrong(
                f"form of {keyword}",
                f"{keyword} is {str(image[keyword].value)!r}. DICOM writes a date with eight digits and a time with "
                "six, nothing between them; step 3 has the line.",
            )
    step = item[STEP].value[0]
    if str(image.StudyDate) != str(step.ScheduledProcedureStepStartDate):
        yield wrong(
            "StudyDate",
            f"StudyDate is {image.StudyDate}, and Elena Rivera is in the scanner today. The clock of the department "
            "knows the day, see step 3.",
        )
    if str(step.ScheduledProcedureStepStartTime).startswith(str(image.StudyTime).partition(".")[0]):
        yield wrong(
            "StudyTime",
            "StudyTime has the time that was planned. The plan is not copied: an image says when the examination "
            "really began. The clock of the department knows, see step 3.",
        )
