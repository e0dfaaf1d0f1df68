"""The EMR's outbox: what was sent and answered, sent again, cancelled, and ordered twice for want of an answer."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.actors.emr import Emr
from hl7dicom_lab.actors.settings import EmrSettings, changed
from hl7dicom_lab.actors.site import Patience, Site
from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.errors import CannotBuild, DeliveryError, NoAnswer, NotFound, Refused
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Hl7Address, StepStatus
from hl7dicom_lab.trace import Trace


@pytest.fixture(scope="module")
def running():
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(running):
    running.emr.settings = EmrSettings()
    running.trace.clear()
    return running


def messages(lab):
    """MSH-10 of what the RIS got, in its order."""
    came = [row.decoded for row in lab.trace.rows(system="RIS") if row.sender == "EMR"]
    return [one.summary.partition(":")[0] for one in came if one.event.direction == "in"]


def steps(lab, number):
    return lab.ris.order_book.steps(placer_order_number=number)


def test_every_message_of_the_interface_is_in_the_outbox_with_its_answer(lab):
    before = len(lab.emr.outbox)
    (placed,) = lab.emr.place(story.order(), message="OMI")
    lab.emr.check_in(story.PATIENT, story.VISIT)
    lab.emr.update_patient(story.PATIENT, story.VISIT)
    lab.emr.change(replace(placed, priority="S"))
    lab.emr.discontinue(placed)
    late = lab.emr.cancel(placed)
    entered = lab.emr.outbox[before:]
    number = placed.placer_order_number
    assert [(one.kind, one.what, one.answer) for one in entered] == [
        ("OMI^O23", f"NW {number}", "AA"),
        ("ADT^A04", "NG-100237", "AA"),
        ("ADT^A08", "NG-100237", "AA"),
        ("ORM^O01", f"XO {number}", "AA"),
        ("ORM^O01", f"DC {number}", "AA"),
        ("ORM^O01", f"CA {number}", "AE"),
    ]
    assert [one.control_id for one in entered] == messages(lab)
    assert entered[0].orders == (placed,)
    assert entered[1].orders == ()
    assert entered[-1].text == late.text
    assert not entered[-1].accepted
    assert repr(entered[0]).startswith(f"<{entered[0].control_id} OMI^O23 NW {number}: AA, 1 step scheduled")


def test_what_stands_in_the_outbox_can_be_looked_at_as_it_was_sent(lab):
    lab.emr.settings = EmrSettings(segment_end="LF")
    lab.emr.place(story.order())
    sent = lab.emr.outbox[-1]
    (on_the_wire,) = (row.decoded.raw for row in lab.trace.rows(system="EMR") if row.sender == "EMR")
    assert on_the_wire == b"\x0b" + sent.raw + b"\x1c\r"
    assert sent.raw.count(b"\n") > 4
    assert sent.control_id in str(lab.look(sent))


def test_a_refused_message_stays_in_sight_and_goes_again_when_the_reason_is_gone(lab):
    lab.emr.settings = changed(lab.emr.settings, "birth_date_format", "DDMMYYYY")
    with pytest.raises(Refused):
        lab.emr.place(story.order())
    refused = lab.emr.outbox[-1]
    assert (refused.answer, "PID-7" in refused.text) == ("AE", True)
    assert not lab.emr.send_again(refused.control_id).accepted
    lab.emr.settings = EmrSettings()
    assert lab.emr.send_again(refused.control_id).accepted
    assert lab.emr.outbox[-1].control_id not in (refused.control_id, lab.emr.outbox[-2].control_id)
    assert len(steps(lab, refused.orders[0].placer_order_number)) == 1


def test_an_order_that_the_ris_has_goes_again_as_a_change(lab):
    (placed,) = lab.emr.place(story.order())
    control_id = lab.emr.outbox[-1].control_id
    assert lab.emr.send_again(control_id).error_code == "205"
    assert lab.emr.send_again(control_id, as_change=True).accepted
    assert lab.emr.outbox[-1].what == f"XO {placed.placer_order_number}"
    assert len(steps(lab, placed.placer_order_number)) == 1


def test_a_patients_update_goes_again_but_not_as_a_change_of_an_order(lab):
    lab.emr.update_patient(story.PATIENT, story.VISIT)
    control_id = lab.emr.outbox[-1].control_id
    assert lab.emr.send_again(control_id).accepted
    with pytest.raises(CannotBuild, match="places no order") as caught:
        lab.emr.send_again(control_id, as_change=True)
    assert "without as_change" in caught.value.next_step


def test_an_order_is_cancelled_by_its_number(lab):
    first, second = lab.emr.place(story.order(), story.order())
    assert lab.emr.cancel_order(second.placer_order_number).accepted
    status = {one.placer_order_number: steps(lab, one.placer_order_number)[0].item.status for one in (first, second)}
    assert status == {
        first.placer_order_number: StepStatus.SCHEDULED,
        second.placer_order_number: StepStatus.CANCELED,
    }


def test_what_was_never_sent_is_told(lab):
    with pytest.raises(NotFound, match="EMR999999"):
        lab.emr.send_again("EMR999999")
    with pytest.raises(NotFound, match="P99999") as caught:
        lab.emr.cancel_order("P99999")
    assert "outbox" in caught.value.next_step


def test_an_answer_that_is_lost_makes_one_order_where_the_same_message_is_sent_again(lab):
    before = lab.ris.steps()
    lab.emr.lose_next_answer()
    (placed,) = lab.emr.place(story.order())
    assert len(lab.ris.steps()) == len(before) + 1
    assert len(steps(lab, placed.placer_order_number)) == 1
    first, second = messages(lab)
    assert first == second, "the same MSH-10"
    assert any("came again" in remark.what for row in lab.trace.rows(system="RIS") for remark in row.remarks)
    assert [one.what for one in lab.emr.outbox[-1:]] == [f"NW {placed.placer_order_number}"]
    lab.emr.place(story.order())
    assert len(messages(lab)) == 3, "one answer is lost, and no other"


def test_an_answer_that_is_lost_makes_two_orders_where_a_new_one_is_sent(lab):
    lab.emr.settings = changed(lab.emr.settings, "without_an_answer", "send a new order")
    before = lab.ris.steps()
    lab.emr.lose_next_answer()
    (placed,) = lab.emr.place(story.order())
    assert len(lab.ris.steps()) == len(before) + 2
    lost, answered = lab.emr.outbox[-2:]
    assert (lost.answer, "before the answer was read" in lost.text) == ("", True)
    assert "no answer" in repr(lost)
    assert answered.orders == (placed,)
    assert messages(lab) == [lost.control_id, answered.control_id]
    assert lost.orders[0].placer_order_number != placed.placer_order_number
    assert lab.emr.cancel_order(lost.orders[0].placer_order_number).accepted
    assert len(lab.ris.steps()) == len(before) + 1


def test_an_update_is_sent_again_as_it_was_whatever_is_done_with_orders(lab):
    lab.emr.settings = changed(lab.emr.settings, "without_an_answer", "send a new order")
    lab.emr.lose_next_answer()
    assert lab.emr.update_patient(story.PATIENT, story.VISIT).accepted
    first, second = messages(lab)
    assert first == second


@pytest.mark.parametrize("without_an_answer", ["send the same message again", "send a new order"])
def test_a_ris_that_never_answers_is_told_and_stands_in_the_outbox(tmp_path, without_an_answer):
    clock = ClassClock()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Hl7Address("127.0.0.1", silent.getsockname()[1], "RIS", "NORTHGATE")
        site = Site(Trace(clock), clock, Mint(), patience=Patience(acknowledgment=0.2))
        emr = Emr(tmp_path, site, ris=address)
        try:
            emr.settings = changed(emr.settings, "without_an_answer", without_an_answer)
            with pytest.raises(NoAnswer):
                emr.place(story.order())
            numbers = [one.orders[0].placer_order_number for one in emr.outbox]
        finally:
            emr.stop()
    assert numbers == (["P00001"] if "same" in without_an_answer else ["P00001", "P00002", "P00003"])
    assert {one.answer for one in emr.outbox} == {""}


def test_a_ris_that_is_not_there_is_told_and_stands_in_the_outbox(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = Hl7Address("127.0.0.1", closed.getsockname()[1], "RIS", "NORTHGATE")
    clock = ClassClock()
    emr = Emr(tmp_path, Site(Trace(clock), clock, Mint()), ris=address)
    try:
        with pytest.raises(DeliveryError):
            emr.place(story.order())
    finally:
        emr.stop()
    (entered,) = emr.outbox
    assert (entered.answer, "nothing was sent" in entered.text) == ("", True)
