"""The MLLP sender: the side of an HL7 connection that sends messages and waits for their acknowledgments.

Clinical step: the EMR sends an order, the dictation system a report. Standard: HL7 v2 transport specification, MLLP
release 1; HL7 v2.5.1 section 2.9 (original and enhanced acknowledgment).

Rules:

* An answer belongs to the message whose MSH-10 is in its MSA-2, and to no other. A late, second or foreign one is
  recorded and credited to nothing.
* Without an answer the outcome is unknown. The same bytes, with the same MSH-10, are sent again on a new connection,
  so that a receiver that has the message already can tell; then `NoAnswer` is raised.
* The connection stays open between messages; one message at a time is under way.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from types import TracebackType
from typing import Self

from hl7dicom_lab.errors import CannotBuild, DeliveryError, LocalError, NoAnswer
from hl7dicom_lab.hl7v2 import mllp, wire
from hl7dicom_lab.services import tls
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.trace import Conversation, Remark, Trace

_RECEIVED_AT_ONCE = 64 * 1024
_READS_UNASKED = 64  # before a message is sent: a peer that sends without end does not keep us from it
_REMEMBERED = 1000  # control ids of messages sent

_RULE = "HL7 v2.5.1 section 2.9: MSA-2 of an answer is MSH-10 of the message that it answers"


class MllpSender:
    """Sends messages to one HL7 address. A context manager; may be used from any thread.

    `system` and `peer` are the names in the trace. An attempt takes at most `timeout` seconds. With `tls_files` the
    connection is over TLS; raises `SetupError` where they cannot be used.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        trace: Trace,
        system: str,
        peer: str = "",
        timeout: float = 10.0,
        attempts: int = 3,
        tls_files: TlsFiles | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._trace = trace
        self._system = system
        self._peer = peer
        self._timeout = timeout
        self._attempts = max(1, attempts)
        self._tls = tls_files.for_client() if tls_files else None
        self._line: _Line | None = None
        self._where = f"{host}:{port}"
        self._ledger = _Ledger()
        self._closed = False
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<MllpSender of {self._system} to {self.host}:{self.port}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def send(self, body: bytes, *, attempts: int | None = None, lose_answer: bool = False) -> bytes:
        """Send a message and return its acknowledgment: the body of the answer whose MSA-2 is the message's MSH-10.

        A commit acknowledgment (CA, CE, CR) is an answer as well. Whether the answer is yes or no is for the caller.
        `attempts` is how often it is sent at most where no answer comes, for this message. With `lose_answer` the first
        attempt ends as after a time-out: the sender hangs up when the answer is there, and does not read it.

        Raises CannotFrame and CannotBuild when the message cannot be sent, DeliveryError when the peer cannot be
        reached or does not speak MLLP, NoAnswer when nobody knows what became of the message.
        """
        framed = mllp.encode(body)
        control_id = wire.control_id(body)
        if not control_id:
            raise CannotBuild(
                "the message has no control id, so no answer could be matched with it",
                where="MSH-10",
                next_step="begin with MSH and give each message an MSH-10 of its own",
            )
        with self._lock:
            return self._send(framed, control_id, attempts or self._attempts, lose_answer)

    def close(self) -> None:
        """Close the connection. A `send` under way ends with NoAnswer. May be called again."""
        self._closed = True
        if not self._lock.acquire(blocking=False):
            if line := self._line:
                line.interrupt()
            self._lock.acquire()
        try:
            self._hang_up()
        finally:
            self._lock.release()

    def _send(self, framed: bytes, control_id: bytes, attempts: int, lose_answer: bool) -> bytes:
        unanswered: NoAnswer | None = None
        for attempt in range(attempts):
            line = self._connected(unanswered)
            try:
                return line.ask(framed, control_id, lose_answer=lose_answer and not attempt)
            except NoAnswer as error:
                unanswered = error
                self._hang_up()
            except DeliveryError:
                self._hang_up()
                raise
        raise self._outcome_unknown(unanswered.what if unanswered else "")

    def _connected(self, unanswered: NoAnswer | None) -> _Line:
        """The open connection, or a new one. The message was sent before if `unanswered` says so."""
        if self._line is not None and not self._line.is_open():
            self._hang_up()
        if self._line is None and not self._closed:
            try:
                self._line = self._connect()
            except DeliveryError as error:
                if unanswered is None:
                    raise
                raise self._outcome_unknown(f"{unanswered.what}; then {error.what}") from error
        if self._line is None or self._closed:
            if unanswered is not None:
                raise self._outcome_unknown("the sender was closed")
            raise LocalError(
                "this sender is closed",
                where=self._where,
                next_step="start the department again, or make a new MllpSender",
            )
        return self._line

    def _connect(self) -> _Line:
        # The conversation is opened first, so that it stands before the acceptor's view of the same connection.
        conversation = self._trace.open(self._system, "HL7", "requestor", wire.describe, peer=self._peer)
        try:
            connected = socket.create_connection((self.host, self.port), self._timeout)
        except (OSError, OverflowError) as error:
            reason = _reason(error)
            conversation.note(f"not connected: {reason}", repair="start the receiver, or correct its address")
            raise DeliveryError(
                f"not connected: {reason}; nothing was sent",
                where=self._where,
                next_step="start the receiver, or correct host and port, then send the message again",
            ) from error
        with contextlib.suppress(OSError):  # some systems refuse when the peer has closed already
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        conversation.ports = (connected.getsockname()[1], self.port)
        connected = self._over_tls(connected, conversation)
        return _Line(connected, conversation, self._ledger, self._timeout, self._where)

    def _over_tls(self, connected: socket.socket, conversation: Conversation) -> socket.socket:
        """The connection as it is used from now on. Raises `DeliveryError` where TLS is not agreed on; it is closed."""
        if self._tls is None:
            return connected
        try:
            secured = self._tls.wrap_socket(connected, do_handshake_on_connect=False)
            connected = secured
            tls.agree(secured, conversation)
        except OSError as error:
            connected.close()
            reason = tls.failure(conversation)
            raise DeliveryError(
                f"{reason.what if reason else error}; nothing was sent",
                where=self._where,
                next_step=reason.repair if reason else "send the message again",
            ) from error
        return secured

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _outcome_unknown(self, why: str) -> NoAnswer:
        return NoAnswer(
            f"outcome unknown: {why}",
            where=self._where,
            next_step="look at the receiver, then send the same bytes again, with the same MSH-10",
        )


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused, nothing listens there"
    if isinstance(error, TimeoutError):
        return "no reply from that address"
    if isinstance(error, socket.gaierror):
        return "the host name is unknown"
    return f"{type(error).__name__}: {error}"


class _Ledger:
    """Which messages were sent, and how each was answered."""

    def __init__(self) -> None:
        self._codes: dict[bytes, bytes] = {}  # MSH-10 -> MSA-1 of its answer, empty while it has none

    def sent(self, control_id: bytes) -> None:
        self._codes.pop(control_id, None)
        self._codes[control_id] = b""
        if len(self._codes) > _REMEMBERED:
            del self._codes[next(iter(self._codes))]

    def judge(self, answer: bytes, waiting: bytes) -> Remark | None:
        """None for the answer to the message that is `waiting`; for any other, what it is instead."""
        answered, code = wire.acknowledged_id(answer), wire.field(answer, b"MSA", 1)
        if not answered:
            return Remark("no answer to any message: MSA-2 is empty or there is no MSA", _RULE, "put MSH-10 into MSA-2")
        before = self._codes.get(answered)
        if before is not None:
            self._codes[answered] = code
        if answered == waiting:
            return None
        name = answered.decode("ascii", "backslashreplace")
        if before is None:
            return Remark(f"answers {name}, which was not sent from here", _RULE, "put MSH-10 into MSA-2")
        if not before:
            return Remark(f"a late answer to {name}, which was given up", _RULE, "answer sooner", "warning")
        if before.startswith(b"C") and code.startswith(b"A"):
            return Remark(f"the application acknowledgment of {name} (enhanced mode)", severity="information")
        return Remark(
            f"a second answer to {name}", "HL7 v2.5.1 section 2.9: one answer in original mode", "answer once"
        )


class _Line:
    """One connection of the sender."""

    def __init__(
        self, connected: socket.socket, conversation: Conversation, ledger: _Ledger, timeout: float, where: str
    ) -> None:
        self._socket = connected
        self._conversation = conversation
        self._ledger = ledger
        self._timeout = timeout
        self._where = where
        self._decoder = mllp.Decoder()
        self._broken: mllp.Fault | None = None  # nothing can be read after it
        self._trouble = ""  # what came instead of the answer

    def is_open(self) -> bool:
        """Whether the peer still holds the connection. Takes what came unasked, a second answer for example."""
        self._socket.settimeout(0.0)
        try:
            for _ in range(_READS_UNASKED):
                data = self._socket.recv(_RECEIVED_AT_ONCE)
                self._take(data, waiting=b"")
                if not data or self._broken:
                    return False
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return True

    def ask(self, framed: bytes, control_id: bytes, *, lose_answer: bool = False) -> bytes:
        """Send a framed message and wait for its answer.

        With `lose_answer` it is not read when it comes: the peer has done what the message says, and nobody here knows.

        Raises NoAnswer when the connection or the time ends first, DeliveryError when the peer does not speak MLLP.
        """
        deadline = time.monotonic() + self._timeout
        self._trouble = ""
        self._ledger.sent(control_id)
        self._conversation.sent(framed)
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(framed)
            if lose_answer:
                self._wait_for_frame(deadline)
                raise self._unanswered("hung up before the answer was read")
            while True:
                data = self._receive(deadline)
                answer = self._take(data, control_id)
                if answer is not None:
                    return answer
                if not data:
                    raise self._unanswered("the peer closed the connection without an answer")
                self._check_protocol()
        except TimeoutError as error:
            raise self._unanswered(f"no answer within {self._timeout:g} s") from error
        except ssl.SSLError as error:
            raise self._unanswered(tls.broken(error).what) from error
        except OSError as error:
            raise self._unanswered("the connection was lost before an answer came") from error

    def interrupt(self) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # another thread is using the connection

    def close(self) -> None:
        if self.is_open():
            self._take(b"", waiting=b"")
        if isinstance(self._socket, ssl.SSLSocket):
            tls.end(self._socket)
        self._socket.close()

    def _wait_for_frame(self, deadline: float) -> None:
        unread = mllp.Decoder()
        while data := self._receive(deadline):
            if any(isinstance(event, mllp.Frame) for event in unread.feed(data)):
                return

    def _receive(self, deadline: float) -> bytes:
        remaining = deadline - time.monotonic()
        if remaining <= 0:  # a peer that sends and sends, but no answer
            raise TimeoutError
        self._socket.settimeout(remaining)
        return self._socket.recv(_RECEIVED_AT_ONCE)

    def _take(self, data: bytes, waiting: bytes) -> bytes | None:
        """Record what came in (b"" at the end of the connection); return the answer to `waiting` if it is there."""
        found = None
        for event, raw, remarks in mllp.as_received(self._decoder.feed(data) if data else self._decoder.end()):
            if isinstance(event, mllp.Frame):
                if self._take_frame(event.body, raw, remarks, waiting):
                    found, waiting = event.body, b""
                continue
            if isinstance(event, mllp.ForeignProtocol):
                self._trouble = f"the peer speaks {event.name}, not MLLP"
                self._conversation.note(self._trouble, rule=event.remark.rule, repair="correct the port", raw=raw)
            else:
                self._trouble = remarks[0].what if remarks else self._trouble
                wire.record(self._conversation, raw, remarks)
            if isinstance(event, mllp.Fault) and event.fatal:
                self._broken = event
        return found

    def _take_frame(self, body: bytes, raw: bytes, remarks: tuple[Remark, ...], waiting: bytes) -> bool:
        """Record a message from the peer; whether it answers the one that is `waiting`."""
        self._conversation.peer = self._conversation.peer or wire.sending_application(body)
        remark = self._ledger.judge(body, waiting)
        if remark is None:
            self._conversation.received(raw, *remarks)
            return True
        self._trouble = remark.what
        self._conversation.received(raw, *remarks, remark)
        return False

    def _check_protocol(self) -> None:
        if isinstance(self._broken, mllp.ForeignProtocol):
            raise DeliveryError(
                f"the peer speaks {self._broken.name}, not MLLP; it cannot have taken the message",
                where=self._where,
                next_step="correct host and port, then send the message again",
            )
        if self._broken is not None:
            raise self._unanswered("the answer cannot be read")

    def _unanswered(self, why: str) -> NoAnswer:
        self._conversation.note(
            why,
            rule="without an answer the outcome is unknown",
            repair="send the same bytes, with the same MSH-10, on a new connection",
        )
        return NoAnswer(f"{why} ({self._trouble})" if self._trouble else why, where=self._where)
