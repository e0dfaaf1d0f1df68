"""The cycle benchmark from end to end: both departments take patients the whole way, and a step that fails is told."""

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from benchmarks import cycle
from benchmarks.bench import Bench
from benchmarks.one_image import encoded, tagged
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.dicom.writing import write_data_set


@pytest.mark.interop
def test_both_departments_take_patients_the_whole_way(tmp_path):
    outcomes = list(cycle.measure(Bench(tmp_path, rounds=1, scale=0.05)))
    assert [one.goal for one in outcomes] == ["D"] * 2
    assert all(one.own and one.other for one in outcomes)


def test_what_is_not_taken_ends_the_run():
    cycle.demand(True, "the order")
    with pytest.raises(RuntimeError, match="the order was not taken"):
        cycle.demand(False, "the order")


def test_a_value_is_read_from_an_answer():
    answer = b"\x08\x00\x50\x00\x08\0\0\0NG000001\x10\x00\x20\x00\x04\0\0\0P1  "
    assert cycle.value(b"\x08\x00\x50\x00", answer) == "NG000001"
    assert cycle.value(b"\x10\x00\x20\x00", answer) == "P1"
    assert cycle.value(b"\x20\x00\x0d\x00", answer) == ""


def test_the_image_made_by_hand_is_the_one_made_by_pydicom():
    made = tagged(7, "NG-000007", "NG000007", "2.25.77")
    by_hand = read_data_set(encoded(7, "NG-000007", "NG000007", "2.25.77"), ImplicitVRLittleEndian)
    assert by_hand == read_data_set(write_data_set(made, ImplicitVRLittleEndian), ImplicitVRLittleEndian)
