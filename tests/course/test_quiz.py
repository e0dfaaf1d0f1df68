"""A quiz in a running lesson: shown as text, answered, written down, and never giving its key away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.course import quiz_card
from hl7dicom_lab.course.lesson import LessonLab, open_lesson
from hl7dicom_lab.course.progress import VARIABLE, Progress
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.verdict import Outcome
from hl7dicom_lab.views import live


@pytest.fixture
def progress_path(tmp_path: Path) -> Path:
    return tmp_path / "progress.jsonl"


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, progress_path: Path) -> Iterator[LessonLab]:
    monkeypatch.setenv(VARIABLE, str(progress_path))
    opened = open_lesson("00")
    yield opened
    opened.stop()


def test_the_text_form_has_everything_and_says_how_to_answer(lab: LessonLab) -> None:
    text = str(lab.quiz("00-q1"))
    assert text.startswith("Question 00-q1\n")
    assert "\n  a  " in text
    assert text.endswith('Your answer is a letter, such as "b".')


def test_an_answer_is_on_disk_before_its_feedback_is_seen(lab: LessonLab, progress_path: Path) -> None:
    verdict = lab.quiz("00-q1").answer("b")
    assert verdict.outcome is Outcome.INCORRECT
    last = Progress(progress_path).entries()[-1]
    assert (last.what, last.id, last.outcome, last.detail) == ("question", "00-q1", "not yet", "b")
    assert lab.quiz("00-q1").answer("a").correct


def test_a_blank_or_unreadable_answer_is_not_counted(lab: LessonLab, progress_path: Path) -> None:
    assert lab.quiz("00-q1").answer().outcome is Outcome.NOT_ATTEMPTED
    assert lab.quiz("00-q1").answer(...).outcome is Outcome.NOT_ATTEMPTED
    assert lab.quiz("00-q1").answer("?").outcome is Outcome.NOT_CHECKED
    assert [entry.what for entry in Progress(progress_path).entries()] == ["lesson"]


def test_a_question_about_the_own_session_waits_for_it(lab: LessonLab) -> None:
    quiz = lab.quiz("00-q2")
    assert quiz.answer(0).correct, "nothing is ordered yet"
    lab.emr.place(story.order())
    assert lab.quiz("00-q2").answer(1).correct


def test_a_question_whose_subject_is_missing_says_what_to_run(lab: LessonLab) -> None:
    from hl7dicom_lab.course.question import NumberQuestion
    from hl7dicom_lab.course.quiz import Quiz

    question = NumberQuestion(
        id="x-q1", text=lambda one: one.ris.steps()[0].accession_number, because="b", answer=1, otherwise="o"
    )
    quiz = Quiz([question], lab, Progress(None))
    assert "Run the cells above first" in str(quiz)
    assert quiz.answer(1).outcome is Outcome.NOT_CHECKED
    assert quiz_card.asked(quiz)[0]["kind"] == "unready"


def test_several_questions_are_answered_by_name(lab: LessonLab) -> None:
    quiz = lab.quiz("00-q1", "00-q3")
    assert quiz.answer("aa", to="00-q3").correct
    assert {name: bool(verdict) for name, verdict in quiz.first_answers().items()} == {"00-q1": False, "00-q3": True}
    with pytest.raises(NotFound, match="several questions"):
        quiz.answer("a")
    with pytest.raises(NotFound, match="no question '00-q9'"):
        quiz.answer("a", to="00-q9")


def test_the_answer_can_be_looked_at_and_then_does_not_count(lab: LessonLab, progress_path: Path) -> None:
    quiz = lab.quiz("00-q1")
    assert str(quiz.show_answer()).startswith("The answer is a.")
    assert quiz.answer("a").correct
    first = quiz.first_answers()["00-q1"]
    assert first is not None
    assert not first.correct
    assert [entry.what for entry in Progress(progress_path).entries()] == ["lesson", "answer shown", "question"]


def test_an_unknown_question_names_those_that_are_there(lab: LessonLab) -> None:
    with pytest.raises(NotFound, match="00-q1, 00-q2"):
        lab.quiz("00-q77")
    with pytest.raises(NotFound, match='ids look like "04-e1"'):
        lab.quiz("nonsense")


def test_the_browser_is_told_no_key_and_no_feedback(lab: LessonLab) -> None:
    quiz = lab.quiz("00-q1", "00-q2", "00-q3", "00-q4")
    sent = quiz_card.asked(quiz)
    assert {frozenset(one) for one in sent} == {frozenset({"id", "title", "kind", "text", "choices", "lefts", "unit"})}
    text = json.dumps(sent)
    assert "It starts the department" not in text, "the feedback of the right option"
    assert '"AA"' not in text


def test_cards_can_be_switched_off(lab: LessonLab, monkeypatch: pytest.MonkeyPatch) -> None:
    quiz = lab.quiz("00-q1")
    monkeypatch.setenv(live.VARIABLE, "0")
    assert quiz_card.drawn(quiz) == ({"text/plain": str(quiz)},)
    monkeypatch.delenv(live.VARIABLE)
    static, card = quiz_card.drawn(quiz)
    assert static["text/plain"] == str(quiz)
    assert "run this cell" in static["text/html"]
    assert set(card) == {"text/plain", "application/vnd.jupyter.widget-view+json"}


def test_the_card_answers_by_message_and_keeps_its_replies(lab: LessonLab) -> None:
    quiz = lab.quiz("00-q1", "00-q2")
    widget = live.widget("quiz_card", {"questions": quiz_card.asked(quiz)}, partial(quiz_card._answered, quiz))

    def send(**message: Any) -> None:
        widget._handle_custom_msg(message, [])

    send(id="00-q1", answer="b")
    assert widget.reply["00-q1"]["outcome"] == "incorrect"
    assert widget.reply["00-q1"]["given"] == "b"
    send(id="00-q2", answer="0")
    assert widget.reply["00-q2"]["heading"] == "✓ Correct."
    send(id="00-q1", show=True)
    assert widget.reply["00-q1"]["words"].startswith("The answer is a.")
    before = widget.reply
    send(id="elsewhere", answer="a")
    send()
    assert widget.reply == before
