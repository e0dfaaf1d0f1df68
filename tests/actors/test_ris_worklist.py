"""What the RIS says about a worklist query: remarks in the trace, and why it finds what it finds."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom import AE

from hl7dicom_lab import Lab, story
from hl7dicom_lab.dicom.sop_classes import MODALITY_WORKLIST_FIND
from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL
from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.model import StepStatus
from hl7dicom_lab.story_day import TODAY, TOMORROW


def keys(**root: str) -> Dataset:
    query = Dataset()
    query.PatientName = ""
    query.AccessionNumber = ""
    query.ScheduledProcedureStepSequence = [Dataset()]
    for keyword, value in root.items():
        setattr(query, keyword, value)
    return query


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"Modality": "CT"}, "ScheduledProcedureStepSequence"), ({"QueryRetrieveLevel": "PATIENT"}, "QueryRetrieveLevel")],
)
def test_a_key_in_the_wrong_place_is_answered_and_explained(wrong: dict[str, str], named: str) -> None:
    with Lab() as lab:
        lab.emr.place(story.order())
        items = lab.modality.query(keys(**wrong))
        assert [str(item.PatientName) for item in items] == ["Rivera^Elena^Maria^Ms"]
        remarks = [remark for row in lab.trace.rows(system="RIS", protocol="DICOM") for remark in row.remarks]
    assert any(named in f"{one.what} {one.rule} {one.repair}" for one in remarks)
    assert all(one.severity != "error" for one in remarks)


# lab.ris.explain


@pytest.fixture(scope="module")
def full_lab() -> Iterator[Lab]:
    """A day on the worklist, with steps in every status."""
    with Lab() as lab:
        placed = [lab.emr.place(booking.order())[0] for booking in (*TODAY, TOMORROW)]
        lab.emr.check_in(TODAY[0].patient, TODAY[0].visit)
        accessions = [item.accession_number for item in lab.ris.steps()]
        lab.ris.start_step(accessions[1])
        lab.ris.start_step(accessions[2])
        lab.ris.complete_step(accessions[2])
        lab.emr.cancel(placed[-1])
        yield lab


_VALUES = {
    "PatientName": ["", "*", "R*", "rivera*", "*^E*", "Rivera, Elena", "?ivera*", "M?ller^J*", "田中*", "=*"],
    "PatientID": ["", "*", "NG-100237", "NG-1"],
    "AccessionNumber": ["", "NG*", "NG00000?", "NG000002", "ng000002"],
    "Modality": ["", "MR", "CT", "MRI"],
    "ScheduledStationAETitle": ["", "NORTHGATE_MR1", "NORTHGATE_CT1", "CT1"],
    "ScheduledProcedureStepStartDate": ["", "20260302", "20260302-20260303", "-20260302", "20260303-"],
    "ScheduledProcedureStepStartTime": ["", "10", "0900-1100", "-1030", "1000-"],
    "ScheduledProcedureStepStatus": ["", "ARRIVED", "S*", "COMPLETED"],
    "ScheduledProtocolCodeSequence.CodeValue": ["", "BRAIN-T1", "*T1", "X"],
    "PatientSex": ["", "F"],
}


@settings(max_examples=60, deadline=None)
@given(
    asked=st.fixed_dictionaries({"AccessionNumber": st.sampled_from(_VALUES["AccessionNumber"])}, optional={
        path: st.sampled_from(values) for path, values in _VALUES.items() if path != "AccessionNumber"
    }),
    declared=st.booleans(),
    at_the_root=st.booleans(),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")  # pydicom's, for keys that are no values and for characters that are lost
def test_the_steps_that_answer_are_those_that_the_wire_returns(
    full_lab: Lab, asked: dict[str, str], declared: bool, at_the_root: bool
) -> None:
    query = Dataset()
    if declared:
        query.SpecificCharacterSet = "ISO_IR 192"
    for path, value in asked.items():
        inside = f"{STEP}.{path}" in WORKLIST_MODEL and not (at_the_root and path == "Modality")
        put(query, f"{STEP}.{path}" if inside else path, value)
    explained = full_lab.ris.explain(query)
    address = full_lab.ris.worklist
    scanner = AE(ae_title="SCANNER")
    scanner.add_requested_context(MODALITY_WORKLIST_FIND)
    assoc = scanner.associate(address.host, address.port, ae_title=address.ae_title)
    try:
        answers = list(assoc.send_c_find(query, MODALITY_WORKLIST_FIND))
    finally:
        assoc.release()
    assert f"0x{answers[-1][0].Status:04X}" == (explained.problem.status if explained.problem else "0x0000")
    got = sorted(item.AccessionNumber for _, item in answers if item is not None)
    assert got == sorted(step.item.accession_number for step in explained.answering)


def test_explain_takes_keys_wherever_they_stand_and_says_what_has_left(full_lab: Lab) -> None:
    explained = full_lab.ris.explain(PatientName="*", Modality="MR")
    assert {step.item.modality for step in explained.answering} == {"MR"}
    statuses = {step.item.status for step in explained.steps}
    assert {StepStatus.COMPLETED, StepStatus.CANCELED, StepStatus.STARTED, StepStatus.ARRIVED} <= statuses
    assert "has left the worklist" in explained.text()


def test_explain_without_a_query_shows_the_refusal_of_one_that_asks_for_nothing(full_lab: Lab) -> None:
    assert "asks for no attribute" in full_lab.ris.explain().text()
