from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hl7dicom_lab.errors import CannotFrame
from hl7dicom_lab.hl7v2 import mllp
from hl7dicom_lab.hl7v2.mllp import (
    CR,
    FS,
    LF,
    VT,
    Broken,
    Decoder,
    EmptyFrame,
    ForeignProtocol,
    Frame,
    Incomplete,
    Noise,
    Overflow,
    Trailer,
    as_received,
    encode,
)

ORDER = b"MSH|^~\\&|EMR|NIC|RIS|NIC|20260302080000||ORM^O01|E1|P|2.3.1\rPID|1||4711\r"
OTHER = ORDER.replace(b"E1", b"E2")
DICOM_REQUEST = b"\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00RIS_SCP         "
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def events(*packets, limit=mllp.FRAME_LIMIT, end=True):
    decoder = Decoder(limit)
    seen = [event for packet in packets for event in decoder.feed(packet)]
    return seen + (decoder.end() if end else [])


def bodies(*packets):
    return [event.body for event in events(*packets) if isinstance(event, Frame)]


def joined(seen):
    """Events with neighbouring pieces of noise put together: what the packets were does not matter then."""
    result = []
    for event in seen:
        if result and isinstance(event, Noise) and isinstance(result[-1], Noise):
            result[-1] = Noise(result[-1].raw + event.raw)
        else:
            result.append(event)
    return result


def in_packets(stream, cuts):
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(places)]


# --- the strict encoder


def test_a_frame_is_vt_message_fs_cr():
    assert encode(ORDER) == b"\x0b" + ORDER + b"\x1c\x0d"


@pytest.mark.parametrize(("byte", "name"), [(VT, "VT"), (FS, "FS")])
def test_row_08_a_message_with_a_frame_byte_is_not_framed(byte, name):
    with pytest.raises(CannotFrame, match=rf"^offset {len(ORDER)}: the message holds {name}"):
        encode(ORDER + byte + b"NTE|1")


def test_nothing_is_not_framed():
    with pytest.raises(CannotFrame, match="no message"):
        encode(b"")


# --- the tolerant decoder, row by row of the fault list


def test_a_frame_and_its_end():
    assert events(encode(ORDER)) == [Frame(ORDER), Trailer(CR)]


def test_row_01_a_message_without_vt_is_noise():
    seen = joined(events(ORDER + FS + CR))
    assert seen == [Noise(ORDER + FS + CR)]
    assert "VT" in seen[0].remark.rule


def test_row_01_the_next_message_is_taken():
    assert bodies(ORDER + FS + CR + encode(OTHER)) == [OTHER]


@pytest.mark.parametrize("after", [b"", encode(OTHER)])
def test_row_02_fs_without_cr_is_accepted_with_a_warning(after):
    seen = events(VT + ORDER + FS + after)
    assert seen[0] == Frame(ORDER)
    assert seen[1].raw == b""
    assert seen[1].remark.severity == "warning"
    assert bodies(VT + ORDER + FS + after) == [ORDER, *([OTHER] if after else [])]


def test_row_02_the_frame_does_not_wait_for_the_cr():
    assert events(VT + ORDER + FS, end=False) == [Frame(ORDER)]


def test_row_03_cr_without_fs_waits():
    decoder = Decoder()
    assert decoder.feed(VT + ORDER + CR) == []
    assert decoder.in_frame
    assert decoder.feed(FS + CR) == [Frame(ORDER + CR), Trailer(CR)]
    assert not decoder.in_frame


@pytest.mark.parametrize("tail", [FS + LF, FS + CR + LF])
def test_row_04_lf_after_fs_is_accepted_with_a_warning(tail):
    ((event, raw, remarks), (following, _, _)) = as_received(events(VT + ORDER + tail + encode(OTHER)))
    assert (event, following) == (Frame(ORDER), Frame(OTHER))
    assert raw == VT + ORDER + tail
    assert [remark.severity for remark in remarks] == ["warning"]


def test_row_05_two_messages_in_one_packet_are_two_frames_in_order():
    assert bodies(encode(ORDER) + encode(OTHER)) == [ORDER, OTHER]


def test_row_06_split_anywhere_is_one_frame():
    framed = encode(ORDER)
    for cut in range(len(framed) + 1):
        assert events(framed[:cut], framed[cut:]) == [Frame(ORDER), Trailer(CR)]


def test_row_07_a_vt_in_a_text_spoils_the_whole_message():
    first, second = ORDER[:50], ORDER[50:]
    assert events(encode(first)[:-2] + VT + second + FS + CR) == [
        Broken(VT + first),
        Broken(VT + second + FS),
        Trailer(CR),
    ]


def test_row_07_a_message_begun_anew_is_taken():
    assert events(VT + ORDER[:50] + encode(ORDER)) == [Broken(VT + ORDER[:50]), Frame(ORDER), Trailer(CR)]


def test_row_07_the_message_after_a_broken_one_is_taken():
    assert bodies(VT + ORDER + VT + b"NTE|1" + FS + CR + encode(OTHER)) == [OTHER]


@pytest.mark.parametrize("text", [b"x", b"GET / HTTP/1.1"])
def test_row_08_text_after_fs_says_that_the_message_was_cut(text):
    ((event, raw, remarks), *_) = as_received(events(VT + ORDER + FS + text))
    assert isinstance(event, Broken)
    assert raw == VT + ORDER + FS
    assert "X1C" in remarks[0].repair
    assert [type(one) for one, _, _ in as_received(events(VT + ORDER + FS + CR + b"x"))] == [Frame, Noise]


def test_row_09_an_empty_frame_is_no_message():
    assert events(VT + FS + CR + encode(ORDER)) == [EmptyFrame(), Trailer(CR), Frame(ORDER), Trailer(CR)]


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP"),
        (b"POST /orders HTTP/1.1\r\n", "HTTP"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (DICOM_REQUEST, "DICOM"),
        (b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x01", "DICOM"),
        (TLS_HELLO, "TLS"),
    ],
)
def test_row_10_another_protocol_is_recognised_however_it_is_cut(stream, name):
    for cut in range(len(stream)):
        (event,) = joined(events(stream[:cut], stream[cut:], encode(ORDER)))
        assert isinstance(event, ForeignProtocol)
        assert event.name == name
        assert event.fatal
        assert event.remark.what == f"this port speaks MLLP, you spoke {name}"


def test_row_10_another_protocol_after_a_message_is_recognised():
    frame, trailer, foreign = events(encode(ORDER) + TLS_HELLO)
    assert (frame, trailer, foreign.name) == (Frame(ORDER), Trailer(CR), "TLS")


def test_row_10_its_words_inside_a_message_mean_nothing():
    assert bodies(encode(b"MSH|GET / HTTP/1.1")) == [b"MSH|GET / HTTP/1.1"]


def test_row_10_a_beginning_that_comes_to_nothing_is_noise():
    decoder = Decoder()
    assert decoder.feed(b"GE") == []
    assert decoder.in_frame
    assert decoder.feed(b"X" + encode(ORDER)) == [Noise(b"GEX"), Frame(ORDER), Trailer(CR)]


def test_row_12_the_end_in_the_middle_of_a_frame_is_told():
    assert events(VT + ORDER) == [Incomplete(VT + ORDER)]


def test_row_13_a_frame_at_the_limit_passes_and_one_over_it_does_not():
    assert events(encode(ORDER), limit=len(ORDER)) == [Frame(ORDER), Trailer(CR)]
    (event,) = events(encode(ORDER), encode(ORDER), limit=len(ORDER) - 1)
    assert isinstance(event, Overflow)
    assert event.raw == VT + ORDER[:-1]
    assert str(len(ORDER) - 1) in event.remark.what


def test_row_14_an_endless_stream_ends_at_the_limit_and_keeps_no_more():
    decoder = Decoder(1000)
    assert decoder.feed(VT) == []
    for _ in range(10):
        assert decoder.feed(b"x" * 100) == []
        assert len(decoder._body) <= 1000
    (event,) = decoder.feed(b"x")
    assert event.fatal
    assert len(event.raw) == 256
    assert len(decoder._body) == 0
    assert decoder.feed(encode(ORDER)) == decoder.end() == []


def test_row_14_endless_noise_ends_as_well():
    seen = joined(events(*[b"x" * 4096] * 20))
    assert [type(event) for event in seen] == [Noise, Overflow]
    assert len(seen[0].raw) == mllp.NOISE_LIMIT


def test_sixteen_megabytes_in_small_packets():
    decoder = Decoder()
    packets = mllp.FRAME_LIMIT // 1024
    decoder.feed(VT)
    for _ in range(packets):
        assert decoder.feed(b"x" * 1024) == []
    (frame,) = decoder.feed(FS)
    assert len(frame.body) == mllp.FRAME_LIMIT


def test_a_late_cr_stands_alone():
    assert list(as_received([Trailer(CR)])) == [(Trailer(CR), CR, ())]


# --- properties

token = st.sampled_from(
    [VT, FS, CR, LF, ORDER, OTHER, b"MSH|", b"x", b"G", b"GET ", b"HTTP/", b"\x01", b"\x00", b"\x16", b"\x03", b"\xff"]
)
stream = st.one_of(st.binary(max_size=60), st.lists(token, max_size=30).map(b"".join))
cuts = st.lists(st.integers(min_value=0, max_value=10_000), max_size=20)


@settings(max_examples=500, deadline=None)
@given(stream=stream, cuts=cuts, limit=st.sampled_from([3, 40, len(ORDER), mllp.FRAME_LIMIT]))
def test_packets_do_not_matter(stream, cuts, limit):
    whole = joined(events(stream, limit=limit))
    assert joined(events(*in_packets(stream, cuts), limit=limit)) == whole
    assert joined(events(*(stream[i : i + 1] for i in range(len(stream))), limit=limit)) == whole


@settings(max_examples=300, deadline=None)
@given(stream=stream, cuts=cuts)
def test_a_frame_never_holds_a_frame_byte_and_no_byte_is_lost(stream, cuts):
    seen = events(*in_packets(stream, cuts))
    assert all(
        event.body and VT not in event.body and FS not in event.body for event in seen if isinstance(event, Frame)
    )
    if not any(getattr(event, "fatal", False) for event in seen):
        assert b"".join(event.raw for event in seen) == stream
        assert b"".join(raw for _, raw, _ in as_received(seen)) == stream


body = st.binary(min_size=1, max_size=200).map(lambda raw: raw.translate(None, VT + FS)).filter(bool)


@settings(max_examples=200, deadline=None)
@given(messages=st.lists(body, max_size=5), cuts=cuts)
def test_what_is_framed_comes_out_again(messages, cuts):
    stream = b"".join(map(encode, messages))
    seen = events(*in_packets(stream, cuts))
    assert [event.body for event in seen if isinstance(event, Frame)] == messages
    assert [event for event in seen if not isinstance(event, Frame)] == [Trailer(CR)] * len(messages)


@settings(max_examples=200, deadline=None)
@given(stream=stream, cuts=cuts, limit=st.integers(min_value=1, max_value=50))
def test_memory_stays_within_the_limit(stream, cuts, limit):
    decoder = Decoder(limit)
    for packet in in_packets(stream, cuts):
        decoder.feed(packet)
        assert len(decoder._body) <= limit
        assert len(decoder._noise) < 16  # at most the beginning of another protocol's first words
