from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.model import Report, ReportStatus
from hl7dicom_lab.storage.report_precedence import why_late

NOON = datetime(2026, 3, 2, 12, 0)
P, F, C, X = ReportStatus


def report(status, changed_at=""):
    return Report("P1", "", "A^B", "A1", "1.2", status, "text", status_changed_at=changed_at)


def replaces(arriving, holding, later=timedelta(minutes=1)):
    return why_late(arriving, NOON + later, holding, NOON) == ""


@pytest.mark.parametrize(("arriving", "holding"), [(P, P), (F, P), (X, P), (F, F), (C, F), (C, C), (X, F), (X, C)])
def test_without_times_a_later_status_replaces_an_earlier_one(arriving, holding):
    assert replaces(report(arriving), report(holding))


@pytest.mark.parametrize(("arriving", "holding"), [(P, F), (P, C), (P, X), (F, C), (F, X), (C, X)])
def test_without_times_an_earlier_status_comes_late(arriving, holding):
    assert not replaces(report(arriving), report(holding))


@pytest.mark.parametrize("settled", [F, C, X])
def test_a_preliminary_never_replaces_a_settled_one_whatever_its_time(settled):
    late = why_late(report(P, "20260302180000"), NOON, report(settled, "20260302110000"), NOON)
    assert late.startswith("a preliminary report never replaces")
    assert replaces(report(settled, "20260302110000"), report(P, "20260302180000"))


def test_the_later_status_change_goes_before_the_status():
    assert replaces(report(F, "20260302120000"), report(C, "20260302110000"))
    late = why_late(report(C, "20260302110000"), NOON, report(F, "20260302120000"), NOON)
    assert late == "its status changed at 20260302110000, before 20260302120000 (OBR-22)"


def test_moments_are_compared_in_the_precision_that_both_have():
    assert replaces(report(C, "20260302"), report(F, "20260302120000"))
    assert not replaces(report(F, "202603021200"), report(C, "20260302120030"))
    assert not replaces(report(F, "20260301"), report(F, "20260302120030"))


def test_between_equals_the_one_that_arrived_later_wins():
    assert replaces(report(F), report(F), timedelta(0))
    assert not replaces(report(F), report(F), timedelta(seconds=-1))


@given(
    st.lists(
        st.tuples(st.sampled_from(ReportStatus), st.sampled_from(["20260302100000", "20260302110000"])),
        min_size=2,
        max_size=4,
    )
)
def test_the_same_version_holds_in_whatever_order_they_arrive(versions):
    reports = [replace(report(status, moment), control_id=str(n)) for n, (status, moment) in enumerate(versions)]
    held = set()
    for order in permutations(reports):
        holding = order[0]
        for arriving in order[1:]:
            if replaces(arriving, holding):
                holding = arriving
        held.add((holding.status, holding.status_changed_at))
    assert len(held) == 1


def test_the_time_of_the_message_stands_for_a_status_change_that_is_not_told():
    undated = replace(report(F), sent_at="20260302120000")
    assert not replaces(undated, report(F, "20260302160000"))
    assert replaces(replace(undated, sent_at="20260302170000"), report(F, "20260302160000"))


def test_a_report_without_any_time_replaces_none_that_has_one():
    assert "OBR-22" in why_late(report(F), NOON + timedelta(minutes=1), report(F, "20260302160000"), NOON)
    assert replaces(report(F, "20260302160000"), report(F))
