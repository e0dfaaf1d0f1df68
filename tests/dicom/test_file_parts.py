from __future__ import annotations

import struct
import zlib

import pytest
from part10_samples import element, implicit, part10
from pydicom import dcmread

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.file_parts import parts_of
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import NotFound

NAME = element(0x00100010, b"PN", b"A^B ") + element(0x00100020, b"LO", b"MRN-1 ")
IMPLICIT, EXPLICIT, BIG, DEFLATED = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".2", ".1.99"))


def kinds(parts):
    return [part.kind for part in parts.parts]


def tags(parts):
    return [node.tag for node in parts.part("data set").nodes]


def test_a_file_has_four_parts_that_join_without_a_gap():
    raw = (data_folder() / "mr_brain" / "slice_01.dcm").read_bytes()
    parts = parts_of(raw)
    assert kinds(parts) == ["preamble", "prefix", "file meta", "data set"]
    assert [part.end for part in parts.parts] == [part.start for part in parts.parts[1:]] + [len(raw)]
    assert (parts.syntax, parts.said) == (EXPLICIT, True)


def test_a_complete_file_has_no_note():
    parts = parts_of(part10(NAME))
    assert parts.notes == ()
    assert all(part.notes == () for part in parts.parts)


@pytest.mark.parametrize(
    ("raw", "syntax"),
    [
        (NAME, EXPLICIT),
        (implicit(0x00100010, b"A^B ") + implicit(0x00100020, b"MRN-1 "), IMPLICIT),
        (element(0x00100010, b"PN", b"A^B ", order=">") + element(0x00100020, b"LO", b"MRN-1 ", order=">"), BIG),
    ],
)
def test_without_file_meta_the_bytes_say_how_they_are_written(raw, syntax):
    parts = parts_of(raw)
    assert (kinds(parts), parts.syntax, parts.said) == (["data set"], syntax, False)
    assert tags(parts) == [0x00100010, 0x00100020]
    assert not parts.is_file


@pytest.mark.parametrize("stated", [IMPLICIT.encode(), b"1.2.3.4", b""])
def test_a_transfer_syntax_that_does_not_fit_is_said_and_the_bytes_decide(stated):
    parts = parts_of(part10(NAME, stated))
    assert tags(parts) == [0x00100010, 0x00100020]
    assert (parts.syntax, parts.said) == (EXPLICIT, False)
    (note,) = parts.part("data set").notes
    assert "read " in note


def test_a_deflated_data_set_is_inflated():
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = part10(machine.compress(NAME) + machine.flush(), DEFLATED.encode())
    parts = parts_of(raw)
    assert tags(parts) == [0x00100010, 0x00100020]
    assert "deflated" in parts.notes[0]
    assert parts.raw.endswith(NAME)
    broken = parts_of(part10(b"\xff\xff\xff", DEFLATED.encode()))
    assert any("cannot be inflated" in note for note in broken.notes)


def test_a_small_file_does_not_inflate_to_any_size():
    machine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = machine.compress(NAME + bytes(200 * 1024 * 1024)) + machine.flush()
    parts = parts_of(part10(bomb, DEFLATED.encode()))
    assert len(parts.raw) < 70 * 1024 * 1024
    assert "cut" in parts.notes[0]


@pytest.mark.parametrize(("from_", "word"), [(128, "preamble of 128 bytes is missing"), (132, "DICM are missing")])
def test_a_file_whose_beginning_is_missing_is_still_read(from_, word):
    parts = parts_of(part10(NAME)[from_:])
    assert tags(parts) == [0x00100010, 0x00100020]
    assert word in parts.notes[0]


@pytest.mark.parametrize(("size", "word"), [(132, "meta information (group 0002) is missing"), (150, "no data set")])
def test_a_file_that_is_cut_off_early_says_what_is_missing(size, word):
    parts = parts_of(part10(NAME)[:size])
    assert parts.part("data set") is None
    assert any(word in note for note in parts.notes)


def test_a_wrong_group_length_and_missing_meta_are_said():
    raw = part10(NAME)
    meta = parts_of(raw[:140] + struct.pack("<L", 9) + raw[144:])
    assert any("group length says 9 bytes" in note for note in meta.part("file meta").notes)
    bare = bytes(128) + b"DICM" + element(0x00020010, b"UI", EXPLICIT.encode() + b"\0") + NAME
    (note,) = parts_of(bare).part("file meta").notes
    assert "MediaStorageSOPClassUID" in note
    assert "TransferSyntaxUID" not in note


def test_the_pdus_of_a_message_are_put_together(traced_query):
    parts = parts_of(traced_query)
    assert kinds(parts) == ["command", "data set"]
    assert [node.tag for node in parts.part("command").nodes][:2] == [0x00000000, 0x00000002]
    assert 0x00100010 in tags(parts)


@pytest.fixture
def traced_query():
    """A C-FIND request as two PDUs, its data set in two pieces."""
    command = implicit(0x00000000, struct.pack("<L", 10)) + implicit(0x00000002, b"1\0")
    pieces = [(3, command), (0, NAME[:7]), (2, NAME[7:])]
    units = [struct.pack(">LBB", len(data) + 2, 1, control) + data for control, data in pieces]
    bodies = [units[0], units[1] + units[2]]
    return b"".join(struct.pack(">BxL", 4, len(body)) + body for body in bodies)


@pytest.mark.parametrize(
    "raw",
    [b"", b"h", b"hello", b"Hello, this is a text of some length, and no DICOM.", b"\x89PNG\r\n\x1a\n" + bytes(40)],
)
def test_what_is_no_dicom_is_refused_with_what_to_do(raw):
    with pytest.raises(NotFound) as refused:
        parts_of(raw)
    assert refused.value.next_step


def test_an_association_without_a_data_set_is_named():
    with pytest.raises(NotFound, match="A-RELEASE-RQ"):
        parts_of(b"\5\0\0\0\0\4\0\0\0\0")


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_what_was_written_for_the_network_is_read(syntax):
    image = dcmread(data_folder() / "ct_slice" / "image_01.dcm")
    parts = parts_of(write_data_set(image, syntax))
    assert parts.syntax == syntax
    assert tags(parts) == sorted(image.keys())
