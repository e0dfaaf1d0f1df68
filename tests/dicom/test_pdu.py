from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.errors import PeerError


def primitive():
    """An association request as another library writes it."""
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = "MR1", "RIS"
    first = build_context("1.2.840.10008.1.1", [ImplicitVRLittleEndian])
    second = build_context("1.2.840.10008.5.1.4.31", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    first.context_id, second.context_id = 1, 3
    asked.presentation_context_definition_list = [first, second]
    length, uid, name = (
        MaximumLengthNotification(),
        ImplementationClassUIDNotification(),
        ImplementationVersionNameNotification(),
    )
    length.maximum_length_received, uid.implementation_class_uid = 16384, "1.2.3"
    name.implementation_version_name = "TEST_1"
    asked.user_information = [length, uid, name]
    return asked


def test_an_association_request_is_read_whole():
    raw = A_ASSOCIATE_RQ(primitive()).encode()
    assert pdu.name_of(raw) == "A-ASSOCIATE-RQ"
    assert pdu.calling_ae_title(raw) == "MR1"
    assert pdu.parse(raw) == pdu.Associate(
        called_ae_title="RIS",
        calling_ae_title="MR1",
        application_context="1.2.840.10008.3.1.1.1",
        proposed=(
            pdu.ProposedContext(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",)),
            pdu.ProposedContext(3, "1.2.840.10008.5.1.4.31", ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")),
        ),
        maximum_length=16384,
        implementation_class_uid="1.2.3",
        implementation_version_name="TEST_1",
    )


def test_an_answer_tells_each_context_its_result():
    answer = primitive()
    accepted, refused = answer.presentation_context_definition_list
    accepted.result, refused.result = 0, 4
    refused.transfer_syntax = [ImplicitVRLittleEndian]
    answer.presentation_context_definition_list = []
    answer.presentation_context_definition_results_list = [accepted, refused]
    answer.result = 0
    unit = pdu.parse(A_ASSOCIATE_AC(answer).encode())
    assert [(one.context_id, one.result, one.words) for one in unit.results] == [
        (1, 0, "accepted"),
        (3, 4, "transfer syntaxes not supported"),
    ]
    assert unit.results[0].transfer_syntax == "1.2.840.10008.1.2"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            "03 00 00000004 00 01 01 07",
            "rejected-permanent: called AE title not recognized (result 1, source 1, reason 7)",
        ),
        ("03 00 00000004 00 02 03 02", "rejected-transient: local limit exceeded (result 2, source 3, reason 2)"),
        (
            "03 00 00000004 00 01 02 02",
            "rejected-permanent: protocol version not supported (result 1, source 2, reason 2)",
        ),
        ("03 00 00000004 00 09 09 09", "result 9: reserved reason (result 9, source 9, reason 9)"),
        ("07 00 00000004 00 00 00 05", "by the service user"),
        ("07 00 00000004 00 00 02 01", "by the service provider: unrecognized PDU"),
        ("07 00 00000004 00 00 02 03", "by the service provider: reason 3"),
    ],
)
def test_refusals_speak_as_the_standard_does(raw, words):
    assert pdu.parse(bytes.fromhex(raw)).words == words


def test_data_transfer_holds_presentation_data_values():
    raw = bytes.fromhex("04 00 00000011 00000005 01 03 AABBCC 00000004 03 00 1122")
    assert pdu.parse(raw) == pdu.DataTransfer(
        (pdu.Pdv(1, True, True, b"\xaa\xbb\xcc"), pdu.Pdv(3, False, False, b"\x11\x22"))
    )


def test_a_shortened_data_transfer_is_read_as_far_as_it_goes():
    raw = bytes.fromhex("04 00 00000011 00000005 01 03 AABBCC 00000004 03 00 1122")
    assert pdu.parse(raw[:14], shortened=True) == pdu.DataTransfer((pdu.Pdv(1, True, True, b"\xaa\xbb"),))
    assert pdu.parse(raw[:18], shortened=True).values[0].data == b"\xaa\xbb\xcc"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "09 00 00000000",
        "47 45 54 20 2F 20",
        "04 00 00",
        "04 00 00000009 00000005 01 03 AABB",
        "04 00 00000006 00000001 01 03",
        "03 00 00000002 00 01",
        "01 00 00000004 0001 0000",
        "02 00 0000004C" + "00" * 68 + "10 00 FFFF 31 2E 32 00",
    ],
)
def test_what_is_no_whole_pdu_is_told(raw):
    with pytest.raises(PeerError):
        pdu.parse(bytes.fromhex(raw))


@given(st.integers(0, 8), st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_pdu_or_a_peer_error(kind, body, shortened):
    raw = bytes([kind, 0]) + len(body).to_bytes(4, "big") + body
    with suppress(PeerError):
        pdu.parse(raw, shortened=shortened)


@given(st.integers(0, 255), st.lists(st.binary(min_size=1, max_size=300), min_size=1))
def test_the_values_of_a_data_transfer_are_found_where_they_lie(context_id, values):
    assert list(pdu.values_of(pdu.data_transfer(context_id, values))) == [(context_id, value) for value in values]
