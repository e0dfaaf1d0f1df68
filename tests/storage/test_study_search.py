"""Questions to an archive: what the index knows, what only the files know, and how little is read."""

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.model import ReceivedInstance
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.study_search import answers


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive", durable=False) as archive:
        yield archive


def keep(archive, study=1, series=1, number=1, **attributes):
    """Store a small object; its attributes say where it belongs."""
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.StudyInstanceUID, image.SeriesInstanceUID = f"2.25.{study}", f"2.25.{study}.{series}"
    image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, f"2.25.{study}.{series}.{number}"
    image.PatientName, image.PatientID, image.AccessionNumber = "Núñez^Ana", "MRN-1", f"A{study}"
    image.StudyDate, image.StudyTime, image.StudyID = f"202603{study:02}", "0830", f"RP{study}"
    image.Modality, image.SeriesNumber, image.SeriesDescription = "MR", series, f"Series {series}"
    image.InstanceNumber, image.ImageType = number, ["ORIGINAL", "PRIMARY"]
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    encoded = write_data_set(image, ExplicitVRLittleEndian)
    received = ReceivedInstance(image.SOPClassUID, image.SOPInstanceUID, ExplicitVRLittleEndian, encoded, "MR1")
    return archive.store(received)


def find(archive, level="STUDY", **keys):
    query = Dataset()
    for keyword, value in ({"QueryRetrieveLevel": level} | keys).items():
        tag = tag_for_keyword(keyword)
        query.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE, already_converted=True))
    return [identifier for _, identifier in answers(archive, StudyQuery(query))]


def test_an_empty_archive_has_no_answers(archive):
    assert find(archive, StudyInstanceUID="") == []
    assert find(archive, "SERIES", StudyInstanceUID="2.25.1", SeriesInstanceUID="") == []


def test_studies_are_found_and_counted(archive):
    keep(archive, 2)
    keep(archive, 1, series=1)
    keep(archive, 1, series=2, number=1, Modality="SR")
    keep(archive, 1, series=2, number=2, Modality="SR")
    counted = dict.fromkeys(("ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"), "")
    first, second = find(archive, StudyInstanceUID="", PatientName="nunez*", **counted)
    assert (first.StudyInstanceUID, str(first.PatientName)) == ("2.25.1", "Núñez^Ana")
    assert list(first.ModalitiesInStudy) == ["MR", "SR"]
    assert (first.NumberOfStudyRelatedSeries, first.NumberOfStudyRelatedInstances) == (2, 3)
    assert (second.StudyInstanceUID, second.ModalitiesInStudy) == ("2.25.2", "MR")


def test_one_of_several_values_in_the_index_is_enough_and_all_come_back(archive):
    keep(archive, 1, AccessionNumber=["A1", "B1"], Modality=["MR", "SR"])
    (study,) = find(archive, StudyInstanceUID="", AccessionNumber="B1")
    assert list(study.AccessionNumber) == ["A1", "B1"]
    (series,) = find(archive, "SERIES", StudyInstanceUID="2.25.1", SeriesInstanceUID="", Modality="SR")
    assert list(series.Modality) == ["MR", "SR"]
    assert find(archive, StudyInstanceUID="", AccessionNumber="A1?*") == []


def test_studies_are_found_by_what_only_the_files_know(archive):
    for study in (1, 2, 3):
        keep(archive, study, ReferringPhysicianName="Berg^Ida" if study > 1 else "")
    assert [one.StudyInstanceUID for one in find(archive, StudyInstanceUID="", StudyID="RP2")] == ["2.25.2"]
    by_name = find(archive, StudyInstanceUID="", ReferringPhysicianName="other*")
    assert [one.StudyInstanceUID for one in by_name] == ["2.25.1"]  # unknown, so it fulfils every key


def test_a_list_of_uids_finds_each_study_once(archive):
    for study in (1, 2, 3):
        keep(archive, study)
    found = find(archive, StudyInstanceUID=["2.25.3", "2.25.1", "2.25.3", "2.25.9"])
    assert [one.StudyInstanceUID for one in found] == ["2.25.3", "2.25.1"]
    assert find(archive, StudyInstanceUID="2.25.1", PatientID="MRN-2") == []


def test_a_study_shows_what_its_first_image_says(archive):
    keep(archive, 1, series=9, StudyID="FIRST", PatientAge="067Y")
    keep(archive, 1, series=2, StudyID="SECOND")
    (study,) = find(archive, StudyInstanceUID="", StudyID="", PatientAge="")
    assert (study.StudyID, study.PatientAge) == ("FIRST", "067Y")


def test_only_files_of_what_may_still_match_are_read(archive, monkeypatch):
    kept = [keep(archive, study) for study in (1, 2, 3)]
    read = []
    header = Archive.header
    monkeypatch.setattr(Archive, "header", lambda self, one: read.append(one) or header(self, one))
    assert len(find(archive, StudyInstanceUID="", AccessionNumber="", StudyDate="20260302")) == 1
    assert read == []
    assert len(find(archive, StudyInstanceUID="", AccessionNumber="A2", StudyID="")) == 1
    assert read == [kept[1]]


def test_series_of_a_study(archive):
    keep(archive, 1, series=2, number=1)
    keep(archive, 1, series=2, number=2)
    keep(archive, 1, series=1, Modality="SR")
    keep(archive, 2, series=1)
    keys = dict.fromkeys(("Modality", "SeriesNumber", "SeriesDescription", "NumberOfSeriesRelatedInstances"), "")
    found = find(archive, "SERIES", StudyInstanceUID="2.25.1", SeriesInstanceUID="", **keys)
    assert [
        (
            one.SeriesInstanceUID,
            one.Modality,
            one.SeriesNumber,
            one.SeriesDescription,
            one.NumberOfSeriesRelatedInstances,
        )
        for one in found
    ] == [("2.25.1.1", "SR", 1, "Series 1", 1), ("2.25.1.2", "MR", 2, "Series 2", 2)]
    assert {one.StudyInstanceUID for one in found} == {"2.25.1"}
    (narrowed,) = find(archive, "SERIES", StudyInstanceUID="2.25.1", Modality="S?", SeriesInstanceUID="")
    assert narrowed.SeriesInstanceUID == "2.25.1.1"
    assert find(archive, "SERIES", StudyInstanceUID="2.25.1", SeriesInstanceUID="2.25.2.1") == []


def test_images_of_a_series(archive):
    for number in (10, 2):
        keep(archive, 1, number=number)
    keep(archive, 1, series=2)
    keys = dict.fromkeys(("InstanceNumber", "SOPClassUID", "ImageType"), "")
    above = {"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.1.1"}
    found = find(archive, "IMAGE", **above, SOPInstanceUID="", **keys)
    assert [(one.SOPInstanceUID, one.InstanceNumber) for one in found] == [("2.25.1.1.2", 2), ("2.25.1.1.10", 10)]
    assert found[0].SOPClassUID == MRImageStorage
    assert list(found[0].ImageType) == ["ORIGINAL", "PRIMARY"]
    assert [one.InstanceNumber for one in find(archive, "IMAGE", **above, SOPInstanceUID="", InstanceNumber="010")] == [
        10
    ]
    wanted = ["2.25.1.1.2", "2.25.1.2.1"]
    assert [one.SOPInstanceUID for one in find(archive, "IMAGE", **above, SOPInstanceUID=wanted)] == ["2.25.1.1.2"]


def test_an_image_without_a_number_has_none_and_number_0_is_0(archive):
    keep(archive, number=1, InstanceNumber=None)
    keep(archive, number=2, InstanceNumber=0)
    above = {"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.1.1"}
    found = find(archive, "IMAGE", **above, SOPInstanceUID="", InstanceNumber="")
    assert [one.InstanceNumber for one in found] == [None, 0]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no image")])
def test_a_file_that_cannot_be_read_leaves_its_attributes_unknown(archive, damage):
    damage(keep(archive).path)
    (study,) = find(archive, StudyInstanceUID="", AccessionNumber="A1", StudyID="")
    assert (study.AccessionNumber, study.StudyID) == ("A1", "")


def test_an_archive_answers_the_same_after_it_was_opened_again(tmp_path):
    with Archive(tmp_path / "archive", durable=False) as archive:
        keep(archive)
        before = find(archive, StudyInstanceUID="", StudyID="")
    with Archive(tmp_path / "archive", durable=False) as archive:
        assert find(archive, StudyInstanceUID="", StudyID="") == before
        assert len(before) == 1
