"""A ticket while somebody works at it: evidence, diagnosis, repair, report.

Rules: nothing here reads code. A diagnosis is right where it names the cause and the system in which it lies; a repair
is right where the department works again, tried on the wire. Looking at the wire costs nothing; what others are asked
for is counted, and the report says how many calls it took.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Final

from hl7dicom_lab import verdict
from hl7dicom_lab.errors import LabError, NotFound, SystemStopped
from hl7dicom_lab.shown import Shown
from hl7dicom_lab.tickets import causes, evidence
from hl7dicom_lab.tickets.department import Department, system, systems
from hl7dicom_lab.tickets.evidence import Evidence
from hl7dicom_lab.tickets.log_book import LogBook
from hl7dicom_lab.tickets.report import TicketReport, calls_used
from hl7dicom_lab.tickets.settings_page import change_setting
from hl7dicom_lab.tickets.ticket import Check, Ticket
from hl7dicom_lab.verdict import Verdict

_GONE = "This ticket's department is gone. Open the ticket again with lab.break_it(...)."
_NO_VALUE: Final = object()


class OpenTicket:
    """One ticket in one department. `draw` is the number that has drawn it; its letter is hidden then."""

    def __init__(
        self,
        ticket: Ticket,
        department: Department,
        *,
        draw: int | None = None,
        closed: Callable[[Ticket], None] = lambda _: None,
    ) -> None:
        self._ticket = ticket
        self._department = department
        self._trace = department.trace  # of the department in which the fault happened
        self._draw = draw
        self._closed = closed
        self._logs = LogBook(department.trace, tuple(systems(department)))
        self._asked: dict[str, Evidence] = {}
        self._diagnoses: list[str] = []
        self._repairs: list[str] = []
        self._hints = 0
        self._told = verdict.not_attempted("No cause is named yet.")
        self._diagnosed = self._repaired = self._is_closed = False

    @property
    def closed(self) -> bool:
        """Whether the cause was named while the department worked again. A closed ticket stays closed."""
        return self._is_closed

    @property
    def diagnosed(self) -> bool:
        """Whether the cause has been named."""
        return self._diagnosed

    @property
    def repaired(self) -> bool:
        """Whether the department worked again when it was last tried."""
        return self._repaired

    @property
    def gone(self) -> bool:
        """Whether another ticket, or a stop, has ended the department in which this fault happened."""
        return self._trace is not self._department.trace or not self._department.running

    @property
    def attempted(self) -> bool:
        """Whether anything has been named or tried."""
        return bool(self._diagnoses or self._repairs)

    @property
    def told(self) -> Verdict:
        """What was said to the last diagnosis."""
        return self._told

    @property
    def letter(self) -> str:
        """Which ticket it is; empty while it is drawn and not closed."""
        return self._ticket.letter if self.closed or self._draw is None else ""

    def evidence(self) -> Shown:
        """What you can ask for, and what you have asked for."""
        asked = set(self._asked)
        lines = [f"{'✓' if one in asked else ' '} {one!r}" for one in evidence.offered(self._department)]
        return Shown(
            f"{self._calls}. Ask with ticket.ask(...), such as ticket.ask({lines[0][2:]}). "
            "The wire costs nothing: lab.trace.show(), lab.timeline(), lab.look(...).",
            code="\n".join(lines),
        )

    def ask(self, whom: str) -> Shown:
        """Ask for a log, a settings page or a person; one call, however often you read it again."""
        if _is_blank(whom):
            return Shown("Ask for a log, a settings page or a person: print(ticket.evidence()). That was no call.")
        if self.gone:
            return Shown(f"{_GONE} That was no call.")
        try:
            found = evidence.ask(self._department, whom, self._logs, self._ticket.people)
        except NotFound as problem:
            return Shown(f"{problem}. That was no call.")
        self._asked[found.asked] = found
        return Shown(f"{found.answer.words}\n({self._calls}.)", code=found.answer.code)

    def causes(self) -> Shown:
        """The list of causes that a diagnosis chooses from."""
        return causes.listed()

    def diagnose(self, cause: str = "", *, at: str = "") -> Verdict:
        """Say what it is, by a name of `causes()`, and in which system it lies, such as `at="MR1"`."""
        if _is_blank(cause) or _is_blank(at):
            return verdict.not_attempted('Name the cause and the system: ticket.diagnose("clock", at="PACS").')
        try:
            named = causes.find_cause(cause)
            place, _ = system(self._department, str(at))
        except NotFound as problem:
            return verdict.not_checked(f"{problem}.")
        self._diagnoses.append(f"{named}, at {place}")
        told = self._told = self._judge(named, place)
        self._diagnosed = self._diagnosed or told.correct
        return self._and_close(told, "Now put it right: ticket.repair(...).")

    def _judge(self, named: str, place: str) -> Verdict:
        ticket = self._ticket
        if named not in (ticket.cause, *ticket.also):
            against = ticket.against.get(named)
            return verdict.wrong(
                named,
                against
                or f"Nothing that is seen comes from this: {causes.CAUSES[named]}. What do you see on the wire that "
                "it explains, and what does it leave unexplained?",
            )
        if place != ticket.at:
            return verdict.wrong(
                "elsewhere",
                ticket.elsewhere.get(place)
                or f"The cause is right, and it does not lie at {place}. Which system made the wrong thing, before "
                "the others only passed it on or answered it?",
            )
        return verdict.right(f"It is this: {causes.CAUSES[named]}. It lies at {place}.")

    def repair(self, system: str = "", setting: str = "", value: object = _NO_VALUE) -> Verdict:
        """Change a setting of a system, then try whether the department works; without arguments, try only.

        What you do at the systems yourself counts as well: `lab.emr.send_again("EMR000003")`, then `ticket.repair()`.
        """
        if self.gone:
            return verdict.not_checked(_GONE)
        tries_only = system == setting == "" and value is _NO_VALUE
        if not tries_only and (_is_blank(system) or _is_blank(setting) or value in (..., "...", _NO_VALUE)):
            return verdict.not_attempted(
                'Name all three: ticket.repair("CR1", "worklist_keys", "in the step"). None of them tries only.'
            )
        done = "Tried on the wire."
        try:
            if not tries_only:
                done = change_setting(self._department, system, setting, value)
        except LabError as problem:
            return verdict.not_checked(str(problem))
        checks = self._try()
        self._repaired = all(one.holds for one in checks)
        self._repairs.append(f"{done} {'It works.' if self._repaired else 'It does not work yet.'}")
        said = "\n".join([done, *map(str, checks)])
        if not self._repaired:
            return verdict.wrong("repair", said)
        return self._and_close(
            verdict.right(f"The department works again. {said}"), "Say what it was: ticket.diagnose(...)."
        )

    def _try(self) -> tuple[Check, ...]:
        """Try on the wire whether the department works; what hinders the trial itself is a check that fails."""
        try:
            return self._ticket.works(self._department)
        except SystemStopped:  # its data is closed for good
            hindrance = "a system was stopped, and does not start again; open the ticket again with lab.break_it(...)"
        except LabError as problem:
            hindrance = problem.what
        return (Check("every system does its part when it is tried", False, hindrance),)

    def _and_close(self, told: Verdict, what_is_left: str) -> Verdict:
        if not told.correct:
            return told
        if self._diagnosed and self._repaired and not self._is_closed:
            self._is_closed = True
            self._closed(self._ticket)
        if self._is_closed:
            what_is_left = "The ticket is closed: ticket.report()."
        return verdict.right(f"{told.words}\n{what_is_left}")

    def hint(self) -> Shown:
        """The next hint, from a nudge to nearly the answer; the last one stays."""
        hints = self._ticket.hints
        self._hints = min(self._hints + 1, len(hints))
        return Shown(f"Hint {self._hints} of {len(hints)}: {hints[self._hints - 1]}")

    def solution(self) -> Shown:
        """How it can be solved, as code that runs."""
        self._hints = len(self._ticket.hints) + 1
        return Shown(f"One way to solve {self._name}:", code=self._ticket.solution.strip())

    def report(self) -> TicketReport:
        """What was seen, asked, concluded and done; once the ticket is closed, also what it was."""
        ticket = self._ticket
        state = "closed" if self.closed else "open"
        given = "the solution" if self._hints > len(ticket.hints) else str(self._hints)
        parts: list[tuple[str, tuple[str, ...]]] = [
            ("Symptom", (f"{ticket.told_by}: {ticket.symptom}",)),
            ("Evidence", (*self._asked, f"({self._calls})")),
            ("Diagnosis", tuple(self._diagnoses) or ("none yet",)),
            ("Repair", tuple(self._repairs) or ("none yet",)),
            ("Hints", (given,)),
        ]
        if self.closed:
            parts += [
                ("What it was", (ticket.explanation,)),
                ("How to prevent it", (ticket.prevention,)),
                ("Where the standard says so", (ticket.source,)),
            ]
        return TicketReport(f"Report of {self._heading}, {state}", tuple(parts))

    @property
    def _name(self) -> str:
        return f"Ticket {self._ticket.letter}" if self._draw is None else f"Drawn ticket {self._draw}"

    @property
    def _heading(self) -> str:
        return f"{self._name}: {self._ticket.title}"

    @property
    def _calls(self) -> str:
        return calls_used(len(self._asked), self._ticket.calls)

    def _lines(self) -> tuple[str, ...]:
        ticket = self._ticket
        return (
            f"{self._heading} ({ticket.level})",
            f'{ticket.told_by}: "{ticket.symptom}"',
            f"Budget: {ticket.calls} calls. Begin with ticket.evidence() or with the wire: lab.trace.show().",
        )

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heading, *lines = map(html.escape, self._lines())
        body = "".join(f"<p>{one}</p>" for one in lines)
        return (
            f'<section style="text-align:left" aria-label="{heading}"><p><strong>{heading}</strong></p>{body}</section>'
        )


def _is_blank(given: object) -> bool:
    """Whether something is still to be filled in."""
    return given is None or given is ... or (isinstance(given, str) and given.strip() in ("", "..."))


def opened(
    ticket: Ticket,
    department: Department,
    *,
    draw: int | None = None,
    closed: Callable[[Ticket], None] = lambda _: None,
) -> OpenTicket:
    """Let the fault of a ticket happen in a new department, and open the ticket."""
    ticket.breaks(department)
    return OpenTicket(ticket, department, draw=draw, closed=closed)
