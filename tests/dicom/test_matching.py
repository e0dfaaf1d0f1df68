"""The types of matching for one attribute (PS3.4 section C.2.2.2), rule by rule."""

from __future__ import annotations

import pytest

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


# Universal matching (C.2.2.2.3, and C.2.2.2.4 note 1)


@pytest.mark.parametrize("vr", ["PN", "LO", "DA", "TM", "UI", "US"])
def test_no_value_is_universal_matching(vr):
    assert rule_for("Key", vr, ()) is None


@pytest.mark.parametrize("vr", ["AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"])
@pytest.mark.parametrize("key", ["*", "**"])
def test_nothing_but_stars_is_universal_matching(vr, key):
    assert rule_for("Key", vr, (key,)) is None


# Single value matching (C.2.2.2.1, C.2.2.3, K.2.2.1.1.1)


@pytest.mark.parametrize(
    ("vr", "value"), [("AE", "CT_SCAN"), ("CS", "CT"), ("LO", "MRN-1"), ("SH", "ACC1"), ("UI", "1.2.3")]
)
def test_a_single_value_matches_exactly_and_with_its_case(vr, value):
    assert admits(vr, value, value)
    assert not admits(vr, value, value + "1")
    assert not admits(vr, value, value[:-1])
    if vr in ("LO", "SH", "AE"):
        assert not admits(vr, value, value.swapcase())


def test_one_value_of_a_multi_valued_attribute_is_enough():
    assert admits("AE", "AA33", "AA32", "AA33")
    assert not admits("AE", "AA34", "AA32", "AA33")


@pytest.mark.parametrize(
    ("vr", "key"),
    [
        ("LO", "A"),
        ("LO", "A*"),
        ("LO", "?"),
        ("PN", "A"),
        ("PN", "?*"),
        ("DA", "20260302"),
        ("DA", "-20260302"),
        ("TM", "10-"),
        ("UI", "1.2"),
        ("US", "3"),
        ("DS", "70"),
    ],
)
def test_an_unknown_value_fails_every_key_that_has_a_value(vr, key):
    assert not admits(vr, key)


@pytest.mark.parametrize(
    ("vr", "key", "stored"), [("DS", "70", "70.0"), ("DS", "7e1", "70"), ("IS", "+3", "3"), ("US", "3", "3")]
)
def test_numbers_match_by_their_amount(vr, key, stored):
    assert admits(vr, key, stored)
    assert not admits(vr, key, "71", "not a number")


@pytest.mark.parametrize("vr", ["AE", "CS", "LO", "SH", "PN", "DA", "TM", "DS", "IS", "US"])
def test_only_uids_may_be_a_list(vr):
    value = {"DA": "20260302", "TM": "10", "DS": "1", "IS": "1", "US": "1"}.get(vr, "A")
    assert "one value" in refusal(vr, value, value).what


# List of UID matching (C.2.2.2.2)


def test_one_uid_of_a_list_is_enough():
    rule = rule_for("StudyInstanceUID", "UI", ("1.2.3", "1.2.4"))
    assert rule is not None
    assert rule.words == "list of UID matching"
    assert rule.admits(("1.2.4",))
    assert not rule.admits(("1.2.5",))


@pytest.mark.parametrize("uid", ["1.2.*", "1.2.?", "1.2-1.3", "1..2", "1.02", "1.2.", "abc", "1." + "2" * 63])
def test_what_is_no_uid_is_refused(uid):
    assert "UID" in refusal("UI", "1.2.3", uid).what


# Wild card matching (C.2.2.2.4)


@pytest.mark.parametrize(
    ("key", "found", "not_found"),
    [
        ("HEAD*", ("HEAD", "HEAD CT"), ("A HEAD", "head")),
        ("*CT", ("CT", "HEAD CT"), ("CT HEAD",)),
        ("*EA*", ("HEAD", "EA"), ("HED",)),
        ("H??D", ("HEAD", "HAND"), ("HED", "HEADS")),
        ("?", ("A",), ("AB",)),
        ("A*B*C", ("ABC", "AxBxC", "ABBCC"), ("ACB", "ABCD")),
        ("[A]*", ("[A]b",), ("Ab",)),
        ("A.*", ("A.b",), ("AAb",)),
    ],
)
def test_star_is_any_sequence_and_question_mark_any_one_character(key, found, not_found):
    assert all(admits("LO", key, text) for text in found)
    assert not any(admits("LO", key, text) for text in not_found)


def test_a_wild_card_matches_line_breaks_in_long_text():
    assert admits("LT", "first*last", "first\r\nlast")


@pytest.mark.parametrize("vr", ["AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"])
def test_wild_cards_work_in_the_vrs_that_the_standard_lists(vr):
    assert admits(vr, "AB*", "ABC")


@pytest.mark.parametrize(
    ("vr", "key"),
    [
        ("DA", "2026*"),
        ("DA", "2026030?"),
        ("DA", "*"),
        ("TM", "10*"),
        ("TM", "*"),
        ("DT", "2026*"),
        ("UI", "1.2.*"),
        ("UI", "*"),
        ("DS", "7?"),
        ("DS", "*"),
        ("IS", "*"),
        ("AS", "04*Y"),
        ("US", "*"),
    ],
)
def test_wild_cards_in_dates_times_uids_and_numbers_are_refused(vr, key):
    refusal(vr, key)


@pytest.mark.parametrize("key", ["C*", "?T"])
def test_a_key_for_a_single_value_only_refuses_wild_cards(key):
    assert "wild card" in refusal("CS", key, single_value_only=True).what
    assert rule_for("Key", "CS", ("*",), single_value_only=True) is None


def test_many_stars_do_not_keep_the_processor_busy():
    rule = rule_for("Key", "LT", ("*a" * 40 + "*b",))
    assert rule is not None
    assert not rule.admits(("a" * 10_000,))  # a matcher that goes back and forth would never get here


# Values that a VR does not allow


@pytest.mark.parametrize(
    ("vr", "key"),
    [
        ("CS", "mr"),
        ("CS", "A" * 17),
        ("AE", "A" * 17),
        ("AE", "CT\tSCAN"),
        ("AS", "40"),
        ("DS", "seventy"),
        ("DS", "1-2"),
        ("IS", "3.5"),
        ("US", "three"),
        ("LO", "two\nlines"),
        ("PN", "A=B=C=D"),
        ("PN", "A^B^C^D^E^F"),
        ("FD", "inf"),
    ],
)
def test_a_value_that_its_vr_forbids_is_refused(vr, key):
    refusal(vr, key)
