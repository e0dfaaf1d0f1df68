"""The header is read from the bytes alone, whatever they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hl7dicom_lab.hl7v2.header import LONGEST_FIELD, control_id_of, header_field, header_line

ANY = st.binary(max_size=200)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"MSH|^~\\&|A|B|C|D|7|8|ORM^O01|ID-1|P|2.3.1\rPID|1\r", "ID-1"),
        (b"MSH#^~\\&#A#B#C#D#7#8#ORM^O01#ID-1#P\r", "ID-1"),
        (b"msh|^~\\&|a|b|c|d|7|8|orm^o01|id-1\r", "id-1"),
        (b"\xef\xbb\xbfMSH|^~\\&|A|B|C|D|7|8|ORM^O01|ID-1\r", "ID-1"),
        (b"\r\nMSH|^~\\&|A|B|C|D|7|8|ORM^O01|ID-1\r", "ID-1"),
        (b"MSH|^~\\&|A|B|C|D|7|8|ORM^O01|ID-1", "ID-1"),
        (b"MSH|^~\\&|A|B|C|D|7|8|ORM^O01\nPID|1||||||||ID-1\n", ""),
        (b"FHS|^~\\&|A|B|C|D|7|8|name|comment|F-1\rBHS|^~\\&\rMSH|^~\\&|||||||ORM^O01|ID-1\r", "ID-1"),
        (b"BHS|^~\\&|A|B|C|D|7|8|name|comment|B-1\rBTS|0\r", "B-1"),
        (b"PID|1||||||||ID-1\r", ""),
        (b"", ""),
        (b"MSH", ""),
    ],
)
def test_the_control_id_as_far_as_it_can_be_read(body, expected):
    assert control_id_of(body) == expected


def test_a_header_field_keeps_its_bytes():
    body = "MSH|^~\\&|MÜNCHEN|x\r".encode()
    assert header_field(body, 3).encode("latin-1") == "MÜNCHEN".encode()


@settings(max_examples=300)
@given(ANY | ANY.map(lambda tail: b"MSH|^~\\&|" + tail))
def test_any_bytes_have_a_header_or_none(body):
    line = header_line(body)
    assert line in body
    assert header_line(line) == line
    for number in range(-1, 30):
        assert header_field(line, number) == header_field(body, number)
    assert control_id_of(body) == control_id_of(line)


def test_a_header_that_was_read_before_does_not_stand_for_another():
    bodies = [b"MSH|^~\\&|A|B|C|D|7|8|ORM^O01|ID-%d\rPID|1\r" % number for number in range(40)]
    for _ in range(2):
        assert [control_id_of(body) for body in bodies] == [f"ID-{number}" for number in range(40)]


@pytest.mark.parametrize("number", [3, 4, 9, 11, 15])
def test_behind_a_field_that_is_too_long_the_others_are_found(number):
    fields = [
        "MSH",
        "^~\\&",
        "A",
        "B",
        "C",
        "D",
        "7",
        "",
        "ORM^O01",
        "ID-1",
        "P",
        "2.3.1",
        "",
        "",
        "",
        "",
        "",
        "8859/1",
    ]
    fields[number - 1] = "x" * (LONGEST_FIELD + 1)
    body = "|".join(fields).encode() + b"\rPID|1\r"
    assert header_field(body, number) == "x" * LONGEST_FIELD
    assert (control_id_of(body), header_field(body, 18)) == ("ID-1", "8859/1")
    assert header_line(body) == body.partition(b"\r")[0]
