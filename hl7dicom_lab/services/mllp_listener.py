"""The MLLP listener: the side of an HL7 connection that receives messages and answers them.

Clinical step: the RIS takes orders, the EMR and the PACS take reports. Standard: HL7 v2 transport specification, MLLP
release 1. It knows frames, not content: `receive` gets the message and returns the acknowledgment.

Rules: what is no whole frame is never handed on and never answered. A connection that fails (silence in the middle of
a frame, another protocol, an exception in `receive`) is closed with a note in the trace, and no other one notices. An
answer is in the trace before its bytes leave. Where all places are taken, whoever has been silent longest makes room.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from hl7dicom_lab.counted import counted
from hl7dicom_lab.hl7v2 import mllp, wire
from hl7dicom_lab.running import Running
from hl7dicom_lab.services import tls
from hl7dicom_lab.services.door import Door
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.trace import Conversation, Remark, Trace

#: Gets a message and the conversation that it came on; returns the answer, or None where none is due.
Receive = Callable[[bytes, Conversation], bytes | None]

_RECEIVED_AT_ONCE = 64 * 1024
_IDLE_THREADS = 4  # that wait for a connection

_SILENCE_IN_FRAME = Remark(
    "closed: silence in the middle of a frame",
    "MLLP: a message is sent in one go and ends with FS and CR",
    "connect again and send the whole message",
)
_SLOW_FRAME = Remark(
    "closed: a frame took too long",
    "MLLP: a message is sent in one go and ends with FS and CR",
    "connect again and send the whole message at once",
)
_SILENCE = Remark(
    "closed: no message for a long time",
    "the limit of this receiver",
    "connect again when there is a message",
    "information",
)
_MADE_ROOM = Remark(
    "closed: all places were taken, and nothing had come here for the longest time",
    "the limit of this receiver",
    "connect again when there is a message",
    "information",
)


@dataclass(frozen=True)
class MllpLimits:
    """What a listener puts up with. Sizes in bytes, times in seconds."""

    frame: int = mllp.FRAME_LIMIT
    connections: int = 256
    kept_place: float = 10.0  # silence after which a connection makes room for another one, where all are taken
    idle_in_frame: float = 30.0  # silence in the middle of a frame
    frame_time: float = 300.0  # for a whole frame, however it trickles in
    after_fs: float = 0.1  # for the CR after FS; without one the message is taken all the same
    idle_between: float = 3600.0  # silence between messages
    handshake: float = 10.0  # for TLS to be agreed on, twice at most
    write: float = 10.0  # a peer that does not read its answers
    faults_in_a_row: int = 1000  # without a message between them
    stop: float = 5.0  # how long `stop()` waits for answers under way


class MllpListener(Running):
    """Listens for HL7 messages. A context manager.

    `host` and `port` are where it listens; port 0 takes a free one, known after `start()`. `security` is whom it lets
    in, and whether it takes TLS only. Raises `SetupError` where the files for TLS cannot be used.

    Every connection has a thread. Threads take turns at the door: one waits for the next connection, serves it, and
    comes back; before the last one leaves the door it starts another. So a new connection rarely costs a new thread.
    """

    def __init__(
        self,
        receive: Receive,
        *,
        trace: Trace,
        system: str,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: MllpLimits | None = None,
        security: Security | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._receive = receive
        self._trace = trace
        self._system = system
        self._limits = limits or MllpLimits()
        self._security = security or Security()
        self._tls = self._security.tls.for_server() if self._security.tls else None
        self._door: Door | None = None
        self._waiting = 0  # threads at the door
        self._threads: set[threading.Thread] = set()
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        state = f"listening on {self.host}:{self.port}" if self._door else "stopped"
        return f"<MllpListener of {self._system}, {state}>"

    def start(self) -> Self:
        """Begin to listen. Raises SetupError when the port or the address cannot be had."""
        with self._lock:
            if self._door is None:
                self._door = Door(self.host, self.port)
                self.port = self._door.port
                self._waiting = 0
                self._start_thread(self._door)
        return self

    def stop(self) -> None:
        """Stop listening, let answers under way leave, close every connection. May be called again."""
        with self._lock:
            door, self._door = self._door, None
            if door is None:
                return
            threads = self._threads - {threading.current_thread()}  # `receive` itself may stop the listener
            connections = list(self._connections)
            waiting = self._waiting
        door.shut(waiting)
        for connection in connections:
            connection.finish()
        deadline = time.monotonic() + self._limits.stop
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for connection in connections:
            connection.cut()
        door.close()

    def _start_thread(self, door: Door) -> None:
        """Send one more thread to the door. The lock is held. Raises RuntimeError when the system has no more."""
        thread = threading.Thread(target=self._work, args=(door,), name=f"mllp-{self._system}", daemon=True)
        thread.start()
        self._threads.add(thread)
        self._waiting += 1

    def _work(self, door: Door) -> None:
        while (client := door.accept()) is not None:
            connection = self._connection(client)
            if connection is None or not self._leave(door, connection):
                continue
            connection.serve()
            if not self._come_back(door, connection):
                break
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _connection(self, client: socket.socket) -> _Connection | None:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            own, peer = client.getsockname(), client.getpeername()
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        except OSError:  # the peer has gone already
            client.close()
            return None
        conversation = self._trace.open(self._system, "HL7", "acceptor", wire.describe)
        conversation.ports = (own[1], peer[1])
        stranger = self._security.stranger(own, peer)
        if stranger is not None:  # nothing of what it says is read
            wire.record(conversation, b"", (stranger,))
            client.close()
            return None
        return _Connection(client, conversation, self._receive, self._limits)

    def _leave(self, door: Door, connection: _Connection) -> bool:
        """Leave the door to serve a connection; False where it is turned away, and the thread stays."""
        with self._lock:
            refusal = self._refusal(door)
            if not refusal:
                self._connections.add(connection)
                self._waiting -= 1
        if refusal:
            connection.refuse(refusal)
        return not refusal

    def _refusal(self, door: Door) -> str:
        if self._door is not door:
            return "turned away: this system stops"
        if len(self._connections) >= self._limits.connections and not self._make_room():
            return f"turned away: {counted(self._limits.connections, 'connection')} open"
        if self._waiting == 1:  # somebody must stay at the door
            try:
                self._start_thread(door)
            except RuntimeError:
                return "turned away: the operating system gives no more threads"
        return ""

    def _make_room(self) -> bool:
        """Close the connection that has been silent longest; whether one has been so for long enough. Locked."""
        longest = max(self._connections, key=lambda one: one.silence)
        if longest.silence < self._limits.kept_place:
            return False
        self._connections.discard(longest)
        longest.make_room()
        return True

    def _come_back(self, door: Door, connection: _Connection) -> bool:
        with self._lock:
            self._connections.discard(connection)
            wanted = self._door is door and self._waiting < _IDLE_THREADS
            self._waiting += wanted
            return wanted


class _Connection:
    """One connection: reads frames, hands each to `receive`, sends what that answers."""

    def __init__(self, client: socket.socket, conversation: Conversation, receive: Receive, limits: MllpLimits) -> None:
        self._socket = client
        self._conversation = conversation
        self._receive = receive
        self._limits = limits
        self._decoder = mllp.Decoder(limits.frame)
        self._faults = 0
        self._timeout = 0.0
        self._frame_ends = math.inf  # when the frame that has begun must be whole
        self._silent_since = math.inf  # since when it waits for a message
        self._answering = False
        self._finishing = False
        self._thread = 0

    @property
    def silence(self) -> float:
        """Seconds for which it has waited for a message; none while one comes in or is answered."""
        return time.monotonic() - self._silent_since

    def make_room(self) -> None:
        """End a connection that waits: its place is wanted."""
        wire.record(self._conversation, b"", (_MADE_ROOM,))
        _shut(self._socket, socket.SHUT_RDWR)

    def refuse(self, why: str) -> None:
        """Close the connection without serving it."""
        self._conversation.note(
            why,
            rule="the limit of this receiver",
            repair="close connections that are not used, then connect again",
        )
        self._socket.close()

    def finish(self) -> None:
        """Take no further message. An answer under way may still leave; a connection that waits ends now."""
        self._finishing = True
        _shut(self._socket, socket.SHUT_RD if self._answering else socket.SHUT_RDWR)

    def cut(self) -> None:
        """End the connection, whatever it is doing, unless its own receiver asks."""
        if self._thread != threading.get_ident():
            _shut(self._socket, socket.SHUT_RDWR)

    def serve(self) -> None:
        """Serve the connection until it ends."""
        self._thread = threading.get_ident()
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                self._wait_at_most(self._limits.handshake)
                tls.agree(self._socket, self._conversation)
            while not self._finishing and self._go_on(self._read()):
                pass
        except ssl.SSLError as error:
            wire.record(self._conversation, b"", (tls.broken(error),))
        except OSError:  # the peer has gone, or has not agreed on TLS
            self._record_end()
        finally:
            if isinstance(self._socket, ssl.SSLSocket):
                tls.end(self._socket)
            _shut(self._socket, socket.SHUT_RDWR)
            self._socket.close()

    def _read(self) -> bytes | None:
        """The next bytes, b"" at the end of the connection, None after too long a silence."""
        if not self._decoder.in_frame:
            self._frame_ends = math.inf
            self._silent_since = time.monotonic()
            try:
                return self._bytes_within(self._limits.idle_between)
            finally:
                self._silent_since = math.inf
        if self._frame_ends == math.inf:
            self._frame_ends = time.monotonic() + self._limits.frame_time
        left = self._frame_ends - time.monotonic()
        return self._bytes_within(min(self._limits.idle_in_frame, left)) if left > 0 else None

    def _bytes_within(self, seconds: float) -> bytes | None:
        self._wait_at_most(seconds)
        try:
            return self._socket.recv(_RECEIVED_AT_ONCE)
        except TimeoutError:
            return None

    def _go_on(self, data: bytes | None) -> bool:
        """Deal with what came in; whether the connection goes on."""
        if data:
            events = self._decoder.feed(data)
            if self._decoder.after_fs:
                with contextlib.suppress(OSError):  # who has gone has sent the message all the same
                    events += self._decoder.feed(self._bytes_within(self._limits.after_fs) or b"")
            return all(self._deal_with(*seen) for seen in mllp.as_received(events))
        if data is None:
            wire.record(self._conversation, b"", (self._why_closed(),))
        self._record_end()
        return False

    def _why_closed(self) -> Remark:
        if not self._decoder.in_frame:
            return _SILENCE
        return _SLOW_FRAME if time.monotonic() >= self._frame_ends else _SILENCE_IN_FRAME

    def _record_end(self) -> None:
        for _, raw, remarks in mllp.as_received(self._decoder.end()):
            wire.record(self._conversation, raw, remarks)

    def _deal_with(self, event: mllp.Event, raw: bytes, remarks: tuple[Remark, ...]) -> bool:
        if isinstance(event, mllp.Frame):
            self._faults = 0
            self._frame_ends = math.inf
            self._conversation.received(raw, *remarks)
            return self._answer(event.body)
        wire.record(self._conversation, raw, remarks)
        if not isinstance(event, mllp.Fault):
            return True
        self._faults += 1
        if self._faults < self._limits.faults_in_a_row:
            return not event.fatal
        self._conversation.note(
            f"closed: {self._faults} faults and no message between them",
            rule="the limit of this receiver",
            repair="put a message between VT and FS CR, then connect again",
        )
        return False

    def _answer(self, body: bytes) -> bool:
        """Hand a message on and send the answer; whether the connection goes on."""
        if self._finishing:
            return False
        if not self._conversation.peer:
            self._conversation.peer = wire.sending_application(body)
        self._answering = True
        try:
            answer = self._receive(body, self._conversation)
            framed = b"" if answer is None else mllp.encode(answer)
        except Exception as error:  # whatever it was, this peer gets no AA and the next one is served
            self._conversation.note(
                f"the receiver failed: {type(error).__name__}: {error}",
                rule="a message that was not understood and safely kept is never answered with AA",
                repair="the connection is closed without an answer; mend the receiver, then send the message again",
            )
            return False
        sent = not framed or self._send(framed)
        self._answering = False
        return sent

    def _send(self, framed: bytes) -> bool:
        self._conversation.sent(framed)
        self._wait_at_most(self._limits.write)
        try:
            self._socket.sendall(framed)
        except TimeoutError:
            self._conversation.note(
                "closed: the peer does not read its answers",
                rule="MLLP: a sender takes the answer before it sends the next message",
                repair="read the answer to each message",
            )
            return False
        except ConnectionError:
            self._conversation.note(
                "the peer had gone before its answer",
                rule="without an answer the sender does not know what became of its message",
                repair="the sender connects again and sends the same bytes, with the same MSH-10",
            )
            return False
        return True

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._timeout:  # each change is a system call
            self._timeout = seconds
            self._socket.settimeout(seconds)


def _shut(one: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):  # the peer has gone, or the socket is closed already
        socket.socket.shutdown(one, how)  # TLS's own would let what another thread still sends pass in the clear
