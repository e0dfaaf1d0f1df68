"""A class of learners who are spread over the course, the same at every run."""

from __future__ import annotations

import random
from dataclasses import asdict

from hl7dicom_lab.classroom.catalogue import exercises, questions
from hl7dicom_lab.classroom.record import Kept
from hl7dicom_lab.course import contents
from hl7dicom_lab.course.lessons import LESSONS
from hl7dicom_lab.course.question import Question, SingleChoice

BOOK = "0123456789abcdef"
#: Exercises that the class finds hard, and how many in a hundred do not get through.
_HARD = {"02-e3": 15, "03-e2": 25, "04-e2": 45, "05-e1": 30, "04-e4": 35}
_NAMES = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heron", "Inlet", "Juniper")


def aliases(count: int = 40) -> list[str]:
    """Names of places, and some that are hard to draw."""
    strange = ["<script>alert(1)</script>", "=1+2", "Ünal 李明", "A very long alias of the forty letters given"[:40]]
    return [*strange, *(f"{_NAMES[place % 10]} {place // 10 + 1}" for place in range(count - len(strange)))][:count]


def entries(place: int) -> list[Kept]:
    """What the learner at a place in the class has done."""
    dice = random.Random(place)
    done: list[tuple[str, str, str, str]] = []
    for lesson in LESSONS[: 3 + place % 4 + dice.randrange(2)]:
        done.append(("lesson", lesson.number, "", ""))
        for question in contents.questions_of(lesson.number):
            done += _asked(question.id, dice)
        for exercise in contents.exercises_of(lesson.number):
            tried, through = _tried(exercise.id, dice)
            done += tried
            if not through:
                return _numbered(done)
    return _numbered(done)


def _asked(question_id: str, dice: random.Random) -> list[tuple[str, str, str, str]]:
    question = questions()[question_id]
    right = ("question", question_id, "correct", "")
    if dice.random() > 0.3:
        return [right]
    return [("question", question_id, "not yet", _wrong(question, dice)), right]


def _wrong(question: Question, dice: random.Random) -> str:
    if isinstance(question, SingleChoice):
        return "abcd"[dice.randrange(len(question.options))]
    listed = [str(one.value) for one in getattr(question, "wrong", ()) if not callable(one.value)]
    kinds = {"MultipleChoice": "missing", "Matching": "pairs", "Ordering": "place 2"}
    return listed[dice.randrange(len(listed))] if listed else kinds.get(type(question).__name__, "other")


def _tried(exercise_id: str, dice: random.Random) -> tuple[list[tuple[str, str, str, str]], bool]:
    names = [one.name for one in exercises()[exercise_id].mistakes] or ["raises"]
    fails = dice.randrange(100) < _HARD.get(exercise_id, 3)
    count = dice.randrange(1, 6) if fails else dice.randrange(3) // 2
    tried = [("exercise", exercise_id, "not yet", names[dice.randrange(min(3, len(names)))]) for _ in range(count)]
    if fails:
        return [*tried, ("hint", exercise_id, "", "1")] if dice.random() < 0.5 else tried, False
    return [*tried, ("exercise", exercise_id, "correct", "")], True


def _numbered(done: list[tuple[str, str, str, str]]) -> list[Kept]:
    return [Kept(BOOK, number, *one) for number, one in enumerate(done)]


def as_json(kept: list[Kept]) -> list[dict[str, object]]:
    """As it is sent."""
    return [asdict(one) for one in kept]
