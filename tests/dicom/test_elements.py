import struct
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from hl7dicom_lab.dicom.elements import DEEPEST, Encoding, find_elements
from hl7dicom_lab.errors import DicomFault

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]


def written(data_set, syntax):
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
    write_dataset(buffer, data_set)
    return buffer.getvalue()


def sample(*, undefined=False):
    """A data set with short and long lengths, a private element, an empty sequence and sequences in sequences."""
    code, step, item = Dataset(), Dataset(), Dataset()
    code.CodeValue = "70551"
    step.Modality, step.ScheduledProtocolCodeSequence = "MR", [code, code]
    item.PatientName, item.PatientComments, item.RequestedProcedureDescription = "A^B", "text", "MRI"
    item.ScheduledProcedureStepSequence, item.RequestedProcedureCodeSequence = [step], []
    item.private_block(0x0011, "LAB", create=True).add_new(1, "UT", "private")
    item.Rows = 7
    for element in item.iterall():
        if element.VR == "SQ" and undefined:
            element.is_undefined_length = True
            for one in element.value:
                one.is_undefined_length_sequence_item = True
    return item


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_the_elements_are_those_that_another_reader_finds(syntax, undefined):
    raw = written(sample(undefined=undefined), syntax)
    expected = read_dataset(BytesIO(raw), syntax.is_implicit_VR, syntax.is_little_endian)
    found = find_elements(raw, Encoding.of(syntax))
    assert [element.tag for element in found] == [element.tag for element in expected]
    assert [element.vr for element in found] == [element.VR for element in expected]
    rows = next(element for element in found if element.tag == 0x00280010)
    assert raw[rows.start : rows.end] in (b"\x07\x00", b"\x00\x07")


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_sequence_has_its_items_with_their_elements(syntax, undefined):
    raw = written(sample(undefined=undefined), syntax)
    steps = next(element for element in find_elements(raw, Encoding.of(syntax)) if element.tag == 0x00400100)
    ((modality, codes),) = steps.items
    assert (modality.tag, raw[modality.start : modality.end], codes.tag) == (0x00080060, b"MR", 0x00400008)
    assert [[raw[one.start : one.end] for one in item] for item in codes.items] == [[b"70551 "], [b"70551 "]]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_cut_anywhere_it_is_refused_with_the_place(syntax, undefined):
    raw = written(sample(undefined=undefined), syntax)
    encoding = Encoding.of(syntax)
    ends = {element.end + (8 if element.closed_by_delimiter else 0) for element in find_elements(raw, encoding)}
    for length in range(1, len(raw)):
        if length in ends:
            find_elements(raw[:length], encoding)
            continue
        with pytest.raises(DicomFault) as caught:
            find_elements(raw[:length], encoding)
        assert caught.value.status == 0xC000
        assert caught.value.where.startswith("byte ")


def test_a_value_past_the_end_names_its_tag():
    raw = struct.pack("<HH2sH", 0x0010, 0x0020, b"LO", 400) + b"MRN-1 "
    with pytest.raises(DicomFault, match=r"\(0010,0020\) has 400 bytes, but only 6 follow"):
        find_elements(raw, Encoding.of(ExplicitVRLittleEndian))


def test_the_wrong_transfer_syntax_is_noticed():
    raw = written(sample(), ImplicitVRLittleEndian)
    with pytest.raises(DicomFault, match="has no value representation"):
        find_elements(raw, Encoding.of(ExplicitVRLittleEndian))


def test_nesting_has_an_end():
    raw = b""
    for _ in range(DEEPEST + 2):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(raw)) + raw
        raw = struct.pack("<HH2sxxL", 0x0040, 0xA730, b"SQ", len(item)) + item
    with pytest.raises(DicomFault, match=f"more than {DEEPEST} deep"):
        find_elements(raw, Encoding.of(ExplicitVRLittleEndian))


def test_encapsulated_pixel_data_is_followed_to_its_delimiter():
    image = Dataset()
    image.Rows, image.PixelData = 1, encapsulate([b"abcd", b"efgh"])
    image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
    raw = written(image, ExplicitVRLittleEndian)
    encoding = Encoding.of(JPEGBaseline8Bit)
    pixels = find_elements(raw, encoding)[-1]
    assert (pixels.tag, pixels.closed_by_delimiter, pixels.fragments) == (0x7FE00010, True, (8, 4, 4))
    for cut in (4, 8, 10):
        with pytest.raises(DicomFault):
            find_elements(raw[:-cut], encoding)
    with pytest.raises(DicomFault, match="may not have an undefined length"):
        find_elements(raw, Encoding.of(ExplicitVRLittleEndian))


def test_an_unknown_sequence_of_undefined_length_is_implicit_inside():
    inner = written(sample(), ImplicitVRLittleEndian)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    raw = struct.pack("<HH2sxxL", 0x0011, 0x1010, b"UN", 0xFFFFFFFF) + item + end
    (element,) = find_elements(raw, Encoding.of(ExplicitVRLittleEndian))
    assert (element.vr, raw[element.start : element.end]) == ("UN", item)


@pytest.mark.parametrize("uid", ["", "1.2.3", "1.2.840.10008.1.1", DeflatedExplicitVRLittleEndian])
def test_what_is_no_transfer_syntax_of_ours_is_refused(uid):
    with pytest.raises(DicomFault, match="is not supported"):
        Encoding.of(uid)


@given(st.binary(max_size=300), st.sampled_from([*SYNTAXES, JPEGBaseline8Bit]))
def test_any_bytes_are_elements_or_a_fault(raw, syntax):
    with suppress(DicomFault):
        find_elements(raw, Encoding.of(syntax))
