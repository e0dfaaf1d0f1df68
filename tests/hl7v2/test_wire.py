from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.hl7v2.mllp import encode
from hl7dicom_lab.trace import Remark, Trace

ORDER = (
    b"MSH|^~\\&|EMR^1.2.3^ISO|NIC|RIS|NIC|20260302080000||ORM^O01^ORM_O01|E1|P|2.3.1||||||8859/1\r"
    b"PID|1||4711^^^NIC^MR~9^^^X||PE\xd1A^ANA\rORC|NW|E1\r"
)
REFUSAL = (
    b"MSH|^~\\&|RIS|NIC|EMR|NIC|20260302080000||ACK^O01|R1|P|2.5.1\rMSA|AE|E1|accession too long\r"
    b"ERR||OBR^1^18|104^Value too long^HL70357|E||||at most 16 characters\r"
)


def described(*events):
    """Each event is (direction, bytes, remarks...); what the trace shows of them."""
    conversation = Trace().open("RIS", "HL7", "acceptor", wire.describe)
    for direction, raw, *remarks in events:
        if direction == "note":
            conversation.note("noise", raw=raw)
        else:
            (conversation.received if direction == "in" else conversation.sent)(raw, *remarks)
    return conversation.decoded()


def test_fields_are_numbered_as_the_standard_numbers_them():
    assert wire.field(ORDER, b"MSH", 1) == b"|"
    assert wire.field(ORDER, b"MSH", 2) == b"^~\\&"
    assert wire.control_id(ORDER) == b"E1"
    assert wire.field(ORDER, b"ORC", 1) == b"NW"
    assert wire.acknowledged_id(REFUSAL) == b"E1"


def test_the_peer_is_named_in_the_character_set_of_its_message():
    assert wire.sending_application(ORDER) == "EMR"
    named = ORDER.replace(b"|EMR^", b"|\xd1U^")
    assert wire.sending_application(named) == "ÑU"
    assert wire.sending_application(named.replace(b"8859/1", b"UNICODE UTF-8")) == "\\xd1U"
    assert wire.sending_application(named.replace(b"8859/1", b"")) == "\\xd1U"
    assert wire.sending_application(f"MSH|^~\\&|田中~B|A{'|' * 14}UNICODE UTF-8\r".encode()) == "田中"


def test_what_is_not_there_is_empty():
    assert wire.field(ORDER, b"ORC", 9) == wire.field(ORDER, b"OBX", 1) == wire.control_id(b"hello") == b""


def test_other_separators_and_line_ends():
    assert wire.control_id(b"MSH#*~\\&#A#B#C#D#E##ORM*O01#77#P#2.3.1") == b"77"
    assert wire.acknowledged_id(REFUSAL.replace(b"\r", b"\n")) == b"E1"
    assert wire.acknowledged_id(REFUSAL.replace(b"\r", b"\r\n")) == b"E1"


def test_an_order_is_told_in_one_line():
    (decoded,) = described(("in", encode(ORDER)))
    assert decoded.kind == "ORM^O01"
    assert decoded.summary == "E1: PEÑA^ANA 4711, EMR^1.2.3^ISO -> RIS"
    assert decoded.data.splitlines()[1] == "PID|1||4711^^^NIC^MR~9^^^X||PEÑA^ANA"
    assert decoded.raw == encode(ORDER)


def test_an_acknowledgment_says_what_it_answers_and_why():
    (decoded,) = described(("out", encode(REFUSAL)))
    assert decoded.kind == "ACK AE"
    assert decoded.summary == "R1 answers E1: accession too long: Value too long: at most 16 characters"


def test_an_order_response_keeps_its_own_name():
    (decoded,) = described(("in", encode(REFUSAL.replace(b"ACK^O01", b"ORR^O02"))))
    assert decoded.kind == "ORR^O02 AE"


def test_bytes_outside_the_character_set_are_shown_as_bytes():
    (decoded,) = described(("in", encode(ORDER.replace(b"8859/1", b"UNICODE UTF-8"))))
    assert "PE\\xd1A^ANA" in decoded.summary
    (decoded,) = described(("in", encode(ORDER.replace(b"8859/1", b"KLINGON"))))
    assert "PE\\xd1A^ANA" in decoded.summary


def test_notes_and_faults_speak_for_themselves():
    fault, note, strange = described(
        ("note", b"GET"), ("in", b"", Remark("no CR after FS", severity="warning")), ("in", b"\x0bhello\x1c\r")
    )
    assert (fault.kind, fault.summary, fault.raw) == ("fault", "noise", b"GET")
    assert (note.kind, note.summary) == ("note", "no CR after FS")
    assert (strange.kind, strange.summary) == ("not HL7", "hello")


def test_a_cr_that_came_late_belongs_to_its_frame():
    framed = encode(ORDER)
    order, answer, late = described(("in", framed[:-1]), ("out", encode(REFUSAL)), ("in", b"\r"))
    assert order.raw == framed
    assert answer.raw == encode(REFUSAL)
    assert late.detail


def test_a_shortened_event_is_still_told():
    trace = Trace(kept_bytes=10)
    conversation = trace.open("RIS", "HL7", "acceptor", wire.describe)
    conversation.received(encode(ORDER + b"NTE|1||" + b"x" * 1000))
    (decoded,) = conversation.decoded()
    assert len(decoded.raw) == 256
    assert decoded.kind == "ORM^O01"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["in", "out", "note"]),
            st.one_of(
                st.binary(max_size=80),
                st.binary(max_size=80).map(lambda raw: encode(b"MSH|" + raw.translate(None, b"\x0b\x1c"))),
                st.tuples(
                    st.binary(max_size=9), st.sampled_from([b"ISO IR87", b"GB 18030-2000", b"KS X 1001", b"\xff"])
                ).map(lambda pair: b"\x0bMSH|^~\\&|" + b"|" * 14 + b"|".join(pair) + b"\rPID|1||" + pair[0]),
            ),
        ),
        max_size=5,
    )
)
def test_nothing_makes_the_trace_fail(events):
    assert len(described(*events)) == len(events)
