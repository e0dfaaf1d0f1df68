"""Start-up notifications at the hospital's port: who may begin anew, and what mischief gets."""

from __future__ import annotations

import threading

import pytest
from hl7_text import Hl7Text, adt, header, order
from mllp_client import MllpClient

from hl7dicom_lab import story
from hl7dicom_lab.actors.hospital_addresses import HospitalAddresses
from hl7dicom_lab.at_hospital import AtHospital
from hl7dicom_lab.hospital import Hospital


@pytest.fixture
def told():
    return []


@pytest.fixture
def hospital(told):
    with Hospital(tell=told.append) as running:
        yield running


def start_up(seat="SEAT07", change="SU", facility="NORTHGATE"):
    lines = header("NMD^N02", "2.5.1"), "NCK|20260302080000", f"NSC|{change}|||RIS|{facility}"
    return Hl7Text(*lines).put("MSH-4", seat)


def ask(hospital, message, system="ris"):
    addresses = HospitalAddresses.of(hospital.addresses())
    with MllpClient(addresses.ris_hl7 if system == "ris" else addresses.pacs_hl7) as client:
        return client.ask(message.bytes() if isinstance(message, Hl7Text) else message)


def place(hospital, seat="SEAT07"):
    answer = ask(hospital, order().put("MSH-4", seat))
    assert answer.code == "AA", answer.text


def steps(hospital, seat="SEAT07"):
    return hospital.seat(seat).ris.order_book.steps()


def test_a_seat_that_starts_up_begins_anew_and_no_other_seat_does(hospital, told):
    for seat in ("SEAT07", "SEAT08"):
        place(hospital, seat)
    answer = ask(hospital, start_up())
    assert (answer.code, answer.field("MSH-9")) == ("AA", "ACK^N02^ACK")
    assert answer.text == "the department of SEAT07 begins anew, with the scanners of NORTHGATE"
    assert told[-1] == f"SEAT07 EMR -> RIS  NMD^N02: AA {answer.text}"
    assert (len(steps(hospital)), len(steps(hospital, "SEAT08"))) == (0, 1)
    place(hospital)
    (step,) = steps(hospital)
    assert (step.item.station_ae_titles, step.item.accession_number) == (("NORTHGATE_MR1",), "NG000001")


def test_a_seat_may_start_up_before_it_has_said_anything_else(hospital):
    assert ask(hospital, start_up(facility="")).code == "AA"
    assert [seat.name for seat in hospital.seats()] == ["SEAT07"]
    assert hospital.seat("SEAT07").site.scanners_of == story.FACILITY


def test_a_start_up_that_comes_again_makes_nothing_new(hospital):
    first = start_up()
    answer = ask(hospital, first)
    place(hospital)
    assert ask(hospital, first).raw == answer.raw
    assert len(steps(hospital)) == 1
    ask(hospital, first.anew())
    assert steps(hospital) == ()


@pytest.mark.parametrize(
    ("message", "code", "error", "location"),
    [
        (start_up(seat=""), "AE", 103, "MSH^1^4"),
        (start_up(seat="SEAT 7"), "AE", 103, "MSH^1^4"),
        (start_up(seat="../../etc"), "AE", 103, "MSH^1^4"),
        (start_up(seat="SEAT07_TOO_LONG"), "AE", 103, "MSH^1^4"),
        (start_up(facility="../etc"), "AE", 103, "NSC^1^5"),
        (start_up(change=""), "AE", 101, "NSC^1^1"),
        (start_up(change="SD"), "AE", 103, "NSC^1^1"),
        (start_up(change="su"), "AE", 103, "NSC^1^1"),
        (start_up().without("NSC"), "AE", 101, "NSC^1^1"),
        (start_up().put("MSH-5", "PACS"), "AR", 103, "MSH^1^5"),
        (start_up().put("MSH-12", "3.0"), "AR", 203, "MSH^1^12"),
        (start_up().put("MSH-9", "NMD^N01"), "AR", 200, "MSH^1^9^1^1"),
    ],
)
def test_a_start_up_that_is_none_is_refused_and_a_seat_keeps_what_it_has(hospital, message, code, error, location):
    place(hospital)
    answer = ask(hospital, message.anew())
    assert (answer.code, answer.error, answer.location) == (code, error, location)
    assert len(steps(hospital)) == 1
    assert [seat.name for seat in hospital.seats()] == ["SEAT07"]


def test_what_else_a_start_up_says_is_not_looked_at(hospital):
    place(hospital)
    message = start_up().add("ZSD|\\X00\\^&~seed|" + "9" * 5000, "ZZZ", "NSC|SD|||RIS|SEAT08")
    assert ask(hospital, message).code == "AA"
    assert steps(hospital) == ()


def test_the_pacs_takes_no_start_up(hospital):
    place(hospital)
    answer = ask(hospital, start_up().put("MSH-5", "PACS"), "pacs")
    assert (answer.code, answer.error) == ("AR", 200)
    assert len(steps(hospital)) == 1


def test_there_is_no_more_room_for_a_start_up_either():
    with Hospital(most_seats=1) as hospital:
        assert ask(hospital, start_up("ANNA")).code == "AA"
        answer = ask(hospital, start_up("BEN"))
        assert (answer.code, answer.location) == ("AE", "MSH^1^4")
        assert "no room for the seat BEN" in answer.text
        assert ask(hospital, start_up("ANNA")).code == "AA"


def test_a_seat_that_works_while_it_is_made_new_gets_an_answer_to_everything(hospital):
    """Orders, check-ins, queries and images of a seat go on while it starts up, again and again."""
    addresses = HospitalAddresses.of(hospital.addresses())
    going, codes, failures = threading.Event(), [], []
    going.set()

    def messages():
        try:
            with MllpClient(addresses.ris_hl7) as client:
                while going.is_set():
                    for one in (order(), adt()):
                        codes.append(client.ask(one.put("MSH-4", "SEAT07").bytes()).code)
        except Exception as error:
            failures.append(error)

    def scanner():
        try:
            with AtHospital(addresses, "SEAT07") as here:
                item = here.modality.todays_query()
                while going.is_set():
                    here.modality.query()
                    made = here.modality.examine(item)[:2]
                    assert all(one.stored for one in here.modality.store(made))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for one in (messages, messages, scanner)]
    for one in threads:
        one.start()
    for _ in range(15):
        assert ask(hospital, start_up(facility="SEAT07")).code == "AA"
    going.clear()
    for one in threads:
        one.join(60)
    assert failures == []
    assert codes
    assert set(codes) == {"AA"}
    assert ask(hospital, start_up()).code == "AA"
    assert steps(hospital) == ()
