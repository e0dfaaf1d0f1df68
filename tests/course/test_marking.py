"""How answers of each kind are read, marked and told."""

from __future__ import annotations

from typing import Any

import pytest

from hl7dicom_lab.course.marking import key, mark, shown
from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Ordering,
    Pair,
    Place,
    Question,
    ShortText,
    SingleChoice,
    Wrong,
)
from hl7dicom_lab.verdict import Outcome

SINGLE = SingleChoice(
    id="x-1",
    text="?",
    because="because",
    source="PS3.4",
    options=(Option("one", "no 1"), Option("two", "yes", correct=True), Option("three", "no 3")),
    keep_order=True,
)
MULTIPLE = MultipleChoice(
    id="x-2",
    text="?",
    because="because",
    options=(Option("A", "f A", correct=True), Option("B", "f B"), Option("C", "f C", correct=True)),
    keep_order=True,
)
NUMBER = NumberQuestion(
    id="x-3", text="?", because="because", answer=16, tolerance=0.5, otherwise="count", wrong=(Wrong(64, "UIDs"),)
)
TEXT = ShortText(
    id="x-4", text="?", because="because", accepted=("ORM^O01", "ORM"), otherwise="o", wrong=(Wrong("ORU", "r"),)
)
ORDER = Ordering(id="x-5", text="?", because="because", places=tuple(Place(t, f"f {t}") for t in ("p", "q", "r", "s")))
MATCH = Matching(
    id="x-6", text="?", because="because", pairs=(Pair("L1", "R1", "f1"), Pair("L2", "R2", "f2")), distractors=("R3",)
)


def outcome(question: Question, given: Any) -> Outcome:
    return mark(question, given).outcome


@pytest.mark.parametrize("question", [SINGLE, MULTIPLE, NUMBER, TEXT, ORDER, MATCH], ids=lambda one: type(one).__name__)
def test_the_key_is_correct_and_says_why(question: Question) -> None:
    verdict = mark(question, key(question))
    assert verdict.outcome is Outcome.CORRECT
    assert verdict.words.startswith("because")


def test_the_source_follows_the_reason() -> None:
    assert mark(SINGLE, "b").words == "because Source: PS3.4."


@pytest.mark.parametrize("given", ["b", "B", " b ", ["b"]])
def test_a_letter_in_any_dress(given: Any) -> None:
    assert outcome(SINGLE, given) is Outcome.CORRECT


@pytest.mark.parametrize("given", ["", "d", "ab", "two", "1", 1, None, [], "b!", "é"])
def test_what_is_no_letter_of_a_choice_is_no_attempt(given: Any) -> None:
    assert outcome(SINGLE, given) is Outcome.NOT_CHECKED


def test_a_wrong_option_says_its_own_reason() -> None:
    assert mark(SINGLE, "c").words == "no 3"


def test_of_several_what_is_too_much_and_what_is_missing_is_told() -> None:
    assert outcome(MULTIPLE, "a c") is outcome(MULTIPLE, "c,a") is outcome(MULTIPLE, ["a", "c"]) is Outcome.CORRECT
    assert mark(MULTIPLE, "ac").outcome is Outcome.CORRECT
    assert mark(MULTIPLE, "a b").words == '"B" does not belong to it: f B\nOne more belongs to it. Think of this: f C'
    assert mark(MULTIPLE, "a").mistake == "missing"
    assert mark(MULTIPLE, "b").words.endswith("2 more belong to it. Think of this: f A")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (16, Outcome.CORRECT),
        ("16,4", Outcome.CORRECT),
        ("0x10", Outcome.CORRECT),
        (17, Outcome.INCORRECT),
        ("1,600", Outcome.INCORRECT),
    ]
    + [(one, Outcome.NOT_CHECKED) for one in ("", "many", None, True, [], "nan?")],
)
def test_numbers(given: Any, expected: Outcome) -> None:
    assert outcome(NUMBER, given) is expected


def test_a_listed_number_has_its_own_feedback_and_others_the_common_one() -> None:
    assert mark(NUMBER, "64").words == "UIDs"
    assert mark(NUMBER, 3).words == "count"
    assert outcome(NUMBER, float("nan")) is Outcome.INCORRECT


def test_a_text_folds_case_and_space_unless_it_is_exact() -> None:
    assert outcome(TEXT, "  orm^o01 ") is Outcome.CORRECT
    assert mark(TEXT, "oru").words == "r"
    assert mark(TEXT, "x").words == "o"
    exact = ShortText(id="x", text="?", because="b", accepted=("AA",), otherwise="o", exact=True)
    assert outcome(exact, "aa") is Outcome.INCORRECT


def test_an_order_is_shown_mixed_and_the_first_thing_out_of_place_is_told() -> None:
    choices = shown(ORDER).choices
    assert sorted(choices) == ["p", "q", "r", "s"] != list(choices)
    letter = {text: "abcd"[choices.index(text)] for text in choices}
    given = " ".join(letter[text] for text in ("p", "q", "s", "r"))
    assert mark(ORDER, given).words == 'The first 2 are in order. At place 3, "s" comes too early: f s'
    assert outcome(ORDER, "a b c") is outcome(ORDER, "a a b c") is Outcome.NOT_CHECKED


def test_pairs_that_do_not_go_together_are_told_one_by_one() -> None:
    right = key(MATCH)
    swapped = f"1{right[-1]} 2{right[1]}"
    verdict = mark(MATCH, swapped)
    assert verdict.outcome is Outcome.INCORRECT
    assert verdict.words.startswith("0 of 2 pairs are right.")
    assert '"L1" does not go with "R2": f1' in verdict.words
    assert outcome(MATCH, right.replace(" ", "")) is Outcome.CORRECT
    assert outcome(MATCH, "1a") is outcome(MATCH, "1a 2z") is outcome(MATCH, "1a 1b") is Outcome.NOT_CHECKED


def test_the_order_shown_is_the_same_for_everybody() -> None:
    mixed = Ordering(id="04-q9", text="?", because="b", places=tuple(Place(t, "f") for t in "ABCDEF"))
    assert shown(mixed).choices == ("E", "A", "C", "D", "B", "F")
