"""What the RIS makes for a message that is taken back is the message's again when it comes again."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hl7_text import order

from hl7dicom_lab.actors.made_once import MadeOnce
from hl7dicom_lab.hl7v2.message import Message


@pytest.fixture
def made():
    numbers, minutes = itertools.count(1), itertools.count()
    return MadeOnce(
        lambda attribute: f"{attribute}{next(numbers)}", lambda: datetime(2026, 3, 2) + timedelta(minutes=next(minutes))
    )


def attempt(made, message, *attributes, fails=False):
    found = []
    try:
        with made.for_message(message):
            found = [made.make(one) for one in attributes]
            moment = made.now()
            if fails:
                raise RuntimeError
    except RuntimeError:
        pass
    return found, moment


def a_message(control_id):
    return Message.parse(order().put("MSH-10", control_id).bytes())


def test_a_message_that_failed_gets_the_same_again_and_others_do_not(made):
    first = attempt(made, a_message("K1"), "A", "B", "A", fails=True)
    assert first[0] == ["A1", "B2", "A3"]
    other = attempt(made, a_message("K2"), "A")
    assert other[0] == ["A4"]
    assert other[1] != first[1]
    assert attempt(made, a_message("K1"), "A", "B", "A") == first
    assert attempt(made, a_message("K1"), "A")[0] == ["A5"], "it succeeded, so nothing waits any more"


def test_an_attempt_that_needs_less_or_more_keeps_the_rest(made):
    attempt(made, a_message("K1"), "A", "B", fails=True)
    assert attempt(made, a_message("K1"), "B", fails=True)[0] == ["B2"]
    assert attempt(made, a_message("K1"), "A", "A", "B")[0] == ["A1", "A3", "B2"]


def test_a_moment_is_one_moment_in_the_whole_message(made):
    with made.for_message(a_message("K1")):
        assert made.now() == made.now()
    assert made.now() != made.now(), "outside of a message time goes on"


def test_what_was_taken_back_long_ago_is_forgotten(made):
    for number in range(200):
        attempt(made, a_message(f"K{number}"), "A", fails=True)
    assert attempt(made, a_message("K199"), "A")[0] == ["A200"]
    assert attempt(made, a_message("K0"), "A")[0] == ["A201"]
