"""The RIS's desk: what it numbers, what it shows, what it moves on. Its answers to messages are in the other tests."""

from __future__ import annotations

import pytest
from hl7_text import order
from mllp_client import MllpClient
from pydicom import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.errors import CannotBuild, NotFound, Refused
from hl7dicom_lab.lab import Lab


@pytest.fixture
def lab():
    with Lab() as running:
        yield running


def place(lab, **fields):
    """An order whose fields are set by path, `OBR_18="A1"`; its placer number."""
    message = order()
    for path, value in fields.items():
        message.put(path.replace("_", "-"), value)
    with MllpClient(lab.ris.hl7) as client:
        assert client.ask(message.bytes()).code == "AA"
    return message.placer


def test_the_ris_numbers_what_the_order_leaves_to_it(lab):
    place(lab)
    place(lab, OBR_18="OWN-1", OBR_19="OWN-2", OBR_20="OWN-3", ORC_3="OWN-4", ZDS_1="1.2.3")
    place(lab)
    first, given, second = sorted(lab.ris.steps(), key=lambda step: step.placer_order_number)
    assert (first.accession_number, second.accession_number) == ("NG000001", "NG000002")
    assert (first.requested_procedure_id, second.requested_procedure_id) == ("RP000001", "RP000002")
    assert (first.scheduled_procedure_step_id, first.filler_order_number) == ("SPS000001", "F000001")
    assert first.study_instance_uid != second.study_instance_uid
    assert (given.accession_number, given.requested_procedure_id) == ("OWN-1", "OWN-2")
    assert (given.scheduled_procedure_step_id, given.filler_order_number) == ("OWN-3", "OWN-4")
    assert given.study_instance_uid == "1.2.3"
    made = {
        origin.attribute.rpartition(".")[2] for origin in first.origins if origin.source == "made by the order filler"
    }
    assert {"AccessionNumber", "RequestedProcedureID", "StudyInstanceUID", "ScheduledProcedureStepID"} <= made


def test_a_number_that_an_order_brought_along_is_not_made_again(lab):
    place(lab, OBR_18="NG000001", OBR_19="RP000001", OBR_20="SPS000001", ORC_3="F000001", PID_3="NG-9^^^NORTHGATE^MR")
    placer = place(lab)
    (step,) = lab.ris.order_book.steps(placer_order_number=placer)
    item = step.item
    assert (item.accession_number, item.requested_procedure_id) == ("NG000002", "RP000002")
    assert (item.scheduled_procedure_step_id, item.filler_order_number) == ("SPS000002", "F000002")


def test_the_worklist_stands_in_the_order_of_the_day(lab):
    late, early = place(lab, ORC_7="^^^20260302110000^^R"), place(lab, ORC_7="^^^20260302083000^^R")
    assert [step.placer_order_number for step in lab.ris.steps()] == [early, late]


@pytest.mark.parametrize("station", story.STATIONS, ids=lambda station: station.modality)
def test_every_station_gets_its_steps(lab, station):
    place(lab, OBR_24=station.modality)
    (step,) = lab.ris.steps()
    assert step.station_ae_titles == (station.ae_title,)
    (item,) = lab.modalities[station.modality].query()
    assert item.ScheduledProcedureStepSequence[0].ScheduledStationName == station.name
    assert [len(scanner.query()) for scanner in lab.modalities.values()].count(0) == len(story.STATIONS) - 1


@pytest.mark.parametrize(("kind", "path"), [("ORM", "OBR-24"), ("OMI", "IPC-5")])
@pytest.mark.parametrize(("modality", "error"), [("EEG", 103), ("", 101)])
def test_a_modality_that_the_department_does_not_have_is_refused(lab, kind, path, modality, error):
    message = order(kind).put(path, modality)
    with MllpClient(lab.ris.hl7) as client:
        answer = client.ask(message.bytes())
    assert (answer.code, answer.error, answer.location) == ("AE", error, path.replace("-", "^1^"))
    assert "MR" in answer.field("ERR-7")
    assert lab.ris.steps() == ()


def test_an_order_without_a_start_is_scheduled_for_now(lab):
    place(lab, ORC_7="", OBR_27="")
    (step,) = lab.ris.steps()
    assert step.start == f"{lab.clock.now():%Y%m%d%H%M%S}"
    assert any("scheduled for now" in warning for warning in step.warnings)


def test_the_technologist_moves_a_step_on(lab):
    place(lab, OBR_18="A-1")
    assert lab.ris.step("A-1").status == "SCHEDULED"
    before = lab.clock.now()
    assert lab.ris.start_step("A-1").status == "STARTED"
    (item,) = lab.modality.query()
    assert item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus == "STARTED"
    assert lab.ris.complete_step("A-1").status == "COMPLETED"
    assert lab.clock.now() > before
    assert lab.modality.query() == ()
    assert lab.ris.steps() == ()
    assert lab.ris.step("A-1").status == "COMPLETED"


def test_the_desk_takes_a_completion_back_and_says_why(lab):
    place(lab, OBR_18="A-1")
    with pytest.raises(NotFound, match="no step of 'A-1' is completed"):
        lab.ris.reopen_step("A-1", by="the desk", because="a slip")
    lab.ris.complete_step("A-1")
    for nothing in (" ", None, ...):
        with pytest.raises(CannotBuild) as caught:
            lab.ris.reopen_step("A-1", by="the desk", because=nothing)
        assert caught.value.where == "because"
    assert lab.ris.step("A-1").status == "COMPLETED"
    step = lab.ris.reopen_step("A-1", by="the desk", because="another patient was scanned")
    assert step.status == "SCHEDULED"
    (origin,) = [one for one in step.origins if one.attribute.endswith("ScheduledProcedureStepStatus")]
    assert origin.source == "the desk: another patient was scanned"
    assert [item.AccessionNumber for item in lab.modality.query()] == ["A-1"]


@pytest.mark.parametrize("what", ["step", "start_step", "complete_step"])
def test_an_unknown_examination_says_where_to_look(lab, what):
    with pytest.raises(NotFound, match="NOWHERE") as caught:
        getattr(lab.ris, what)("NOWHERE")
    assert "lab.ris.steps()" in caught.value.next_step
    with pytest.raises(NotFound, match="Ellipsis"):
        getattr(lab.ris, what)(...)


def test_the_worklist_answers_only_under_its_own_name(lab):
    query = Dataset()
    query.PatientName = ""
    assert lab.modality.query(query) == ()
    wrong = Dataset()
    wrong.ScheduledProcedureStepSequence = [Dataset()]
    wrong.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate = "20260302"
    wrong.StudyInstanceUID = "1.2.*"
    with pytest.raises(Refused) as caught:
        lab.modality.query(wrong)
    assert caught.value.answer == "0xA900"
