import contextlib
import socket
import threading

import pytest

from hl7dicom_lab.errors import CannotBuild, CannotFrame, DeliveryError, LocalError, NoAnswer
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.hl7v2.mllp import encode
from hl7dicom_lab.services.mllp_listener import MllpLimits, MllpListener
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.trace import Trace

ORDER = b"MSH|^~\\&|EMR|NIC|RIS|NIC|20260302080000||ORM^O01|%s|P|2.3.1\rPID|1||4711^^^NIC^MR||DOE^JANE\r"
ONE, TWO = ORDER % b"E1", ORDER % b"E2"
PATIENCE = 10.0
SHORT = 0.5  # time-out of a sender whose peer stays silent


def answer(body, code=b"AA"):
    return b"MSH|^~\\&|RIS|NIC|EMR|NIC|20260302080000||ACK^O01|R%s|P|2.3.1\rMSA|%s|%s\r" % (
        wire.control_id(body),
        code,
        wire.control_id(body),
    )


class Line:
    """The peer's end of one connection."""

    def __init__(self, connected, received):
        self.socket = connected
        self.received = received
        self.rest = b""

    def read(self):
        """Wait for a message; its bytes as they came."""
        while b"\x1c\r" not in self.rest:
            data = self.socket.recv(65536)
            assert data, "the sender hung up"
            self.rest += data
        framed, end, self.rest = self.rest.partition(b"\x1c\r")
        self.received.append(framed + end)

    def write(self, *raw):
        for one in raw:
            self.socket.sendall(one)

    def wait_for_hang_up(self):
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass


class Peer:
    """A receiver that does what its scripts say: one script a connection, in order."""

    def __init__(self, *scripts):
        self.scripts = scripts
        self.received = []
        self.failures = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.run)

    def run(self):
        for script in self.scripts:
            connected, _ = self.listening.accept()
            connected.settimeout(PATIENCE)
            with connected:
                try:
                    script(Line(connected, self.received))
                except (AssertionError, OSError) as error:
                    self.failures.append(error)

    def __enter__(self):
        self.listening.settimeout(PATIENCE)
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.thread.join(PATIENCE)
        self.listening.close()
        assert not self.thread.is_alive()
        assert not self.failures


def silent(line):
    """Takes a message and never answers."""
    line.read()
    line.wait_for_hang_up()


def honest(*bodies):
    """Answers the messages that are named, in order."""

    def script(line):
        for body in bodies:
            line.read()
            line.write(encode(answer(body)))
        line.wait_for_hang_up()

    return script


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def trace():
    return Trace()


def sender_to(peer, trace, **options):
    return MllpSender("127.0.0.1", peer.port, trace=trace, system="EMR", peer="RIS", **options)


def remarks(trace):
    return [
        remark.what for one in trace.conversations(system="EMR") for event in one.events for remark in event.remarks
    ]


def test_an_answer_comes_back_and_the_connection_stays_open(trace):
    with Peer(honest(ONE, TWO)) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
        assert sender.send(TWO) == answer(TWO)
    assert peer.received == [encode(ONE), encode(TWO)]
    (conversation,) = trace.conversations()
    assert [event.raw for event in conversation.events] == [
        encode(ONE),
        encode(answer(ONE)),
        encode(TWO),
        encode(answer(TWO)),
    ]
    assert conversation.ports[1] == peer.port
    assert remarks(trace) == []


@pytest.mark.parametrize("byte", [b"\x0b", b"\x1c"])
def test_row_08_a_message_with_a_frame_byte_is_not_sent(trace, byte):
    with Peer(honest(ONE)) as peer, sender_to(peer, trace) as sender:
        with pytest.raises(CannotFrame):
            sender.send(ONE + b"NTE|1||" + byte)
        assert sender.send(ONE) == answer(ONE)
    assert peer.received == [encode(ONE)]


def test_a_message_without_control_id_is_not_sent(trace):
    with MllpSender("127.0.0.1", 1, trace=trace, system="EMR") as sender:
        for body in (ORDER % b"", b"hello"):
            with pytest.raises(CannotBuild, match=r"^MSH-10: "):
                sender.send(body)
    assert trace.conversations() == ()


def test_row_15_no_answer_the_same_bytes_again_on_a_new_connection(trace):
    with Peer(silent, honest(ONE)) as peer, sender_to(peer, trace, timeout=SHORT) as sender:
        assert sender.send(ONE) == answer(ONE)
    assert peer.received == [encode(ONE), encode(ONE)]
    assert remarks(trace) == ["no answer within 0.5 s"]


def test_row_15_never_an_answer_the_outcome_is_unknown(trace):
    with Peer(silent, silent, silent, honest(TWO)) as peer, sender_to(peer, trace, timeout=SHORT) as sender:
        with pytest.raises(NoAnswer, match=rf"^127\.0\.0\.1:{peer.port}: outcome unknown: no answer.*same MSH-10"):
            sender.send(ONE)
        assert sender.send(TWO) == answer(TWO)
    assert peer.received == [encode(ONE)] * 3 + [encode(TWO)]


def test_row_15_the_connection_lost_before_the_answer(trace):
    with Peer(lambda line: line.read(), honest(ONE)) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
    assert peer.received == [encode(ONE), encode(ONE)]


def test_row_15_half_an_answer_is_none(trace):
    def half(line):
        line.read()
        line.write(encode(answer(ONE))[:30])

    with Peer(half, honest(ONE)) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
    assert remarks(trace)[0] == "the frame has no end: FS did not come"


def test_row_15_then_refused_the_outcome_is_still_unknown(trace):
    def read_and_leave(line):
        line.read()
        peer.listening.close()

    with (
        Peer(read_and_leave) as peer,
        sender_to(peer, trace) as sender,
        pytest.raises(NoAnswer, match=r"outcome unknown: .*; then not connected: connection refused"),
    ):
        sender.send(ONE)


def test_row_16_a_late_answer_is_not_credited_to_the_next_message(trace):
    def late(line):
        line.read()
        line.write(encode(answer(ONE, b"AE")) + encode(answer(TWO)))
        line.wait_for_hang_up()

    with Peer(silent, late) as peer, sender_to(peer, trace, timeout=SHORT, attempts=1) as sender:
        with pytest.raises(NoAnswer):
            sender.send(ONE)
        assert sender.send(TWO) == answer(TWO)
    assert remarks(trace)[-1] == "a late answer to E1, which was given up"


def test_row_17_a_wrong_msa_2_is_waited_out(trace):
    def wrong_first(line):
        line.read()
        line.write(encode(answer(ORDER % b"X9")), encode(answer(ONE)))
        line.wait_for_hang_up()

    with Peer(wrong_first) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
    assert remarks(trace) == ["answers X9, which was not sent from here"]


def test_row_17_only_a_wrong_msa_2_is_no_answer(trace):
    def wrong(line):
        line.read()
        line.write(encode(answer(ORDER % b"E10")))
        line.wait_for_hang_up()

    with (
        Peer(wrong) as peer,
        sender_to(peer, trace, timeout=SHORT, attempts=1) as sender,
        pytest.raises(NoAnswer, match=r"no answer within 0\.5 s \(answers E10, which was not sent"),
    ):
        sender.send(ONE)


def test_row_17_a_message_instead_of_an_answer_is_no_answer(trace):
    def echo(line):
        line.read()
        line.write(encode(ONE))
        line.wait_for_hang_up()

    with (
        Peer(echo) as peer,
        sender_to(peer, trace, timeout=SHORT, attempts=1) as sender,
        pytest.raises(NoAnswer, match="no answer to any message"),
    ):
        sender.send(ONE)


@pytest.mark.parametrize("when", ["with the first", "before the next", "with the next"])
def test_row_18_a_second_answer_is_flagged(trace, when):
    first, second = encode(answer(ONE)), encode(answer(ONE, b"AE"))

    def twice(line):
        line.read()
        line.write(first + second if when == "with the first" else first)
        if when == "before the next":
            line.write(second)
        line.read()
        line.write(second + encode(answer(TWO)) if when == "with the next" else encode(answer(TWO)))
        line.wait_for_hang_up()

    with Peer(twice) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
        assert sender.send(TWO) == answer(TWO)
    assert remarks(trace) == ["a second answer to E1"]


def test_enhanced_mode_a_commit_accept_is_the_answer(trace):
    def enhanced(line):
        line.read()
        line.write(encode(answer(ONE, b"CA")), encode(answer(ONE)))
        line.read()
        line.write(encode(answer(TWO, b"CE")))
        line.wait_for_hang_up()

    with Peer(enhanced) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE, b"CA")
        assert sender.send(TWO) == answer(TWO, b"CE")
    assert remarks(trace) == ["the application acknowledgment of E1 (enhanced mode)"]


def test_a_connection_that_the_peer_closed_is_opened_again(trace):
    def answer_and_close(line):
        line.read()
        line.write(encode(answer(ONE)))

    with Peer(answer_and_close, honest(TWO)) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
        assert sender.send(TWO) == answer(TWO)
    assert peer.received[-1] == encode(TWO)


def test_nobody_there_names_the_address_and_the_next_step(trace):
    port = closed_port()
    with (
        MllpSender("127.0.0.1", port, trace=trace, system="EMR") as sender,
        pytest.raises(
            DeliveryError, match=rf"^127\.0\.0\.1:{port}: .*refused.*nothing was sent.*start the rec"
        ) as seen,
    ):
        sender.send(ONE)
    assert not isinstance(seen.value, NoAnswer)
    assert remarks(trace) == ["not connected: connection refused, nothing listens there"]


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x01", "DICOM"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "TLS"),
    ],
)
def test_row_10_a_peer_of_another_protocol_is_named_at_once(trace, reply, name):
    def other(line):
        line.read()
        line.write(reply)
        line.wait_for_hang_up()

    with (
        Peer(other) as peer,
        sender_to(peer, trace) as sender,
        pytest.raises(DeliveryError, match=f"the peer speaks {name}, not MLLP"),
    ):
        sender.send(ONE)
    assert remarks(trace) == [f"the peer speaks {name}, not MLLP"]


def test_an_answer_without_a_frame_is_no_answer(trace):
    def unframed(line):
        line.read()
        line.write(answer(ONE))
        line.wait_for_hang_up()

    with (
        Peer(unframed) as peer,
        sender_to(peer, trace, timeout=SHORT, attempts=1) as sender,
        pytest.raises(NoAnswer, match="bytes outside a frame"),
    ):
        sender.send(ONE)


@pytest.mark.parametrize("tail", [b"\x1c", b"\x1c\n", b"\x1c\r\n"])
def test_an_answer_with_a_sloppy_end_is_taken(trace, tail):
    def sloppy(line):
        line.read()
        line.write(b"\x0b" + answer(ONE) + tail)
        line.wait_for_hang_up()

    with Peer(sloppy) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)
    assert len(remarks(trace)) == 1


def test_an_answer_in_single_bytes_is_taken(trace):
    def slow(line):
        line.read()
        line.write(*(bytes([byte]) for byte in encode(answer(ONE))))
        line.wait_for_hang_up()

    with Peer(slow) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE) == answer(ONE)


def test_a_peer_that_talks_without_end_is_given_up(trace):
    def talk(line):
        line.read()
        with contextlib.suppress(OSError):
            while True:
                line.write(encode(answer(ORDER % b"X9")) * 100)

    with (
        Peer(talk) as peer,
        sender_to(peer, trace, timeout=SHORT, attempts=1) as sender,
        pytest.raises(NoAnswer, match=r"no answer within 0\.5 s"),
    ):
        sender.send(ONE)


def test_close_ends_a_send_that_waits(trace):
    outcome = []

    def send():
        try:
            outcome.append(sender.send(ONE))
        except NoAnswer as error:
            outcome.append(error)

    asked = threading.Event()

    def wait(line):
        line.read()
        asked.set()
        line.wait_for_hang_up()

    with Peer(wait) as peer:
        sender = sender_to(peer, trace, timeout=PATIENCE)
        thread = threading.Thread(target=send)
        thread.start()
        assert asked.wait(PATIENCE)
        sender.close()
        sender.close()
        thread.join(PATIENCE)
    assert "outcome unknown: the sender was closed" in str(outcome[0])
    with pytest.raises(LocalError, match="this sender is closed"):
        sender.send(ONE)


def test_many_threads_share_one_sender(trace):
    wrong = []

    def talk(number):
        for message in range(20):
            body = ORDER % b"T%d-%d" % (number, message)
            if sender.send(body) != answer(body):
                wrong.append(body)

    with (
        MllpListener(lambda body, _: answer(body), trace=trace, system="RIS") as listener,
        sender_to(listener, trace) as sender,
    ):
        threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert not wrong
    assert len(trace.conversations()) == 1
    assert len(trace.rows()) == 320


def test_a_listener_that_was_started_again_is_found_again(trace):
    listener = MllpListener(lambda body, _: answer(body), trace=trace, system="RIS")
    with listener, sender_to(listener.start(), trace) as sender:
        assert sender.send(ONE) == answer(ONE)
        listener.stop()
        listener.start()
        assert sender.send(TWO) == answer(TWO)
    assert remarks(trace) == []


def test_an_idle_connection_that_the_listener_closed_is_opened_again(trace):
    limits = MllpLimits(idle_between=0.05)
    with (
        MllpListener(lambda body, _: answer(body), trace=trace, system="RIS", limits=limits) as listener,
        sender_to(listener, trace) as sender,
    ):
        assert sender.send(ONE) == answer(ONE)
        while listener._connections:
            threading.Event().wait(0.01)
        assert sender.send(TWO) == answer(TWO)


def test_what_two_systems_say_stands_in_the_trace_once():
    def table():
        trace = Trace()
        with (
            MllpListener(lambda body, _: answer(body), trace=trace, system="RIS") as listener,
            sender_to(listener, trace) as sender,
        ):
            sender.send(ONE)
            sender.send(TWO)
        return str(trace.show(raw=True)), str(trace.show(system="EMR"))

    both, own = table()
    assert both.splitlines()[2].split("  ")[-1] == "E1: DOE^JANE 4711, EMR -> RIS"
    assert own.splitlines()[3].split() == ["1", "08:00:00", "RIS", "EMR", "ACK", "AA", "RE1", "answers", "E1"]
    assert len(own.splitlines()) == 6
    assert table() == (both, own)


def test_an_answer_that_is_not_read_leaves_the_outcome_unknown_and_the_same_bytes_go_again(trace):
    with Peer(honest(ONE), honest(ONE, TWO)) as peer, sender_to(peer, trace) as sender:
        assert sender.send(ONE, lose_answer=True) == answer(ONE)
        assert sender.send(TWO) == answer(TWO), "on the second connection, where nothing was lost"
    assert peer.received == [encode(ONE), encode(ONE), encode(TWO)]
    assert [what for what in remarks(trace) if "before the answer was read" in what]


def test_an_answer_that_is_not_read_ends_the_only_attempt(trace):
    with (
        Peer(honest(ONE)) as peer,
        sender_to(peer, trace) as sender,
        pytest.raises(NoAnswer, match="before the answer was read"),
    ):
        sender.send(ONE, attempts=1, lose_answer=True)
    assert peer.received == [encode(ONE)]
