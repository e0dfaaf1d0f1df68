"""Associations that sleep until something happens: pynetdicom's two threads, without their clocks.

Standard: PS3.8 section 9.2 (the upper layer's state machine, which stays pynetdicom's and ours in `upper_layer.py`).
pynetdicom 3.0.4 runs two threads for each association, the provider of the upper layer and the association's own. Each
looks a thousand times a second whether there is something to do: forty open associations that say nothing take a whole
core, and each request waits a millisecond or two for somebody to look.

Rules: what is done, and in which order, is what pynetdicom does; only the waiting differs, and the way of the bytes. A
thread waits for the connection, for its queues and for its timers, whichever comes first. Whoever has something to send
sends it, if nothing waits to be sent before it and the upper layer is not at work on something else; else it goes
through the queue. What comes is received in large pieces, and data is acted on at once, likewise.

This module reaches into pynetdicom's inside, and beside `reactor_pause.py` it is the only one. It is used with the
versions that it was tested with; with another one, or where `HL7DICOM_LAB_REACTOR=polling`, pynetdicom runs as it is.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import pynetdicom
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import A_ABORT_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA

from hl7dicom_lab.services.reactor_pause import Checkpoint

#: `polling` leaves pynetdicom as it is.
VARIABLE = "HL7DICOM_LAB_REACTOR"
_TESTED = frozenset({"3.0.4"})

#: Receives a whole PDU; none where the connection ends. Raises OSError.
ReceivePdu = Callable[[], bytes]
#: Takes in a PDU that pynetdicom need not read; whether it is one.
TakePdu = Callable[[bytes], bool]
#: Sends PDUs with one packet, as far as they fit.
SendSeveral = Callable[[Sequence[bytes]], None]

_ENDED, _DATA_MAY_GO, _DATA_CAME, _CLOSED, _ARTIM_EXPIRED = "Sta1", "Sta6", "Evt10", "Evt17", "Evt18"
_INVALID_PDU = "Evt19"
#: Seconds after which a thread looks without having been called: what a program sets by itself calls nobody.
_LOOK = 1.0
_LOOK_AGAIN = 0.05  # likewise, once an association has been idle for too long
_END_AT_ONCE = 0.01  # seconds that `stop_dul` waits for the upper layer to end


def is_used() -> bool:
    """Whether associations of this process sleep until something happens."""
    return pynetdicom.__version__ in _TESTED and os.environ.get(VARIABLE) != "polling"


def convert(assoc: Association) -> None:
    """Let this association, whose threads have not started, sleep until something happens; if that is used here."""
    if not is_used():
        return
    gate = Gate(assoc)
    assoc._reactor_checkpoint = gate
    assoc.dimse.msg_queue = _Queue(assoc.dimse.msg_queue, gate.ring)
    provider = assoc.dul
    provider.__class__ = Provider
    cast("Provider", provider).begin(gate)
    assoc._run_reactor = lambda: _serve(assoc, gate)  # type: ignore[method-assign] # its loop, without a clock


def receive_with(assoc: Association, receive_pdu: ReceivePdu, take_pdu: TakePdu) -> None:
    """Let the upper layer receive with these, instead of 4096 bytes at a time that are copied six times."""
    if isinstance(assoc.dul, Provider):
        assoc.dul.receives_with(receive_pdu, take_pdu)


def allow_sending_at_once(assoc: Association, send_several: SendSeveral) -> None:
    """Let whoever sends data send it, instead of the upper layer's thread: not over TLS, where reading excludes it.

    `send_several` sends PDUs on the association's connection, or raises OSError.
    """
    if isinstance(assoc.dul, Provider):
        assoc.dul.sends_with(send_several)


class Gate(Checkpoint):
    """Where the association's own thread waits: until there is something to do and nobody else asks for answers."""

    def __init__(self, reactor: threading.Thread) -> None:
        super().__init__(reactor)
        self._rung = True

    def ring(self) -> None:
        """There is something to do."""
        with self._gate:
            self._rung = True
            self._gate.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Stand at the gate until it is open and somebody has rung, or it is open and it is time to look."""
        with self._gate:
            self._at_gate = True
            self._gate.notify_all()
            if not self._gate.wait_for(lambda: self._rung and self.is_set(), timeout or _LOOK):
                self._gate.wait_for(self.is_set)
            self._rung = self._at_gate = False
            return True


class _Queue(queue.Queue[Any]):
    """A queue in the place of another one, with what is in it; it tells somebody that something was put into it."""

    def __init__(self, earlier: queue.Queue[Any], tell: Callable[[], None]) -> None:
        super().__init__()
        self._tell = tell
        self.queue.extend(earlier.queue)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)
        self._tell()


class _Waker:
    """Wakes a thread that waits for a connection: one file descriptor where the system has such, else two sockets."""

    def __init__(self) -> None:
        self.is_awaited = False
        self._lock = threading.Lock()
        self._close = contextlib.ExitStack()
        if hasattr(os, "eventfd"):
            number = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._close.callback(os.close, number)
            self._number = number
            self._write: Callable[[], object] = lambda: os.eventfd_write(number, 1)
            self._read: Callable[[], object] = lambda: os.eventfd_read(number)
        else:
            ours, theirs = socket.socketpair()
            for one in (ours, theirs):
                one.setblocking(False)
                self._close.callback(one.close)
            self._number = ours.fileno()
            self._write, self._read = lambda: theirs.send(b"\0"), lambda: ours.recv(4096)
        self._is_open = True

    def fileno(self) -> int:
        """What becomes readable."""
        return self._number

    def wake(self) -> None:
        """Wake the thread, if it waits."""
        if self.is_awaited:
            with self._lock, contextlib.suppress(BlockingIOError):
                if self._is_open:  # the number may be another file's by now
                    self._write()

    def forget(self) -> None:
        """What has woken the thread is over."""
        with contextlib.suppress(BlockingIOError):
            self._read()

    def close(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._is_open = False
            self._close.close()


class Provider(DULServiceProvider):
    """The provider of the upper layer of one association. An association has made it; `begin` changes how it waits."""

    def begin(self, gate: Gate) -> None:
        """Take over, before the thread has started."""
        self._receive_pdu: ReceivePdu | None = None
        self._take_pdu: TakePdu = lambda _: False
        self._has_taken_in = False
        self._send_several: SendSeveral | None = None
        self._gate = gate
        self._waker: _Waker | None = None
        self._has_ended = False
        self._turn, self._turn_is_wanted = threading.Lock(), False
        self._moved = threading.Condition()
        self.to_user_queue = _Queue(self.to_user_queue, gate.ring)
        self.to_provider_queue = _Queue(self.to_provider_queue, self._call)
        self.event_queue = _Queue(self.event_queue, self._call)

    def receives_with(self, receive_pdu: ReceivePdu, take_pdu: TakePdu) -> None:
        """Receive PDUs with these."""
        self._receive_pdu, self._take_pdu = receive_pdu, take_pdu

    def sends_with(self, send_several: SendSeveral) -> None:
        """Let whoever has data to send do it with this."""
        self._send_several = send_several

    def run(self) -> None:
        """Receive and send until the association is over."""
        with contextlib.suppress(OSError):  # no file descriptor is left: it looks from time to time, as pynetdicom does
            self._waker = _Waker()
        try:
            self._idle_timer.start()
            self.assoc._dul_ready.set()
            while not self._kill_thread:
                self._step()
        finally:
            self._has_ended = True
            if self._waker is not None:
                self._waker.close()
            self._tell_of_a_move()
            self._gate.ring()

    def is_alive(self) -> bool:
        """Whether the provider still works."""
        return super().is_alive() and not self._has_ended

    def kill_dul(self) -> None:
        """End the thread."""
        super().kill_dul()
        self._call()

    def stop_dul(self) -> bool:
        """End the thread if the association is over, or comes to its end at once; whether it is."""
        if threading.current_thread() is self:
            return False
        with self._moved:
            self._moved.wait_for(self._is_over, _END_AT_ONCE)
        if not self._is_over():
            return False
        self.kill_dul()
        self.join()
        return True

    def send_pdu(self, primitive: Any) -> None:
        """Send a primitive: at once, or by the provider's thread once its turn comes."""
        if not (isinstance(primitive, P_DATA) and self.sent_at_once([P_DATA_TF(primitive).encode()])):
            super().send_pdu(primitive)

    def sent_at_once(self, pdus: Sequence[bytes]) -> bool:
        """Send encoded P-DATA-TFs if they may be sent now by the thread that asks; whether they were.

        It may not while the provider's thread acts on something, or something waits to be sent.
        """
        if self._send_several is None or self._turn_is_wanted or not self._turn.acquire(blocking=False):
            return False
        try:
            may_go = self.state_machine.current_state == _DATA_MAY_GO and self.to_provider_queue.empty()
            if may_go:
                try:
                    self._send_several(pdus)
                except OSError:  # as pynetdicom has it: the connection is closed
                    self.event_queue.put(_CLOSED)
            return may_go
        finally:
            self._turn.release()

    def _read_pdu_data(self) -> None:
        """Receive a PDU; it makes an event, as pynetdicom has it, unless it is taken in at once."""
        if self._receive_pdu is None:
            super()._read_pdu_data()
            return
        try:
            raw = self._receive_pdu()
        except OSError:
            raw = b""
        if not raw:
            self.event_queue.put(_CLOSED)
            return
        self._has_taken_in = self.event_queue.empty() and self._take_pdu(raw)  # once what came before is acted on
        if self._has_taken_in:
            return
        try:
            received, event = self._decode_pdu(bytearray(raw))
        except Exception:  # whatever pynetdicom does not like about it
            self.event_queue.put(_INVALID_PDU)
            return
        self.event_queue.put(event)
        self._recv_pdu.put(received)

    def _call(self) -> None:
        if self._waker is not None:
            self._waker.wake()

    def _is_over(self) -> bool:
        return self._has_ended or self.state_machine.current_state == _ENDED

    def _step(self) -> None:
        """Send or receive one PDU and act on one event; wait where there is none."""
        if self.artim_timer.expired:
            self.event_queue.put(_ARTIM_EXPIRED)
        self._has_taken_in = False
        try:
            if not self._process_recv_primitive() and self._is_transport_event():
                self._idle_timer.restart()
        except Exception:  # pynetdicom's own way out: its state machine can no longer be trusted
            self._give_up()
            return
        try:
            event = self.event_queue.get(block=False)
        except queue.Empty:
            if not self._has_taken_in:
                self._wait()
            return
        self._act(event)

    def _act(self, event: str) -> None:
        if event == _DATA_CAME:  # nothing is sent because of it
            self.state_machine.do_action(event)
            return
        self._turn_is_wanted = True
        with self._turn:
            self._turn_is_wanted = False
            self.state_machine.do_action(event)
        self._tell_of_a_move()

    def _tell_of_a_move(self) -> None:
        with self._moved:
            self._moved.notify_all()

    def _wait(self) -> None:
        """Sleep until the connection, a queue, a timer or `kill_dul` wants something."""
        waker = self._waker
        if waker is None:
            time.sleep(self._run_loop_delay)
            return
        waker.is_awaited = True  # before the last look: whoever comes after it wakes
        try:
            if not self._kill_thread and self.to_provider_queue.empty() and self.event_queue.empty():
                with contextlib.suppress(OSError, ValueError):  # closed meanwhile; the next look tells
                    select.select(self._watched(waker), [], [], self._seconds_to_wait())
        finally:
            waker.is_awaited = False
            waker.forget()
        if self._idle_timer.expired:
            self._gate.ring()

    def _watched(self, waker: _Waker) -> list[Any]:
        wire = self.socket
        if wire is None or wire.socket is None or not wire._is_connected:
            return [waker]
        return [waker, wire.socket]

    def _seconds_to_wait(self) -> float:
        if self._idle_timer.expired:
            return _LOOK_AGAIN
        timers = (timer.remaining for timer in (self.artim_timer, self._idle_timer) if timer.timeout is not None)
        return max(0.0, min([_LOOK, *timers]))

    def _give_up(self) -> None:
        answer = A_ABORT_RQ()
        answer.source, answer.reason_diagnostic = 2, 0
        if self.socket is not None:
            self.socket.send(answer.encode())
        self.assoc.is_aborted, self.assoc.is_established = True, False
        self.assoc._kill = self._kill_thread = True


def _serve(assoc: Association, gate: Gate) -> None:
    """Serve the requests of an open association and see its end: pynetdicom's loop, which waits at the gate."""
    assoc._is_paused = False
    while not assoc._kill:
        assoc._is_paused = True
        gate.wait()
        assoc._is_paused = False
        context_id, message = assoc.dimse.get_msg(block=False)
        if message:
            assoc._serve_request(message, cast("int", context_id))
        if not assoc.dimse.msg_queue.empty():
            gate.ring()
        if _has_ended(assoc):
            return


def _has_ended(assoc: Association) -> bool:
    """Whether the association is over: released, aborted, cut off or idle for too long. Each is answered here."""
    if assoc.is_established and assoc.acse.is_release_requested():
        assoc.acse.send_release(is_response=True)
        assoc.is_released, assoc.is_established = True, False
        evt.trigger(assoc, evt.EVT_RELEASED, {})
    elif assoc.acse.is_aborted():
        assoc.dul.receive_pdu(wait=False)
        assoc.is_aborted, assoc.is_established = True, False
        evt.trigger(assoc, evt.EVT_ABORTED, {})
    elif assoc.dul.idle_timer_expired() and assoc.dul.is_alive():
        _end_idle(assoc)
    elif assoc.dul.is_alive():
        return False
    assoc.kill()
    return True


def _end_idle(assoc: Association) -> None:
    if assoc.network_timeout_response == "A-RELEASE":
        assoc._is_paused = True  # `release` waits for it
        assoc.release()
    else:
        assoc.abort()
