from __future__ import annotations

import html as markup
import random
import re
import struct
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ImplicitVRLittleEndian, JPEGBaseline8Bit

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.dictionary import uid_name
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.views.data_set.explorer import DataSetExplorer
from hl7dicom_lab.views.look import look

SLICE = data_folder() / "mr_brain" / "slice_01.dcm"


def line(view, label):
    return next(one for one in view.tree.lines if one.label == label)


@pytest.fixture
def tagged():
    """A header as a scanner makes it, with a sequence."""
    image, code = dcmread(SLICE), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "MRBRAIN", "99NORTHGATE", "MRI brain"
    image.SpecificCharacterSet = "ISO_IR 192"
    image.PatientName, image.PatientID = "Yamada^Tarou=山田^太郎=やまだ^たろう", "NG-100237"
    image.ProcedureCodeSequence = [code]
    return image


def test_a_file_is_told_apart_in_its_four_parts():
    view = look(SLICE)
    assert "<summary>Preamble and Prefix</summary>" in view.html()
    parts = [one.label for one in view.tree.lines if one.depth == 0]
    assert parts == ["Preamble", "Prefix", "Group 0002", "Data set"]
    text = str(view)
    assert "Explicit VR Little Endian (1.2.840.10008.1.2.1)" in text
    assert "each element names its VR; the low byte of a number comes first" in text
    assert repr(view) == "<DICOM file, MR Image Storage, 41 elements>"
    assert line(view, "(7FE0,0010)").value == "256 rows × 256 columns × 16 bits = 131,072 bytes"


def test_each_line_has_the_bytes_of_its_element_in_pieces():
    view = look(SLICE)
    rows = line(view, "(0028,0010)")
    start, end = rows.span
    assert view.tree.raw[start:end] == struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 256)
    assert rows.pieces == (
        ("tag (0028,0010), low byte first", 4),
        ("VR US", 2),
        ("length 2, low byte first", 2),
        ("value", 2),
    )
    assert rows.about == "Rows. US, unsigned whole number, 16 bits"
    for one in view.tree.lines:
        assert one.span
        if one.pieces:
            assert sum(size for _, size in one.pieces) == one.span[1] - one.span[0]


def test_sequences_items_and_names(tagged):
    view = DataSetExplorer.of(tagged)
    labels = [(one.depth, one.label) for one in view.tree.lines]
    at = labels.index((1, "(0008,1032)"))
    assert labels[at + 1 : at + 3] == [(2, "Item 1"), (3, "(0008,0100)")]
    assert line(view, "Item 1").value == "3 elements: MRI brain"
    name = line(view, "(0010,0010)")
    assert name.value == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert "alphabetic: family name Yamada, given name Tarou; ideographic: family name 山田" in name.about


def test_a_data_set_in_memory_says_so_and_blanks_are_lines(tagged):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tagged.PatientID = ...
    view = DataSetExplorer.of(tagged)
    blank = line(view, "(0010,0020)")
    assert (blank.value, blank.span, blank.facts) == ("...", None, ("LO", "-"))
    assert "Not filled in yet" in blank.note
    order = [one.label for one in view.tree.lines]
    assert order[order.index("(0010,0020)") - 1] == "(0010,0010)"
    assert "if it were written now" in str(view)
    assert repr(view).startswith("<Data set in memory, MR Image Storage,")


def test_what_c_store_carries_is_a_data_set_without_file_meta(tagged):
    view = DataSetExplorer.of(write_data_set(tagged, ImplicitVRLittleEndian))
    assert [one.label for one in view.tree.lines if one.depth == 0] == ["Data set"]
    assert "no file meta information, as on the network" in str(view)
    assert "Nothing says so; the bytes look like it" in str(view)
    assert "the VR is not written" in line(view, "(0010,0010)").about
    assert line(view, "(0028,0010)").facts == ("US", "2")


def test_a_message_of_the_network_says_what_its_numbers_mean():
    numbers = {0x0100: 0x8001, 0x0800: 0x0101, 0x0900: 0xA700}
    command = b"".join(struct.pack("<HHLH", 0, tag, 2, value) for tag, value in numbers.items())
    command = struct.pack("<HHLL", 0, 0, 4, len(command)) + command
    unit = struct.pack(">LBB", len(command) + 2, 1, 3) + command
    view = look(struct.pack(">BxL", 4, len(unit)) + unit)
    assert line(view, "(0000,0100)").value == "32769 (0x8001 C-STORE-RSP)"
    assert line(view, "(0000,0900)").value == "42752 (0xA700 Refused: out of resources)"
    assert "put together from one P-DATA-TF PDU; the headers" in view.text()


def test_compressed_pixels_are_shown_with_their_fragments():
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    image.Rows = image.Columns = 8
    image.PixelData = encapsulate([b"\xff\xd8\1\2", b"\xff\xd8\3\4"])
    view = DataSetExplorer.of(image)
    assert line(view, "(7FE0,0010)").value.startswith("compressed, 2 fragments")
    assert line(view, "Offset table").value == "0, 12"
    assert line(view, "Fragment 2").value == "ff d8 03 04"
    assert "the pixels are compressed" in str(view)


def test_a_truncated_file_is_shown_up_to_the_break():
    view = DataSetExplorer.of(SLICE.read_bytes()[:60_000])
    pixels = line(view, "(7FE0,0010)")
    assert "there are only" in pixels.note
    assert "fewer than the image needs" in pixels.note
    assert any("(7FE0,0010) PixelData" in remark for remark in view.tree.remarks)
    cut = DataSetExplorer.of(SLICE.read_bytes()[:301])
    assert "Reading breaks off here" in cut.tree.lines[-1].note


def test_another_instance_in_the_file_meta_is_said(tagged):
    tagged.file_meta.MediaStorageSOPInstanceUID, tagged.SOPInstanceUID = "1.2.3", "1.2.4"
    assert "names another SOP instance than the data set: 1.2.3, not 1.2.4" in str(DataSetExplorer.of(tagged))


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ("typo.dcm", "cannot be read"),
        (b"hello", "these 5 bytes are no DICOM"),
        (b"", "there are no bytes"),
        (3, "this is of type int"),
        (None, r"nothing \(None\)"),
        (..., "not filled in yet"),
        ([Dataset(), Dataset()], "these are 2 data sets"),
    ],
)
def test_what_is_no_data_set_is_refused_in_words(thing, words):
    with pytest.raises(NotFound, match=words) as refused:
        look(thing)
    assert refused.value.next_step


def test_one_element_is_not_a_data_set(tagged):
    with pytest.raises(NotFound, match="one data element"):
        look(tagged["PatientName"])


def test_hostile_values_stay_text():
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.PatientName = "<script>alert(1)</script>^\x1b[31m"
    data_set.PatientComments = "مرحبا " + "x" * 10_000
    data_set.InstitutionName = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set.StudyDescription = "e" * 300
    view = DataSetExplorer.of(data_set)
    drawn = view.html()
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", str(view) + drawn)
    assert "␛[31m" in str(view)
    assert "مرحبا" in markup.unescape(drawn)
    assert 'dir="auto"' in drawn


def test_the_same_data_set_gives_the_same_text_and_html(tagged):
    one, other = DataSetExplorer.of(tagged), DataSetExplorer.of(dcmread(SLICE))
    assert one.text() == DataSetExplorer.of(tagged).text()
    assert other.html() == DataSetExplorer.of(dcmread(SLICE)).html()
    assert str(SLICE.parent) not in look(SLICE).text()


def test_folded_are_sequences_with_many_items():
    data_set = Dataset()
    data_set.ProcedureCodeSequence = [Dataset()]
    data_set.ReferencedImageSequence = [Dataset() for _ in range(2000)]
    view = DataSetExplorer.of(data_set)
    assert not line(view, "(0008,1032)").shut
    assert line(view, "(0008,1140)").shut
    assert "more lines" in view.text()
    assert "more lines" in view.html()


def test_the_state_holds_the_beginning_of_large_values_only():
    state = look(data_folder() / "ct_slice" / "image_01.dcm").state()
    sent = sum(len(part) for _, part in state["sides"][0]["bytes"]["chunks"])
    assert sent < 10_000
    assert sys.getsizeof(state) < 10_000


def mutated(seed: int) -> bytes:
    chance = random.Random(seed)
    raw = bytearray(SLICE.read_bytes()[:1800])
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(132, len(raw))
        match chance.randrange(4):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                del raw[at : at + chance.randrange(1, 9)]
            case 2:
                raw[at:at] = chance.randbytes(chance.randrange(1, 9))
            case _:
                raw[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(raw)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_file_is_always_shown(seed):
    raw = mutated(seed)
    view = DataSetExplorer.of(raw)
    assert view.tree.lines[0].label == "Preamble"
    assert all(0 <= one.span[0] <= one.span[1] <= len(view.tree.raw) for one in view.tree.lines if one.span)
    view.text()
    view.html()
    view.state()


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_shown_or_refused(raw):
    try:
        view = DataSetExplorer.of(raw)
    except NotFound:
        return
    view.text()
    view.html()


@pytest.mark.parametrize("uid", ["", "1.2.3", "1.2.3 ", "x\n", "\n" + "9" * 100])
def test_a_uid_that_the_standard_does_not_define_has_no_name(uid):
    assert uid_name(uid) == ""
