"""The checks of lesson 06: contexts that images need, a study in the archive, an image that was refused, a query.

DICOM PS3.8 section 7.1.1.13 (contexts), PS3.4 Annexes B (C-STORE) and C (C-FIND). Rule: they look at the wire and at
the archive. They propose the learner's contexts, look for the images in the PACS and for the end of the association in
the trace, send the mended image, and run the query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (  # type: ignore[attr-defined] # pynetdicom makes these names at run time
    ComputedRadiographyImageStorage,
    CTImageStorage,
    MRImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
)

from hl7dicom_lab.course.exercise import Unfinished
from hl7dicom_lab.dicom.status import is_pending, words
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import StoredInstance, StudySummary
from hl7dicom_lab.trace import Conversation
from hl7dicom_lab.verdict import Verdict, not_checked, right, wrong

_ELENA = "NG000001"
_RADIOGRAPH = "NG000003"
_SLICES = 24
_NEEDED: tuple[UID, ...] = (MRImageStorage, CTImageStorage, ComputedRadiographyImageStorage)
_SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
_SERIES_COUNT = "NumberOfSeriesRelatedInstances"
_SUCCESS = "0x0000"
_MOST_CONTEXTS = 128  # PS3.8 section 7.1.1.13: identifiers are the odd numbers from 1 to 255


@contextmanager
def _association(lab: Lab, sop_classes: Sequence[UID]) -> Iterator[Association]:
    """An association with the PACS that proposes these classes, released at the end."""
    pacs = lab.pacs.storage
    ae = AE(ae_title="CHECK")
    for sop_class in sop_classes:
        ae.add_requested_context(sop_class, _SYNTAXES)
    association = ae.associate(pacs.host, pacs.port, ae_title=pacs.ae_title)
    try:
        yield association
    finally:
        association.release()


def check_contexts(lab: Lab, answer: Any) -> Verdict:
    """Propose the learner's SOP classes to the PACS, and compare what it accepts with what the images need."""
    if not isinstance(answer, (list, tuple, set, frozenset)) or not answer:
        return wrong("no list", "A list is expected: SOP classes between [ and ], separated by commas.")
    if problem := _no_class_among(answer):
        return problem
    classes = [uid for uid in map(_uid_of, answer) if uid is not None]
    if len(set(classes)) < len(classes):
        return wrong(
            "one a image",
            f"The list has {len(classes)} entries. One context serves all images of its SOP class, and an association "
            f"has room for {_MOST_CONTEXTS} contexts: name each class once.",
        )
    if len(classes) > _MOST_CONTEXTS:
        return wrong(
            "too many",
            f"The list has {len(classes)} entries, and an association has room for {_MOST_CONTEXTS} contexts. Name "
            "the classes that the three kinds of image have.",
        )
    with _association(lab, classes) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts}
    return _judge_classes(classes, accepted)


def _no_class_among(answer: Iterable[Any]) -> Verdict | None:
    """What is wrong where something in the list is no UID at all."""
    if any(isinstance(one, Dataset) for one in answer):
        return wrong(
            "images",
            "Your list holds images. A context names their class: write .SOPClassUID behind the name of an image.",
        )
    if codes := [str(one) for one in answer if str(one).upper() in ("MR", "CT", "CR", "DX")]:
        return wrong(
            "modality",
            f"{codes[0]} is a value of Modality (0008,0060). A context names a SOP class by its UID: "
            "read SOPClassUID (0008,0016) of the image.",
        )
    if bad := [str(one) for one in answer if _uid_of(one) is None]:
        return wrong(
            "no uid",
            f"{bad[0].strip()[:40]} is no UID. Write sop_class.MRImageStorage and the like without quotation marks, "
            "or take SOPClassUID of an image, without .name.",
        )
    return None


def _uid_of(one: Any) -> UID | None:
    uid = one.abstract_syntax if isinstance(one, PresentationContext) else one
    return UID(uid) if isinstance(uid, str) and uid and UID(uid).is_valid else None


def _judge_classes(classes: Sequence[UID], accepted: set[UID | None]) -> Verdict:
    missing = [one for one in _NEEDED if one not in classes]
    surplus = [one for one in classes if one not in _NEEDED]
    refused = [one for one in surplus if one not in accepted]
    if refused:
        return wrong(
            "not accepted",
            f"The PACS did not accept a context for {refused[0].name}, and no image of the set needs it. A context "
            "names a kind of object: SOPClassUID (0008,0016), not the UID of one image, series or study.",
        )
    if missing and surplus:
        return wrong(
            "another class",
            f"No image of the set is of the class {surplus[0].name}, and not every kind of image has a context. The "
            "picture's name in daily speech does not tell its class: print SOPClassUID.name of each of the three.",
        )
    if missing:
        return wrong(
            "missing",
            f"The PACS accepts what you propose, but {len(missing)} of the {len(_NEEDED)} kinds of image would find no "
            "context and stay at the sender. The set has images of three scanners.",
        )
    if surplus:
        return wrong("too many", f"No image of the set is of the class {surplus[0].name}. Leave it out.")
    names = ", ".join(one.name for one in _NEEDED)
    return right(f"The PACS accepted {len(classes)} contexts: {names}. Every one of the 26 images finds its context.")


def check_stored(lab: Lab, answer: Any) -> Verdict:
    """Look in the archive for the images of the learner's list, and in the trace for the end of the association."""
    if not isinstance(answer, (list, tuple)):
        return wrong("no list", "A list of images is expected: those that the PACS has confirmed with 0x0000.")
    if any(isinstance(one, int) or (isinstance(one, Dataset) and "Status" in one) for one in answer):
        return wrong(
            "answers",
            "Your list holds the answers of the PACS. Keep the images themselves: an image belongs into stored if the "
            "Status of its answer is 0x0000.",
        )
    if not all(isinstance(one, Dataset) and one.get("SOPInstanceUID") for one in answer):
        return wrong("no images", "Your list holds something else than images. Keep each image itself.")
    if not answer:
        return wrong(
            "none",
            "Your list is empty: no image was kept in it. Propose sop_class.MRImageStorage, print the Status of one "
            "answer, and keep the image where it is 0x0000.",
        )
    return _judge_stored(lab, list(dict.fromkeys(str(one.SOPInstanceUID) for one in answer)))


def _judge_stored(lab: Lab, uids: Sequence[str]) -> Verdict:
    held = [one for one in map(lab.pacs.archive.instance, uids) if one]
    if len(held) < len(uids):
        return wrong(
            "not sent",
            f"The PACS holds {len(held)} of the {len(uids)} images of your list. Only send_c_store brings an image "
            "there: call it for each one, between associate and release.",
        )
    own = [one for one in held if one.accession_number == _ELENA]
    if len(own) < _SLICES:
        return wrong(
            "incomplete",
            f"The PACS holds {len(own)} of Elena Rivera's {_SLICES} images. Send every image of the list images: one "
            "send_c_store sends one image, so it stands in a loop.",
        )
    end = _end_of_sending(lab, uids)
    if end == "open":
        return wrong(
            "not released",
            f"The PACS holds all {_SLICES} images, but the association is still open. Whoever opens one ends it: "
            "assoc.release() after the last answer.",
        )
    if end == "aborted":
        return wrong(
            "aborted",
            f"The PACS holds all {_SLICES} images, but the association ended with A-ABORT. That breaks off what is "
            "under way; the orderly end is assoc.release() after the last answer. Send the images once more.",
        )
    return right(
        f"The PACS holds {_SLICES} images of the study with the accession number {_ELENA}, each with its file and its "
        "index entry, and the association was released."
    )


def _end_of_sending(lab: Lab, uids: Sequence[str]) -> str:
    """How the last association that brought one of these images ended: released, aborted, or still open."""
    for conversation in reversed(lab.trace.conversations(system="PACS", protocol="DICOM")):
        kinds = [row.kind for row in conversation.decoded()]
        if "C-STORE-RQ" in kinds and _brought(conversation, uids):
            if "A-ABORT" in kinds:
                return "aborted"
            return "released" if "A-RELEASE-RQ" in kinds else "open"
    return "released"  # the trace was cleared, or has forgotten it


def _brought(conversation: Conversation, uids: Sequence[str]) -> bool:
    stores = [row.summary for row in conversation.decoded() if row.kind == "C-STORE-RQ"]
    return any(uid in summary for summary in stores for uid in uids)


def check_mended(lab: Lab, answer: Any) -> Verdict:
    """Compare the learner's image with the radiograph, then send it to the PACS."""
    if not isinstance(answer, Dataset):
        return wrong("no data set", "An image is expected: a data set, such as copy.deepcopy(changed).")
    original = _original(lab)
    if original is None:
        return not_checked("The PACS has no radiograph yet. Run the cells above from the beginning, then this one.")
    header = dcmread(original.path)
    if problem := _problem_with_uid(answer.get("SOPInstanceUID"), header.SOPInstanceUID) or _changed(answer, header):
        return problem
    return _send_mended(lab, answer)


def _changed(answer: Dataset, header: Dataset) -> Verdict | None:
    """What was changed that had to stay, or stayed that had to change."""
    if answer.get("SOPClassUID") != header.SOPClassUID:
        return wrong(
            "another class",
            "SOPClassUID (0008,0016) is not the radiograph's any more. It says what kind of object this is, and that "
            "has not changed. The UID that names one image is another attribute.",
        )
    for keyword, name in (("StudyInstanceUID", "study"), ("PatientID", "patient"), ("AccessionNumber", "order")):
        if answer.get(keyword) != header.get(keyword):
            return wrong(
                f"another {name}",
                f"{keyword} is not the radiograph's any more. It is still the same examination of the same patient: "
                "the copy needs a new UID for itself, and everything else stays.",
            )
    if answer.get("PixelData") == header.PixelData:
        return wrong(
            "old picture",
            "This is the picture that the PACS has already, without the white square. Begin with a copy of changed.",
        )
    return None


def _problem_with_uid(uid: Any, original: str) -> Verdict | None:
    """What is wrong with a UID by itself; None where it may name a new image (PS3.5 section 9)."""
    if not uid:
        return wrong(
            "no instance uid",
            "SOPInstanceUID (0008,0018) is empty. Every image has one: generate_uid() makes a new one.",
        )
    if not UID(str(uid)).is_valid:
        return wrong(
            "no uid",
            f"{str(uid)[:40]!r} in SOPInstanceUID (0008,0018) is no UID: numbers joined by dots, none with a zero in "
            "front, 64 characters at most. generate_uid() makes one.",
        )
    if str(uid).startswith(f"{original}."):
        return wrong(
            "longer uid",
            "SOPInstanceUID (0008,0018) is the scanner's UID with something behind it. Only whoever made a UID may "
            "build others on it (PS3.5 section 9). generate_uid() makes one that nobody has.",
        )
    return None


def _original(lab: Lab) -> StoredInstance | None:
    """Chidi Okonkwo's radiograph as it came first."""
    held = [
        one
        for study in lab.pacs.archive.studies(accession_number=_RADIOGRAPH)
        for one in lab.pacs.archive.instances(study.study_instance_uid)
    ]
    return min(held, key=lambda one: one.path, default=None)


def _send_mended(lab: Lab, image: Dataset) -> Verdict:
    (result,) = lab.modalities["CR"].store([image])
    if result.stored:
        return right(
            f"The PACS answers {_SUCCESS} and keeps both pictures in one study: the radiograph as it was exposed, and "
            "the one with the square under a UID of its own."
        )
    kept = lab.pacs.archive.instance(str(image.SOPInstanceUID))
    if kept:
        return wrong(
            "same uid",
            f"The PACS answers {result.words}: {result.comment}. SOPInstanceUID (0008,0018) still names an image that "
            "is stored with other pixels. Give the copy a new one.",
        )
    return wrong("refused", f"The PACS answers {result.words}: {result.comment or 'see the trace'}.")


def check_query(lab: Lab, answer: Any) -> Verdict:
    """Run the learner's query on an association of its own, and compare its numbers with the archive's."""
    if not isinstance(answer, Dataset):
        return wrong("no data set", "A query is expected: Dataset(), and one line for each key.")
    if any(element.value is ... for element in answer):
        raise Unfinished
    studies = lab.pacs.archive.studies(accession_number=_ELENA)
    if not studies:
        return not_checked("The PACS has no images of Elena Rivera yet. Run the cells above, then this one.")
    level = str(answer.get("QueryRetrieveLevel") or "").strip()
    if not level:
        return wrong(
            "no level",
            "QueryRetrieveLevel (0008,0052) is missing, and the PACS refuses such a query with 0xA900. It says at "
            "which level you ask; you want one answer for each series.",
        )
    if level != "SERIES" and level.upper() == "SERIES":
        return wrong(
            "small letters",
            f"QueryRetrieveLevel is {level!r}. Its values are written in capital letters (VR CS), and the PACS refuses "
            "anything else with 0xA900.",
        )
    if level != "SERIES":
        return wrong(
            "wrong level",
            f"QueryRetrieveLevel is {level!r}. You want one answer for each series, so ask at that level; "
            f"{_SERIES_COUNT} is no key of another one.",
        )
    return _run_query(lab, answer, studies[0])


def _run_query(lab: Lab, query: Dataset, study: StudySummary) -> Verdict:
    model = StudyRootQueryRetrieveInformationModelFind
    with _association(lab, [model]) as association:
        answers = list(association.send_c_find(query, model))
    final = answers[-1][0]
    if final.get("Status") != 0:
        return _refused(final)
    series = [item for status, item in answers if item is not None and is_pending(status.Status)]
    if not series:
        return wrong(
            "nothing found",
            "The PACS finds no series. Does StudyInstanceUID name Elena "
            "Rivera's study, and has no other key a value that the series does not have?",
        )
    if query.get("StudyInstanceUID") != study.study_instance_uid:
        return wrong("another study", "The PACS answers for another study. Take the UID from found.")
    if any(not item.get(_SERIES_COUNT) for item in series):
        return wrong(
            "no number",
            f"The PACS answers, without a number of images: only what is asked for comes back. Add {_SERIES_COUNT} "
            "(0020,1209), empty.",
        )
    count = sum(int(item[_SERIES_COUNT].value) for item in series)
    if count != study.instances:
        return wrong("part of it", f"Your query finds {count} of the study's {study.instances} images.")
    told = "1 series" if len(series) == 1 else f"{len(series)} series"
    return right(f"The PACS answers for {told} and {count} images: the study has arrived whole.")


def _refused(final: Dataset) -> Verdict:
    if "Status" not in final:
        return wrong("no answer", "The PACS did not answer. Look at the last lines of lab.trace.show().")
    comment = final.get("ErrorComment") or "no comment"
    if "StudyInstanceUID" in comment:
        return wrong(
            "no study",
            f"The PACS answers {words(final.Status, 'C-FIND')}: {comment}. Below the level STUDY a query says in which "
            "study it searches: give StudyInstanceUID (0020,000D) a value.",
        )
    if "belongs to level" in comment:
        return wrong(
            "key of another level",
            f"The PACS answers {words(final.Status, 'C-FIND')}: {comment}. Leave this key out: below the level STUDY "
            "only the UIDs of the levels above say where to search.",
        )
    return wrong("refused", f"The PACS answers {words(final.Status, 'C-FIND')}: {comment}.")
