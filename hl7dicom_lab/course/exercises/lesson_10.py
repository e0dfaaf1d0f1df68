"""Lesson 10: eight tickets, each with a hidden cause, to be named and put right.

Rule: what a ticket is stands with the ticket and nowhere else; hints and solutions of these exercises are the ticket's
own, and so are the words about a wrong diagnosis or half a repair.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from hl7dicom_lab.course.exercise import Exercise, Mistake, Unfinished
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.tickets.board import find_ticket
from hl7dicom_lab.tickets.open_ticket import OpenTicket
from hl7dicom_lab.verdict import Verdict, right, wrong

_GONE = (
    "Another ticket has been opened since, and it has made the department new: nothing is left to be repaired for this "
    "one. Run this cell again from its first line, which opens the ticket anew."
)


def _check(letter: str, _: Lab, answer: Any) -> Verdict:
    """Whether the ticket with this letter is closed; what is not tried yet is tried on the wire."""
    if not isinstance(answer, OpenTicket):
        return wrong("form", f'Hand over the ticket itself, as the cell does: ticket = lab.break_it("{letter}").')
    if answer.letter != letter:
        of_what = f"is ticket {answer.letter}" if answer.letter else "was drawn"
        return wrong(
            "other ticket", f'This {of_what}, and the exercise is about {letter}: ticket = lab.break_it("{letter}").'
        )
    if not answer.closed:
        if answer.gone:
            return wrong("gone", _GONE)
        if not answer.attempted:
            raise Unfinished
        return _of_an_open_one(answer)
    return _closed(letter)


def _closed(letter: str) -> Verdict:
    return right(f"Ticket {letter} is closed. Its report, in the next cell, says what it was and how to prevent it.")


def _of_an_open_one(ticket: OpenTicket) -> Verdict:
    tried = ticket.repair()
    if ticket.closed:  # it was repaired at the systems themselves, and only the trial was missing
        return _closed(ticket.letter)
    if ticket.diagnosed:
        return wrong("not repaired", f"The cause is named. The department does not work yet:\n{tried.words}")
    if ticket.told.mistake:
        return wrong(ticket.told.mistake, f"The cause is not found yet. {ticket.told.words}")
    if ticket.repaired:
        return wrong(
            "not diagnosed",
            "The department works again. But what was it, and where? What nobody can name comes back: finish the line "
            "with ticket.diagnose.",
        )
    return wrong("not diagnosed", f"No cause is named, and the department does not work yet:\n{tried.words}")


def _ticket(number: int, letter: str, *mistakes: tuple[str, str, str]) -> Exercise:
    """The exercise about a ticket. Its mistakes are a name, what is done at the open ticket, and what is said to it."""
    ticket, opening = find_ticket(letter), f'ticket = lab.break_it("{letter}")\n'
    return Exercise(
        id=f"10-e{number}",
        title=ticket.title,
        answer="ticket",
        check=partial(_check, letter),
        hints=ticket.hints,
        solution=opening + ticket.solution.strip(),
        mistakes=tuple(Mistake(name, opening + code, says) for name, code, says in mistakes),
    )


EXERCISES = (
    _ticket(
        1,
        "C",
        ("station title", 'ticket.diagnose("station title", at="MR1")', "in the query is NORTHGATE_MR1"),
        ("elsewhere", 'ticket.diagnose("date range", at="RIS")', "it does not lie at RIS"),
        ("not diagnosed", 'ticket.repair("MR1", "worklist_days", "today")', "But what was it"),
        (
            "not repaired",  # right today, and wrong tomorrow
            'ticket.diagnose("date range", at="MR1")\nticket.repair("MR1", "worklist_days", "20260302")',
            "on 3 March MR1 will ask for that day",
        ),
        ("other ticket", 'ticket = lab.break_it("A")', "the exercise is about C"),
        ("gone", 'ticket.diagnose("date range", at="MR1")\nlab.break_it("C")', "has been opened since"),
    ),
    _ticket(
        2,
        "I",
        ("presentation context", 'ticket.diagnose("presentation context", at="CR1")', "What CR1 gets is"),
        ("elsewhere", 'ticket.diagnose("called AE title", at="PACS")', "Who asks for another one"),
        (
            "not repaired",  # what waits has not been sent again
            'ticket.diagnose("called AE title", at="CR1")\nticket.repair("CR1", "pacs_ae_title", "NORTHGATE_PACS")',
            "does not work yet",
        ),
    ),
    _ticket(
        3,
        "J",
        ("presentation context", 'ticket.diagnose("presentation context", at="MR1")', "accepts what MR1 proposes"),
        ("elsewhere", 'ticket.diagnose("archive full", at="MR1")', "CT1 gets the same answer"),
        (
            "not repaired",  # room for what waits, and for nothing after it
            'ticket.diagnose("archive full", at="PACS")\nticket.repair("PACS", "room", 25)\n'
            'lab.modalities["MR"].send_again()\nlab.modalities["CT"].send_again()',
            "room for another day",
        ),
    ),
    _ticket(
        4,
        "K",
        ("name components", 'ticket.diagnose("name components", at="EMR")', "It is single letters"),
        ("elsewhere", 'ticket.diagnose("character set", at="CR1")', "3F is a question mark"),
        (
            "not repaired",  # the order that is there has not gone again
            'ticket.diagnose("character set", at="EMR")\nticket.repair("EMR", "character_set", "UNICODE UTF-8")',
            "does not work yet",
        ),
    ),
    _ticket(
        5,
        "E",
        ("order refused", 'ticket.diagnose("order refused", at="RIS")', "AA says that it was taken"),
        ("elsewhere", 'ticket.diagnose("field shifted", at="RIS")', "Look at what it got"),
        (
            "not repaired",
            'ticket.diagnose("field shifted", at="EMR")\nticket.repair("EMR", "accession_number_in", "OBR-18")',
            "does not work yet",
        ),
    ),
    _ticket(
        6,
        "M",
        ("late preliminary", 'ticket.diagnose("late preliminary", at="PACS")', "neither an old nor a new one"),
        ("elsewhere", 'ticket.diagnose("report refused", at="PACS")', "who has not read the answer"),
        (
            "not repaired",  # one of two reports has gone again
            'ticket.diagnose("report refused", at="DICTATION")\n'
            'ticket.repair("DICTATION", "pacs_application", "PACS")\n'
            'lab.dictation.send_again("NG000002", "PACS")',
            "does not work yet",
        ),
    ),
    _ticket(
        7,
        "G",
        ("shared accession number", 'ticket.diagnose("shared accession number", at="RIS")', "different accession"),
        ("elsewhere", 'ticket.diagnose("resent as new", at="RIS")', "How could it know"),
        (
            "not repaired",  # the two lines are one, until the next answer is lost
            'ticket.diagnose("resent as new", at="EMR")\nlab.emr.cancel_order("P00002")',
            "answer is lost",
        ),
    ),
    _ticket(
        8,
        "L",
        ("patient id", 'ticket.diagnose("patient id", at="PACS")', "No image has that PatientID"),
        ("elsewhere", 'ticket.diagnose("wrong patient picked", at="PACS")', "Who gave it to them"),
        (
            "not repaired",  # the images are right, and the desk is not
            'ticket.diagnose("wrong patient picked", at="CT1")\n'
            '(item,) = lab.modalities["CT"].query(PatientID="NG-100318")\n'
            'lab.pacs.reassign("NG000004", item, by="PACS analyst", because="Lars Åkesson was on the table")',
            "CT1 has Marco Rivera on its list",
        ),
    ),
)
