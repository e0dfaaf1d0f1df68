"""Associations that sleep do what those that look a thousand times a second do, and next to nothing else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psutil
import pynetdicom
import pytest
from dicom_bytes import echo_rq
from dicom_peers import WORKLIST, client, everything, wait_until, worklist_item
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined] # made at import
from raw_dicom import RawAssociation, p_data

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.services import event_reactor
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.event_reactor import Gate, Provider
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace


@pytest.fixture(autouse=True)
def sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is meant, whatever the environment says."""
    monkeypatch.setenv(event_reactor.VARIABLE, "")


@pytest.fixture(params=["", "polling"])
def reactor(request: pytest.FixtureRequest, sleeping: None, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001 - after it
    """Both ways."""
    monkeypatch.setenv(event_reactor.VARIABLE, request.param)
    return str(request.param)


def scp(**options: TimeOuts) -> WorklistScp:
    clock = ClassClock()
    found = [(0xFF00, worklist_item(number)) for number in range(3)]
    return WorklistScp(lambda *_: found, ae_title="RIS", trace=Trace(clock), system="RIS", clock=clock, **options)


@pytest.fixture
def ris() -> Iterator[WorklistScp]:
    with scp() as running:
        yield running


def serving(ris: WorklistScp) -> list[Association]:
    assert ris._server is not None
    return list(ris._server.active_associations)


def test_requests_release_and_abort_go_as_they_should_either_way(reactor: str, ris: WorklistScp) -> None:
    for end in ("release", "abort"):
        with client(ris, WORKLIST, Verification) as assoc:
            (server,) = serving(ris)
            kinds = {type(one.dul) for one in (assoc, server)}
            assert kinds == ({DULServiceProvider} if reactor else {Provider})
            for _ in range(3):
                assert assoc.send_c_echo().Status == 0x0000
                answers = [status.Status for status, _ in assoc.send_c_find(everything(), WORKLIST)]
                assert answers == [0xFF00] * 3 + [0x0000]
            getattr(assoc, end)()
            assert wait_until(lambda: not serving(ris))
            assert assoc.is_released if end == "release" else assoc.is_aborted
        assert not server.is_alive()
        assert not server.dul.is_alive()


@pytest.mark.usefixtures("reactor")
def test_requests_that_come_in_one_packet_are_all_answered(ris: WorklistScp) -> None:
    with RawAssociation(ris.address, {1: Verification}) as peer:
        both = p_data(1, echo_rq(1)) + p_data(1, echo_rq(2))
        first = peer.ask(1, echo_rq(9))
        peer.socket.sendall(both)
        answers = [*first, *peer.responses(), *peer.responses()]
        assert [answer.status for answer in answers] == [0, 0, 0]


def test_nobody_looks_while_nothing_happens(ris: WorklistScp, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: Counter[str] = Counter()
    step, wait = Provider._step, Gate.wait
    monkeypatch.setattr(Provider, "_step", _counted(looks, "provider", step))
    monkeypatch.setattr(Gate, "wait", _counted(looks, "association", wait))
    with ExitStack() as stack:
        opened = [stack.enter_context(client(ris, Verification)) for _ in range(5)]
        for assoc in opened:
            assoc.send_c_echo()
        looks.clear()
        time.sleep(1.0)
        assert sum(looks.values()) <= 4 * 2 * len(opened), looks


def _counted(looks: Counter[str], name: str, call: Callable[..., object]) -> Callable[..., object]:
    def counted(*arguments: object) -> object:
        looks[name] += 1
        return call(*arguments)

    return counted


@pytest.mark.usefixtures("reactor")
def test_an_association_that_says_nothing_is_ended() -> None:
    with scp(time_outs=TimeOuts(idle=0.3)) as ris, client(ris, Verification) as assoc:
        assert wait_until(lambda: not serving(ris))
        assert wait_until(lambda: assoc.is_aborted)


def test_no_file_is_left_behind(ris: WorklistScp) -> None:
    def associate() -> None:
        with client(ris, Verification) as assoc:
            assert assoc.send_c_echo().Status == 0x0000

    associate()
    assert wait_until(lambda: not serving(ris))
    before = psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0
    for _ in range(10):
        associate()
    assert wait_until(lambda: not serving(ris))
    if before:
        assert wait_until(lambda: psutil.Process().num_fds() <= before)


def test_an_unknown_version_of_pynetdicom_is_left_as_it_is(ris: WorklistScp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pynetdicom, "__version__", "9.9.9")
    with client(ris, Verification) as assoc:
        assert type(assoc.dul) is DULServiceProvider
        assert assoc.send_c_echo().Status == 0x0000


def test_whoever_is_told_while_the_gate_is_closed_is_told(ris: WorklistScp) -> None:
    with client(ris, Verification) as assoc:
        gate = assoc._reactor_checkpoint
        assert isinstance(gate, Gate)
        gate.clear()
        assoc.dul.to_user_queue.put(None)
        assert assoc.dul.to_user_queue.qsize() == 1
        assoc.dul.to_user_queue.get()
        gate.set()
        assert assoc.send_c_echo().Status == 0x0000


def test_without_a_file_descriptor_for_it_a_thread_looks_from_time_to_time(
    ris: WorklistScp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(event_reactor, "_Waker", none_left)
    with client(ris, WORKLIST, Verification) as assoc:
        assert assoc.send_c_echo().Status == 0x0000
        assert [one.Status for one, _ in assoc.send_c_find(everything(), WORKLIST)] == [0xFF00] * 3 + [0x0000]
    assert wait_until(lambda: not serving(ris))
