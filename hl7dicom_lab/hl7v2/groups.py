"""Which segments belong together: the orders of an ORM or OMI, the reports of an ORU.

HL7 v2.3.1 section 4.2 (ORM^O01), v2.5.1 section 4.4.12 (OMI^O23) and section 7.3.1 (ORU^R01). Rule: each group comes
with the header segments that hold for all of them, so that a mapping reads one order as if it had come alone.
"""

from __future__ import annotations

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.message import Message, Segment, Segments

#: Segments of the header that speak of the patient and the visit; notes there are not notes on an order.
_HEADER = ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "AL1")


def orders(message: Message) -> tuple[Segments, ...]:
    """The orders of an ORM^O01 or OMI^O23, one for each scheduled procedure step.

    An ORC begins a group. Each IPC of an OMI is a step of its own. The ZDS of an ORM belongs to the order that it
    follows, and to those before it that are of the same requested procedure: OBR-18 and OBR-19 agree and are valued
    (IHE RAD-4 sends one ZDS after all steps of a procedure).

    Raises `Hl7Fault` 100 where there is no ORC, where segments are out of order, and for a second OBR under one ORC.
    """
    header = [segment for segment in message if segment.name in _HEADER]
    groups = _begun_by(message, "ORC", {"OBR", "TQ1", "IPC", "ZDS", "OBX"})
    groups = _shared_zds(groups)
    return tuple(Segments((*header, *one)) for group in groups for one in _one_step_each(group))


def reports(message: Message) -> tuple[Segments, ...]:
    """The reports of an ORU^R01: each OBR with the ORC before it and the OBX and NTE after it.

    Raises `Hl7Fault` 100 where there is no OBR, or an OBX stands before it.
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
    return tuple(Segments((*header, *group)) for group in groups)


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
    for number, group in enumerate(groups):
        own = [segment for segment in group if segment.name == "ZDS"]
        later = [one for one in groups[number + 1 :] if _procedure(one) == _procedure(group) != ("", "")]
        shared = [segment for one in later for segment in one if segment.name == "ZDS"]
        completed.append(group if own else [*group, *shared[:1]])
    return completed


def _procedure(group: list[Segment]) -> tuple[str, str]:
    obr = next((segment for segment in group if segment.name == "OBR"), None)
    return (obr.value(18), obr.value(19)) if obr else ("", "")


def _one_step_each(group: list[Segment]) -> list[list[Segment]]:
    steps = [segment for segment in group if segment.name == "IPC"]
    if len(steps) < 2:
        return [group]
    common = [segment for segment in group if segment.name != "IPC"]
    return [[*common, step] for step in steps]
