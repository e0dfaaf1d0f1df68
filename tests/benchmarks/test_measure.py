"""Ratios, verdicts, turns and growth of the benchmarks. Nothing here measures a time."""

import math

import pytest

from benchmarks.measure import Outcome, alternate, growth


def outcome(unit="ms", own=(2.0, 1.0, 30.0), other=(20.0, 10.0, 30.0), peer="peer", wanted=10.0):
    return Outcome("A1", "what", unit, own, other, peer, wanted)


def test_less_time_is_better():
    assert outcome("ms").ratio == 10


def test_more_a_second_is_better():
    assert outcome("/s").ratio == 0.1


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, "reached"),
        ({"wanted": 10.5}, "missed"),
        ({"wanted": 0.0}, "not promised"),
        ({"other": ()}, "not measured"),
        ({"own": ()}, "not measured"),
        ({"other": (), "peer": "", "wanted": 2.0}, "reached"),
        ({"other": (), "peer": "", "wanted": 1.9}, "missed"),
    ],
)
def test_the_verdict(given, verdict):
    assert outcome(**given).verdict == verdict


def test_without_a_peer_there_is_no_ratio():
    assert math.isnan(outcome(other=()).ratio)


def test_contestants_take_turns_and_the_first_round_is_thrown_away():
    turns = []

    def contestant(name):
        def run():
            turns.append(name)
            return float(len(turns))

        return run

    told = alternate({"a": contestant("a"), "b": contestant("b")}, rounds=2)
    assert "".join(turns) == "abbaab"
    assert told == {"a": (4.0, 5.0), "b": (3.0, 6.0)}


@pytest.mark.parametrize("power", [0, 1, 2])
def test_growth_is_the_exponent(power):
    assert growth({size: 3.0 * size**power for size in (100, 1_000, 10_000)}) == pytest.approx(power)
