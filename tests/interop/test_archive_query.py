"""DCMTK stores in our PACS and asks it: echo, store and query at one address."""

import re

import pytest
from dcmtk import run
from pydicom import dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab import story
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab

pytestmark = pytest.mark.interop

QUERY = ("-S", "-xe")


@pytest.fixture(scope="module")
def pacs(tmp_path_factory):
    """Where a PACS listens that has three images of one examination, and these images."""
    folder = tmp_path_factory.mktemp("images")
    with Lab() as lab:
        lab.emr.place(story.order())
        (item,) = lab.modality.query()
        images = [one.data_set for one in lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:3])]
        for image in images:
            image.file_meta = FileMetaDataset()
            image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dcmwrite(folder / f"{image.InstanceNumber}.dcm", image, enforce_file_format=True)
        target = ("-aec", lab.pacs.storage.ae_title, "127.0.0.1", lab.pacs.storage.port)
        code, said = run("storescu", *target, *sorted(folder.iterdir()))
        assert code == 0, said
        yield target, images


def ask(target, folder, *keys, options=QUERY):
    """The pending and final statuses, and the answers in the order in which they came."""
    arguments = [part for key in keys for part in ("-k", key)]
    _, said = run("findscu", "-d", "-X", "-od", folder, *options, *target[:2], *arguments, *target[2:])
    statuses = [int(status, 16) for status in re.findall(r"DIMSE Status +: 0x([0-9a-f]{4})", said)]
    return statuses, [dcmread(path) for path in sorted(folder.glob("rsp*.dcm"))]


@pytest.mark.parametrize("syntax", ["-xe", "-xb", "-xi"])
def test_a_study_is_found_by_its_uid(pacs, tmp_path, syntax):
    target, images = pacs
    uid = images[0].StudyInstanceUID
    keys = (
        "QueryRetrieveLevel=STUDY",
        f"StudyInstanceUID={uid}",
        "PatientName",
        "StudyID",
        "NumberOfStudyRelatedInstances",
    )
    statuses, (study,) = ask(target, tmp_path, *keys, options=("-S", syntax))
    assert statuses == [0xFF00, 0x0000]
    assert (study.StudyInstanceUID, study.NumberOfStudyRelatedInstances) == (uid, 3)
    assert (study.PatientName, study.StudyID) == (images[0].PatientName, images[0].StudyID)
    assert study.StudyID


def test_from_study_to_series_to_images(pacs, tmp_path):
    target, images = pacs
    (tmp_path / "series").mkdir()
    (tmp_path / "images").mkdir()
    study = f"StudyInstanceUID={images[0].StudyInstanceUID}"
    _, (series,) = ask(
        target,
        tmp_path / "series",
        "QueryRetrieveLevel=SERIES",
        study,
        "SeriesInstanceUID",
        "Modality=MR",
        "SeriesNumber",
    )
    assert (series.SeriesInstanceUID, series.Modality) == (images[0].SeriesInstanceUID, "MR")
    keys = ("QueryRetrieveLevel=IMAGE", study, f"SeriesInstanceUID={series.SeriesInstanceUID}", "SOPInstanceUID")
    statuses, found = ask(target, tmp_path / "images", *keys, "SOPClassUID", "Rows")
    assert statuses == [0xFF00] * 3 + [0x0000]
    assert {(one.SOPInstanceUID, one.SOPClassUID, one.Rows) for one in found} == {
        (one.SOPInstanceUID, one.SOPClassUID, one.Rows) for one in images
    }


@pytest.mark.parametrize(
    ("keys", "statuses"),
    [
        (("QueryRetrieveLevel=STUDY", "StudyInstanceUID", "StudyDate=18990101-19000101"), [0x0000]),
        (("QueryRetrieveLevel=STUDY", "StudyInstanceUID", "PatientWeight"), [0xFF01, 0x0000]),
        (("QueryRetrieveLevel=PATIENT", "PatientID"), [0xA900]),
        (("QueryRetrieveLevel=SERIES", "SeriesInstanceUID"), [0xA900]),
        (("StudyInstanceUID",), [0xA900]),
    ],
)
def test_the_statuses_are_the_standards(pacs, tmp_path, keys, statuses):
    target, images = pacs
    assert images[0].get("StudyDate"), "without a date the study would fulfil every date"
    assert ask(target, tmp_path, *keys)[0] == statuses
