"""Lesson 06: the contexts that images need, a study in the PACS, an image that was refused, a query that counts."""

from __future__ import annotations

from hl7dicom_lab.course.exercise import Exercise, Mistake
from hl7dicom_lab.course.exercises.archive_checks import check_contexts, check_mended, check_query, check_stored

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
stored = []
for image in images:
    answer = assoc.send_c_store(image)
    if answer.Status == 0x0000:
        stored.append(image)
assoc.release()
"""
_LOOP = _SEND_ALL[_SEND_ALL.index("for image in images:") : _SEND_ALL.index("assoc.release()")]
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
        check=check_contexts,
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
            Mistake("images", _SCAN + "sop_classes = images[:3]", "Your list holds images"),
        ),
    ),
    Exercise(
        id="06-e2",
        title="Store the whole study",
        answer="stored",
        check=check_stored,
        hints=(
            "The order of the lines is: AE, context, associate, send, release. Only one of them stands in a loop.",
            "The first lines are those of the cell in section 4: AE, context for sop_class.MRImageStorage, associate. "
            "Then stored = [], and a loop over images that sends each. The release stands after the loop, not in it.",
            "In the loop: answer = assoc.send_c_store(image), then if answer.Status == 0x0000: and, one step further "
            "in, stored.append(image).",
        ),
        solution=_SEND_ALL,
        mistakes=(
            Mistake(
                "incomplete",
                _SEND_ALL.replace("for image in images:", "for image in images[:1]:"),
                "1 of Elena Rivera's 24 images",
            ),
            Mistake(
                "none",
                _SEND_ALL.replace("sop_class.MRImageStorage", "sop_class.CTImageStorage").replace(
                    _LOOP,
                    "for image in images:\n    try:\n        answer = assoc.send_c_store(image)\n"
                    "    except ValueError:\n        pass\n",
                ),
                "Your list is empty",
            ),
            Mistake("not released", _SEND_ALL.replace("assoc.release()\n", ""), "the association is still open"),
            Mistake("aborted", _SEND_ALL.replace("assoc.release()", "assoc.abort()"), "ended with A-ABORT"),
            Mistake(
                "answers",
                _SEND_ALL.replace("stored.append(image)", "stored.append(answer)"),
                "Your list holds the answers",
            ),
            Mistake("not sent", _SCAN + "stored = images", "The PACS holds 0 of the 24 images"),
        ),
    ),
    Exercise(
        id="06-e3",
        title="Mend an image that was refused",
        answer="mended",
        check=check_mended,
        hints=(
            "The comment of 0xC004 says what is wrong: two pictures, one UID. Which of the UIDs names one picture?",
            "Two lines: mended = copy.deepcopy(changed), then a new value for one of its attributes.",
            "mended = copy.deepcopy(changed), then mended.SOPInstanceUID = uid.generate_uid().",
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
            Mistake("no uid", _CHANGE + "\nmended = changed\nmended.SOPInstanceUID = 'new'", "is no UID"),
            Mistake(
                "longer uid",
                _CHANGE + "\nmended = changed\nmended.SOPInstanceUID = changed.SOPInstanceUID + '.1'",
                "with something behind it",
            ),
            Mistake(
                "another class",
                _CHANGE + "\nmended = changed\nmended.SOPInstanceUID = generate_uid()\n"
                "mended.SOPClassUID = generate_uid()",
                "what kind of object",
            ),
        ),
        before=_STORE_RADIOGRAPH,
    ),
    Exercise(
        id="06-e4",
        title="Count the images of each series",
        answer="query",
        check=check_query,
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
                "small letters",
                _QUERY + 'query.QueryRetrieveLevel = "series"\nquery.StudyInstanceUID = found.study_instance_uid\n'
                'query.NumberOfSeriesRelatedInstances = ""',
                "in capital letters",
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
                "key of another level",
                _QUERY + 'query.QueryRetrieveLevel = "SERIES"\nquery.StudyInstanceUID = found.study_instance_uid\n'
                'query.AccessionNumber = "NG000001"\nquery.NumberOfSeriesRelatedInstances = ""',
                "AccessionNumber belongs to level STUDY",
            ),
            Mistake(
                "refused",
                _QUERY + 'query.QueryRetrieveLevel = "SERIES"\nquery.StudyInstanceUID = "NG000001"\n'
                'query.NumberOfSeriesRelatedInstances = ""',
                "is no UID",
            ),
        ),
        before=_STORE_STUDY,
    ),
)
