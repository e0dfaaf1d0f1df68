"""What one association's upper layer does with PDUs, right ones and others; `tests/faults` has the list of faults."""

import struct
import time

import dicom_bytes as dicom
import pytest
import raw_dicom as raw
from dicom_peers import connection, read_to_end, remarks, wait_until

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.services import event_reactor
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace

ABORT_EARLY = bytes.fromhex("07 00 00000004 00 00 00 00")
ECHO = raw.p_data(1, dicom.echo_rq())


@pytest.fixture
def trace():
    return Trace(ClassClock())


def worklist(trace, **options):
    common = {"ae_title": "RIS", "trace": trace, "system": "RIS", "clock": trace.clock}
    return WorklistScp(lambda *_: (), **common | options)


def request(**changes):
    asked = {"called": "RIS", "calling": "SCANNER", "contexts": {1: dicom.VERIFICATION}} | changes
    return raw.associate_rq(**asked)


def pdu(peer):
    """Type and content of the next PDU."""
    kind, _, length = struct.unpack(">BBL", exactly(peer, 6))
    return kind, exactly(peer, length)


def exactly(peer, length):
    data = b""
    while len(data) < length:
        part = peer.recv(length - len(data))
        assert part
        data += part
    return data


def test_an_acceptance_gives_back_what_it_must_not_look_at(trace):
    """PS3.8 section 9.3.3: both titles, with their spaces, and 32 reserved bytes."""
    asked = bytearray(request(called=" RIS", calling="  MR1"))
    asked[42:74] = range(32)
    with worklist(trace) as scp, connection(scp) as peer:
        peer.sendall(asked)
        kind, body = pdu(peer)
        assert (kind, body[4:68]) == (2, bytes(asked[10:74]))


@pytest.mark.parametrize("maximum", [9, 11, 16383])
def test_fragments_are_even_whatever_the_peer_takes_at_once(trace, maximum):
    asked = request().replace(struct.pack(">BBHL", 0x51, 0, 4, 64 * 1024), struct.pack(">BBHL", 0x51, 0, 4, maximum))
    with worklist(trace) as scp, connection(scp) as peer:
        peer.sendall(asked)
        assert pdu(peer)[0] == 2
        peer.sendall(ECHO)
        bodies = []
        while not bodies or not bodies[-1][5] & 2:
            kind, body = pdu(peer)
            assert kind == 4
            bodies.append(body)
        assert all(len(body) <= maximum and len(body) % 2 == 0 for body in bodies)


def test_the_peer_has_time_to_read_what_ended_its_association(trace):
    """A connection that is closed while bytes are coming in is reset, and the answer may be lost."""
    with worklist(trace) as scp, connection(scp) as peer:
        peer.sendall(struct.pack(">BBL", 9, 0, 4_000_000))
        for _ in range(60):
            peer.sendall(bytes(64 * 1024))
        assert read_to_end(peer) == ABORT_EARLY


def test_a_pdu_that_trickles_in_does_not_keep_its_place(trace):
    waits = TimeOuts(association=0.3, silence=0.3)
    with worklist(trace, time_outs=waits) as scp, connection(scp) as peer:
        asked = iter(request())

        def is_cut():
            try:
                peer.sendall(bytes([next(asked)]))
            except OSError:
                return True
            time.sleep(0.02)
            return False

        assert wait_until(is_cut)
    assert wait_until(lambda: any("of a PDU that was not whole" in what for what in remarks(trace)))


def test_the_rest_of_a_message_is_not_waited_for_as_long_as_the_next_message(trace):
    with worklist(trace, time_outs=TimeOuts(message=0.3)) as scp, connection(scp) as peer:
        peer.sendall(request(contexts={1: dicom.VERIFICATION, 3: dicom.WORKLIST}))
        assert pdu(peer)[0] == 2
        peer.sendall(ECHO + raw.p_data(3, dicom.find_rq(dicom.WORKLIST)))
        assert [pdu(peer)[0], pdu(peer)[0]] == [4, 7]
    assert wait_until(lambda: len(remarks(trace)) == 2)
    assert remarks(trace) == [
        "nothing came for 0.3 s, so the connection is closed",
        "the association ended amid a C-FIND-RQ: nothing of it was kept",
    ]


def test_a_peer_that_does_not_hang_up_loses_the_connection_all_the_same(trace):
    waits = TimeOuts(association=0.3, silence=0.3)
    with worklist(trace, time_outs=waits) as scp, connection(scp) as peer:
        peer.sendall(ECHO)
        assert exactly(peer, 10) == ABORT_EARLY
        assert wait_until(lambda: not scp._server.active_associations)


def test_a_release_waits_for_the_answers_to_what_came_before_it(trace):
    """A peer that sends requests and A-RELEASE-RQ in one go still gets an answer to each."""
    echoes = b"".join(raw.p_data(1, dicom.echo_rq(number)) for number in range(1, 21))
    with worklist(trace) as scp, connection(scp) as peer:
        peer.sendall(request())
        assert pdu(peer)[0] == 2
        peer.sendall(echoes + raw.RELEASE_RQ)
        assert [pdu(peer)[0] for _ in range(21)] == [4] * 20 + [6]
        assert read_to_end(peer) == b""


def test_what_nobody_can_act_on_ends_the_association_and_is_said(trace):
    """An A-ABORT from a source that Table 9-26 does not have."""
    with worklist(trace) as scp:
        with connection(scp) as peer:
            peer.sendall(request())
            assert pdu(peer)[0] == 2
            peer.sendall(bytes.fromhex("07 00 00000004 00 00 a7 00"))
            assert read_to_end(peer) == b""
        assert wait_until(lambda: any(one.startswith("the association failed: ") for one in remarks(trace)))
        assert wait_until(lambda: not scp._server.active_associations)


def test_connections_beyond_those_that_there_is_room_for_are_turned_away(trace, monkeypatch):
    monkeypatch.setattr("hl7dicom_lab.services.acceptor._WAITING_CONNECTIONS", 1)
    with worklist(trace, maximum_associations=1) as scp:
        with connection(scp) as one, connection(scp) as other:
            assert wait_until(lambda: len(scp._server.active_associations) == 2)
            with connection(scp) as third:
                assert read_to_end(third) == b""
            one.close()
            other.close()
        assert wait_until(lambda: not scp._server.active_associations)
        with connection(scp) as peer:
            peer.sendall(request())
            assert pdu(peer)[0] == 2
    assert "turned away: 2 connections are open" in remarks(trace)


@pytest.mark.parametrize("reactor", ["", "polling"])
def test_what_comes_behind_a_wrong_fragment_is_not_answered(trace, monkeypatch, reactor):
    monkeypatch.setenv(event_reactor.VARIABLE, reactor)
    with worklist(trace) as scp, connection(scp) as peer:
        peer.sendall(request())
        assert pdu(peer)[0] == 2
        peer.sendall(dicom.p_data(dicom.pdv(1, 2, b"ab")) + ECHO)
        assert pdu(peer) == (7, bytes((0, 0, 2, 0)))
        assert read_to_end(peer) == b""
    assert [what for what in remarks(trace) if "data set" in what] == [
        "a data set without a command set that announces it"
    ]
