"""The messages that a learner's department sends to the hospital of the class, as text.

Standard: IHE RAD-4 (the order filler tells the identifiers that it has given: OBR-18 to OBR-20 and ZDS-1, IPC-1 to
IPC-4 in an OMI); HL7 v2.5.1 sections 4.5.1 (ORC-1 SC with ORC-5), 14.3.2 and 14.4 (NMD^N02, NSC). Rules: a
message is passed on as it came; only its header names the seat and the hospital, an answer is always asked for, and
identifiers, and a start, that the sender left to the RIS are filled in, so that both sides call an examination by the
same names and plan it for the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from hl7dicom_lab import story
from hl7dicom_lab.clock import CLASS_START
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.hl7v2 import build, character_set
from hl7dicom_lab.hl7v2.escapes import escape
from hl7dicom_lab.hl7v2.groups import orders
from hl7dicom_lab.hl7v2.message import Message, Segments
from hl7dicom_lab.mapping import character_sets
from hl7dicom_lab.mapping.names import name_of
from hl7dicom_lab.model import Hl7Address, Identifier, StepStatus, WorklistItem

#: ORC-5 (table 0038) that a step's progress is told with, in a message with ORC-1 SC.
PROGRESS = {StepStatus.STARTED: "IP", StepStatus.COMPLETED: "CM", StepStatus.SCHEDULED: "SC"}
#: NSC-1 (table 0409): the application starts up.
START_UP = "SU"

#: Where the identifiers of a step stand (IHE RAD-4), by the type of the message.
_PLACES: Mapping[str, Sequence[tuple[str, int, str]]] = {
    "ORM": (
        ("ORC", 3, "filler_order_number"),
        ("OBR", 18, "accession_number"),
        ("OBR", 19, "requested_procedure_id"),
        ("OBR", 20, "scheduled_procedure_step_id"),
        ("ZDS", 1, "study_instance_uid"),
    ),
    "OMI": (
        ("ORC", 3, "filler_order_number"),
        ("IPC", 1, "accession_number"),
        ("IPC", 2, "requested_procedure_id"),
        ("IPC", 3, "study_instance_uid"),
        ("IPC", 4, "scheduled_procedure_step_id"),
    ),
}
#: Where the start of a step may stand; where nothing does, the RIS schedules it for the moment at which it came.
_STARTS = ("TQ1-7.1", "ORC-7.4", "OBR-27.4")
#: The steps of an order, in the order in which they were entered, by its placer order number.
StepsOf = Callable[[str], Sequence[WorklistItem]]


def passed_on(message: Message, seat: str, to: Hl7Address, steps_of: StepsOf | None = None) -> bytes:
    """A message of the learner's department, as the hospital gets it.

    With `steps_of` the new orders in it name the identifiers that they were given here.
    """
    lines = [list(segment.raw.split(segment.separators.field)) for segment in message]
    if steps_of is not None and message.type in _PLACES:
        lines = list(_with_identifiers(message, lines, steps_of))
    marks = message.header.separators
    header = lines[0] + [""] * max(0, 16 - len(lines[0]))
    # Field n of MSH stands at place n - 1. An answer is needed in any case, so MSH-15 and MSH-16 are empty.
    for number, value in ((4, seat), (5, to.application), (6, to.facility), (15, ""), (16, "")):
        header[number - 1] = escape(value, marks)
    while header[-1] == "":
        header.pop()
    text = "\r".join(marks.field.join(line) for line in (header, *lines[1:])) + "\r"
    return character_set.encode(text, message.raw("MSH-18").replace(marks.repetition, "~"))


def _with_identifiers(message: Message, lines: list[list[str]], steps_of: StepsOf) -> Iterator[list[str]]:
    place = {id(segment): number for number, segment in enumerate(message)}
    behind: dict[int, list[str]] = {}  # a new segment, by the place of the line that it follows
    met: dict[str, int] = {}
    for group in orders(message):
        if group.get("ORC-1") != "NW":
            continue
        placer = group.get("ORC-2.1")
        steps = steps_of(placer)
        number = met[placer] = met.get(placer, -1) + 1
        if number < len(steps):
            _name(group, steps[number], lines, place, behind)
    for number, line in enumerate(lines):
        yield line
        if number in behind:
            yield behind[number]


def _name(
    group: Segments,
    step: WorklistItem,
    lines: list[list[str]],
    place: Mapping[int, int],
    behind: dict[int, list[str]],
) -> None:
    """Fill in what one order leaves empty."""
    for name, number, attribute in _PLACES[group.get("MSH-9.1")]:
        if group.get(f"{name}-{number}.1"):
            continue
        own = group.first(name)
        if own is not None:
            line = lines[place[id(own)]]
        else:
            line = behind.setdefault(max(place[id(segment)] for segment in group), [name])
        line += [""] * (number + 1 - len(line))
        line[number] = getattr(step, attribute)
    if not any(group.get(path) for path in _STARTS):
        _schedule(group, step, lines[place[id(group.first("ORC"))]])


def _schedule(group: Segments, step: WorklistItem, orc: list[str]) -> None:
    """Put the start that the step was given into ORC-7.4; the priority behind it stays."""
    marks = group.segments[0].separators
    orc += [""] * (8 - len(orc))
    first, *further = orc[7].split(marks.repetition)
    parts = first.split(marks.component)
    parts += [""] * (4 - len(parts))
    parts[3] = step.start
    orc[7] = marks.repetition.join([marks.component.join(parts), *further])


def step_moved(envelope: Callable[[str], build.Envelope], step: WorklistItem) -> bytes:
    """The ORM^O01 that tells a step's progress. `envelope` makes a header with a character set."""
    declared = character_sets.to_hl7(_character_set(step))
    return build.message(
        envelope(declared),
        "ORM^O01",
        build.segment(
            "PID",
            {
                3: build.cx(Identifier(step.patient_id, step.issuer_of_patient_id)),
                5: build.xpn(name_of(step.patient_name)),
            },
        ),
        build.segment(
            "ORC",
            {
                1: "SC",
                2: escape(step.placer_order_number),
                3: escape(step.filler_order_number),
                5: PROGRESS[step.status],
            },
        ),
        build.segment("OBR", {20: escape(step.scheduled_procedure_step_id)}),
    )


def start_up(envelope: build.Envelope, facility: str) -> bytes:
    """The NMD^N02 that tells that a department starts up. `facility` is what it calls itself: NSC-5."""
    return build.message(
        envelope,
        "NMD^N02",
        build.segment("NCK", {1: build.ts(CLASS_START)}),
        build.segment("NSC", {1: START_UP, 4: story.RIS, 5: escape(facility)}),
    )


def _character_set(step: WorklistItem) -> tuple[str, ...]:
    declared = data_set.decode(step.data_set).get("SpecificCharacterSet") or ()
    return (declared,) if isinstance(declared, str) else tuple(declared)
