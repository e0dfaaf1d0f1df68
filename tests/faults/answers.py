"""What comes back over an HL7 connection, in words: "AE 101 at PID-3", "AA", "no answer, still open".

Nothing is waited for that does not come: after the fault goes a probe, a message that every system of the department
refuses and none keeps. What comes before its answer is the answer to the fault; where nothing does, there is none.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from hl7_text import Hl7Text
from mllp_client import Answer, MllpClient

if TYPE_CHECKING:
    from department import Department

_PROBE = b"MSH|^~\\&|PROBE|NORTHGATE|||20260302080000||ZZZ^Z01|%s|P|2.3.1\r"
_probes = itertools.count(1)


def words(answer: Answer) -> str:
    """MSA-1, and for an error the code of ERR-3 and the place in ERR-2."""
    if not answer.field("ERR-3"):
        return answer.code
    segment, sequence, field, _, *component = [*answer.location.split("^"), "", "", "", ""][:5]
    place = segment + (f"[{sequence}]" if sequence not in ("", "1") else "")
    place += (f"-{field}" if field else "") + "".join(f".{one}" for one in component if one)
    return f"{answer.code} {answer.error}" + (f" at {place}" if place else "")


class Line(MllpClient):
    """A connection to one of the department's HL7 ports: "orders", "reports" or "emr"."""

    def __init__(self, department: Department, to: str = "orders") -> None:
        super().__init__(department.address(to))

    def put(self, *packets: bytes) -> None:
        """Send bytes as they are, each packet for itself. A peer that has hung up is told by what it answers."""
        with contextlib.suppress(ConnectionError):
            for packet in packets:
                self.socket.sendall(packet)

    def until_quiet(self) -> tuple[list[Answer], bool]:
        """Every answer to what was sent so far, and whether the connection is still open."""
        control_id = f"PROBE-{next(_probes)}"
        with contextlib.suppress(ConnectionError):
            self.send(_PROBE % control_id.encode("ascii"))
        got = []
        with contextlib.suppress(EOFError):
            while True:
                answer = self.answer()
                if answer.answers == control_id:
                    assert words(answer) == "AR 200 at MSH-9.1", answer
                    return got, True
                got.append(answer)
        return got, False

    def until_closed(self) -> list[Answer]:
        """Every answer until the other side closes. Raises TimeoutError where it does not."""
        got = []
        with contextlib.suppress(EOFError):
            while True:
                got.append(self.answer())
        return got

    def half_close(self) -> None:
        """Send no more, but go on to read."""
        self.socket.shutdown(socket.SHUT_WR)


def said(got: list[Answer], still_open: bool) -> str:
    """Answers in words, and how the connection stands where that is not as it should be."""
    told = "; ".join(words(answer) for answer in got)
    if not told:
        return "no answer, still open" if still_open else "no answer, closed"
    return told if still_open else f"{told}, closed"


def speak(department: Department, *packets: bytes, to: str = "orders") -> str:
    """Send bytes as they are on a connection of their own; what comes back, in words."""
    with Line(department, to) as line:
        line.put(*packets)
        return said(*line.until_quiet())


def ask(department: Department, message: Hl7Text, body: bytes = b"", *, to: str = "orders") -> str:
    """Send one message in a right frame; the answer in words. `body` are its bytes, where these are wrong.

    Every answer must name the message by its MSH-10, and one that refuses must say what is wrong and what to do.
    """
    with Line(department, to) as line:
        line.send(body or message.bytes())
        got, still_open = line.until_quiet()
    for answer in got:
        assert answer.answers.encode() == _control_id(body or message.bytes())
        assert answer.code in ("AA", "CA") or (answer.text and answer.field("ERR-8")), answer
    return said(got, still_open)


def _control_id(body: bytes) -> bytes:
    """MSH-10 as it stands, in whatever place a wrong header has put it."""
    begin = body.lower().find(b"msh")
    mark = body[begin + 3 : begin + 4]
    return body[begin:].split(mark)[9]


def asks(
    make: Callable[[], Hl7Text], spoil: Callable[[bytes], bytes] = bytes, *, to: str = "orders"
) -> Callable[[Department], str]:
    """A case that sends a new message of the kind that `make` gives; `spoil` changes its bytes."""

    def play(department: Department) -> str:
        message = make()
        return ask(department, message, spoil(message.bytes()), to=to)

    return play
