import contextlib
import os
import socket
import struct
import threading
import time
from types import SimpleNamespace

import pytest

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.hl7v2.mllp import encode
from hl7dicom_lab.services import mllp_listener
from hl7dicom_lab.services.mllp_listener import MllpLimits, MllpListener
from hl7dicom_lab.trace import Trace

ORDER = b"MSH|^~\\&|EMR|NIC|RIS|NIC|20260302080000||ORM^O01|%s|P|2.3.1\rPID|1||4711^^^NIC^MR||DOE^JANE\r"
ONE, TWO = ORDER % b"E1", ORDER % b"E2"
PATIENCE = 10.0


def acknowledgment(body):
    return b"MSH|^~\\&|RIS|NIC|EMR|NIC|20260302080000||ACK^O01|R%s|P|2.3.1\rMSA|AA|%s\r" % (
        (wire.control_id(body),) * 2
    )


class Receiver:
    """Takes messages, remembers them, says AA."""

    def __init__(self):
        self.bodies = []

    def __call__(self, body, _conversation):
        self.bodies.append(body)
        return acknowledgment(body)


class Client:
    """A client that sends what it likes, byte for byte."""

    def __init__(self, listener):
        self.socket = socket.create_connection((listener.host, listener.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def reset_at_close(self):
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def send(self, *packets):
        for packet in packets:
            self.socket.sendall(packet)

    def answer(self):
        """The next answer, or None at the end of the connection."""
        while b"\x1c\r" not in self.rest:
            data = self.until_closed(at_most=65536)
            if not data:
                return None
            self.rest += data
        framed, _, self.rest = self.rest.partition(b"\x1c\r")
        assert framed.startswith(b"\x0b")
        return framed[1:]

    def until_closed(self, at_most=None):
        """Everything that still comes; with `at_most`, what comes next."""
        seen = b""
        with contextlib.suppress(ConnectionError):  # closing with bytes unread resets the connection
            while data := self.socket.recv(at_most or 65536):
                if at_most:
                    return data
                seen += data
        return seen


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def trace():
    return Trace()


@pytest.fixture
def receiver():
    return Receiver()


@contextlib.contextmanager
def serving(receiver, trace, **limits):
    """A listener that still serves an honest client after whatever the test did to it."""
    with MllpListener(receiver, trace=trace, system="RIS", limits=MllpLimits(**limits)) as running:
        yield running
        honest = ORDER % b"HONEST"
        with Client(running) as client:
            client.send(encode(honest))
            assert client.answer() == acknowledgment(honest)
        assert receiver.bodies[-1] == honest


@pytest.fixture
def listener(trace, receiver):
    with serving(receiver, trace, frame=100_000, write=0.5, faults_in_a_row=5) as running:
        yield running


@pytest.fixture
def impatient(trace, receiver):
    with serving(receiver, trace, idle_in_frame=0.2) as running:
        yield running


def remarks(trace, *, number=None):
    """What the trace says about faults, once the conversation is over."""
    chosen = [one for one in trace.conversations() if number in (None, one.number)]
    return [remark.what for one in chosen for event in one.events for remark in event.remarks]


def test_a_message_is_answered_and_the_trace_has_the_bytes(listener, trace):
    with Client(listener) as client:
        client.send(encode(ONE))
        assert client.answer() == acknowledgment(ONE)
        (conversation,) = trace.conversations()
        assert [(event.direction, event.raw) for event in conversation.events] == [
            ("in", encode(ONE)),
            ("out", encode(acknowledgment(ONE))),
        ]
        assert conversation.ports == (listener.port, client.socket.getsockname()[1])
        assert (conversation.peer, conversation.role) == ("EMR", "acceptor")
    assert [row.decoded.kind for row in trace.rows()] == ["ORM^O01", "ACK AA"]


def test_row_01_no_vt_is_discarded_and_recorded(listener, trace, receiver):
    with Client(listener) as client:
        client.send(ONE + b"\x1c\r")
        eventually(lambda: remarks(trace) == ["bytes outside a frame are discarded"])
        client.send(encode(TWO))
        assert client.answer() == acknowledgment(TWO)
    assert receiver.bodies == [TWO]
    assert trace.rows()[0].decoded.raw == ONE + b"\x1c\r"


def test_row_02_fs_without_cr_is_answered_at_once_with_a_warning(listener, trace):
    with Client(listener) as client:
        client.send(b"\x0b" + ONE + b"\x1c")
        assert client.answer() == acknowledgment(ONE)
    eventually(lambda: remarks(trace) == ["no CR after FS"])


def test_row_03_cr_without_fs_waits_and_is_closed(impatient, trace, receiver):
    with Client(impatient) as client:
        client.send(b"\x0b" + ONE + b"\r")
        assert client.until_closed() == b""
    assert receiver.bodies == []
    assert "closed: silence in the middle of a frame" in remarks(trace)


@pytest.mark.parametrize("tail", [b"\x1c\n", b"\x1c\r\n"])
def test_row_04_lf_after_fs_is_accepted_with_a_warning(listener, trace, tail):
    with Client(listener) as client:
        client.send(b"\x0b" + ONE + tail)
        assert client.answer() == acknowledgment(ONE)
        eventually(lambda: remarks(trace) == ["LF after the frame"])


def test_row_05_two_messages_in_one_packet_get_two_answers_in_order(listener):
    with Client(listener) as client:
        client.send(encode(ONE) + encode(TWO))
        assert [client.answer(), client.answer()] == [acknowledgment(ONE), acknowledgment(TWO)]


@pytest.mark.parametrize("cut", [0, 1, 2, 40, len(ONE), len(ONE) + 1, len(ONE) + 2])
def test_row_06_split_anywhere_is_one_message(listener, receiver, cut):
    framed = encode(ONE)
    with Client(listener) as client:
        client.send(framed[:cut], framed[cut:])
        assert client.answer() == acknowledgment(ONE)
        client.send(encode(TWO))
        assert client.answer() == acknowledgment(TWO)
    assert receiver.bodies == [ONE, TWO]


def test_row_06_one_byte_a_packet(listener, receiver):
    with Client(listener) as client:
        client.send(*(bytes([byte]) for byte in encode(ONE)))
        assert client.answer() == acknowledgment(ONE)
    assert receiver.bodies == [ONE]


def test_row_07_a_vt_inside_a_frame_gets_no_answer(listener, trace, receiver):
    with Client(listener) as client:
        client.send(b"\x0b" + ONE[:40] + b"\x0b" + ONE[40:] + b"\x1c\r")
        client.send(encode(TWO))
        assert client.answer() == acknowledgment(TWO)
    assert receiver.bodies == [TWO]
    assert "VT inside a frame" in remarks(trace)[0]


def test_row_08_an_answer_with_fs_never_leaves(trace):
    with MllpListener(lambda *_: b"MSH|\x1c", trace=trace, system="RIS") as listener, Client(listener) as client:
        client.send(encode(ONE))
        assert client.until_closed() == b""
    assert "CannotFrame" in remarks(trace)[0]


@pytest.mark.parametrize("cut", [60, 61], ids=["a packet ends with FS", "FS in the middle of a packet"])
def test_row_08_a_message_with_fs_inside_gets_no_answer(trace, receiver, cut):
    with serving(receiver, trace, after_fs=PATIENCE) as listener, Client(listener) as client:
        stream = encode(ONE)[:59] + b"\x1c" + encode(ONE)[59:]
        client.send(stream[:cut], stream[cut:])
        client.send(encode(TWO))
        assert client.answer() == acknowledgment(TWO)
        assert receiver.bodies == [TWO]
        assert remarks(trace)[0].startswith("FS inside a message")


def test_row_09_an_empty_frame_is_ignored_and_recorded(listener, trace, receiver):
    with Client(listener) as client:
        client.send(b"\x0b\x1c\r" + encode(ONE))
        assert client.answer() == acknowledgment(ONE)
    assert receiver.bodies == [ONE]
    assert remarks(trace) == ["an empty frame is ignored"]


@pytest.mark.parametrize(
    ("opening", "name"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP"),
        (b"\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00", "DICOM"),
        (b"\x16\x03\x01\x02\x00\x01", "TLS"),
    ],
)
def test_row_10_another_protocol_is_named_and_closed(listener, trace, opening, name):
    with Client(listener) as client:
        client.send(opening)
        assert client.until_closed() == b""
    assert remarks(trace) == [f"this port speaks MLLP, you spoke {name}"]


def test_row_11_a_partial_frame_and_silence_is_closed(impatient, trace, receiver):
    with Client(impatient) as client:
        client.send(b"\x0b" + ONE[:30])
        assert client.until_closed() == b""
    assert receiver.bodies == []
    assert remarks(trace) == ["closed: silence in the middle of a frame", "the frame has no end: FS did not come"]
    assert trace.rows()[1].decoded.raw == b"\x0b" + ONE[:30]


def test_row_11_silence_between_messages_is_allowed_longer(trace, receiver):
    limits = MllpLimits(idle_in_frame=0.001, idle_between=0.2)
    with MllpListener(receiver, trace=trace, system="RIS", limits=limits) as listener, Client(listener) as client:
        for body in (ONE, TWO):
            client.send(encode(body))
            assert client.answer() == acknowledgment(body)
        assert client.until_closed() == b""
    assert remarks(trace) == ["closed: no message for a long time"]


def test_row_11_a_frame_that_trickles_in_is_closed(trace, receiver):
    with serving(receiver, trace, frame_time=0.1) as listener, Client(listener) as client:
        client.send(b"\x0bMSH")
        eventually(lambda: remarks(trace) or client.send(b"|"))
        assert remarks(trace)[0] == "closed: a frame took too long"
        assert receiver.bodies == []


def test_a_long_stream_of_whole_messages_is_no_slow_frame(trace, receiver, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(mllp_listener, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with serving(receiver, trace, frame_time=100.0) as listener, Client(listener) as client:
        client.send(encode(ONE)[:9])
        for _ in range(5):
            client.send(encode(ONE)[9:] + encode(ONE)[:9])
            assert client.answer() == acknowledgment(ONE)
            now[0] += 60.0
        assert remarks(trace) == []


def test_row_12_a_partial_frame_and_close_is_no_message(listener, trace, receiver):
    with Client(listener) as client:
        client.send(b"\x0b" + ONE)
    eventually(lambda: remarks(trace) == ["the frame has no end: FS did not come"])
    assert receiver.bodies == []


def test_row_13_a_frame_over_the_cap_closes_the_connection(listener, trace, receiver):
    with Client(listener) as client, contextlib.suppress(ConnectionError):
        client.send(encode(ONE + b"x" * 100_000))
        assert client.until_closed() == b""
    eventually(lambda: remarks(trace) == ["a frame of more than 100000 bytes"])
    assert receiver.bodies == []


def test_row_14_an_endless_stream_is_cut_off(listener, receiver):
    with Client(listener) as client, pytest.raises(ConnectionError):
        client.send(b"\x0b", *[b"x" * 65536] * 1000)
    assert receiver.bodies == []


def test_row_14_endless_noise_is_cut_off(listener, trace):
    with Client(listener) as client, contextlib.suppress(ConnectionError):
        while True:
            client.send(b"x" * 65536)
    assert remarks(trace)[-1] == "more than 65536 bytes outside a frame"


def test_endless_faults_are_cut_off(listener, trace):
    with Client(listener) as client:
        client.send(b"\x0b\x1c\r" * 5)
        assert client.until_closed() == b""
    assert remarks(trace)[-1] == "closed: 5 faults and no message between them"


def test_an_exception_closes_the_connection_without_an_answer(trace):
    def receive(body, _conversation):
        if body == ONE:
            raise ZeroDivisionError("the disk is full")
        return acknowledgment(body)

    with MllpListener(receive, trace=trace, system="RIS") as listener:
        with Client(listener) as client:
            client.send(encode(ONE) + encode(TWO))
            assert client.until_closed() == b""
        with Client(listener) as client:
            client.send(encode(TWO))
            assert client.answer() == acknowledgment(TWO)
    assert remarks(trace) == ["the receiver failed: ZeroDivisionError: the disk is full"]


def test_no_answer_where_none_is_due(trace):
    with (
        MllpListener(
            lambda body, _: None if body == ONE else acknowledgment(body), trace=trace, system="RIS"
        ) as listener,
        Client(listener) as client,
    ):
        client.send(encode(ONE) + encode(TWO))
        assert client.answer() == acknowledgment(TWO)


def test_a_peer_that_does_not_read_its_answers_is_closed(listener, trace):
    with Client(listener) as client:
        with contextlib.suppress(ConnectionError):
            while not remarks(trace):
                client.send(encode(ONE) * 1000)
        eventually(lambda: remarks(trace)[-1:] == ["closed: the peer does not read its answers"])


def test_a_peer_that_resets_the_connection_harms_nobody(listener):
    with Client(listener) as client:
        client.reset_at_close()
        client.send(b"\x0b" + ONE)


def test_a_peer_that_goes_before_its_answer_is_recorded(trace):
    entered, go_on = threading.Event(), threading.Event()

    def receive(body, _conversation):
        entered.set()
        assert go_on.wait(PATIENCE)
        return acknowledgment(body)

    with MllpListener(receive, trace=trace, system="RIS") as listener:
        with Client(listener) as client:
            client.reset_at_close()
            client.send(encode(ONE))
            assert entered.wait(PATIENCE)
        go_on.set()
        eventually(lambda: remarks(trace) == ["the peer had gone before its answer"])


def test_row_90_a_port_that_is_taken_is_named(listener, trace, receiver):
    with pytest.raises(
        SetupError, match=rf"127\.0\.0\.1:{listener.port}: port {listener.port} is taken.*0 takes a free"
    ):
        MllpListener(receiver, trace=trace, system="PACS", port=listener.port).start()


def test_an_address_of_another_machine_is_refused(trace, receiver):
    with pytest.raises(SetupError, match="cannot listen here"):
        MllpListener(receiver, trace=trace, system="PACS", host="192.0.2.1").start()
    with pytest.raises(SetupError, match="70000 is no port"):
        MllpListener(receiver, trace=trace, system="PACS", port=70_000).start()


def test_row_95_forty_clients_at_once(listener, receiver):
    answers = {}

    def talk(number):
        with Client(listener) as client:
            for message in range(5):
                body = ORDER % b"C%d-%d" % (number, message)
                client.send(encode(body))
                answers[number, message] = client.answer() == acknowledgment(body)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(answers) == 200
    assert all(answers.values())
    assert len(receiver.bodies) == 200


def test_connections_over_the_limit_are_turned_away(trace, receiver):
    limits = MllpLimits(connections=2)
    with MllpListener(receiver, trace=trace, system="RIS", limits=limits) as listener:
        with Client(listener) as first, Client(listener) as second:
            for client in (first, second):
                client.send(encode(ONE))
                client.answer()
            with Client(listener) as third:
                assert third.until_closed() == b""
            second.send(encode(TWO))
            assert second.answer() == acknowledgment(TWO)
        assert remarks(trace) == ["turned away: 2 connections open"]
        eventually(lambda: not listener._connections)
        with Client(listener) as client:
            client.send(encode(TWO))
            assert client.answer() == acknowledgment(TWO)


def test_who_has_been_silent_longest_makes_room(trace, receiver):
    limits = MllpLimits(connections=2, kept_place=0)
    with MllpListener(receiver, trace=trace, system="RIS", limits=limits) as listener:
        with Client(listener) as first, Client(listener) as second:
            first.send(encode(ONE))
            assert first.answer() == acknowledgment(ONE)
            eventually(lambda: silent(listener) == 2)
            second.send(encode(TWO))
            assert second.answer() == acknowledgment(TWO)
            eventually(lambda: silent(listener) == 2)
            with Client(listener) as third:
                third.send(encode(ORDER % b"E3"))
                assert third.answer() == acknowledgment(ORDER % b"E3")
                assert first.until_closed() == b""
                second.send(encode(ORDER % b"E4"))
                assert second.answer() == acknowledgment(ORDER % b"E4")
        assert remarks(trace) == ["closed: all places were taken, and nothing had come here for the longest time"]


def test_who_is_amid_a_message_keeps_the_place(trace, receiver):
    limits = MllpLimits(connections=1, kept_place=0)
    with MllpListener(receiver, trace=trace, system="RIS", limits=limits) as listener, Client(listener) as first:
        begin, end = encode(ONE)[:20], encode(ONE)[20:]
        first.send(begin)
        eventually(lambda: listener._connections and all(one._decoder.in_frame for one in listener._connections))
        with Client(listener) as second:
            assert second.until_closed() == b""
        first.send(end)
        assert first.answer() == acknowledgment(ONE)
    assert remarks(trace) == ["turned away: 1 connection open"]


def silent(listener):
    """How many connections wait for a message."""
    return sum(one.silence >= 0 for one in listener._connections)


def test_stop_ends_open_connections_and_gives_the_port_back(trace, receiver):
    listener = MllpListener(receiver, trace=trace, system="RIS").start()
    before = set(threading.enumerate())
    with Client(listener) as idle, Client(listener) as busy, Client(listener) as silent:
        busy.send(encode(ONE))
        assert busy.answer()
        silent.send(b"\x0b" + ONE)
        eventually(lambda: len(trace.conversations()) == 3)
        listener.stop()
        listener.stop()
        assert [client.until_closed() for client in (idle, busy, silent)] == [b"", b"", b""]
    assert not [one for one in threading.enumerate() if one.name == "mllp-RIS" and one not in before]
    with pytest.raises(ConnectionRefusedError):
        Client(listener)
    with listener, Client(listener) as client:  # started again: the same port
        client.send(encode(TWO))
        assert client.answer() == acknowledgment(TWO)


def test_stop_lets_an_answer_under_way_leave(trace):
    entered, go_on = threading.Event(), threading.Event()

    def receive(body, _conversation):
        entered.set()
        assert go_on.wait(PATIENCE)
        return acknowledgment(body)

    listener = MllpListener(receive, trace=trace, system="RIS").start()
    with Client(listener) as client:
        client.send(encode(ONE) + encode(TWO))
        assert entered.wait(PATIENCE)
        stopping = threading.Thread(target=listener.stop)
        stopping.start()
        eventually(lambda: all(one._finishing for one in listener._connections))
        go_on.set()
        assert client.answer() == acknowledgment(ONE)
        assert client.answer() is None
        stopping.join(PATIENCE)
    assert not stopping.is_alive()


def test_a_receiver_that_hangs_does_not_keep_stop(trace):
    go_on = threading.Event()
    limits = MllpLimits(stop=0.1)
    listener = MllpListener(lambda *_: go_on.wait(PATIENCE) and None, trace=trace, system="RIS", limits=limits).start()
    with Client(listener) as client:
        client.send(encode(ONE))
        eventually(trace.rows)
        threads = [one for one in threading.enumerate() if one.name == "mllp-RIS"]
        listener.stop()
        assert client.until_closed() == b""
        go_on.set()
        for thread in threads:
            thread.join(PATIENCE)


def test_a_receiver_may_stop_its_own_listener(trace):
    def receive(body, _conversation):
        listener.stop()
        return acknowledgment(body)

    listener = MllpListener(receive, trace=trace, system="RIS").start()
    with Client(listener) as client:
        client.send(encode(ONE))
        assert client.answer() == acknowledgment(ONE)
    assert "stopped" in repr(listener)
