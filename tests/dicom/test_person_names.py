"""Person names as keys (PS3.4 sections C.2.2.2.1.1 and C.2.2.2.4; PS3.5 section 6.2)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hl7dicom_lab.dicom.matching import rule_for
from hl7dicom_lab.dicom.person_names import group_keys, name_key, name_test


def admits(key: str, *stored: str) -> bool:
    """Whether a key with one value admits these stored values."""
    rule = rule_for("PatientName", "PN", (key,) if key else ())
    return rule is None or rule.admits(stored)


# Person names (C.2.2.2.1.1; PS3.5 section 6.2)


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("muller^anna", "MÜLLER^Anna"),
        ("Müller^Anna", "muller^anna"),
        ("MU\u0308LLER^ANNA", "Müller^Anna"),
        ("STRASSE", "Straße"),
        ("SMITH^JOHN", "Smith^John^^^"),
        ("SMITH^JOHN^^^", "Smith^John"),
        ("SMITH ^ JOHN", "Smith^John "),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", "ヤマダ^タロウ"),
    ],
)
def test_case_accents_padding_and_empty_last_parts_do_not_count_in_names(key, stored):
    assert admits(key, stored)
    assert name_key(key) == name_key(stored)


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("SMITH", "SMITH^JOHN"),
        ("SMITH^J", "SMITH^JOHN"),
        ("JOHN^SMITH", "SMITH^JOHN"),
        ("か", "が"),
        ("Ole", "Øle"),
        ("김", "이"),
        ("SMITH^^JOHN", "SMITH^JOHN"),
    ],
)
def test_other_names_do_not_match(key, stored):
    assert not admits(key, stored)


YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"


@pytest.mark.parametrize(
    "key",
    [
        "yamada^tarou",
        "山田^太郎",
        "やまだ^たろう",
        "YAMADA*",
        "*太郎",
        "山?^太郎",
        YAMADA,
        "=山田^太郎",
        "==やまだ^たろう",
        "Yamada^Tarou==やまだ*",
        "*=山田*",
        "*=*=*",
    ],
)
def test_a_name_matches_in_any_of_its_writings_or_in_each_that_the_key_gives(key):
    assert admits(key, YAMADA)


@pytest.mark.parametrize(
    "key", ["=Yamada^Tarou", "Yamada^Tarou=山本^太郎", "==山田^太郎", "*Tarou=山田*やまだ*", "Suzuki*"]
)
def test_a_key_with_groups_compares_each_group_in_its_place(key):
    assert not admits(key, YAMADA)


def test_a_group_that_the_name_does_not_have_fails():
    assert not admits("Yamada^Tarou=山田^太郎", "Yamada^Tarou")
    assert admits("Yamada^Tarou=", "Yamada^Tarou")


@pytest.mark.parametrize(
    ("key", "found", "not_found"),
    [
        ("SMI*", ("Smith^John", "Smid", "SMI"), ("Asmith",)),
        ("SMITH^*", ("Smith^John", "Smith"), ("Smithson^John", "Smithson")),
        ("SMITH^J*", ("Smith^John", "Smith^Jane^Q"), ("Smith", "Smith^Bob")),
        ("*^JOHN", ("Smith^John", "^John"), ("John", "Smith^Johnny")),
        ("SM?TH^JOHN", ("Smith^John", "SMYTH^JOHN", "Sm\u00efth^John"), ("Smth^John",)),
        ("SMITH?", ("Smithe",), ("Smith", "Smith^John")),
        ("*ÖZ*", ("Foo^Çözer", "OZ"), ("Foo",)),
        ("*^*^Q", ("A^B^Q",), ("A^Q",)),
        ("[A]*", ("[a]b",), ("ab",)),
    ],
)
def test_wild_cards_in_names_run_over_components_but_not_over_groups(key, found, not_found):
    assert all(admits(key, name) for name in found)
    assert not any(admits(key, name) for name in not_found)


@pytest.mark.parametrize("key", ["^", "=", "^^^", "*^*", "*^", "*=*"])
def test_a_name_key_of_delimiters_and_stars_only_is_universal_matching(key):
    assert name_test(key) is None


@given(st.text(max_size=40))
@example("İstanbul^\u0345ss")
def test_the_normal_form_of_a_name_is_stable(name):
    once = name_key(name)
    assert name_key(once) == once
    assert name_key(unicodedata.normalize("NFD", name)) == name_key(unicodedata.normalize("NFC", name))


@given(st.text("aÄb^=* ?", min_size=1, max_size=12), st.text("aäB^= ", max_size=12))
def test_every_match_of_a_name_begins_with_the_prefixes_of_the_key(key, name):
    test = name_test(key)
    if test is not None and test.admits(name):
        assert all(any(group.startswith(prefix) for group in group_keys(name)) for prefix in test.prefixes)
