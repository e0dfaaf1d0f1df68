"""HL7 messages as bytes on the wire: the fields that the transport needs, and what the trace shows of them.

Clinical step: a person looks at what went between two systems. Standard: HL7 v2 chapter 2 (MSH, MSA, ERR), chapter 3
(PID). Rule: nothing here raises, whatever the bytes; a strict reading of a message is `hl7v2.message`.

Fields are read straight from the bytes: the field separator is the byte after `MSH`, and only the segment that is
asked for is looked at. That holds for single-byte character sets and UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.character_set import codec_of
from hl7dicom_lab.hl7v2.mllp import CR, FS, LF, VT
from hl7dicom_lab.trace import Conversation, Decoded, Remark, WireEvent


def field(body: bytes, segment: bytes, number: int) -> bytes:
    """Field `number` of the first `segment` (`b"MSA"`) as it stands on the wire; empty where there is none."""
    if not body.startswith(b"MSH") or len(body) < 4:
        return b""
    separator = body[3:4]
    begin = 0 if segment == b"MSH" else _begin(body, segment + separator)
    if begin < 0:
        return b""
    if segment == b"MSH":
        if number == 1:
            return separator
        number -= 1  # MSH-1 is the separator itself
    fields = body[begin : _line_end(body, begin)].split(separator, number + 1)
    return fields[number] if number < len(fields) else b""


def _begin(body: bytes, beginning: bytes) -> int:
    for line_end in (CR, LF):
        found = body.find(line_end + beginning)
        if found >= 0:
            return found + 1
    return -1


def _line_end(body: bytes, begin: int) -> int:
    end = body.find(CR, begin)
    if end < 0:
        end = len(body)
    before = body.find(LF, begin, end)
    return end if before < 0 else before


def control_id(body: bytes) -> bytes:
    """MSH-10 of a message."""
    return field(body, b"MSH", 10)


def acknowledged_id(body: bytes) -> bytes:
    """MSA-2 of an acknowledgment: MSH-10 of the message that it answers."""
    return field(body, b"MSA", 2)


def sending_application(body: bytes) -> str:
    """MSH-3, its first component, in the character set of MSH-18: what the trace calls the peer."""
    return _Glance(body).text(b"MSH", 3, 1)


def record(conversation: Conversation, raw: bytes, remarks: tuple[Remark, ...]) -> None:
    """Record bytes from the peer that are no message: a fault as a note, the rest with its remarks if it has any."""
    fault = next((remark for remark in remarks if remark.severity == "error"), None)
    if fault is None:
        conversation.received(raw, *remarks)
    else:
        conversation.note(fault.what, rule=fault.rule, repair=fault.repair, raw=raw)


def describe(events: Sequence[WireEvent]) -> Iterator[Decoded]:
    """The trace's decoder for HL7 conversations: a line a message, fault or note.

    A CR that came in a later packet than its frame is joined to that frame's bytes, so that the table does not depend
    on how packets were cut.
    """
    decoded: list[Decoded] = []
    newest: dict[str, int] = {}  # direction -> where its newest message stands in `decoded`
    for event in events:
        body = _unframed(event.raw)
        if event.direction != "note" and body:
            newest[event.direction] = len(decoded)
            decoded.append(_message(event, body))
            continue
        decoded.append(_note(event))
        if event.direction in newest and event.raw in (CR, LF, CR + LF):
            whole = decoded[newest[event.direction]]
            decoded[newest[event.direction]] = replace(whole, raw=whole.raw + event.raw)
    yield from decoded


def _unframed(raw: bytes) -> bytes:
    """The message in a frame. An old event is shortened: its frame may have no end."""
    return raw.removeprefix(VT).rstrip(FS + CR + LF)


def _note(event: WireEvent) -> Decoded:
    if not event.remarks:
        return Decoded(event, "note", "end of frame", event.raw, detail=True)
    severe = any(remark.severity == "error" for remark in event.remarks)
    return Decoded(event, "fault" if severe else "note", event.remarks[0].what, event.raw)


def _message(event: WireEvent, body: bytes) -> Decoded:
    glance = _Glance(body)
    if not body.startswith(b"MSH"):
        kind, summary = "not HL7", glance.lines.partition("\n")[0][:60]
    elif glance.text(b"MSA", 1):
        kind, summary = _acknowledgment(glance)
    else:
        kind, summary = glance.message_type, _addressed(glance)
    return Decoded(event, kind, summary, event.raw, data=glance.lines)


class _Glance:
    """A message as a person glances at it: what cannot be read is shown as its byte, in hexadecimal."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._delimiters = field(body, b"MSH", 2) or b"^~\\&"
        try:
            self._codec = codec_of(field(body, b"MSH", 18).decode("ascii", "replace"))
        except Hl7Fault:
            self._codec = "ascii"

    def _decode(self, raw: bytes) -> str:
        return raw.decode(self._codec, "backslashreplace")

    @property
    def lines(self) -> str:
        """The message with a segment a line."""
        lines = self._body.replace(LF, CR).split(CR)
        return "\n".join(self._decode(line) for line in lines if line)

    @property
    def message_type(self) -> str:
        """MSH-9 as people say it: `ORM^O01`."""
        return "^".join(part for part in (self.text(b"MSH", 9, 1), self.text(b"MSH", 9, 2)) if part) or "(no MSH-9)"

    def text(self, segment: bytes, number: int, component: int = 0) -> str:
        """The first repetition of a field as sent, or one of its components."""
        value = field(self._body, segment, number).split(self._delimiters[1:2] or b"~")[0]
        if component:
            components = value.split(self._delimiters[:1])
            value = components[component - 1] if component <= len(components) else b""
        return self._decode(value)


def _acknowledgment(glance: _Glance) -> tuple[str, str]:
    name = "ACK" if glance.text(b"MSH", 9, 1) == "ACK" else glance.message_type
    reasons = (
        glance.text(b"MSA", 3),
        glance.text(b"ERR", 3, 2) or glance.text(b"ERR", 3, 1),
        glance.text(b"ERR", 8),
    )
    answered = f"{glance.text(b'MSH', 10)} answers {glance.text(b'MSA', 2)}"
    return f"{name} {glance.text(b'MSA', 1)}", ": ".join(dict.fromkeys(filter(None, (answered, *reasons))))


def _addressed(glance: _Glance) -> str:
    patient = " ".join(filter(None, (glance.text(b"PID", 5), glance.text(b"PID", 3, 1)))) or "no patient"
    return f"{glance.text(b'MSH', 10)}: {patient}, {glance.text(b'MSH', 3)} -> {glance.text(b'MSH', 5)}"
