"""The EMR's order interface: each setting does on the wire what its words say, and the RIS makes of it what it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from hl7dicom_lab import story, story_day
from hl7dicom_lab.actors.order_interface import written
from hl7dicom_lab.actors.settings import EmrSettings, RisSettings, changed
from hl7dicom_lab.errors import CannotEncode, Refused
from hl7dicom_lab.hl7v2 import orders
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import OrderControl, PersonName

PATIENT = replace(story.PATIENT, name=PersonName("Ibáñez", "Begoña", "Sol", prefix="Ms", suffix="Jr"))
ENVELOPE = Envelope("EMR", "NORTHGATE", "RIS", "NORTHGATE", datetime(2026, 3, 2, 8), "E1")


@pytest.fixture(scope="module")
def running():
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(running):
    running.emr.settings = EmrSettings()
    running.ris.settings = RisSettings()
    running.trace.clear()
    return running


def set_to(lab, **settings):
    for name, value in settings.items():
        lab.emr.settings = changed(lab.emr.settings, name, value)


def order(**fields):
    return replace(story.order(), patient=PATIENT, **fields)


def sent(lab):
    """The newest message of the EMR, as its bytes."""
    return [row.decoded.raw for row in lab.trace.rows(system="EMR") if row.sender == "EMR"][-1].strip(b"\x0b\x1c\r")


def step(lab, placed):
    (found,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
    return found.item


def test_as_it_is_set_at_first_it_writes_what_the_builders_build():
    for body in (
        orders.orm(ENVELOPE, OrderControl.NEW, [order(accession_number="A1")]),
        orders.omi(ENVELOPE, OrderControl.NEW, [order(accession_number="A1")]),
        orders.adt(ENVELOPE, "A08", PATIENT, story.VISIT),
    ):
        assert written(body, EmrSettings()) == body
        assert written(body, replace(EmrSettings(), without_an_answer="send a new order")) == body


def test_a_setting_changes_what_it_names_and_nothing_else():
    body = orders.orm(ENVELOPE, OrderControl.NEW, [order(accession_number="A1")])
    for name, value, lines in (
        ("name_order", "family^given^middle^prefix^suffix", {"PID"}),
        ("birth_date_format", "DDMMYYYY", {"PID"}),
        ("accession_number_in", "OBR-19", {"OBR"}),
    ):
        after = written(body, replace(EmrSettings(), **{name: value}))
        pairs = zip(body.split(b"\r"), after.split(b"\r"), strict=True)
        assert {was[:3].decode() for was, now in pairs if was != now} == lines


def test_line_feeds_between_segments(lab):
    set_to(lab, segment_end="LF")
    (placed,) = lab.emr.place(order())
    assert b"\r" not in sent(lab)
    assert sent(lab).count(b"\n") > 4
    assert step(lab, placed).patient_name == "Ibáñez^Begoña^Sol^Ms^Jr"
    assert any("LF" in remark.what for row in lab.trace.rows(system="RIS") for remark in row.remarks)


@pytest.mark.parametrize("act", ["place", "check_in"])
def test_a_ris_that_is_set_to_refuse_line_feeds_refuses_them(lab, act):
    set_to(lab, segment_end="LF")
    lab.ris.settings = replace(lab.ris.settings, line_feeds="refuse")
    before = lab.ris.steps()
    if act == "place":
        with pytest.raises(Refused, match="0x0A") as caught:
            lab.emr.place(order())
        assert caught.value.answer == "AE"
    else:
        answer = lab.emr.check_in(PATIENT, story.VISIT)
        assert (answer.code, answer.error_code, answer.location) == ("AE", "100", "MSH")
        assert "CR" in answer.text
    assert lab.ris.steps() == before
    set_to(lab, segment_end="CR")
    assert lab.emr.send_again(lab.emr.outbox[-1].control_id).accepted


@pytest.mark.parametrize(
    ("character_set", "declared", "name"),
    [
        ("UNICODE UTF-8", "UNICODE UTF-8", "Ibáñez^Begoña"),
        ("8859/1", "8859/1", "Ibáñez^Begoña"),
        ("ASCII", "", "Ib??ez^Bego?a"),
    ],
)
def test_the_character_set(lab, character_set, declared, name):
    set_to(lab, character_set=character_set)
    (placed,) = lab.emr.place(order())
    assert Message.parse(sent(lab)).get("MSH-18") == declared
    assert step(lab, placed).patient_name == f"{name}^Sol^Ms^Jr"


def test_a_character_set_that_lacks_a_letter_is_told_and_nothing_is_sent(lab):
    set_to(lab, character_set="8859/1")
    with pytest.raises(CannotEncode, match="田"):
        lab.emr.place(replace(story.order(), patient=story_day.YUKI_TANAKA))
    assert not lab.trace.rows(system="EMR")


def test_the_order_of_the_parts_of_a_name(lab):
    set_to(lab, name_order="family^given^middle^prefix^suffix")
    (placed,) = lab.emr.place(order())
    assert Message.parse(sent(lab)).raw("PID-5") == "Ibáñez^Begoña^Sol^Ms^Jr"
    assert step(lab, placed).patient_name == "Ibáñez^Begoña^Sol^Jr^Ms", "the RIS reads XPN: suffix, then prefix"
    set_to(lab, name_order="family^given^middle^suffix^prefix")
    assert lab.emr.update_patient(PATIENT, story.VISIT).accepted
    assert step(lab, placed).patient_name == "Ibáñez^Begoña^Sol^Ms^Jr"


def test_other_writings_of_a_name_stay_where_they_are(lab):
    set_to(lab, name_order="family^given^middle^prefix^suffix")
    (placed,) = lab.emr.place(replace(story.order(), patient=story_day.YUKI_TANAKA))
    assert step(lab, placed).patient_name == "Tanaka^Yuki=田中^由紀"


def test_a_birth_date_that_begins_with_the_day_is_refused(lab):
    set_to(lab, birth_date_format="DDMMYYYY")
    with pytest.raises(Refused, match="17061984") as caught:
        lab.emr.place(order())
    assert (caught.value.answer, caught.value.where) == ("AE", "PID-7")


def test_accession_numbers_from_the_emr(lab):
    set_to(lab, accession_numbers="from the EMR", next_accession_number=7)
    first, second = lab.emr.place(order(), order())
    assert (first.accession_number, second.accession_number) == ("E000007", "E000008")
    assert (step(lab, first).accession_number, step(lab, second).accession_number) == ("E000007", "E000008")
    assert lab.emr.settings.next_accession_number == 9
    (own,) = lab.emr.place(order(accession_number="MINE-1"))
    assert step(lab, own).accession_number == "MINE-1"
    assert lab.emr.settings.next_accession_number == 9


def test_a_counter_that_was_set_back_gives_two_patients_one_number(lab):
    set_to(lab, accession_numbers="from the EMR", next_accession_number=20)
    lab.emr.place(order())
    set_to(lab, next_accession_number=20)
    with pytest.raises(Refused, match="E000020"):
        lab.emr.place(story_day.TODAY[1].order())
    refused = lab.emr.outbox[-1]
    assert lab.emr.send_again(refused.control_id).accepted, "it gets the next number"
    assert step(lab, refused.orders[0]).accession_number == "E000021"


def test_an_accession_number_in_the_wrong_field_is_accepted_and_lost(lab):
    set_to(lab, accession_numbers="from the EMR", next_accession_number=30, accession_number_in="OBR-19")
    (placed,) = lab.emr.place(order())
    message = Message.parse(sent(lab))
    assert (message.get("OBR-18"), message.get("OBR-19")) == ("", "E000030")
    assert step(lab, placed).accession_number.startswith("NG")
    assert step(lab, placed).requested_procedure_id == "E000030"
    set_to(lab, accession_number_in="OBR-18")
    again = lab.emr.send_again(lab.emr.outbox[-1].control_id)
    assert (again.code, again.error_code) == ("AE", "205"), "the RIS has the order already"
    assert lab.emr.send_again(lab.emr.outbox[-2].control_id, as_change=True).accepted
    assert step(lab, placed).accession_number == "E000030"


def test_a_message_of_your_own_goes_as_it_is(lab):
    set_to(lab, segment_end="LF", character_set="ASCII", birth_date_format="DDMMYYYY")
    body = orders.orm(lab.emr.envelope(), OrderControl.NEW, [order(placer_order_number="OWN-1")])
    assert lab.emr.send(body).accepted
    assert sent(lab) == body.strip(b"\r")
