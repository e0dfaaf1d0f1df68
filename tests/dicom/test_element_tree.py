from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from part10_samples import UNDEFINED, element, implicit, item, open_sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.element_tree import Node, read_tree
from hl7dicom_lab.dicom.elements import Encoding

EXPLICIT = Encoding.of(ExplicitVRLittleEndian)
IMPLICIT = Encoding.of(ImplicitVRLittleEndian)
CODE = 0x00080100, 0x00080104
SEQUENCE, NAME, PIXELS = 0x00081032, 0x00100010, 0x7FE00010


def flat(nodes):
    for node in nodes:
        yield node
        yield from flat(node.children)


def nested():
    inner = open_sequence(0x00081110, item(element(CODE[0], b"SH", b"in"), is_open=True), item(b""))
    first = item(element(CODE[0], b"SH", b"A1") + inner)
    return open_sequence(SEQUENCE, first, item(element(CODE[1], b"LO", b"B2"), is_open=True)) + element(
        NAME, b"PN", b"A^B "
    )


def assert_sound(raw: bytes, nodes: tuple[Node, ...], start: int, end: int) -> None:
    """Each node lies within its parent, behind the one before it, and its header, value and end are in order."""
    at = start
    for node in nodes:
        assert at <= node.at <= node.start <= node.end <= node.after <= end
        assert_sound(raw, node.children, node.start, node.end)
        at = node.after


def test_items_with_a_length_and_with_a_delimiter_are_read_alike():
    tree = read_tree(nested(), EXPLICIT)
    sequence, name = tree.nodes
    assert not tree.broken
    assert [child.kind for child in sequence.children] == ["item", "item"]
    assert [child.length for child in sequence.children] == [64, UNDEFINED]
    assert [node.tag for node in sequence.children[0].children] == [CODE[0], 0x00081110]
    assert len(sequence.children[0].children[1].children) == 2
    assert nested()[name.start : name.end] == b"A^B "
    assert sequence.after == name.at
    assert all(not node.trouble for node in flat(tree.nodes))


def test_an_implicit_data_set_gets_its_vr_from_the_dictionary():
    raw = implicit(NAME, b"A^B ") + implicit(0x00091001, b"xx") + implicit(0x00280106, b"\1\0")
    nodes = read_tree(raw, IMPLICIT).nodes
    assert [(node.vr, node.implicit) for node in nodes] == [("PN", True), ("UN", True), ("US", True)]


def test_a_sequence_of_vr_un_is_read_as_implicit_vr_little_endian():
    raw = open_sequence(0x00091001, item(implicit(NAME, b"A^B "), is_open=True), vr=b"UN")
    (sequence,) = read_tree(raw, EXPLICIT).nodes
    assert sequence.is_sequence
    assert [node.tag for node in flat(sequence.children)] == [0xFFFEE000, NAME]


def test_encapsulated_pixels_are_an_offset_table_and_fragments():
    raw = open_sequence(PIXELS, item(b""), item(b"\xff\xd8\1\2"), item(b"\3\4"), vr=b"OB")
    (pixels,) = read_tree(raw, Encoding.of(JPEGBaseline8Bit)).nodes
    assert [child.kind for child in pixels.children] == ["offset table", "fragment", "fragment"]
    assert not pixels.is_sequence
    assert pixels.after == len(raw)


def test_big_endian_lengths_and_tags():
    raw = element(NAME, b"PN", b"A^B ", order=">")
    (name,) = read_tree(raw, Encoding.of(ExplicitVRBigEndian)).nodes
    assert (name.tag, name.length) == (NAME, 4)


@pytest.mark.parametrize(
    ("raw", "kept", "word"),
    [
        (element(NAME, b"PN", b"A^B ") + element(PIXELS, b"OW", b"abcd", length=400), 2, "only 4"),
        (element(NAME, b"PN", b"A^B ") + b"\x10\0\x20", 2, "3 bytes left over"),
        (element(NAME, b"PN", b"A^B ") + b"\x10\0\x20\0\0\0\0\0", 2, "no VR"),
        (element(NAME, b"PN", b"A^B ") + b"\x10\0\x20\0UT\0\0", 2, "ends within its length"),
        (open_sequence(SEQUENCE, item(b""))[:-8], 1, "not closed"),
        (open_sequence(SEQUENCE, item(b""), implicit(NAME, b"ab")), 1, "not closed"),
        (element(SEQUENCE, b"SQ", item(b"")[:-4] + b"\xff\0\0\0"), 1, ""),
    ],
)
def test_what_is_before_the_break_is_kept_and_the_reason_is_said(raw, kept, word):
    tree = read_tree(raw, EXPLICIT)
    assert len(tree.nodes) == kept
    troubles = [node.trouble for node in flat(tree.nodes) if node.trouble]
    assert any(word in trouble for trouble in troubles)
    assert_sound(raw, tree.nodes, 0, len(raw))


def test_a_length_beyond_its_item_is_not_believed():
    wrong = item(element(CODE[0], b"SH", b"ab", length=500))
    raw = element(SEQUENCE, b"SQ", wrong) + element(NAME, b"PN", b"A^B ")
    sequence, name = read_tree(raw, EXPLICIT).nodes
    assert "only 2" in sequence.children[0].children[0].trouble
    assert name.tag == NAME
    assert not name.trouble


def test_a_delimiter_that_belongs_nowhere_is_passed_over():
    raw = implicit(0xFFFEE00D, b"") + element(NAME, b"PN", b"A^B ")
    stray, name = read_tree(raw, EXPLICIT).nodes
    assert "outside" in stray.trouble
    assert name.tag == NAME


def test_sequences_without_end_are_opened_to_a_depth_only():
    raw = b""
    for _ in range(300):
        raw = element(SEQUENCE, b"SQ", item(raw))
    found = list(flat(read_tree(raw, EXPLICIT).nodes))
    assert any("more than 64 deep" in node.trouble for node in found)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]))
def test_any_bytes_at_all_give_a_sound_tree(raw, syntax):
    tree = read_tree(raw, Encoding.of(syntax))
    assert_sound(raw, tree.nodes, 0, len(raw))


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_changed_bytes_give_a_sound_tree(seed):
    chance = random.Random(seed)
    raw = bytearray((data_folder() / "mr_brain" / "slice_01.dcm").read_bytes()[220:1500] + nested())
    for _ in range(chance.randrange(1, 8)):
        raw[chance.randrange(len(raw))] = chance.choice((0, 0xFE, 0xFF, chance.randrange(256)))
    tree = read_tree(bytes(raw), EXPLICIT)
    assert_sound(bytes(raw), tree.nodes, 0, len(raw))
