"""Section 3 of the mapping, row by row: what a scanner copies from the worklist, what it must not, what it makes."""

from __future__ import annotations

from datetime import datetime

import pytest
from flat import flat, rounded
from messages import FULL_OMI, FULL_ORM, ORDERS, with_field
from oracle import PLANS, STEP, image_attributes
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from rows import IMAGE_ROWS
from test_character_sets import planned_bytes
from test_order_to_worklist import expected, planned

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.mapping.attributes import get, put
from hl7dicom_lab.mapping.order_to_worklist import worklist_item
from hl7dicom_lab.mapping.worklist_to_image import MadeByModality, worklist_to_image

MADE = MadeByModality(
    sop_instance_uid="1.9.1",
    series_instance_uid="1.9.2",
    frame_of_reference_uid="1.9.3",
    series_number=4,
    instance_number=7,
    study_started=datetime(2026, 3, 2, 9, 41, 5),
    acquired=datetime(2026, 3, 2, 9, 43, 17),
    modality="MR",
    station_name="MR-ACTUAL",
    institution_name="Northgate Imaging Center",
    series_description="T1 axial",
    study_instance_uid="1.9.4",
)
#: What MADE says of the image, PS3.17 Annex J: what happened, and when.
BY_THE_MODALITY = {
    "SOPInstanceUID": "1.9.1",
    "SeriesInstanceUID": "1.9.2",
    "FrameOfReferenceUID": "1.9.3",
    "SeriesNumber": 4,
    "InstanceNumber": 7,
    "Modality": "MR",
    "StationName": "MR-ACTUAL",
    "SeriesDescription": "T1 axial",
} | {f"{stage}Date": "20260302" for stage in ("Study", "Series", "Acquisition", "Content")}
BY_THE_MODALITY |= {f"{stage}Time": "094105" for stage in ("Study", "Series")}
BY_THE_MODALITY |= {f"{stage}Time": "094317" for stage in ("Acquisition", "Content")}


def acquisition() -> Dataset:
    image = Dataset()
    image.SOPClassUID = MRImageStorage
    image.Rows = image.Columns = 2
    image.BitsAllocated = 8
    image.PixelData = b"\0\1\2\3"
    return image


OF_THE_ACQUISITION = {"SOPClassUID": str(MRImageStorage), "Rows": 2, "Columns": 2, "BitsAllocated": 8}


def answer(text: str) -> Dataset:
    """The first step of an order as a scanner has it: written by the worklist, read by the scanner."""
    return data_set.decode(worklist_item(planned(text)[0]).data_set)


def tagged(item: Dataset, image: Dataset | None = None):
    return worklist_to_image(item, image or acquisition(), MADE)


def identity(image: Dataset) -> dict[str, object]:
    found = flat(image)
    return {key: value for key, value in found.items() if key not in (*OF_THE_ACQUISITION, "PixelData")}


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS.keys())
def test_the_identity_of_an_image_is_what_the_oracle_says(text):
    item = next(iter(expected(text)))
    wanted = rounded(image_attributes(item)) | BY_THE_MODALITY
    wanted.setdefault("StudyInstanceUID", MADE.study_instance_uid)
    wanted.setdefault("InstitutionName", MADE.institution_name)
    if "RequestedProcedureID" not in item:
        wanted = {key: value for key, value in wanted.items() if not key.startswith("RequestAttributes")}
    if "SpecificCharacterSet" in item:
        wanted["SpecificCharacterSet"] = item["SpecificCharacterSet"]
    assert identity(tagged(answer(text)).data_set) == wanted


@pytest.mark.parametrize(("worklist", "image"), IMAGE_ROWS[1:], ids=[row[0] for row in IMAGE_ROWS[1:]])
def test_each_row_alone(worklist, image):
    item = Dataset()
    put(item, "RequestedProcedureID", "RP-1")  # without it the image answers no request
    put(item, worklist, value_of(worklist))
    after = tagged(item).data_set
    for path in image.split():
        assert get(after, path) == get(item, worklist), path


def value_of(path: str) -> object:
    keyword = path.rpartition(".")[2]
    if keyword == "ReferencedStudySequence":
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", "1.2.3.9"
        return [reference]
    if keyword.endswith("Sequence"):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "MRB", "99NG", "MRI brain"
        return [code]
    special = {"PatientBirthDate": "19791105", "PatientSex": "F", "PatientSize": "1.68", "PatientWeight": "70"}
    return special.get(keyword, "1.2.3" if keyword.endswith("UID") else "VALUE-1")


def test_what_was_planned_is_not_copied():
    after = tagged(answer(FULL_ORM)).data_set
    keywords = {element.keyword for element in after.iterall()}
    assert keywords.isdisjoint(PLANS)
    assert not {one for one in keywords if one.startswith("Scheduled")} - {
        "ScheduledProcedureStepID",
        "ScheduledProcedureStepDescription",
        "ScheduledProtocolCodeSequence",
    }
    assert "20260302093000" not in f"{after.StudyDate}{after.StudyTime}"


@pytest.mark.parametrize("keyword", [
    "PatientState", "MedicalAlerts", "Allergies", "PregnancyStatus", "PatientAddress", "RequestedProcedurePriority",
    "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest", "CurrentPatientLocation",
    "PatientTransportArrangements", "RequestedProcedureComments", "RequestingPhysician", "OtherPatientIDsSequence",
    "ReasonForTheRequestedProcedure",
])  # fmt: skip
def test_what_has_no_row_is_not_copied(keyword):
    item = answer(FULL_ORM)
    assert keyword in item
    assert keyword not in {element.keyword for element in tagged(item).data_set.iterall()}


def test_the_request_has_exactly_one_item():
    assert len(tagged(answer(FULL_OMI)).data_set.RequestAttributesSequence) == 1


def test_the_item_and_the_acquisition_are_not_changed():
    item, image = answer(FULL_ORM), acquisition()
    tagged(item, image).data_set.RequestAttributesSequence[0].RequestedProcedureCodeSequence[0].CodeValue = "X"
    assert item == answer(FULL_ORM)
    assert image == acquisition()


def test_every_attribute_has_one_origin():
    result = tagged(answer(FULL_ORM))
    origins = [origin.attribute for origin in result.origins]
    assert len(origins) == len(set(origins))
    assert set(origins) == set(identity(result.data_set))
    made = {origin.attribute for origin in result.origins if origin.made}
    assert made == {*BY_THE_MODALITY, "InstitutionName"}


def test_an_institution_of_the_worklist_wins_and_is_explained_once():
    item = answer(FULL_ORM)
    item.InstitutionName = "Westside Hospital"
    result = tagged(item)
    assert result.data_set.InstitutionName == "Westside Hospital"
    (origin,) = (one for one in result.origins if one.attribute == "InstitutionName")
    assert (origin.source, origin.made) == ("InstitutionName", False)


@pytest.mark.parametrize(
    ("name", "terms"), [("Beck^Ada", None), ("Böck^Ada", "ISO_IR 100"), ("Иванова^Ада", "ISO_IR 144")]
)
def test_the_image_declares_what_the_worklist_declared(name, terms):
    codec = {None: "ascii", "ISO_IR 100": "latin-1", "ISO_IR 144": "iso8859-5"}[terms]
    declared = {None: "", "ISO_IR 100": "8859/1", "ISO_IR 144": "8859/5"}[terms]
    text = with_field(with_field(FULL_ORM, "MSH-18", declared), "PID-5", name)
    item = data_set.decode(worklist_item(planned_bytes(text.encode(codec))).data_set)
    after = tagged(item).data_set
    assert (after.get("SpecificCharacterSet"), str(after.PatientName)) == (terms, name)
    assert str(data_set.decode(data_set.encode(after)).PatientName) == name


def test_text_of_the_scanner_that_the_declared_set_lacks_makes_it_unicode():
    item = Dataset()
    item.SpecificCharacterSet, item.PatientName, item.PatientID = "ISO_IR 100", "Böck^Ada", "M-1"
    image = acquisition()
    image.ProtocolName = "頭部 T1"
    result = tagged(item, image)
    assert result.data_set.SpecificCharacterSet == "ISO_IR 192"
    assert data_set.decode(data_set.encode(result.data_set)).ProtocolName == "頭部 T1"
    (origin,) = (one for one in result.origins if one.attribute == "SpecificCharacterSet")
    assert (origin.value, origin.made) == ("ISO_IR 192", True)


def test_an_unscheduled_patient_gets_a_study_of_the_modality_and_no_request():
    item = Dataset()
    item.PatientName, item.PatientID, item.IssuerOfPatientID = "Walk^In", "M-5", "WEST"
    after = tagged(item).data_set
    assert (after.PatientName, after.PatientID, after.IssuerOfPatientID) == ("Walk^In", "M-5", "WEST")
    assert after.StudyInstanceUID == MADE.study_instance_uid
    assert "RequestAttributesSequence" not in after
    assert (after.AccessionNumber, after.StudyID, after.PatientSex, after.ReferringPhysicianName) == ("", "", "", "")


def test_an_empty_item_still_makes_a_type_2_identity():
    after = tagged(Dataset()).data_set
    assert [after[keyword].is_empty for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")] == [
        True
    ] * 4


def test_a_step_id_alone_is_no_request():
    item = Dataset()
    item.PatientID = "M-5"
    put(item, f"{STEP}ScheduledProcedureStepID", "SPS-1")
    assert "RequestAttributesSequence" not in tagged(item).data_set


def test_empty_keys_of_an_answer_are_not_copied():
    item = answer(FULL_ORM)
    item.PatientSex, item.ReferencedStudySequence, item.AdmissionID = "", [], None
    after = tagged(item).data_set
    assert (after.PatientSex, "ReferencedStudySequence" in after, "AdmissionID" in after) == ("", False, False)
