"""The other side of every HL7 wire test: bytes out, bytes in, and a reading of answers.

It shares no code with the package.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

VT, FS, CR = b"\x0b", b"\x1c", b"\r"
PATIENCE = 20.0


@dataclass(frozen=True)
class Answer:
    """An acknowledgment as it stood in its frame."""

    raw: bytes

    def field(self, path: str) -> str:
        """A whole field as sent, `MSA-1`; empty where it is absent."""
        name, number = path.split("-")
        mark = self.raw[3:4]
        for line in self.raw.split(CR):
            if line[:3] == name.encode("ascii"):
                fields = line.split(mark)
                if name == "MSH":
                    fields.insert(1, mark)
                return fields[int(number)].decode("utf-8", "backslashreplace") if int(number) < len(fields) else ""
        return ""

    @property
    def segments(self) -> list[str]:
        """The names of its segments, in their order."""
        return [line[:3].decode("ascii") for line in self.raw.split(CR) if line]

    @property
    def code(self) -> str:
        """MSA-1."""
        return self.field("MSA-1")

    @property
    def answers(self) -> str:
        """MSA-2."""
        return self.field("MSA-2")

    @property
    def text(self) -> str:
        """MSA-3."""
        return self.field("MSA-3")

    @property
    def error(self) -> int:
        """ERR-3.1, table 0357."""
        return int(self.field("ERR-3").split(self._component)[0])

    @property
    def location(self) -> str:
        """ERR-2: where the fault is, `PID^1^3`."""
        return self.field("ERR-2")

    @property
    def _component(self) -> str:
        return self.field("MSH-2")[0]


class MllpClient:
    """A connection to an HL7 listener. `address` has a host and a port."""

    def __init__(self, address: object, *, patience: float = PATIENCE) -> None:
        host, port = (getattr(address, name) for name in ("host", "port"))
        self.socket = socket.create_connection((host, port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, body: bytes) -> None:
        """Frame a message and send it."""
        self.socket.sendall(VT + body + FS + CR)

    def answer(self) -> Answer:
        """The next answer. Raises TimeoutError without one, EOFError where the connection ends first."""
        while FS + CR not in self._rest:
            data = b""
            with contextlib.suppress(ConnectionError):
                data = self.socket.recv(65536)
            if not data:
                raise EOFError("the other side has closed the connection")
            self._rest += data
        framed, _, self._rest = self._rest.partition(FS + CR)
        assert framed[:1] == VT
        return Answer(framed[1:])

    def ask(self, body: bytes) -> Answer:
        """Send a message and wait for the answer."""
        self.send(body)
        return self.answer()
