"""One association's wire: the connection that tells the trace, its options and its time-outs. Both sides use it.

Standard: PS3.8 section 9 (upper layer protocol for TCP/IP). Rules:

* Whole PDUs are recorded on the wire's thread and nothing is decoded there. What is sent is in the trace before its
  bytes leave, so whoever has got an answer also finds it in the trace.
* Bytes that are no PDU, or only a part of one, are recorded as a fault when the connection ends.
* No connection waits for ever: silence, and a peer that does not read, end it.

The configuration of pydicom and pynetdicom is set here, once: nothing prints from a thread.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydicom import config as pydicom_config
from pynetdicom import _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.dicom.pdu_rules import AE_TITLE, NOT_SPECIFIED, UNRECOGNIZED_PDU, check_length
from hl7dicom_lab.errors import AssociationFault, SetupError
from hl7dicom_lab.services import event_reactor, reactor_pause
from hl7dicom_lab.services.other_protocols import spoken
from hl7dicom_lab.services.steady_timer import steady
from hl7dicom_lab.services.upper_layer import UpperLayer
from hl7dicom_lab.trace import Conversation, Remark

reactor_pause.mend(event_reactor.convert)
# The trace is our record of what went over the wire.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
# What a stranger sends is judged by the services, with a status. Values that one assigns oneself are still validated.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE

_KEPT_OF_A_FRAGMENT = 256
_DRAINED_AT_MOST = 16 * 1024 * 1024  # bytes that are taken and thrown away after our last PDU
_RECEIVED_AT_ONCE = 128 * 1024
#: What an A-ASSOCIATE-AC gives back as it came in the A-ASSOCIATE-RQ: the titles and 32 bytes (PS3.8 section 9.3.3).
_RETURNED = slice(10, 74)
#: Linux only, and in Python's `socket` module only there.
_TCP_QUICKACK = getattr(socket, "TCP_QUICKACK", None) if sys.platform == "linux" else None
_REPAIRS = {"TLS": "turn TLS off at the client, or start the department with `serve --tls-cert`"}
#: Takes over the connection of a socket, as `TracedSocket.over` does. Raises OSError where the peer has gone already.
Over = Callable[[socket.socket, Conversation], "TracedSocket"]


@dataclass(frozen=True)
class TimeOuts:
    """How long one side waits, in seconds."""

    connection: float = 5.0  # for the TCP connection
    association: float = 10.0  # for A-ASSOCIATE and A-RELEASE; also the standard's ARTIM timer
    message: float = 30.0  # for the answer to a DIMSE request, and for the rest of one that has begun
    idle: float = 600.0  # for anything at all on an open association
    silence: float = 10.0  # for the rest of a PDU, and for a peer to read what is sent


def check_ae_title(title: str) -> str:
    """The title, if it is one (PS3.5 section 6.2). Raises `SetupError`."""
    if not AE_TITLE.fullmatch(title):
        raise SetupError(
            "an AE title has 1 to 16 characters of ASCII, no backslash, not only spaces",
            where=f"AE title {title!r}",
            next_step="choose a short title of letters, digits and underscores",
        )
    return title


def observe(assoc: Association, conversation: Conversation, over: Over | None = None) -> TracedSocket | None:
    """Record everything that this association's connection carries. None where the peer has gone already.

    `over` takes the connection over in another way than in the clear.

    Call it before the association's threads begin to work, when `evt.EVT_CONN_OPEN` (acceptor) or the first
    `evt.EVT_ACSE_SENT` (requestor) is triggered.
    """
    wire = assoc.dul.socket
    if wire is None or wire.socket is None:
        return None
    try:
        traced = (over or TracedSocket.over)(wire.socket, conversation)
    except OSError:
        wire.socket = None  # whatever may still be there, it does not go on in the clear
        return None
    wire.socket = traced
    steady(assoc.dul)
    upper_layer = assoc.dul.state_machine = UpperLayer(assoc.dul, traced)
    assoc.bind(evt.EVT_DATA_RECV, _on_pdu, [upper_layer])
    assoc.bind(evt.EVT_CONN_CLOSE, _on_close, [traced])
    event_reactor.receive_with(assoc, traced.receive_pdu, upper_layer.took)
    if over is None:
        event_reactor.allow_sending_at_once(assoc, traced.send_several)
    if assoc.is_acceptor:
        upper_layer.begin()
    return traced


def _on_pdu(event: Event, upper_layer: UpperLayer) -> None:
    upper_layer.received(event.data)


def _on_close(_: Event, traced: TracedSocket) -> None:
    traced.record_end()


class TracedSocket(socket.socket):
    """A connection that tells its conversation what it carries."""

    conversation: Conversation
    _fragment: bytearray  # the beginning of a PDU that has not come in whole
    _fragment_length: int

    @classmethod
    def over(cls, plain: socket.socket, conversation: Conversation) -> Self:
        """Take over the connection of `plain`, which is of no use afterwards."""
        traced = cls(plain.family, plain.type, plain.proto, fileno=plain.detach())
        traced.begin(conversation)
        return traced

    def begin(self, conversation: Conversation) -> None:
        """Tell this conversation from now on."""
        self.conversation = conversation
        self._noise = False
        self._fault: AssociationFault | None = None
        self._last_pdu = ""
        self._about_next: list[Remark] = []
        self._reserved = b""
        self._begin_pdu()

    def opened(self, silence: float) -> None:
        """Set the options of a connection that is open. `silence` is how long it waits, in seconds."""
        self.settimeout(silence)
        with contextlib.suppress(OSError):  # the peer has gone already
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acknowledge_at_once()

    def shutdown(self, how: int) -> None:
        """End the connection. One that has ended already is no error: pynetdicom would leave it unclosed."""
        with contextlib.suppress(OSError):
            super().shutdown(how)

    def send(self, data: Any, flags: int = 0) -> int:
        """Record one PDU, then send all of it. Bytes that an A-ASSOCIATE-AC gives back are those that came."""
        if pdu.name_of(data) == "A-ASSOCIATE-AC":
            data = data[: _RETURNED.start] + self._reserved + data[_RETURNED.start + len(self._reserved) :]
        remarks, self._about_next = self._about_next, []
        self.conversation.sent(data, *remarks)
        self._last_pdu = pdu.name_of(data)
        if self._last_pdu == "A-ABORT":
            self._begin_pdu()  # what had begun to come has been answered
        self._send_all(data, flags)
        return len(data)

    def send_several(self, pdus: Sequence[bytes]) -> None:
        """Record P-DATA-TFs, then send them together. Raises OSError."""
        for one in pdus:
            self.conversation.sent(one)
        self._last_pdu = "P-DATA-TF"
        self._send_all(b"".join(pdus), 0)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive, keeping the beginning of what is no whole PDU yet. After noise the connection reads as ended."""
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            self._fault = self._silence() if self._fragment else None
            raise
        if self._noise:
            return b""
        if not self._fragment:
            self._begun = time.monotonic()
        if len(self._fragment) < _KEPT_OF_A_FRAGMENT:
            self._fragment += data[:_KEPT_OF_A_FRAGMENT]
        self._fragment_length += len(data)
        if data:
            self._judge()
        return data

    def receive_pdu(self) -> bytes:
        """The next PDU; empty where the connection ends before it is whole. Raises OSError as `recv` does."""
        header = self._receive(pdu.HEADER_LENGTH)
        return header and self._receive(pdu.HEADER_LENGTH + pdu.declared_length(header), header)

    def _receive(self, length: int, begin: bytes = b"") -> bytes:
        """So many bytes, of which `begin` is there already; none where the connection ends before."""
        pieces, missing = [begin], length - len(begin)
        while missing:
            piece = self.recv(min(missing, _RECEIVED_AT_ONCE))
            if not piece:
                return b""
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def explain(self, remark: Remark) -> None:
        """Say in the trace why the next PDU that is sent says what it does."""
        self._about_next.append(remark)

    def take_fault(self) -> AssociationFault | None:
        """What is wrong about the bytes that came last, once."""
        fault, self._fault = self._fault, None
        return fault

    def drain(self, seconds: float) -> None:
        """Send no more, and take what still comes until the other side hangs up, so that it reads what was sent."""
        self.shutdown(socket.SHUT_WR)
        end, left = time.monotonic() + seconds, _DRAINED_AT_MOST
        with contextlib.suppress(OSError):
            while left > 0 and (time_left := end - time.monotonic()) > 0:
                self.settimeout(time_left)
                data = socket.socket.recv(self, _RECEIVED_AT_ONCE)  # of TLS what is encrypted: nobody reads it
                left = left - len(data) if data else 0

    def record(self, whole_pdu: bytes) -> None:
        """Record a PDU that has come in whole."""
        self._begin_pdu()
        self._last_pdu = pdu.name_of(whole_pdu)
        if not self.conversation.peer:
            self.conversation.peer = pdu.calling_ae_title(whole_pdu)
        if self._last_pdu == "A-ASSOCIATE-RQ":
            self._reserved = whole_pdu[_RETURNED]
        self.conversation.received(whole_pdu)
        self._acknowledge_at_once()

    def record_end(self) -> None:
        """Record how the connection ended, where it did not end as it should."""
        if self._noise:
            return
        if self._fragment:
            self.conversation.note(
                f"the connection ended after {counted(self._fragment_length, 'byte')} of a PDU that was not whole",
                rule="PS3.8 section 9.3.1: a PDU has as many bytes as its length says",
                repair="send PDUs whole; what began here was not processed",
                raw=bytes(self._fragment),
            )
        elif self._last_pdu in ("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "P-DATA-TF"):
            self.conversation.note(
                "the connection ended without A-RELEASE or A-ABORT",
                rule="PS3.8 sections 7.2 and 7.3: an association ends with A-RELEASE, or with A-ABORT if need be",
                repair="release the association before the connection is closed",
            )
        self._begin_pdu()
        self._last_pdu = ""

    def _send_all(self, data: bytes, flags: int) -> None:
        super().sendall(data, flags)

    def _begin_pdu(self) -> None:
        self._begun = 0.0
        self._fragment = bytearray()
        self._fragment_length = 0
        self._is_believed = False

    def _judge(self) -> None:
        """Whether these bytes can be the beginning of a PDU, and the PDU comes in time."""
        begin = bytes(self._fragment)
        if not self._is_believed and not pdu.name_of(begin):
            self._noise = True
            self._fault = self._strange(begin)
            raise OSError("these bytes are no PDU")
        if not self._is_believed and len(begin) >= pdu.HEADER_LENGTH:
            self._is_believed = True
            try:
                check_length(begin)
            except AssociationFault as fault:
                self._noise = True
                self._fault = fault
                raise OSError("a PDU longer than any that is received here") from fault
        elif time.monotonic() > self._begun + (self.gettimeout() or 0):
            self._fault = self._silence()
            raise TimeoutError("the PDU did not come in time")

    def _strange(self, begin: bytes) -> AssociationFault:
        """What is said to bytes that begin no PDU."""
        protocol = spoken(begin)
        asked = f"this port speaks DICOM, you spoke {protocol}"
        answered = f"the other side speaks {protocol}, not DICOM"
        told = asked if self.conversation.role == "acceptor" else answered
        return AssociationFault(
            told if protocol else "these bytes are no DICOM PDU",
            rule="PS3.8 section 9.3.1: the first byte of a PDU is its type, 01H to 07H",
            next_step=_REPAIRS.get(protocol, "check the port number" if protocol else "begin with A-ASSOCIATE-RQ"),
            reason=UNRECOGNIZED_PDU,
            raw=begin,
        )

    def _silence(self) -> AssociationFault:
        return AssociationFault(
            f"{counted(self._fragment_length, 'byte')} of a PDU came, and not the rest within {self.gettimeout():g} s",
            rule="PS3.8 section 9.3.1: a PDU has as many bytes as its length says",
            next_step="send PDUs whole; what began here was not processed",
            reason=NOT_SPECIFIED,
            raw=bytes(self._fragment),
        )

    def _acknowledge_at_once(self) -> None:
        """Linux delays acknowledgments by 40 ms unless asked again and again not to."""
        if _TCP_QUICKACK is not None:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
