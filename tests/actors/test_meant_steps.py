"""A change lands on the step that it means, or nowhere; what cannot be understood is never acknowledged as done."""

import pytest
from hl7_text import Hl7Text, group, order

from hl7dicom_lab import Lab
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.services.mllp_sender import MllpSender


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture
def send(lab):
    with MllpSender(lab.ris.hl7.host, lab.ris.hl7.port, trace=lab.trace, system="HIS") as sender:

        def sending(message: Hl7Text) -> Acknowledgment:
            return acknowledge.read(sender.send(message.bytes()))

        yield sending


def two_steps(control: str = "NW", placer: str = "", first: str = "Aaa", second: str = "Bbb") -> Hl7Text:
    """An OMI of one order with two steps, none of which the placer has an id for."""
    message = order("OMI", control, placer)
    return (
        message.put("IPC-5", "MR")
        .put("IPC-6", f"A^{first}^99NG")
        .put("IPC[2]-5", "CT")
        .put("IPC[2]-6", f"B^{second}^99NG")
    )


def steps(lab, placer):
    found = lab.ris.order_book.steps(placer_order_number=placer)
    return [(step.item.modality, step.item.status.value, described(step.item)) for step in found]


def described(item):
    (said,) = (one.value for one in item.origins if one.attribute.endswith("ProcedureStepDescription"))
    return said


def test_steps_without_ids_are_paired_in_their_order(lab, send):
    placed = two_steps()
    assert send(placed).code == "AA"
    assert send(two_steps("XO", placed.placer, "Aaa2", "Bbb2")).code == "AA"
    assert steps(lab, placed.placer) == [("MR", "SCHEDULED", "Aaa2"), ("CT", "SCHEDULED", "Bbb2")]


def test_a_change_that_could_mean_either_step_is_refused(lab, send):
    placed = two_steps()
    send(placed)
    answer = send(order("OMI", "XO", placed.placer))
    assert (answer.code, answer.error_code, answer.location) == ("AE", "101", "IPC-4")
    assert "SPS" in answer.text
    assert [modality for modality, _, _ in steps(lab, placed.placer)] == ["MR", "CT"]


def test_a_step_that_the_order_has_not_is_named(send):
    placed = two_steps()
    send(placed)
    answer = send(order("OMI", "XO", placed.placer).put("IPC-4", "SPS-NONE"))
    assert (answer.code, answer.error_code, answer.location) == ("AE", "204", "IPC-4")


@pytest.mark.parametrize("control", ["CA", "DC"])
def test_an_end_without_a_name_means_the_whole_order(lab, send, control):
    placed = two_steps()
    send(placed)
    assert send(order("OMI", control, placed.placer)).code == "AA"
    expected = {"CA": "CANCELED", "DC": "DISCONTINUED"}[control]
    assert {status for _, status, _ in steps(lab, placed.placer)} == {expected}
    assert send(order("OMI", control, placed.placer)).code == "AA", "ending it again in the same way changes nothing"
    other = {"CA": "DC", "DC": "CA"}[control]
    assert send(order("OMI", other, placed.placer)).error_code == "207"


@pytest.mark.parametrize("control", ["XO", "SC"])
def test_a_step_in_progress_is_told_by_hl7_and_not_cancelled(lab, send, control):
    placed = order()
    send(placed)
    assert send(order(control=control, placer=placed.placer).put("ORC-5", "IP")).code == "AA"
    assert [status for _, status, _ in steps(lab, placed.placer)] == ["STARTED"]
    assert send(order(control="CA", placer=placed.placer)).error_code == "207"
    assert send(order(control=control, placer=placed.placer).put("ORC-5", "CM")).code == "AA"
    assert send(order(control=control, placer=placed.placer).put("ORC-5", "CM")).code == "AA"
    changed = order(control="XO", placer=placed.placer).put("OBR-31", "^another reason")
    assert send(changed).error_code == "207"


def test_an_order_status_of_no_table_is_refused(send):
    placed = order()
    send(placed)
    answer = send(order(control="XO", placer=placed.placer).put("ORC-5", "ZZ"))
    assert (answer.code, answer.error_code, answer.location) == ("AE", "103", "ORC-5")


def test_a_second_obr_under_one_orc_is_not_dropped(lab, send):
    placed = order()
    placed.add(*[line for line in group("ORM", placed.placer).splitlines() if line.startswith("OBR")])
    answer = send(placed)
    assert (answer.code, answer.error_code, answer.location) == ("AE", "100", "OBR")
    assert steps(lab, placed.placer) == []


@pytest.mark.parametrize("names", [("ORC", "OBR", "PID", "PV1"), ("PV1", "PID", "ORC", "OBR")])
def test_segments_out_of_order_are_refused(lab, send, names):
    placed = order()
    lines = {line[:3]: line for line in placed.lines}
    answer = send(Hl7Text(lines["MSH"], *(lines[name] for name in names)))
    assert (answer.code, answer.error_code) == ("AE", "100")
    assert steps(lab, placed.placer) == []


def test_what_could_not_be_taken_over_is_told_in_the_answer(send):
    placed = order().put("OBX-1", "1").put("OBX-3", "^Body Weight").put("OBX-5", "11").put("OBX-6", "stone")
    assert "11 stone" in send(placed).text
    study = order(control="XO", placer=placed.placer).put("ZDS-1", "1.2.3.99^HIS^Application^DICOM")
    answer = send(study)
    assert answer.code == "AA"
    assert "keeps" in answer.text


def test_a_start_without_a_day_is_refused(send):
    placed = order().put("ORC-7", "^^^202603").put("OBR-27", "")
    answer = send(placed)
    assert (answer.code, answer.error_code) == ("AE", "102")
