import hashlib
import random
import struct
import tracemalloc

import pytest

from hl7dicom_lab.errors import AssociationFault
from hl7dicom_lab.services import message_assembly
from hl7dicom_lab.services.message_assembly import Assembly

DATA, COMMAND, LAST_DATA, LAST_COMMAND = range(4)


def element(tag, value):
    return struct.pack("<HHL", 0, tag, len(value)) + value


def command(field, data_set):
    numbers = ((0x0100, field), (0x0110, 1), (0x0800, 0x0001 if data_set else 0x0101))
    body = b"".join(element(tag, struct.pack("<H", number)) for tag, number in numbers)
    return element(0, struct.pack("<L", len(body))) + body


ECHO, FIND = command(0x0030, False), command(0x0020, True)


def test_fragments_make_a_message():
    assembly = Assembly()
    assert assembly.take(1, COMMAND, FIND[:20]) is None
    assert assembly.take(1, LAST_COMMAND, FIND[20:]) is None
    assert assembly.take(1, DATA, b"ab") is None
    message = assembly.take(1, LAST_DATA, b"cd")
    assert (message.context_id, message.command.name, message.data_set.getvalue()) == (1, "C-FIND-RQ", b"abcd")
    assert assembly.unfinished() == ""
    assert assembly.take(3, LAST_COMMAND, ECHO).command.name == "C-ECHO-RQ"
    assert assembly.remarks == []


@pytest.mark.parametrize(
    ("fragments", "told"),
    [
        ([(1, COMMAND, ECHO[:20]), (3, LAST_COMMAND, ECHO[20:])], "on context 3 amid a message on context 1"),
        ([(1, LAST_DATA, b"ab")], "a data set without a command set"),
        ([(1, COMMAND, ECHO[:20]), (1, LAST_DATA, b"ab")], "a data set before its command set has ended"),
        ([(1, LAST_COMMAND, FIND), (1, LAST_COMMAND, ECHO)], "where the data set of a C-FIND-RQ was to come"),
        ([(1, COMMAND, bytes(64 * 1024)), (1, COMMAND, bytes(2))], "a command set of more than 65,536 bytes"),
    ],
)
def test_a_fragment_that_belongs_to_no_message_is_a_fault(fragments, told):
    assembly = Assembly()
    for fragment in fragments[:-1]:
        assert assembly.take(*fragment) is None
    with pytest.raises(AssociationFault, match=told):
        assembly.take(*fragments[-1])


def test_a_data_set_has_an_end(monkeypatch):
    monkeypatch.setattr(message_assembly, "_LONGEST_DATA_SET", 10)
    assembly = Assembly()
    assembly.take(1, LAST_COMMAND, FIND)
    assembly.take(1, DATA, bytes(10))
    with pytest.raises(AssociationFault, match="a data set of more than 10 bytes"):
        assembly.take(1, DATA, bytes(2))


def test_odd_fragments_are_taken_and_told_once():
    assembly = Assembly()
    for at in range(len(ECHO) - 1):
        assert assembly.take(1, COMMAND, ECHO[at : at + 1]) is None
    assert assembly.take(1, LAST_COMMAND, ECHO[-1:]).command.name == "C-ECHO-RQ"
    assert [remark.what for remark in assembly.remarks] == ["a fragment has an odd number of bytes"]


@pytest.mark.parametrize(
    ("fragments", "told"),
    [([], ""), ([(1, COMMAND, b"ab")], "command set"), ([(1, LAST_COMMAND, FIND)], "C-FIND-RQ")],
)
def test_what_is_unfinished_has_a_name(fragments, told):
    assembly = Assembly()
    for fragment in fragments:
        assembly.take(*fragment)
    assert assembly.unfinished() == told


@pytest.mark.parametrize("lengths", [(2, 4096, 2, 2, 6000), (4096, 4096), (2, 2), (0,), (4094, 4096, 0)])
def test_a_data_set_is_what_its_fragments_are_and_has_their_digest(lengths):
    sent = random.Random(1).randbytes(sum(lengths))
    pdu, starts = memoryview(sent), [sum(lengths[:place]) for place in range(len(lengths))]
    assembly = Assembly()
    assembly.take(1, LAST_COMMAND, FIND)
    for start, length in zip(starts[:-1], lengths[:-1], strict=True):
        assert assembly.take(1, DATA, pdu[start : start + length]) is None
    data_set = assembly.take(1, LAST_DATA, pdu[starts[-1] :]).data_set
    assert (data_set.getvalue(), data_set.digest) == (sent, hashlib.sha256(sent).hexdigest())


def test_short_fragments_take_no_more_memory_than_they_have_bytes():
    assembly = Assembly()
    assembly.take(1, LAST_COMMAND, FIND)
    fragment = memoryview(bytes(2))
    tracemalloc.start()
    try:
        for _ in range(50_000):
            assembly.take(1, DATA, fragment)
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()
