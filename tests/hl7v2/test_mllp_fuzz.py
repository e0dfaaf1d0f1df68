"""The decoder against a second one, which takes a stream byte by byte and shares nothing with it but the rules.

The rules are those of the fault list: what is a frame, what is noise, what ends a connection. HL7DICOM_LAB_FUZZ makes
it try more (`fuzzing.py`).
"""

from __future__ import annotations

import sys
from itertools import pairwise, product

from fuzzing import tried
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.hl7v2 import mllp
from hl7dicom_lab.hl7v2.mllp import Decoder, Frame, as_received, encode

VT, FS, CR, LF = 0x0B, 0x1C, 0x0D, 0x0A
ORDER = b"MSH|^~\\&|EMR|NIC|RIS|NIC|20260302080000||ORM^O01|E1|P|2.3.1\rPID|1||4711\r"
PREAMBLES = [
    *(method + b" " for method in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE")),
    *(b"CONNECT ", b"PRI ", b"HTTP/", b"\x01\0\0", b"\x02\0\0", b"\x03\0\0", b"\x07\0\0", b"\x16\x03", b"\x15\x03"),
]

# The second decoder: what it sees, as (kind, bytes, whether it is noteworthy)

Seen = tuple[str, bytes, bool]


class Slow:
    """One byte at a time; everything that came since the last event is in `held`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.seen: list[Seen] = []
        self.state = "outside"
        self.held = b""
        self.trusted = True

    def tell(self, kind: str, raw: bytes, noteworthy: bool = True) -> None:
        self.seen.append((kind, raw, noteworthy))
        self.held = b""

    def die(self, kind: str, raw: bytes) -> None:
        self.tell(kind, raw)
        self.state = "dead"

    def take(self, byte: int) -> None:
        getattr(self, self.state)(byte)

    def dead(self, byte: int) -> None:
        pass

    def outside(self, byte: int) -> None:
        if byte == VT:
            if self.held:
                self.tell("Noise", self.held)
            self.state, self.trusted = "inside", True
            return
        if len(self.held) == mllp.NOISE_LIMIT:
            self.tell("Noise", self.held)
            self.die("Overflow", b"")
            return
        self.held += bytes([byte])
        if self.held in PREAMBLES:
            self.die("ForeignProtocol", self.held)

    def inside(self, byte: int) -> None:
        if byte == VT:
            self.tell("Broken", b"\x0b" + self.held)
            self.trusted = False
        elif byte == FS:
            self.state = "after_fs"
            if not self.held:
                self.tell("EmptyFrame", b"\x0b\x1c")
            elif self.trusted or self.held[:3] in (b"MSH", b"FHS", b"BHS"):
                self.tell("Frame", b"\x0b" + self.held + b"\x1c", noteworthy=False)
            else:
                self.tell("Broken", b"\x0b" + self.held + b"\x1c")
        elif len(self.held) == self.limit:
            self.die("Overflow", (b"\x0b" + self.held + bytes([byte]))[: min(256, self.limit + 1)])
        else:
            self.held += bytes([byte])

    def after_fs(self, byte: int) -> None:
        if byte == CR:
            self.tell("Trailer", b"\r", noteworthy=False)
            self.state = "after_cr"
        elif byte == LF:
            self.tell("Trailer", b"\n")
            self.state = "outside"
        else:
            self.tell("Trailer", b"")
            self.state = "outside"
            self.outside(byte)

    def after_cr(self, byte: int) -> None:
        self.state = "outside"
        if byte == LF:
            self.tell("Trailer", b"\n")
        else:
            self.outside(byte)

    def end(self) -> list[Seen]:
        if self.state == "inside":
            self.tell("Incomplete", b"\x0b" + self.held)
        elif self.state == "after_fs":
            self.tell("Trailer", b"")
        elif self.held:
            self.tell("Noise", self.held)
        return self.seen


def slowly(stream: bytes, limit: int) -> list[Seen]:
    decoder = Slow(limit)
    for byte in stream:
        decoder.take(byte)
    return decoder.end()


# The decoder itself


def in_packets(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(places)]


def quickly(packets: list[bytes], limit: int) -> list[Seen]:
    decoder = Decoder(limit)
    events = [event for packet in packets for event in decoder.feed(packet)] + decoder.end()
    seen: list[Seen] = []
    for event in events:
        remark = None if isinstance(event, Frame) else event.remark
        told = (type(event).__name__, event.raw, remark is not None)
        if told[0] == "Noise" and seen and seen[-1][0] == "Noise":  # a run of noise comes in pieces
            told = ("Noise", seen.pop()[1] + told[1], True)
        seen.append(told)
    assert b"".join(raw for _, raw, _ in as_received(events)) == b"".join(event.raw for event in events)
    return seen


MARKS = [bytes([one]) for one in (VT, FS, CR, LF)]
BODIES = [
    ORDER,
    b"MSH",
    b"FHSx",
    b"GET x",
    *(b"x" * size for size in (1, 2, 3, 4, 39, 40, 41, 254, 255, 256, 257, 258)),
]
structure = st.sampled_from([*MARKS, b"\x1c\r", b"\x1c\n", b"\r\n", b"\x0b\x1c"])
words = st.sampled_from(
    [b"MSH", b"MSH|^~\\&|", b"BHS|", b"GE", b"HTTP", b"\0", b"\x01", b"\x16", b"x", b"\xff", *BODIES]
)
frames = st.sampled_from([encode(body) for body in BODIES])
foreign = st.sampled_from(PREAMBLES)
tokens = st.one_of(structure, structure, structure, words, words, frames, frames, st.binary(max_size=3), foreign)
streams = st.one_of(st.binary(max_size=80), st.lists(tokens, max_size=30).map(b"".join))
cuts = st.lists(st.integers(0, 20_000), max_size=30)
limits = st.sampled_from([1, 2, 3, 40, 255, 256, 257, mllp.FRAME_LIMIT, mllp.FRAME_LIMIT, mllp.FRAME_LIMIT])


def test_every_short_stream_gives_what_the_second_decoder_gives():
    """All streams of up to five of the bytes that mean something and one that does not, whole and byte by byte."""
    for length in range(6):
        for symbols in product((*MARKS, b"x"), repeat=length):
            stream = b"".join(symbols)
            for limit in (1, 2):
                seen = slowly(stream, limit)
                assert quickly([stream], limit) == seen, stream
                assert quickly(list(symbols), limit) == seen, stream


@tried(500)
@given(stream=streams, cuts=cuts, limit=limits)
def test_any_split_of_any_stream_gives_what_the_second_decoder_gives(stream, cuts, limit):
    assert quickly(in_packets(stream, cuts), limit) == slowly(stream, limit)


@tried(15)
@given(
    st.lists(st.sampled_from([b"n" * 5000, b"n" * 70_000, b"\x0b", b"\x1c\r", b"GET ", b"MSH|1"]), max_size=20),
    st.integers(1, 70_000),
)
def test_long_runs_of_noise_end_at_the_same_byte_however_they_come(pieces, size):
    stream = b"".join(pieces)
    packets = [stream[begin : begin + size] for begin in range(0, len(stream), size)]
    assert quickly(packets, 6000) == slowly(stream, 6000)


# What was framed comes out, whatever stands between


bodies = st.one_of(
    st.sampled_from([ORDER, b"MSH", b"BHS|^~\\&|"]), st.binary(max_size=90).map(lambda raw: b"MSH" + raw)
)
bodies = bodies.map(lambda raw: raw.translate(None, b"\x0b\x1c"))
noises = st.lists(st.one_of(structure, words, st.binary(max_size=20)), max_size=8).map(b"".join)


def harmless(noise: bytes) -> bool:
    """No word of another protocol: that would end the connection, and rightly."""
    return not any(preamble in noise for preamble in PREAMBLES)


def is_within(wanted: list[bytes], found: list[bytes]) -> bool:
    rest = iter(found)
    return all(one in rest for one in wanted)


@tried(250)
@given(st.lists(st.tuples(noises.filter(harmless), bodies), max_size=6), cuts)
def test_what_was_framed_comes_out_in_order_whatever_noise_stands_between(sent, cuts):
    stream = b"".join(noise + encode(body) for noise, body in sent)
    decoder = Decoder()
    events = [event for packet in in_packets(stream, cuts) for event in decoder.feed(packet)]
    found = [event.body for event in events if isinstance(event, Frame)]
    wanted = [body for _, body in sent]
    assert is_within(wanted, found)
    if not any(b"\x0b" in noise and b"\x1c" in noise for noise, _ in sent):  # else noise may frame something itself
        assert found == wanted


# Memory


def held_by(decoder: Decoder) -> int:
    """Everything that a decoder keeps, whatever its parts are called."""
    return sum(map(sys.getsizeof, vars(decoder).values()))


@tried(120)
@given(streams, st.sampled_from([0, 1, 64, 1000]), st.integers(1, 4000), st.integers(1, 4))
def test_a_decoder_keeps_no_more_than_its_limit_and_one_read(stream, limit, size, times):
    decoder = Decoder(limit)
    nothing = held_by(decoder)
    stream = stream * times * 10
    for begin in range(0, len(stream), size):
        packet = stream[begin : begin + size]
        decoder.feed(packet)
        # A bytearray takes an eighth more than it needs, so that it can grow.
        assert held_by(decoder) - nothing <= (limit + len(packet)) * 9 // 8 + 64
    decoder.end()
    assert held_by(decoder) - nothing <= 64


def test_a_stream_without_end_leaves_nothing_behind():
    for endless in (b"\x0b" + b"x" * 999, b"x" * 1000, b"\x0bx" * 500, b"\x0b\x1c" * 500, b"\x0bMSH\x0b" * 200):
        decoder = Decoder(5000)
        nothing = held_by(decoder)
        for _ in range(60):
            decoder.feed(endless)
            assert held_by(decoder) - nothing < 8000
