from __future__ import annotations

import re
from copy import deepcopy

import pytest
from pydicom import Dataset, dcmread

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.views.data_set.comparison import DataSetComparison
from hl7dicom_lab.views.look import compare

FOLDER = data_folder() / "mr_brain"


def differing(view):
    """Each difference: label, mark, left and right."""
    found = []
    for pair in view.pairs:
        if pair.counts:
            left = view.left.lines[pair.left].value if pair.left is not None else None
            right = view.right.lines[pair.right].value if pair.right is not None else None
            found.append((pair.line(view.left, view.right).label, pair.mark, left, right))
    return found


def test_two_slices_of_one_series():
    view = compare(FOLDER / "slice_01.dcm", FOLDER / "slice_02.dcm")
    found = {label: (left, right) for label, _, left, right in differing(view)}
    assert found["(0020,0013)"] == ("1", "2")
    pixels = found["(7FE0,0010)"]
    assert pixels[0].endswith("= 131,072 bytes")
    assert pixels[1].endswith(" of 131,072 bytes differ"), "said once"
    assert set(found) == {"(0020,0013)", "(0020,0032)", "(0020,1041)", "(7FE0,0010)"}
    assert repr(view).endswith(": 4 differences>")
    assert "4 differences" in str(view)
    lines = str(view).splitlines()
    heading = next(line for line in lines if line.endswith("Right") and "Left" in line)
    assert lines[-1].index(pixels[1]) == heading.index("Right"), "below a long value, and in its own column"
    assert "bytes differ" in view.html()


def test_before_and_after_tagging():
    before = dcmread(FOLDER / "slice_01.dcm")
    after = deepcopy(before)
    after.PatientName, after.SeriesDescription = "Rivera^Elena", "changed"
    request = Dataset()
    request.AccessionNumber = "NG000001"
    after.RequestAttributesSequence = [request]
    assert differing(DataSetComparison.of(before, after)) == [
        ("(0008,103E)", "different", "T1 axial 6 mm", "changed"),
        ("(0010,0010)", "right only", None, "Rivera^Elena"),
        ("(0040,0275)", "right only", None, "1 item"),
    ]


def test_items_are_paired_by_their_number_and_named_with_their_way():
    def with_codes(*codes):
        data_set, items = Dataset(), []
        for code in codes:
            items.append(Dataset())
            items[-1].CodeValue = code
        data_set.ProcedureCodeSequence = items
        return data_set

    view = DataSetComparison.of(with_codes("A", "B"), with_codes("A", "C", "D"))
    assert [(label, mark) for label, mark, _, _ in differing(view)] == [
        ("(0008,0100)", "different"),
        ("Item 3", "right only"),
    ]
    assert "(0008,1032) Item 2 (0008,0100)" in str(view)


def test_a_query_against_its_answer():
    query, answer = Dataset(), Dataset()
    query.PatientName, query.PatientID, query.Modality = "RIV*", "", "MR"
    answer.PatientName, answer.PatientID, answer.Modality = "Rivera^Elena", "NG-100237", "MR"
    found = {label: mark for label, mark, _, _ in differing(DataSetComparison.of(query, answer))}
    assert found == {"(0010,0010)": "different", "(0010,0020)": "different"}


def test_private_elements_are_paired_by_creator_not_by_block():
    one, other = Dataset(), Dataset()
    one.private_block(0x0019, "ACME", create=True).add_new(1, "LO", "same")
    other.private_block(0x0019, "OTHER", create=True).add_new(1, "LO", "else")
    other.private_block(0x0019, "ACME", create=True).add_new(1, "LO", "same")
    view = DataSetComparison.of(one, other)
    marks = {pair.line(view.left, view.right).name: pair.mark for pair in view.pairs}
    assert marks["private to ACME"] == "same"
    assert marks["private to OTHER"] == "right only"


def test_the_same_in_another_transfer_syntax_is_the_same():
    image = dcmread(FOLDER / "slice_01.dcm")
    explicit, implicit = (write_data_set(image, f"1.2.840.10008.1.2{end}") for end in (".1", ""))
    assert explicit != implicit
    assert differing(DataSetComparison.of(explicit, implicit)) == []


def test_a_message_and_a_data_set_are_not_compared():
    with pytest.raises(NotFound, match="HL7 message"):
        compare(b"MSH|^~\\&|A", FOLDER / "slice_01.dcm")


def test_a_value_that_one_side_has_empty_is_told_from_one_that_is_not_there():
    left, right = Dataset(), Dataset()
    left.PatientName, right.PatientName = "", "Rivera^Elena"
    right.PatientID = "NG-100237"
    view = compare(left, right)
    name, number = (line for line in str(view).splitlines() if "(0010," in line)
    assert re.search(r"PatientName +\(empty\)", name)
    assert re.search(r"PatientID +\(not there\)", number)
    assert "(empty)" in view.html()
