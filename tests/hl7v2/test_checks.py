"""What a message must hold before a system acts on it. The list of faults is tested over the wire in tests/actors."""

import calendar

import pytest
from hl7_text import adt, order
from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks
from hl7dicom_lab.hl7v2.message import Message

ACCEPTED = {"ORM": {"O01"}, "ADT": {"A04", "A08"}}


def parsed(text):
    return Message.parse(text.bytes())


def check(text):
    checks.check_header(parsed(text), ACCEPTED, application="RIS", facility="NORTHGATE")


def refusal(call, *arguments):
    with pytest.raises(Hl7Fault) as caught:
        call(*arguments)
    fault = caught.value
    assert fault.next_step, "every refusal says what to do"
    return fault.acknowledgment, fault.code, fault.where


@pytest.mark.parametrize("path", ["MSH-5", "MSH-6", "MSH-7", "MSH-15", "MSH-16"])
def test_fields_of_the_header_that_may_be_empty(path):
    check(order().put(path, ""))


@pytest.mark.parametrize("version", checks.VERSIONS)
def test_versions_that_are_read(version):
    check(order().put("MSH-12", f"{version}^DEU"))


@pytest.mark.parametrize("processing_id", ["P", "T", "D", "P^A"])
def test_processing_ids(processing_id):
    check(order().put("MSH-11", processing_id))


def test_an_application_may_be_named_with_its_oid():
    check(order().put("MSH-5", "RIS^1.2.3^ISO").put("MSH-6", "NORTHGATE^1.2.4^ISO"))


def test_the_message_as_such_is_judged_before_its_content():
    message = order().put("MSH-9", "ZZZ^Z01").put("MSH-11", "X").put("MSH-12", "9").put("MSH-10", "")
    assert refusal(check, message) == ("AR", 200, "MSH-9.1")
    assert refusal(check, message.put("MSH-9", "ADT^A99")) == ("AR", 201, "MSH-9.2")
    assert refusal(check, message.put("MSH-9", "ADT^A04")) == ("AR", 202, "MSH-11")
    assert refusal(check, message.put("MSH-11", "P")) == ("AR", 203, "MSH-12")
    assert refusal(check, message.put("MSH-12", "2.5")) == ("AE", 101, "MSH-10")
    check(message.put("MSH-10", "1"))


@pytest.mark.parametrize("number", [7, 8, 10, 11])
def test_a_shifted_header_is_recognised_by_its_message_type(number):
    message = order().put("MSH-9", "").put(f"MSH-{number}", "ORM^O01")
    assert refusal(check, message) == ("AR", 100, "MSH-9")


@pytest.mark.parametrize("sex", ["", '""', "M", "F", "O", "U", "A", "N", "F^Female^HL70001"])
def test_sexes(sex):
    checks.check_patient(parsed(adt().put("PID-8", sex)))


@pytest.mark.parametrize("identifier", ["NG-1", "~NG-1^^^NORTHGATE^MR", "NG-1^^^NORTHGATE^MR~A-1^^^NORTHGATE^AN"])
def test_patient_identifiers(identifier):
    checks.check_patient(parsed(adt().put("PID-3", identifier)))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("PID-3", "^^^NORTHGATE^MR", (101, "PID-3")),
        ("PID-5", "^~^", (101, "PID-5")),
        ("PID-7", "1984-06-17", (102, "PID-7")),
        ("PID-8", "X", (103, "PID-8")),
    ],
)
def test_patients_that_are_refused(path, value, expected):
    assert refusal(checks.check_patient, parsed(adt().put(path, value))) == ("AE", *expected)


def test_two_patients_in_one_message_are_refused():
    message = adt().add("PID|2||NG-2^^^NORTHGATE^MR||Other^Man")
    assert refusal(checks.check_patient, parsed(message)) == ("AE", 100, "PID")


@pytest.mark.parametrize(
    ("value", "said"),
    [("A", True), ("", False), (" ", False), ("^^", False), ("~", False), ("&", False), ('""', False), ("^A", True)],
)
def test_whether_a_field_says_something(value, said):
    message = parsed(order().put("OBR-44", value))
    assert checks.says_something(message, "OBR-44") is said
    assert checks.says_something(message, "OBR-44.1") is (value == "A")
    if not said:
        assert refusal(checks.require, message, "OBR-44", "the procedure") == ("AE", 101, "OBR-44")


# ---- values


@pytest.mark.parametrize(
    "moment",
    ["2026", "202603", "20260302", "2026030209", "202603020930", "20260302093000", "20260302093000.1234", "20240229"],
)
@pytest.mark.parametrize("zone", ["", "+0100", "-0500"])
def test_possible_moments(moment, zone):
    assert checks.is_timestamp(moment + zone)


@pytest.mark.parametrize(
    "moment",
    [
        "", "26", "20261", "202613", "20260200", "20260230", "20250229", "2026030224", "202603020960", "20260302093060",
        "2026030209300", "2026.5", "20260302.1", "20260302093000.", "20260302093000.12345", "20260302093000+1",
        "0000", "20260302\n", " 20260302", "２０２６", "2026-03-02", "20260302T093000",
    ],
)  # fmt: skip
def test_impossible_moments(moment):
    assert not checks.is_timestamp(moment)


@given(st.integers(1, 9999), st.integers(0, 13), st.integers(0, 32))
def test_every_day_of_the_calendar_and_no_other(year, month, day):
    exists = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    assert checks.is_timestamp(f"{year:04d}{month:02d}{day:02d}") is exists


@pytest.mark.parametrize("uid", ["1.2", "0.0", "2.25.329800735698586629295641978511506172918", "1" + ".2" * 31 + "4"])
def test_uids(uid):
    assert checks.is_uid(uid)


@pytest.mark.parametrize("uid", ["", "1", "1.", ".1", "1..2", "1.02", "01.2", "1.2a", "1.2\n", "１.2", "1" + ".2" * 32])
def test_what_is_no_uid(uid):
    assert not checks.is_uid(uid)


def test_an_identifier_is_refused_when_it_is_too_long():
    checks.check_length("A" * 16, "OBR-18", 16, "the accession number")
    assert refusal(checks.check_length, "A" * 17, "OBR-18", 16, "the accession number") == ("AE", 104, "OBR-18")
