import struct

import pytest

from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.dicom.pdu_rules import MAXIMUM_PDU_LENGTH, check_data_transfer, check_length, read_request
from hl7dicom_lab.errors import AssociationFault


def item(kind, content, length=None):
    return struct.pack(">BBH", kind, 0, len(content) if length is None else length) + content


APPLICATION_CONTEXT = item(0x10, b"1.2.840.10008.3.1.1.1")
ABSTRACT, TRANSFER = item(0x30, b"1.2.840.10008.1.1"), item(0x40, b"1.2.840.10008.1.2")
LENGTH, CLASS_UID = item(0x51, b"\0\0\x40\0"), item(0x52, b"1.2.3")
USER = item(0x50, LENGTH + CLASS_UID)


def context(number=1, syntaxes=ABSTRACT + TRANSFER):
    return item(0x20, bytes((number, 0, 0, 0)) + syntaxes)


def request(*items, version=1, called=b"RIS", calling=b"MR1"):
    body = struct.pack(">HH", version, 0) + called.ljust(16) + calling.ljust(16) + bytes(32) + b"".join(items)
    return struct.pack(">BBL", 1, 0, len(body)) + body


def usual(**changes):
    parts = {"application_context": APPLICATION_CONTEXT, "contexts": context(), "user": USER} | changes
    return request(*parts.values())


def what(raw):
    with pytest.raises(AssociationFault) as caught:
        read_request(raw)
    fault = caught.value
    assert fault.rule
    assert fault.next_step
    assert fault.reason == 6
    return fault.what


class TestRequest:
    def test_its_names_are_read(self):
        read = read_request(request(APPLICATION_CONTEXT, context(), USER, called=b"  RIS", calling=b"\xc9CHO"))
        assert (read.called, read.calling) == ("RIS", r"\xc9CHO")
        assert read.application_context == "1.2.840.10008.3.1.1.1"
        assert read.remarks == ()

    def test_what_is_to_be_ignored_is_not_in_the_clean_one(self):
        raw = request(
            APPLICATION_CONTEXT,
            context(1, ABSTRACT + TRANSFER + item(0x41, b"?")),
            context(255),
            item(0x50, LENGTH + CLASS_UID + item(0x58, b"\x09") + item(0x7F, b"?")),
            item(0x99, b"?"),
            version=0xFFFF,
            calling=b"A\\B",
        )
        clean = read_request(raw).clean
        assert clean == request(APPLICATION_CONTEXT, context(), context(255), USER, calling=b"INVALID")
        assert [one.context_id for one in pdu.parse(clean).proposed] == [1, 255]

    @pytest.mark.parametrize("version", [0, 2, 0x0100, 0xFFFE])
    def test_another_version_is_rejected_whatever_follows(self, version):
        with pytest.raises(AssociationFault) as caught:
            read_request(request(b"\x99\x98", version=version))
        assert caught.value.rejection == (1, 2, 2)

    @pytest.mark.parametrize(
        ("raw", "told"),
        [
            (usual(contexts=b""), "no presentation context is proposed"),
            (usual(contexts=context(2)), "the presentation context id 2 is even"),
            (usual(contexts=context(0)), "the presentation context id 0 is even"),
            (usual(contexts=context() + context()), "the presentation context id 1 was proposed twice"),
            (usual(contexts=item(0x20, b"\1")), "a presentation context ends before its syntaxes"),
            (usual(contexts=context(1, TRANSFER)), "presentation context 1 has 0 abstract and 1 transfer syntaxes"),
            (usual(contexts=context(1, ABSTRACT)), "presentation context 1 has 1 abstract and 0 transfer syntaxes"),
            (usual(contexts=context(1, ABSTRACT + item(0x40, b""))), "a syntax name of 0 bytes that is no UID"),
            (usual(contexts=context(1, item(0x30, b"1" * 65) + TRANSFER)), "a syntax name of 65 bytes"),
            (usual(contexts=context(1, ABSTRACT + b"\x40")), "an item of presentation context 1 of the"),
            (usual(application_context=APPLICATION_CONTEXT * 2), "there are two application contexts"),
            (usual(user=b""), "there is no user information item"),
            (usual(user=USER * 2), "there is more than one user information item"),
            (usual(user=item(0x50, LENGTH * 2)), "the maximum length is not one number of four bytes"),
            (usual(user=item(0x50, item(0x51, b"\0\0\0\7"))), "a maximum length of 7 bytes has no room"),
            (usual(user=item(0x50, item(0x51, b"", length=9))), "an item of the user information of the"),
            (usual(more=item(0x99, b"", length=9)), "an item of the A-ASSOCIATE-RQ runs past its end"),
            (usual()[:70], "the A-ASSOCIATE-RQ ends before its items"),
        ],
    )
    def test_a_rule_that_is_broken_is_told(self, raw, told):
        assert told in what(raw)

    def test_what_can_be_understood_is_taken_with_a_remark(self):
        read = read_request(usual(user=item(0x50, item(0x55, b"A" * 17))))
        assert [remark.what for remark in read.remarks] == [
            "there is no maximum length, so any is taken",
            "the implementation class UID is missing or malformed",
            "the implementation version name is missing or malformed",
        ]
        assert {remark.severity for remark in read.remarks} == {"warning"}
        assert pdu.parse(read.clean).maximum_length == 0

    def test_there_may_be_128_contexts(self):
        contexts = b"".join(context(number) for number in range(1, 256, 2))
        assert len(pdu.parse(read_request(usual(contexts=contexts)).clean).proposed) == 128


class TestLength:
    @pytest.mark.parametrize(
        ("kind", "length"), [(4, 0), (4, MAXIMUM_PDU_LENGTH), (1, 1024 * 1024), (5, 4), (6, 4), (7, 4)]
    )
    def test_a_length_that_fits_is_let_through(self, kind, length):
        check_length(struct.pack(">BBL", kind, 0, length))

    @pytest.mark.parametrize(
        ("kind", "length"), [(4, MAXIMUM_PDU_LENGTH + 1), (1, 1024 * 1024 + 1), (2, 0xFFFFFFFF), (5, 0), (7, 5)]
    )
    def test_another_is_a_fault(self, kind, length):
        with pytest.raises(AssociationFault, match=f"the PDU says it has {length:,} bytes"):
            check_length(struct.pack(">BBL", kind, 0, length))


def value(context_id, fragment, length=None):
    return struct.pack(">LBB", len(fragment) + 2 if length is None else length, context_id, 3) + fragment


def p_data(*values):
    body = b"".join(values)
    return struct.pack(">BBL", 4, 0, len(body)) + body


class TestDataTransfer:
    def test_whole_values_on_accepted_contexts_are_let_through(self):
        check_data_transfer(p_data(value(1, b""), value(3, b"abcd")), {1, 3})

    @pytest.mark.parametrize(
        ("raw", "told"),
        [
            (p_data(), "there is no presentation data value"),
            (p_data(value(1, b"", length=0)), "says it has 0 bytes"),
            (p_data(value(1, b"", length=1)), "says it has 1 bytes"),
            (p_data(value(1, b"ab", length=5)), "says it has 5 bytes; 4 follow"),
            (p_data(value(1, b"ab"), b"abc"), "3 bytes stand after the last"),
            (p_data(value(1, b"ab"), value(5, b"ab")), "presentation context 5, which was not accepted"),
        ],
    )
    def test_others_are_a_fault(self, raw, told):
        with pytest.raises(AssociationFault, match=told):
            check_data_transfer(raw, {1, 3})
