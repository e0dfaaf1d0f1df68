"""What came back over DICOM, in the words of the table of faults: `A-ABORT (2, 1)`, `C-FIND-RSP 0xA900`.

It reads bytes and shares no code with the package, so that a fault of the package's own decoder cannot hide here.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from dicom_bytes import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    P_DATA,
    RELEASE_RP,
    RELEASE_RQ,
    Closed,
    elements_of,
    items_of,
    pdvs_of,
    read_pdu,
)

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
}
_PENDING = (0xFF00, 0xFF01)
_NOTHING, _STILL_OPEN = "no answer, closed", "no answer, still open"


@dataclass(frozen=True)
class Response:
    """One DIMSE response. `comment` is its Error Comment, `data_set` the bytes of its identifier."""

    name: str
    status: int
    message_id: int
    comment: str
    data_set: bytes

    @property
    def words(self) -> str:
        return f"{self.name}-RSP 0x{self.status:04X}"


def answer(peer: socket.socket) -> str:
    """The next answer in words. Pending responses of C-FIND are counted and the final one is told."""
    try:
        kind, body = read_pdu(peer)
        if kind == P_DATA:
            return _in_words(_responses(peer, body))
    except Closed:
        return _NOTHING
    except TimeoutError:
        return _STILL_OPEN
    words = {
        ASSOCIATE_AC: _accepted,
        ASSOCIATE_RJ: lambda body: f"A-ASSOCIATE-RJ ({body[1]}, {body[2]}, {body[3]})",
        ABORT: lambda body: f"A-ABORT ({body[2]}, {body[3]})",
        RELEASE_RQ: lambda _: "A-RELEASE-RQ",
        RELEASE_RP: lambda _: "A-RELEASE-RP",
    }
    return words[kind](body) if kind in words else f"PDU {kind:02X}H"


def ending(peer: socket.socket) -> str:
    """The next answer, which has to be the last: the connection ends after it."""
    words = answer(peer)
    if words in (_NOTHING, _STILL_OPEN):
        return words
    after = answer(peer)
    return words if after == _NOTHING else f"{words}, then {after}"


def responses(peer: socket.socket) -> list[Response]:
    """Every response to the request that is under way, the final one last. Raises `Closed` where it does not come."""
    kind, body = read_pdu(peer)
    if kind != P_DATA:
        raise Closed
    return _responses(peer, body)


def results(body: bytes) -> dict[int, tuple[int, str]]:
    """What an A-ASSOCIATE-AC says to each presentation context: result and transfer syntax."""
    found = {}
    for kind, content in items_of(body[68:]):
        if kind == 0x21:
            syntax = next((one for sub, one in items_of(content[4:]) if sub == 0x40), b"")
            found[content[0]] = content[2], syntax.decode().rstrip("\0")
    return found


def _accepted(body: bytes) -> str:
    told = sorted({result for result, _ in results(body).values()})
    return f"A-ASSOCIATE-AC, result {' and '.join(map(str, told))}" if told else "A-ASSOCIATE-AC without a context"


def _responses(peer: socket.socket, body: bytes) -> list[Response]:
    found = [_response(peer, body)]
    while found[-1].status in _PENDING:
        kind, body = read_pdu(peer)
        if kind != P_DATA:
            raise Closed
        found.append(_response(peer, body))
    return found


def _response(peer: socket.socket, body: bytes) -> Response:
    """One response, of which this P-DATA-TF is the beginning."""
    command, data_set = b"", b""
    while True:
        for _, control, fragment in pdvs_of(body):
            command, data_set = (command + fragment, data_set) if control & 1 else (command, data_set + fragment)
            if control == 2 or (control == 3 and _number(elements_of(command), 0x00000800) == 0x0101):
                return _read(command, data_set)
        kind, body = read_pdu(peer)
        if kind != P_DATA:
            raise Closed


def _read(command: bytes, data_set: bytes) -> Response:
    elements = elements_of(command)
    field = _number(elements, 0x00000100)
    name = _COMMANDS.get(field & 0x7FFF, f"command 0x{field:04X}")
    comment = elements.get(0x00000902, b"").decode("ascii").rstrip(" ")
    return Response(name, _number(elements, 0x00000900), _number(elements, 0x00000120), comment, data_set)


def _number(elements: dict[int, bytes], tag: int) -> int:
    value: int = struct.unpack("<H", elements[tag])[0]
    return value


def _in_words(found: list[Response]) -> str:
    *matches, final = found
    if not matches:
        return final.words
    with_status = " with 0xFF01" if {one.status for one in matches} == {0xFF01} else ""
    return f"{len(matches)} match{'es' if len(matches) > 1 else ''}{with_status}, {final.words}"
