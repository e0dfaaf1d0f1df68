"""What counts, and how it is shown and taken away."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from hl7dicom_lab.course import contents
from hl7dicom_lab.course.certificate import Certificate
from hl7dicom_lab.course.dashboard import Dashboard, Standing
from hl7dicom_lab.course.drawn_test import draw
from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.verdict import Outcome, right, wrong


@pytest.fixture
def progress() -> Progress:
    return Progress(None, lambda: "2026-03-02T08:00:00+00:00")


def test_the_first_answer_counts_and_a_later_right_one_shows_that_it_was_learned(progress: Progress) -> None:
    progress.question("00-q1", Outcome.INCORRECT, "b")
    progress.question("00-q1", Outcome.CORRECT, "a")
    progress.question("00-q2", Outcome.CORRECT, "1")
    progress.answer_shown("00-q3")
    progress.question("00-q3", Outcome.CORRECT, "AA")
    standing = Standing.of(progress.entries())
    assert standing.first_answers == {"00-q1": False, "00-q2": True, "00-q3": False}
    assert standing.learned == {"00-q1", "00-q2", "00-q3"}


def test_an_exercise_is_solved_once_and_with_help_where_its_solution_was_seen_before(progress: Progress) -> None:
    progress.exercise("00-e1", wrong("other", "..."))
    assert Standing.of(progress.entries()).solved == set()
    progress.solution("00-e1")
    progress.exercise("00-e1", right("..."))
    standing = Standing.of(progress.entries())
    assert standing.solved == standing.with_solution == {"00-e1"}


def test_a_lesson_is_done_when_everything_in_it_is(progress: Progress) -> None:
    progress.lesson("00")
    progress.exercise("00-e1", right("..."))
    for question in contents.questions_of("00"):
        line = Dashboard.line(find_lesson("00"), progress)
        assert not line.done
        progress.question(question.id, Outcome.INCORRECT, "x")
    line = Dashboard.line(find_lesson("00"), progress)
    assert line.done
    assert line.words == "Your progress in this lesson: 1 of 1 exercise, 4 of 4 questions."
    assert "✓ 00 Start here" in str(Dashboard.of(progress))


def test_of_lesson_11_the_drawn_tests_count_and_not_their_bank(progress: Progress) -> None:
    lesson = find_lesson("11")
    line = Dashboard.line(lesson, progress)
    assert line.words == "Your progress in this lesson: no test taken yet."
    assert (line.questions, line.done) == (20, False)
    assert "test 1: not taken" in str(Dashboard.of(progress))
    progress.test(1)
    progress.test(3)
    progress.test(1)
    bank = contents.questions_of("11")
    for place, question in enumerate(draw(bank, 1)):
        progress.question(question.id, Outcome.INCORRECT if place % 3 else Outcome.CORRECT, "x")
    progress.question(draw(bank, 3)[0].id, Outcome.CORRECT, "x")
    dashboard = Dashboard.of(progress)
    line = Dashboard.line(lesson, progress)
    assert line.words == "Your progress in this lesson: test 1, 20 of 20 questions; test 3, 1 of 20 questions."
    assert (line.questions, line.answered, line.right_at_first, line.done) == (40, 21, 8, True)
    for form in (str(dashboard), dashboard._repr_html_()):
        assert "test 1: 20 of 20, test 3: 1 of 20" in form
        assert "7, 1" in form
        assert str(len(bank)) not in form
    (row,) = [row for row in csv.DictReader(io.StringIO(dashboard.csv())) if row["number"] == "11"]
    assert row["tests"] == "test 1: 20 of 20; test 3: 1 of 20"
    assert json.loads(dashboard.json())[-1]["tests"][1]["answered"] == 1


def test_a_test_number_that_no_test_has_is_left_out(progress: Progress) -> None:
    progress._add("test", "0")
    progress._add("test", "x")
    assert Dashboard.line(find_lesson("11"), progress).tests == ()


def test_it_goes_out_as_csv_and_json_with_a_line_for_each_lesson(progress: Progress) -> None:
    progress.lesson("04")
    dashboard = Dashboard.of(progress)
    rows = list(csv.DictReader(io.StringIO(dashboard.csv())))
    assert [row["number"] for row in rows] == [lesson.number for lesson in LESSONS]
    assert [row["opened"] for row in rows if row["number"] == "04"] == ["True"]
    assert [row["title"] for row in json.loads(dashboard.json())] == [lesson.title for lesson in LESSONS]


def test_the_html_form_says_the_same(progress: Progress) -> None:
    html = Dashboard.of(progress)._repr_html_()
    assert all(lesson.title in html for lesson in LESSONS)
    assert html.count('scope="col"') == 5


def test_a_certificate_is_honest_and_drawn(progress: Progress, tmp_path: Path) -> None:
    certificate = Certificate.of("  <b>Ana</b>\n $x$ ", progress)
    assert certificate.name == "<b>Ana</b> $x$"
    assert "self-assessment" in str(certificate)
    assert "&lt;b&gt;Ana&lt;/b&gt;" in certificate._repr_html_()
    assert certificate.save(tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert certificate.save(tmp_path / "c.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(SetupError, match=r"ends in \.png or \.pdf"):
        certificate.save(tmp_path / "c.xyz")
    for name in ("", "A" * 300, "山田太郎"):
        assert Certificate.of(name, progress).save(tmp_path / "c.png").is_file()


def test_a_certificate_tells_what_was_shown(progress: Progress) -> None:
    assert Certificate.of("A", progress).day == ""
    exercise, question = contents.exercises_of("04")[0], contents.questions_of("04")[0]
    progress.solution(exercise.id)
    progress.exercise(exercise.id, right("..."))
    progress.question(question.id, Outcome.CORRECT, "a")
    certificate = Certificate.of("A", progress)
    assert certificate.day == "2026-03-02"
    shown = next(one for one in certificate.skills if one.lesson.number == "04")
    assert (shown.solved, shown.with_solution, shown.right, shown.answered) == (1, 1, 1, 1)
    assert "exercises 1 of" in str(certificate)
    assert "(1 with the solution seen)" in str(certificate)
