"""The frame of an exercise: blanks, whatever a learner may give, and nothing that raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hl7dicom_lab.course.exercise import Exercise, Mistake, OpenExercise, blank, call
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.verdict import Outcome, Verdict, right, wrong


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


def exercise(check: Any) -> Exercise:
    mistakes = (Mistake("a", "x = 1", "says"),)
    return Exercise("00-e9", "t", "x", check, ("h1", "h2", "h3"), "x = 42\nlab.pacs.studies()", mistakes)


def opened(check: Any, lab: Lab) -> tuple[OpenExercise, Progress]:
    progress = Progress(None)
    return OpenExercise(exercise(check), lab, progress), progress


@pytest.mark.parametrize(
    "answer", [..., None, "", " ", "...", [...], (1, ...), {"a": ...}, {"a": [...]}, {"a": ""}, [{"b": ...}]]
)
def test_blanks(answer: object) -> None:
    assert blank(answer)


@pytest.mark.parametrize("answer", [0, "x", [], {}, b"", [""], False, {"a": 0}, object()])
def test_no_blanks(answer: object) -> None:
    assert not blank(answer)


@pytest.mark.parametrize(
    ("raised", "outcome", "part"),
    [
        (KeyError("PID"), Outcome.NOT_CHECKED, "KeyError"),
        (NotFound("x", where="PID-3", next_step="y"), Outcome.NOT_CHECKED, "PID-3: x. Next step: y"),
        (RecursionError(), Outcome.NOT_CHECKED, "another form"),
    ],
)
def test_a_check_that_fails_blames_nobody(lab: Lab, raised: Exception, outcome: Outcome, part: str) -> None:
    def check(_: Lab, __: Any) -> Verdict:
        raise raised

    one, progress = opened(check, lab)
    verdict = one.check(5)
    assert verdict.outcome is outcome
    assert part in verdict.words
    assert progress.entries() == ()


def test_a_function_is_called_and_its_faults_are_told(lab: Lab) -> None:
    one, _ = opened(lambda _, answer: right("well") if call(answer, 2) == 4 else wrong("other", "not so"), lab)
    assert one.check(lambda number: number * 2).correct
    assert one.check(lambda _: ...).outcome is Outcome.NOT_ATTEMPTED
    assert one.check(lambda number: number / 0).words == "Your function raises ZeroDivisionError: division by zero."
    assert "gives back nothing" in one.check(lambda _: None).words
    assert "expects a function" in one.check(7).words
    assert "takes 0 positional arguments" in one.check(lambda: 4).words


def test_only_real_attempts_are_written_down(lab: Lab) -> None:
    one, progress = opened(lambda _, answer: right("ok") if answer == 42 else wrong("other", "no"), lab)
    one.check(...)
    one.check(7)
    one.hint()
    one.solution()
    one.check(42)
    assert [(entry.what, entry.outcome) for entry in progress.entries()] == [
        ("exercise", "not yet"),
        ("hint", ""),
        ("solution", ""),
        ("exercise", "correct"),
    ]


def test_use_gives_back_what_is_right_and_else_the_reference(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    one, progress = opened(lambda _, answer: right("ok") if answer in (42, 43) else wrong("other", "no"), lab)
    assert one.use(43) == 43
    assert capsys.readouterr().out == ""
    assert one.use(7) == one.use(...) == 42
    assert "goes on with the solution" in capsys.readouterr().out
    assert progress.entries() == ()


def test_a_verdict_is_escaped_and_its_outcome_is_a_word() -> None:
    verdict = wrong("m", "<script>alert(1)</script>\nnext")
    assert str(verdict) == "✗ Not yet. <script>alert(1)</script>\nnext"
    html = verdict._repr_html_()
    assert "<script>" not in html
    assert "<br>next" in html
    assert 'role="status"' in html
    assert "Not yet." in html
