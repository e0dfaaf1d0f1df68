"""Every ticket: the fault is there, wrong ways are answered and stay wrong, and the written solution closes it.

The tests of one ticket share a department in which it was opened; the last one opens it a second time.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from wrong_repairs import WRONG_REPAIRS

from hl7dicom_lab.errors import AssociationFailed
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.tickets import evidence
from hl7dicom_lab.tickets.all_tickets import TICKETS
from hl7dicom_lab.tickets.causes import CAUSES
from hl7dicom_lab.tickets.department import systems
from hl7dicom_lab.tickets.ticket import Level, Ticket
from hl7dicom_lab.verdict import Outcome

#: What no learner may see of this machine: addresses, ports, folders.
_OF_THIS_MACHINE = re.compile(r"127\.0\.0\.1|localhost|:[0-9]{4,5}\b|[/\\\\](tmp|Temp|var|Users|home)[/\\\\]")
#: What a text may quote: times, numbers of patients and examinations, AE titles.
_QUOTED = re.compile(r"\b(?:[0-2][0-9]:[0-5][0-9]|NG[0-9]{6}|NG-[0-9]{6}|NORTHGATE_[A-Z0-9]+)\b")
_EVERY_TICKET = pytest.mark.parametrize("ticket", TICKETS, ids=lambda one: one.letter)


@dataclass
class Opened:
    """A ticket that was opened in a department, and what it and its evidence say."""

    written: Ticket
    lab: Lab
    said: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.open_again()

    def open_again(self):
        """Make the department new and let the fault happen again; everything that can be read then."""
        self.ticket = self.lab.break_it(self.written.letter)
        asked = [self.ticket.ask(one) for one in evidence.offered(self.lab)]
        self.evidence = "\n".join(map(str, (self.ticket, self.lab.trace.show(), *asked)))
        self.said.append(self.evidence)
        return self.evidence

    def tell(self, told):
        """Remember what a learner was told; it is given back."""
        self.said.append(str(told))
        return told

    def left(self):
        """What a trial could leave behind: on the worklist, in the archive, in the queues."""
        lab = self.lab
        return (
            [step.accession_number for step in lab.ris.steps()],
            [(study.accession_number, study.instances) for study in lab.pacs.studies()],
            [len(lab.pacs.exceptions()), len(lab.emr.exceptions()), len(lab.pacs.unscheduled())],
            [repr(scanner.queue) for scanner in lab.modalities.values()],
        )


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture(scope="module", params=TICKETS, ids=lambda one: one.letter)
def opened(request, lab):
    return Opened(request.param, lab)


def test_the_fault_is_there_and_a_trial_leaves_nothing_behind(opened):
    before = opened.left()
    first, second = (opened.tell(opened.ticket.repair()) for _ in range(2))
    assert first.outcome is Outcome.INCORRECT
    assert "✗" in str(first).partition("\n")[2]
    assert str(second) == str(first)
    assert opened.left() == before
    assert not opened.ticket.repaired


def test_what_the_texts_quote_is_in_the_evidence(opened):
    written = opened.written
    texts = " ".join((*written.against.values(), *written.elsewhere.values(), *written.hints, written.solution))
    assert [one for one in _QUOTED.findall(texts) if one not in opened.evidence] == []


def test_wrong_diagnoses_are_told_what_speaks_against_them(opened):
    ticket, written = opened.ticket, opened.written
    for cause, against in written.against.items():
        told = opened.tell(ticket.diagnose(cause, at=written.at))
        assert (told.outcome, told.words, told.mistake) == (Outcome.INCORRECT, against, cause)
    for cause in CAUSES.keys() - written.against.keys() - {written.cause, *written.also}:
        assert CAUSES[cause] in opened.tell(ticket.diagnose(cause, at=written.at)).words
    for place in systems(opened.lab).keys() - {written.at}:
        told = opened.tell(ticket.diagnose(written.cause, at=place))
        assert told.mistake == "elsewhere"
        assert written.elsewhere.get(place, place) in told.words
    assert not ticket.diagnosed


def run(code, opened, **more):
    """Run what a learner may write at an open ticket; the names that it leaves."""
    names = {"lab": opened.lab, "ticket": opened.ticket, **more}
    exec(compile(code, f"<ticket {opened.written.letter}>", "exec"), names)
    return names


def test_wrong_repairs_do_not_pass(opened):
    for name, code, seen in WRONG_REPAIRS[opened.written.letter]:
        names = run(code, opened, suppress=suppress, AssociationFailed=AssociationFailed)
        told = opened.tell(names["told"])
        assert told.outcome is Outcome.INCORRECT, f"{name}: {told}"
        assert seen in str(told), f"{name}: {told}"


def test_the_solution_closes_it_and_every_opening_is_the_same(opened):
    first = opened.evidence
    assert opened.open_again() == first
    ticket = opened.ticket
    run(opened.written.solution, opened)
    assert ticket.closed
    before = opened.left()
    told = [opened.tell(ticket.repair()) for _ in range(2)]
    assert told[0].correct
    assert "✗" not in str(told[0])
    assert str(told[1]) == str(told[0])
    assert opened.left() == before
    assert opened.written.letter in opened.lab.tickets.closed
    report = opened.tell(str(ticket.report()))
    assert opened.written.explanation in report
    assert "closed" in report.partition("\n")[0]
    assert not _OF_THIS_MACHINE.findall("\n".join(opened.said))


@_EVERY_TICKET
def test_what_people_say_names_no_cause(ticket):
    said = f"{ticket.title} {ticket.symptom}".casefold()
    assert [cause for cause in CAUSES if cause in said] == []


@_EVERY_TICKET
def test_it_is_written_as_a_ticket_is(ticket, lab):
    assert ticket.letter == ticket.letter.upper()
    assert ticket.level in Level
    assert {ticket.cause, *ticket.also} <= CAUSES.keys()
    assert ticket.at in systems(lab)
    assert len(ticket.against) >= 5
    assert ticket.against.keys() <= CAUSES.keys() - {ticket.cause, *ticket.also}
    assert ticket.elsewhere.keys() <= systems(lab).keys() - {ticket.at}
    assert ticket.people.keys() <= evidence.PEOPLE.keys()
    assert ticket.people
    assert 3 <= ticket.calls <= 5
    assert f'ticket.diagnose("{ticket.cause}", at="{ticket.at}")' in ticket.solution
    texts = (*ticket.hints, ticket.explanation, ticket.prevention, ticket.source, *ticket.against.values())
    assert all(one.strip().endswith((".", "?", ")")) for one in texts)


def test_the_sixteen_are_there():
    assert "".join(one.letter for one in TICKETS) == "ABCDEFGHIJKLMNOP"
    assert len({one.title for one in TICKETS}) == len(TICKETS)
    assert WRONG_REPAIRS.keys() == {one.letter for one in TICKETS}
