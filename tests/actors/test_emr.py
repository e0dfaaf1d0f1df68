"""The EMR orders, checks patients in, and reads reports: all of it over the wire."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest
from hl7_text import report
from mllp_client import CR, FS, VT, MllpClient

from hl7dicom_lab import story
from hl7dicom_lab.actors.emr import Emr
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.errors import DeliveryError, Hl7Fault, Refused
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Hl7Address, ReportStatus
from hl7dicom_lab.trace import Trace


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.mark.parametrize("message", ["ORM", "OMI"])
def test_an_order_is_numbered_sent_and_scheduled(lab, message):
    (placed,) = lab.emr.place(story.order(), message=message)
    assert placed.placer_order_number.startswith("P")
    (step,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
    assert (step.item.patient_id, step.item.modality, step.item.start) == ("NG-100237", "MR", "20260302093000")
    assert placed == replace(story.order(), placer_order_number=placed.placer_order_number)


def test_a_number_of_your_own_is_kept(lab):
    (placed,) = lab.emr.place(story.order("MINE-1"))
    assert placed.placer_order_number == "MINE-1"


def test_two_orders_go_in_one_message(lab):
    lab.trace.clear()
    placed = lab.emr.place(story.order(), story.order())
    assert len({one.placer_order_number for one in placed}) == 2
    assert [row.decoded.kind for row in lab.trace.rows()] == ["ORM^O01", "ACK AA"]
    for one in placed:
        assert len(lab.ris.order_book.steps(placer_order_number=one.placer_order_number)) == 1


def test_a_refused_order_raises_with_the_reason_and_the_place(lab):
    lab.emr.place(story.order("TWICE"))
    with pytest.raises(Refused, match="TWICE") as caught:
        lab.emr.place(story.order("TWICE"))
    assert (caught.value.answer, caught.value.where) == ("AE", "ORC-2")
    assert caught.value.next_step


@pytest.mark.parametrize("message", ["ORM", "OMI"])
def test_an_order_is_changed_cancelled_and_discontinued(lab, message):
    (first,) = lab.emr.place(story.order(), message=message)
    (second,) = lab.emr.place(story.order(), message=message)

    def step(placed):
        (found,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
        return found.item

    changed = replace(first, priority="S", scheduled_for=first.scheduled_for.replace(hour=15, minute=0))
    assert lab.emr.change(changed, message=message).accepted
    assert step(first).start == "20260302150000"
    assert lab.emr.cancel(first, message=message).accepted
    assert step(first).status == "CANCELED"
    assert lab.emr.discontinue(second, message=message).accepted
    assert step(second).status == "DISCONTINUED"
    late = lab.emr.change(first, message=message)
    assert (late.accepted, late.code, late.error_code, late.location) == (False, "AE", "207", "ORC-1")


def test_an_order_is_completed_by_a_change(lab):
    (placed,) = lab.emr.place(story.order())
    assert lab.emr.change(placed, status="CM").accepted
    (step,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
    assert step.item.status == "COMPLETED"


def test_check_in_and_update(lab):
    patient = replace(story.PATIENT, identifier=replace(story.PATIENT.identifier, value="NG-EMR-1"))
    visit = replace(story.VISIT, number=replace(story.VISIT.number, value="V-EMR-1"))
    (placed,) = lab.emr.place(replace(story.order(), patient=patient, visit=visit))
    assert "1 step arrived" in lab.emr.check_in(patient, visit).text
    renamed = replace(patient, name=replace(patient.name, family="Rivera-Lind"))
    assert "updated on 1 step" in lab.emr.update_patient(renamed, visit).text
    (step,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
    assert (step.item.status, step.item.patient_name) == ("ARRIVED", "Rivera-Lind^Elena^Maria^Ms")


def test_control_ids_and_times_are_the_departments(lab):
    before = lab.clock.now()
    first, second = lab.emr.envelope(), lab.emr.envelope()
    assert before < first.moment < second.moment
    assert first.control_id != second.control_id
    assert (first.receiving_application, first.receiving_facility) == ("RIS", "NORTHGATE")


# ---- a RIS that is not there, or does not answer as it should


@pytest.fixture
def emr_of(tmp_path):
    """An EMR whose RIS is at a port of the test's own."""
    started = []

    def make(port):
        clock = ClassClock()
        address = Hl7Address("127.0.0.1", port, "RIS", "NORTHGATE")
        emr = Emr(tmp_path / "emr", Site(Trace(clock), clock, Mint()), ris=address)
        emr.start()
        started.append(emr)
        return emr

    yield make
    for emr in started:
        emr.stop()


def test_without_a_ris_an_order_fails_with_a_next_step(emr_of):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DeliveryError, match="nothing was sent") as caught:
        emr_of(port).place(story.order())
    assert str(port) in caught.value.where
    assert caught.value.next_step


def test_an_answer_that_is_no_acknowledgment_is_told(emr_of):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(VT + b"MSH|^~\\&|RIS||EMR||20260302||ORM^O01|1|P|2.3.1\rMSA||EMR000001\r" + FS + CR)
                connection.recv(65536)

        peer = threading.Thread(target=answer, daemon=True)
        peer.start()
        emr = emr_of(server.getsockname()[1])
        with pytest.raises((Refused, Hl7Fault)):
            emr.place(story.order())
        emr.stop()
        peer.join(20)


# ---- reports


def test_a_report_stands_in_the_chart(lab):
    with MllpClient(lab.emr.hl7) as client:
        for status, text in (("P", "Draft."), ("F", "Normal."), ("C", "Normal after all.")):
            message = report("EMR").put("OBR-18", "EMR-1").put("OBR-25", status).put("OBX-5", text).put("OBR-22", "")
            answer = client.ask(message.bytes())
            assert (answer.code, answer.answers, answer.text) == ("AA", message.control_id, "filed in the chart")
            shown = lab.emr.report("EMR-1")
            assert (shown.status, shown.text) == (ReportStatus(status), text)
        late = client.ask(report("EMR").put("OBR-18", "EMR-1").put("OBR-25", "P").put("OBR-22", "").bytes())
    assert late.code == "AA"
    assert "not as the current report" in late.text
    assert lab.emr.report("EMR-1").text == "Normal after all."
    assert lab.emr.report("EMR-2") is None


def test_a_report_on_another_patients_order_waits_for_a_person(lab):
    (placed,) = lab.emr.place(story.order())
    message = report("EMR").put("OBR-2", placed.placer_order_number).put("OBR-18", "EMR-3")
    with MllpClient(lab.emr.hl7) as client:
        answer = client.ask(message.put("PID-3", "NG-999^^^NORTHGATE^MR").bytes())
        assert answer.code == "AA"
        assert "exceptions queue" in answer.text
        held = lab.emr.exceptions()[-1]
        assert "NG-999" in held.reason
        assert placed.placer_order_number in held.reason
        assert lab.emr.report("EMR-3") is None
        answer = client.ask(message.anew().put("PID-3", "NG-100237^^^NORTHGATE^MR").bytes())
        assert answer.text == "filed in the chart"
    assert lab.emr.report("EMR-3") is not None


def test_a_report_without_any_key_waits_for_a_person(lab):
    with MllpClient(lab.emr.hl7) as client:
        answer = client.ask(report("EMR").bytes())
    assert (answer.code, "neither" in answer.text) == ("AA", True)
    assert "neither" in lab.emr.exceptions()[-1].reason


def test_the_emr_takes_reports_and_nothing_else(lab):
    with MllpClient(lab.emr.hl7) as client:
        answer = client.ask(report("EMR").put("MSH-9", "ORM^O01").bytes())
    assert (answer.code, answer.error) == ("AR", 200)
