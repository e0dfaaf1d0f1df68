"""A message is read by its paths, as Python's hl7 library reads it where both say something, and fails in one way."""

import itertools

import hl7
import pytest
from hl7_text import adt, order, report
from hypothesis import given, settings
from hypothesis import strategies as st

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.header import LONGEST_FIELD, read_separators
from hl7dicom_lab.hl7v2.message import MOST_SEGMENTS, Message, Path

HEADER = "MSH|^~\\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302080000||ORM^O01|E1|P|2.3.1||||||UNICODE UTF-8"


def parse(*lines, end="\r"):
    return Message.parse("".join(line + end for line in (HEADER, *lines)).encode())


# ---- paths


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("PID-3", Path("PID", 3)),
        ("PID-3.4.1", Path("PID", 3, 4, 1)),
        ("OBX[2]-5", Path("OBX", 5, occurrence=2)),
        ("OBX[12]-5[3].1.2", Path("OBX", 5, 1, 2, 12, 3)),
        ("ZD1-1", Path("ZD1", 1)),
    ],
)
def test_a_path_is_read_once(path, meaning):
    assert Path.parse(path) == meaning
    assert Path.parse(path) is Path.parse(path)


@pytest.mark.parametrize(
    "path",
    ["", "PID", "PID3", "PID-", "pid-3", "PID-0", "PID-3.0", "PID-3[0]", "PID[0]-3", "PID-3.1.2.3", "PID-3\n", "PID-٣"],
)
def test_what_is_no_path_says_how_to_write_one(path):
    with pytest.raises(ValueError, match=r"PID-3\.1"):
        Path.parse(path)
    with pytest.raises(ValueError, match="no HL7 path"):
        parse().get(path)


def test_values_by_path():
    message = parse("PID|1||A1^^^NG&2.25.1&ISO^MR~B2^^^X^AN||Rivera^Elena", "OBX|1|ST|a||one", "OBX|2|ST|b||two^zwei")
    assert message.get("PID-3") == "A1^^^NG&2.25.1&ISO^MR"
    assert message.get("PID-3.1") == "A1"
    assert message.get("PID-3.4") == "NG&2.25.1&ISO"
    assert message.get("PID-3.4.2") == "2.25.1"
    assert message.get("PID-3[2].1") == "B2"
    assert message.get("OBX[2]-5.2") == "zwei"
    for absent in ("PID-3[3].1", "PID-3.9", "PID-99", "OBX[3]-5", "ZZZ-1", "PID-5.1.2"):
        assert message.get(absent) == ""
        assert not message.is_present(absent)
        assert not message.is_null(absent)
    assert message.raw("PID-3") == "A1^^^NG&2.25.1&ISO^MR~B2^^^X^AN"
    assert [segment.value(1) for segment in message.all("OBX")] == ["1", "2"]
    assert message.first("ZZZ") is None


def test_the_header_counts_its_own_separator():
    message = parse()
    assert message.get("MSH-1") == "|"
    assert message.get("MSH-2") == "^~\\&"
    assert message.get("MSH-3") == "EMR"
    assert (message.type, message.event, message.control_id, message.version) == ("ORM", "O01", "E1", "2.3.1")
    assert message.header.name == "MSH"


# ---- null against empty


@pytest.mark.parametrize(
    ("field", "path", "null", "value"),
    [
        ('""', "PID-8", True, ""),
        ('""', "PID-8.1", True, ""),
        ('""', "PID-8.2", True, ""),
        ("", "PID-8", False, ""),
        ('a^""^c', "PID-8.2", True, ""),
        ('a^""^c', "PID-8", False, 'a^""^c'),
        ('a^""^c', "PID-8.1", False, "a"),
        ('a^b&""', "PID-8.2.2", True, ""),
        ('a^b&""', "PID-8.2", False, 'b&""'),
        ('a~""', "PID-8[2]", True, ""),
        ('a~""', "PID-8", False, "a"),
        ('"a"', "PID-8", False, '"a"'),
        ('"', "PID-8", False, '"'),
    ],
)
def test_null_means_delete_and_is_told_from_empty(field, path, null, value):
    message = parse(f"PID|1|||||||{field}")
    assert (message.is_null(path), message.get(path)) == (null, value)
    assert message.is_present(path) is (null or bool(value))


# ---- repetitions, separators, line ends


@pytest.mark.parametrize(
    ("path", "is_sent"),
    [("PID-3", True), ("PID-3.7", True), ("PID-4", False), ("PID-99", False), ("OBX-5", True), ("OBX-6", False),
     ("OBX-8", True), ("PID-8", True), ("ZDS-1", False)],
)  # fmt: skip
def test_a_field_is_sent_where_any_segment_of_its_name_has_something_there(path, is_sent):
    message = parse('PID|1||NG-1|||||""', "OBX|1|NM|W||||||", "OBX|2|NM|H||180|||^")
    assert message.is_sent(path) == is_sent
    if not is_sent:
        assert (message.get(path), message.is_null(path)) == ("", False)


def test_repetitions_as_sent():
    segment = parse("PID|1||A~~C||~||").first("PID")
    assert segment.repetitions(3) == ("A", "", "C")
    assert [segment.value(3, repetition=n) for n in (1, 2, 3, 4)] == ["A", "", "C", ""]
    assert segment.repetitions(5) == ("", "")
    assert segment.repetitions(4) == ()


@pytest.mark.parametrize("marks", ["#*@!%", "$^~/&", "|&~\\^"])
def test_other_separators(marks):
    usual = "".join(line + "\r" for line in order("OMI").put("PID-5", r"O\T\Hara^M\S\C~x").lines)
    other = usual.translate(str.maketrans("|^~\\&", marks))
    read, expected = Message.parse(other.encode()), Message.parse(usual.encode())
    for path in ("MSH-9.2", "MSH-10", "PID-3.4", "PID-5.1", "PID-5[2]", "PV1-19.4", "OBR-4.2", "IPC-6.3"):
        assert read.get(path) == expected.get(path).translate(str.maketrans("|^~\\&", marks))


@pytest.mark.parametrize(
    ("marks", "escape", "subcomponent"), [("^~", "", ""), ("^~\\", "\\", ""), ("^~\\&#", "\\", "&")]
)
def test_fewer_or_more_encoding_characters(marks, escape, subcomponent):
    header = HEADER.replace("^~\\&", marks)
    separators = read_separators(header.encode())
    assert (separators.escape, separators.subcomponent) == (escape, subcomponent)
    message = Message.parse(f"{header}\rPID|1||||AT&T^x\\F\\y\r".encode())
    assert message.get("PID-5.1") == "AT&T"
    assert message.get("PID-5.1.1") == ("AT" if subcomponent else "AT&T")
    assert message.get("PID-5.2") == ("x|y" if escape else "x\\F\\y")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r", "\r \r"])
def test_other_line_ends(end):
    message = parse("PID|1||A1", "PV1|1|O", end=end)
    assert [segment.name for segment in message] == ["MSH", "PID", "PV1"]
    assert [remark.severity for remark in message.remarks] == (["warning"] if "\n" in end else [])
    assert message.text == f"{HEADER}\nPID|1||A1\nPV1|1|O"


def test_a_unicode_line_separator_ends_no_segment():
    message = parse("PID|1||A1||Rivera\u2028Elena\u2029Maria")
    assert message.get("PID-5") == "Rivera\u2028Elena\u2029Maria"


# ---- what is no message


@pytest.mark.parametrize(
    ("body", "acknowledgment", "code"),
    [
        (b"", "AR", 100),
        (b"MSH", "AR", 100),
        (b"MSH|^~\\&", "AR", 100),
        (b"PID|1||A1||Rivera\r", "AR", 100),
        (b"msh|^~\\&|EMR\r", "AR", 100),
        (b"\xef\xbb\xbfMSH|^~\\&|EMR\r", "AR", 100),
        (b"MSHA^~\\&AEMRA\r", "AR", 100),
        (b"MSH|||||||ORM\r", "AR", 100),
        (b'MSH|^~"&|EMR|\r', "AR", 100),
        (b"MSH\xa7^~\\&\xa7EMR\xa7\r", "AR", 100),
        (b"MSH|^~\\&|EMR\rBTS|1\r", "AE", 100),
        (b"MSH|^~\\&|EMR\rMSH|^~\\&|EMR\r", "AE", 100),
        (b"FHS|^~\\&|EMR\r", "AE", 100),
        (b"MSH|^~\\&|EMR\rsome text\r", "AE", 100),
        (b"MSH|^~\\&|EMR\rPIDX|1\r", "AE", 100),
        (b"MSH|^~\\&|EMR\xe9\r", "AE", 102),
        (b"MSH|^~\\&|EMR|||||||||||||||KLINGON\r", "AE", 103),
    ],
)
def test_what_is_no_message_is_refused_with_a_next_step(body, acknowledgment, code):
    with pytest.raises(Hl7Fault) as caught:
        Message.parse(body)
    assert (caught.value.acknowledgment, caught.value.code) == (acknowledgment, code)
    assert caught.value.next_step


def test_a_line_break_inside_a_field_is_explained():
    with pytest.raises(Hl7Fault, match="second line") as caught:
        parse("NTE|1||first line\nsecond line")
    assert caught.value.where == "line 3"
    assert "\\.br\\" in caught.value.next_step


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"MSH|^~\\&|" + tail))
def test_parsing_any_bytes_gives_a_message_or_an_hl7_fault(body):
    try:
        message = Message.parse(body)
    except Hl7Fault:
        return
    assert message.segments
    for segment in message:
        for number in range(len(segment.fields)):
            for repetition in range(1, 3):
                segment.value(number, 1, 1, repetition)
    assert message.text


def test_a_field_over_the_longest_is_refused_unless_it_is_a_document():
    text = "x" * (LONGEST_FIELD + 1)
    parse(f"NTE|1||{text[1:]}")
    parse(f"OBX|1|ED|DOC||^^PDF^Base64^{text}")
    for line, where in ((f"NTE|1||{text}", "NTE-3"), (f"OBX|1|TX|DOC||{text}", "OBX-5")):
        with pytest.raises(Hl7Fault, match="65537 characters") as refused:
            parse(line)
        assert (refused.value.code, refused.value.where) == (104, where)


def test_more_segments_than_are_read_are_refused():
    parse(*["NTE|1"] * (MOST_SEGMENTS - 1))
    with pytest.raises(Hl7Fault, match="at most 20000") as refused:
        parse(*["NTE|1"] * MOST_SEGMENTS)
    assert refused.value.code == 207


# ---- the same as Python's hl7 library


def compare(message, library):
    """Each value that the library finds is the one at the same path here."""
    counted = {}
    for segment in library:
        name = str(segment[0])
        counted[name] = counted.get(name, 0) + 1
        for field in range(3 if name == "MSH" else 1, len(segment)):
            for repetition, component, subcomponent in itertools.product((1, 2, 3), (1, 2, 3, 4, 5), (1, 2)):
                try:
                    expected = library.extract_field(name, counted[name], field, repetition, component, subcomponent)
                except IndexError:
                    expected = ""
                path = f"{name}[{counted[name]}]-{field}[{repetition}].{component}.{subcomponent}"
                expected = expected.replace("\r", "\n")  # the library reads \\.br\\ as CR
                assert message.get(path) == ("" if expected == '""' else expected), path


GOOD = [order(), order("OMI"), adt(), adt("A08"), report()]


@pytest.mark.parametrize("message", GOOD, ids=lambda message: message.get("MSH-9").replace("^", "_"))
def test_the_library_agrees_on_messages_of_every_kind(message):
    body = message.bytes()
    compare(Message.parse(body), hl7.parse(body.decode()))
    assert str(Message.parse(body).hl7_message()) == body.decode()


SAMPLES = sorted((data_folder() / "messages").glob("*.hl7"))


def test_the_library_agrees_on_the_sample_messages():
    read = 0
    for sample in SAMPLES:
        try:
            message = Message.parse(sample.read_bytes())
        except Hl7Fault:
            continue
        compare(message, message.hl7_message())
        read += 1
    assert read >= 10


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters='|^~\\&"'))
escapes = st.sampled_from(["\\F\\", "\\S\\", "\\T\\", "\\R\\", "\\E\\"])
values = st.lists(words | escapes, max_size=3).map("".join)
components = st.lists(values, min_size=1, max_size=2).map("&".join)
repetitions = st.lists(components, min_size=1, max_size=5).map("^".join)
fields = st.lists(repetitions, min_size=1, max_size=3).map("~".join)
lines = st.builds(
    lambda name, content: "|".join([name, *content]),
    st.sampled_from(["PID", "PV1", "ORC", "OBR", "OBX", "NTE", "ZZ1"]),
    st.lists(fields, min_size=1, max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, max_size=4))
def test_the_library_agrees_on_generated_messages(generated):
    sent = [HEADER, *generated, "ZZ9|end"]  # the library takes white space off the end of a message
    text = "\r".join(sent) + "\r"
    message = Message.parse(text.encode())
    compare(message, hl7.parse(text))
    assert [segment.raw for segment in message] == sent
