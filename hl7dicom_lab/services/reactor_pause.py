"""A requestor's answer goes to whoever asked: two races in pynetdicom, mended.

pynetdicom runs a thread for each association, the reactor, which takes incoming messages; `send_c_store` and its like
pause it, so that they get the answer themselves. In 3.0.4 the reactor says that it is paused just before it waits, and
where it is already past the wait, it takes one more message: the answer. The request then ends in "unexpected message"
and an abort. It happens where the machine is busy at that very moment, so seldom, and to learners' own code too.

Likewise with A-ASSOCIATE-RJ (PS3.8 section 9.3.4): an acceptor that rejects closes the connection, and a requestor that
looks at the connection only then takes it for one that never opened. It says "aborted", and the reason is lost.

Rules: `clear()` returns when the reactor stands at the wait, and not before. A rejection that has come is heard before
an association is given up. This is the one place where the lab reaches into pynetdicom for it; where a version has no
such event, nothing is changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE

_REJECTED = (1, 2)  # permanently, transiently: the Result of an A-ASSOCIATE-RJ
#: Seconds between two looks at whether the reactor's thread has ended while it is waited for.
_LOOK = 0.05


class Checkpoint(threading.Event):
    """The event at which the reactor of one association waits while somebody asks."""

    def __init__(self, reactor: threading.Thread) -> None:
        super().__init__()
        self._reactor = reactor
        self._gate = threading.Condition()
        self._at_gate = False
        self.set()

    def set(self) -> None:
        """Let the reactor go on."""
        with self._gate:
            super().set()
            self._gate.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Stand at the gate until it is open; called by the reactor."""
        with self._gate:
            self._at_gate = True
            self._gate.notify_all()
            opened = self._gate.wait_for(self.is_set, timeout)
            self._at_gate = False
            return opened

    def clear(self) -> None:
        """Close the gate and return once the reactor stands there, or has ended."""
        with self._gate:
            super().clear()
            if threading.current_thread() is self._reactor:
                return
            while not self._at_gate and not self.is_set() and self._reactor.is_alive():
                self._gate.wait(_LOOK)


def mend(and_then: Callable[[Association], object] = lambda _: None) -> None:
    """Give every association that this process requests from now on such a checkpoint. Safe to call again.

    `and_then` gets each such association, before its threads have started.
    """
    made = Association.__init__
    if getattr(made, "mended", False):
        return

    def make(self: Association, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        if self.is_requestor and isinstance(getattr(self, "_reactor_checkpoint", None), threading.Event):
            self._reactor_checkpoint = Checkpoint(self)
            _hear_a_rejection(self)
            and_then(self)

    make.mended = True  # type: ignore[attr-defined] # the mark by which a second call knows the first
    Association.__init__ = make  # type: ignore[method-assign] # the whole purpose of this module


def _hear_a_rejection(assoc: Association) -> None:
    """Let this association be rejected instead of given up, where the acceptor's rejection waits to be read."""
    give_up = assoc._abort_blocking

    def hear_or_give_up(block: bool = True) -> None:
        answer = assoc.dul.peek_next_pdu()
        if not isinstance(answer, A_ASSOCIATE) or answer.result not in _REJECTED:
            give_up(block)
            return
        assoc.acceptor.primitive = assoc.dul.receive_pdu(wait=False)
        assoc.is_rejected = True
        evt.trigger(assoc, evt.EVT_REJECTED, {})

    assoc._abort_blocking = hear_or_give_up  # type: ignore[method-assign] # `abort` goes through it, whoever calls it
