"""MLLP: where an HL7 message begins and ends on a TCP connection. Bytes in, events out; no sockets here.

Clinical step: every HL7 arrow of the department (order, check-in, report). Standard: HL7 v2 transport specification
MLLP, release 1: a block is `<VT> message <FS> <CR>`, that is 0x0B, the message, 0x1C, 0x0D.

How the decoder works:

1. Between frames it expects VT. Anything else is noise: discarded and reported, never taken for a message.
2. FS alone ends a frame. The frame is reported at once, because the sender waits for its answer; the CR after it is
   reported on its own as a `Trailer`, now or when it comes. So a frame is reported once, wherever packets are cut.
3. A missing CR, and an LF in its place or after it, are accepted with a warning.
4. VT inside a frame breaks the frame: what came before is discarded. The new VT most likely begins a message that
   was sent anew, so a frame is opened there, but it counts only if it begins like a message (MSH, FHS, BHS).
   Otherwise the VT was a stray byte in a text, and the rest of that message is discarded as well.
5. Text after an FS that came together with it says that the FS stood inside a message: `as_received` makes a broken
   frame of it, so that half a message is never taken for a whole one.
6. Bytes of another protocol where VT is expected, a frame over the limit, and noise without end are fatal: the
   decoder reports them once and takes nothing any more. Close the connection.

Events do not depend on how the stream was cut into packets, but for one thing: a run of noise is reported in pieces
as it comes in. Each byte is looked at once, so time is linear; memory is bounded by the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar

from hl7dicom_lab.errors import CannotFrame
from hl7dicom_lab.trace import Remark

VT, FS, CR, LF = b"\x0b", b"\x1c", b"\r", b"\n"

#: Longest message that is taken, in bytes.
FRAME_LIMIT = 16 * 1024 * 1024
#: Longest run of bytes outside a frame, after which the peer is not one that speaks MLLP.
NOISE_LIMIT = 64 * 1024
_SHOWN = 256  # bytes of an overlong frame that its event keeps

_BLOCK = "MLLP: a block is VT (0x0B), the message, FS (0x1C), CR (0x0D)"
_NOISE = Remark("bytes outside a frame are discarded", _BLOCK, "send VT before the message")
_NO_CR = Remark("no CR after FS", _BLOCK, "end the frame with FS and CR", "warning")
_LF_AFTER = Remark("LF after the frame", _BLOCK, "end the frame with FS and CR only", "warning")
_EMPTY = Remark("an empty frame is ignored", _BLOCK, "put a message between VT and FS", "warning")
_VT_INSIDE = Remark(
    "VT inside a frame: what came before it is discarded",
    "MLLP: the message holds no VT (0x0B)",
    "send the whole message again, without VT in it",
)
_FS_INSIDE = Remark(
    "FS inside a message: what came before it is no whole message and is discarded",
    "MLLP: the message holds no FS (0x1C)",
    "send the whole message again, with FS written as an HL7 escape sequence (\\X1C\\)",
)
_NO_END = Remark("the frame has no end: FS did not come", _BLOCK, "end the frame with FS and CR; send it again")

#: How other protocols begin, as client or as server.
PREAMBLES = (
    *((f"{method} ".encode(), "HTTP") for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")),
    *((f"{method} ".encode(), "HTTP") for method in ("CONNECT", "TRACE", "PRI")),
    (b"HTTP/", "HTTP"),
    # PDU type, reserved byte, first byte of the length (PS3.8 section 9.3): A-ASSOCIATE-RQ, -AC, -RJ, A-ABORT
    *((bytes((pdu_type, 0, 0)), "DICOM") for pdu_type in (0x01, 0x02, 0x03, 0x07)),
    # record type handshake or alert, major version 3 (RFC 8446 section 5.1)
    (b"\x16\x03", "TLS"),
    (b"\x15\x03", "TLS"),
)
_MESSAGE_BEGINS = (b"MSH", b"FHS", b"BHS")


def encode(body: bytes) -> bytes:
    """Frame a message: `VT body FS CR`.

    Raises CannotFrame when the message is empty, or holds VT or FS, which would end or break the frame.
    """
    if not body:
        raise CannotFrame("there is no message to frame", next_step="build the message first")
    for name, byte in (("VT (0x0B)", VT), ("FS (0x1C)", FS)):
        offset = body.find(byte)
        if offset >= 0:
            raise CannotFrame(
                f"the message holds {name}, which MLLP keeps for its frames",
                where=f"offset {offset}",
                next_step="remove the byte, or write it as an HL7 escape sequence (\\X0B\\ or \\X1C\\)",
            )
    return b"".join((VT, body, FS, CR))


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole message."""

    body: bytes

    @property
    def raw(self) -> bytes:
        """The bytes on the wire up to FS."""
        return b"".join((VT, self.body, FS))


@dataclass(frozen=True, slots=True)
class Trailer:
    """What came after FS: CR as it must be (no remark), LF, or nothing."""

    raw: bytes
    remark: Remark | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes that are no frame. After a `fatal` one the decoder takes nothing any more."""

    fatal: ClassVar[bool] = False
    raw: bytes
    remark: Remark


@dataclass(frozen=True, slots=True)
class Noise(Fault):
    """Bytes where VT was expected (one run may be reported in pieces)."""

    remark: Remark = _NOISE


@dataclass(frozen=True, slots=True)
class Broken(Fault):
    """A frame with VT or FS inside it, or the rest of such a frame."""

    remark: Remark = _VT_INSIDE


@dataclass(frozen=True, slots=True)
class EmptyFrame(Fault):
    """VT and FS with nothing between them; some systems send it to see whether the connection lives."""

    raw: bytes = VT + FS
    remark: Remark = _EMPTY


@dataclass(frozen=True, slots=True)
class Incomplete(Fault):
    """The connection ended in the middle of a frame."""

    remark: Remark = _NO_END


@dataclass(frozen=True, slots=True)
class Overflow(Fault):
    """A frame, or a run of noise, over the limit; `raw` has its first 256 bytes."""

    fatal: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ForeignProtocol(Fault):
    """The peer speaks `name` (HTTP, DICOM, TLS); `raw` has the bytes that gave it away."""

    fatal: ClassVar[bool] = True
    name: str = field(kw_only=True)


Event = Frame | Trailer | Fault


class _State(Enum):
    BETWEEN = auto()
    IN_FRAME = auto()
    AFTER_FS = auto()
    AFTER_CR = auto()
    DEAD = auto()


class Decoder:
    """The receiving end of one connection. Feed it what comes in, call `end()` when the connection ends."""

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._limit = limit
        self._state = _State.BETWEEN
        self._body = bytearray()
        self._mistrusted = False  # the frame was opened by a VT inside another one (rule 4)
        self._noise = bytearray()  # not yet reported
        self._run = 0  # bytes of noise since the last frame, reported or not
        self._events: list[Event] = []

    @property
    def after_fs(self) -> bool:
        """Whether a frame has been reported and its CR has not come yet."""
        return self._state is _State.AFTER_FS

    @property
    def in_frame(self) -> bool:
        """Whether more must come before the bytes so far mean something."""
        return self._state is _State.IN_FRAME or bool(self._noise)

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes from the wire; return what they complete. Never raises."""
        if self._state is _State.DEAD:
            return []
        if self._is_one_frame(data):
            self._run = 0
            self._state = _State.AFTER_CR
            return [Frame(data[1:-2]), _CLEAN_END]
        first, *others = data.split(FS)
        self._up_to_fs(first)
        for part in others:
            self._on_fs()
            self._up_to_fs(part)
        self._report_noise(whole=False)
        return self._take_events()

    def end(self) -> list[Event]:
        """The connection ended: return what that says about the bytes so far."""
        if self._state is _State.IN_FRAME:
            self._events.append(Incomplete(VT + self._body))
        elif self._state is _State.AFTER_FS:
            self._events.append(Trailer(b"", _NO_CR))
        self._report_noise(whole=True)
        self._die()
        return self._take_events()

    def _is_one_frame(self, data: bytes) -> bool:
        """The ordinary packet: one whole message, nothing else. Knowing it saves most of the time."""
        size = len(data)
        return (
            (self._state is _State.AFTER_CR or (self._state is _State.BETWEEN and not self._noise))
            and 3 < size <= self._limit + 3
            and data.startswith(VT)
            and data.find(FS) == size - 2
            and data.endswith(CR)
            and data.find(VT, 1) < 0
        )

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _up_to_fs(self, part: bytes) -> None:
        first, *others = part.split(VT)
        if first:
            self._on_text(first)
        for text in others:
            self._on_vt()
            if text:
                self._on_text(text)

    def _on_text(self, text: bytes) -> None:
        if self._state is _State.IN_FRAME:
            self._grow(text)
            return
        rest = self._end_frame(text)
        if rest and self._state is _State.BETWEEN:
            self._discard(rest)

    def _on_vt(self) -> None:
        if self._state is _State.DEAD:
            return
        self._mistrusted = self._state is _State.IN_FRAME
        if self._mistrusted:
            self._events.append(Broken(VT + self._body))
            self._body.clear()
        else:
            self._end_frame(VT)
            self._report_noise(whole=True)
        self._run = 0
        self._state = _State.IN_FRAME

    def _on_fs(self) -> None:
        if self._state is not _State.IN_FRAME:
            self._on_text(FS)
            return
        body = bytes(self._body)
        self._body.clear()
        self._state = _State.AFTER_FS
        if not body:
            self._events.append(EmptyFrame())
        elif self._mistrusted and not body.startswith(_MESSAGE_BEGINS):
            self._events.append(Broken(VT + body + FS))
        else:
            self._events.append(Frame(body))

    def _grow(self, text: bytes) -> None:
        if len(self._body) + len(text) <= self._limit:
            self._body += text
            return
        kept = min(_SHOWN - len(VT), self._limit)
        head = VT + self._body[:kept] + text[: max(0, kept - len(self._body))]
        what = f"a frame of more than {self._limit} bytes"
        self._events.append(Overflow(head, Remark(what, "the limit of this receiver", "send it in smaller messages")))
        self._die()

    def _end_frame(self, text: bytes) -> bytes:
        """Take from `text` what belongs to the end of the last frame; return the rest."""
        if self._state is _State.AFTER_FS and text.startswith(CR):
            self._events.append(_CLEAN_END)
            self._state = _State.AFTER_CR
            text = text[1:]
        if not text or self._state not in (_State.AFTER_FS, _State.AFTER_CR):
            return text
        if text.startswith(LF):
            self._events.append(Trailer(LF, _LF_AFTER))
            text = text[1:]
        elif self._state is _State.AFTER_FS:
            self._events.append(Trailer(b"", _NO_CR))
        self._state = _State.BETWEEN
        return text

    def _discard(self, text: bytes) -> None:
        begins_run = self._run == len(self._noise)
        kept = text[: NOISE_LIMIT - self._run]
        self._noise += kept
        self._run += len(kept)
        if begins_run and (foreign := _foreign(self._noise)):
            self._events.append(foreign)
            self._die()
        elif len(kept) < len(text):
            self._report_noise(whole=True)
            what = f"more than {NOISE_LIMIT} bytes outside a frame"
            self._events.append(Overflow(b"", Remark(what, _BLOCK, "send VT before each message")))
            self._die()

    def _report_noise(self, *, whole: bool) -> None:
        """Report noise; what may still become the beginning of another protocol waits unless the run is `whole`."""
        if not self._noise:
            return
        if not whole and self._run == len(self._noise) and _may_be_foreign(self._noise):
            return
        self._events.append(Noise(bytes(self._noise)))
        self._noise.clear()

    def _die(self) -> None:
        self._state = _State.DEAD
        self._body.clear()
        self._noise.clear()


_CLEAN_END = Trailer(CR)


def _foreign(noise: bytearray) -> ForeignProtocol | None:
    for preamble, name in PREAMBLES:
        if noise.startswith(preamble):
            what = f"this port speaks MLLP, you spoke {name}"
            remark = Remark(what, _BLOCK, f"check address and port: {name} belongs to another port")
            return ForeignProtocol(preamble, remark, name=name)
    return None


def _may_be_foreign(noise: bytearray) -> bool:
    return any(preamble.startswith(noise) for preamble, _ in PREAMBLES)


def _was_cut(event: Event, _: bytes, remarks: tuple[Remark, ...]) -> bool:
    """Whether text that follows this event belongs to its message."""
    return isinstance(event, Frame) and remarks == (_NO_CR,)


def as_received(events: Iterable[Event]) -> Iterator[tuple[Event, bytes, tuple[Remark, ...]]]:
    """Each event with the bytes that it stands for and its remarks.

    A trailer that came together with its frame is joined to it; one that came later stands alone. A frame that text
    follows where its CR should be is broken.
    """
    kept: tuple[Event, bytes, tuple[Remark, ...]] | None = None
    for event in events:
        remarks = () if isinstance(event, Frame) or event.remark is None else (event.remark,)
        if kept is not None and isinstance(event, Trailer):
            kept = (kept[0], kept[1] + event.raw, kept[2] + remarks)
            continue
        if kept is not None and _was_cut(*kept) and isinstance(event, Noise | ForeignProtocol):
            kept = (Broken(kept[1], _FS_INSIDE), kept[1], (_FS_INSIDE,))
        if kept is not None:
            yield kept
        kept = (event, event.raw, remarks)
    if kept is not None:
        yield kept
