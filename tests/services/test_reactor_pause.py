"""The answer to a request reaches whoever asked, and a rejection too, however slowly a thread goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from dicom_peers import wait_until
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined] # made at import

from hl7dicom_lab.lab import Lab
from hl7dicom_lab.services import event_reactor, reactor_pause
from hl7dicom_lab.services.reactor_pause import Checkpoint

_REQUESTS = 10


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture
def associate(lab: Lab) -> Iterator[Callable[[], Association]]:
    opened: list[Association] = []

    def request() -> Association:
        entity = AE("TESTER")
        entity.dimse_timeout = 0.5
        entity.add_requested_context(Verification)
        where = lab.pacs.storage
        assoc = entity.associate(where.host, where.port, ae_title=where.ae_title)
        opened.append(assoc)
        assoc.dimse.send_msg = held_up(assoc.dimse.send_msg)
        return assoc

    yield request
    for assoc in opened:
        assoc.abort()


def held_up(send: Callable[..., None]) -> Callable[..., None]:
    """Sending, after which the one who asks is held up until the answer is there."""

    def send_and_pause(*arguments: object) -> None:
        send(*arguments)
        time.sleep(0.05)

    return send_and_pause


def echoes(assoc: Association) -> int:
    """How many of the echoes are answered."""
    answered = 0
    for _ in range(_REQUESTS):
        if not assoc.is_established:
            break
        answered += "Status" in assoc.send_c_echo()
    return answered


def slowed(wait: Callable[..., bool]) -> Callable[..., bool]:
    """The reactor's wait, after which its thread is held up as on a busy machine."""

    def late(*arguments: object) -> bool:
        opened = wait(*arguments)
        time.sleep(0.02)
        return opened

    return late


def test_a_reactor_that_is_held_up_takes_no_answer(
    associate: Callable[[], Association], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "wait", slowed(Checkpoint.wait))
    assoc = associate()
    assert isinstance(assoc._reactor_checkpoint, Checkpoint)
    assert echoes(assoc) == _REQUESTS
    assoc.release()
    assert assoc.is_released


def test_without_the_mend_it_does(associate: Callable[[], Association], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, pynetdicom has mended it, and the module can go."""

    class Plain(threading.Event):
        def __init__(self, _: threading.Thread) -> None:
            super().__init__()
            self.set()

        wait = slowed(threading.Event.wait)  # type: ignore[assignment] # a function of the same form

    monkeypatch.setattr(reactor_pause, "Checkpoint", Plain)
    monkeypatch.setenv(event_reactor.VARIABLE, "polling")  # pynetdicom as it is
    assert echoes(associate()) < _REQUESTS


def rejected_while_held_up(lab: Lab) -> Association:
    """An association of which the requestor's thread goes on only after the acceptor has closed the connection."""

    def hold_up(event: Event) -> None:
        wire = event.assoc.dul.socket
        assert wire._ready.wait(10)
        assert wait_until(lambda: not wire._is_connected)

    entity = AE("TESTER")
    entity.add_requested_context(Verification)
    where = lab.pacs.storage
    return entity.associate(where.host, where.port, ae_title="ELSEWHERE", evt_handlers=[(evt.EVT_REQUESTED, hold_up)])


@pytest.mark.parametrize("reactor", ["", "polling"])
def test_a_rejection_is_heard_after_the_connection_has_closed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, reactor: str
) -> None:
    monkeypatch.setenv(event_reactor.VARIABLE, reactor)
    assoc = rejected_while_held_up(lab)
    assert (assoc.is_rejected, assoc.is_aborted, assoc.is_established) == (True, False, False)
    answer = assoc.acceptor.primitive
    assert isinstance(answer, A_ASSOCIATE)
    assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 7)


def test_without_the_mend_it_is_lost(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, pynetdicom has mended it, and its half of the module can go."""
    monkeypatch.setattr(reactor_pause, "_hear_a_rejection", lambda _: None)
    assoc = rejected_while_held_up(lab)
    assert (assoc.is_rejected, assoc.is_aborted) == (False, True)


def test_an_aborted_association_keeps_nobody_waiting(associate: Callable[[], Association]) -> None:
    assoc = associate()
    assoc.abort()
    assoc.join(10)
    assert not assoc.is_alive()
    assoc._reactor_checkpoint.clear()


def test_mending_twice_changes_nothing() -> None:
    before = Association.__init__
    reactor_pause.mend()
    assert Association.__init__ is before
