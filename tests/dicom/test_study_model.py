import re
from pathlib import Path

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword

from hl7dicom_lab.dicom.study_model import STUDY_ROOT, level_of

CONFORMANCE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


def test_the_levels_and_their_unique_and_required_keys_are_those_of_the_standard():
    assert [(level.name, level.unique, level.required) for level in STUDY_ROOT] == [
        (
            "STUDY",
            "StudyInstanceUID",
            ("StudyDate", "StudyTime", "AccessionNumber", "PatientName", "PatientID", "StudyID"),
        ),
        ("SERIES", "SeriesInstanceUID", ("Modality", "SeriesNumber")),
        ("IMAGE", "SOPInstanceUID", ("InstanceNumber",)),
    ]


@pytest.mark.parametrize("level", STUDY_ROOT, ids=lambda level: level.name)
def test_every_key_is_an_attribute_of_one_level_and_no_sequence(level):
    assert len(set(level.keys)) == len(level.keys)
    for keyword in level.keys:
        tag = tag_for_keyword(keyword)
        assert tag is not None, keyword
        assert dictionary_VR(tag) != "SQ"
        assert level_of(keyword) is level


def test_an_attribute_that_is_no_key_has_no_level():
    assert level_of("PatientWeight") is None


def test_the_conformance_page_lists_the_keys():
    text = CONFORMANCE.read_text(encoding="utf-8")
    listed = {
        name: (unique, set(required.split(", ")), set(optional.split(", ")))
        for name, unique, required, optional in re.findall(
            r"^\| (STUDY|SERIES|IMAGE) \| (\w+) \| ([\w, ]+) \| ([\w, ]+) \|$", text, re.M
        )
    }
    assert listed == {level.name: (level.unique, set(level.required), set(level.optional)) for level in STUDY_ROOT}
