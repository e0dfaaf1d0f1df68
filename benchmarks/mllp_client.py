"""A client that sends orders and waits for each acknowledgment, on one connection or with a new one for each.

Standard: HL7's Minimal Lower Layer Protocol (a message stands between 0BH and 1CH 0DH). Rule: it is the same client for
the lab and for every peer, and it reads of an acknowledgment only MSA-1.
"""

from __future__ import annotations

import socket

START, END = b"\x0b", b"\x1c\r"
LENGTH = 1100  # bytes of an order: what a real one has


def order(number: int) -> bytes:
    """An ORM^O01 that nobody has sent before."""
    key = f"B{number:08d}"
    doctor = "D1017^Okafor^Ngozi^^^Dr"
    procedure = "MRBRAIN^MRI brain without contrast^99NORTHGATE"
    segments = [
        f"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080100||ORM^O01|{key}|P|2.3.1||||||UNICODE UTF-8",
        f"PID|1||NG-{number % 5000:06d}^^^NORTHGATE^MR||Rivera^Elena^Maria||19840617|F|||12 Harbour Lane^^Northgate",
        f"PV1|1|O|IMAGING^WAITING^1|||||{doctor}|||||||||||V-2026-9001^^^NORTHGATE^VN",
        f"ORC|NW|{key}|||||^^^20260302093000^^R||20260302080100|||{doctor}",
        f"OBR|1|{key}||{procedure}||||||||||||{doctor}||||||||MR|||^^^20260302093000^^R||||^Headache",
        "OBX|1|NM|29463-7^Body Weight^LN||64|kg|||||F",
    ]
    text = "\r".join(segments) + "\r"
    note = "NTE|1||"
    return (text + note + "x" * max(0, LENGTH - len(text) - len(note) - 1) + "\r").encode("ascii")


def report(number: int, patient_id: str, accession_number: str, study: str) -> bytes:
    """An ORU^R01 on what `order(number)` asked for."""
    service = f"OBR|1|B{number:08d}||MRBRAIN^MRI brain without contrast^99NORTHGATE"
    segments = [
        f"MSH|^~\\&|DICTATION|NORTHGATE|||20260302101500||ORU^R01|R{number:08d}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||{patient_id}^^^NORTHGATE^MR||Rivera^Elena^Maria||19840617|F",
        f"{service}|||20260302093000|||||||||||{accession_number}||||20260302101500|||F|||||||&Lindqvist&Maja",
        f"OBX|1|HD|110180^Study Instance UID^DCM||{study}||||||F",
        "OBX|2|FT|18748-4^Diagnostic imaging study^LN||No mass, no midline shift.||||||F",
    ]
    return ("\r".join(segments) + "\r").encode("ascii")


class Sender:
    """Sends orders to a port of this machine. With `reconnects` each gets a connection of its own."""

    def __init__(self, port: int, *, reconnects: bool) -> None:
        self._port = port
        self._reconnects = reconnects
        self._connection: socket.socket | None = None

    def send(self, message: bytes) -> bytes:
        """MSA-1 of the acknowledgment. Raises RuntimeError where none comes."""
        connection = self._connection or self._connect()
        connection.sendall(START + message + END)
        answer = b""
        while not answer.endswith(END):
            more = connection.recv(65536)
            if not more:
                break
            answer += more
        if self._reconnects:
            self.close()
        _, found, rest = answer.partition(b"\rMSA|")
        if not found:
            raise RuntimeError(f"no acknowledgment: {answer[:80]!r}")
        return rest[:2]

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> socket.socket:
        self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection
