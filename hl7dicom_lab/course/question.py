"""A question of a quiz, as it is written down: six kinds, one answer key, feedback for every wrong answer.

Rules: a wrong answer teaches, so every option, every listed value and every pair has its own feedback; an answer cites
its source where there is one. A text may be a function of the lab: such a question is about the learner's own session,
and its answer is computed from what the department holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hl7dicom_lab.lab import Lab

#: A text, or a function that reads it from the learner's own department.
Text = str | Callable[["Lab"], str]
Number = float | Callable[["Lab"], float]


@dataclass(frozen=True)
class Option:
    """One option of a choice. `feedback` says why it belongs to the answer, or why it does not."""

    text: Text
    feedback: Text
    correct: bool = False


@dataclass(frozen=True)
class Wrong:
    """A wrong value that people give, and what to tell them."""

    value: Text | Number
    feedback: Text


@dataclass(frozen=True)
class Pair:
    """Two things that belong together; `feedback` says why."""

    left: Text
    right: Text
    feedback: Text


@dataclass(frozen=True)
class Place:
    """One of the things to be put in order; `feedback` says why it stands where it stands."""

    text: Text
    feedback: Text


@dataclass(frozen=True, kw_only=True)
class Question:
    """What all kinds have. `lesson` is the lesson that teaches it; `because` is shown with the right answer."""

    id: str
    text: Text
    because: Text
    source: str = ""
    lesson: str = ""

    @property
    def own_session(self) -> bool:
        """Whether it is about the learner's own session."""
        return any(callable(value) for value in _leaves(self))


@dataclass(frozen=True, kw_only=True)
class SingleChoice(Question):
    """Exactly one option is right. `keep_order` leaves the options as they are written."""

    options: tuple[Option, ...]
    keep_order: bool = False


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(Question):
    """One or more options are right, and all of them are wanted."""

    options: tuple[Option, ...]
    keep_order: bool = False


@dataclass(frozen=True, kw_only=True)
class NumberQuestion(Question):
    """A number, with a tolerance. `otherwise` answers every wrong number that is not listed."""

    answer: Number
    otherwise: Text
    wrong: tuple[Wrong, ...] = ()
    tolerance: float = 0.0
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class ShortText(Question):
    """A word or two. Case and surrounding space do not count unless `exact`."""

    accepted: tuple[Text, ...]
    otherwise: Text
    wrong: tuple[Wrong, ...] = ()
    exact: bool = False


@dataclass(frozen=True, kw_only=True)
class Ordering(Question):
    """Things to be put in order; `places` are written in the right one."""

    places: tuple[Place, ...]


@dataclass(frozen=True, kw_only=True)
class Matching(Question):
    """Things to be put together. `distractors` are right-hand sides that belong to nothing."""

    pairs: tuple[Pair, ...]
    distractors: tuple[Text, ...] = ()


def resolved(question: Question, lab: Lab) -> Question:
    """The question with everything read from the learner's department. Raises what the department raises."""
    result: Question = _resolve(question, lab)
    return result


def _resolve(value: Any, lab: Lab) -> Any:
    if callable(value):
        return value(lab)
    if isinstance(value, tuple):
        return tuple(_resolve(one, lab) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _resolve(getattr(value, one.name), lab) for one in fields(value)})
    return value


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, tuple):
        for one in value:
            yield from _leaves(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
    else:
        yield value
