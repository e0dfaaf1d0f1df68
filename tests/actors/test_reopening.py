"""A completion that is taken back over the line: only of a seat, only of the step that is meant."""

from __future__ import annotations

import pytest
from hl7_text import adt, order
from mllp_client import MllpClient

from hl7dicom_lab.actors.hospital_addresses import HospitalAddresses
from hl7dicom_lab.hospital import Hospital
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import StepStatus


def again(message, **fields):
    changed = message.anew().put("ORC-1", "SC").put("ORC-5", "SC")
    for path, value in fields.items():
        changed.put(path.replace("_", "-"), value)
    return changed


@pytest.fixture
def hospital():
    with Hospital() as running:
        yield running


@pytest.fixture
def client(hospital):
    with MllpClient(HospitalAddresses.of(hospital.addresses()).ris_hl7) as connected:
        yield connected


def ask(client, message):
    return client.ask(message.put("MSH-4", "SEAT07").bytes())


@pytest.fixture
def completed(hospital, client):
    """An order whose step is completed."""
    placed = order()
    assert ask(client, placed).code == "AA"
    (step,) = hospital.seat("SEAT07").ris.steps()
    hospital.seat("SEAT07").ris.complete_step(step.accession_number)
    return placed


def status(hospital):
    (step,) = hospital.seat("SEAT07").ris.order_book.steps()
    return step.item.status


def test_a_completed_step_is_scheduled_again(hospital, client, completed):
    answer = ask(client, again(completed))
    assert (answer.code, answer.text) == ("AA", "1 step scheduled again, accession number NG000001")
    assert status(hospital) is StepStatus.SCHEDULED


def test_a_step_under_way_stays_as_it_is(hospital, client):
    placed = order()
    ask(client, placed)
    ask(client, adt())
    assert ask(client, again(placed)).code == "AA"
    assert status(hospital) is StepStatus.ARRIVED


@pytest.mark.parametrize(
    ("fields", "error", "location"),
    [
        ({"PID_3": "NG-9^^^NORTHGATE^MR"}, 204, "PID^1^3"),
        ({"ORC_2": "UNKNOWN"}, 204, "ORC^1^2"),
        ({"OBR_20": "NO-STEP"}, 204, "OBR^1^20"),
        ({"PID_8": "Z"}, 103, "PID^1^8"),
    ],
)
def test_another_step_than_the_one_that_is_meant_is_never_opened(hospital, client, completed, fields, error, location):
    answer = ask(client, again(completed, **fields))
    assert (answer.code, answer.error, answer.location) == ("AE", error, location)
    assert status(hospital) is StepStatus.COMPLETED


def test_an_order_interface_cannot_open_a_step_of_a_department(completed):
    with Lab() as lab, MllpClient(lab.ris.hl7) as client:
        placed = completed.anew().put("MSH-4", "NORTHGATE")
        assert client.ask(placed.bytes()).code == "AA"
        lab.ris.complete_step("NG000001")
        answer = client.ask(again(placed).bytes())
        assert (answer.code, answer.error) == ("AE", 207)
        assert lab.ris.step("NG000001").status is StepStatus.COMPLETED
