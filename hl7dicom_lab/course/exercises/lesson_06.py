"""Lesson 06: the contexts that images need, a study in the PACS, an image that was refused, a query that counts.

The checks look at the wire and the archive: they propose the learner's contexts, look for the images in the PACS and
for the end of the association in the trace, send the mended image, and run the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

from hl7dicom_lab.course.exercise import Exercise, Mistake, Unfinished
from hl7dicom_lab.course.verdict import Verdict, not_checked, right, wrong
from hl7dicom_lab.dicom.status import is_pending, words
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import StoredInstance, StudySummary

_ELENA = "NG000001"
_RADIOGRAPH = "NG000003"
_SLICES = 24
_NEEDED: tuple[UID, ...] = (MRImageStorage, CTImageStorage, ComputedRadiographyImageStorage)
_SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
_SERIES_COUNT = "NumberOfSeriesRelatedInstances"
_SUCCESS = "0x0000"


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


def _check_contexts(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, (list, tuple, set, frozenset)) or not answer:
        return wrong("no list", "A list is expected: SOP classes between [ and ], separated by commas.")
    proposed = [_uid_of(one) for one in answer]
    codes = [str(one) for one in answer if str(one).upper() in ("MR", "CT", "CR", "DX")]
    if codes:
        return wrong(
            "modality",
            f"{codes[0]} is a value of Modality (0008,0060). A context names a SOP class by its UID: "
            "read SOPClassUID (0008,0016) of the image.",
        )
    if bad := [str(one) for one, uid in zip(answer, proposed, strict=True) if uid is None]:
        return wrong(
            "no uid",
            f"{bad[0][:40]} is no UID. Write sop_class.MRImageStorage and the like without quotation marks, "
            "or take SOPClassUID of an image.",
        )
    classes = [uid for uid in proposed if uid is not None]
    if len(set(classes)) < len(classes):
        return wrong(
            "one a image",
            f"The list has {len(classes)} entries. One context serves all images of its SOP class, and an association "
            "has room for 128 contexts: name each class once.",
        )
    with _association(lab, classes) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts}
    return _judge_classes(classes, accepted)


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
            f"The PACS did not accept a context for {refused[0].name}. A context names a kind of object: SOPClassUID "
            "(0008,0016), not the UID of one image, series or study.",
        )
    if missing and surplus:
        return wrong(
            "another class",
            f"No image of the set is a {surplus[0].name}, and not every kind of image has a context. The picture's "
            "name in daily speech does not tell its class: print SOPClassUID.name of each of the three.",
        )
    if missing:
        return wrong(
            "missing",
            f"The PACS accepts what you propose, but {len(missing)} of the {len(_NEEDED)} kinds of image would find no "
            "context and stay at the sender. The set has images of three scanners.",
        )
    if surplus:
        return wrong("too many", f"No image of the set is a {surplus[0].name}. Propose what the images need.")
    names = ", ".join(one.name for one in _NEEDED)
    return right(f"The PACS accepted {len(classes)} contexts: {names}. Every one of the 26 images finds its context.")


def _check_stored(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, (list, tuple)):
        return wrong("no list", "A list of images is expected: those that the PACS has confirmed with 0x0000.")
    if any(isinstance(one, int) or (isinstance(one, Dataset) and "Status" in one) for one in answer):
        return wrong(
            "answers",
            "Your list holds the answers of the PACS. Keep the images themselves: an image belongs into stored if the "
            "Status of its answer is 0x0000.",
        )
    if not all(isinstance(one, Dataset) and one.get("SOPInstanceUID") for one in answer):
        return wrong("no images", "Your list holds something else than images. Send the images of the list images.")
    if not answer:
        return wrong(
            "none",
            "Your list is empty: no answer was 0x0000. Propose sop_class.MRImageStorage, and look at the Status of "
            "one answer.",
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
    if _left_open(lab, uids):
        return wrong(
            "not released",
            f"The PACS holds all {_SLICES} images, but the association is still open. Whoever opens one ends it: "
            "assoc.release() after the last answer.",
        )
    return right(
        f"The PACS holds {_SLICES} images of the study with the accession number {_ELENA}, each with its file and its "
        "index entry, and the association was released."
    )


def _left_open(lab: Lab, uids: Sequence[str]) -> bool:
    """Whether the last association that brought one of these images has no end in the trace."""
    for conversation in reversed(lab.trace.conversations(system="PACS", protocol="DICOM")):
        rows = conversation.decoded()
        if any(row.kind == "C-STORE-RQ" and any(uid in row.summary for uid in uids) for row in rows):
            return not any(row.kind.startswith(("A-RELEASE", "A-ABORT")) for row in rows)
    return False  # the trace was cleared, or has forgotten it


def _check_mended(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, Dataset):
        return wrong("no data set", "An image is expected: a data set, such as copy.deepcopy(changed).")
    original = _original(lab)
    if original is None:
        return not_checked("The PACS has no radiograph yet. Run the cells above from the beginning, then this one.")
    header = dcmread(original.path)
    if not answer.get("SOPInstanceUID"):
        return wrong(
            "no instance uid",
            "SOPInstanceUID (0008,0018) is empty. Every image has one: generate_uid() makes a new one.",
        )
    for keyword, name in (("StudyInstanceUID", "study"), ("PatientID", "patient")):
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
    return _send_mended(lab, answer)


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


def _check_query(lab: Lab, answer: Any) -> Verdict:
    if not isinstance(answer, Dataset):
        return wrong("no data set", "A query is expected: Dataset(), and one line for each key.")
    if any(element.value is ... for element in answer):
        raise Unfinished
    studies = lab.pacs.archive.studies(accession_number=_ELENA)
    if not studies:
        return not_checked("The PACS has no images of Elena Rivera yet. Run the cells above, then this one.")
    level = answer.get("QueryRetrieveLevel")
    if not level:
        return wrong(
            "no level",
            "QueryRetrieveLevel (0008,0052) is missing, and the PACS refuses such a query with 0xA900. It says at "
            "which level you ask; you want one answer for each series.",
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
    return wrong("refused", f"The PACS answers {words(final.Status, 'C-FIND')}: {comment}.")


_SCAN = """\
(item,) = lab.modality.query(AccessionNumber="NG000001")
images = [image.data_set for image in lab.modality.examine(item)]
"""
_SEND_ALL = """\
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, sop_class

(item,) = lab.modality.query(AccessionNumber="NG000001")
images = [image.data_set for image in lab.modality.examine(item)]  # a scan of its own; you have images

pacs = lab.pacs.storage
ae = AE(ae_title="NORTHGATE_MR1")
ae.add_requested_context(sop_class.MRImageStorage, [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
assoc = ae.associate(pacs.host, pacs.port, ae_title=pacs.ae_title)
stored = [image for image in images if assoc.send_c_store(image).Status == 0x0000]
assoc.release()
"""
_STORE_RADIOGRAPH = """\
scanner = lab.modalities["CR"]
(item,) = scanner.query(AccessionNumber="NG000003")
scanner.store(scanner.examine(item))
"""
_CHANGE = """\
from pydicom import dcmread
from pydicom.uid import generate_uid

# This reads the radiograph back from the archive and draws the square; in the lesson, changed is there already.
study = lab.pacs.archive.find_study(accession_number="NG000003")
changed = dcmread(lab.pacs.archive.instances(study.study_instance_uid)[0].path)
pixels = changed.pixel_array.copy()
pixels[100:160, 100:160] = 0
changed.PixelData = pixels.tobytes()
"""
_STORE_STUDY = _SCAN + "lab.modality.store(images)\n"
_QUERY = """\
from pydicom.dataset import Dataset

found = lab.pacs.archive.find_study(accession_number="NG000001")
query = Dataset()
"""

EXERCISES = (
    Exercise(
        id="06-e1",
        title="Name the contexts of a mixed set",
        answer="sop_classes",
        check=_check_contexts,
        hints=(
            "A context is needed for each kind of object, not for each image. How many kinds are there?",
            "Print image.SOPClassUID.name for images[0], ct and radiograph: three names, three entries of the list.",
            "Write sop_classes = [images[0].SOPClassUID, ct.SOPClassUID, ...] and put the third one in.",
        ),
        solution="""\
from pynetdicom import sop_class

sop_classes = [
    sop_class.MRImageStorage,
    sop_class.CTImageStorage,
    sop_class.ComputedRadiographyImageStorage,
]
""",
        mistakes=(
            Mistake(
                "missing",
                "from pynetdicom import sop_class\nsop_classes = [sop_class.MRImageStorage]",
                "2 of the 3 kinds of image would find no context",
            ),
            Mistake("modality", 'sop_classes = ["MR", "CT", "CR"]', "MR is a value of Modality"),
            Mistake(
                "one a image",
                _SCAN + "sop_classes = [image.SOPClassUID for image in images]",
                "One context serves all images",
            ),
            Mistake(
                "another class",
                "from pynetdicom import sop_class\nsop_classes = [sop_class.MRImageStorage, sop_class.CTImageStorage,"
                " sop_class.DigitalXRayImageStorageForPresentation]",
                "daily speech does not tell its class",
            ),
            Mistake(
                "not accepted",
                _SCAN + "sop_classes = [image.SOPInstanceUID for image in images[:3]]",
                "not the UID of one image",
            ),
            Mistake("no uid", 'sop_classes = ["MRImageStorage", "CTImageStorage"]', "without quotation marks"),
        ),
    ),
    Exercise(
        id="06-e2",
        title="Store the whole study",
        answer="stored",
        check=_check_stored,
        hints=(
            "The order of the lines is: AE, context, associate, send, release. Only one of them stands in a loop.",
            "The first lines are those of the cell that sent the radiograph, with sop_class.MRImageStorage as the only "
            "context. Then one line goes through images and sends each.",
            "stored = [image for image in images if assoc.send_c_store(image).Status == 0x0000], between associate and "
            "assoc.release().",
        ),
        solution=_SEND_ALL,
        mistakes=(
            Mistake(
                "incomplete",
                _SEND_ALL.replace("for image in images if", "for image in images[:1] if"),
                "1 of Elena Rivera's 24 images",
            ),
            Mistake(
                "none",
                _SEND_ALL.replace("sop_class.MRImageStorage", "sop_class.CTImageStorage").replace(
                    "stored = [image for image in images if assoc.send_c_store(image).Status == 0x0000]",
                    "stored = []\nfor image in images:\n    try:\n        assoc.send_c_store(image)\n"
                    "    except ValueError:\n        pass",
                ),
                "Your list is empty",
            ),
            Mistake("not released", _SEND_ALL.replace("assoc.release()\n", ""), "the association is still open"),
            Mistake(
                "answers",
                _SEND_ALL.replace(
                    "[image for image in images if assoc.send_c_store(image).Status == 0x0000]",
                    "[assoc.send_c_store(image) for image in images]",
                ),
                "Your list holds the answers",
            ),
            Mistake("not sent", _SCAN + "stored = images", "The PACS holds 0 of the 24 images"),
        ),
    ),
    Exercise(
        id="06-e3",
        title="Mend an image that was refused",
        answer="mended",
        check=_check_mended,
        hints=(
            "The comment of 0xC004 says what is wrong: two pictures, one UID. Which of the UIDs names one picture?",
            "Two lines: mended = copy.deepcopy(changed), then a new value for one of its attributes.",
            "from pydicom.uid import generate_uid, and mended.SOPInstanceUID = generate_uid() after the copy.",
        ),
        solution=_CHANGE + "\nmended = changed\nmended.SOPInstanceUID = generate_uid()\n",
        mistakes=(
            Mistake("same uid", _CHANGE + "\nmended = changed", "still names an image that is stored"),
            Mistake(
                "another study",
                _CHANGE + "\nmended = changed\nmended.SOPInstanceUID = generate_uid()\n"
                "mended.StudyInstanceUID = generate_uid()",
                "the same examination",
            ),
            Mistake(
                "old picture",
                _CHANGE + "\nmended = dcmread(changed.filename)\nmended.SOPInstanceUID = generate_uid()",
                "without the white square",
            ),
            Mistake("no instance uid", _CHANGE + "\nmended = changed\nmended.SOPInstanceUID = ''", "is empty"),
        ),
        before=_STORE_RADIOGRAPH,
    ),
    Exercise(
        id="06-e4",
        title="Count the images of each series",
        answer="query",
        check=_check_query,
        hints=(
            "Begin with query = Dataset(). One line says at which level you ask, one in which study, one what "
            "you want to know.",
            "Level SERIES; StudyInstanceUID has a value, found.StudyInstanceUID; what you want to know is empty.",
            'query.QueryRetrieveLevel = "SERIES", query.StudyInstanceUID = found.StudyInstanceUID, '
            'query.SeriesInstanceUID = "", query.NumberOfSeriesRelatedInstances = "".',
        ),
        solution="""\
from pydicom.dataset import Dataset

study = lab.pacs.archive.find_study(accession_number="NG000001")  # in the lesson: found.StudyInstanceUID
query = Dataset()
query.QueryRetrieveLevel = "SERIES"
query.StudyInstanceUID = study.study_instance_uid
query.SeriesInstanceUID = ""
query.NumberOfSeriesRelatedInstances = ""
""",
        mistakes=(
            Mistake(
                "no level",
                _QUERY + 'query.StudyInstanceUID = found.study_instance_uid\nquery.NumberOfSeriesRelatedInstances = ""',
                "QueryRetrieveLevel (0008,0052) is missing",
            ),
            Mistake(
                "wrong level",
                _QUERY + 'query.QueryRetrieveLevel = "STUDY"\nquery.StudyInstanceUID = found.study_instance_uid\n'
                'query.NumberOfSeriesRelatedInstances = ""',
                "QueryRetrieveLevel is 'STUDY'",
            ),
            Mistake(
                "no study",
                _QUERY + 'query.QueryRetrieveLevel = "SERIES"\nquery.SeriesInstanceUID = ""\n'
                'query.NumberOfSeriesRelatedInstances = ""',
                "in which study it searches",
            ),
            Mistake(
                "no number",
                _QUERY + 'query.QueryRetrieveLevel = "SERIES"\nquery.StudyInstanceUID = found.study_instance_uid\n'
                'query.SeriesInstanceUID = ""',
                "without a number of images",
            ),
            Mistake(
                "refused",
                _QUERY + 'query.QueryRetrieveLevel = "SERIES"\nquery.StudyInstanceUID = found.study_instance_uid\n'
                'query.AccessionNumber = "NG000001"\nquery.NumberOfSeriesRelatedInstances = ""',
                "AccessionNumber belongs to level STUDY",
            ),
        ),
        before=_STORE_STUDY,
    ),
)
