"""Rows 8 and 15 to 18 of the list of faults: what a sender does with an answer that is late, wrong, doubled or missing.

The sender is one of the department's; the receiver is ours and answers as it is told. Between sender and RIS stands, in
one case, a line that loses an answer: what nobody answered may have been taken all the same.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from answers import words
from case import Case
from hl7_text import Hl7Text, order
from mllp_client import Answer, MllpClient

from hl7dicom_lab.errors import CannotFrame, DeliveryError, NoAnswer
from hl7dicom_lab.services.mllp_sender import MllpSender

if TYPE_CHECKING:
    from department import Department

_END = b"\x1c\r"
#: Gets a message; returns the frames that go back, or None to close the connection.
Reply = Callable[[bytes], Sequence[bytes] | None]


def _acknowledgment(control_id: str, code: str = "AA") -> bytes:
    header = "MSH|^~\\&|RIS|NORTHGATE|EMR|NORTHGATE|20260302080000||ACK^O01|R1|P|2.3.1"
    return f"\x0b{header}\rMSA|{code}|{control_id}\r\x1c\r".encode()


@dataclass
class Receiver:
    """A listening socket and the messages that came."""

    listening: socket.socket
    got: list[bytes] = field(default_factory=list)

    def serve(self, replies: Sequence[Reply]) -> None:
        """Answer one message after the other as `replies` say; then hang up."""
        waiting = list(replies)
        while waiting:
            peer = self.listening.accept()[0]
            with peer, contextlib.suppress(ConnectionError):
                self._serve(peer, waiting)

    def _serve(self, peer: socket.socket, waiting: list[Reply]) -> None:
        received = b""
        while waiting and (data := peer.recv(65536)):
            received += data
            while _END in received:
                message, _, received = received.partition(_END)
                self.got.append(message + _END)
                frames = waiting.pop(0)(message[1:])
                if frames is None:
                    return
                for frame in frames:
                    peer.sendall(frame)
        while peer.recv(65536):  # the sender hangs up first
            pass


@contextmanager
def _receiver(*replies: Reply) -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        receiver = Receiver(listening)
        thread = threading.Thread(target=receiver.serve, args=(replies,))
        thread.start()
        yield receiver
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def _sender(
    department: Department, receiver: Receiver, *, timeout: float = 5.0, attempts: int = 3
) -> Iterator[MllpSender]:
    host, port = receiver.listening.getsockname()
    trace = department.lab.trace
    with MllpSender(host, port, trace=trace, system="EMR", timeout=timeout, attempts=attempts) as sender:
        yield sender


def _told(sender: MllpSender, message: Hl7Text) -> str:
    """What the sender says became of a message."""
    try:
        return words(Answer(sender.send(message.bytes())))
    except NoAnswer as error:
        return error.what.partition(":")[0]
    except DeliveryError:
        return "not delivered"


def _right(message: bytes) -> list[bytes]:
    return [_acknowledgment(_control_id(message))]


def _silent(_: bytes) -> list[bytes]:
    return []


def _closing(_: bytes) -> None:
    return None


def _control_id(message: bytes) -> str:
    found = re.match(rb"MSH(?:\|[^|]*){8}\|([^|\r]*)", message)
    assert found is not None
    return found[1].decode()


def fs_to_send(department: Department) -> str:
    with _receiver(_right) as receiver, _sender(department, receiver) as sender:
        with pytest.raises(CannotFrame, match=r"FS \(0x1C\)"):
            sender.send(order().put("OBR-31", "^Headache\x1c").bytes())
        right = order()
        assert _told(sender, right) == "AA"
    assert receiver.got == [b"\x0b" + right.bytes() + _END]
    return "not sent"


def no_answer(department: Department) -> str:
    message = order()
    with _receiver(_silent, _right) as receiver, _sender(department, receiver, timeout=1.0) as sender:
        told = _told(sender, message)
    assert receiver.got == [b"\x0b" + message.bytes() + _END] * 2
    return f"the same bytes again; {told}"


def never_an_answer(department: Department) -> str:
    message = order()
    with _receiver(_closing, _closing, _closing) as receiver, _sender(department, receiver) as sender:
        told = _told(sender, message)
    assert receiver.got == [b"\x0b" + message.bytes() + _END] * 3
    return f"three times the same bytes; {told}"


def lost_answer(department: Department) -> str:
    """The RIS takes the order and its answer gets lost; the sender sends the order again."""
    message = order()

    def through(body: bytes) -> Sequence[bytes]:
        with MllpClient(department.address("orders")) as client:
            return [b"\x0b" + client.ask(body).raw + _END]

    def lost(body: bytes) -> None:
        through(body)

    with _receiver(lost, through) as receiver, _sender(department, receiver) as sender:
        told = _told(sender, message)
    assert [row[2] for row in department.holds().steps].count(message.placer) == 1
    return f"the same bytes again; {told}, one order"


def late_answer(department: Department) -> str:
    first, second = order(), order()

    def late(_: bytes) -> Sequence[bytes]:
        return [_acknowledgment(first.control_id), _acknowledgment(second.control_id, "AE")]

    with _receiver(_silent, late) as receiver, _sender(department, receiver, timeout=1.0, attempts=1) as sender:
        unanswered = _told(sender, first)
        told = _told(sender, second)
    assert len(receiver.got) == 2
    return f"{unanswered}; {told}"


def wrong_then_right(department: Department) -> str:
    def answer(message: bytes) -> Sequence[bytes]:
        return [_acknowledgment("NOT-THIS-ONE"), _acknowledgment(_control_id(message), "AE")]

    with _receiver(answer) as receiver, _sender(department, receiver) as sender:
        return _told(sender, order())


def only_wrong(department: Department) -> str:
    def answer(message: bytes) -> Sequence[bytes]:
        return [_acknowledgment(f"{_control_id(message)}0")]

    with _receiver(answer) as receiver, _sender(department, receiver, timeout=0.3, attempts=1) as sender:
        return _told(sender, order())


def no_msa_2(department: Department) -> str:
    with (
        _receiver(lambda _: [_acknowledgment("")]) as receiver,
        _sender(department, receiver, timeout=0.3, attempts=1) as sender,
    ):
        return _told(sender, order())


def two_answers(department: Department) -> str:
    def twice(message: bytes) -> Sequence[bytes]:
        return [_acknowledgment(_control_id(message)) + _acknowledgment(_control_id(message), "AE")]

    with _receiver(twice, _right) as receiver, _sender(department, receiver) as sender:
        return f"{_told(sender, order())}; {_told(sender, order())}"


def no_mllp(department: Department) -> str:
    with (
        _receiver(lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]) as receiver,
        _sender(department, receiver) as sender,
    ):
        return _told(sender, order())


_LOCAL = "nothing goes over the wire, and whoever sends gets an error that names the byte"

CASES = (
    Case(8, "FS in a message that a system of the department sends", "not sent", fs_to_send, untraced=_LOCAL),
    Case(15, "no answer in time", "the same bytes again; AA", no_answer, "no answer within"),
    Case(
        15,
        "a connection that is closed without an answer, each time",
        "three times the same bytes; outcome unknown",
        never_an_answer,
        "closed the connection without an answer",
    ),
    Case(
        15,
        "an answer of the RIS that gets lost",
        "the same bytes again; AA, one order",
        lost_answer,
        "closed the connection without an answer",
        changes=True,
    ),
    Case(16, "a late answer, before that to the next message", "outcome unknown; AE", late_answer, "a late answer to"),
    Case(17, "an answer with another MSA-2, then a right one", "AE", wrong_then_right, "which was not sent from here"),
    Case(17, "only an answer with another MSA-2", "outcome unknown", only_wrong, "which was not sent from here"),
    Case(17, "an answer without MSA-2", "outcome unknown", no_msa_2, "no answer to any message"),
    Case(18, "two answers to one message, then one to the next", "AA; AA", two_answers, "a second answer to"),
    Case(10, "an answer in HTTP", "not delivered", no_mllp, "the peer speaks HTTP, not MLLP"),
)
