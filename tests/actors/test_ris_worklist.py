"""What the RIS says in the trace about a worklist query that is answered all the same."""

import pytest
from pydicom.dataset import Dataset

from hl7dicom_lab import Lab, story


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
