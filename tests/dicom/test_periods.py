"""Dates, times and ranges of them as keys (PS3.4 section C.2.2.2.5; PS3.5 section 6.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.dicom import periods
from hl7dicom_lab.dicom.matching import rule_for
from hl7dicom_lab.errors import DicomFault


def admits(vr: str, key: str, *stored: str) -> bool:
    """Whether a key with one value admits these stored values."""
    rule = rule_for("Key", vr, (key,) if key else ())
    return rule is None or rule.admits(stored)


def refusal(vr: str, *key: str, **options: bool) -> DicomFault:
    with pytest.raises(DicomFault) as caught:
        rule_for("Sequence.Key", vr, key, **options)
    assert caught.value.status == 0xA900
    assert caught.value.keyword == "Key"
    assert caught.value.where == "Sequence.Key"
    assert caught.value.next_step
    return caught.value


# Range matching, dates (C.2.2.2.5.1)


@pytest.mark.parametrize(
    ("key", "found", "not_found"),
    [
        ("20260302", ("20260302",), ("20260301", "20260303")),
        ("20260301-20260303", ("20260301", "20260302", "20260303"), ("20260228", "20260304")),
        ("20260302-20260302", ("20260302",), ("20260301", "20260303")),
        ("20260302-", ("20260302", "20991231"), ("20260301",)),
        ("-20260302", ("20260302", "19000101"), ("20260303",)),
    ],
)
def test_date_ranges_include_both_ends(key, found, not_found):
    assert all(admits("DA", key, day) for day in found)
    assert not any(admits("DA", key, day) for day in not_found)


@pytest.mark.parametrize(
    "key",
    [
        "20260230",
        "20261301",
        "2026-03-02",
        "2026.03.02",
        "202603",
        "20260301 - 20260303",
        "-",
        "--",
        "20260301--",
        "20260301-20260302-20260303",
        "00000101",
        "today",
    ],
)
def test_what_is_no_date_and_no_range_of_dates_is_refused(key):
    refusal("DA", key)


def test_a_stored_date_that_is_none_matches_no_key():
    assert not admits("DA", "-99991231", "20260230", "")


# Range matching, times (C.2.2.2.5.2; PS3.5 section 6.2 TM)


@pytest.mark.parametrize(
    ("key", "found", "not_found"),
    [
        ("10", ("10", "1030", "105959.999999"), ("0959", "11")),
        ("1030", ("1030", "103000", "103059.999999"), ("1031", "102959")),
        ("103000", ("1030", "103000.5"), ("103001",)),
        ("103000.5", ("103000.5", "103000.599999"), ("103000", "103000.6")),
        ("103000.0000", ("103000",), ("103000.0001",)),
        ("-10", ("00", "095959", "10", "105959.999999"), ("11", "110000")),
        ("-1030", ("1030", "103059"), ("1031",)),
        ("-103000", ("103000", "103000.9"), ("103001",)),
        ("10-", ("10", "100000", "235959.999999"), ("095959.999999",)),
        ("10-18", ("10", "185959"), ("095959", "19")),
        ("1000-1800", ("100000", "180059.999999"), ("180100",)),
        ("235960", ("235960", "235959.999999"), ("000000",)),
    ],
)
def test_a_time_without_its_last_parts_means_the_whole_hour_or_minute(key, found, not_found):
    assert all(admits("TM", key, moment) for moment in found)
    assert not any(admits("TM", key, moment) for moment in not_found)


@pytest.mark.parametrize(
    "key", ["24", "1060", "103061", "10:30", "1", "103", "10301", "103000.", "103000.1234567", "-", "10 - 18", "noon"]
)
def test_what_is_no_time_and_no_range_of_times_is_refused(key):
    refusal("TM", key)


# Range matching, date-times (C.2.2.2.5.3)


@pytest.mark.parametrize(
    ("key", "found", "not_found"),
    [
        ("20260302", ("20260302", "20260302235959"), ("20260303",)),
        ("2026", ("20260101", "20261231235959.999999"), ("20270101",)),
        ("202602", ("20260228235959",), ("20260301",)),
        ("19980128103000.0000", ("19980128103000",), ("19980128103001",)),
        ("19980128103000+0000", ("19980128073000-0300", "19980128103000"), ("19980128103000-0300",)),
        ("20260301-20260303", ("20260302", "20260303235959"), ("20260304",)),
        ("20260301-0500-20260303-0500", ("20260304045959+0000",), ("20260304050000", "20260301045959")),
        ("-20260303-0500", ("20260304045959",), ("20260304050000",)),
        ("20260301-0500-", ("20260301050000",), ("20260301045959",)),
        ("2019-2021", ("20200101", "20211231"), ("2018", "2022")),
    ],
)
def test_date_times_match_by_their_meaning_with_the_offset(key, found, not_found):
    assert all(admits("DT", key, moment) for moment in found)
    assert not any(admits("DT", key, moment) for moment in not_found)


@pytest.mark.parametrize("key", ["20260302103000+1500", "202613", "20260230", "2026030210:30", "-", "20260302.5", "99"])
def test_what_is_no_date_time_is_refused(key):
    refusal("DT", key)


@given(st.datetimes())
def test_a_moment_written_as_da_tm_and_dt_is_the_same_moment(moment):
    day, clock = f"{moment.year:04}{moment:%m%d}", f"{moment:%H%M%S.%f}"
    total = (periods.first_moment("DA", day) or 0) + (periods.first_moment("TM", clock) or 0)
    assert periods.first_moment("DT", day + clock) == total
    assert periods.as_digits(total) == day + clock[:6]
