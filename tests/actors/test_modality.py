"""The scanner asks who is next, tags what it acquires, and sends it: identity is copied, never typed."""

from __future__ import annotations

import pytest
from pydicom import Dataset, dcmread

from hl7dicom_lab import story
from hl7dicom_lab.actors.settings import changed
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import AssociationFailed, NotFound
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.order_to_worklist import get
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST
from hl7dicom_lab.model import DicomAddress


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        running.emr.place(story.order())
        yield running


@pytest.fixture
def item(lab):
    (found,) = lab.modality.query(PatientID="NG-100237")
    return found


def test_echo(lab):
    lab.modality.echo()
    lab.modality.echo(lab.ris.worklist)
    with pytest.raises(AssociationFailed, match="called AE title"):
        lab.modality.echo(DicomAddress(lab.ris.worklist.host, lab.ris.worklist.port, "WRONG"))


@pytest.mark.parametrize("modality", ["MR", "CT", "CR"])
def test_storage_is_checked_without_an_image(lab, modality):
    lab.trace.clear()
    lab.modalities[modality].check_storage()
    kinds = [row.decoded.kind for row in lab.trace.rows()]
    assert kinds == ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-RELEASE-RQ", "A-RELEASE-RP"]


def test_a_check_of_storage_says_what_hinders(lab):
    scanner = lab.modalities["CR"]
    right = scanner.settings
    for setting, value, said in (
        ("pacs_ae_title", "NOBODY", "called AE title not recognized"),
        ("transfer_syntax", "Deflated Explicit VR Little Endian", "no presentation context was accepted"),
    ):
        scanner.settings = changed(right, setting, value)
        with pytest.raises(AssociationFailed, match=said):
            scanner.check_storage()
    scanner.settings = right
    assert scanner.queue == ()
    with pytest.raises(NotFound, match="no images of modality US"):
        lab.modalities["US"].check_storage()


def test_todays_query_asks_for_everything_and_matches_station_modality_and_day(lab):
    query = lab.modality.todays_query()
    step = query.ScheduledProcedureStepSequence[0]
    assert (step.ScheduledStationAETitle, step.Modality) == ("NORTHGATE_MR1", "MR")
    assert step.ScheduledProcedureStepStartDate == f"{lab.clock.today():%Y%m%d}"
    valued = [element.keyword for element in query.iterall() if element.value and element.VR != "SQ"]
    assert sorted(valued) == ["Modality", "ScheduledProcedureStepStartDate", "ScheduledStationAETitle"]
    asked = {row.attribute for row in ORDER_TO_WORKLIST if row.attribute != "SpecificCharacterSet"}
    assert {path for path in asked if get(query, path) is None and "Sequence" in path.rpartition(".")[2]} == set()


def test_a_key_of_your_own_is_put_in_its_place(lab):
    query = lab.modality.todays_query(PatientName="RIVERA*", ScheduledProcedureStepStartDate="")
    assert query.PatientName == "RIVERA*"
    assert query.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate == ""


def test_the_worklist_of_the_scanner(lab, item):
    assert item.PatientName == "Rivera^Elena^Maria^Ms"
    assert item.AccessionNumber == "NG000001"
    assert lab.modalities["CT"].query() == ()
    assert lab.modality.query(PatientName="Nobody*") == ()
    assert lab.modality.query(ScheduledProcedureStepStartDate="20260303") == ()


def test_an_examination_has_the_identity_of_the_item_and_uids_of_its_own(lab, item):
    acquired = read_series(data_folder() / "mr_brain")[:3]
    images = lab.modality.examine(item, acquired)
    other = lab.modality.examine(item, acquired)
    for number, image in enumerate(images, 1):
        data_set = image.data_set
        assert (data_set.PatientID, data_set.AccessionNumber) == ("NG-100237", "NG000001")
        assert data_set.StudyInstanceUID == item.StudyInstanceUID
        assert data_set.InstanceNumber == number
        assert (data_set.StationName, data_set.Modality, data_set.InstitutionName) == ("MR1", "MR", story.INSTITUTION)
        assert data_set.RequestAttributesSequence[0].ScheduledProcedureStepID == "SPS000001"
    assert len({image.data_set.SeriesInstanceUID for image in images}) == 1
    assert len({image.data_set.FrameOfReferenceUID for image in images}) == 1
    assert images[0].data_set.SeriesInstanceUID != other[0].data_set.SeriesInstanceUID
    assert len({image.data_set.SOPInstanceUID for image in (*images, *other)}) == 6
    assert [one for one in acquired if "PatientID" in one or "SOPInstanceUID" in one] == [], "left as they were"


@pytest.mark.parametrize(("modality", "images"), [("MR", 24), ("CT", 1), ("CR", 1)])
def test_the_courses_images(lab, item, modality, images):
    taken = lab.modalities[modality].examine(item)
    assert len(taken) == images
    assert {image.data_set.Modality for image in taken} == {modality}
    assert ("FrameOfReferenceUID" in taken[0].data_set) is (modality != "CR")


def test_a_modality_without_course_images_says_so(lab, item):
    with pytest.raises(NotFound, match="US") as caught:
        lab.modalities["US"].examine(item)
    assert "MR" in caught.value.next_step


def test_what_is_stored_arrives_as_it_was_sent(lab, item):
    images = lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:2])
    results = lab.modality.store(images)
    assert [(result.status, result.sop_instance_uid) for result in results] == [
        (0, image.data_set.SOPInstanceUID) for image in images
    ]
    for image in images:
        kept = lab.pacs.archive.instance(image.data_set.SOPInstanceUID)
        assert kept.calling_ae_title == "NORTHGATE_MR1"
        assert dcmread(kept.path) == image.data_set


def test_data_sets_of_your_own_are_sent_too(lab, item):
    (image,) = lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:1])
    (result,) = lab.modality.store([image.data_set])
    assert result.stored
    assert lab.modality.store([]) == ()


def test_a_pacs_that_is_not_there(lab):
    nowhere = DicomAddress("127.0.0.1", 1, "NORTHGATE_PACS")
    with pytest.raises(AssociationFailed):
        lab.modality.echo(nowhere)


def test_a_short_name_in_the_output(lab):
    assert repr(lab.modality) == "<Modality MR1, MR, AE title NORTHGATE_MR1>"
    assert isinstance(lab.modality.todays_query(), Dataset)
