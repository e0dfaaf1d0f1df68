"""What the trace keeps whole when there is more than it has room for."""

import pytest

from hl7dicom_lab.trace import Trace
from hl7dicom_lab.trace_memory import WholeEvents

LONG = 16 * 1024


@pytest.fixture
def trace():
    return Trace()


@pytest.fixture
def talk(trace):
    return trace.open("PACS", "DICOM", "acceptor", tuple)


def record(talk, whole, *sizes):
    for size in sizes:
        whole.add(talk, talk.received(b"x" * size))


def kept(talk):
    return [len(event.raw) for event in talk.events]


def test_of_old_events_the_beginning_is_kept(talk):
    record(talk, WholeEvents(2000), 1000, 1000, 1000)
    assert kept(talk) == [256, 1000, 1000]
    assert [event.size for event in talk.events] == [1000, 1000, 1000]


def test_images_have_a_bound_of_their_own_and_drive_no_message_out(talk):
    record(talk, WholeEvents(5 * LONG, 2 * LONG), 1000, *[LONG] * 5, LONG - 1, 1000)
    assert kept(talk) == [1000, 256, 256, 256, LONG, LONG, LONG - 1, 1000]


def test_the_bound_of_everything_is_one_for_images_too(talk):
    record(talk, WholeEvents(LONG + 1, 2 * LONG), 1000, LONG, LONG)
    assert kept(talk) == [1000, 256, LONG]


def test_what_is_longer_than_all_the_room_is_shortened_at_once(talk):
    record(talk, WholeEvents(1000), 500, 3000, 700)
    assert kept(talk) == [256, 256, 700]


def test_conversations_that_are_gone_make_room(trace, talk):
    whole = WholeEvents(3000)
    other = trace.open("PACS", "DICOM", "acceptor", tuple)
    record(other, whole, 1000, 1000)
    record(talk, whole, 1000)
    whole.forget([other])
    record(talk, whole, 1000, 1000)
    assert kept(talk) == [1000, 1000, 1000]
    whole.clear()
    record(talk, whole, 1000, 1000, 1000)
    assert kept(talk) == [1000] * 6, "what was kept before a clear is nobody's any more"
    assert kept(other) == [1000, 1000]


def test_an_event_that_its_conversation_has_dropped_is_passed_over(talk):
    whole = WholeEvents(2000)
    record(talk, whole, 1000, 1000)
    del talk.events[0]
    record(talk, whole, 1000, 1000)
    assert kept(talk) == [256, 1000, 1000]


def test_a_trace_keeps_its_messages_while_images_come(talk):
    talk.received(b"m" * 1000)
    for _ in range(3):
        talk.received(b"p" * (15 << 20))
    assert kept(talk) == [1000, 256, 15 << 20, 15 << 20]
