"""Answers questions to the archive: studies, series and images that match a Study Root query (PS3.4 section C.4.1.3).

Clinical step: somebody verifies that a study has arrived whole. Rules:

* Studies, series and images are found in the index; what the index does not keep is read from a file, only where it is
  asked for, and only of what still may match. A study and a series show what the first image received says of them.
* A file that is missing or damaged leaves its attributes unknown; `Archive.verify` reports it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from hl7dicom_lab.dicom.decoded_values import values
from hl7dicom_lab.dicom.study_query import Attributes, StudyQuery
from hl7dicom_lab.model import StoredInstance, StudySummary
from hl7dicom_lab.storage.archive import Archive


@dataclass(frozen=True)
class _Candidate:
    """A study, a series or an image: what the index says of it, and its images."""

    indexed: Attributes
    images: Callable[[], tuple[StoredInstance, ...]]


def answers(archive: Archive, query: StudyQuery) -> Iterator[tuple[int, Dataset]]:
    """The pending status and the identifier of each match, in the order of the archive's lists."""
    for candidate in _candidates(archive, query):
        if not query.admits(candidate.indexed):
            continue
        found = {**candidate.indexed, **_from_file(archive, candidate, query.asked - candidate.indexed.keys())}
        if query.admits(found):
            yield query.response(found)


def _candidates(archive: Archive, query: StudyQuery) -> Iterator[_Candidate]:
    if query.level.name == "STUDY":
        yield from _studies(archive, query.uids)
        return
    images = archive.instances(query.above["StudyInstanceUID"])
    for uid, group in groupby(images, key=lambda image: image.series_instance_uid):
        series = tuple(group)
        if query.level.name == "SERIES":
            yield _series(series)
        elif uid == query.above["SeriesInstanceUID"]:
            yield from map(_image, series)


def _studies(archive: Archive, uids: tuple[str, ...]) -> Iterator[_Candidate]:
    for uid in dict.fromkeys(uids or ("",)):  # all of them where none is named
        for study in archive.studies(study_instance_uid=uid):
            yield _study(archive, study)


def _study(archive: Archive, study: StudySummary) -> _Candidate:
    texts = {
        "StudyInstanceUID": study.study_instance_uid,
        "PatientID": study.patient_id,
        "IssuerOfPatientID": study.issuer_of_patient_id,
        "PatientName": study.patient_name,
        "PatientBirthDate": study.patient_birth_date,
        "PatientSex": study.patient_sex,
        "AccessionNumber": study.accession_number,
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "StudyDescription": study.description,
        "NumberOfStudyRelatedSeries": str(study.series),
        "NumberOfStudyRelatedInstances": str(study.instances),
    }
    indexed = {keyword: _values(text) for keyword, text in texts.items()}
    return _Candidate(
        indexed | {"ModalitiesInStudy": study.modalities}, lambda: archive.instances(study.study_instance_uid)
    )


def _series(images: tuple[StoredInstance, ...]) -> _Candidate:
    indexed = {
        "SeriesInstanceUID": (images[0].series_instance_uid,),
        "Modality": _values(_first(images).modality),
        "NumberOfSeriesRelatedInstances": (str(len(images)),),
    }
    return _Candidate(indexed, lambda: images)


def _image(image: StoredInstance) -> _Candidate:
    indexed = {"SOPInstanceUID": (image.sop_instance_uid,), "SOPClassUID": (image.sop_class_uid,)}
    if image.instance_number:  # the index has 0 for an image without a number
        indexed["InstanceNumber"] = (str(image.instance_number),)
    return _Candidate(indexed, lambda: (image,))


def _values(text: str) -> tuple[str, ...]:
    """What the index keeps of an attribute as its values; some senders give several where one belongs."""
    return tuple(filter(None, text.split("\\")))


def _first(images: tuple[StoredInstance, ...]) -> StoredInstance:
    """The image that came first: files are numbered as they come."""
    return min(images, key=lambda image: image.path)


def _from_file(archive: Archive, candidate: _Candidate, keywords: Collection[str]) -> Attributes:
    if not keywords:
        return {}
    header = archive.header(_first(candidate.images()))
    tags = {keyword: Tag(tag_for_keyword(keyword) or 0) for keyword in keywords}
    return {keyword: values(header, tag, dictionary_VR(tag)) for keyword, tag in tags.items()}
