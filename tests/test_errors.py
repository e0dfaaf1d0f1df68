"""Errors name the place, the rule and the next step, and say who has to act."""

import inspect

import pytest

from hl7dicom_lab import errors
from hl7dicom_lab.errors import DeliveryError, DicomFault, Hl7Fault, LabError, LocalError, PeerError, Refused

BRANCHES = (LocalError, PeerError, DeliveryError)
EVERY = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, LabError)]


@pytest.mark.parametrize(
    ("what", "where", "next_step", "shown"),
    [
        ("it is empty", "", "", "it is empty"),
        ("it is empty", "PID-3", "", "PID-3: it is empty"),
        ("it is empty", "PID-3", "fill it", "PID-3: it is empty. Next step: fill it"),
        ("it is empty.", "", "fill it", "it is empty. Next step: fill it"),
        ("whom is this about?", "", "say it", "whom is this about? Next step: say it"),
    ],
)
def test_an_error_is_shown_with_its_place_and_what_to_do(what, where, next_step, shown):
    error = LabError(what, where=where, next_step=next_step)
    assert str(error) == shown
    assert (error.what, error.where, error.next_step) == (what, where, next_step)
    assert error.args == (what,)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_says_by_its_branch_who_has_to_act(kind):
    assert kind.__doc__
    if kind is not LabError:
        assert len([branch for branch in BRANCHES if issubclass(kind, branch)]) == 1


def test_what_the_peer_is_answered_is_in_the_error():
    fault = Hl7Fault("unknown", code=204, where="ORC-2")
    assert (fault.acknowledgment, fault.code) == ("AE", 204)
    assert Hl7Fault("unknown", code=200, acknowledgment="AR").acknowledgment == "AR"
    dicom = DicomFault("empty", status=0xA900, keyword="SOPInstanceUID")
    assert (dicom.status, dicom.keyword, dicom.where) == (0xA900, "SOPInstanceUID", "SOPInstanceUID")
    assert DicomFault("empty", status=0xA900, keyword="A", where="command").where == "command"
    assert Refused("no", answer="AE").answer == "AE"


def test_what_an_error_quotes_is_visible():
    error = LabError("no study '\x1b[31mA\u202e\nB'", where="\x07")
    assert str(error) == "␇: no study '␛[31mA�␊B'"
