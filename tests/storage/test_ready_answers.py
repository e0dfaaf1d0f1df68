"""An answer that was given before is given again for the same bytes only, however little is kept."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.storage.ready_answers import ReadyAnswers


def item(number: int, name: str = "RIVERA^ELENA") -> bytes:
    made, step = Dataset(), Dataset()
    made.PatientID, made.PatientName = f"P{number}", name
    step.Modality = "MR"
    made.ScheduledProcedureStepSequence = [step]
    return data_set.encode(made)


def query(**keys: str) -> CompiledQuery:
    asked = Dataset()
    for keyword in ("PatientID", "PatientName"):
        setattr(asked, keyword, keys.get(keyword, ""))
    return CompiledQuery(asked)


def fresh(asked: CompiledQuery, raw: bytes, syntax: str) -> bytes:
    return write_data_set(asked.response(data_set.read(raw))[1], syntax)


@pytest.mark.parametrize("most", [0, 500, 10_000_000])
def test_it_is_what_a_new_answer_would_be(most: int) -> None:
    ready = ReadyAnswers(most_bytes=most, most_items=3)
    for _ in range(2):
        for number in range(20):
            for asked in (query(), query(PatientID=f"P{number}")):
                for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
                    raw = item(number)
                    assert ready.matches(asked, number, raw)
                    assert ready.identifier(asked, number, raw, syntax) == fresh(asked, raw, syntax)


def test_a_changed_item_is_read_anew() -> None:
    ready, asked = ReadyAnswers(), query(PatientName="RIVERA*")
    before, after = item(1), item(1, "LUNDGREN^ASTRID")
    assert ready.matches(asked, 1, before)
    ready.identifier(asked, 1, before, ImplicitVRLittleEndian)
    assert not ready.matches(asked, 1, after)
    assert b"LUNDGREN" in ready.identifier(asked, 1, after, ImplicitVRLittleEndian)
    assert ready.matches(asked, 1, before), "and back again"
    assert b"RIVERA" in ready.identifier(asked, 1, before, ImplicitVRLittleEndian)


def test_the_same_bytes_are_the_same_edition_and_no_others() -> None:
    ready = ReadyAnswers()
    assert ready.edition(1, item(1)) == ready.edition(1, item(1))
    assert len({ready.edition(1, item(1)), ready.edition(2, item(1)), ready.edition(1, item(2))}) == 3
