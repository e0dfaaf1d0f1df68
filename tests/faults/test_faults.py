"""The battery of faults: what gets in wrong, played over real sockets against one running department.

For each case: the answer on the wire; what the department holds afterwards; no connection, slot, thread or file left;
honest clients served; and in the trace what happened, the rule and the repair. `docs/conformance.md` has the table.
"""

from __future__ import annotations

from collections import Counter

import pytest
import table
from battery import all_cases
from department import Department

CASES = all_cases()


@pytest.fixture(scope="module")
def department(tmp_path_factory):
    with Department(tmp_path_factory.mktemp("department")) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_fault(department, case):
    before = department.holds()
    department.begin()
    assert case.play(department) == case.answer
    department.settled()
    remarks = department.remarks()
    after = department.holds()
    assert after.leftovers == ()
    assert case.changes == bool(after.differences(before)), after.differences(before)
    if case.trace:
        told = [remark for remark in remarks if case.trace in remark.what]
        assert told, f"the trace says only {[remark.what for remark in remarks]}"
        assert all(remark.rule and remark.repair for remark in told), told
    department.serves()


def test_every_row_has_a_case():
    assert sorted({case.row for case in CASES}) == list(range(1, 99))


def test_no_case_is_told_twice():
    assert [what for what, count in Counter(case.what for case in CASES).items() if count > 1] == []


def test_the_table_of_the_conformance_page_is_the_cases():
    text = table.PAGE.read_text(encoding="utf-8")
    assert table.replaced(text) == text, "run python tests/faults/table.py"
