"""What a receiver says to a message, byte for byte, and what a sender reads of it."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.errors import Hl7Fault, Refused
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import ERROR_CONDITIONS, Acknowledgment, Answerer
from hl7dicom_lab.hl7v2.message import Message

MOMENT = datetime(2026, 3, 2, 8, 0, 1)
ORDER = b"MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||ORM^O01|E1|P|2.3.1\rPID|1\r"
SEX = Hl7Fault("sex 'Z' is not in table 0001", code=103, where="PID-8", next_step="send M or F")


def build(body=ORDER, code="AA", text="scheduled", fault=None):
    answerer = Answerer("RIS", "NORTHGATE")
    return acknowledge.build(body, code, text, answerer=answerer, moment=MOMENT, control_id="RIS1", fault=fault)


def header(**fields):
    """The header of an order with some fields replaced, by their numbers: `f9="ADT^A04"`."""
    parts = ORDER.decode().split("\r", 1)[0].split("|")
    parts += [""] * (18 - len(parts))
    for name, value in fields.items():
        parts[int(name[1:]) - 1] = value
    return "|".join(parts).encode() + b"\r"


# ---- the answer


def test_a_positive_answer():
    assert build() == (
        b"MSH|^~\\&|RIS|NORTHGATE|EMR|NORTHGATE|20260302080001||ACK^O01|RIS1|P|2.3.1\rMSA|AA|E1|scheduled\r"
    )


def test_a_negative_answer_says_the_fault_for_readers_of_both_versions():
    assert build(code="AE", text=str(SEX), fault=SEX) == (
        b"MSH|^~\\&|RIS|NORTHGATE|EMR|NORTHGATE|20260302080001||ACK^O01|RIS1|P|2.3.1\r"
        b"MSA|AE|E1|PID-8: sex 'Z' is not in table 0001. Next step: send M or F\r"
        b"ERR|PID^1^8^103&Table value not found&HL70357|PID^1^8|103^Table value not found^HL70357|E|||send M or F"
        b"|PID-8: sex 'Z' is not in table 0001. Next step: send M or F\r"
    )


@pytest.mark.parametrize(
    ("kind", "version", "answered"),
    [
        ("ORM^O01", "2.3.1", "ACK^O01"),
        ("ORM", "2.3.1", "ACK"),
        ("", "2.3.1", "ACK"),
        ("OMI^O23^OMI_O23", "2.5.1", "ACK^O23^ACK"),
        ("OMI^O23", "2.4", "ACK^O23^ACK"),
        ("OMI^<script>", "2.5.1", "ACK"),
    ],
)
def test_the_message_type_of_the_answer(kind, version, answered):
    assert Message.parse(build(header(f9=kind, f12=version))).raw("MSH-9") == answered


@pytest.mark.parametrize(
    ("sent", "version"), [("2.3.1", "2.3.1"), ("2.5.1^DEU", "2.5.1"), ("9.9", "2.5.1"), ("", "2.5.1"), ("P", "2.5.1")]
)
def test_the_version_is_the_senders_where_it_is_one(sent, version):
    assert Message.parse(build(header(f12=sent))).get("MSH-12") == version


@pytest.mark.parametrize(("sent", "processing_id"), [("P", "P"), ("T", "T"), ("D^A", "D^A"), ("X", "P"), ("", "P")])
def test_the_processing_id_is_the_senders_where_it_is_one(sent, processing_id):
    assert Message.parse(build(header(f11=sent))).raw("MSH-11") == processing_id


@pytest.mark.parametrize("charset", ["", "8859/1", "UNICODE UTF-8", "~ISO IR87"])
def test_the_answer_speaks_the_senders_character_set(charset):
    assert Message.parse(build(header(f18=charset))).raw("MSH-18") == charset


def test_an_unknown_character_set_is_answered_in_ascii():
    answer = build(header(f18="KLINGON"), "AE", "Größe", SEX)
    assert answer.isascii()
    assert b"KLINGON" not in answer
    assert b"N{LATIN SMALL LETTER O WITH DIAERESIS}" in answer


def test_the_senders_own_words_go_back_byte_for_byte():
    body = header(f3="MÜNCHEN", f10="Ü-1", f18="UNICODE UTF-8")
    fields = build(body).split(b"|")
    assert fields[4] == "MÜNCHEN".encode()
    assert "MSA|AA|Ü-1|".encode() in build(body)
    undeclared = build(header(f3="MÜNCHEN", f10="Ü-1"), "AE", "no", SEX)
    assert "MSA|AE|Ü-1|".encode() in undeclared


def test_the_senders_separators_are_the_answers():
    body = ORDER.translate(bytes.maketrans(b"|^~\\&", b"#*@!%"))
    answer = build(body, "AE", "a*b", SEX)
    assert answer.startswith(b"MSH#*@!%#RIS#NORTHGATE#EMR#")
    assert b"#a!S!b\r" in answer
    read = acknowledge.read(answer)
    assert (read.code, read.control_id, read.error_code, read.location) == ("AE", "E1", "103", "PID-8")


@pytest.mark.parametrize(
    ("marks", "answered"),
    [(b"^~", b"^~\\&"), (b"^~\\", b"^~\\&"), (b"^~!", b"^~!&"), (b"\\&", b"^~\\&"), (b"^~\\&#", b"^~\\&")],
)
def test_separators_that_the_sender_does_not_declare_are_the_usual_ones(marks, answered):
    answer = build(ORDER.replace(b"^~\\&", marks), "AE", "no", SEX)
    assert answer[4 : 4 + len(answered) + 1] == answered + b"|"
    assert acknowledge.read(answer).error_code == "103"


def test_a_long_text_is_shortened_and_stays_well_formed():
    answer = acknowledge.read(
        build(code="AE", text="|" * 1000, fault=Hl7Fault("x" * 1000, code=207, next_step="y" * 999))
    )
    assert answer.text == "|" * 247 + "..."


@pytest.mark.parametrize(
    ("where", "location"),
    [
        ("PID-3", b"|PID^1^3|"),
        ("OBX[2]-5", b"|OBX^2^5|"),
        ("PID-3.4.1", b"|PID^1^3^1^4^1|"),
        ("PID-3[2].1", b"|PID^1^3^2^1|"),
        ("PID", b"|PID|"),
        ("line 3", b"||"),
        ("", b"||"),
    ],
)
def test_the_place_of_the_fault(where, location):
    fault = Hl7Fault("wrong", code=100, where=where)
    assert build(code="AE", text="no", fault=fault).split(b"ERR|")[1].split(b"|", 1)[1].startswith(location[1:])


@given(st.binary(max_size=120), st.sampled_from(sorted(ERROR_CONDITIONS)), st.text(max_size=40))
def test_any_message_can_be_answered(body, code, what):
    """The answer is a message that can be read, unless the sender's own bytes in it cannot."""
    tail = body.replace(b"\x0b", b"").replace(b"\x1c", b"")
    for one in (body, b"MSH|^~\\&|" + tail):
        answer = build(one, "AE", what, Hl7Fault(what, code=code, where="PID-3"))
        assert answer.startswith(b"MSH")
        assert b"MSA" in answer
        if one.isascii() and what.isascii() and not re.search(rb"[^\t\r\n -~]", one):
            assert acknowledge.read(answer).error_code == str(code)


# ---- whether one is wanted


@pytest.mark.parametrize(
    ("accept", "application", "answers"),
    [
        ("", "", ("AA", "AE", "AR")),
        ("AL", "", ("CA", "CE", "CR")),
        ("AL", "NE", ("CA", "CE", "CR")),
        ("NE", "", ("", "", "")),
        ("NE", "NE", ("", "", "")),
        ("ER", "", ("", "CE", "CR")),
        ("SU", "", ("CA", "", "")),
        ("NE", "AL", ("AA", "AE", "AR")),
        ("", "ER", ("", "AE", "AR")),
        ("", "SU", ("AA", "", "")),
        ("XX", "", ("AA", "AE", "AR")),
        ('""', "", ("AA", "AE", "AR")),
    ],
)
def test_enhanced_mode_table_0155(accept, application, answers):
    body = header(f15=accept, f16=application)
    assert tuple(acknowledge.wanted(body, code) for code in ("AA", "AE", "AR")) == answers


def test_no_header_is_original_mode():
    assert acknowledge.wanted(b"no message", "AR") == "AR"


# ---- what the sender reads


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_a_yes_is_read(code):
    read = acknowledge.read(build(code=code))
    assert read == Acknowledgment(code, "E1", "scheduled")
    assert read.accepted
    assert acknowledge.accepted(read, "the RIS") is read


@pytest.mark.parametrize("code", ["AE", "AR", "CE", "CR"])
def test_a_no_is_read_and_raised(code):
    read = acknowledge.read(build(code=code, text=str(SEX), fault=SEX))
    assert (read.accepted, read.error_code, read.location) == (False, "103", "PID-8")
    with pytest.raises(Refused, match=f"the RIS refused the message .{code}.*table 0001") as caught:
        acknowledge.accepted(read, "the RIS")
    assert (caught.value.answer, caught.value.where) == (code, "PID-8")


@pytest.mark.parametrize(
    ("error", "code", "location", "text"),
    [
        ("ERR|PID^1^8^103&Table value not found&HL70357", "103", "PID-8", "no"),
        ("ERR||PID^1^8|103^Table value not found^HL70357|E", "103", "PID-8", "no"),
        ("ERR||PID^1^3^1^4|101|E||||please", "101", "PID-3.4", "no"),
        ("ERR|PID|", "", "PID", "no"),
        ("", "", "", "no"),
    ],
)
def test_errors_of_either_version_are_read(error, code, location, text):
    read = acknowledge.read(f"MSH|^~\\&|RIS||EMR||20260302||ACK|1|P|2.3.1\rMSA|AE|E1|{text}\r{error}\r".encode())
    assert read == Acknowledgment("AE", "E1", text, code, location)


def test_the_text_may_stand_in_err_8():
    answer = b"MSH|^~\\&|RIS||EMR||20260302||ACK|1|P|2.5.1\rMSA|AE|E1\rERR||PID^1^3|101|E||||no MRN\r"
    assert acknowledge.read(answer).text == "no MRN"


def test_what_is_no_acknowledgment_says_so():
    with pytest.raises(Hl7Fault, match="no acknowledgment"):
        acknowledge.read(ORDER)
