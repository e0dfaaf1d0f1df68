"""One association's wire: the connection that tells the trace, its options and its time-outs. Both sides use it.

Standard: PS3.8 section 9 (upper layer protocol for TCP/IP). Rules:

* Whole PDUs are recorded on the wire's thread and nothing is decoded there. What is sent is in the trace before its
  bytes leave, so whoever has got an answer also finds it in the trace.
* Bytes that are no PDU, or only a part of one, are recorded as a fault when the connection ends.
* No connection waits for ever: silence, and a peer that does not read, end it.

pynetdicom is used through its documented events and attributes only. The configuration of both libraries is set here,
once: nothing prints from a thread.
"""

from __future__ import annotations

import contextlib
import re
import socket
import sys
from dataclasses import dataclass
from typing import Any, Self

from pydicom import config as pydicom_config
from pynetdicom import _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.fsm import StateMachine
from pynetdicom.pdu_primitives import A_P_ABORT

from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.services import reactor_pause
from hl7dicom_lab.trace import Conversation

reactor_pause.mend()
# The trace is our record of what went over the wire.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
# What a stranger sends is judged by the services, with a status. Values that one assigns oneself are still validated.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE

#: The longest P-DATA-TF that either side of ours is ready to receive, in bytes (PS3.8 section D.1).
MAXIMUM_PDU_LENGTH = 128 * 1024
#: No PDU of any kind needs more; a longer length is not believed, so a peer cannot make us wait for 4 GB.
_LONGEST_PDU = 1024 * 1024
_KEPT_OF_A_FRAGMENT = 256
#: Linux only, and in Python's `socket` module only there.
_TCP_QUICKACK = getattr(socket, "TCP_QUICKACK", None) if sys.platform == "linux" else None
#: PS3.5 section 6.2, AE: 1 to 16 characters of the default repertoire, no backslash, not only spaces.
_AE_TITLE = re.compile(r"(?=.*[^ ])[ -\[\]-~]{1,16}")
_OTHER_PROTOCOLS = {b"GET ": "HTTP", b"POST": "HTTP", b"HEAD": "HTTP", b"\x0bMSH": "HL7 over MLLP", b"MSH|": "HL7"}


@dataclass(frozen=True)
class TimeOuts:
    """How long one side waits, in seconds."""

    connection: float = 5.0  # for the TCP connection
    association: float = 10.0  # for A-ASSOCIATE and A-RELEASE; also the standard's ARTIM timer
    message: float = 30.0  # for the answer to a DIMSE request
    idle: float = 600.0  # for anything at all on an open association
    silence: float = 10.0  # for the rest of a PDU, and for a peer to read what is sent


def check_ae_title(title: str) -> str:
    """The title, if it is one (PS3.5 section 6.2). Raises `SetupError`."""
    if not _AE_TITLE.fullmatch(title):
        raise SetupError(
            "an AE title has 1 to 16 characters of ASCII, no backslash, not only spaces",
            where=f"AE title {title!r}",
            next_step="choose a short title of letters, digits and underscores",
        )
    return title


def observe(assoc: Association, conversation: Conversation) -> TracedSocket | None:
    """Record everything that this association's connection carries. None where the peer has gone already.

    Call it before the association's threads begin to work, when `evt.EVT_CONN_OPEN` (acceptor) or the first
    `evt.EVT_ACSE_SENT` (requestor) is triggered.
    """
    wire = assoc.dul.socket
    if wire is None or wire.socket is None:
        return None
    traced = TracedSocket.over(wire.socket, conversation)
    wire.socket = traced
    assoc.dul.state_machine = GuardedStateMachine(assoc.dul)
    assoc.bind(evt.EVT_DATA_RECV, _on_pdu, [traced])
    assoc.bind(evt.EVT_CONN_CLOSE, _on_close, [traced])
    return traced


def _on_pdu(event: Event, traced: TracedSocket) -> None:
    traced.record(event.data)


def _on_close(_: Event, traced: TracedSocket) -> None:
    traced.record_end()


class GuardedStateMachine(StateMachine):
    """PS3.8 section 9.2, where an event that fits no state ends the connection and not pynetdicom's thread.

    It happens when the peer's bytes make no sense, and when one side ends the association while the other is sending.
    """

    def do_action(self, event: str) -> None:
        """Act on an event as the state demands."""
        try:
            super().do_action(event)
        except Exception:  # whatever it was, nobody can go on from here
            assoc = self.dul.assoc
            if self.dul.socket is not None:
                self.dul.socket.close()
            self.current_state = "Sta1"
            evt.trigger(assoc, evt.EVT_CONN_CLOSE, {"address": None})
            self.dul.to_user_queue.put(A_P_ABORT())
            assoc.dimse.msg_queue.put((None, None))
            self.dul.kill_dul()


class TracedSocket(socket.socket):
    """A connection that tells its conversation what it carries."""

    conversation: Conversation

    @classmethod
    def over(cls, plain: socket.socket, conversation: Conversation) -> Self:
        """Take over the connection of `plain`, which is of no use afterwards."""
        traced = cls(plain.family, plain.type, plain.proto, fileno=plain.detach())
        traced.conversation = conversation
        traced._noise = False
        traced._last_pdu = ""
        traced._begin_pdu()
        return traced

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
        """Record one PDU, then send all of it."""
        self.conversation.sent(data)
        self._last_pdu = pdu.name_of(data)
        super().sendall(data, flags)
        return len(data)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive, keeping the beginning of what is no whole PDU yet. After noise the connection reads as ended."""
        data = super().recv(size, flags)
        if self._noise:
            return b""
        if len(self._fragment) < _KEPT_OF_A_FRAGMENT:
            self._fragment += data[:_KEPT_OF_A_FRAGMENT]
        self._fragment_length += len(data)
        if not self._is_believed and len(self._fragment) >= pdu.HEADER_LENGTH:
            self._judge_header()
        return data

    def record(self, whole_pdu: bytes) -> None:
        """Record a PDU that has come in whole."""
        self._begin_pdu()
        self._last_pdu = pdu.name_of(whole_pdu)
        if not self.conversation.peer:
            self.conversation.peer = pdu.calling_ae_title(whole_pdu)
        self.conversation.received(whole_pdu)
        self._acknowledge_at_once()

    def record_end(self) -> None:
        """Record how the connection ended, where it did not end as it should."""
        if self._noise:
            return
        if self._fragment:
            self.conversation.note(
                f"the connection ended after {self._fragment_length} bytes of a PDU that was not whole",
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

    def _begin_pdu(self) -> None:
        self._fragment = bytearray()
        self._fragment_length = 0
        self._is_believed = False

    def _judge_header(self) -> None:
        """Whether these bytes can be the beginning of a PDU. pynetdicom answers an unknown type with A-ABORT."""
        begin = bytes(self._fragment)
        self._is_believed = True
        if not pdu.name_of(begin):
            self._noise = True
            spoken = next((name for start, name in _OTHER_PROTOCOLS.items() if begin.startswith(start)), "")
            self.conversation.note(
                f"this port speaks DICOM, you spoke {spoken}" if spoken else "these bytes are no DICOM PDU",
                rule="PS3.8 section 9.3.1: the first byte of a PDU is its type, 01H to 07H",
                repair="check the port number" if spoken else "begin with A-ASSOCIATE-RQ",
                raw=begin,
            )
        elif pdu.declared_length(begin) > _LONGEST_PDU:
            self._noise = True
            self.conversation.note(
                f"the PDU says it has {pdu.declared_length(begin):,} bytes",
                rule=f"PS3.8 section D.1: the longest PDU that was offered has {MAXIMUM_PDU_LENGTH:,} bytes",
                repair="respect the maximum length that was negotiated",
                raw=begin,
            )
            raise OSError("a PDU longer than any that is received here")

    def _acknowledge_at_once(self) -> None:
        """Linux delays acknowledgments by 40 ms unless asked again and again not to."""
        if _TCP_QUICKACK is not None:
            with contextlib.suppress(OSError):
                self.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
