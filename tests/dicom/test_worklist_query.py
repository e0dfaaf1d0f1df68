"""Which items match a worklist query: PS3.4 Annex K, row by row of the lab's mapping, section 2."""

from __future__ import annotations

import re

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from worklist_samples import item, on_the_wire, query, refusal, with_values

import hl7dicom_lab.dicom.worklist_model as model
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_query import CompiledQuery, check_query, explain_match, matches, response

# The model has no QueryRetrieveLevel


def test_a_query_retrieve_level_is_answered_and_the_remark_says_that_it_is_not_needed():
    ds = query(QueryRetrieveLevel="STUDY", PatientID="MRN-1")
    assert matches(ds, item())
    (remark,) = check_query(ds)
    assert "QueryRetrieveLevel is not needed" in remark.what
    assert remark.severity == "information"


# Universal matching


@pytest.mark.parametrize(
    "ds",
    [
        query(PatientID="", PatientName=""),
        query(ReferringPhysicianName=""),
        query(AdmissionID=""),
        query(Modality="", ScheduledProcedureStepStartDate=""),
        query(PatientName="*", ReferringPhysicianName="*"),
        query(ScheduledProcedureStepSequence=Sequence([])),
        query(ScheduledProcedureStepSequence=Sequence([Dataset()])),
        query(RequestedProcedureCodeSequence=Sequence([with_values({"CodeValue": ""}, None)])),
        query(ReferencedStudySequence=Sequence([with_values({"ReferencedSOPInstanceUID": ""}, None)])),
        query(AccessionNumber=""),
    ],
)
def test_an_empty_key_matches_everything_known_or_unknown(ds):
    assert matches(ds, item())
    assert all(verdict.rule == "universal matching" for verdict in explain_match(ds, item()))


def test_a_query_without_any_key_is_refused():
    fault = refusal(with_values({"SpecificCharacterSet": "ISO_IR 100"}, None))
    assert "no attribute" in fault.what


# Single value


@pytest.mark.parametrize(
    ("keys", "matched"),
    [
        ({"PatientID": "MRN-1"}, True),
        ({"PatientID": " MRN-1 "}, True),
        ({"PatientID": "mrn-1"}, False),
        ({"PatientID": "MRN-10"}, False),
        ({"AccessionNumber": "ACC1"}, True),
        ({"StudyInstanceUID": "1.2.3"}, True),
        ({"StudyInstanceUID": "1.2.30"}, False),
        ({"RequestedProcedureID": "RP1", "ScheduledProcedureStepID": "SPS1"}, True),
        ({"RequestedProcedureID": "RP1", "ScheduledProcedureStepID": "SPS2"}, False),
        ({"Modality": "MR"}, True),
        ({"Modality": "CT"}, False),
        ({"PatientWeight": "70.50"}, True),
        ({"PregnancyStatus": 4}, True),
        ({"PregnancyStatus": 3}, False),
        ({"PatientBirthDate": "19700101"}, True),
        ({"PatientSex": "F", "PatientBirthDate": "19690101-19701231"}, True),
    ],
)
def test_a_single_value_matches_exactly(keys, matched):
    assert matches(query(**keys), item()) is matched


@pytest.mark.parametrize(("title", "matched"), [("MR_A", True), ("MR_B", True), ("MR_C", False), ("mr_a", False)])
def test_one_of_several_station_titles_is_enough_and_all_come_back(title, matched):
    ds = query(ScheduledStationAETitle=title)
    assert matches(ds, item()) is matched
    if matched:
        _, answer = response(ds, item())
        assert list(answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle) == ["MR_A", "MR_B"]


@pytest.mark.filterwarnings("ignore:Invalid value for VR")  # pydicom's, where the test writes Modality
@pytest.mark.parametrize("keyword", ["ScheduledStationAETitle", "Modality", "PatientID"])
def test_wild_cards_are_refused_where_the_table_wants_a_single_value(keyword):
    fault = refusal(query(**{keyword: "M*"}))
    assert fault.keyword == keyword
    assert "Table K.6-1" in fault.next_step


@pytest.mark.filterwarnings("ignore:Invalid value for VR")  # pydicom's, where the test writes Modality
@pytest.mark.parametrize("keyword", ["ScheduledStationAETitle", "Modality", "PatientID"])
def test_a_star_alone_is_universal_there_too_and_remarked(keyword):
    ds = query(**{keyword: "*"})
    assert matches(ds, item(**{keyword: None}))
    (remark,) = check_query(ds)
    assert remark.severity == "warning"


@pytest.mark.parametrize("keyword", ["Modality", "AccessionNumber", "ScheduledStationAETitle", "PatientName"])
def test_several_values_in_a_key_that_is_no_uid_are_refused(keyword):
    fault = refusal(query(**{keyword: ["A", "B"]}))
    assert fault.keyword == keyword


# Wild cards


@pytest.mark.parametrize(
    ("keys", "matched"),
    [
        ({"AccessionNumber": "ACC*"}, True),
        ({"AccessionNumber": "ACC?"}, True),
        ({"AccessionNumber": "ACC??"}, False),
        ({"RequestedProcedureDescription": "MRI*"}, True),
        ({"RequestedProcedureDescription": "mri*"}, False),
        ({"PatientName": "MULL*"}, True),
        ({"PatientName": "m?ller^anna"}, True),
        ({"ScheduledPerformingPhysicianName": "TECH*"}, True),
        ({"PatientName": "*TOM*"}, False),
    ],
)
def test_wild_cards_work_in_text_and_ignore_case_in_names_only(keys, matched):
    assert matches(query(**keys), item()) is matched


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ScheduledProcedureStepStartDate", "2026*"),
        ("ScheduledProcedureStepStartTime", "10??"),
        ("PatientBirthDate", "*"),
        ("StudyInstanceUID", "1.2.*"),
    ],
)
def test_wild_cards_in_dates_times_and_uids_are_refused(keyword, value):
    assert refusal(query(**{keyword: value})).keyword == keyword


@pytest.mark.parametrize(("keyword", "raw"), [("PatientWeight", b"7*"), ("PregnancyStatus", b"040")])
def test_a_wild_card_in_a_number_is_refused(keyword, raw):
    ds = on_the_wire(query(PatientWeight="70", PregnancyStatus=4), **{keyword: raw})
    assert refusal(ds).keyword == keyword


# Names


@pytest.mark.parametrize("key", ["Müller^Anna", "MULLER^ANNA", "muller^anna^^", "*anna"])
def test_names_match_without_case_and_accents(key):
    assert matches(query(SpecificCharacterSet="ISO_IR 192", PatientName=key), item())


def test_a_query_in_another_character_set_is_decoded_first():
    stored = item(PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう")
    for terms, key in ((["", "ISO 2022 IR 87"], "=山田^太郎"), ("ISO_IR 192", "山田*"), ("GB18030", "山田^太郎")):
        asked = data_set.decode(data_set.encode(query(SpecificCharacterSet=terms, PatientName=key)))
        assert matches(asked, stored), terms
        assert matches(on_the_wire(query(SpecificCharacterSet=terms, PatientName=key)), stored), terms


def test_text_that_the_declared_character_set_does_not_have_is_refused():
    ds = on_the_wire(query(SpecificCharacterSet="ISO_IR 192", PatientName="A"), PatientName=b"M\xfcller")
    fault = refusal(ds)
    assert fault.keyword == "PatientName"
    assert "SpecificCharacterSet" in fault.next_step


@pytest.mark.parametrize("terms", ["ISO_IR 999", "KLINGON"])
def test_an_unknown_character_set_matters_only_where_it_is_used(terms):
    ds = query(PatientName="A", SpecificCharacterSet="ISO_IR 100")
    check_query(on_the_wire(ds, SpecificCharacterSet=terms.encode()))
    refusal(on_the_wire(ds, SpecificCharacterSet=terms.encode(), PatientName=b"M\xfcller"))


def test_text_beyond_ascii_without_a_declared_character_set_is_remarked():
    ds = on_the_wire(query(PatientName="A"), PatientName=b"M\xfcll*")
    assert matches(ds, item())
    (remark,) = check_query(ds)
    assert remark.severity == "warning"
    assert "SpecificCharacterSet" in remark.repair


# Ranges, and date and time as one period


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(
    ("key", "matched"),
    [
        ("20260302", True),
        ("20260301-20260303", True),
        ("20260302-", True),
        ("-20260302", True),
        ("20260303-", False),
        ("-20260301", False),
    ],
)
def test_start_date_by_single_value_or_range(key, matched):
    assert matches(query(ScheduledProcedureStepStartDate=key), item()) is matched


@pytest.mark.parametrize(
    ("key", "matched"),
    [
        ("101500", True),
        ("1015", True),
        ("10", True),
        ("11", False),
        ("-10", True),
        ("-1014", False),
        ("10-", True),
        ("1016-", False),
        ("09-11", True),
    ],
)
def test_start_time_by_single_value_or_range(key, matched):
    assert matches(query(ScheduledProcedureStepStartTime=key), item()) is matched


JULY = ("20060705-20060707", "1000-1800")


@pytest.mark.parametrize(
    ("date", "time", "matched"),
    [
        ("20060705", "095959", False),
        ("20060705", "100000", True),
        ("20060705", "235959", True),
        ("20060706", "030000", True),
        ("20060707", "000000", True),
        ("20060707", "180059", True),
        ("20060707", "180100", False),
        ("20060708", "120000", False),
    ],
)
def test_a_date_range_and_a_time_range_are_one_period(date, time, matched):
    ds = query(ScheduledProcedureStepStartDate=JULY[0], ScheduledProcedureStepStartTime=JULY[1])
    stored = item(ScheduledProcedureStepStartDate=date, ScheduledProcedureStepStartTime=time)
    assert matches(ds, stored) is matched
    verdicts = {verdict.path: verdict for verdict in explain_match(ds, stored)}
    for path in (model.START_DATE, model.START_TIME):
        assert verdicts[path].rule == "range matching, date and time as one period"
        assert verdicts[path].matched is matched


@pytest.mark.parametrize(
    ("dates", "times", "found", "not_found"),
    [
        ("20060705-", "1000-", ("20060705 10", "20060706 00"), ("20060705 0959",)),
        ("-20060707", "-1800", ("20060707 18", "20060101 23"), ("20060707 1801",)),
        ("20060705-20060707", "1000-", ("20060706 00", "20060707 23"), ("20060705 09", "20060708 10")),
        ("20060705-20060707", "-1000", ("20060705 00", "20060706 23", "20060707 10"), ("20060707 11",)),
        ("20060705-20060706", "1800-0600", ("20060705 18", "20060706 06"), ("20060705 17", "20060706 07")),
        ("20060705-20060705", "1000-1200", ("20060705 11",), ("20060705 13",)),
    ],
)
def test_open_ends_and_a_night_make_one_period_too(dates, times, found, not_found):
    asked = CompiledQuery(query(ScheduledProcedureStepStartDate=dates, ScheduledProcedureStepStartTime=times))

    def starts(moment: str) -> bool:
        date, time = moment.split()
        return asked.matches(item(ScheduledProcedureStepStartDate=date, ScheduledProcedureStepStartTime=time))

    assert all(map(starts, found))
    assert not any(map(starts, not_found))


@pytest.mark.parametrize(
    ("dates", "times"),
    [("20060705", "1000-1800"), ("20060705-20060707", "1000"), ("20060705-", "1000-1800"), ("-20060707", "10-")],
)
def test_other_combinations_match_date_and_time_each_for_itself(dates, times):
    asked = CompiledQuery(query(ScheduledProcedureStepStartDate=dates, ScheduledProcedureStepStartTime=times))
    day = "20060705" if "20060705" in dates else "20060707"
    at = {"ScheduledProcedureStepStartDate": day}
    assert asked.matches(item(ScheduledProcedureStepStartTime="100030", **at))
    assert not asked.matches(item(ScheduledProcedureStepStartTime="095959", **at))
    if dates.startswith("-") or dates.endswith("-"):
        assert "each for itself" in asked.remarks[0].what


def test_a_period_does_not_hold_an_item_without_a_start_time():
    ds = query(ScheduledProcedureStepStartDate=JULY[0], ScheduledProcedureStepStartTime=JULY[1])
    assert not matches(ds, item(ScheduledProcedureStepStartDate="20060706", ScheduledProcedureStepStartTime=""))


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(
    ("dates", "times", "offender"),
    [
        ("20260303-20260301", "", "ScheduledProcedureStepStartDate"),
        ("", "1800-1000", "ScheduledProcedureStepStartTime"),
        ("20260302", "1800-1000", "ScheduledProcedureStepStartTime"),
        ("20260302-20260302", "1800-1000", "ScheduledProcedureStepStartDate"),
        ("20260303-20260301", "1000-1800", "ScheduledProcedureStepStartDate"),
        ("20260230", "", "ScheduledProcedureStepStartDate"),
        ("tomorrow", "", "ScheduledProcedureStepStartDate"),
        ("-", "", "ScheduledProcedureStepStartDate"),
        ("", "10:30", "ScheduledProcedureStepStartTime"),
    ],
)
def test_bad_dates_times_and_ranges_are_refused(dates, times, offender):
    fault = refusal(query(ScheduledProcedureStepStartDate=dates, ScheduledProcedureStepStartTime=times))
    assert fault.keyword == offender
    assert fault.where == f"{model.STEP}.{offender}"
    assert fault.next_step


# UID list


def test_a_list_of_uids_matches_any_of_them():
    assert matches(query(StudyInstanceUID=["1.2.9", "1.2.3"]), item())
    assert not matches(query(StudyInstanceUID=["1.2.9", "1.2.8"]), item())


# Unknown values


@pytest.mark.parametrize("unknown", ["", None])
@pytest.mark.parametrize(
    "keys",
    [
        {"ReferringPhysicianName": "A"},
        {"ReferringPhysicianName": "?*"},
        {"PatientBirthDate": "-20991231"},
        {"ScheduledPerformingPhysicianName": "Tech*"},
        {"AccessionNumber": "A*"},
        {"PregnancyStatus": 4},
    ],
)
def test_an_unknown_value_does_not_match_a_key_that_has_one(keys, unknown):
    (keyword,) = keys
    if keyword == "PregnancyStatus" and unknown == "":
        unknown = None
    assert not matches(query(**keys), item(**{keyword: unknown}))
    assert matches(
        query(**dict.fromkeys(keys, "" if keyword != "PregnancyStatus" else None)), item(**{keyword: unknown})
    )


# Sequences


def test_sequence_matching_wants_one_item_that_fulfils_all_its_keys():
    def protocol(value: str, meaning: str) -> Dataset:
        key = with_values({"CodeValue": value, "CodeMeaning": meaning}, None)
        return query(ScheduledProtocolCodeSequence=Sequence([key]))

    assert matches(protocol("T2", "T2*"), item())
    assert not matches(protocol("T2", "T1*"), item())
    assert not matches(protocol("T2", ""), item(ScheduledProtocolCodeSequence=None))
    assert matches(protocol("", ""), item(ScheduledProtocolCodeSequence=None))


def test_of_a_matched_sequence_the_matching_items_come_back_with_the_requested_attributes():
    key = with_values({"CodeValue": "T2", "CodeMeaning": ""}, None)
    _, answer = response(query(ScheduledProtocolCodeSequence=Sequence([key])), item())
    (found,) = answer.ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence
    assert [element.keyword for element in found] == ["CodeValue", "CodeMeaning"]
    assert found.CodeMeaning == "T2 axial"


def test_a_sequence_key_with_several_items_is_refused():
    fault = refusal(with_values({"ScheduledProcedureStepSequence": Sequence([Dataset(), Dataset()])}, None))
    assert fault.keyword == "ScheduledProcedureStepSequence"


def test_deeply_nested_sequences_are_read_only_as_far_as_the_model_goes():
    inner = with_values({"CodeValue": "1"}, None)
    for _ in range(200):
        inner = with_values({"RequestedProcedureCodeSequence": Sequence([inner])}, None)
    assert CompiledQuery(inner).status == 0xFF01


# Explanations


def test_an_explanation_names_key_wanted_found_and_rule():
    ds = query(PatientName="MULLER*", PatientID="MRN-2", Modality="MR", ScheduledProcedureStepStartDate="")
    verdicts = explain_match(ds, item())
    assert [(v.path.rpartition(".")[2], v.wanted, v.found, v.matched) for v in verdicts] == [
        ("PatientName", "MULLER*", "Müller^Anna", True),
        ("PatientID", "MRN-2", "MRN-1", False),
        ("Modality", "MR", "MR", True),
        ("ScheduledProcedureStepStartDate", "", "20260302", True),
    ]
    assert [v.rule.split(" of")[0] for v in verdicts] == [
        "wild card matching",
        "single value matching",
        "single value matching",
        "universal matching",
    ]


# Both ends encode as they like


@pytest.mark.parametrize("implicit", [True, False])
def test_a_query_and_an_item_straight_from_the_wire_match_alike(implicit):
    ds = query(
        SpecificCharacterSet="ISO_IR 100",
        PatientName="MÜLL*",
        PatientWeight="70.5",
        PregnancyStatus=4,
        Modality="MR",
        ScheduledProcedureStepStartDate="20260302",
        StudyInstanceUID="1.2.3",
    )
    stored = on_the_wire(item(), implicit=implicit)
    assert matches(on_the_wire(ds, implicit=implicit), stored)
    status, answer = response(on_the_wire(ds, implicit=implicit), stored)
    assert (status, answer.PatientName, answer.PregnancyStatus) == (0xFF00, "Müller^Anna", 4)


def test_reading_a_query_changes_nothing_in_it():
    ds = query(PatientName="A*", Modality="MR")
    before = re.sub(r"\s+", " ", str(ds))
    check_query(ds)
    assert re.sub(r"\s+", " ", str(ds)) == before


def test_queries_of_one_shape_have_the_same_response():
    def shape(**keys: object) -> object:
        return CompiledQuery(query(**keys)).shape

    assert shape(PatientID="A", Modality="MR") == shape(PatientID="", Modality="CT")
    assert shape(PatientID="A") != shape(PatientName="A")
    one, other = (Sequence([with_values({"CodeValue": value}, None)]) for value in ("T1", "T2"))
    assert shape(ScheduledProtocolCodeSequence=one) != shape(ScheduledProtocolCodeSequence=other)
    assert hash(shape(PatientID="A", ScheduledProtocolCodeSequence=one))
