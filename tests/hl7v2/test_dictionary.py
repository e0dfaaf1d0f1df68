"""The names of segments, fields and components, in the words of each version."""

from __future__ import annotations

import pytest

from hl7dicom_lab.hl7v2.dictionary import dictionary, in_words
from hl7dicom_lab.hl7v2.segment_names import SEGMENT_NAMES


@pytest.mark.parametrize(
    ("version", "segment", "number", "name", "data_type"),
    [
        ("2.3.1", "PID", 3, "Patient Identifier List", "CX"),
        ("2.3.1", "PID", 8, "Sex", "IS"),
        ("2.5.1", "PID", 8, "Administrative Sex", "IS"),
        ("2.3.1", "PID", 6, "Mother's Maiden Name", "XPN"),
        ("2.3.1", "PID", 19, "SSN Number - Patient", "ST"),
        ("2.3.1", "MSH", 7, "Date/Time of Message", "TS"),
        ("2.3.1", "OBR", 4, "Universal Service ID", "CE"),
        ("2.5.1", "OBR", 4, "Universal Service Identifier", "CE"),
        ("2.3.1", "OBR", 18, "Placer Field 1", "ST"),
        ("2.5.1", "IPC", 1, "Accession Identifier", "EI"),
        ("2.5.1", "IPC", 9, "Scheduled AE Title", "ST"),
        ("2.5.1", "OBX", 20, "Reserved for harmonization with V2.6", ""),
        ("2.3.1", "OBR", 22, "Results Rpt/Status Chng - Date/Time", "TS"),
        ("2.3.1", "OBR", 28, "Result Copies To", "XCN"),
        ("2.3.1", "ORC", 10, "Entered By", "XCN"),
        ("2.3.1", "PD1", 4, "Patient Primary Care Provider Name & ID No.", "XCN"),
        ("2.5.1", "OBX", 23, "Performing Organization Name", "XON"),
        ("2.3.1", "ZDS", 1, "Study Instance UID", "RP"),
    ],
)
def test_a_field_is_called_as_its_version_calls_it(
    version: str, segment: str, number: int, name: str, data_type: str
) -> None:
    found = dictionary(version).field(segment, number)
    assert (found.name, found.data_type) == (name, data_type)


@pytest.mark.parametrize(
    ("version", "data_type", "number", "name"),
    [
        ("2.3.1", "CX", 5, "Identifier Type Code"),
        ("2.3.1", "XPN", 1, "Family Last Name"),
        ("2.5.1", "XPN", 1, "Family Name"),
        ("2.5.1", "FN", 1, "Surname"),
        ("2.3.1", "XPN", 4, "Suffix (e.g. Jr or III)"),
        ("2.3.1", "XCN", 1, "ID Number"),
        ("2.3.1", "ED", 3, "Data Subtype"),
        ("2.3.1", "TQ", 4, "Start Date/Time"),
    ],
)
def test_a_component_is_called_as_its_version_calls_it(version: str, data_type: str, number: int, name: str) -> None:
    assert dictionary(version).component(data_type, number).name == name


def test_what_no_table_has_has_no_name() -> None:
    known = dictionary("2.3.1")
    assert known.field("PID", 31).name == ""
    assert dictionary("2.5.1").field("PID", 31).name == "Identity Unknown Indicator"
    assert known.field("ZZZ", 1).name == ""
    assert not known.knows("IPC")
    assert known.component("ST", 2).name == ""


@pytest.mark.parametrize(
    ("asked", "used"),
    [("2.3.1", "2.3.1"), ("2.2", "2.3.1"), ("2.4", "2.5.1"), ("2.7", "2.5.1"), ("", "2.3.1"), ("3.0", "2.3.1")],
)
def test_another_version_is_read_by_the_nearest_table(asked: str, used: str) -> None:
    assert dictionary(asked).version == used


def test_the_simpler_form_of_a_data_type_is_shown_by_its_name() -> None:
    quantity = dictionary("2.3.1").component("TQ", 1)
    assert (quantity.data_type, quantity.type_name) == ("CQ_SIMPLE", "CQ")


def test_every_segment_of_the_course_has_a_name() -> None:
    names = {"MSH", "EVN", "PID", "PV1", "AL1", "ORC", "OBR", "OBX", "NTE", "ZDS", "TQ1", "IPC", "MSA", "ERR"}
    assert names <= SEGMENT_NAMES.keys()


def test_every_field_of_both_tables_is_in_words() -> None:
    for version in ("2.3.1", "2.5.1"):
        known = dictionary(version)
        fields = [known.field(name, one) for name in SEGMENT_NAMES for one in range(1, known.last_field(name) + 1)]
        assert len(fields) > 1000
        assert all(entry.name and "_" not in entry.name for entry in fields)


def test_a_name_keeps_its_capitals() -> None:
    assert in_words("SET_ID_OBX", "OBX") == "Set ID - OBX"
    assert in_words("OBSERVATION_SUB_ID") == "Observation Sub-ID"
