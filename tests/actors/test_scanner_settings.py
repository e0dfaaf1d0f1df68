"""A scanner's settings on the wire, and its queue: what the PACS does not take waits, and is sent again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab import story_day
from hl7dicom_lab.actors.settings import PacsSettings, changed
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import AssociationFailed, CannotBuild
from hl7dicom_lab.lab import Lab


@pytest.fixture(scope="module")
def running():
    with Lab() as lab:
        for booking in (*story_day.TODAY, story_day.TOMORROW):
            lab.emr.place(booking.order())
        yield lab


@pytest.fixture
def lab(running):
    first = running.modality.settings
    running.trace.clear()
    yield running
    running.modality.settings = first
    running.pacs.settings = PacsSettings()


@pytest.fixture
def images(lab):
    item = lab.modality.query(PatientID="NG-100237")[0]
    return lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:3])


def set_to(lab, name, value):
    lab.modality.settings = changed(lab.modality.settings, name, value)


def found(lab, **keys):
    return sorted(str(item.AccessionNumber) for item in lab.modality.query(**keys))


TODAYS_MR = ["NG000001", "NG000005", "NG000006"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("worklist_station", "NORTHGATE_MR2", []),
        ("worklist_station", "", TODAYS_MR),
        ("worklist_days", "today and tomorrow", [*TODAYS_MR, "NG000007"]),
        ("worklist_days", "20260223-20260301", []),
        ("worklist_days", "20260303", ["NG000007"]),
        ("worklist_keys", "at the root", [f"NG{number:06d}" for number in range(1, 8)]),
    ],
)
def test_what_the_scanner_asks_for(lab, name, value, expected):
    assert found(lab) == TODAYS_MR
    set_to(lab, name, value)
    assert found(lab) == expected


def test_keys_at_the_root_are_remarked_and_a_persons_own_stay_in_their_place(lab):
    set_to(lab, "worklist_keys", "at the root")
    query = lab.modality.todays_query(ScheduledProcedureStepStartDate="20260303")
    step = query.ScheduledProcedureStepSequence[0]
    assert (query.ScheduledStationAETitle, query.Modality) == ("NORTHGATE_MR1", "MR")
    assert not step.ScheduledStationAETitle
    assert not step.Modality
    assert step.ScheduledProcedureStepStartDate == "20260303"
    assert found(lab, ScheduledProcedureStepStartDate="20260303") == ["NG000007"]
    assert any("ScheduledStationAETitle" in one.what for row in lab.trace.rows(system="RIS") for one in row.remarks)


def test_the_query_of_another_day(lab):
    tomorrow = lab.clock.today().replace(day=3)
    asked = [
        lab.modality.todays_query(on=day).ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate
        for day in (None, tomorrow)
    ]
    assert asked == ["20260302", "20260303"]


def test_a_wrong_called_ae_title_is_rejected(lab, images):
    for name, act in (
        ("worklist_ae_title", lab.modality.query),
        ("pacs_ae_title", lab.modality.echo),
        ("pacs_ae_title", lambda: lab.modality.store(images)),
    ):
        right = lab.modality.settings
        set_to(lab, name, "NORTHGATE_OLD")
        with pytest.raises(AssociationFailed, match="called AE title"):
            act()
        lab.modality.settings = right
        act()
    assert lab.modality.queue == ()


@pytest.mark.parametrize(
    ("setting", "syntax"),
    [
        ("Explicit VR Little Endian", ExplicitVRLittleEndian),
        ("Implicit VR Little Endian", ImplicitVRLittleEndian),
    ],
)
def test_images_travel_in_the_transfer_syntax_that_is_set(lab, images, setting, syntax):
    set_to(lab, "transfer_syntax", setting)
    assert all(result.stored for result in lab.modality.store(images))
    for image in images:
        kept = lab.pacs.archive.instance(image.data_set.SOPInstanceUID)
        assert kept.transfer_syntax_uid == syntax
        assert dcmread(kept.path) == image.data_set


def test_a_deflated_image_finds_no_presentation_context_and_waits(lab, images):
    set_to(lab, "transfer_syntax", "Deflated Explicit VR Little Endian")
    with pytest.raises(AssociationFailed, match="no presentation context"):
        lab.modality.store(images)
    waiting = lab.modality.queue
    assert [one.sop_instance_uid for one in waiting] == [image.data_set.SOPInstanceUID for image in images]
    assert repr(waiting[0]).startswith("<image 1 of NG000001: no presentation context")
    with pytest.raises(AssociationFailed):
        lab.modality.send_again()
    assert lab.modality.queue == waiting
    set_to(lab, "transfer_syntax", "Explicit VR Little Endian")
    assert [result.status for result in lab.modality.send_again()] == [0, 0, 0]
    assert lab.modality.queue == ()
    assert lab.modality.send_again() == ()


def test_what_a_full_archive_refuses_waits_and_goes_again(lab, images):
    lab.pacs.settings = replace(lab.pacs.settings, room=lab.pacs.archive.count() + 2)
    assert [result.status for result in lab.modality.store(images)] == [0, 0, 0xA700]
    assert [result.status for result in lab.modality.store(images[:1])] == [0], "it is there already"
    (waiting,) = lab.modality.queue
    assert (waiting.accession_number, "0xA700" in waiting.why, "room" in waiting.why) == ("NG000001", True, True)
    assert [result.status for result in lab.modality.send_again()] == [0xA700]
    assert len(lab.modality.queue) == 1
    lab.pacs.settings = PacsSettings()
    lab.modality.store([images[2]])
    assert lab.modality.queue == (), "it left the queue when the PACS took it, whoever sent it"
    assert lab.pacs.archive.instance(images[2].data_set.SOPInstanceUID) is not None


def test_an_image_that_cannot_be_sent_at_all_does_not_wait(lab, images):
    del images[0].data_set.SOPInstanceUID
    with pytest.raises(CannotBuild, match="SOPInstanceUID"):
        lab.modality.store(images)
    assert lab.modality.queue == ()
