"""The other topics from end to end, with real peers and little to do: they run, and everybody did what it was asked."""

import pytest

from benchmarks import mllp, scale, start_up, store
from benchmarks.bench import Bench


@pytest.mark.interop
def test_orders_are_acknowledged_by_all_and_in_the_order_book(tmp_path):
    outcomes = list(mllp.measure(Bench(tmp_path, rounds=1, scale=0.02)))
    assert [one.verdict for one in outcomes] == ["not promised"] * 4


def test_a_peer_that_npm_cannot_get_is_named_and_the_lab_measured_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    *others, reconnecting = mllp.measure(Bench(tmp_path, rounds=1, scale=0.02))
    assert len(others) == 3
    assert reconnecting.own
    assert not reconnecting.other
    assert reconnecting.verdict == "not measured"
    assert reconnecting.note == "node-hl7-server is absent: install nodejs and npm"


@pytest.mark.interop
def test_images_are_held_by_all_who_acknowledged_them(tmp_path):
    outcomes = list(store.measure(Bench(tmp_path, rounds=1, scale=0.02)))
    assert [one.verdict for one in outcomes] == ["not promised"] * 6
    assert not any(one.note for one in outcomes)


@pytest.mark.interop
def test_the_start_and_idling_are_measured(tmp_path):
    outcomes = list(start_up.measure(Bench(tmp_path, rounds=1)))
    assert [one.goal for one in outcomes] == ["E"] * 3
    assert all(one.own for one in outcomes)


def test_a_department_of_years_is_made_and_asked(tmp_path):
    outcomes = list(scale.measure(Bench(tmp_path, rounds=1, scale=0.002)))
    assert {one.goal for one in outcomes} == {"scale"}
    assert len(outcomes) == 7
    assert all("cost grows with N" in one.note for one in outcomes)
