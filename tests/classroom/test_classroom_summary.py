"""What the instructor reads out of the entries: who is stuck, what holds the room up, and the files to take away."""

import csv
import io
import json

import pytest
from invented_class import aliases, entries

from hl7dicom_lab.classroom import exports
from hl7dicom_lab.classroom.catalogue import exercises, is_known, mistake_in, mistake_in_words, questions, title_of
from hl7dicom_lab.classroom.record import DETAIL_LENGTH, Kept
from hl7dicom_lab.classroom.standing import LearnerStanding
from hl7dicom_lab.classroom.store import Learner, Received
from hl7dicom_lab.classroom.summary import summary_of
from hl7dicom_lab.course.marking import key
from hl7dicom_lab.course.question import NumberQuestion, ShortText, SingleChoice


def standing(*done):
    """A standing; an entry is (what, id, outcome, detail), received minute by minute."""
    kept = [Kept("b", number, *one) for number, one in enumerate(done)]
    return LearnerStanding.of(Received(one, f"2026-03-02T08:{one.number:02}:00+00:00") for one in kept)


def wrong(entry_id="04-e1", mistake="day missing"):
    return ("question" if "-q" in entry_id else "exercise", entry_id, "not yet", mistake)


def right(entry_id="04-e1"):
    return ("question" if "-q" in entry_id else "exercise", entry_id, "correct", "")


def class_of(**standings):
    return summary_of((Learner(number, name), one) for number, (name, one) in enumerate(standings.items(), 1))


def whole_class(count=40):
    for place, alias in enumerate(aliases(count)):
        yield (
            Learner(place + 1, alias),
            LearnerStanding.of(Received(one, "2026-03-02T08:00:00+00:00") for one in entries(place)),
        )


@pytest.mark.parametrize(
    ("done", "stuck"),
    [
        ([wrong()] * 3, "04-e1"),
        ([wrong()] * 2, ""),
        ([*[wrong()] * 3, right()], ""),
        ([*[wrong()] * 3, ("solution", "04-e1", "", "")], ""),
        ([*[wrong()] * 3, ("hint", "04-e1", "", "1")], "04-e1"),
        ([*[wrong()] * 3, wrong("04-e2")], ""),  # gone on: not where they are now
        ([*[wrong("04-q1", "a")] * 3], "04-q1"),
        ([*[wrong("04-q1", "a")] * 3, ("answer shown", "04-q1", "", "")], ""),
        ([right(), *[wrong()] * 5], ""),
        ([], ""),
    ],
)
def test_who_is_stuck(done, stuck):
    found = standing(("lesson", "04", "", ""), *done)
    assert (found.stuck_at.id if found.stuck_at else "") == stuck
    if stuck:
        assert found.stuck_at.since == "2026-03-02T08:01:00+00:00"


def test_who_went_on_is_still_marked_in_the_lesson():
    (row,) = class_of(robin=standing(*[wrong()] * 3, right("05-e1"))).rows
    assert (row.cells[4].state, row.cells[5].state, row.stuck) == ("stuck", "under way", "")


def test_who_has_been_stuck_longest_stands_first():
    later = standing(("lesson", "04", "", ""), ("lesson", "04", "", ""), *[wrong()] * 3)
    found = class_of(later=later, sooner=standing(*[wrong()] * 3), well=standing(right()))
    assert [row.alias for row in found.longest_stuck] == ["sooner", "later"]


def test_what_holds_the_room_up_is_what_most_try_without_success():
    found = class_of(
        a=standing(wrong(), wrong(), wrong(mistake="date form")),
        b=standing(wrong(mistake="date form"), wrong("04-e2", "")),
        c=standing(wrong(), wrong(), right()),
        d=standing(wrong("00-q1", "a"), right("00-q1")),
    )
    first, second = found.hold_ups
    assert (first.id, first.trying, first.stuck, first.solved) == ("04-e1", 2, 1, 1)
    assert (first.mistake, first.times) == ('date form ("… A date is eight digits …")', 2)
    assert (second.id, second.mistake) == ("04-e2", "a wrong answer")
    (answer,) = found.wrong_answers
    assert (answer.id, answer.learners, answer.answered) == ("00-q1", 1, 1)
    assert answer.answer.startswith("a: ")


def test_a_lesson_is_done_as_the_dashboard_has_it():
    done = [right(one) for one in [*exercises(), *questions()] if one.startswith("04-")]
    (row,) = class_of(robin=standing(*done)).rows
    assert (row.cells[4].state, row.cells[4].have) == ("done", row.cells[4].of)


def test_every_mistake_of_the_course_can_be_named_and_is_in_words():
    for one in exercises().values():
        for mistake in one.mistakes:
            assert len(mistake.name) <= DETAIL_LENGTH
            assert mistake_in_words(one.id, mistake.name)
    for one in questions().values():
        assert title_of(one.id)
        if isinstance(one, (NumberQuestion, ShortText)) and not one.own_session:
            for listed in one.wrong:
                name = mistake_in(one.id, str(listed.value))
                assert 0 < len(name) <= DETAIL_LENGTH, one.id
                assert mistake_in_words(one.id, name)
        if not one.own_session and not callable(one.text):
            assert mistake_in(one.id, key(one)) == "" or isinstance(one, SingleChoice)
        assert "secret" not in mistake_in(one.id, "my secret")


@pytest.mark.parametrize("mistake", ["", "z", "zz", "place 3", "surplus", "<b>", "a" * 60])
def test_a_mistake_that_the_course_does_not_have_is_still_told(mistake):
    for entry_id in ("04-e1", "04-q1", "04-q2", "11-01-01", "no such thing"):
        assert mistake_in_words(entry_id, mistake)


def test_a_ticket_and_a_test_are_known_and_others_are_not():
    assert is_known("ticket", "D")
    assert is_known("test", "7")
    assert not is_known("ticket", "d")
    assert not is_known("test", "10000000")


# ---- taken away


def table(raw):
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_the_gradebook_has_a_line_for_each_learner_and_lesson():
    raw = exports.gradebook_csv(whole_class())
    assert raw.startswith(b"\xef\xbb\xbflearner,lesson,")
    rows = table(raw)
    assert len(rows) == 40 * 12
    assert rows[0]["learner"] == "<script>alert(1)</script>"
    assert {one["learner"] for one in rows if "Ünal" in one["learner"]} == {"Ünal 李明"}
    same = json.loads(exports.gradebook_json(whole_class()))
    assert [(one["lesson"], str(one["solved"])) for one in same] == [(one["lesson"], one["solved"]) for one in rows]


@pytest.mark.parametrize(
    "alias", ["=1+2", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "＝1+2", " =1", '=HYPERLINK("x")']
)
def test_no_spreadsheet_takes_an_alias_for_a_formula(alias):
    learner = [(Learner(1, alias), standing())]
    for raw in (exports.gradebook_csv(learner), exports.nbgrader_csv(learner)):
        assert f"'{alias}" in {value for row in table(raw) for value in row.values()}
    assert json.loads(exports.gradebook_json(learner))[0]["learner"] == alias


def test_nbgraders_columns_are_nbgraders():
    raw = exports.nbgrader_csv(whole_class(3))
    assert raw.startswith(
        b"assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
    )
    rows = table(raw)
    assert len(rows) == 3 * 12
    assert [one["assignment"] for one in rows[::3]][:2] == ["00_start_here", "01_two_languages"]
    assert all(0 <= float(one["score"]) <= float(one["max_score"]) for one in rows)
    assert any(float(one["score"]) for one in rows)


def test_the_text_says_what_the_page_says():
    text = exports.summary_text(summary_of(whole_class()))
    assert text.startswith("The class: 40 learners, ")
    assert "What holds the room up:\n  0" in text
    assert "\n  04-e2 " in text
    assert "Common wrong answers:" in text
    assert exports.summary_text(summary_of([])) == "The class: 0 learners, 0 stuck now.\n\nNobody has joined yet.\n"


def test_a_name_cannot_command_the_terminal():
    assert "\x1b" not in exports.summary_text(class_of(**{"a\x1b[2J": standing(*[wrong()] * 3)}))
