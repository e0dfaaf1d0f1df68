"""The topics that run lessons, with two of them or two cells: they run, and a cell that fails is not timed."""

import json

import pytest

from benchmarks import cells, regression, seats
from benchmarks.bench import Bench


@pytest.fixture
def lessons(tmp_path):
    """Two small notebooks, made of the given cells."""

    def make(*sources):
        code = [
            {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": one, "outputs": []} for one in sources
        ]
        content = {"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        paths = [tmp_path / name for name in ("90_first.ipynb", "91_second.ipynb")]
        for path in paths:
            path.write_text(json.dumps(content), encoding="utf-8", newline="\n")
        return paths

    return make


@pytest.fixture
def said():
    return []


@pytest.fixture
def small(tmp_path, said):
    return Bench(tmp_path, rounds=1, scale=0.05, say=said.append)


def test_two_seats_finish_and_nothing_is_promised_of_them(small, said, lessons):
    outcomes = list(seats.measure(small, lessons("1 + 1", "2 + 2")))
    assert [one.goal for one in outcomes] == ["G"] * 4
    assert outcomes[0].own == outcomes[0].other == (2,)
    assert outcomes[1].own[0] > 0
    assert {one.verdict for one in outcomes} == {"not promised"}
    assert any("2 seats at once: no failure" in line for line in said)


def test_a_seat_that_fails_does_not_count(tmp_path, lessons):
    first, *_ = seats.measure(Bench(tmp_path, scale=0.05), lessons("1 / 0"))
    assert (first.own, first.other) == ((0,), (2,))
    assert "ZeroDivisionError" in first.note


def test_the_slowest_cell_is_named(small, said, lessons):
    slowest, start = cells.measure(small, lessons("import time", "time.sleep(0.5)"))
    assert "cell 2: time.sleep(0.5)" in slowest.note
    assert len(slowest.own) == 1
    assert len(start.own) == 2
    assert sum(" s  lesson 9" in line for line in said) == 4


def test_a_cell_that_fails_is_not_timed(small, lessons):
    with pytest.raises(RuntimeError, match="lesson 90, cell 1: ZeroDivisionError"):
        list(cells.measure(small, lessons("1 / 0")))


def test_two_notebooks_are_compared_in_both_ways(small, lessons):
    (outcome,) = regression.measure(small, lessons("kept = 1", "kept += 1"))
    assert (len(outcome.own), len(outcome.other)) == (1, 1)
    assert outcome.verdict == "not promised"
    assert "4 cells" in outcome.note


def test_notebooks_that_print_something_else_are_not_timed(small, lessons):
    with pytest.raises(RuntimeError, match="do not print what they hold"):
        list(regression.measure(small, lessons("1 / 0")))


def test_without_its_tools_the_regression_is_not_measured(small, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    (outcome,) = regression.measure(small)
    assert outcome.verdict == "not measured"
    assert "absent: pytest, nbval, pytest-xdist" in outcome.note
