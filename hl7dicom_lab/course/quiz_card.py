"""The quiz as a card in JupyterLab: forms that work by mouse, keyboard and screen reader.

Rules: the browser gets what is shown and never the key; an answer travels to the kernel, the verdict comes back and is
kept in the card's state, so that a card that is drawn again still shows it. Without JavaScript the text form stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from hl7dicom_lab.course.marking import letters, shown
from hl7dicom_lab.course.question import Matching, MultipleChoice, NumberQuestion, Ordering, ShortText, SingleChoice
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.verdict import Verdict
from hl7dicom_lab.views import live

if TYPE_CHECKING:
    from hl7dicom_lab.course.quiz import Quiz

_RUN_AGAIN = (
    "To answer, run this cell: Shift+Enter. If that says NameError, run the first code cell of the lesson before."
)
_KINDS = {
    SingleChoice: "single",
    MultipleChoice: "multiple",
    NumberQuestion: "number",
    ShortText: "text",
    Ordering: "ordering",
    Matching: "matching",
}


def drawn(quiz: Quiz) -> tuple[dict[str, Any], ...]:
    """The outputs that show a quiz, by mime type: a card, or the text form alone where widgets are switched off.

    The line above a card says what to do when a saved notebook is opened again.
    """
    if not live.switched_on():
        return ({"text/plain": str(quiz)},)
    earlier = {name: _told(verdict, given) for name, (given, verdict) in quiz.earlier.items()}
    state = {"questions": asked(quiz), "earlier": earlier}
    again = f"<p>{_RUN_AGAIN}</p>"
    return live.outputs("quiz_card", state, text=str(quiz), html=again, on_message=partial(_answered, quiz))


def asked(quiz: Quiz) -> list[dict[str, Any]]:
    """What the browser is told of each question: no key, no feedback."""
    return [_asked(quiz, question_id) for question_id in quiz.ids]


def _asked(quiz: Quiz, question_id: str) -> dict[str, Any]:
    try:
        question = quiz.question(question_id)
    except NotFound as problem:
        return {"id": question_id, "title": quiz.title(question_id), "kind": "unready", "text": problem.what}
    sheet = shown(question)
    return {
        "id": question_id,
        "title": quiz.title(question_id),
        "kind": _KINDS[type(question)],
        "text": str(question.text),
        "choices": letters(sheet.choices),
        "lefts": list(sheet.lefts),
        "unit": getattr(question, "unit", ""),
    }


def _reply(quiz: Quiz, question_id: str, message: Any) -> dict[str, str]:
    if message.get("show"):
        return {"outcome": "shown", "heading": "", "words": quiz.show_answer(question_id).words}
    given = str(message.get("answer", ""))
    return _told(quiz.answer(given, to=question_id), given)


def _told(verdict: Verdict, given: str) -> dict[str, str]:
    outcome = verdict.outcome.name.lower()
    return {"outcome": outcome, "heading": verdict.heading, "words": verdict.words, "given": given}


def _answered(quiz: Quiz, message: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the card shows for a message: an answer, or the wish to see the right one."""
    question_id = str(message.get("id", ""))
    if question_id not in quiz.ids:
        return {}
    asked = message.get("asked")  # goes back as it came: a reply that equals the last one would not travel
    return {question_id: _reply(quiz, question_id, message) | {"asked": asked if type(asked) is int else 0}}
