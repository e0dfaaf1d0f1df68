"""What an association carried, in the standard's words: the trace's decoder for DICOM.

Clinical step: a person looks at how a worklist was asked for, or why an image was refused. Standard: PS3.8 section 9.3
(PDUs), PS3.7 sections 9.3 and E.1 (DIMSE-C messages, command dictionary). Rules:

* A DIMSE message is put together from the presentation data values of one direction; its data set is read with the
  transfer syntax that was negotiated for its context in this very conversation.
* Nothing here raises, whatever the bytes: what cannot be read is a row that says so.
* The same events give the same rows. No port, no object's address, no time but the event's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import UID, ImplicitVRLittleEndian

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import pdu, status
from hl7dicom_lab.dicom.elements import PIXEL_DATA
from hl7dicom_lab.dicom.reading import lines, read_data_set
from hl7dicom_lab.errors import DicomFault, PeerError
from hl7dicom_lab.trace import Decoded, Table, WireEvent

#: PS3.7 section E.1: Command Field (0000,0100) of requests. A response has the highest bit set as well.
_COMMANDS = {
    0x0001: "C-STORE",
    0x0010: "C-GET",
    0x0020: "C-FIND",
    0x0021: "C-MOVE",
    0x0030: "C-ECHO",
    0x0100: "N-EVENT-REPORT",
    0x0110: "N-GET",
    0x0120: "N-SET",
    0x0130: "N-ACTION",
    0x0140: "N-CREATE",
    0x0150: "N-DELETE",
    0x0FFF: "C-CANCEL",
}
_RESPONSE = 0x8000
_NO_DATA_SET = 0x0101  # Command Data Set Type (0000,0800)
#: What tells one worklist item or study from another at a glance, and one series or image of an archive's answer.
_IDENTITY = ("PatientName", "PatientID", "AccessionNumber")
_IDENTITY_BELOW_STUDY = {
    "SERIES": ("Modality", "SeriesNumber", "SeriesDescription", "SeriesInstanceUID"),
    "IMAGE": ("InstanceNumber", "SOPInstanceUID"),
}
_MOST_KEYS = 6
#: The presentation contexts as a table: what is asked, and what is answered.
_ASKED = ("context", "abstract syntax (what for)", "transfer syntaxes offered")
_ANSWERED = (*_ASKED, "result", "transfer syntax accepted")
_LEFT_OUT = "(not read yet)"


def describe(events: Sequence[WireEvent]) -> Iterator[Decoded]:
    """The events of one conversation as rows, in order; the PDUs that carry messages are marked as details."""
    reader = Reader()
    for event in events:
        yield from reader.take(event)
    yield from reader.unfinished()


def name_of(uid: str) -> str:
    """The standard's name of a UID, or the UID itself."""
    return str(UID(uid, validation_mode=config.IGNORE).name) if uid else "(no UID)"


@dataclass
class _Message:
    """A DIMSE message while its pieces come in."""

    context_id: int
    encoded_command: bytearray = field(default_factory=bytearray)
    data_set: bytearray = field(default_factory=bytearray)
    events: list[WireEvent] = field(default_factory=list)
    command: Dataset | None = None  # once its last piece is there
    shortened: bool = False

    def add(self, event: WireEvent, value: pdu.Pdv) -> bool:
        """Take one piece in; whether the message is complete."""
        if not self.events or self.events[-1] is not event:
            self.events.append(event)
        self.shortened |= event.size > len(event.raw)
        (self.encoded_command if value.is_command else self.data_set).extend(value.data)
        if value.is_command and value.is_last:
            self.command = _read_command(self.encoded_command)
            return bool(self.command.get("CommandDataSetType") == _NO_DATA_SET)
        return value.is_last


class Reader:
    """Reads a conversation as it goes on: what has been negotiated, and the message that each direction is amid.

    With `images=False` it does not read the data sets of C-STORE requests, which takes most of the time.
    """

    def __init__(self, *, images: bool = True) -> None:
        self.images = images
        self._proposed: dict[int, pdu.ProposedContext] = {}
        self._transfer_syntaxes: dict[int, str] = {}
        self._open: dict[str, _Message] = {}

    def take(self, event: WireEvent) -> list[Decoded]:
        """The rows that an event completes."""
        try:
            return list(self._rows(event))
        except Exception as error:  # a fault of ours must not hide the rest of the conversation
            return [Decoded(event, "(unreadable)", type(error).__name__, event.raw)]

    def unfinished(self) -> list[Decoded]:
        """What was begun and is not ended yet, in the order in which it was begun."""
        begun = sorted(self._open.values(), key=lambda one: one.events[0].number)
        return [self._row(message, complete=False) for message in begun]

    def _rows(self, event: WireEvent) -> Iterator[Decoded]:
        if event.direction == "note":
            yield _note(event)
            return
        kind = pdu.name_of(event.raw) or "(no PDU)"
        try:
            unit = pdu.parse(event.raw, shortened=event.size > len(event.raw))
        except PeerError as error:
            yield Decoded(event, kind, error.what, event.raw)
            return
        if isinstance(unit, pdu.DataTransfer):
            yield Decoded(event, kind, _values_text(unit), event.raw, detail=True)
            for value in unit.values:
                yield from self._take(event, value)
        else:
            yield self._control(event, kind, unit)

    def _take(self, event: WireEvent, value: pdu.Pdv) -> Iterator[Decoded]:
        message = self._open.get(event.direction)
        if message and (message.context_id != value.context_id or (value.is_command and message.command is not None)):
            yield self._row(message, complete=False)
            message = None
        if message is None:
            message = self._open[event.direction] = _Message(value.context_id)
        if message.add(event, value):
            del self._open[event.direction]
            yield self._row(message, complete=True)

    def _control(self, event: WireEvent, kind: str, unit: pdu.Pdu) -> Decoded:
        summary, data, table = "", "", None
        if isinstance(unit, pdu.Associate) and kind == "A-ASSOCIATE-RQ":
            self._proposed = {one.context_id: one for one in unit.proposed}
            summary, data = _request_summary(unit), "\n".join(_request_lines(unit))
            table = Table(_ASKED, tuple(_asked(one) for one in unit.proposed))
        elif isinstance(unit, pdu.Associate):
            accepted = {one.context_id: one.transfer_syntax for one in unit.results if one.result == 0}
            self._transfer_syntaxes = accepted
            summary = f"{len(accepted)} of {counted(len(unit.results), 'context')} accepted"
            data = "\n".join(self._answer_lines(unit))
            table = Table(_ANSWERED, tuple(self._answered(unit)))
        elif isinstance(unit, pdu.Reject | pdu.Abort):
            summary = unit.words
        elif isinstance(unit, pdu.Release):
            summary = "asks to end the association" if kind == "A-RELEASE-RQ" else "the association has ended"
        return Decoded(event, kind, summary, event.raw, data=data, table=table)

    def _answered(self, unit: pdu.Associate) -> Iterator[tuple[str, ...]]:
        """Each context that was asked for or answered: what became of it."""
        results = {one.context_id: one for one in unit.results}
        for context_id in sorted({*self._proposed, *results}):
            proposed = self._proposed.get(context_id, pdu.ProposedContext(context_id, "", ()))
            result = results.get(context_id)
            syntax = name_of(result.transfer_syntax) if result and result.result == 0 else ""
            yield (*_asked(proposed), result.words if result else "not answered", syntax)

    def _answer_lines(self, unit: pdu.Associate) -> Iterator[str]:
        yield from _party_lines(unit)
        for one in unit.results:
            proposed = self._proposed.get(one.context_id)
            asked = name_of(proposed.abstract_syntax if proposed else "")
            syntax = f", {name_of(one.transfer_syntax)}" if one.result == 0 else ""
            yield f"context {one.context_id} ({asked}): {one.words}{syntax}"

    def _row(self, message: _Message, *, complete: bool) -> Decoded:
        command = message.command if message.command is not None else _read_command(message.encoded_command)
        code = command.get("CommandField")
        kind = command_name(code)
        left_out = kind == "C-STORE-RQ" and not self.images
        data_set, trouble = (Dataset(), _LEFT_OUT) if left_out else self._read_data_set(message)
        summary = self._summary(kind, message, command, data_set)
        if not complete and not message.shortened:
            summary = f"{summary} (not complete)".strip()
        shown = ["command set", *lines(command, "  ")]
        if message.data_set:
            shown += ["data set", *([f"  {trouble}"] if trouble else lines(data_set, "  "))]
        raw = b"".join(event.raw for event in message.events)
        code = command.get("Status") if kind.endswith("-RSP") else None
        answer = code if isinstance(code, int) else None
        return Decoded(message.events[-1], kind, summary, raw, data="\n".join(shown), status=answer)

    def _read_data_set(self, message: _Message) -> tuple[Dataset, str]:
        """The message's data set up to its pixels; and what is wrong with it, if something is."""
        if not message.data_set:
            return Dataset(), ""
        if message.shortened:
            return Dataset(), "(the data set is no longer kept)"
        syntax = self._transfer_syntaxes.get(message.context_id, "")
        try:
            return read_data_set(bytes(message.data_set), syntax, before=PIXEL_DATA), ""
        except DicomFault as fault:
            return Dataset(), f"the data set cannot be read: {fault}"

    def _summary(self, kind: str, message: _Message, command: Dataset, data_set: Dataset) -> str:
        if kind.endswith("-RSP"):
            return _response_summary(kind, command, data_set)
        if kind == "C-FIND-RQ":
            return _query_summary(_sop_class(command), data_set)
        if kind == "C-STORE-RQ":
            syntax = name_of(self._transfer_syntaxes.get(message.context_id, ""))
            size = "" if message.shortened else f", {len(message.data_set):,} bytes"
            return f"{_sop_class(command)} {command.get('AffectedSOPInstanceUID') or '(no UID)'}, {syntax}{size}"
        if kind == "C-CANCEL-RQ":
            return f"of message {command.get('MessageIDBeingRespondedTo')}"
        return _sop_class(command)


def _note(event: WireEvent) -> Decoded:
    severe = any(remark.severity == "error" for remark in event.remarks)
    return Decoded(event, "fault" if severe else "note", event.remarks[0].what if event.remarks else "", event.raw)


def _values_text(unit: pdu.DataTransfer) -> str:
    return "; ".join(
        f"context {one.context_id}: {'command' if one.is_command else 'data set'}, "
        f"{'last' if one.is_last else 'not the last'} fragment, {len(one.data):,} bytes"
        for one in unit.values
    )


def _request_summary(unit: pdu.Associate) -> str:
    asked = list(dict.fromkeys(name_of(one.abstract_syntax) for one in unit.proposed))
    more = f" and {len(asked) - 2} more" if len(asked) > 2 else ""
    return f"{unit.calling_ae_title} asks {unit.called_ae_title} for {', '.join(asked[:2])}{more}"


def _request_lines(unit: pdu.Associate) -> Iterator[str]:
    yield from _party_lines(unit)
    for one in unit.proposed:
        yield f"context {one.context_id}: {name_of(one.abstract_syntax)}"
        yield from (f"    {name_of(syntax)}" for syntax in one.transfer_syntaxes)


def _asked(context: pdu.ProposedContext) -> tuple[str, ...]:
    offered = ", ".join(name_of(syntax) for syntax in context.transfer_syntaxes)
    return str(context.context_id), name_of(context.abstract_syntax), offered


def _party_lines(unit: pdu.Associate) -> Iterator[str]:
    yield f"called AE title: {unit.called_ae_title}"
    yield f"calling AE title: {unit.calling_ae_title}"
    yield f"application context: {name_of(unit.application_context)}"
    yield f"maximum PDU length: {unit.maximum_length or 'any'}"
    yield f"implementation: {unit.implementation_class_uid} {unit.implementation_version_name}".rstrip()


def _read_command(command: bytearray) -> Dataset:
    """A command set is always Implicit VR Little Endian (PS3.7 section 6.3.1). Empty where it cannot be read."""
    try:
        return read_data_set(bytes(command), ImplicitVRLittleEndian)
    except DicomFault:
        return Dataset()


def command_name(code: object) -> str:
    """What a Command Field (0000,0100) says, for example `C-FIND-RQ` (PS3.7 section E.1)."""
    if not isinstance(code, int):
        return "(no command)"
    name = _COMMANDS.get(code & ~_RESPONSE)
    if name is None:
        return f"(command 0x{code:04X})"
    return f"{name}-RSP" if code & _RESPONSE else f"{name}-RQ"


def _sop_class(command: Dataset) -> str:
    return name_of(str(command.get("AffectedSOPClassUID") or command.get("RequestedSOPClassUID") or ""))


def _response_summary(kind: str, command: Dataset, data_set: Dataset) -> str:
    code = command.get("Status")
    parts = [status.words(code, kind.removesuffix("-RSP")) if isinstance(code, int) else "(no status)"]
    parts += [str(command.get(keyword)) for keyword in ("ErrorComment", "OffendingElement") if command.get(keyword)]
    keywords = _IDENTITY_BELOW_STUDY.get(str(data_set.get("QueryRetrieveLevel")), _IDENTITY)
    identity = ", ".join(str(data_set.get(keyword)) for keyword in keywords if data_set.get(keyword))
    return ": ".join((*parts, identity) if identity else parts)


def _query_summary(model: str, query: Dataset) -> str:
    keys = list(_matching_keys(query))
    if not keys:
        return f"{model}: no key with a value"
    more = f", and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else ""
    return f"{model}: {', '.join(keys[:_MOST_KEYS])}{more}"


def _matching_keys(query: Dataset, path: str = "") -> Iterator[str]:
    """The keys that have a value, as `keyword=value`; those of a sequence's item with the sequence before them."""
    for element in query:
        name = f"{path}{element.keyword or element.tag}"
        if element.VR == "SQ":
            for item in element.value:
                yield from _matching_keys(item, f"{name}.")
        elif element.keyword != "SpecificCharacterSet" and element.value not in (None, "", b""):
            values = element.value if isinstance(element.value, list) or element.VM > 1 else [element.value]
            yield f"{name}={chr(92).join(map(str, values))}"
