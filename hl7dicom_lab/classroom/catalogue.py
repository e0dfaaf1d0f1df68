"""What the course holds, as the classroom needs it: which ids there are, what they are called, a mistake in words.

Rules: an id that the course does not have is refused, and of mistakes only names that the course has are kept, so that
nobody writes sentences into the instructor's page; the words are the course's own, never a learner's. A question about
the learner's own session has no words without that session, and is told by its form.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from functools import cache

from pydicom.datadict import tag_for_keyword

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.exercise import Exercise
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.marking import mark, shown
from hl7dicom_lab.course.question import NumberQuestion, Question, ShortText, SingleChoice
from hl7dicom_lab.verdict import Outcome

_TESTS = 1_000_000
#: What `marking.mark` calls the errors of questions that have no listed wrong answers.
_KINDS_OF_ERRORS = {
    "surplus": "chose an option that does not belong to it",
    "missing": "left out an option",
    "pairs": "put things together that do not belong together",
    "other": "another value than those that the course knows",
}

#: Names of rare mistakes, which checks of exercises give and no exercise lists. A test finds them all.
_UNLISTED = frozenset(
    (
        *("raises", "capitals", "characters", "count", "earlier try", "empty", "event", "form", "lost", "twice"),
        *("images of another patient", "missing segment", "no answer", "no control id", "no data set", "no text"),
        *("no dictionary", "no header", "no list", "no message", "no order", "no order yet", "no pair", "not current"),
        *("nothing arrived", "nothing found", "order control", "other start", "other studies", "other type"),
        *("own day", "part of it", "procedure", "report of another patient", "sex", "started too late"),
        *("told by the order", "too many", "two events", "unreadable"),
    )
)
#: A mistake that is named after an attribute: `no PatientID`, `StudyDate misplaced`.
_OF_AN_ATTRIBUTE = re.compile(
    r"(?:(?:no|missing|root of|form of|RequestAttributesSequence) )?([A-Z][A-Za-z]+)(?: not asked for| misplaced)?"
)


@cache
def exercises() -> dict[str, Exercise]:
    """Every exercise by its id."""
    return {one.id: one for lesson in LESSONS for one in contents.exercises_of(lesson.number)}


@cache
def questions() -> dict[str, Question]:
    """Every question by its id, those of the bank of lesson 11 too."""
    return {one.id: one for lesson in LESSONS for one in contents.questions_of(lesson.number)}


@cache
def _lessons() -> frozenset[str]:
    return frozenset(lesson.number for lesson in LESSONS)


@cache
def _tickets() -> frozenset[str]:
    from hl7dicom_lab.tickets.all_tickets import TICKETS

    return frozenset(one.letter for one in TICKETS)


def ids_of(what: str) -> Collection[str] | None:
    """The ids that an entry of this kind may have; None for tests, which have numbers."""
    match what:
        case "lesson":
            return _lessons()
        case "exercise" | "hint" | "solution":
            return exercises().keys()
        case "question" | "answer shown":
            return questions().keys()
        case "ticket":
            return _tickets()
    return None


def is_known(what: str, entry_id: str) -> bool:
    """Whether the course has this lesson, exercise, question or ticket, or can draw this test."""
    known = ids_of(what)
    if known is not None:
        return entry_id in known
    return entry_id.isascii() and entry_id.isdecimal() and len(entry_id) < 8 and 0 < int(entry_id) < _TESTS


def lesson_of(what: str, entry_id: str) -> str:
    """The number of the lesson that an entry belongs to."""
    if what == "test":
        return "11"
    return "10" if what == "ticket" else entry_id.partition("-")[0]


def title_of(entry_id: str) -> str:
    """What an exercise is called, or what a question asks, on one line."""
    if entry_id in exercises():
        return exercises()[entry_id].title
    text = questions()[entry_id].text if entry_id in questions() else ""
    if callable(text):
        return "A question about the learner's own session"
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) <= 120 else f"{first[:117].rstrip()}..."


def mistake_in(question_id: str, given: str) -> str:
    """The name of the mistake in a wrong answer: the letter of an option, a listed wrong value, or the kind of error.

    Run at the learner's side: what was typed goes in, a name that the course knows comes out, or nothing.
    """
    question = questions().get(question_id)
    if question is None:
        return ""
    if isinstance(question, SingleChoice):
        letter = given.strip().lower()
        known = string.ascii_lowercase[: len(question.options)]
        return letter if len(letter) == 1 and letter in known else ""
    if question.own_session:
        return ""
    verdict = mark(question, given)
    return verdict.mistake if verdict.outcome is Outcome.INCORRECT else ""


def known_mistake(entry_id: str, name: str) -> str:
    """The name of a mistake, if the course has it for this exercise or question; else nothing."""
    if name in names_of(entry_id):
        return name
    if entry_id not in exercises():
        return name if re.fullmatch(r"place [1-9]", name) else ""
    keyword = _OF_AN_ATTRIBUTE.fullmatch(name)
    return name if keyword and tag_for_keyword(keyword[1]) is not None else ""


@cache
def names_of(entry_id: str) -> frozenset[str]:
    """The names of mistakes that an exercise or a question has."""
    if entry_id in exercises():
        return frozenset(one.name for one in exercises()[entry_id].mistakes) | _UNLISTED
    question = questions().get(entry_id)
    if isinstance(question, SingleChoice):
        return frozenset(string.ascii_lowercase[: len(question.options)])
    if question is None or question.own_session:
        return frozenset(_KINDS_OF_ERRORS)
    listed = question.wrong if isinstance(question, (NumberQuestion, ShortText)) else ()
    return frozenset(_KINDS_OF_ERRORS).union(mark(question, str(one.value)).mistake for one in listed)


def mistake_in_words(entry_id: str, mistake: str) -> str:
    """A mistake as the instructor reads it."""
    if not mistake:
        return "a wrong answer"
    if entry_id in exercises():
        return _exercise_mistake(exercises()[entry_id], mistake)
    question = questions().get(entry_id)
    if isinstance(question, SingleChoice):
        return _option(question, mistake)
    if mistake in _KINDS_OF_ERRORS:
        return _KINDS_OF_ERRORS[mistake]
    return f"the order goes wrong at {mistake}" if mistake.startswith("place ") else f"answered {mistake}"


def _exercise_mistake(exercise: Exercise, mistake: str) -> str:
    """The name, and a part of what the learner is told of it."""
    if mistake == "raises":
        return "the code raises an error"
    says = next((one.says for one in exercise.mistakes if one.name == mistake), "")
    return f'{mistake} ("… {says} …")' if says else mistake


def _option(question: SingleChoice, letter: str) -> str:
    place = string.ascii_lowercase.find(letter)
    if question.own_session or not 0 <= place < len(question.options):
        return f"option {letter}"
    return f"{letter}: {shown(question).choices[place]}"
