"""A ticket while somebody works at it: what it counts, what it tells, when it closes. The cases are in test_tickets."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hl7dicom_lab import open_lesson, story
from hl7dicom_lab.course.progress import VARIABLE
from hl7dicom_lab.errors import NotFound, SetupError
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.tickets.all_tickets import TICKETS
from hl7dicom_lab.tickets.board import Board, draw_ticket, find_ticket
from hl7dicom_lab.tickets.open_ticket import OpenTicket, opened
from hl7dicom_lab.tickets.ticket import Check, once_served
from hl7dicom_lab.verdict import Outcome


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture
def ticket(lab):
    """Ticket A: MR1 asks for the steps of another station."""
    return lab.break_it("A")


@pytest.fixture
def made_up(lab):
    """An open ticket that is written for a test, in the department as it stands; its keywords replace what A has."""

    def make(**changes):
        plain = {"breaks": lambda _: None, "works": lambda _: (Check("it works", True),)}
        return opened(replace(find_ticket("A"), **(plain | changes)), lab.start())

    return make


def repair(ticket):
    return ticket.repair("MR1", "worklist_station", "NORTHGATE_MR1")


# What is asked for


def test_a_call_counts_once_however_often_and_however_it_is_asked(ticket):
    assert "(1 of 4 calls used.)" in str(ticket.ask("log of MR1"))
    assert "(1 of 4 calls used.)" in str(ticket.ask("  LOG of  mr1 "))
    assert "(2 of 4 calls used.)" in str(ticket.ask("technologist"))
    assert "(2 of 4 calls used.)" in str(ticket.ask("the technologist"))
    for one in ("settings of MR1", "settings of RIS"):
        ticket.ask(one)
    assert "(5 of 4 calls used, 1 over the budget.)" in str(ticket.ask("the vendor"))
    assert "5 of 4 calls used, 1 over the budget" in str(ticket.report())


def test_what_nobody_knows_is_no_call(ticket):
    for whom in ("log of MR9", "settings of", "the plumber", "", "...", ..., None, 7):
        assert "That was no call." in str(ticket.ask(whom)), whom
    assert str(ticket.evidence()).startswith("0 of 4 calls used.")


def test_the_wire_costs_nothing(ticket, lab):
    assert "C-FIND-RQ" in str(lab.trace.show())
    lab.timeline().text()
    assert str(ticket.evidence()).startswith("0 of 4")


def test_the_list_of_evidence_is_the_same_for_every_ticket_and_shows_what_was_asked(ticket, lab):
    ticket.ask("log of MR1")
    lines = str(ticket.evidence()).splitlines()
    assert "✓ 'log of MR1'" in lines
    assert "  'log of CT1'" in lines
    offered = sorted(line[2:] for line in lines if line[2:3] == "'")
    assert sorted(line[2:] for line in str(lab.break_it("B").evidence()).splitlines() if line[2:3] == "'") == offered


def test_who_has_nothing_to_do_with_it_says_so(ticket):
    assert "Nothing has changed on my side that I know of." in str(ticket.ask("the radiologist"))


def test_a_log_keeps_its_lines_when_the_trace_is_cleared_and_goes_on(ticket, lab):
    before = str(ticket.ask("log of RIS")).splitlines()
    lab.trace.clear()
    lab.modality.query()
    after = str(ticket.ask("log of RIS")).splitlines()
    assert after[: len(before)] == before
    assert any("C-FIND-RQ" in line for line in after[len(before) :])


def test_a_log_stands_in_the_order_of_time_and_gives_of_an_answer_only_the_code(lab):
    log = str(lab.break_it("D").ask("log of EMR"))
    times = re.findall(r"^[0-9:]{8}", log, re.MULTILINE)
    assert times == sorted(times)
    assert "ACK AE from RIS: RIS000002 answers EMR000002\n" in log
    assert "PID-7" not in log


def test_a_settings_page_says_what_is_set_and_what_may_be(ticket):
    page = str(ticket.ask("settings of MR1"))
    assert "worklist_station = 'NORTHGATE_MR2'" in page
    assert "'today' | 'today and tomorrow' | a day or a range of days" in page


# Diagnosis and repair


_BLANK_DIAGNOSES = (("", ""), (..., "MR1"), ("clock", ...), ("...", "..."), ("station title", ""))
_BLANK_REPAIRS = (
    ("MR1", "worklist_station", ...),
    ("MR1", "worklist_station", "..."),
    (..., "worklist_station", "NORTHGATE_MR1"),
    ("MR1", "...", "NORTHGATE_MR1"),
    ("MR1",),
    ("MR1", "worklist_station"),
    ("", "worklist_station", "NORTHGATE_MR1"),
    (None, "worklist_station", "NORTHGATE_MR1"),
)


def test_blanks_are_not_attempted_and_change_nothing(ticket, lab):
    before = lab.modality.settings
    for cause, at in _BLANK_DIAGNOSES:
        assert ticket.diagnose(cause, at=at).outcome is Outcome.NOT_ATTEMPTED, (cause, at)
    for given in _BLANK_REPAIRS:
        assert ticket.repair(*given).outcome is Outcome.NOT_ATTEMPTED, given
    assert lab.modality.settings == before
    assert str(ticket.report()).count("none yet") == 2


def test_an_unknown_cause_or_system_is_no_diagnosis(ticket):
    near = ticket.diagnose("Station-titel", at="MR1")
    assert near.outcome is Outcome.NOT_CHECKED
    assert "do you mean 'station title'?" in near.words
    assert ticket.diagnose("station title", at="MR9").outcome is Outcome.NOT_CHECKED
    assert "none yet" in str(ticket.report())
    assert "'clock'" in str(ticket.causes())


_CANNOT_BE_SET = (
    (("MR9", "worklist_station", "NORTHGATE_MR1"), "EMR, RIS, MR1"),
    (("MR1", "station", "NORTHGATE_MR1"), "worklist_station"),
    (("MR1", "worklist_keys", "somewhere"), "'in the step'"),
    (("PACS", "room", -1), "'unlimited'"),
)


def test_what_cannot_be_set_is_told_and_no_repair(ticket, lab):
    for given, said in _CANNOT_BE_SET:
        told = ticket.repair(*given)
        assert told.outcome is Outcome.NOT_CHECKED, given
        assert said in told.words
    assert lab.pacs.settings.room == "unlimited"
    assert "none yet" in str(ticket.report())


def test_first_the_diagnosis_then_the_repair(ticket, lab):
    assert ticket.diagnose("Station Title", at="mr1").words.endswith("Now put it right: ticket.repair(...).")
    assert not ticket.closed
    assert "The ticket is closed" in repair(ticket).words
    assert ticket.closed
    assert lab.tickets.closed == {"A"}


def test_first_the_repair_then_the_diagnosis(lab):
    closed = []
    ticket = opened(find_ticket("A"), restarted(lab), closed=closed.append)
    told = repair(ticket)
    assert told.correct
    assert "MR1: worklist_station was 'NORTHGATE_MR2' and is 'NORTHGATE_MR1'." in told.words
    assert told.words.endswith("Say what it was: ticket.diagnose(...).")
    assert not ticket.closed
    assert "The ticket is closed" in ticket.diagnose("station title", at="MR1").words
    assert closed == [find_ticket("A")]
    ticket.diagnose("station title", at="MR1")
    ticket.repair()
    assert closed == [find_ticket("A")], "it is closed once"


def test_what_somebody_does_at_the_systems_counts_as_well(ticket, lab):
    lab.modality.settings = replace(lab.modality.settings, worklist_station="NORTHGATE_MR1")
    assert ticket.repair().correct
    assert "Tried on the wire. It works." in str(ticket.report())


def test_a_repair_that_was_undone_closes_nothing_and_a_closed_ticket_stays_closed(ticket):
    repair(ticket)
    assert not ticket.repair("MR1", "worklist_station", "NORTHGATE_CT1").correct
    assert not ticket.diagnose("station title", at="MR1").words.endswith("ticket.report().")
    assert not ticket.closed
    repair(ticket)
    assert ticket.closed
    ticket.repair("MR1", "worklist_station", "NORTHGATE_CT1")
    assert (ticket.closed, ticket.repaired) == (True, False)


def test_a_trial_that_the_wire_hinders_is_a_check_that_fails(ticket):
    told = ticket.repair("MR1", "worklist_ae_title", "NOBODY")
    assert told.outcome is Outcome.INCORRECT
    assert "✗ every system does its part when it is tried: the association was rejected" in told.words
    assert "127.0.0.1" not in told.words
    assert "worklist_ae_title was 'NORTHGATE_RIS' and is 'NOBODY'" in str(ticket.report())


def test_a_trial_in_a_department_with_a_stopped_system_is_told(made_up, lab):
    ticket = made_up(works=lambda department: (Check("there are studies", bool(department.pacs.studies())),))
    lab.pacs.stop()
    told = ticket.repair()
    lab.stop()
    assert told.outcome is Outcome.INCORRECT
    assert "a system was stopped" in str(told)


def test_a_repair_may_be_written_with_names(ticket):
    assert ticket.repair(system="MR1", setting="worklist_station", value="NORTHGATE_MR1").correct
    assert ticket.repair(3, "worklist_station", "NORTHGATE_MR1").outcome is Outcome.NOT_CHECKED


def test_what_comes_next_is_told_once_the_patients_are_served(made_up):
    next_time = Check("next time", True)
    told = made_up(works=lambda _: once_served((Check("served", False, "not yet"),), lambda: (next_time,))).repair()
    assert "✗ served: not yet" in told.words
    assert "next time" not in told.words
    told = made_up(works=lambda _: once_served((Check("served", True),), lambda: (next_time,))).repair()
    assert "✓ next time" in told.words


# Hints and the report


def test_hints_go_on_and_the_last_one_stays(ticket):
    assert [str(ticket.hint())[:11] for _ in range(4)] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert "Hints:\n  3" in str(ticket.report())
    assert "worklist_station" in str(ticket.solution())
    assert "Hints:\n  the solution" in str(ticket.report())


def test_the_report_says_what_it_was_only_when_it_is_closed(ticket):
    written = find_ticket("A")
    ticket.ask("settings of MR1")
    ticket.diagnose("date range", at="MR1")
    repair(ticket)
    for text in (str(ticket.report()), ticket.report()._repr_html_()):
        assert "open" in text
        assert "settings of MR1" in text
        assert "date range, at MR1" in text
        assert "It works." in text
        assert written.explanation not in text
        assert "What it was" not in text
    ticket.diagnose("station title", at="MR1")
    text = str(ticket.report())
    assert text.startswith("Report of Ticket A: Nobody on the list, closed")
    for part in (written.symptom, written.explanation, written.prevention, written.source):
        assert part in text


def test_a_drawn_ticket_keeps_its_letter_until_it_is_closed(lab):
    letters = {draw_ticket(number).letter for number in range(60)}
    assert len(letters) > 10
    for none in ("seven", 7.5, ...):
        with pytest.raises(NotFound, match="no whole number"):
            lab.break_it(draw=none)
    number = next(one for one in range(1, 200) if draw_ticket(one).letter == "A")
    ticket = lab.break_it(draw=number)
    assert str(ticket).startswith(f"Drawn ticket {number}: ")
    repair(ticket)
    assert ticket.letter == ""
    ticket.diagnose("station title", at="MR1")
    assert ticket.letter == "A"


# The department around it


def restarted(lab):
    lab.stop()
    return lab.start()


def test_a_ticket_whose_department_is_gone_says_so(lab):
    old = lab.break_it("A")
    lab.break_it("C")
    before = lab.modality.settings
    assert "lab.break_it" in repair(old).words
    assert old.repair().outcome is Outcome.NOT_CHECKED
    assert "That was no call." in str(old.ask("settings of MR1"))
    assert lab.modality.settings == before
    assert "Ticket A" in str(old.report())


def test_a_ticket_says_whether_anything_was_tried_and_what_was_said_last(lab):
    ticket = lab.break_it("A")
    ticket.diagnose("...", at="MR1")
    ticket.diagnose("the moon", at="MR1")
    ticket.repair("MR1", "...", "...")
    ticket.ask("settings of MR1")
    assert not ticket.attempted, "a blank, a name that no list has and a question try nothing"
    assert ticket.told.outcome is Outcome.NOT_ATTEMPTED
    ticket.diagnose("date range", at="MR1")
    assert ticket.attempted
    assert (ticket.told.outcome, ticket.told.mistake) == (Outcome.INCORRECT, "date range")
    assert not ticket.gone
    lab.break_it("A")
    assert ticket.gone


def test_a_stopped_department_is_gone_too():
    lab = Lab().start()
    ticket = lab.break_it("A")
    lab.stop()
    assert ticket.repair().outcome is Outcome.NOT_CHECKED
    assert "department is gone" in str(ticket.ask("the technologist"))
    assert ticket.diagnose("station title", at="MR1").correct, "what is known may still be said"
    assert not ticket.closed


def test_opening_makes_the_department_new(lab):
    lab.break_it("A")
    before = [step.accession_number for step in lab.ris.steps()]
    lab.break_it("A")
    assert [step.accession_number for step in lab.ris.steps()] == before
    assert len(before) == 6
    assert lab.running


def test_a_department_that_keeps_its_data_is_left_alone(tmp_path):
    with Lab(tmp_path) as lab:
        lab.emr.place(story.order())
        with pytest.raises(SetupError, match="keeps its data") as caught:
            lab.break_it("A")
        assert "Lab()" in caught.value.next_step
        assert len(lab.ris.steps()) == 1


def test_a_letter_that_no_ticket_has_changes_nothing(lab):
    running = lab.trace
    for letter in ("Z", "", "AB", "1"):
        with pytest.raises(NotFound) as caught:
            lab.break_it(letter)
        assert caught.value.next_step.startswith("choose one of A, B, C")
    assert lab.trace is running


def test_a_lesson_remembers_what_was_closed(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.jsonl"))
    with open_lesson("04") as lesson:
        ticket = lesson.break_it("a")
        repair(ticket)
        assert lesson.tickets.closed == set()
        ticket.diagnose("station title", at="MR1")
        ticket.diagnose("station title", at="MR1")
    with open_lesson("02") as another:
        assert another.tickets.closed == {"A"}
        assert "✓ closed  A  Nobody on the list" in str(another.tickets)
    assert (tmp_path / "progress.jsonl").read_text(encoding="utf-8").count('"ticket"') == 1


# What is shown


def test_text_of_a_ticket_is_data_in_html(made_up):
    wild = "<script>alert('x')</script>"
    people = {"the technologist": wild}
    ticket = made_up(symptom=wild, title=f'" {wild}', told_by=wild, people=people, explanation=wild)
    ticket.diagnose("station title", at="MR1")
    shown = [
        ticket,
        ticket.ask("the technologist"),
        ticket.repair(),
        ticket.report(),
        ticket.evidence(),
        ticket.causes(),
    ]
    assert ticket.closed
    for one in shown:
        assert "<script>" not in one._repr_html_()
    assert wild in str(ticket)
    assert 'aria-label="Ticket A: &quot; &lt;script' in ticket._repr_html_()


def test_what_a_check_saw_is_data_in_html(made_up):
    told = made_up(works=lambda _: (Check("<b>", False, "<i>"),)).repair()
    assert "<b>: <i>" in told.words
    assert "<b>" not in told._repr_html_()


def test_the_board_shows_all_tickets_and_names_no_cause():
    board = Board(frozenset({"B"}))
    text, html = str(board), board._repr_html_()
    for one in TICKETS:
        assert f"{one.letter}  {one.title}" in text
        assert one.cause not in text
    assert text.count("✓ closed") == html.count("✓ closed") == 1
    assert len(board) == len(TICKETS)
    assert "".join(board.letters) == "ABCDEFGHIJKLMNOP"
    assert "&#x27;" in html, "symptoms are escaped"


def test_a_ticket_shows_itself_in_words(ticket):
    assert isinstance(ticket, OpenTicket)
    assert str(ticket).splitlines() == repr(ticket).splitlines()
    assert str(ticket).startswith('Ticket A: Nobody on the list (easy)\nThe technologist at MR1: "')
    assert "Budget: 4 calls." in str(ticket)
