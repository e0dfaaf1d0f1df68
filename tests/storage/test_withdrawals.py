"""Withdrawn images: out of sight, on disk, on record, through a restart; and an archive whose room is limited."""

from __future__ import annotations

from datetime import datetime

import pytest
from test_archive import STUDY, image, received

from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.storage.archive import Archive

NOON = datetime(2026, 3, 2, 12)
RECORD = {"by": "J. Doe", "because": "the wrong patient", "at": NOON}


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "pacs", durable=False) as archive:
        yield archive


def uid(number):
    return f"{STUDY}.1.{number}"


def test_a_study_is_gone_with_its_last_image_and_the_files_are_kept(archive):
    kept = [archive.store(received(image(number))) for number in (1, 2)]
    gone = archive.withdrawals.withdraw(STUDY, {uid(1): "2.25.9", uid(2): ""}, **RECORD)
    assert gone == 2
    assert (archive.studies(), archive.instances(STUDY), archive.count()) == ((), (), 0)
    assert archive.instance(uid(1)) is None
    first, second = archive.withdrawals.all()
    assert (first.image, first.replaced_by, second.replaced_by) == (kept[0], "2.25.9", "")
    assert (first.by, first.because, first.at) == tuple(RECORD.values())
    assert all(one.path.is_file() for one in kept)
    assert archive.withdrawals.of(uid(1)) == first
    assert archive.withdrawals.of("1.2.3") is None


def test_what_is_left_of_a_study_stays(archive):
    other_series = {"SeriesInstanceUID": f"{STUDY}.2", "SOPInstanceUID": f"{STUDY}.2.1", "Modality": "SR"}
    archive.store(received(image(1)))
    archive.store(received(image(1, **other_series)))
    archive.withdrawals.withdraw(STUDY, {uid(1): ""}, **RECORD)
    (study,) = archive.studies()
    assert (study.series, study.instances, study.modalities) == (1, 1, ("SR",))


def test_only_images_of_the_study_are_withdrawn(archive):
    archive.store(received(image(1)))
    assert archive.withdrawals.withdraw("2.25.77", {uid(1): ""}, **RECORD) == 0
    assert archive.count() == 1
    assert archive.withdrawals.all() == ()


def test_the_next_file_never_takes_the_name_of_a_withdrawn_one(archive):
    old = archive.store(received(image(1)))
    archive.withdrawals.withdraw(STUDY, {uid(1): ""}, **RECORD)
    assert archive.store(received(image(2))).path != old.path
    assert archive.verify(contents=True) == ()


def test_it_stays_withdrawn_through_a_restart_and_when_it_comes_again(tmp_path):
    with Archive(tmp_path, durable=True) as archive:
        archive.store(received(image(1)))
        archive.withdrawals.withdraw(STUDY, {uid(1): ""}, **RECORD)
    with Archive(tmp_path, durable=True) as archive:
        assert archive.count() == 0
        assert archive.store(received(image(1))).sop_instance_uid == uid(1)
        assert archive.count() == 0
        with pytest.raises(DicomFault) as caught:
            archive.store(received(image(1, PatientName="Other")))
        assert caught.value.status == 0xC004
        assert len(archive.withdrawals.all()) == 1


def test_a_withdrawn_image_whose_file_is_lost_is_reported_and_mended_by_the_same_bytes(archive):
    path = archive.store(received(image(1))).path
    archive.withdrawals.withdraw(STUDY, {uid(1): ""}, **RECORD)
    path.unlink()
    assert [uid(1) in finding for finding in archive.verify()] == [True]
    archive.store(received(image(1)))
    assert archive.verify(contents=True) == ()
    assert archive.count() == 0


def test_an_archive_without_room_refuses_the_next_image_and_takes_the_same_again(archive):
    for number in (1, 2):
        archive.store(received(image(number)), room=2)
    with pytest.raises(DicomFault, match="room for 2 images") as caught:
        archive.store(received(image(3)), room=2)
    assert caught.value.status == 0xA700
    archive.store(received(image(2)), room=2)
    archive.withdrawals.withdraw(STUDY, {uid(1): ""}, **RECORD)
    with pytest.raises(DicomFault):
        archive.store(received(image(3)), room=2)
    archive.store(received(image(3)), room=3)
    assert archive.count() == 2
    assert not list(archive.folder.rglob("*.part"))
