import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import DicomFault

STUDY, SERIES = "2.25.7", "2.25.7.1"


def asked(level="STUDY", **keys):
    """A query as it may come over the wire, whatever pydicom would say to its values."""
    query = Dataset()
    for keyword, value in (({"QueryRetrieveLevel": level} if level else {}) | keys).items():
        tag = tag_for_keyword(keyword)
        query.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE, already_converted=True))
    return query


def below(level="SERIES", **keys):
    """A query of a lower level with the unique keys that it needs."""
    above = {"StudyInstanceUID": STUDY} | ({"SeriesInstanceUID": SERIES} if level == "IMAGE" else {})
    return asked(level, **(above | keys))


def refused(query):
    with pytest.raises(DicomFault) as caught:
        StudyQuery(query)
    assert caught.value.status == 0xA900
    assert caught.value.next_step
    assert len(caught.value.what) <= 64  # Error Comment holds no more
    return caught.value


# --- the level, and what fixes the levels above


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("", "no QueryRetrieveLevel"),
        ("PATIENT", "no level of the Study Root"),
        ("study", "no level"),
        (["STUDY", "SERIES"], "no level"),
    ],
)
def test_a_query_without_one_level_of_the_model_is_refused(level, words):
    fault = refused(asked(level, StudyInstanceUID=""))
    assert fault.keyword == "QueryRetrieveLevel"
    assert words in fault.what


@pytest.mark.parametrize("padded", ["STUDY ", " STUDY"])
def test_padding_of_the_level_does_not_count(padded):
    assert StudyQuery(asked(padded, StudyInstanceUID="")).level.name == "STUDY"


@pytest.mark.parametrize(
    ("query", "keyword"),
    [
        (asked("SERIES", SeriesInstanceUID=""), "StudyInstanceUID"),
        (asked("SERIES", StudyInstanceUID=""), "StudyInstanceUID"),
        (asked("SERIES", StudyInstanceUID=["2.25.7", "2.25.8"]), "StudyInstanceUID"),
        (asked("SERIES", StudyInstanceUID="*"), "StudyInstanceUID"),
        (asked("IMAGE", SeriesInstanceUID=SERIES), "StudyInstanceUID"),
        (asked("IMAGE", StudyInstanceUID=STUDY), "SeriesInstanceUID"),
        (asked("IMAGE", StudyInstanceUID=STUDY, SeriesInstanceUID=""), "SeriesInstanceUID"),
    ],
)
def test_each_level_above_needs_one_uid(query, keyword):
    assert refused(query).keyword == keyword


def test_the_uids_above_are_no_conditions_of_their_own_and_come_back():
    query = StudyQuery(below("IMAGE", SOPInstanceUID=""))
    assert query.above == {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES}
    assert query.asked == {"SOPInstanceUID"}
    status, identifier = query.response({"SOPInstanceUID": ("2.25.9",)})
    assert status == 0xFF00
    assert [element.keyword for element in identifier] == [
        "SOPInstanceUID",
        "QueryRetrieveLevel",
        "RetrieveAETitle",
        "StudyInstanceUID",
        "SeriesInstanceUID",
    ]
    assert (identifier.StudyInstanceUID, identifier.SeriesInstanceUID) == (STUDY, SERIES)


@pytest.mark.parametrize("keyword", ["PatientID", "NumberOfStudyRelatedInstances"])
def test_a_value_for_another_key_of_a_level_above_is_refused(keyword):
    fault = refused(below(**{keyword: "1", "SeriesInstanceUID": ""}))
    assert fault.keyword == keyword
    assert "belongs to level STUDY" in fault.what


@pytest.mark.parametrize(
    ("query", "keyword", "place"),
    [
        (below(SeriesInstanceUID="", PatientName=""), "PatientName", "level STUDY"),
        (asked(StudyInstanceUID="", Modality="MR"), "Modality", "ModalitiesInStudy (0008,0061)"),
        (asked(StudyInstanceUID="", SOPInstanceUID=""), "SOPInstanceUID", "level IMAGE"),
    ],
)
def test_a_key_of_another_level_is_ignored_with_a_warning_and_does_not_come_back(query, keyword, place):
    compiled = StudyQuery(query)
    status, identifier = compiled.response({})
    assert status == 0xFF01
    assert keyword not in identifier
    (remark,) = compiled.remarks
    assert remark.severity == "warning"
    assert remark.what.startswith(f"{keyword} is a key of level")
    assert place in remark.repair


def test_an_attribute_that_is_not_supported_is_ignored_and_does_not_come_back():
    query = asked(StudyInstanceUID="", PatientWeight="70", ProcedureCodeSequence=[Dataset()])
    query.add_new(0x00090010, "LO", "NOBODY")
    compiled = StudyQuery(query)
    status, identifier = compiled.response({"StudyInstanceUID": (STUDY,)})
    assert status == 0xFF01
    assert [element.keyword for element in identifier] == ["QueryRetrieveLevel", "RetrieveAETitle", "StudyInstanceUID"]
    assert [remark.severity for remark in compiled.remarks] == ["information"] * 3


@pytest.mark.parametrize("keyword", ["RetrieveAETitle", "InstanceAvailability"])
def test_what_only_answers_have_is_no_key_of_a_query(keyword):
    compiled = StudyQuery(asked(StudyInstanceUID="", **{keyword: ""}))
    assert (compiled.status, compiled.remarks) == (0xFF00, ())
    _, identifier = compiled.response({})
    assert identifier.RetrieveAETitle == ""  # there is no C-MOVE and no C-GET
    assert "InstanceAvailability" not in identifier


def test_a_query_without_the_unique_key_of_its_level_is_answered_and_remarked_on():
    compiled = StudyQuery(asked(PatientID="A"))
    (remark,) = compiled.remarks
    assert (remark.severity, "StudyInstanceUID" in remark.what) == ("warning", True)
    assert (compiled.status, compiled.uids) == (0xFF00, ())


# --- matching


@pytest.mark.parametrize(
    ("keys", "known", "admitted"),
    [
        ({"PatientID": "A1"}, {"PatientID": ("A1",)}, True),
        ({"PatientID": "A1"}, {"PatientID": ("a1",)}, False),
        ({"PatientID": "A*"}, {"PatientID": ("A1",)}, True),
        ({"PatientID": "A?2"}, {"PatientID": ("A1",)}, False),
        ({"PatientID": "*"}, {"PatientID": ("A1",)}, True),
        ({"PatientName": "rivera*"}, {"PatientName": ("Rivera^Elena",)}, True),
        ({"StudyDate": "20260301-20260302"}, {"StudyDate": ("20260302",)}, True),
        ({"StudyDate": "20260303-"}, {"StudyDate": ("20260302",)}, False),
        ({"StudyTime": "-0830"}, {"StudyTime": ("083045",)}, True),
        ({"StudyInstanceUID": ["2.25.1", "2.25.2"]}, {"StudyInstanceUID": ("2.25.2",)}, True),
        ({"StudyInstanceUID": ["2.25.1", "2.25.2"]}, {"StudyInstanceUID": ("2.25.3",)}, False),
        ({"ModalitiesInStudy": "SR"}, {"ModalitiesInStudy": ("MR", "SR")}, True),
        ({"ModalitiesInStudy": "CT"}, {"ModalitiesInStudy": ("MR", "SR")}, False),
        ({"NumberOfStudyRelatedInstances": "07"}, {"NumberOfStudyRelatedInstances": ("7",)}, True),
        ({"PatientID": "A1", "AccessionNumber": "2"}, {"PatientID": ("A1",), "AccessionNumber": ("3",)}, False),
    ],
)
def test_every_kind_of_matching(keys, known, admitted):
    assert StudyQuery(asked(**keys)).admits(known) is admitted


@pytest.mark.parametrize("value", ["A1", "A*", "?"])
def test_an_unknown_value_fulfils_every_key(value):
    assert StudyQuery(asked(AccessionNumber=value)).admits({"AccessionNumber": ()})


def test_what_is_not_looked_up_yet_rules_nothing_out():
    query = StudyQuery(asked(StudyID="7", PatientID="A1"))
    assert query.admits({"PatientID": ("A1",)})
    assert not query.admits({"PatientID": ("A1",), "StudyID": ("8",)})


def test_a_range_of_dates_and_one_of_times_are_each_matched_for_itself():
    query = StudyQuery(asked(StudyDate="20260301-20260303", StudyTime="1000-1800"))
    assert not query.admits({"StudyDate": ("20260302",), "StudyTime": ("0830",)})
    assert query.admits({"StudyDate": ("20260303",), "StudyTime": ("1100",)})


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "2026-03-02"),
        ("StudyDate", "202603*"),
        ("StudyDate", "20260303-20260301"),
        ("StudyTime", "1800-0600"),
        ("StudyInstanceUID", "2.25.*"),
        ("PatientID", ["A", "B"]),
        ("NumberOfStudyRelatedSeries", "two"),
        ("ModalitiesInStudy", "mr"),
    ],
)
def test_a_value_that_no_matching_allows_is_refused_with_its_attribute(keyword, value):
    with pytest.raises(DicomFault) as caught:
        StudyQuery(asked(**{keyword: value}))
    assert (caught.value.status, caught.value.keyword) == (0xA900, keyword)


def test_a_sequence_where_a_value_belongs_is_refused():
    query = asked()
    query.add_new("PatientID", "SQ", [Dataset()])
    assert refused(query).keyword == "PatientID"


# --- answers


def test_an_answer_has_what_was_asked_for_with_values_or_empty():
    query = StudyQuery(asked(StudyInstanceUID="", StudyID="", ModalitiesInStudy="", NumberOfStudyRelatedSeries=""))
    found = {
        "StudyInstanceUID": (STUDY,),
        "StudyID": (),
        "ModalitiesInStudy": ("MR", "SR"),
        "NumberOfStudyRelatedSeries": ("2",),
        "PatientID": ("A1",),
    }
    _, identifier = query.response(found)
    assert identifier.StudyInstanceUID == STUDY
    assert identifier.StudyID == ""
    assert list(identifier.ModalitiesInStudy) == ["MR", "SR"]
    assert identifier.NumberOfStudyRelatedSeries == 2
    assert "PatientID" not in identifier
    assert "SpecificCharacterSet" not in identifier


@pytest.mark.parametrize(("name", "terms"), [("Rivera^Elena", None), ("Núñez^Ana", "ISO_IR 192")])
def test_an_answer_declares_the_character_set_that_its_text_needs(name, terms):
    _, identifier = StudyQuery(asked(StudyInstanceUID="", PatientName="")).response({"PatientName": (name,)})
    assert identifier.get("SpecificCharacterSet") == terms
    assert name.encode() in write_data_set(identifier, "1.2.840.10008.1.2.1")


def test_numbers_come_back_as_numbers_and_what_is_none_comes_back_empty():
    query = StudyQuery(below("IMAGE", SOPInstanceUID="", InstanceNumber="", Rows=None, AcquisitionNumber=""))
    _, identifier = query.response({"InstanceNumber": ("3",), "Rows": ("256",), "AcquisitionNumber": ("one",)})
    assert (identifier.InstanceNumber, identifier.Rows, identifier.AcquisitionNumber) == (3, 256, None)
    assert write_data_set(identifier, "1.2.840.10008.1.2")


def test_text_outside_ascii_without_a_character_set_is_remarked_on():
    (remark,) = StudyQuery(asked(StudyInstanceUID="", PatientName="Núñez")).remarks
    assert "declares no character set" in remark.what
    declared = asked(StudyInstanceUID="", PatientName="Núñez", SpecificCharacterSet="ISO_IR 100")
    assert StudyQuery(declared).remarks == ()


def test_a_time_zone_is_remarked_on():
    (remark,) = StudyQuery(asked(StudyInstanceUID="", TimezoneOffsetFromUTC="+0100")).remarks
    assert "times are compared as they stand" in remark.what
