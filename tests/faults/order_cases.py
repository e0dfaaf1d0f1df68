"""Rows 41 to 50 of the list of faults: what an order, its repetition, its change and its report mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import honest
from answers import Line, ask, asks, said, words
from case import Case
from hl7_text import Hl7Text, adt, group, order, report

from hl7dicom_lab import story

if TYPE_CHECKING:
    from department import Department

_OTHER_PATIENT = "NG-999999^^^NORTHGATE^MR"


def _statuses(department: Department, message: Hl7Text) -> list[str]:
    return [step["status"] for step in department.steps(message.placer)]


def twice(make: Callable[[], Hl7Text]) -> Callable[[Department], str]:
    """The same message on two connections: the second answer is the first, byte for byte."""

    def play(department: Department) -> str:
        body = make().bytes()
        answers = []
        for _ in range(2):
            with Line(department) as line:
                answers.append(line.ask(body))
        assert answers[0].raw == answers[1].raw
        return f"{words(answers[0])}; the same bytes again"

    return play


def a_check_in() -> Hl7Text:
    return adt().put("PID-3", "NG-41^^^NORTHGATE^MR")


def order_twice(department: Department) -> str:
    message = order()
    told = twice(lambda: message)(department)
    assert _statuses(department, message) == ["SCHEDULED"]
    return told


def new_time_stamp(department: Department) -> str:
    message = order()
    told = ask(department, message)
    told += f"; {ask(department, message.put('MSH-7', '20260302080500'))}"
    assert _statuses(department, message) == ["SCHEDULED"]
    return told


def after(
    change: Callable[[Hl7Text], Hl7Text], status: str = "SCHEDULED", *, begun: bool = False
) -> Callable[[Department], str]:
    """A case in which something comes after an accepted order; what became of both, and of the order's step."""

    def play(department: Department) -> str:
        message = order()
        told = ask(department, message)
        if begun:
            department.lab.ris.start_step(department.steps(message.placer)[0]["accession_number"])
        told += f"; {ask(department, change(message))}"
        assert _statuses(department, message) == [status]
        return told

    return play


def same_id_other_order(message: Hl7Text) -> Hl7Text:
    return order().put("MSH-10", message.control_id)


def same_number(message: Hl7Text) -> Hl7Text:
    return message.anew()


def cancelled(message: Hl7Text) -> Hl7Text:
    return message.anew().put("ORC-1", "CA")


def discontinued(message: Hl7Text) -> Hl7Text:
    return message.anew().put("ORC-1", "DC")


def by_another_patient(message: Hl7Text) -> Hl7Text:
    return cancelled(message).put("PID-3", _OTHER_PATIENT)


def with_uid(uid: str, kind: str = "ORM") -> Callable[[], Hl7Text]:
    return lambda: order(kind).put("ZDS-1" if kind == "ORM" else "IPC-3", uid)


def two_patients(path: str, value: str) -> Callable[[Department], str]:
    """Two orders of two patients with one accession number, or one study."""

    def play(department: Department) -> str:
        second = order().put(path, value).put("PID-3", _OTHER_PATIENT)
        told = f"{ask(department, order().put(path, value))}; {ask(department, second)}"
        assert _statuses(department, second) == []
        return told

    return play


def taken_over(department: Department) -> str:
    """A change gives an order the accession number of another patient's order."""
    assert ask(department, order().put("OBR-18", "ACC-47-XO").put("PID-3", _OTHER_PATIENT)) == "AA"
    message = order()
    told = ask(department, message)
    told += f"; {ask(department, message.anew().put('ORC-1', 'XO').put('OBR-18', 'ACC-47-XO'))}"
    assert department.steps(message.placer)[0]["accession_number"] != "ACC-47-XO"
    return told


def two_groups(department: Department) -> str:
    first, second = order(), Hl7Text(group())
    told = ask(department, Hl7Text(*first.lines, *second.lines))
    steps = [step for one in (first, second) for step in department.steps(one.placer)]
    assert len({step["accession_number"] for step in steps}) == len({step["study_instance_uid"] for step in steps}) == 2
    return told


def second_group_wrong() -> Hl7Text:
    return order().add(group()).put("OBR[2]-18", "A" * 17)


def two_hundred_and_one() -> Hl7Text:
    return order().add(*(group() for _ in range(200)))


def _report(path: str, value: str) -> Callable[[], Hl7Text]:
    return lambda: report().put(path, value)


def held(department: Department, message: Hl7Text, reason: str, to: str = "reports") -> str:
    """Send a report that has to wait in the exceptions queue, with this reason and attached to nothing."""
    before = department.holds()
    with Line(department, to) as line:
        line.send(message.bytes())
        got, still_open = line.until_quiet()
    assert "kept in the exceptions queue" in got[0].text
    changes = department.holds().differences(before)
    assert set(changes) == {"exceptions", "inbox"}
    gone, (kept,) = changes["exceptions"]
    assert (gone, reason in kept[3]) == ([], True)
    return f"{said(got, still_open)}, in the exceptions queue"


def no_study(department: Department) -> str:
    return held(department, report().put("OBR-18", "NOWHERE-49"), "NOWHERE-49")


def no_key(department: Department) -> str:
    return held(department, report(), "neither")


def no_key_at_the_emr(department: Department) -> str:
    return held(department, report("EMR"), "neither", to="emr")


def patients_disagree(department: Department) -> str:
    accession = honest.examined(department)
    message = report().put("OBR-18", accession).put("PID-3", _OTHER_PATIENT)
    return held(department, message, "the images are of patient NG-100237")


def accessions_disagree(department: Department) -> str:
    honest.examined(department)
    study = department.lab.pacs.studies()[-1].study_instance_uid
    message = report().put("OBR-18", "WRONG-50")
    message.add(f"OBX|2|HD|110180^Study Instance UID^DCM||{study}||||||F")
    return held(department, message, "the report says WRONG-50")


def another_patients_order(department: Department) -> str:
    (placed,) = department.lab.emr.place(story.order("EMR-50"))
    message = report("EMR").put("ORC-2", placed.placer_order_number).put("OBR-2", placed.placer_order_number)
    return held(department, message.put("OBR-18", "ACC-50").put("PID-3", _OTHER_PATIENT), "is for patient", to="emr")


_AGAIN = "came again; it gets the answer of the first time"
_NO_UID = "is no UID"
_HELD = "the report is kept in the exceptions queue"
_QUEUED = "AA, in the exceptions queue"
_RIGHT = "the message is right"

CASES = (
    Case(41, "the same order twice", "AA; the same bytes again", order_twice, _AGAIN, changes=True),
    Case(41, "the same check-in twice", "AA; the same bytes again", twice(a_check_in), _AGAIN, changes=True),
    Case(41, "the same order with a new MSH-7", "AA; AA", new_time_stamp, _AGAIN, changes=True),
    Case(
        42,
        "another order under the same MSH-10",
        "AA; AE 205 at MSH-10",
        after(same_id_other_order),
        "was already used for another message",
        changes=True,
    ),
    Case(
        43,
        "a new order under a known placer order number",
        "AA; AE 205 at ORC-2",
        after(same_number),
        "refused: ORC-2",
        changes=True,
    ),
    Case(44, "an unknown order is cancelled", "AE 204 at ORC-2", asks(lambda: order(control="CA")), "refused: ORC-2"),
    Case(44, "an unknown order is changed", "AE 204 at ORC-2", asks(lambda: order(control="XO")), "refused: ORC-2"),
    Case(
        44,
        "another patient's order is cancelled",
        "AA; AE 204 at PID-3",
        after(by_another_patient),
        "another patient",
        changes=True,
    ),
    Case(
        45,
        "a step in progress is cancelled",
        "AA; AE 207 at ORC-1",
        after(cancelled, "STARTED", begun=True),
        "refused: ORC-1",
        changes=True,
    ),
    Case(
        45,
        "a step in progress is discontinued",
        "AA; AA",
        after(discontinued, "DISCONTINUED", begun=True),
        untraced=_RIGHT,
        changes=True,
    ),
    Case(46, "study UID 1..2", "AE 102 at ZDS-1.1", asks(with_uid("1..2")), _NO_UID),
    Case(46, "study UID 1.02.3", "AE 102 at IPC-3.1", asks(with_uid("1.02.3", "OMI")), _NO_UID),
    Case(46, "a study UID of 65 characters", "AE 102 at ZDS-1.1", asks(with_uid("1" + ".2" * 32)), _NO_UID),
    Case(
        47,
        "one accession number, two patients",
        "AA; AE 205 at OBR-18",
        two_patients("OBR-18", "ACC-47"),
        "refused: OBR-18",
        changes=True,
    ),
    Case(
        47,
        "one study, two patients",
        "AA; AE 205 at ZDS-1",
        two_patients("ZDS-1", "1.2.840.47"),
        "refused: ZDS-1",
        changes=True,
    ),
    Case(
        47,
        "a change to another patient's accession number",
        "AA; AE 205 at OBR-18",
        taken_over,
        "refused: OBR-18",
        changes=True,
    ),
    Case(48, "two orders in one message", "AA", two_groups, untraced=_RIGHT, changes=True),
    Case(48, "two orders in one message, the second wrong", "AE 104 at OBR[2]-18", asks(second_group_wrong), "OBR"),
    Case(48, "201 orders in one message", "AE 207 at ORC", asks(two_hundred_and_one), "at most 200 are taken at once"),
    Case(49, "a report for no study", _QUEUED, no_study, _HELD, changes=True),
    Case(49, "a report without a key", _QUEUED, no_key, _HELD, changes=True),
    Case(49, "a report without a key, to the EMR", _QUEUED, no_key_at_the_emr, _HELD, changes=True),
    Case(50, "a report with another patient than the images", _QUEUED, patients_disagree, _HELD, changes=True),
    Case(50, "a report with another accession number than its UID", _QUEUED, accessions_disagree, _HELD, changes=True),
    Case(50, "a report on another patient's order", _QUEUED, another_patients_order, _HELD, changes=True),
)
