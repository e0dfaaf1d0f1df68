"""The MLLP listener: the side of an HL7 connection that receives messages and answers them.

Clinical step: the RIS takes orders, the EMR and the PACS take reports. Standard: HL7 v2 transport specification, MLLP
release 1. It knows frames, not content: `receive` gets the message and returns the acknowledgment.

Rules: what is no whole frame is never handed on and never answered. A connection that fails (silence in the middle of
a frame, another protocol, an exception in `receive`) is closed with a note in the trace, and no other one notices. An
answer is in the trace before its bytes leave.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.hl7v2 import mllp, wire
from hl7dicom_lab.trace import Conversation, Remark, Trace

#: Gets a message and the conversation that it came on; returns the answer, or None where none is due.
Receive = Callable[[bytes, Conversation], bytes | None]

_RECEIVED_AT_ONCE = 64 * 1024
_BACKLOG = 128
_IDLE_THREADS = 4  # that wait for a connection

_SILENCE_IN_FRAME = Remark(
    "closed: silence in the middle of a frame",
    "MLLP: a message is sent in one go and ends with FS and CR",
    "connect again and send the whole message",
)
_SILENCE = Remark("closed: no message for a long time", severity="information")


@dataclass(frozen=True)
class MllpLimits:
    """What a listener puts up with. Sizes in bytes, times in seconds."""

    frame: int = mllp.FRAME_LIMIT
    connections: int = 256
    idle_in_frame: float = 30.0  # silence in the middle of a frame
    idle_between: float = 3600.0  # silence between messages
    write: float = 10.0  # a peer that does not read its answers
    faults_in_a_row: int = 1000  # without a message between them
    stop: float = 5.0  # how long `stop()` waits for answers under way


class MllpListener:
    """Listens for HL7 messages. A context manager.

    `host` and `port` are where it listens; port 0 takes a free one, known after `start()`.

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
    ) -> None:
        self.host = host
        self.port = port
        self._receive = receive
        self._trace = trace
        self._system = system
        self._limits = limits or MllpLimits()
        self._door: _Door | None = None
        self._waiting = 0  # threads at the door
        self._threads: set[threading.Thread] = set()
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        state = f"listening on {self.host}:{self.port}" if self._door else "stopped"
        return f"<MllpListener of {self._system}, {state}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Begin to listen. Raises SetupError when the port or the address cannot be had."""
        with self._lock:
            if self._door is None:
                self._door = _Door(self.host, self.port)
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

    def _start_thread(self, door: _Door) -> None:
        """Send one more thread to the door. The lock is held. Raises RuntimeError when the system has no more."""
        thread = threading.Thread(target=self._work, args=(door,), name=f"mllp-{self._system}", daemon=True)
        thread.start()
        self._threads.add(thread)
        self._waiting += 1

    def _work(self, door: _Door) -> None:
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
            ports = (client.getsockname()[1], client.getpeername()[1])
        except OSError:  # the peer has gone already
            client.close()
            return None
        conversation = self._trace.open(self._system, "HL7", "acceptor", wire.describe)
        conversation.ports = ports
        return _Connection(client, conversation, self._receive, self._limits)

    def _leave(self, door: _Door, connection: _Connection) -> bool:
        """Leave the door to serve a connection; False where it is turned away, and the thread stays."""
        with self._lock:
            refusal = self._refusal(door)
            if not refusal:
                self._connections.add(connection)
                self._waiting -= 1
        if refusal:
            connection.refuse(refusal)
        return not refusal

    def _refusal(self, door: _Door) -> str:
        if self._door is not door:
            return "turned away: this system stops"
        if len(self._connections) >= self._limits.connections:
            return f"turned away: {self._limits.connections} connections are open"
        if self._waiting == 1:  # somebody must stay at the door
            try:
                self._start_thread(door)
            except RuntimeError:
                return "turned away: the operating system gives no more threads"
        return ""

    def _come_back(self, door: _Door, connection: _Connection) -> bool:
        with self._lock:
            self._connections.discard(connection)
            wanted = self._door is door and self._waiting < _IDLE_THREADS
            self._waiting += wanted
            return wanted


class _Door:
    """The listening socket. Any number of threads may wait at it; a connection wakes one of them."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._shut = threading.Event()

    def accept(self) -> socket.socket | None:
        """The next connection; None once the door is shut."""
        while not self._shut.is_set():
            try:
                client = self._socket.accept()[0]
            except OSError:  # no file descriptor left: leave the peer in the queue for a moment
                self._shut.wait(0.05)
                continue
            if not self._shut.is_set():
                return client
            client.close()
        return None

    def shut(self, waiting: int) -> None:
        """Let no one in any more, and send home those who wait."""
        self._shut.set()
        # Closing a socket does not wake a thread that accepts on it on every system. A connection does.
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host
        for _ in range(waiting):
            with contextlib.suppress(OSError):
                socket.create_connection((host, self.port), timeout=1).close()
        _shut(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    where = f"{host}:{port}"
    if not 0 <= port <= 65535:
        raise SetupError(f"{port} is no port", where=where, next_step="use a port from 0 to 65535 (0 takes a free one)")
    try:
        return socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            taken = error.errno == errno.EADDRINUSE
            raise SetupError(
                f"port {port} is taken by another program" if taken else f"port {port} may not be used",
                where=where,
                next_step="stop the other program or the other lab, or choose another port (0 takes a free one)",
            ) from error
        raise SetupError(
            f"cannot listen here ({error})",
            where=where,
            next_step="use 127.0.0.1, or an address of this machine",
        ) from error


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
        self._answering = False
        self._finishing = False
        self._thread = 0

    def refuse(self, why: str) -> None:
        """Close the connection without serving it."""
        self._conversation.note(why, repair="close connections that are not used, then connect again")
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
            while not self._finishing and self._go_on(self._read()):
                pass
        except OSError:  # the peer has gone
            self._record_end()
        finally:
            _shut(self._socket, socket.SHUT_RDWR)
            self._socket.close()

    def _read(self) -> bytes | None:
        """The next bytes, b"" at the end of the connection, None after too long a silence."""
        in_frame = self._decoder.in_frame
        self._wait_at_most(self._limits.idle_in_frame if in_frame else self._limits.idle_between)
        try:
            return self._socket.recv(_RECEIVED_AT_ONCE)
        except TimeoutError:
            return None

    def _go_on(self, data: bytes | None) -> bool:
        """Deal with what came in; whether the connection goes on."""
        if data:
            return all(self._deal_with(*seen) for seen in mllp.as_received(self._decoder.feed(data)))
        if data is None:
            wire.record(self._conversation, b"", (_SILENCE_IN_FRAME if self._decoder.in_frame else _SILENCE,))
        self._record_end()
        return False

    def _record_end(self) -> None:
        for _, raw, remarks in mllp.as_received(self._decoder.end()):
            wire.record(self._conversation, raw, remarks)

    def _deal_with(self, event: mllp.Event, raw: bytes, remarks: tuple[Remark, ...]) -> bool:
        if isinstance(event, mllp.Frame):
            self._faults = 0
            self._conversation.received(raw, *remarks)
            return self._answer(event.body)
        wire.record(self._conversation, raw, remarks)
        if not isinstance(event, mllp.Fault):
            return True
        self._faults += 1
        if self._faults < self._limits.faults_in_a_row:
            return not event.fatal
        self._conversation.note(f"closed: {self._faults} faults and no message between them")
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
        one.shutdown(how)
