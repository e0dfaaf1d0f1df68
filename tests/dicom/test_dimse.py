from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab.dicom.dimse import describe
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.trace import Trace

MWL = "1.2.840.10008.5.1.4.31"


def item(kind, data):
    return bytes([kind, 0]) + len(data).to_bytes(2, "big") + data


def framed(kind, body):
    return bytes([kind, 0]) + len(body).to_bytes(4, "big") + body


def associate(kind, *contexts):
    """A-ASSOCIATE-RQ (kind 1) or -AC (kind 2) of MR1 with RIS."""
    body = b"\x00\x01\x00\x00" + b"RIS".ljust(16) + b"MR1".ljust(16) + bytes(32)
    return framed(kind, body + item(0x10, b"1.2.840.10008.3.1.1.1") + b"".join(contexts) + item(0x50, b""))


def proposed(context_id, abstract, *syntaxes):
    names = item(0x30, abstract.encode()) + b"".join(item(0x40, one.encode()) for one in syntaxes)
    return item(0x20, bytes([context_id, 0, 0, 0]) + names)


def answered(context_id, result, syntax):
    return item(0x21, bytes([context_id, 0, result, 0]) + item(0x40, syntax.encode()))


def pdv(context_id, control, data):
    return (len(data) + 2).to_bytes(4, "big") + bytes([context_id, control]) + data


def p_data(*values):
    return framed(4, b"".join(values))


def command(field, *, data=False, **attributes):
    data_set = Dataset()
    data_set.CommandField, data_set.MessageID = field, 1
    data_set.CommandDataSetType = 1 if data else 0x0101
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return write_data_set(data_set, ImplicitVRLittleEndian)


OPENING = [
    ("in", associate(1, proposed(1, MWL, ExplicitVRLittleEndian, ImplicitVRLittleEndian))),
    ("out", associate(2, answered(1, 0, ExplicitVRLittleEndian))),
]


def conversation(*pdus):
    trace = Trace()
    recorded = trace.open("RIS", "DICOM", "acceptor", describe, peer="MR1")
    for direction, raw in pdus:
        recorded.received(raw) if direction == "in" else recorded.sent(raw)
    return recorded


def rows(*pdus, details=False):
    return [one for one in conversation(*pdus).decoded() if details or not one.detail]


def texts(*pdus, **options):
    return [(one.kind, one.summary) for one in rows(*pdus, **options)]


def query():
    step, data_set = Dataset(), Dataset()
    step.Modality, step.ScheduledProcedureStepStartDate, step.ScheduledStationAETitle = "MR", "20260302-", ""
    data_set.SpecificCharacterSet, data_set.PatientName, data_set.PatientID = "ISO_IR 100", "Ñ*", ""
    data_set.ScheduledProcedureStepSequence = [step]
    return data_set


def test_an_association_says_who_asks_whom_for_what():
    request, answer = rows(*OPENING)
    assert request.summary == "MR1 asks RIS for Modality Worklist Information Model - FIND"
    assert answer.summary == "1 of 1 context accepted"
    assert answer.data.splitlines()[-1] == (
        "context 1 (Modality Worklist Information Model - FIND): accepted, Explicit VR Little Endian"
    )
    many = associate(1, *(proposed(one, f"1.2.{one}", ImplicitVRLittleEndian) for one in (1, 3, 5, 7)))
    assert texts(("in", many)) == [("A-ASSOCIATE-RQ", "MR1 asks RIS for 1.2.1, 1.2.3 and 2 more")]


def test_a_query_shows_its_keys_in_their_place():
    request = command(0x0020, data=True, AffectedSOPClassUID=MWL)
    identifier = write_data_set(query(), ExplicitVRLittleEndian)
    *_, row = rows(*OPENING, ("in", p_data(pdv(1, 3, request), pdv(1, 2, identifier))))
    assert row.kind == "C-FIND-RQ"
    assert row.summary == (
        "Modality Worklist Information Model - FIND: PatientName=Ñ*, ScheduledProcedureStepSequence.Modality=MR, "
        "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate=20260302-"
    )
    assert "    > (0008,0060) CS Modality: MR" in row.data.splitlines()


def test_pieces_of_both_directions_are_put_together_apart():
    request = command(0x0020, data=True, AffectedSOPClassUID=MWL)
    identifier = write_data_set(query(), ExplicitVRLittleEndian)
    found = Dataset()
    found.PatientName, found.PatientID, found.AccessionNumber = "A^B", "MRN-1", "ACC1"
    pending = command(0x8020, data=True, Status=0xFF00)
    match = write_data_set(found, ExplicitVRLittleEndian)
    seen = [
        *OPENING,
        ("in", p_data(pdv(1, 1, request[:20]))),
        ("out", p_data(pdv(1, 3, pending), pdv(1, 0, match[:9]))),
        ("in", p_data(pdv(1, 3, request[20:]), pdv(1, 0, identifier[:30]))),
        ("out", p_data(pdv(1, 2, match[9:]))),
        ("in", p_data(pdv(1, 2, identifier[30:]))),
        ("out", p_data(pdv(1, 3, command(0x8020, Status=0xFE00)))),
    ]
    response, asked, last = rows(*seen)[2:]
    assert (response.kind, response.summary) == ("C-FIND-RSP", "0xFF00 Pending: A^B, MRN-1, ACC1")
    assert (asked.kind, asked.raw) == ("C-FIND-RQ", seen[2][1] + seen[4][1] + seen[6][1])
    assert last.summary == "0xFE00 Cancel"
    details = texts(*seen, details=True)
    assert details[2] == ("P-DATA-TF", "context 1: command, not the last fragment, 20 bytes")
    assert sum(kind == "P-DATA-TF" for kind, _ in details) == 6


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ({"QueryRetrieveLevel": "STUDY", "PatientID": "MRN-1", "AccessionNumber": "ACC1"}, "MRN-1, ACC1"),
        (
            {"QueryRetrieveLevel": "SERIES", "Modality": "MR", "SeriesNumber": 2, "SeriesInstanceUID": "2.25.1.2"},
            "MR, 2, 2.25.1.2",
        ),
        ({"QueryRetrieveLevel": "IMAGE", "InstanceNumber": 3, "SOPInstanceUID": "2.25.1.2.3"}, "3, 2.25.1.2.3"),
    ],
)
def test_an_answer_of_an_archive_is_told_by_its_level(found, shown):
    identifier = Dataset()
    for keyword, value in found.items():
        setattr(identifier, keyword, value)
    header = pdv(1, 3, command(0x8020, data=True, Status=0xFF00))
    body = pdv(1, 2, write_data_set(identifier, ExplicitVRLittleEndian))
    assert texts(*OPENING, ("out", p_data(header, body)))[2:] == [("C-FIND-RSP", f"0xFF00 Pending: {shown}")]


def test_failures_show_comment_and_offending_element():
    answer = command(0x8020, Status=0xA900, ErrorComment="no such date", OffendingElement=0x00400002)
    assert texts(("out", p_data(pdv(1, 3, answer)))) == [
        ("C-FIND-RSP", "0xA900 Error: data set does not match SOP Class: no such date: (0040,0002)")
    ]


def test_a_store_names_class_instance_syntax_and_size():
    opening = [
        ("in", associate(1, proposed(5, "1.2.840.10008.5.1.4.1.1.4", ExplicitVRLittleEndian))),
        ("out", associate(2, answered(5, 0, ExplicitVRLittleEndian))),
    ]
    image = Dataset()
    image.PatientID = "MRN-1"
    image.add_new("PixelData", "OW", bytes(2000))
    request = command(
        0x0001, data=True, AffectedSOPClassUID="1.2.840.10008.5.1.4.1.1.4", AffectedSOPInstanceUID="2.25.1.1"
    )
    encoded = write_data_set(image, ExplicitVRLittleEndian)
    *_, row = rows(*opening, ("in", p_data(pdv(5, 3, request))), ("in", p_data(pdv(5, 2, encoded))))
    assert row.summary == "MR Image Storage 2.25.1.1, Explicit VR Little Endian, 2,026 bytes"
    assert row.data.splitlines()[-1] == "  (0010,0020) LO PatientID: MRN-1"


@pytest.mark.parametrize(
    ("raw", "kind", "summary"),
    [
        (framed(3, b"\x00\x01\x01\x03"), "A-ASSOCIATE-RJ", "rejected-permanent: calling AE title not recognized"),
        (framed(5, bytes(4)), "A-RELEASE-RQ", "asks to end the association"),
        (framed(6, bytes(4)), "A-RELEASE-RP", "the association has ended"),
        (framed(7, b"\x00\x00\x02\x02"), "A-ABORT", "by the service provider: unexpected PDU"),
        (framed(7, b"\x00"), "A-ABORT", "A-ABORT ends too early"),
        (b"GET / HTTP/1.1", "(no PDU)", "PDU type 47H does not exist"),
        (p_data(pdv(1, 3, command(0x0FFF, MessageIDBeingRespondedTo=7))), "C-CANCEL-RQ", "of message 7"),
        (p_data(pdv(1, 3, command(0x0F0F))), "(command 0x0F0F)", "(no UID)"),
        (p_data(pdv(1, 3, command(0x8030))), "C-ECHO-RSP", "(no status)"),
    ],
)
def test_each_pdu_has_its_row(raw, kind, summary):
    ((shown, text),) = texts(("in", raw))
    assert shown == kind
    assert text.startswith(summary)


def test_a_message_that_was_not_finished_is_shown_as_such():
    request = command(0x0020, data=True, AffectedSOPClassUID=MWL)
    begun = p_data(pdv(1, 3, request), pdv(1, 0, b"\x10\x00"))
    assert texts(*OPENING, ("in", begun), ("in", framed(7, bytes(4))))[2:] == [
        ("A-ABORT", "by the service user"),
        ("C-FIND-RQ", "Modality Worklist Information Model - FIND: no key with a value (not complete)"),
    ]
    assert [kind for kind, _ in texts(*OPENING, ("in", begun), ("in", p_data(pdv(1, 3, command(0x0030)))))][2:] == [
        "C-FIND-RQ",
        "C-ECHO-RQ",
    ]


def test_a_data_set_that_cannot_be_read_says_why():
    request = command(0x0020, data=True, AffectedSOPClassUID=MWL)
    bad = p_data(pdv(1, 3, request), pdv(1, 2, b"\x10\x00\x20\x00LO\xff\x00MRN"))
    row = rows(*OPENING, ("in", bad))[-1]
    assert "the data set cannot be read: byte 8 of the data set: (0010,0020) has 255 bytes" in row.data
    unknown = rows(("in", bad))[-1]
    assert "the transfer syntax (none) is not supported" in unknown.data


def test_a_note_speaks_for_itself():
    recorded = conversation()
    recorded.note("half a PDU", rule="PS3.8", repair="send it whole", raw=b"\x01")
    (row,) = recorded.decoded()
    assert (row.kind, row.summary, row.raw) == ("fault", "half a PDU", b"\x01")


def test_shortened_events_are_read_as_far_as_they_are_kept():
    request = command(0x0020, data=True, AffectedSOPClassUID=MWL)
    whole = p_data(pdv(1, 3, request), pdv(1, 2, write_data_set(query(), ExplicitVRLittleEndian)))
    events = list(conversation(*OPENING, ("in", whole)).events)
    events[2] = replace(events[2], raw=whole[:120])
    row = [one for one in describe(events) if not one.detail][-1]
    assert row.kind == "C-FIND-RQ"
    assert "(the data set is no longer kept)" in row.data


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["in", "out"]),
            st.one_of(
                st.binary(max_size=60),
                st.builds(framed, st.integers(1, 7), st.binary(max_size=120)),
                st.builds(
                    lambda one, control, data: p_data(pdv(one, control, data)),
                    st.integers(0, 3),
                    st.integers(0, 3),
                    st.one_of(st.binary(max_size=60), st.just(command(0x0020, data=True, AffectedSOPClassUID=MWL))),
                ),
                st.sampled_from([raw for _, raw in OPENING]),
            ),
        ),
        max_size=8,
    )
)
def test_any_conversation_can_be_looked_at(pdus):
    for row in rows(*pdus, details=True):
        assert row.kind != "(unreadable)"
