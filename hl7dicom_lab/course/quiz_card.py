"""The quiz as a card in JupyterLab: forms that work by mouse, keyboard and screen reader.

Rules: the browser gets what is shown and never the key; an answer travels to the kernel, the verdict comes back and is
kept in the card's state, so that a card that is drawn again still shows it. Without JavaScript the text form stands.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hl7dicom_lab.course.marking import letters, shown
from hl7dicom_lab.course.question import Matching, MultipleChoice, NumberQuestion, Ordering, ShortText, SingleChoice
from hl7dicom_lab.errors import NotFound

if TYPE_CHECKING:
    from hl7dicom_lab.course.quiz import Quiz

#: `0` leaves the text form only: for stored outputs, which are the same on every machine.
VARIABLE = "HL7DICOM_LAB_WIDGETS"
_RUN_AGAIN = (
    "To answer, run this cell: Shift+Enter. If that says NameError, run the first code cell of the lesson before."
)
_HERE = Path(__file__).resolve().parent
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

    A card lives as long as its kernel. The line above it says what to do when a saved notebook is opened again; while
    the card is there, its style hides the line.
    """
    text = {"text/plain": str(quiz)}
    if os.environ.get(VARIABLE) == "0":
        return (text,)
    bundle: dict[str, Any] = _widget_of(quiz)._repr_mimebundle_()[0]
    return ({"text/plain": _RUN_AGAIN, "text/html": f'<p class="hl7dicom-run-again">{_RUN_AGAIN}</p>'}, bundle | text)


def asked(quiz: Quiz) -> list[dict[str, Any]]:
    """What the browser is told of each question: no key, no feedback."""
    return [_asked(quiz, question_id) for question_id in quiz.ids]


def _asked(quiz: Quiz, question_id: str) -> dict[str, Any]:
    try:
        question = quiz.question(question_id)
    except NotFound as problem:
        return {"id": question_id, "kind": "unready", "text": problem.what}
    sheet = shown(question)
    return {
        "id": question_id,
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
    verdict = quiz.answer(given, to=question_id)
    outcome = verdict.outcome.name.lower()
    return {"outcome": outcome, "heading": verdict.heading, "words": verdict.words, "given": given}


def _widget_of(quiz: Quiz) -> Any:
    import anywidget
    import traitlets

    class QuizCard(anywidget.AnyWidget):
        """One card; its state in the browser is `questions` and `replies`."""

        _esm = _HERE / "quiz_card.js"
        _css = _HERE / "quiz_card.css"
        questions: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
        replies: traitlets.Dict[str, dict[str, str]] = traitlets.Dict().tag(sync=True)

    widget = QuizCard(questions=asked(quiz))

    def answered(_: Any, message: Any, __: Any) -> None:
        """An answer from the browser, or the wish to see the right one."""
        question_id = str(message.get("id", ""))
        if question_id not in quiz.ids:
            return
        widget.replies = {**widget.replies, question_id: _reply(quiz, question_id, message)}

    widget.on_msg(answered)
    return widget
