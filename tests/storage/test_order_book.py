"""The order book finds what the standard's matching finds, however it narrows the search."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_index import index_entry
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.mapping.order_to_worklist import MappedOrder, worklist_item
from hl7dicom_lab.model import Origin, StepStatus
from hl7dicom_lab.storage.order_book import OrderBook, _search

STEP = "ScheduledProcedureStepSequence"
IN_STEP = (
    "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
    "ScheduledProcedureStepID", "ScheduledProcedureStepStatus", "ScheduledPerformingPhysicianName",
)  # fmt: skip


def ds(**values) -> Dataset:
    """A data set; what belongs into the step goes there. Values are taken as they are, ranges and wild cards too."""
    made, step = Dataset(), Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in values.items():
        place = step if keyword in IN_STEP else made
        place.add(DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE))
    made.ScheduledProcedureStepSequence = [step]
    return made


NAMES = (
    "Rivera^Elena^Maria^Ms",
    "RIVERA^Elena",
    "Núñez^Ana",
    "Nunez^Ana",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Ri^*",
    "",
)
DAYS = ("20260301", "20260302", "20260303", "")
TIMES = ("0930", "093000", "235959.5", "00", "")
TITLES = (["MR1"], ["MR1", "MR2"], ["CT1"], ["mr1"])


def every_item():
    """Items of all kinds: names in several writings, steps without time or date, several stations."""
    kinds = itertools.product(NAMES, DAYS, TIMES)
    for number, (name, day, time) in enumerate(kinds):
        yield ds(
            PatientName=name,
            PatientID=" " * (number % 3 == 0) + f"NG-{number % 9}" + " " * (number % 2),
            AccessionNumber=f"A{number:03d}",
            StudyInstanceUID=f"1.2.{number % 20}",
            RequestedProcedureID=("RP1", "RP10", "rp1", "")[number % 4],
            ScheduledProcedureStepStartDate=day,
            ScheduledProcedureStepStartTime=time,
            Modality=("MR", "CT", "US")[number % 3],
            ScheduledStationAETitle=TITLES[number % 4],
            ScheduledProcedureStepID=f"S{number % 7}",
            ScheduledProcedureStepStatus=("SCHEDULED", "ARRIVED", "STARTED", "COMPLETED", "CANCELED")[number % 5],
        )


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    with closing(OrderBook(tmp_path_factory.mktemp("book") / "orders.sqlite", durable=False)) as opened:
        with opened.database.transaction():
            for item in every_item():
                opened.import_item(item)
        yield opened


def without_narrowing(book, query):
    """What the matching finds in the whole worklist."""
    compiled = CompiledQuery(query)
    for row in book.database.rows("SELECT data_set FROM step WHERE on_worklist = 1 ORDER BY start, id"):
        item = data_set.read(row["data_set"])
        if compiled.matches(item):
            yield compiled.response(item)


keys = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": st.sampled_from(
            [
                "",
                "*",
                "Rivera*",
                "rivera^ELENA",
                "Riv*",
                "Nu?ez*",
                "NÚÑEZ^ana",
                "=山田*",
                "山田^太郎",
                "==やまだ*",
                "?*",
                "Ri^",
            ]
        ),
        "PatientID": st.sampled_from(["", "NG-1", "ng-1", "NG-1 ", "NG-99"]),
        "AccessionNumber": st.sampled_from(["", "A001", "a001", "A1"]),
        "StudyInstanceUID": st.sampled_from(["", "1.2.3", ["1.2.3", "1.2.4"], "1.2.99"]),
        "RequestedProcedureID": st.sampled_from(["", "RP1", "RP1*", "rp?", "*"]),
        "ScheduledProcedureStepStartDate": st.sampled_from(
            ["", "20260302", "20260302-", "-20260302", "20260301-20260302", "20260303-20260303", "20260305"]
        ),
        "ScheduledProcedureStepStartTime": st.sampled_from(["", "0930", "09-10", "0930-", "-12", "0930-235959.9"]),
        "Modality": st.sampled_from(["", "MR", "CT", "XX"]),
        "ScheduledStationAETitle": st.sampled_from(["", "MR1", "MR2", "CT1", "NONE"]),
        "ScheduledProcedureStepID": st.sampled_from(["", "S1", "S*", "S?"]),
        "ScheduledProcedureStepStatus": st.sampled_from(["", "ARRIVED", "SCHEDULED"]),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys)
def test_narrowing_the_search_changes_nothing(book, wanted):
    query = ds(**wanted)
    assert list(book.find(query)) == list(without_narrowing(book, query))


@pytest.mark.parametrize(
    ("wanted", "most"),
    [
        ({"PatientID": "NG-1"}, 20),
        ({"AccessionNumber": "A001"}, 1),
        ({"ScheduledProcedureStepStartDate": "20260302", "Modality": "MR"}, 30),
        ({"PatientName": "yamada*"}, 40),
        ({"ScheduledStationAETitle": "CT1"}, 50),
    ],
)
def test_what_people_ask_for_is_narrowed(book, wanted, most):
    assert len(book._candidates(CompiledQuery(ds(**wanted)))) <= most


def test_answers_come_by_start(book):
    query = ds(ScheduledProcedureStepStartDate="20260302-", ScheduledProcedureStepStartTime="", PatientName="Núñez^Ana")
    steps = [item.ScheduledProcedureStepSequence[0] for _, item in book.find(query)]
    starts = [one.ScheduledProcedureStepStartDate + one.ScheduledProcedureStepStartTime for one in steps]
    assert starts == sorted(starts, key=lambda start: start.ljust(14, "0"))
    assert len(starts) > 3


def test_only_steps_that_a_scanner_may_see_are_answered(book):
    seen = {status for item in book.worklist() for status in [item.status]}
    assert seen == {StepStatus.SCHEDULED, StepStatus.ARRIVED, StepStatus.STARTED}
    assert list(book.find(ds(ScheduledProcedureStepStatus="COMPLETED"))) == []
    assert len(book.steps()) > len(book.worklist())


def test_a_query_that_the_standard_forbids_is_refused(book):
    with pytest.raises(DicomFault) as caught:
        list(book.find(ds(ScheduledProcedureStepStartDate="2026*")))
    assert caught.value.status == 0xA900


# ---- keeping


@pytest.fixture
def own_book(tmp_path):
    with closing(OrderBook(tmp_path / "orders.sqlite", durable=False)) as opened:
        yield opened


def item(number=1, **values):
    return ds(PatientName="Rivera^Elena", PatientID="NG-1", AccessionNumber=f"A{number}", Modality="MR", **values)


def test_a_step_comes_back_as_it_was_entered(own_book):
    origin = Origin("PatientName", "Rivera^Elena", "PID-5", "Rivera^Elena", "XPN to PN")
    entered = own_book.add(worklist_item(MappedOrder(item(PatientSex="F"), (), (origin,), ("a warning",))))
    (kept,) = own_book.steps(accession_number="A1")
    assert kept == entered
    assert kept.item.origins == (origin,)
    assert kept.item.warnings == ("a warning",)
    assert data_set.decode(kept.item.data_set).PatientSex == "F"


def test_the_named_fields_say_what_the_data_set_says(book):
    steps = book.steps()
    assert len(steps) == len(NAMES) * len(DAYS) * len(TIMES)
    for step in steps:
        decoded = worklist_item(MappedOrder(data_set.decode(step.item.data_set)))
        kept = {"data_set": step.item.data_set, "patient_id": decoded.patient_id.strip()}  # PS3.5 section 6.2: padding
        assert step.item == replace(decoded, **kept)


def test_a_step_without_a_step_sequence_has_empty_fields(own_book):
    own_book.import_item(Dataset())
    (kept,) = own_book.steps()
    assert (kept.item.modality, kept.item.start, kept.item.station_ae_titles) == ("", "", ())
    assert kept.item.status is StepStatus.SCHEDULED


@pytest.mark.parametrize(
    "made", [*itertools.islice(every_item(), 0, None, 7), ds(PatientName="^=A==", PatientID="A\\B")]
)
def test_a_data_set_at_hand_is_indexed_as_its_bytes_are(made):
    assert index_entry(made) == index_entry(data_set.read(data_set.encode(made)))


def test_a_step_entered_with_its_data_set_is_found_as_one_without(own_book, tmp_path):
    made = ds(PatientID="NG-1", PatientName="Núñez^Ana", Modality="MR", ScheduledStationAETitle=["MR1", "MR2"])
    entered = worklist_item(MappedOrder(made))
    with closing(OrderBook(tmp_path / "other.sqlite", durable=False)) as other:
        own_book.add(entered, made)
        other.add(entered)
        for table in ("step", "step_value"):
            rows = [[tuple(row) for row in one.database.rows(f"SELECT * FROM {table}")] for one in (own_book, other)]
            assert rows[0] == rows[1]


def test_the_book_knows_which_values_are_taken(own_book):
    own_book.import_item(item(1))
    assert own_book.has("accession_number", "A1")
    assert not own_book.has("accession_number", "A2")
    with pytest.raises(ValueError, match="no column data_set"):
        own_book.has("data_set", "")


def test_steps_are_found_by_their_columns(own_book):
    for number in (1, 2, 3):
        own_book.import_item(item(number))
    assert [step.item.accession_number for step in own_book.steps(patient_id="NG-1")] == ["A1", "A2", "A3"]
    assert [step.number for step in own_book.steps(patient_id="NG-1", accession_number="A2")] == [2]
    assert own_book.steps(modality="CT") == ()
    with pytest.raises(ValueError, match="shoe_size"):
        own_book.steps(shoe_size="42")


def test_a_changed_step_is_found_by_its_new_values_only(own_book):
    step = own_book.import_item(item(ScheduledStationAETitle=["MR1"]))
    changed = item(ScheduledStationAETitle=["MR2"])
    changed.PatientName = "Lind^Elena"
    own_book.replace(step.number, worklist_item(MappedOrder(changed)))
    assert len(own_book.steps()) == 1
    assert list(own_book.find(ds(PatientName="Rivera*"))) == []
    assert list(own_book.find(ds(ScheduledStationAETitle="MR1"))) == []
    assert len(list(own_book.find(ds(PatientName="Lind*", ScheduledStationAETitle="MR2")))) == 1


@pytest.mark.parametrize("status", list(StepStatus))
def test_a_step_moves_on_and_says_what_moved_it(own_book, status):
    step = own_book.import_item(item())
    moved = own_book.set_status(step, status, "the technologist")
    assert own_book.steps() == (moved,)
    assert moved.item.status is status
    assert [origin.source for origin in moved.item.origins] == ["the technologist"]
    assert bool(own_book.worklist()) is status.on_worklist


def test_it_is_there_after_a_restart(tmp_path):
    with closing(OrderBook(tmp_path / "orders.sqlite", durable=True)) as first:
        entered = first.import_item(item())
    with closing(OrderBook(tmp_path / "orders.sqlite", durable=True)) as second:
        assert second.steps() == (entered,)


def test_of_a_transaction_that_fails_nothing_is_kept(own_book):
    step = own_book.import_item(item(1))

    def fail():
        with own_book.database.transaction():
            own_book.import_item(item(2))
            own_book.set_status(step, StepStatus.CANCELED, "ORC-1 CA")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert own_book.steps() == (step,)
    assert len(list(own_book.find(ds(PatientName="")))) == 1


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        ({"PatientID": "P1"}, "step_patient"),
        ({"AccessionNumber": "A1"}, "step_accession"),
        ({"PatientID": "P1", "Modality": "MR"}, "step_patient"),
        ({"Modality": "MR", "ScheduledProcedureStepStartDate": "20260302"}, "step_when"),
        ({"PatientName": "RIVERA*"}, "sqlite_autoindex_step_value_1|PRIMARY KEY"),
        ({}, "step_start"),
    ],
)
def test_a_search_reads_the_steps_that_its_keys_name_and_not_all(tmp_path, keys, index):
    with closing(OrderBook(tmp_path / "book.sqlite", durable=False)) as book:
        for number in range(200):
            book.import_item(
                ds(PatientID=f"P{number}", AccessionNumber=f"A{number}", PatientName="RIVERA", Modality="MR")
            )
        statement, values = _search(CompiledQuery(ds(**keys)).narrowing)
        plan = [row["detail"] for row in book.database.rows(f"EXPLAIN QUERY PLAN {statement}", values)]
        assert any(name in line for line in plan for name in index.split("|")), plan
        assert not any(line.startswith("SCAN step") for line in plan), plan
