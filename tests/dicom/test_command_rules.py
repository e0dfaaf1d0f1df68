import struct

import pytest

from hl7dicom_lab.dicom.command_rules import read_command
from hl7dicom_lab.errors import AssociationFault

FIELD, MESSAGE_ID, RESPONDED_TO, PRIORITY, DATA_SET_TYPE = 0x0100, 0x0110, 0x0120, 0x0700, 0x0800


def element(tag, value, group=0):
    content = struct.pack("<H", value) if isinstance(value, int) else value
    return struct.pack("<HHL", group, tag, len(content)) + content


def command(*elements, group_length=None):
    body = b"".join(elements)
    return element(0, struct.pack("<L", len(body) if group_length is None else group_length)) + body


SOP_CLASS = element(0x0002, b"1.2.840.10008.1.1\0")
ECHO = (SOP_CLASS, element(FIELD, 0x0030), element(MESSAGE_ID, 7), element(DATA_SET_TYPE, 0x0101))


def test_a_request_is_read():
    read = read_command(command(*ECHO))
    assert (read.name, read.message_id, read.has_data_set) == ("C-ECHO-RQ", 7, False)
    assert read.clean == b"".join(ECHO)
    assert read.remarks == ()
    assert not read.is_cancel
    assert not read.is_response


def test_a_response_and_a_cancel_are_about_a_request():
    response = read_command(command(SOP_CLASS, element(FIELD, 0x8030), element(RESPONDED_TO, 3), ECHO[3]))
    cancel = read_command(command(element(FIELD, 0x0FFF), element(RESPONDED_TO, 5), ECHO[3]))
    nothing = read_command(command(element(FIELD, 0x0FFF), ECHO[3]))
    assert (response.is_response, response.message_id) == (True, 3)
    assert (cancel.is_cancel, cancel.message_id) == (True, 5)
    assert nothing.message_id is None


def test_a_request_is_no_response_because_it_names_another_message():
    read = read_command(command(*ECHO[:3], element(RESPONDED_TO, 1), ECHO[3]))
    assert read.message_id == 7
    assert read.clean == b"".join(ECHO)


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (b"", "the command set has no Command Field"),
        (command(*ECHO)[:-1], "the command set cannot be read"),
        (b"hello world, hello world", "the command set cannot be read"),
        (command(SOP_CLASS, *ECHO[2:]), "the command set has no Command Field"),
        (command(element(FIELD, 0x0F0F), *ECHO[2:]), "the Command Field 0x0F0F, which is no operation"),
        (command(*ECHO[:3]), "does not say whether a data set follows"),
        (command(*ECHO[:2], ECHO[3]), "the request has no Message ID"),
        (command(*ECHO[:2], element(MESSAGE_ID, b""), ECHO[3]), "the request has no Message ID"),
        (command(*ECHO[:2], element(MESSAGE_ID, b"\1\0\2\0"), ECHO[3]), "has 4 bytes, a number (US) has 2"),
        (command(*ECHO, ECHO[2]), "MessageID (0000,0110) is there twice"),
        (command(*ECHO[:3], element(DATA_SET_TYPE, 1)), "C-ECHO-RQ announces a data set"),
        (command(*ECHO, element(0x0018, b"1.2", group=8)), "SOPInstanceUID (0008,0018) is no command element"),
        (command(element(0x0002, b"1" * 66), element(FIELD, 0x8030), *ECHO[2:]), "a UID has up to 64"),
        (command(*ECHO[:3], element(PRIORITY, 9), ECHO[3]), "Priority (0000,0700) is not 0000H, 0001H or 0002H"),
    ],
)
def test_what_cannot_be_answered_is_a_fault(encoded, told):
    with pytest.raises(AssociationFault) as caught:
        read_command(encoded)
    assert told in caught.value.what
    assert (caught.value.reason, bool(caught.value.rule), bool(caught.value.next_step)) == (0, True, True)


@pytest.mark.parametrize(
    ("uid", "told"),
    [
        (b"1" * 66, "AffectedSOPInstanceUID (0000,1000) has 66 characters, a UID has up to 64"),
        (b"1.2\\1.3\0", "AffectedSOPInstanceUID (0000,1000) is no single UID"),
        (b"1.2.\xe9\0", "AffectedSOPInstanceUID (0000,1000) is no single UID"),
    ],
)
def test_a_uid_that_is_none_spoils_its_request_alone(uid, told):
    read = read_command(command(*ECHO, element(0x1000, uid)))
    assert (read.refusal.what, read.refusal.status) == (told, 0xC002)
    assert (read.refusal.keyword, bool(read.refusal.next_step)) == ("AffectedSOPInstanceUID", True)
    assert read.clean == b"".join(ECHO), "no library reads it"


def test_a_uid_may_be_filled_up():
    read = read_command(command(*ECHO, element(0x1000, b"1" * 64 + b"\0 ")))
    assert read.refusal is None
    assert b"1" * 64 in read.clean


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (b"".join(ECHO), "does not begin with its Command Group Length"),
        (command(*ECHO, group_length=5), "the Command Group Length says 5 bytes, and 56 follow"),
        (command(*ECHO[::-1]), "not in the order of their tags"),
        (command(*ECHO, element(0x7777, 1)), "no command element of the standard: (0000,7777)"),
    ],
)
def test_what_can_be_understood_is_taken_with_a_remark(encoded, told):
    read = read_command(encoded)
    (remark,) = read.remarks
    assert told in remark.what
    assert (remark.severity, bool(remark.rule), bool(remark.repair)) == ("warning", True, True)
    assert read.clean == b"".join(ECHO)
