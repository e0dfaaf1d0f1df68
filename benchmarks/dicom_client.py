"""A client that costs nothing: it sends bytes that were made before, and reads of the answer only its status.

Standard: PS3.8 section 9.3 (PDUs), PS3.7 section 9.3 (commands). Rule: it is the same client for the lab and for every
peer, it is quicker than all of them, and it shares no code with the package.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from types import TracebackType
from typing import Self

IMPLICIT = "1.2.840.10008.1.2"
WORKLIST = "1.2.840.10008.5.1.4.31"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
_PDU_LENGTH = 128 * 1024
_FIND_RQ, _STORE_RQ, _RELEASE_RQ, _RELEASE_RP, _DATA = 0x0020, 0x0001, 5, 6, 4


def padded(value: str) -> bytes:
    """A text of an even length; zero pads, which every reader takes."""
    raw = value.encode("ascii")
    return raw + b"\0" * (len(raw) % 2)


def element(group: int, number: int, value: bytes) -> bytes:
    """A data element in Implicit VR Little Endian."""
    return struct.pack("<HHL", group, number, len(value)) + value


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _pdu(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxL", kind, len(content)) + content


def _command(field: int, sop_class: str, message_id: int, *more: tuple[int, bytes]) -> bytes:
    elements = [
        (0x0002, padded(sop_class)),
        (0x0100, struct.pack("<H", field)),
        (0x0110, struct.pack("<H", message_id)),
        (0x0700, struct.pack("<H", 0)),
        (0x0800, struct.pack("<H", 1)),
        *more,
    ]
    body = b"".join(element(0, number, value) for number, value in elements)
    return element(0, 0, struct.pack("<L", len(body))) + body


def find_request(identifier: bytes) -> bytes:
    """A worklist C-FIND-RQ on context 1, in two PDUs; `identifier` is in Implicit VR Little Endian."""
    return _request(_command(_FIND_RQ, WORKLIST, 1), identifier)


def store_request(sop_class: str, sop_instance: str, image: bytes) -> bytes:
    """A C-STORE-RQ on context 1, in two PDUs; `image` is in the context's transfer syntax and fits into one."""
    return _request(_command(_STORE_RQ, sop_class, 1, (0x1000, padded(sop_instance))), image)


def _request(command: bytes, data_set: bytes) -> bytes:
    values = ((3, command), (2, data_set))  # with the message control header of each
    return b"".join(_pdu(_DATA, struct.pack(">LBB", len(one) + 2, 1, control) + one) for control, one in values)


class Association:
    """One open association with one presentation context."""

    def __init__(self, port: int, called: str, sop_class: str, syntax: str, calling: str = "BENCH") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = self._socket.makefile("rb", 1 << 18)
        context = bytes((1, 0, 0, 0)) + _item(0x30, sop_class.encode()) + _item(0x40, syntax.encode())
        user = _item(0x51, struct.pack(">L", _PDU_LENGTH)) + _item(0x52, b"2.25.20261129") + _item(0x55, b"BENCH_1")
        items = _item(0x10, b"1.2.840.10008.3.1.1.1") + _item(0x20, context) + _item(0x50, user)
        titles = called.encode().ljust(16) + calling.encode().ljust(16)
        self._socket.sendall(_pdu(1, struct.pack(">Hxx", 1) + titles + bytes(32) + items))
        kind, _ = self._pdu()
        if kind != 2:
            raise RuntimeError(f"no association with {called}: PDU type {kind}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.sendall(_pdu(_RELEASE_RQ, bytes(4)))
        while self._pdu()[0] not in (_RELEASE_RP, 0):
            pass
        self._incoming.close()
        self._socket.close()

    def ask(self, request: bytes) -> tuple[int, list[bytes]]:
        """Send a request; the final status, and the data sets that came with pending ones."""
        self._socket.sendall(request)
        found: list[bytes] = []
        parts: list[bytes] = []
        while True:
            for control, value in self._next_values():
                if control & 1:
                    status = _status_in(value)
                    if status not in (0xFF00, 0xFF01):
                        return status, found
                else:
                    parts.append(value)
                    if control & 2:
                        found.append(b"".join(parts))
                        parts.clear()

    def _next_values(self) -> Iterable[tuple[int, bytes]]:
        kind, body = self._pdu()
        if kind != _DATA:
            raise RuntimeError(f"PDU type {kind} instead of an answer")
        place = 0
        while place < len(body):
            length = int.from_bytes(body[place : place + 4], "big")
            yield body[place + 5], body[place + 6 : place + 4 + length]
            place += 4 + length

    def _pdu(self) -> tuple[int, bytes]:
        header = self._incoming.read(6)
        if len(header) < 6:
            return 0, b""
        return header[0], self._incoming.read(int.from_bytes(header[2:], "big"))


def _status_in(command: bytes) -> int:
    place = 0
    while place < len(command):
        group, element, length = struct.unpack_from("<HHL", command, place)
        if (group, element) == (0, 0x0900):
            return int.from_bytes(command[place + 8 : place + 10], "little")
        place += 8 + length
    raise RuntimeError("an answer without a status")
