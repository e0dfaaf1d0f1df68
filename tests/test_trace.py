"""The trace keeps what systems saw, within bounds, and shows it in one order."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hl7_text import order
from mllp_client import MllpClient

from hl7dicom_lab import story
from hl7dicom_lab.clock import CLASS_START, ClassClock
from hl7dicom_lab.errors import CannotBuild
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.trace import Decoded, Remark, Trace
from hl7dicom_lab.views.timeline.view import Timeline


def words(events):
    """A decoder for tests: a message an event, its first byte is the detail mark."""
    for event in events:
        detail = event.raw.startswith(b".")
        yield Decoded(event, event.raw.decode("ascii"), event.direction, event.raw, detail=detail)


def kinds(trace, **options):
    return [row.decoded.kind for row in trace.rows(**options)]


def test_bytes_are_kept_with_the_class_clocks_time_and_their_direction():
    clock = ClassClock()
    trace = Trace(clock)
    talk = trace.open("RIS", "HL7", "acceptor", words, peer="EMR")
    asked = talk.received(b"ask", Remark("odd", severity="warning"))
    clock.tick()
    answered = talk.sent(b"answer")
    noted = talk.note("closed", rule="be kind", repair="call again", raw=b"x")
    assert [event.direction for event in talk.events] == ["in", "out", "note"]
    assert (asked.time, answered.time) == (CLASS_START, clock.now())
    assert (asked.raw, asked.size, asked.remarks) == (b"ask", 3, (Remark("odd", severity="warning"),))
    assert noted.remarks == (Remark("closed", "be kind", "call again", "error"),)
    assert asked.number < answered.number < noted.number
    asking, answering, note = trace.rows()
    assert (asking.sender, asking.receiver) == ("EMR", "RIS")
    assert (answering.sender, answering.receiver) == ("RIS", "EMR")
    assert note.remarks == noted.remarks


def test_a_peer_without_a_name_is_unknown():
    trace = Trace()
    trace.open("RIS", "HL7", "acceptor", words).received(b"x")
    assert [row.sender for row in trace.rows()] == ["(unknown)"]


def test_a_message_between_two_systems_shows_once_or_as_one_of_them_saw_it():
    trace = Trace()
    asking = trace.open("EMR", "HL7", "requestor", words, peer="RIS")
    answering = trace.open("RIS", "HL7", "acceptor", words, peer="EMR")
    asking.ports, answering.ports = (5001, 2575), (2575, 5001)
    asking.sent(b"order")
    answering.received(b"order")
    alone = trace.open("EMR", "DICOM", "requestor", words, peer="DCM4CHEE")
    alone.ports = (5002, 104)
    alone.sent(b"echo")
    assert [(row.system, row.decoded.kind) for row in trace.rows()] == [("RIS", "order"), ("EMR", "echo")]
    assert [(row.system, row.sender, row.receiver) for row in trace.rows(system="emr")] == [
        ("EMR", "EMR", "RIS"),
        ("EMR", "EMR", "DCM4CHEE"),
    ]
    assert kinds(trace, protocol="DICOM") == ["echo"]
    assert kinds(trace, system="RIS", protocol="DICOM") == []


def test_conversations_stand_in_the_order_in_which_they_were_opened():
    trace = Trace()
    first, second = (trace.open("RIS", "HL7", "acceptor", words) for _ in range(2))
    first.ports, second.ports = (1, 2), (1, 3)
    second.received(b"b")
    first.received(b"a")
    second.sent(b"c")
    assert kinds(trace) == ["a", "b", "c"]
    assert [row.connection for row in trace.rows()] == [1, 2, 2]


def test_details_and_the_newest():
    trace = Trace()
    talk = trace.open("RIS", "DICOM", "acceptor", words)
    for raw in (b".pdu", b"one", b".pdu", b"two"):
        talk.received(raw)
    assert kinds(trace) == ["one", "two"]
    assert kinds(trace, details=True) == [".pdu", "one", ".pdu", "two"]
    assert kinds(trace, last=1) == ["two"]
    assert kinds(trace, last=0) == []
    assert kinds(trace, last=99) == ["one", "two"]


def test_cleared_it_begins_anew_and_open_connections_go_on():
    trace = Trace()
    closed, still_open = (trace.open("RIS", "HL7", "acceptor", words) for _ in range(2))
    closed.received(b"old")
    still_open.received(b"older")
    trace.clear()
    assert trace.rows() == ()
    new = trace.open("RIS", "HL7", "acceptor", words)
    new.received(b"new")
    still_open.received(b"later")
    assert kinds(trace) == ["new", "later"]
    assert [event.number for event in new.events] == [1]
    assert [one.number for one in trace.conversations()] == [1, 2]


def test_a_lesson_that_clears_the_trace_sees_what_comes_after():
    with Lab() as lab:
        lab.emr.place(story.order())  # the EMR keeps its connection
        lab.trace.clear()
        lab.emr.place(story.order())
        assert [(row.sender, row.decoded.kind) for row in lab.trace.rows()] == [("EMR", "ORM^O01"), ("RIS", "ACK AA")]
        assert [row.decoded.kind for row in lab.trace.rows(system="EMR")] == ["ORM^O01", "ACK AA"]


# ---- followers


def test_news_are_what_a_follower_has_not_seen():
    trace = Trace()
    asking = trace.open("EMR", "HL7", "requestor", words, peer="RIS")
    answering = trace.open("RIS", "HL7", "acceptor", words, peer="EMR")
    asking.ports, answering.ports = (5001, 2575), (2575, 5001)
    asking.sent(b"order")
    answering.received(b"order")
    ((conversation, connection, events),) = trace.news({}).conversations
    assert (conversation, connection, [event.raw for event in events]) == (answering, 1, [b"order"])
    assert {number: one for number, (one, _) in trace.news({}).openings.items()} == {1: 1, 2: 2}
    answering.sent(b"ack")
    ((_, _, events),) = trace.news({answering: 2}, 2).conversations
    assert [event.raw for event in events] == [b"ack"]
    assert trace.news({answering: 2}, 2).openings == {}
    trace.clear()
    assert (trace.news({}).clears, trace.news({}).conversations) == (1, ())


def test_the_bell_wakes_whoever_waits_for_news():
    trace = Trace()
    talk = trace.open("RIS", "HL7", "acceptor", words)
    heard = []

    def follow():
        seen = 0
        while not trace.bell.ended:
            trace.bell.wait(seen, 20)
            seen = trace.bell.rung
            heard.append(seen)

    follower = threading.Thread(target=follow)
    follower.start()
    talk.received(b"one")
    talk.received(b"two")
    trace.bell.end()
    follower.join(20)
    assert not follower.is_alive()
    assert heard[-1] == 3, "two events, and the end"
    trace.bell.wait(3, 20)  # nothing more will come: it does not wait


@pytest.mark.parametrize("system", [3, None, object(), ["RIS"]])
def test_a_system_is_chosen_by_its_name(system):
    trace = Trace()
    for ask in (trace.conversations, trace.rows, trace.show, partial(Timeline, trace)):
        with pytest.raises(CannotBuild, match="chosen by its name") as refused:
            ask(system=system)
        assert (refused.value.where, 'system="RIS"' in refused.value.next_step) == ("system", True)


# ---- bounds


def test_the_oldest_conversations_are_forgotten_and_counted():
    trace = Trace(kept_conversations=20)
    for number in range(30):
        trace.open("RIS", "HL7", "acceptor", words).received(b"%d" % number)
    assert len(trace.conversations()) <= 20
    assert trace.forgotten + len(trace.conversations()) == 30
    assert kinds(trace)[-1] == "29"
    assert [row.connection for row in trace.rows()][-1] == 30
    assert f"({trace.forgotten} older conversations are no longer kept)" in str(trace.show())


def test_events_are_bounded_too():
    trace = Trace(kept_events=100)
    talk = trace.open("RIS", "HL7", "acceptor", words)
    for number in range(1000):
        talk.received(b"%d" % number)
    assert len(talk.events) <= 100
    assert talk.events[-1].raw == b"999"


def test_many_threads_may_record_and_one_may_look():
    trace = Trace()
    begin = threading.Barrier(9)

    def talk(name):
        begin.wait(20)
        conversation = trace.open(name, "HL7", "acceptor", words)
        for number in range(100):
            conversation.received(b"%d" % number)

    threads = [threading.Thread(target=talk, args=(f"S{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    begin.wait(20)
    while any(thread.is_alive() for thread in threads):
        trace.show()
    for thread in threads:
        thread.join(20)
    for number in range(8):
        assert kinds(trace, system=f"S{number}") == [str(n) for n in range(100)]
    events = [event.number for one in trace.conversations() for event in one.events]
    assert sorted(events) == list(range(1, 801))


@pytest.mark.parametrize("spoil", [b"\x0bMSH\xff\xfe|\x1c\r", b"\x0b\x1c\r", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100])
def test_whatever_comes_over_the_wire_can_be_shown(spoil):
    with Lab() as lab:
        with MllpClient(lab.ris.hl7) as client:
            client.socket.sendall(spoil)
        with MllpClient(lab.ris.hl7) as client:
            client.ask(order().bytes())
        for options in ({}, {"details": True, "raw": True}):
            shown = lab.trace.show(**options)
            assert "ACK AA" in str(shown)
            assert "ACK AA" in shown._repr_html_()
