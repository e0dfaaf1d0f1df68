"""Answers to a question that are not right, of every form that a learner can give."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hl7dicom_lab.course.marking import key, shown
from hl7dicom_lab.course.question import (
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    ShortText,
    SingleChoice,
)

_LETTERS = "abcdefghij"


def wrong_answers(question: Question) -> Iterator[object]:
    """Answers that are not right, of every form that a learner can give."""
    choices = shown(question).choices
    letters = _LETTERS[: len(choices)]
    right = key(question)
    match question:
        case SingleChoice():
            yield from (letter for letter in letters if letter != right)
        case MultipleChoice():
            for count in range(1, len(letters) + 1):
                yield from (
                    " ".join(some) for some in itertools.combinations(letters, count) if " ".join(some) != right
                )
        case NumberQuestion():
            yield from (one.value for one in question.wrong)
            yield float(right) + question.tolerance * 2 + 17
        case ShortText():
            yield from (one.value for one in question.wrong)
            yield "something else"
        case Ordering():
            some = itertools.islice(itertools.permutations(letters), 60)
            yield from (" ".join(one) for one in some if " ".join(one) != right)
        case Matching():
            given = [pair[-1] for pair in right.split()]
            for place, letter in itertools.product(range(len(given)), letters):
                if letter != given[place]:
                    changed = [*given[:place], letter, *given[place + 1 :]]
                    yield " ".join(f"{number}{one}" for number, one in enumerate(changed, 1))
