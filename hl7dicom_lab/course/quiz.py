"""A quiz in a running lesson: one or more questions, shown as a card or as text, answered as often as one likes.

    lab.quiz("04-q1")                 # shows it; answer in the card
    lab.quiz("04-q1").answer("b")     # the same without the card

Rules: the first answer counts for the score, and every later one still teaches; each is written to progress before its
feedback is seen; the key never leaves the kernel, so a saved notebook does not hold it. A quiz is asked anew whenever
its cell runs; a test goes on where it was left, with the learner's own answers out of progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hl7dicom_lab.course.marking import key, letters, mark, shown
from hl7dicom_lab.course.progress import Entry, Progress
from hl7dicom_lab.course.question import Question, resolved
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.shown import Shown
from hl7dicom_lab.verdict import Outcome, Verdict, not_attempted, not_checked, wrong

if TYPE_CHECKING:
    from hl7dicom_lab.lab import Lab

_RULE = "-" * 80
_SHOWN = wrong("shown", "The answer was looked at before one was given.")


class Quiz:
    """Questions in the order in which they are asked. Those of a test are numbered, and answered ones stay answered."""

    def __init__(self, questions: Sequence[Question], lab: Lab, progress: Progress, *, is_test: bool = False) -> None:
        self._lab = lab
        self._progress = progress
        self._is_test = is_test
        self._ready = {question.id: _ready(question, lab) for question in questions}
        self._answered = {question.id: [] for question in questions}  # type: dict[str, list[Verdict]]
        #: What each question was answered with before, last, and the verdict on it.
        self.earlier = {}  # type: dict[str, tuple[str, Verdict]]
        if is_test:
            self._recall()

    @property
    def ids(self) -> tuple[str, ...]:
        """The questions' ids, in order."""
        return tuple(self._ready)

    def question(self, question_id: str = "") -> Question:
        """A question as it is shown here. Raises `NotFound` where its part of the lesson has not been run."""
        ready = self._ready[self._named(question_id)]
        if isinstance(ready, str):
            raise NotFound(ready, where=question_id or self.ids[0], next_step="run the cells above, then this one")
        return ready

    def title(self, question_id: str) -> str:
        """How a question is headed: by its id, in a test also by its place."""
        if not self._is_test:
            return f"Question {question_id}"
        return f"Question {self.ids.index(question_id) + 1} of {len(self.ids)} ({question_id})"

    def answer(self, given: Any = ..., *, to: str = "") -> Verdict:
        """Answer a question; `to` names it where there are several. Never raises for what is answered."""
        question_id = self._named(to)
        question = self._ready[question_id]
        if given is ... or given is None:
            return not_attempted("Write your answer between the brackets, then run the cell again.")
        if isinstance(question, str):
            return not_checked(question)
        verdict = mark(question, given)
        if verdict.outcome in (Outcome.CORRECT, Outcome.INCORRECT):
            self._answered[question_id].append(verdict)
            self._progress.question(question_id, verdict.outcome, str(given))
            if self._is_test:
                self.earlier[question_id] = str(given), verdict
        return verdict

    def show_answer(self, to: str = "") -> Shown:
        """The right answer and why; the first answer has counted already, or counts for nothing from here on."""
        question = self.question(to)
        self._answered[question.id].append(_SHOWN)
        self._progress.answer_shown(question.id)
        return Shown(f"The answer is {key(question)}. {mark(question, key(question)).words}")

    def first_answers(self) -> Mapping[str, Verdict | None]:
        """The first verdict on each question, which counts; None where it was not answered here."""
        return {name: verdicts[0] if verdicts else None for name, verdicts in self._answered.items()}

    def _recall(self) -> None:
        """Take over what progress has of these questions, marked as it would be now."""
        for entry in self._progress.entries():
            if entry.id not in self._ready:
                continue
            if entry.what == "answer shown":
                self._answered[entry.id].append(_SHOWN)
            elif entry.what == "question":
                self._recall_answer(entry)

    def _recall_answer(self, entry: Entry) -> None:
        question = self._ready[entry.id]
        verdict = Verdict(Outcome.CORRECT if entry.outcome == Outcome.CORRECT else Outcome.INCORRECT)
        self._answered[entry.id].append(verdict)
        now = verdict if isinstance(question, str) else mark(question, entry.detail)
        # The question may have been written anew since, so that its old answer says something else, or nothing.
        self.earlier[entry.id] = entry.detail, now if now.outcome is verdict.outcome else verdict

    def _named(self, question_id: str) -> str:
        if not question_id and len(self._ready) == 1:
            return self.ids[0]
        if question_id in self._ready:
            return question_id
        raise NotFound(
            f"this quiz has no question {question_id!r}" if question_id else "this quiz has several questions",
            where="quiz",
            next_step="name one of " + ", ".join(self._ready) + ' with to="..."',
        )

    def __str__(self) -> str:
        return f"\n{_RULE}\n".join(self._text(question_id) for question_id in self._ready)

    __repr__ = __str__

    def _text(self, question_id: str) -> str:
        question = self._ready[question_id]
        if isinstance(question, str):
            return f"{self.title(question_id)}\n{question}"
        sheet = shown(question)
        lines = [self.title(question_id), str(question.text), ""]
        lines += [f"  {number}  {left}" for number, left in enumerate(sheet.lefts, 1)]
        lines += [""] if sheet.lefts else []
        lines += [f"  {letter}  {text}" for letter, text in letters(sheet.choices)]
        lines += [""] if sheet.choices else []
        lines += [f"Your answer is {sheet.how}."]
        if question_id in self.earlier:
            given, verdict = self.earlier[question_id]
            lines += ["", f"You have answered {given}. {verdict.heading}"]
        return "\n".join(lines)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from hl7dicom_lab.course.quiz_card import drawn

        for output in drawn(self):
            display(output, raw=True)  # type: ignore[no-untyped-call] # IPython has no types here


def _ready(question: Question, lab: Lab) -> Question | str:
    """The question, or why it cannot be asked yet: what it is about has not happened in this session."""
    try:
        return resolved(question, lab)
    except Exception:  # whatever is missing in the department, the answer for the learner is the same
        return "This question is about your own session. Run the cells above first, then run this cell again."
