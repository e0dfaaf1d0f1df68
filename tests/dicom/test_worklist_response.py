"""What a worklist answer holds, its status, and what the trace says about the query (PS3.4 Annex K)."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from worklist_samples import item, on_the_wire, query, refusal, with_values

import hl7dicom_lab.dicom.worklist_model as model
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_query import check_query, explain_match, matches, response

# What comes back


def test_every_requested_attribute_comes_back_and_nothing_else():
    asked = query(
        PatientName="",
        AdmissionID="",
        ReferringPhysicianName="",
        PatientWeight="",
        PregnancyStatus=None,
        ReferencedStudySequence=Sequence([]),
        Modality="",
        RequestedContrastAgent="",
    )
    status, answer = response(asked, item())
    assert status == 0xFF00
    assert {element.keyword for element in answer} == {element.keyword for element in asked} | {"SpecificCharacterSet"}
    assert answer.PatientName == "Müller^Anna"
    for unknown in ("AdmissionID", "ReferringPhysicianName", "ReferencedStudySequence"):
        assert not answer[unknown].value
    (step,) = answer.ScheduledProcedureStepSequence
    assert {element.keyword: element.value for element in step} == {"Modality": "MR", "RequestedContrastAgent": ""}
    assert data_set.decode(data_set.encode(answer)) == answer


@pytest.mark.parametrize("key", [Sequence([]), Sequence([Dataset()])])
def test_an_empty_sequence_key_brings_the_whole_sequence(key):
    _, answer = response(with_values({"ScheduledProcedureStepSequence": key}, None), item())
    assert answer.ScheduledProcedureStepSequence[0] == item().ScheduledProcedureStepSequence[0]


def test_the_step_sequence_has_exactly_one_item_in_an_answer():
    stored = item()
    stored.ScheduledProcedureStepSequence.append(stored.ScheduledProcedureStepSequence[0])
    _, answer = response(query(Modality="MR"), stored)
    assert len(answer.ScheduledProcedureStepSequence) == 1


def test_an_answer_without_a_step_does_not_hold_the_step():
    _, answer = response(query(PatientID="MRN-1"), item())
    assert model.STEP not in answer


@pytest.mark.parametrize(
    ("declared", "name", "returned"),
    [
        ("ISO_IR 100", "Müller^Anna", "ISO_IR 100"),
        ("ISO_IR 100", "Miller^Anna", "ISO_IR 100"),
        (None, "Miller^Anna", None),
        (None, "Müller^Anna", "ISO_IR 192"),
    ],
)
def test_the_answers_character_set_is_the_items_and_holds_what_it_returns(declared, name, returned):
    _, answer = response(query(PatientName="*"), item(SpecificCharacterSet=declared, PatientName=name))
    assert answer.get("SpecificCharacterSet") == returned
    assert data_set.decode(data_set.encode(answer)).PatientName == name


def test_the_querys_own_character_set_is_no_key():
    _, answer = response(query(SpecificCharacterSet="ISO_IR 100", PatientName=""), item())
    assert answer.SpecificCharacterSet == "ISO_IR 192"


# Keys that are not supported, and keys in the wrong place


@pytest.mark.parametrize("value", ["", "7"])
def test_an_unsupported_optional_key_is_ignored_comes_back_empty_and_turns_the_status_to_ff01(value):
    ds = query(PatientID="MRN-1", StudyID=value)
    assert matches(ds, item())
    status, answer = response(ds, item())
    assert status == 0xFF01
    assert not answer.StudyID
    assert "StudyID" in check_query(ds)[0].what


def test_step_keys_at_the_root_match_everything_and_the_remark_says_where_they_belong():
    ds = with_values({"Modality": "CT", "ScheduledStationAETitle": "NOBODY", "PatientName": ""}, None)
    assert matches(ds, item())
    status, answer = response(ds, item())
    assert status == 0xFF01
    assert not answer.Modality
    (remark,) = check_query(ds)
    assert remark.severity == "warning"
    assert "Modality" in remark.what
    assert "ScheduledStationAETitle" in remark.what
    assert "everything matched" in remark.what
    assert model.STEP in remark.repair
    (verdict,) = (one for one in explain_match(ds, item()) if one.path == "Modality")
    assert (verdict.wanted, verdict.found, verdict.matched) == ("CT", "", True)
    assert "ignored" in verdict.rule


def test_root_keys_inside_the_step_are_told_apart_too():
    ds = with_values({}, {"PatientID": "NOBODY", "Modality": "MR"})
    assert matches(ds, item())
    (remark,) = check_query(ds)
    assert f"{model.STEP}.PatientID" in remark.what
    assert "root" in remark.repair


def test_an_empty_character_set_of_an_item_does_not_come_back():
    _, answer = response(query(PatientName=""), item(SpecificCharacterSet="", PatientName="Miller^Anna"))
    assert "SpecificCharacterSet" not in answer


def test_what_the_table_forbids_to_match_is_only_returned():
    key = with_values({"ReferencedSOPInstanceUID": "1.2"}, None)
    ds = with_values({"PertinentDocumentsSequence": Sequence([key])}, None)
    assert matches(ds, item())
    assert response(ds, item())[0] == 0xFF01
    assert "never matched" in check_query(ds)[0].what
    key.ReferencedSOPInstanceUID = ""
    assert response(ds, item())[0] == 0xFF00


def test_a_private_key_is_not_supported_and_keeps_its_creator():
    ds = query(PatientID="MRN-1")
    ds.private_block(0x0009, "ACME", create=True).add_new(0x01, "LO", "X")
    status, answer = response(on_the_wire(ds), item())
    assert status == 0xFF01
    assert answer[0x0009, 0x0010].value == "ACME"
    assert not answer[0x0009, 0x1001].value


def test_a_time_zone_in_the_query_is_remarked_and_does_not_come_back():
    ds = query(TimezoneOffsetFromUTC="+0100", PatientID="")
    assert "TimezoneOffsetFromUTC" in check_query(ds)[0].what
    assert "TimezoneOffsetFromUTC" not in response(ds, item())[1]


def test_a_key_that_is_sent_as_a_sequence_and_is_none_is_refused():
    ds = query(PatientID="")
    ds.add_new("AccessionNumber", "SQ", Sequence([]))
    assert refusal(ds).keyword == "AccessionNumber"
