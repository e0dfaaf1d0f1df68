"""Attributes by their paths: put, got, made into a data set at once, and a copy that leaves the original alone."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.mapping.attributes import copied, data_set_of, get, put, remove, shown
from hl7dicom_lab.mapping.table import STEP

VALUES = {
    "PatientID": "NG-1",
    "PatientName": "Rivera^Elena",
    f"{STEP}.Modality": "MR",
    "MedicalAlerts": ["latex", "pacemaker"],
    "PregnancyStatus": 3,
    f"{STEP}.ScheduledStationAETitle": ["MR1", "MR2"],
    "PatientWeight": "64",
    "OtherPatientIDsSequence.PatientID": "X",
}


def one_by_one() -> Dataset:
    made = Dataset()
    for path, value in VALUES.items():
        put(made, path, value)
    return made


def test_a_data_set_made_at_once_is_the_one_that_is_put_together():
    assert data_set_of(VALUES) == one_by_one()
    assert data_set.encode(data_set_of(VALUES)) == data_set.encode(one_by_one())
    assert data_set_of({}) == Dataset()


def test_a_keyword_that_does_not_exist_is_named():
    with pytest.raises(KeyError, match="PatientIdentity"):
        data_set_of({"PatientIdentity": "NG-1"})


@pytest.mark.parametrize("path", VALUES)
def test_what_was_put_is_got_also_from_bytes(path):
    read = data_set.read(data_set.encode(data_set_of(VALUES)))
    assert get(read, path) == get(one_by_one(), path)
    remove(read, path)
    assert get(read, path) is None


@pytest.mark.parametrize("read", [False, True])
def test_a_copy_leaves_the_original_alone(read):
    original = data_set_of(VALUES)
    if read:
        original = data_set.read(data_set.encode(original))
    before = data_set.encode(data_set_of(VALUES))
    twin = copied(original, STEP)
    for path in (f"{STEP}.Modality", f"{STEP}.ScheduledProcedureStepID", "PatientID", "AccessionNumber"):
        put(twin, path, "CT")
    remove(twin, "PatientName")
    remove(twin, f"{STEP}.ScheduledStationAETitle")
    assert data_set.encode(original) == before
    assert get(twin, f"{STEP}.Modality") == "CT"


def test_a_copy_without_the_sequence_may_get_one():
    original = data_set_of({"PatientID": "NG-1"})
    twin = copied(original, STEP)
    put(twin, f"{STEP}.Modality", "MR")
    assert get(twin, f"{STEP}.Modality") == "MR"
    assert STEP not in original


@pytest.mark.parametrize(
    ("path", "words"),
    [("PatientName", "Rivera^Elena"), ("MedicalAlerts", "latex\\pacemaker"), ("OtherPatientIDsSequence", "X")],
)
def test_a_value_is_shown_in_one_line(path, words):
    assert shown(get(one_by_one(), path)) == words
