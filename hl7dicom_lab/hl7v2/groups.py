"""Which segments belong together: the orders of an ORM or OMI, the reports of an ORU.

HL7 v2.3.1 section 4.2 (ORM^O01), v2.5.1 section 4.4.12 (OMI^O23) and section 7.3.1 (ORU^R01). Rule: each group comes
with the header segments that hold for all of them, so that a mapping reads one order as if it had come alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.message import Message, Segment, Segments

#: Segments of the header that speak of the patient and the visit; notes there are not notes on an order.
_HEADER = ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "AL1")
#: One message is one transaction, and while it lasts everybody else waits.
MOST_GROUPS = 200


def orders(message: Message) -> tuple[Segments, ...]:
    """The orders of an ORM^O01 or OMI^O23, one for each scheduled procedure step.

    An ORC begins a group. Each IPC of an OMI is a step of its own. The ZDS of an ORM belongs to the order that it
    follows, and to those before it that are of the same requested procedure: OBR-18 and OBR-19 agree and are valued
    (IHE RAD-4 sends one ZDS after all steps of a procedure).

    Raises `Hl7Fault` 100 where there is no ORC, where segments are out of order, and for a second OBR under one ORC;
    207 for more than `MOST_GROUPS` steps.
    """
    header = [segment for segment in message if segment.name in _HEADER]
    groups = _begun_by(message, "ORC", {"OBR", "TQ1", "IPC", "ZDS", "OBX"})
    steps = [step for group in _shared_zds(groups) for step in _one_step_each(group)]
    _check_number(steps, "ORC")
    return tuple(Segments((*header, *step)) for step in steps)


def reports(message: Message) -> tuple[Segments, ...]:
    """The reports of an ORU^R01: each OBR with the ORC before it and the OBX and NTE after it.

    Raises `Hl7Fault` 100 where there is no OBR, or an OBX stands before it; 207 for more than `MOST_GROUPS` reports.
    """
    header = [segment for segment in message if segment.name in _HEADER]
    groups: list[list[Segment]] = []
    waiting: list[Segment] = []
    for segment in message:
        if segment.name == "ORC":
            waiting = [segment]
        elif segment.name == "OBR":
            groups.append([*waiting, segment])
            waiting = []
        elif segment.name in ("OBX", "NTE", "ZDS") and groups:
            groups[-1].append(segment)
        elif segment.name == "OBX":
            raise _out_of_order("OBX", "OBR")
    if not groups:
        raise Hl7Fault(
            "there is no OBR segment: what is reported?", code=100, where="OBR", next_step="send OBR before OBX"
        )
    _check_number(groups, "OBR")
    return tuple(Segments((*header, *group)) for group in groups)


@contextmanager
def placed(group: Segments, message: Message) -> Iterator[None]:
    """Whatever is wrong in a group is told by its place in the whole message: `OBR[2]-18`, not `OBR-18`."""
    try:
        yield
    except Hl7Fault as fault:
        fault.where = _where_in(message, group, fault.where)
        raise


def _where_in(message: Message, group: Segments, where: str) -> str:
    found = re.fullmatch(r"(\w{3})(?:\[(\d+)\])?(-.+)", where)
    mine = group.all(found[1])[int(found[2] or 1) - 1 :] if found else ()
    if not found or not mine:
        return where
    number = next(number for number, one in enumerate(message.all(found[1]), 1) if one is mine[0])
    return where if number == 1 else f"{found[1]}[{number}]{found[3]}"


def _check_number(groups: list[list[Segment]], where: str) -> None:
    if len(groups) > MOST_GROUPS:
        raise Hl7Fault(
            f"the message holds {len(groups)} steps or reports; at most {MOST_GROUPS} are taken at once",
            code=207,
            where=where,
            next_step="send them in several messages",
        )


def _begun_by(message: Message, first: str, members: set[str]) -> list[list[Segment]]:
    groups: list[list[Segment]] = []
    for segment in message:
        if segment.name == first:
            groups.append([segment])
        elif groups and segment.name in _HEADER:
            raise _out_of_order(first, segment.name)
        elif groups:
            if segment.name == "OBR" and any(one.name == "OBR" for one in groups[-1]):
                raise Hl7Fault(
                    "a second OBR stands under one ORC",
                    code=100,
                    where="OBR",
                    next_step="send ORC before each OBR, so that each order says what shall be done with it",
                )
            groups[-1].append(segment)
        elif segment.name in members:
            raise _out_of_order(segment.name, first)
    if not groups:
        raise Hl7Fault(
            f"there is no {first} segment: what shall be done?",
            code=100,
            where=first,
            next_step=f"send {first} before OBR, with the order control in ORC-1",
        )
    return groups


def _out_of_order(name: str, first: str) -> Hl7Fault:
    return Hl7Fault(f"{name} stands before {first}", code=100, where=name, next_step=f"send {first} first, then {name}")


def _shared_zds(groups: list[list[Segment]]) -> list[list[Segment]]:
    """Give a ZDS also to the earlier orders of the same requested procedure."""
    completed = []
    later: dict[tuple[str, str], Segment] = {}
    for group in reversed(groups):
        procedure = _procedure(group)
        own = next((segment for segment in group if segment.name == "ZDS"), None)
        if own and procedure != ("", ""):
            later[procedure] = own
        shared = None if own else later.get(procedure)
        completed.append([*group, shared] if shared else group)
    return completed[::-1]


def _procedure(group: list[Segment]) -> tuple[str, str]:
    obr = next((segment for segment in group if segment.name == "OBR"), None)
    return (obr.value(18), obr.value(19)) if obr else ("", "")


def _one_step_each(group: list[Segment]) -> list[list[Segment]]:
    steps = [segment for segment in group if segment.name == "IPC"]
    if len(steps) < 2:
        return [group]
    common = [segment for segment in group if segment.name != "IPC"]
    return [[*common, step] for step in steps]
