"""A plain answer says what pynetdicom's own answer says, in one P-DATA; whatever is not plain is left to pynetdicom."""

from io import BytesIO

import pytest
from pydicom.filereader import read_dataset
from pynetdicom.dimse_messages import C_ECHO_RSP, C_FIND_RSP, C_STORE_RSP
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_STORE

from hl7dicom_lab.services.plain_answer import plain_answer

_KINDS = {
    C_ECHO: (C_ECHO_RSP, "1.2.840.10008.1.1"),
    C_FIND: (C_FIND_RSP, "1.2.840.10008.5.1.4.31"),
    C_STORE: (C_STORE_RSP, "1.2.840.10008.5.1.4.1.1.4"),
}


def primitive(kind, status=0x0000, **more):
    made = kind()
    made.MessageIDBeingRespondedTo = 5
    made.AffectedSOPClassUID = _KINDS[kind][1]
    made.Status = status
    if kind is C_STORE:
        made.AffectedSOPInstanceUID = "2.25.7"
    for keyword, value in more.items():
        setattr(made, keyword, value)
    return made


def by_pynetdicom(made):
    message = _KINDS[type(made)][0]()
    message.primitive_to_message(made)
    return [value for one in message.encode_msg(3, 0) for _, value in one.presentation_data_value_list]


def elements(value):
    command = read_dataset(BytesIO(value[1:]), is_implicit_VR=True, is_little_endian=True)
    return {element.tag: element.value for element in command if element.keyword != "CommandDataSetType"}


@pytest.mark.parametrize("kind", _KINDS)
def test_the_command_is_the_one_that_pynetdicom_sends(kind):
    answer = plain_answer(primitive(kind), 3)
    (expected,) = by_pynetdicom(primitive(kind))
    assert answer.context_id == 3
    assert len(answer.values) == 1
    assert answer.values[0][:1] == expected[:1]
    assert elements(answer.values[0]) == elements(expected)


def test_a_match_carries_its_identifier_after_its_command():
    made = primitive(C_FIND, 0xFF00, Identifier=BytesIO(b"identifier"))
    answer = plain_answer(made, 3)
    command, identifier = by_pynetdicom(made)
    assert answer.values[1] == identifier == b"\x02identifier"
    assert elements(answer.values[0]) == elements(command)


def test_what_says_more_than_a_status_or_is_a_request_is_none():
    assert plain_answer(primitive(C_FIND, 0xA900, ErrorComment="no"), 1) is None
    assert plain_answer(primitive(C_FIND, 0xA900, OffendingElement=[0x00100020]), 1) is None
    request = C_ECHO()
    request.MessageID = 1
    assert plain_answer(request, 1) is None


def test_it_fits_where_all_of_it_is_one_pdu():
    answer = plain_answer(primitive(C_FIND, 0xFF00, Identifier=BytesIO(bytes(100))), 1)
    length = sum(len(value) + 5 for value in answer.values)
    assert answer.fits(length)
    assert not answer.fits(length - 1)
    assert answer.fits(0), "0 is no limit"
