"""Images under the wrong patient: withdrawn, on record, and in their place corrected copies in the right study."""

from __future__ import annotations

from copy import deepcopy

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from hl7dicom_lab import story_day
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import CannotBuild, NotFound
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.services.scu import Scu

BECAUSE = {"by": "J. Doe", "because": "the wrong line of the worklist"}


@pytest.fixture
def lab():
    """A department in which the images of Elena Rivera were made under Jürgen Müller's item."""
    with Lab() as running:
        for booking in (story_day.TODAY[0], story_day.TODAY[4]):
            running.emr.place(booking.order())
        yield running


@pytest.fixture
def items(lab):
    elena, juergen = lab.modality.query()
    return elena, juergen


@pytest.fixture(autouse=True)
def images(lab, items):
    made = lab.modality.examine(items[1], read_series(data_folder() / "mr_brain")[:2])
    lab.modality.store(made)
    return made


def studies_on_the_wire(lab):
    """What a C-FIND of somebody's finds."""
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.AccessionNumber, query.PatientName, query.NumberOfStudyRelatedInstances = "", "", ""
    other = Scu("ANYBODY", trace=lab.trace, system="anybody", clock=lab.clock)
    return [
        (one.AccessionNumber, str(one.PatientName), int(one.NumberOfStudyRelatedInstances))
        for one in other.find_studies(lab.pacs.storage, query)
    ]


def test_the_images_stand_in_the_right_study_and_nowhere_else(lab, items):
    assert studies_on_the_wire(lab) == [("NG000002", "Müller^Jürgen", 2)]
    done = lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    assert (done.from_accession_number, done.to_accession_number, done.images) == ("NG000002", "NG000001", 2)
    assert "NG-100237" in repr(done)
    assert studies_on_the_wire(lab) == [("NG000001", "Rivera^Elena^Maria^Ms", 2)]
    assert lab.pacs.studies()[0].study_instance_uid == items[0].StudyInstanceUID
    with pytest.raises(NotFound):
        lab.pacs.open_study("NG000002")
    assert lab.pacs.archive.verify(contents=True) == ()
    assert lab.pacs.unscheduled() == ()


def test_a_copy_has_the_new_identity_uids_of_its_own_and_the_old_pixels(lab, items, images):
    lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    kept = lab.pacs.archive.instances(items[0].StudyInstanceUID)
    for image, instance in zip(images, kept, strict=True):
        copy, old = dcmread(instance.path), image.data_set
        assert (copy.PatientID, copy.AccessionNumber) == ("NG-100237", "NG000001")
        assert copy.RequestAttributesSequence[0].ScheduledProcedureStepID == "SPS000001"
        assert (copy.StudyDate, copy.InstanceNumber, copy.PixelData) == (
            old.StudyDate,
            old.InstanceNumber,
            old.PixelData,
        )
        assert instance.calling_ae_title == "NORTHGATE_PACS"
    old_uids = {uid for one in images for uid in (one.data_set.SOPInstanceUID, one.data_set.SeriesInstanceUID)}
    new_uids = {uid for one in kept for uid in (one.sop_instance_uid, one.series_instance_uid)}
    assert not old_uids & new_uids
    assert len(new_uids) == 3, "two images and one series"


def test_who_did_it_and_why_stays_on_record(lab, items, images):
    lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    withdrawn = lab.pacs.withdrawn()
    assert [one.image.sop_instance_uid for one in withdrawn] == [one.data_set.SOPInstanceUID for one in images]
    assert {(one.by, one.because) for one in withdrawn} == {tuple(BECAUSE.values())}
    assert [one.replaced_by for one in withdrawn] == [
        one.sop_instance_uid for one in lab.pacs.archive.instances(items[0].StudyInstanceUID)
    ]
    for one, image in zip(withdrawn, images, strict=True):
        assert dcmread(one.image.path) == image.data_set, "it is kept as it came"
    assert repr(withdrawn[0]) == (
        "<image 1 of NG000002, withdrawn by J. Doe at 2026-03-02 08:00: the wrong line of the worklist>"
    )


def test_an_image_that_comes_again_stays_out_of_sight(lab, items, images):
    lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    before = studies_on_the_wire(lab)
    lab.trace.clear()
    assert [result.status for result in lab.modality.store(images)] == [0, 0]
    assert studies_on_the_wire(lab) == before
    told = [remark.what for row in lab.trace.rows(system="PACS") for remark in row.remarks]
    assert any("withdrawn by J. Doe" in what for what in told)
    other = deepcopy(images[0].data_set)
    other.PatientComments = "other content"
    assert lab.modality.store([other])[0].status == 0xC004


def test_a_report_on_the_right_order_is_attached_to_the_images_after_it(lab, items):
    lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    study = lab.pacs.archive.find_study(accession_number="NG000001")
    deliveries = lab.dictation.send(lab.dictation.dictate(study, "Normal."))
    assert [one.accepted for one in deliveries] == [True, True]
    assert lab.pacs.reports.current("NG000001").text == "Normal."


def test_it_can_be_taken_back(lab, items):
    lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    lab.pacs.reassign("NG000001", items[1], by="J. Doe", because="it was right at first")
    assert studies_on_the_wire(lab) == [("NG000002", "Müller^Jürgen", 2)]
    assert len(lab.pacs.withdrawn()) == 4
    copy = dcmread(lab.pacs.archive.instances(items[1].StudyInstanceUID)[0].path)
    assert len(copy.OriginalAttributesSequence) == 2


def test_after_an_interruption_the_same_copies_take_the_place(lab, items, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lab.pacs.archive.withdrawals, "withdraw", stopped)
        with pytest.raises(KeyboardInterrupt):
            lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    assert len(studies_on_the_wire(lab)) == 2, "nothing is lost"
    lab.pacs.reassign("NG000002", items[0], **BECAUSE)
    assert studies_on_the_wire(lab) == [("NG000001", "Rivera^Elena^Maria^Ms", 2)]


def test_what_cannot_be_reassigned_is_told_and_nothing_changes(lab, items):
    before = studies_on_the_wire(lab)
    with pytest.raises(NotFound, match="no such study"):
        lab.pacs.reassign("NG000009", items[0], **BECAUSE)
    nameless = deepcopy(items[0])
    nameless.PatientID = ""
    for wrong, missing in ((Dataset(), "AccessionNumber"), ("NG000001", "StudyInstanceUID"), (nameless, "PatientID")):
        with pytest.raises(CannotBuild, match=missing) as caught:
            lab.pacs.reassign("NG000002", wrong, **BECAUSE)
        assert "lab.modality.query()" in caught.value.next_step
    with pytest.raises(CannotBuild, match="already"):
        lab.pacs.reassign("NG000002", items[1], **BECAUSE)
    for part in BECAUSE:
        for nobody in (" ", None, ...):
            with pytest.raises(CannotBuild, match="who did it and why"):
                lab.pacs.reassign("NG000002", items[0], **(BECAUSE | {part: nobody}))
    with pytest.raises(NotFound, match="no such study"):
        lab.pacs.reassign(..., items[0], **BECAUSE)
    assert studies_on_the_wire(lab) == before
    assert lab.pacs.withdrawn() == ()
