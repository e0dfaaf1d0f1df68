from __future__ import annotations

import struct

import pytest
from part10_samples import element, implicit
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab.dicom.element_rules import notes_of
from hl7dicom_lab.dicom.element_text import Surroundings, names_of, value_of
from hl7dicom_lab.dicom.element_tree import read_tree
from hl7dicom_lab.dicom.elements import Encoding

YAMADA = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"


def values(raw, syntax=ExplicitVRLittleEndian):
    """Each element's value and notes, by its tag."""
    encoding = Encoding.of(syntax)
    nodes = read_tree(raw, encoding).nodes
    here = Surroundings(raw, encoding.little_endian).inside(nodes)
    found = {}
    before = -1
    for node in nodes:
        value = value_of(node, here)
        found[node.tag] = (value.text, list(notes_of(node, value, here, before)))
        before = node.tag
    return found


def one(tag, vr, value, *before):
    return values(b"".join(before) + element(tag, vr, value))[tag]


@pytest.mark.parametrize(
    ("tag", "vr", "value", "text"),
    [
        (0x00100010, b"PN", b"Rivera^Elena", "Rivera^Elena"),
        (0x00100030, b"DA", b"19850412", "19850412"),
        (0x00181050, b"DS", b"1.50\\-2 ", "1.50\\-2"),
        (0x00280010, b"US", struct.pack("<H", 256), "256"),
        (0x00280009, b"AT", struct.pack("<HH", 0x18, 0x1063), "(0018,1063)"),
        (0x00189087, b"FD", struct.pack("<d", 0.1), "0.1"),
        (0x00081160, b"IS", b"3 ", "3"),
        (0x00080016, b"UI", b"1.2.840.10008.5.1.4.1.1.4\0", "1.2.840.10008.5.1.4.1.1.4 (MR Image Storage)"),
        (0x00020001, b"OB", b"\0\1", "00 01"),
        (0x00204000, b"LT", b"  a\\b\r\nc", "  a\\b\r\nc"),
    ],
)
def test_values_are_shown_as_they_are_and_without_a_note(tag, vr, value, text):
    assert one(tag, vr, value) == (text, [])


def test_names_are_decoded_by_the_character_set():
    declared = element(0x00080005, b"CS", b"\\ISO 2022 IR 87")
    assert one(0x00100010, b"PN", YAMADA, declared) == ("Yamada^Tarou=山田^太郎", [])
    latin = element(0x00080005, b"CS", b"ISO_IR 100")
    assert one(0x00100010, b"PN", "Müller".encode("latin-1"), latin) == ("Müller", [])
    utf8 = element(0x00080005, b"CS", b"ISO_IR 192")
    assert one(0x00100010, b"PN", "Müller ".encode(), utf8) == ("Müller", [])


@pytest.mark.parametrize(
    ("declared", "value", "text", "word"),
    [
        (b"", "Müller".encode("latin-1"), "Müller", "There is no SpecificCharacterSet"),
        (b"ISO_IR 192", "Müller".encode("latin-1"), "M\ufffdller", "no characters of the declared character set"),
        (b"ISO_IR 6", "Müller".encode("latin-1"), "Müller", "(ISO_IR 6) has only ASCII"),
        (b"\\ISO 2022 IR 87", "Müller".encode("latin-1"), "Müller", "has only ASCII"),
        (b"", YAMADA, "Yamada", "default character set"),
    ],
)
def test_what_the_character_set_does_not_have_is_said(declared, value, text, word):
    before = [element(0x00080005, b"CS", declared)] if declared else []
    shown, notes = one(0x00100010, b"PN", value + b" " * (len(value) % 2), *before)
    assert shown.startswith(text)
    assert any(word in note for note in notes), notes


@pytest.mark.parametrize(
    ("tag", "vr", "value", "word"),
    [
        (0x00100020, b"LO", b"abc", "odd length, 3"),
        (0x00080050, b"SH", b"x" * 18, "18 characters; VR SH allows 16"),
        (0x00100030, b"DA", b"1985-04-12", "eight digits"),
        (0x00100030, b"DA", b"19851301", "eight digits"),
        (0x00080030, b"TM", b"2561", "HHMMSS"),
        (0x00080060, b"CS", b"mr", "capital letters"),
        (0x00101010, b"AS", b"45Y ", "three digits"),
        (0x00181050, b"DS", b"heavy ", "decimal string"),
        (0x00200013, b"IS", b"1.5 ", "whole number"),
        (0x0020000D, b"UI", b"1.02.3", "leading zero"),
        (0x0020000D, b"UI", b"1.2.3 ", "zero byte"),
        (0x00280010, b"US", b"\1\2\3\4\5\6"[:3], "no whole number"),
        (0x7FE00010, b"OW", b"\1\2\3", "odd length"),
        (0x00100010, b"LO", b"A^B ", "should be PN"),
        (0x00100010, b"PN", b"x" * 66, "66 characters; PN allows 64"),
        (0x00100010, b"PN", b"a=b=c=d ", "at most three"),
        (0x00100010, b"ZZ", b"\0\0\0\0", "no VR of the standard"),
    ],
)
def test_what_the_standard_does_not_allow_is_said(tag, vr, value, word):
    _, notes = one(tag, vr, value)
    assert any(word in note for note in notes), notes


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00400002, b"DA", b"20260302-20260303 "),
        (0x00400002, b"DA", b"-20260303 "),
        (0x00400003, b"TM", b"0800-1000 "),
        (0x00080030, b"TM", b"080000.123456 "),
        (0x00100010, b"PN", b"RIV*"),
        (0x00080060, b"CS", b"M?"),
        (0x00100030, b"DA", b'""'),
        (0x00100020, b"LO", b""),
        (0x00280106, b"SS", b"\xff\xff"),
        (0x00091001, b"UN", b"\1\2"),
        (0x00100020, b"UN", b"MRN-1 "),
    ],
)
def test_what_a_query_or_a_vendor_may_write_is_no_fault(tag, vr, value):
    _, notes = one(tag, vr, value)
    assert notes == []


def test_order_and_repetition():
    raw = element(0x00100020, b"LO", b"ab") + element(0x00100010, b"PN", b"A ")
    assert "Out of order" in values(raw)[0x00100010][1][0]
    assert "twice" in values(element(0x00100010, b"PN", b"A ") * 2)[0x00100010][1][0]


def test_us_or_ss_follows_pixel_representation():
    smallest = implicit(0x00280106, b"\xff\xff")
    assert values(implicit(0x00280103, b"\1\0") + smallest, ImplicitVRLittleEndian)[0x00280106][0] == "-1"
    assert values(implicit(0x00280103, b"\0\0") + smallest, ImplicitVRLittleEndian)[0x00280106][0] == "65535"


def test_big_endian_numbers():
    raw = element(0x00280010, b"US", b"\1\0", order=">")
    assert values(raw, ExplicitVRBigEndian)[0x00280010] == ("256", [])


def test_an_unknown_vr_is_read_by_the_dictionary():
    assert one(0x00100020, b"UN", b"MRN-1 ")[0] == "MRN-1"


def test_private_and_unknown_elements_are_named_as_what_they_are():
    raw = element(0x00190010, b"LO", b"GEMS_ACQU_01") + element(0x00290010, b"LO", b"ACME")
    nodes = read_tree(raw, Encoding.of(ExplicitVRLittleEndian)).nodes
    here = Surroundings(raw).inside(nodes)
    assert names_of(0x00190010, here)[0] == "Private Creator"
    assert names_of(0x00191002, here)[0].endswith("private to GEMS_ACQU_01")
    assert names_of(0x00291002, here)[0] == "private to ACME"
    assert names_of(0x00311002, here)[0] == "private, nobody is named"
    assert names_of(0x00181235, here)[0] == "unknown"
    assert names_of(0x00100010, here) == ("PatientName", "Patient's Name")
    assert names_of(0x60023000, here)[0] == "OverlayData"
    assert names_of(0x00100000, here)[0] == "GroupLength"


def test_long_values_are_cut_with_their_size():
    assert one(0x00104000, b"LT", b"x" * 5000)[0].endswith("... (5,000 characters)")
    assert one(0x00281201, b"OW", bytes(400))[0].endswith("... (400 bytes)")
    assert one(0x00281101, b"US", bytes(400))[0].endswith("... (200 values)")
