"""Which segments belong together, so that a mapping reads one order or one report as if it had come alone."""

import pytest
from hl7_text import Hl7Text, group, order, report

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import groups
from hl7dicom_lab.hl7v2.message import Message


def orders(text):
    return groups.orders(Message.parse(text.bytes()))


def reports(text):
    return groups.reports(Message.parse(text.bytes()))


def names(found):
    return " ".join(segment.name for segment in found)


@pytest.mark.parametrize("kind", ["ORM", "OMI"])
def test_an_order_has_the_header_that_holds_for_all(kind):
    body = {"ORM": "ORC OBR", "OMI": "ORC TQ1 OBR IPC"}[kind]
    message = order(kind).add(*Hl7Text(group(kind)).lines)
    one, other = orders(message)
    assert names(one) == names(other) == f"MSH PID PV1 {body}"
    assert one.get("ORC-2") != other.get("ORC-2")


def test_notes_and_observations_belong_to_the_order_before_them():
    message = order().add("NTE|1||first", "OBX|1|NM|weight||64", group(), "NTE|1||second")
    one, other = orders(message)
    assert names(one) == "MSH PID PV1 ORC OBR NTE OBX"
    assert (one.get("NTE-3"), other.get("NTE-3")) == ("first", "second")


def test_more_steps_than_one_transaction_should_hold_are_refused():
    most = order().add(*(group() for _ in range(groups.MOST_GROUPS - 1)))
    assert len(orders(most)) == groups.MOST_GROUPS
    with pytest.raises(Hl7Fault, match="at most 200") as refused:
        orders(most.add(group()))
    assert (refused.value.code, refused.value.where) == (207, "ORC")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("OBR-18", "OBR[2]-18"),
        ("ORC-7.4", "ORC[2]-7.4"),
        ("PID-3", "PID-3"),
        ("ZDS-1", "ZDS-1"),
        ("OBX[2]-5", "OBX[3]-5"),
        ("OBR", "OBR"),
        ("line 3", "line 3"),
    ],
)
def test_what_is_wrong_in_the_second_order_is_told_by_its_place_in_the_message(where, told):
    message = Message.parse(order().add("OBX|1", group(), "OBX|1", "OBX|2").bytes())
    first, second = groups.orders(message)
    with pytest.raises(Hl7Fault) as refused, groups.placed(second, message):
        raise Hl7Fault("wrong", code=102, where=where)
    assert refused.value.where == told
    with pytest.raises(Hl7Fault) as refused, groups.placed(first, message):
        raise Hl7Fault("wrong", code=102, where="OBR-18")
    assert refused.value.where == "OBR-18"


def test_allergies_stand_in_the_header_and_notes_on_the_patient_are_not_notes_on_an_order():
    message = order()
    message.lines[2:2] = ["NTE|1||speaks Finnish", "AL1|1||^Penicillin"]
    (one,) = orders(message)
    assert names(one) == "MSH PID AL1 PV1 ORC OBR"


def test_each_ipc_is_a_step_with_the_whole_order():
    message = order("OMI").put("IPC-4", "S1").put("IPC[2]-4", "S2")
    one, other = orders(message)
    assert names(one) == names(other) == "MSH PID PV1 ORC TQ1 OBR IPC"
    assert (one.get("IPC-4"), other.get("IPC-4")) == ("S1", "S2")


def test_a_zds_belongs_to_its_order_and_to_earlier_ones_of_the_same_procedure():
    message = order().put("OBR-18", "A1").put("OBR-19", "RP1")
    message.add(*Hl7Text(group()).put("OBR-18", "A1").put("OBR-19", "RP1").lines, "ZDS|1.2.3^RIS^Application^DICOM")
    message.add(*Hl7Text(group()).put("OBR-18", "A2").put("OBR-19", "RP2").lines)
    found = orders(message)
    assert [one.get("ZDS-1.1") for one in found] == ["1.2.3", "1.2.3", ""]


def test_a_zds_is_not_shared_where_the_procedure_is_unknown():
    message = order().add(group(), "ZDS|1.2.3^RIS^Application^DICOM")
    assert [one.get("ZDS-1.1") for one in orders(message)] == ["", "1.2.3"]


def test_each_order_keeps_its_own_zds():
    message = order().put("OBR-18", "A1").add("ZDS|1.2.3^RIS")
    message.add(*Hl7Text(group()).put("OBR-18", "A1").lines, "ZDS|1.2.4^RIS")
    assert [one.get("ZDS-1.1") for one in orders(message)] == ["1.2.3", "1.2.4"]


@pytest.mark.parametrize("name", ["OBR", "TQ1", "IPC", "ZDS", "OBX"])
def test_an_order_begins_with_orc(name):
    message = order()
    message.lines.insert(3, f"{name}|1")
    with pytest.raises(Hl7Fault, match=f"{name} stands before ORC") as caught:
        orders(message)
    assert (caught.value.code, caught.value.where) == (100, name)


def test_no_orc_at_all():
    with pytest.raises(Hl7Fault, match="no ORC") as caught:
        orders(order().without("ORC").without("OBR"))
    assert caught.value.code == 100


# ---- reports


def test_a_report_has_its_observations():
    message = report().add("OBX|2|TX|x||more", "NTE|1||note", "OBR|2|P2", "OBX|1|TX|y||other")
    one, other = reports(message)
    assert names(one) == "MSH PID OBR OBX OBX NTE"
    assert names(other) == "MSH PID OBR OBX"
    assert other.get("OBR-2") == "P2"


def test_the_orc_before_an_obr_belongs_to_it():
    message = report()
    message.lines.insert(2, "ORC|RE|P1")
    message.add("ORC|RE|P2", "OBR|2|P2", "OBX|1|TX|y||other")
    one, other = reports(message)
    assert (one.get("ORC-2"), other.get("ORC-2")) == ("P1", "P2")


def test_an_observation_before_its_report_is_refused():
    message = report()
    message.lines.insert(2, "OBX|1|TX|x||early")
    with pytest.raises(Hl7Fault, match="OBX stands before OBR"):
        reports(message)


def test_a_report_without_obr_is_refused():
    with pytest.raises(Hl7Fault, match="no OBR") as caught:
        reports(Hl7Text(*report().lines[:2]))
    assert (caught.value.code, caught.value.where) == (100, "OBR")
