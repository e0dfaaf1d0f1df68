"""How an answer is read and marked: what the learner wrote, against the key of the question.

Rules: letters stand for what is shown, so the order shown is the same on every machine; an answer that cannot be read
is no attempt, and says how one looks. Marking knows nothing of how a question is drawn.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Option,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
)
from hl7dicom_lab.verdict import Verdict, not_checked, right, wrong

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Sheet:
    """What is shown of a question: its choices by letter, and for a matching its left-hand sides by number."""

    choices: tuple[str, ...] = ()
    lefts: tuple[str, ...] = ()
    how: str = ""


def shown(question: Question) -> Sheet:
    """The choices in the order in which they are shown, and how an answer is written."""
    match question:
        case SingleChoice():
            return Sheet(tuple(str(one.text) for one in _options(question)), how='a letter, such as "b"')
        case MultipleChoice():
            return Sheet(tuple(str(one.text) for one in _options(question)), how='all letters that fit, such as "a c"')
        case NumberQuestion():
            return Sheet(how=f"a number{f' of {question.unit}' if question.unit else ''}")
        case ShortText():
            return Sheet(how="a text in quotation marks")
        case Ordering():
            mixed = _mixed(question, [str(one.text) for one in question.places])
            return Sheet(mixed, how='the letters in the right order, such as "c a b"')
        case Matching():
            rights = dict.fromkeys(str(one) for one in (*(p.right for p in question.pairs), *question.distractors))
            lefts = tuple(str(one.left) for one in question.pairs)
            return Sheet(_mixed(question, list(rights)), lefts, 'number and letter of each pair, such as "1b 2a"')
    raise TypeError(f"no such kind of question: {type(question).__name__}")


def key(question: Question) -> str:
    """The right answer, as a learner would write it."""
    choices = shown(question).choices
    match question:
        case SingleChoice() | MultipleChoice():
            options = _options(question)
            return " ".join(_LETTERS[place] for place, one in enumerate(options) if one.correct)
        case NumberQuestion():
            return f"{question.answer:g}" if float(question.answer) < 1e6 else str(int(question.answer))  # type: ignore[arg-type] # resolved: no function
        case ShortText():
            return str(question.accepted[0])
        case Ordering():
            return " ".join(_LETTERS[choices.index(str(one.text))] for one in question.places)
        case Matching():
            rights = (_LETTERS[choices.index(str(one.right))] for one in question.pairs)
            return " ".join(f"{number}{letter}" for number, letter in enumerate(rights, 1))
    raise TypeError(f"no such kind of question: {type(question).__name__}")


def mark(question: Question, given: Any) -> Verdict:
    """The verdict on an answer in the form that `key` has; also a number, or a list of letters."""
    match question:
        case SingleChoice():
            return _mark_single(question, given)
        case MultipleChoice():
            return _mark_multiple(question, given)
        case NumberQuestion():
            return _mark_number(question, given)
        case ShortText():
            return _mark_text(question, given)
        case Ordering():
            return _mark_ordering(question, given)
        case Matching():
            return _mark_matching(question, given)
    raise TypeError(f"no such kind of question: {type(question).__name__}")


def _mark_single(question: SingleChoice, given: Any) -> Verdict:
    options = _options(question)
    places = _letters(given, len(options))
    if places is None or len(places) != 1:
        return _unreadable(question)
    chosen = options[places[0]]
    return _right(question) if chosen.correct else wrong(_LETTERS[places[0]], str(chosen.feedback))


def _mark_multiple(question: MultipleChoice, given: Any) -> Verdict:
    options = _options(question)
    places = _letters(given, len(options))
    if not places:
        return _unreadable(question)
    chosen = [options[place] for place in dict.fromkeys(places)]
    surplus = [one for one in chosen if not one.correct]
    missing = [one for one in options if one.correct and one not in chosen]
    if not surplus and not missing:
        return _right(question)
    told = [f'"{one.text}" does not belong to it: {one.feedback}' for one in surplus]
    if missing:
        count = f"{len(missing)} more belong" if len(missing) > 1 else "One more belongs"
        told.append(f"{count} to it. Think of this: {missing[0].feedback}")
    return wrong("surplus" if surplus else "missing", "\n".join(told))


def _mark_number(question: NumberQuestion, given: Any) -> Verdict:
    value = _number(given)
    if value is None:
        return _unreadable(question)
    if abs(value - float(question.answer)) <= question.tolerance:  # type: ignore[arg-type] # resolved: no function
        return _right(question)
    for one in question.wrong:
        if value == _number(one.value):
            return wrong(f"{value:g}", str(one.feedback))
    return wrong("other", str(question.otherwise))


def _mark_text(question: ShortText, given: Any) -> Verdict:
    if not isinstance(given, (str, int)) or not str(given).strip():
        return _unreadable(question)
    said = _folded(given, question)
    if said in {_folded(one, question) for one in question.accepted}:
        return _right(question)
    for one in question.wrong:
        if said == _folded(one.value, question):
            return wrong(said, str(one.feedback))
    return wrong("other", str(question.otherwise))


def _mark_ordering(question: Ordering, given: Any) -> Verdict:
    choices = shown(question).choices
    places = _letters(given, len(choices))
    if places is None or sorted(places) != list(range(len(choices))):
        return _unreadable(question)
    for number, (place, wanted) in enumerate(zip(places, question.places, strict=True), 1):
        if choices[place] != str(wanted.text):
            misplaced = next(one for one in question.places if str(one.text) == choices[place])
            good = f"The first {number - 1} are in order. " if number > 2 else ""
            words = f'{good}At place {number}, "{misplaced.text}" comes too early: {misplaced.feedback}'
            return wrong(f"place {number}", words)
    return _right(question)


def _mark_matching(question: Matching, given: Any) -> Verdict:
    choices = shown(question).choices
    pairs = _pairs(given, len(question.pairs), len(choices))
    if pairs is None:
        return _unreadable(question)
    told = []
    for place, pair in enumerate(question.pairs):
        if choices[pairs[place]] != str(pair.right):
            told.append(f'"{pair.left}" does not go with "{choices[pairs[place]]}": {pair.feedback}')
    if not told:
        return _right(question)
    good = len(question.pairs) - len(told)
    return wrong("pairs", "\n".join([f"{good} of {len(question.pairs)} pairs are right.", *told]))


def _right(question: Question) -> Verdict:
    source = f" Source: {question.source}." if question.source else ""
    return right(f"{question.because}{source}")


def _unreadable(question: Question) -> Verdict:
    return not_checked(f"The answer to {question.id} is {shown(question).how}.")


def _options(question: SingleChoice | MultipleChoice) -> tuple[Option, ...]:
    if question.keep_order:
        return question.options
    order = _mixed(question, [str(one.text) for one in question.options])
    return tuple(sorted(question.options, key=lambda one: order.index(str(one.text))))


def _mixed(question: Question, texts: list[str]) -> tuple[str, ...]:
    """The texts in an order that is the same on every machine, and for an ordering not the right one."""
    generator = random.Random(question.id)
    mixed = list(texts)
    generator.shuffle(mixed)
    if isinstance(question, Ordering) and mixed == texts:
        mixed.reverse()
    return tuple(mixed)


def _letters(given: Any, count: int) -> list[int] | None:
    parts = given if isinstance(given, (list, tuple)) else re.findall(r"[a-zA-Z]", str(given))
    if not isinstance(given, (list, tuple)) and not re.fullmatch(r"[\sa-zA-Z,;]*", str(given)):
        return None
    places = [_LETTERS.find(str(part).strip().lower()) if len(str(part).strip()) == 1 else -1 for part in parts]
    return places if all(0 <= place < count for place in places) else None


def _pairs(given: Any, lefts: int, rights: int) -> list[int] | None:
    found = re.findall(r"(\d+)\s*[:=-]?\s*([a-zA-Z])", " ".join(given) if isinstance(given, list) else str(given))
    by_left = {int(number): _LETTERS.find(letter.lower()) for number, letter in found}
    if sorted(by_left) != list(range(1, lefts + 1)) or not all(0 <= place < rights for place in by_left.values()):
        return None
    return [by_left[number] for number in range(1, lefts + 1)]


def _number(given: Any) -> float | None:
    text = "" if isinstance(given, bool) else str(given).strip()
    if re.fullmatch(r"\d{1,3}(,\d{3})+", text):  # 524,288 is how the lessons write it
        text = text.replace(",", "")
    text = text.replace(",", ".")
    try:
        return float(int(text, 16)) if text.lower().startswith("0x") else float(text)
    except ValueError:
        return None


def _folded(text: Any, question: ShortText) -> str:
    words = " ".join(str(text).split())
    return words if question.exact else words.casefold()


def letters(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Texts with the letters that stand for them."""
    return list(zip(_LETTERS, texts, strict=False))
