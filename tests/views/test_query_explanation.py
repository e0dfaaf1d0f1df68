"""The explanation of a worklist query: what it says of steps and keys, in text, HTML and state."""

from __future__ import annotations

import json
import warnings
from html.parser import HTMLParser
from typing import Any

import pytest
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from rich.cells import cell_len

from hl7dicom_lab.dicom.worklist_model import STEP, WORKLIST_MODEL
from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.mapping.order_to_worklist import MappedOrder, worklist_item
from hl7dicom_lab.model import WorklistItem
from hl7dicom_lab.views.query import words
from hl7dicom_lab.views.query.explanation import QueryExplanation, with_keys

_DEFAULTS = {
    "SpecificCharacterSet": "ISO_IR 192",
    "PatientName": "Rivera^Elena",
    "PatientID": "NG-1",
    "AccessionNumber": "NG000001",
    "Modality": "MR",
    "ScheduledStationAETitle": "MR1",
    "ScheduledStationName": "SCANNER1",
    "ScheduledProcedureStepStartDate": "20260302",
    "ScheduledProcedureStepStartTime": "0930",
    "ScheduledProcedureStepStatus": "SCHEDULED",
}


def step(**changes: Any) -> WorklistItem:
    item = Dataset()
    for keyword, value in (_DEFAULTS | changes).items():
        path = f"{STEP}.{keyword}"
        put(item, path if path in WORKLIST_MODEL else keyword, value)
    return worklist_item(MappedOrder(item))


STEPS = (
    step(),
    step(PatientName="Rivera^Marco", AccessionNumber="NG000002", Modality="CT", ScheduledStationAETitle="CT1"),
    step(PatientName="Akesson^Lars", AccessionNumber="NG000003", ScheduledProcedureStepStatus="COMPLETED"),
    step(PatientName="Haddad^Samir", AccessionNumber="NG000004", ScheduledProcedureStepStartDate="20260303"),
)  # fmt: skip


def explained(*items: WorklistItem, **keys: str) -> QueryExplanation:
    return QueryExplanation.of(with_keys(None, keys), items or STEPS)


def findings(*items: WorklistItem, **keys: str) -> str:
    return "\n".join(words.findings(explained(*items, **keys)))


# What is found


def test_the_steps_that_answer_and_the_count_of_each_key() -> None:
    shown = explained(Modality="MR", ScheduledProcedureStepStartDate="20260302")
    assert [one.item.accession_number for one in shown.answering] == ["NG000001"]
    assert [(key.label, shown.passes(place)) for place, key in enumerate(shown.keys)] == [
        ("Modality", 3),
        ("ScheduledProcedureStepStartDate", 3),
    ]
    assert words.headline(shown) == "1 of the 3 steps on the worklist answers. 1 step has left the worklist."


def test_a_step_that_is_over_and_fits_every_key_is_named_with_its_status() -> None:
    assert "NG000003 (Akesson^Lars) fits every key, but is COMPLETED" in findings(PatientName="Akesson*")
    (row,) = (one for one in explained(PatientName="Akesson*").steps if not one.kept_out_by)
    assert words.outcome(explained(PatientName="Akesson*"), row) == "kept out by its status"


def test_the_key_that_alone_keeps_everything_out_is_said_with_what_happens_without_it() -> None:
    said = words.findings(explained(Modality="MR", ScheduledStationAETitle="CT9"))
    assert said[0] == "No step fits ScheduledStationAETitle 'CT9'. Without this key, 2 steps would answer."


def test_two_keys_that_keep_everything_out_together() -> None:
    said = words.findings(explained(Modality="CR", ScheduledProcedureStepStartDate="20260401"))
    assert said[0] == (
        "To change one key is not enough. Without Modality 'CR' and ScheduledProcedureStepStartDate '20260401' "
        "together, 3 steps would answer."
    )


def test_a_range_of_dates_and_times_is_one_key_and_is_left_out_as_one() -> None:
    shown = explained(ScheduledProcedureStepStartDate="20260304-20260305", ScheduledProcedureStepStartTime="1000-1200")
    (key,) = shown.keys
    assert key.label == "ScheduledProcedureStepStartDate and ScheduledProcedureStepStartTime"
    assert key.section == "PS3.4 Table K.6-1"
    assert len(shown.would_answer_without(0)) == 3


@pytest.mark.parametrize(
    ("keyword", "has", "asks", "hint"),
    [
        ("PatientName", "RIVERA^ANA", "RIVERA, ANA", "divided by ^, without comma and space: 'RIVERA^ANA*' fits"),
        ("PatientName", "Haddad^Samir", "Samir Haddad", "The family name comes first: 'Haddad^Samir*' fits"),
        ("PatientName", "Haddad^Samir", "Haddad", "The name here goes on: 'Haddad*' fits"),
        ("PatientName", "Haddad^Samir", "Samir*", "It stands inside the name: '*Samir*' fits"),
        ("ScheduledStationAETitle", "MR1", "MR 1", "Spaces and signs count here: 'MR1' fits"),
        ("ScheduledStationAETitle", "MR1", "mr1", "Upper and lower case count here: 'MR1' fits"),
        ("ScheduledStationAETitle", "MR1", "SCANNER1", "in another attribute: ScheduledStationName"),
        ("Modality", "MR", "MRI", "this key compares whole values"),
        ("AccessionNumber", "NG000001-1", "NG000001", "The value here goes on: 'NG000001*' fits"),
        ("ScheduledProcedureStepStartDate", "20260302", "20260203", "day and month seem to be exchanged"),
        ("ScheduledProcedureStepStartDate", "20260302", "20260301", "1 day later than asked for"),
        ("ScheduledProcedureStepStartDate", "20260302", "20260305-20260309", "3 days earlier than asked for"),
        ("ScheduledProcedureStepStartTime", "0930", "10-12", "Another time: earlier than asked for"),
        ("PatientSex", "", "F", "An unknown value fits no key"),
    ],
)
def test_a_near_miss_is_told(keyword: str, has: str, asks: str, hint: str) -> None:
    assert hint in findings(step(**{keyword: has}), **{keyword: asks})


@pytest.mark.parametrize("wild", ["", "*"])
def test_what_is_offered_as_a_correction_answers(wild: str) -> None:
    query = {"PatientName": f"RIVERA, ELENA{wild}"}
    offered = findings(STEPS[0], **query).partition("space: '")[2].partition("'")[0]
    assert explained(STEPS[0], PatientName=offered).answering


def test_no_correction_is_made_up() -> None:
    assert "fits." not in findings(step(), PatientName="Okonkwo")


# What is wrong with a query


def test_a_refused_query_judges_no_step_and_says_key_rule_and_repair() -> None:
    shown = explained(PatientID="NG-1*")
    assert shown.problem is not None
    assert shown.steps == ()
    for form in (shown.text(), shown.html(), json.dumps(shown.state())):
        assert "0xA900" in form
        assert "PatientID" in form
        assert "Table K.6-1" in form


@pytest.mark.parametrize("wrong", [..., None, "Rivera", 3, [Dataset()]])
def test_something_that_is_no_query_is_explained_kindly(wrong: Any) -> None:
    for query in (wrong, with_keys(wrong, {"Modality": "MR"}) if wrong is not None else wrong):
        shown = QueryExplanation.of(query, STEPS)
        assert "cannot be sent yet" in words.headline(shown)
        assert "What to do:" in shown.text()


def test_a_blank_in_a_key_is_named_by_its_path() -> None:
    query = with_keys(None, {"AccessionNumber": ""})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        query.ScheduledProcedureStepSequence = [Dataset()]
        query.ScheduledProcedureStepSequence[0].Modality = ...
    assert (
        "ScheduledProcedureStepSequence.Modality: its value is still `...`" in QueryExplanation.of(query, STEPS).text()
    )


def test_a_key_in_the_wrong_place_is_not_used_and_the_remark_says_where_it_belongs() -> None:
    query = with_keys(None, {"PatientName": "Rivera*"})
    query.Modality = "CT"
    shown = QueryExplanation.of(query, STEPS)
    assert len(shown.answering) == 2
    assert words.let_through(shown, 0) == "not used"
    assert any("put it in an item of ScheduledProcedureStepSequence" in note for note in words.notes(shown))


def test_a_misspelt_keyword_is_told_with_the_one_that_is_near() -> None:
    (note,) = words.notes(explained(AccessionNumber="", PatientsName="X"))
    assert "PatientsName is no keyword" in note
    assert "PatientName" in note


def test_characters_that_are_lost_on_the_wire_are_told_and_judged_as_they_arrive() -> None:
    shown = explained(PatientName="田中*")
    assert shown.keys[0].wanted == "??*"
    assert any("wild card" in note for note in words.notes(shown))


def test_the_query_stays_as_it_is_and_keys_go_into_a_copy_in_their_place() -> None:
    query = with_keys(None, {"Modality": "MR"})
    before = query.to_json()
    QueryExplanation.of(with_keys(query, {"Modality": "CT", "PatientName": "X"}), STEPS).text()
    assert query.to_json() == before
    assert query.ScheduledProcedureStepSequence[0].Modality == "MR"


def test_an_empty_order_book() -> None:
    shown = QueryExplanation.of(with_keys(None, {"PatientName": "X*"}), ())
    assert "order book is empty" in shown.text()
    assert shown.keys[0].wanted == "X*"


# The forms

_LONG = "x" * 10_000


@pytest.fixture
def hostile() -> QueryExplanation:
    items = [
        step(PatientName="<script>alert(1)</script>^\x1b[31m", AccessionNumber="A1"),
        step(PatientName="田中^由紀", AccessionNumber=""),
        step(PatientName="حسن^علي", AccessionNumber="A" * 300),
        step(PatientComments=_LONG),
    ]
    return explained(*items, PatientName="<b>*", AccessionNumber="A*", PatientComments=_LONG)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.scopes: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag == "th":
            self.scopes.append(dict(attrs).get("scope"))


def test_text_of_others_stays_text_in_html(hostile: QueryExplanation) -> None:
    tags = _Tags()
    tags.feed(hostile.html())
    assert "script" not in tags.names
    assert "b" not in tags.names
    assert set(tags.scopes) == {"col", "row"}
    assert "\x1b" not in hostile.html() + hostile.text() + json.dumps(hostile.state(), ensure_ascii=False)


def test_the_text_has_at_most_110_columns_and_loses_nothing(hostile: QueryExplanation) -> None:
    for shown in (hostile, explained(Modality="MR"), explained(PatientName="Rivera, Elena", Modality="MR")):
        lines = shown.text().splitlines()
        assert max(map(cell_len, lines)) <= 110
    assert hostile.text().count("x") >= 2 * len(_LONG)


def test_a_thousand_steps_and_forty_keys_are_cut_but_counted() -> None:
    optional = [path for path, row in WORKLIST_MODEL.items() if row.matching == "O" and "." not in path]
    texts = [path for path in optional if dictionary_VR(path) in ("LO", "LT", "SH")]
    asked = dict.fromkeys(texts[-38:], "T") | {"PatientName": "Rivera*", "Modality": "MR"}
    items = [step(AccessionNumber=f"N{number:04}") for number in range(1000)]
    shown = explained(*items, **asked)
    assert len(shown.keys) == 40
    assert len(shown.shown) == 40
    assert [shown.passes(place) for place, key in enumerate(shown.keys) if key.label == "PatientName"] == [1000]
    assert "960 more steps are not in the table" in shown.text()
    assert max(map(cell_len, shown.text().splitlines())) <= 110
    assert len(explained(*items, Modality="MR").shown) == 200


def test_the_forms_say_the_same_and_the_same_again() -> None:
    first, second = (explained(PatientName="RIVERA, ELENA", Modality="MR") for _ in range(2))
    assert (first.text(), first.html(), first.state()) == (second.text(), second.html(), second.state())
    for line in words.findings(first):
        assert line.split()[0] in first.text()
    assert [row["outcome"] for row in first.state()["steps"]] == [words.outcome(first, one) for one in first.shown]
    assert repr(first) == "<QueryExplanation, 0 of 4 steps answer>"


def test_one_examination_alone() -> None:
    only = explained(Modality="CT").about("NG000001")
    assert [one.item.accession_number for one in only.steps] == ["NG000001"]
    assert "NG000002" not in only.text()
