from __future__ import annotations

import warnings
from copy import deepcopy

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.draft import draft_of
from hl7dicom_lab.dicom.writing import write_data_set


@pytest.fixture
def slice_file():
    return data_folder() / "mr_brain" / "slice_01.dcm"


def test_what_was_read_and_not_touched_keeps_its_bytes(slice_file):
    assert draft_of(dcmread(slice_file)).parts.raw == slice_file.read_bytes()


def test_what_was_changed_is_written_as_pydicom_writes_it(slice_file):
    image = dcmread(slice_file)
    image.SpecificCharacterSet, image.PatientName = "ISO_IR 192", "Yamada^Tarou=山田^太郎"
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "A", "Gehirn, Schädel"
    image.ProcedureCodeSequence = [inner, Dataset()]
    image.SmallestImagePixelValue = 7
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        image.file_meta.TransferSyntaxUID = syntax
        draft = draft_of(image)
        assert not draft.blanks
        part = draft.parts.part("data set")
        assert draft.parts.raw[part.start :] == write_data_set(deepcopy(image), syntax)


def test_a_blank_has_no_bytes_and_keeps_its_place():
    data_set, inner = Dataset(), Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set.PatientID = ...
        inner.CodeValue = ...
    data_set.Modality = "MR"
    inner.CodeMeaning = "head"
    data_set.ProcedureCodeSequence = [Dataset(), inner]
    draft = draft_of(data_set)
    assert [node.tag for node in draft.parts.part("data set").nodes] == [0x00080060, 0x00081032]
    (top,) = draft.blanks[()]
    (nested,) = draft.blanks[((0x00081032, 2),)]
    assert (top.tag, top.shown, top.filled) == (0x00100020, "...", False)
    assert (nested.tag, nested.vr) == (0x00080100, "SH")
    assert "Not filled in yet" in nested.reason


@pytest.mark.parametrize(
    ("tag", "vr", "value", "reason"),
    [
        (0x00100010, "PN", "Müller", "does not have all of these characters"),
        (0x00100020, "LO", 12345, "holds text, and this is a number"),
        (0x00280010, "US", "many", "cannot be written as VR US"),
        (0x00280010, "US", 70000, "cannot be written as VR US"),
        (0x00080060, "CS", "MÜ", "ASCII characters only"),
        (0x00100020, "LO", object(), "a object"),
        (0x00200032, "DS", ["1", ...], "Not filled in yet"),
    ],
)
def test_what_cannot_be_written_says_why(tag, vr, value, reason):
    from pydicom.dataelem import DataElement

    data_set = Dataset()
    data_set.add(DataElement(tag, vr, value, already_converted=True))
    found = [blank for blanks in draft_of(data_set).blanks.values() for blank in blanks]
    assert [blank.tag for blank in found] == [tag]
    assert reason in found[0].reason
    assert "0x" not in found[0].shown


def test_file_meta_stands_before_with_its_length_right():
    image = Dataset()
    image.Rows = 4
    image.file_meta = FileMetaDataset()
    image.file_meta.FileMetaInformationGroupLength = 9999
    image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    parts = draft_of(image).parts
    assert [part.kind for part in parts.parts] == ["preamble", "prefix", "file meta", "data set"]
    assert (parts.syntax, parts.said) == (ImplicitVRLittleEndian, True)
    meta = parts.part("file meta")
    length = meta.nodes[0]
    assert int.from_bytes(parts.raw[length.start : length.end], "little") == meta.end - length.after


def test_compressed_pixels_are_fragments_or_a_blank():
    from pydicom.encaps import encapsulate

    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    image.PixelData = encapsulate([b"\xff\xd8\xff\xd9"])
    (pixels,) = draft_of(image).parts.part("data set").nodes
    assert [child.kind for child in pixels.children] == ["offset table", "fragment"]
    image.PixelData = bytes(16)
    (blank,) = draft_of(image).blanks[()]
    assert blank.tag == 0x7FE00010


def test_nothing_makes_it_raise():
    data_set = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set.SpecificCharacterSet = "NO SUCH SET"
        data_set.PatientName = "Ö"
        data_set.Rows = ...
        data_set.PixelData = ...
        data_set.PixelRepresentation = ...
        data_set.SmallestImagePixelValue = 3
    draft = draft_of(data_set)
    assert {blank.tag for blank in draft.blanks[()]} == {0x00100010, 0x00280010, 0x00280103, 0x7FE00010}
