"""A C-STORE-RQ or C-FIND-RQ that is made directly is the one that pynetdicom would have made."""

import struct

import pytest
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_STORE

from hl7dicom_lab.dicom.command_rules import read_command
from hl7dicom_lab.services import request_primitive
from hl7dicom_lab.services.message_assembly import Message

MR = b"1.2.840.10008.5.1.4.1.1.4"
USUAL = {0x0002: MR + b"\0", 0x0100: b"\1\0", 0x0110: b"\7\0", 0x0700: b"\2\0", 0x0800: b"\1\0", 0x1000: b"2.25.7.1"}
QUERY = {"0100": b"\x20\0", "1000": None}
PARAMETERS = (
    "MessageID", "Priority", "AffectedSOPClassUID", "AffectedSOPInstanceUID",
    "MoveOriginatorApplicationEntityTitle", "MoveOriginatorMessageID",
)  # fmt: skip


def command(**changed):
    values = USUAL | {int(tag, 16): value for tag, value in changed.items()}
    there = sorted((tag, value) for tag, value in values.items() if value is not None)
    return read_command(b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in there))


@pytest.fixture
def message():
    arrived = Message(3)
    arrived.data_set.write(b"data set")
    return arrived


@pytest.fixture
def asked(monkeypatch):
    """The requests that pynetdicom was asked to read."""
    seen, read = [], request_primitive._read_by_pynetdicom
    monkeypatch.setattr(
        request_primitive, "_read_by_pynetdicom", lambda message, one: seen.append(one) or read(message, one)
    )
    return seen


@pytest.mark.parametrize(
    "changed",
    [{}, {"1000": b"2.25.7\0"}, {"1000": b"2.25.7 "}, {"0700": b"\0\0"}, {"0110": b"\0\0"}],
)
def test_it_is_the_same(message, asked, changed):
    one = command(**changed)
    direct = request_primitive.request_primitive(message, one)
    assert not asked
    read = request_primitive._read_by_pynetdicom(message, one)
    assert isinstance(direct, C_STORE)
    assert [getattr(direct, name) for name in PARAMETERS] == [getattr(read, name) for name in PARAMETERS]
    assert direct.DataSet is read.DataSet is message.data_set
    assert direct._context_id == read._context_id == 3
    assert direct.is_valid_request is read.is_valid_request is True


@pytest.mark.parametrize("changed", [{}, {"0002": b"1.2.840.10008.5.1.4.31"}, {"0700": b"\1\0"}, {"0110": b"\xff\xff"}])
def test_a_query_is_the_same(message, asked, changed):
    one = command(**QUERY | changed)
    direct = request_primitive.request_primitive(message, one)
    assert not asked
    read = request_primitive._read_by_pynetdicom(message, one)
    assert isinstance(direct, C_FIND)
    assert [getattr(direct, name) for name in vars(direct)] == [getattr(read, name) for name in vars(direct)]
    assert direct.Identifier is read.Identifier is message.data_set
    assert direct.is_valid_request is read.is_valid_request is True


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (QUERY | {"0002": b""}, C_FIND),
        (QUERY | {"0002": None}, C_FIND),
        (QUERY | {"1000": b"2.25.7"}, C_FIND),
        ({"1030": b"MOVER "}, C_STORE),
        ({"1000": None}, C_STORE),
        ({"1000": b""}, C_STORE),
        ({"0002": b""}, C_STORE),
        ({"0100": b"\x30\0", "0800": b"\1\1", "1000": None, "0700": None}, C_ECHO),
    ],
)
def test_what_is_not_usual_is_read_by_pynetdicom(message, asked, changed, kind):
    one = command(**changed)
    assert isinstance(request_primitive.request_primitive(message, one), kind)
    assert asked == [one]
