"""The hospital of a class: every seat works over the same ports, sees its own patients, and disturbs no other."""

import threading

import pytest
from mllp_client import MllpClient

from hl7dicom_lab import story
from hl7dicom_lab.actors.hospital_addresses import HospitalAddresses
from hl7dicom_lab.at_hospital import AtHospital
from hl7dicom_lab.errors import NotFound, Refused, SetupError
from hl7dicom_lab.hospital import Hospital
from hl7dicom_lab.model import StepStatus


@pytest.fixture
def told():
    return []


@pytest.fixture
def hospital(told):
    with Hospital(tell=told.append) as running:
        yield running


def at(hospital, seat):
    return AtHospital(HospitalAddresses.of(hospital.addresses()), seat)


def walk(seat):
    """A patient's whole way, from the order to the report; the accession number and the Study Instance UID."""
    (order,) = seat.emr.place(story.order())
    (item,) = seat.modality.query()
    assert all(one.stored for one in seat.modality.store(seat.modality.examine(item)))
    study = seat.study(item.AccessionNumber)
    assert study.instances == 24
    sent = seat.dictation.send(seat.dictation.dictate(study, story.REPORT_TEXT, order=order))
    assert [one.accepted for one in sent] == [True, True]
    assert seat.emr.report(item.AccessionNumber).text.startswith("EXAMINATION")
    return item.AccessionNumber, study.study_instance_uid


def test_many_seats_walk_at_once_and_each_has_its_own_patients(hospital):
    ways = {}

    def take(name):
        with at(hospital, name) as seat:
            ways[name] = walk(seat)
            assert len(seat.studies()) == 1

    names = [f"SEAT{number:02d}" for number in range(1, 7)]
    threads = [threading.Thread(target=take, args=(name,)) for name in names]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(ways) == names
    assert {accession for accession, _ in ways.values()} == {"NG000001"}, "each seat's numbers are those of the story"
    assert len({study for _, study in ways.values()}) == len(names), "a UID is one study's"
    for name in names:
        seat = hospital.seat(name)
        (step,) = seat.ris.order_book.steps()
        assert step.item.station_ae_titles == (f"{name}_MR1",)
        assert seat.pacs.archive.count() == 24
        assert len(seat.pacs.reports.history(study_instance_uid=ways[name][1])) == 1


def test_a_seat_finds_nothing_of_another(hospital):
    with at(hospital, "ANNA") as anna, at(hospital, "BEN") as ben:
        accession, _ = walk(anna)
        assert ben.modality.query() == ()
        assert ben.studies() == ()
        with pytest.raises(NotFound, match="0 studies with the accession number NG000001"):
            ben.study(accession)
        anna_s = anna.emr.place(story.order())
        assert ben.emr.cancel(*anna_s).code == "AE"


def test_the_instructor_sees_the_room(hospital, told):
    with at(hospital, "ANNA") as anna, at(hospital, "BEN") as ben:
        walk(anna)
        ben.emr.place(story.order())
        shown = str(hospital.timeline(last=400))
        assert "ANNA EMR ──ORM^O01──▶ RIS" in shown
        assert "BEN EMR ──ORM^O01──▶ RIS" in shown
        assert "ANNA_MR1 ══C-FIND-RQ══▶ RIS" in shown
        assert [seat.name for seat in hospital.seats()] == ["ANNA", "BEN"]
    assert told[:3] == [
        "ANNA EMR -> RIS  ORM^O01: AA 1 step scheduled, accession number NG000001",
        "ANNA_MR1 -> RIS  worklist query",
        "ANNA_MR1 -> PACS  images of a study",
    ]
    assert repr(hospital) == "<Hospital NORTHGATE, 2 seats>"


@pytest.mark.parametrize("facility", ["", "SEAT 7", "<script>", "SEAT07_TOO_LONG", "../../etc"])
def test_a_message_of_no_seat_is_answered_and_has_no_effect(hospital, facility):
    message = f"MSH|^~\\&|EMR|{facility}|RIS|NORTHGATE|20260302080100||ORM^O01|K1|P|2.3.1\rPID|1||X\r"
    with MllpClient(HospitalAddresses.of(hospital.addresses()).ris_hl7) as client:
        answer = client.ask(message.encode("ascii"))
    assert (answer.code, answer.answers, answer.error, answer.location) == ("AE", "K1", 103, "MSH^1^4")
    assert "such as SEAT07" in answer.text
    assert hospital.seats() == ()


def test_a_scanner_of_no_seat_is_told_so(hospital):
    with at(hospital, "ANNA") as anna:
        anna.modality._scu.ae_title = "SCANNER"
        with pytest.raises(Refused, match="0xC001"):
            anna.modality.query()
    assert hospital.seats() == ()
    assert "SCANNER begins with no seat's name" in str(hospital.trace.show())


def test_there_is_room_for_so_many_seats_and_then_no_more():
    with Hospital(most_seats=1) as hospital, at(hospital, "ANNA") as anna, at(hospital, "BEN") as ben:
        anna.emr.place(story.order())
        with pytest.raises(Refused, match="no room for the seat BEN"):
            ben.emr.place(story.order())
        anna.emr.check_in(story.PATIENT, story.VISIT)
        (step,) = hospital.seat("ANNA").ris.order_book.steps()
        assert step.item.status is StepStatus.ARRIVED


def test_what_was_acknowledged_is_there_at_the_next_start(tmp_path):
    with Hospital(tmp_path) as hospital, at(hospital, "ANNA") as anna:
        anna.emr.place(story.order())
    with Hospital(tmp_path) as hospital, at(hospital, "ANNA") as anna:
        (item,) = anna.modality.query()
        assert item.PatientName == "Rivera^Elena^Maria^Ms"
    with pytest.raises(SetupError, match="the hospital does not listen"):
        hospital.addresses()


def test_an_unknown_seat_is_named(hospital):
    with pytest.raises(NotFound, match="nothing has come from a seat 'ANNA'"):
        hospital.seat("ANNA")
