"""The messages of the EMR: each value of an order stands where the standard has it, and nowhere else."""

from dataclasses import replace
from datetime import datetime

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.hl7v2 import groups, orders
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.model import Identifier, OrderControl, Visit

ENVELOPE = Envelope("EMR", "NORTHGATE", "RIS", "NORTHGATE", datetime(2026, 3, 2, 8, 0, 1), "EMR1")
ORDER = replace(
    story.order("P1"),
    accession_number="A1",
    requested_procedure_id="RP1",
    scheduled_procedure_step_id="S1",
    study_instance_uid="1.2.3",
    filler_order_number="F1",
    comment="first line\nsecond | line",
    danger_code="Hepatitis B",
    transport="wheelchair",
)
BUILD = {"ORM": orders.orm, "OMI": orders.omi}


def read(kind, *placed, control=OrderControl.NEW, status=""):
    message = Message.parse(BUILD[kind](ENVELOPE, control, placed, status))
    return groups.orders(message)


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_what_both_kinds_say_in_the_same_place(kind):
    (one,) = read(kind, ORDER)
    expected = {
        "PID-3.1": "NG-100237", "PID-3.4": "NORTHGATE", "PID-3.5": "MR", "PID-3[2].1": "A-55120", "PID-3[2].5": "AN",
        "PID-5": "Rivera^Elena^Maria^^Ms", "PID-7": "19840617", "PID-8": "F",
        "PID-11": "12 Harbour Lane^^Northgate^NG^40213",
        "PV1-2": "O", "PV1-3": "IMAGING^WAITING^1", "PV1-8": "D1017^Okafor^Ngozi^^^Dr", "PV1-19.1": "V-2026-0412",
        "AL1-3.2": "Penicillin",
        "ORC-1": "NW", "ORC-2": "P1", "ORC-3": "F1", "ORC-5": "", "ORC-9": "20260302080001",
        "ORC-12": "D1017^Okafor^Ngozi^^^Dr",
        "OBR-2": "P1", "OBR-3": "F1", "OBR-4.1": "MRBRAIN", "OBR-4.2": "MRI brain without contrast",
        "OBR-4.3": "99NORTHGATE",
        "OBR-4.4": "BRAIN-T1", "OBR-4.5": "Brain T1 axial", "OBR-4.6": "99NORTHGATE", "OBR-7": "",
        "OBR-12.2": "Hepatitis B",
        "OBR-16": "D1017^Okafor^Ngozi^^^Dr", "OBR-30": "wheelchair", "OBR-31.2": "Headache for three weeks",
        "OBR-44.1": "MRBRAIN", "NTE-3": "first line\nsecond | line",
        "OBX[1]-3.1": "29463-7", "OBX[1]-5": "64", "OBX[1]-6": "kg", "OBX[2]-3.1": "8302-2", "OBX[2]-5": "1.68",
        "OBX[2]-6": "m",
    }  # fmt: skip
    assert {path: one.get(path) for path in expected} == expected


def test_what_an_orm_says_in_its_own_places():
    (one,) = read("ORM", ORDER)
    assert (one.get("MSH-9"), one.get("MSH-12")) == ("ORM^O01", "2.3.1")
    expected = {
        "ORC-7.4": "20260302093000", "ORC-7.6": "R", "OBR-18": "A1", "OBR-19": "RP1", "OBR-20": "S1", "OBR-24": "MR",
        "OBR-27.4": "20260302093000", "ZDS-1.1": "1.2.3", "ZDS-1.3": "Application", "ZDS-1.4": "DICOM",
    }  # fmt: skip
    assert {path: one.get(path) for path in expected} == expected
    assert one.first("IPC") is None
    assert one.first("TQ1") is None


def test_what_an_omi_says_in_its_own_places():
    (one,) = read("OMI", ORDER)
    assert (one.get("MSH-9"), one.get("MSH-12")) == ("OMI^O23^OMI_O23", "2.5.1")
    expected = {
        "TQ1-7": "20260302093000", "TQ1-9": "R", "IPC-1": "A1", "IPC-2": "RP1", "IPC-3": "1.2.3", "IPC-4": "S1",
        "IPC-5": "MR", "IPC-6": "BRAIN-T1^Brain T1 axial^99NORTHGATE",
        "ORC-7": "", "OBR-18": "", "OBR-19": "", "OBR-20": "", "OBR-24": "",
    }  # fmt: skip
    assert {path: one.get(path) for path in expected} == expected
    assert one.first("ZDS") is None


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_two_orders_are_two_groups_of_one_patient(kind):
    one, other = read(kind, ORDER, replace(ORDER, placer_order_number="P2", study_instance_uid="1.2.4"))
    assert (one.get("ORC-2"), other.get("ORC-2")) == ("P1", "P2")
    assert (one.get("OBR-1"), other.get("OBR-1")) == ("1", "2")
    assert one.get("PID-3.1") == other.get("PID-3.1")
    study = {"ORM": "ZDS-1.1", "OMI": "IPC-3"}[kind]
    assert (one.get(study), other.get(study)) == ("1.2.3", "1.2.4")


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
@pytest.mark.parametrize("control", list(OrderControl))
def test_the_order_control_and_its_status(kind, control):
    (one,) = read(kind, ORDER, control=control, status="CM")
    assert (one.get("ORC-1"), one.get("ORC-5")) == (control.value, "CM")


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_what_the_placer_does_not_know_stays_empty(kind):
    order = replace(story.order("P1"), protocol=None, ordering_provider=None, reason="", visit=Visit())
    order = replace(order, patient=replace(order.patient, weight_kg=None, height_m=None, allergies=()))
    (one,) = read(kind, order)
    for path in ("OBR-16", "OBR-18", "OBR-31", "ORC-3", "ORC-12", "IPC-1", "IPC-3", "ZDS-1", "NTE-3", "OBX-5", "AL1-3"):
        assert not one.is_present(path), path


def test_a_procedure_without_protocol_is_its_own_protocol_in_ipc():
    (one,) = read("OMI", replace(ORDER, protocol=None))
    assert one.get("IPC-6") == "MRBRAIN^MRI brain without contrast^99NORTHGATE"


@pytest.mark.parametrize("event", ["A04", "A08"])
def test_adt(event):
    visit = replace(story.VISIT, number=Identifier("V^1", "NORTHGATE", "VN"))
    message = Message.parse(orders.adt(ENVELOPE, event, story.PATIENT, visit))
    assert [segment.name for segment in message] == ["MSH", "EVN", "PID", "PV1", "AL1"]
    assert (message.type, message.event) == ("ADT", event)
    assert (message.get("EVN-1"), message.get("EVN-2")) == (event, "20260302080001")
    assert message.get("PV1-19.1") == "V^1"
