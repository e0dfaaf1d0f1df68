"""The worklist's benchmark from end to end, with real peers and twenty items: it runs, and everybody finds the same."""

import pytest

from benchmarks import worklist
from benchmarks.bench import Bench


@pytest.mark.interop
def test_everybody_answers_and_nothing_is_promised_of_a_small_run(tmp_path):
    outcomes = list(worklist.measure(Bench(tmp_path, rounds=1, scale=0.02)))
    assert {one.goal for one in outcomes} == {"A1", "A2", "A3", "A4"}
    assert {one.verdict for one in outcomes} == {"not promised"}
    assert not any("absent" in one.note for one in outcomes)
