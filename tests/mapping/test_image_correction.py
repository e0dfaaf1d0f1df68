"""A corrected copy of an image: the new identity whole, the old one on record, everything else as it was."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.mapping.image_correction import corrected_image

MOMENT = datetime(2026, 3, 2, 12, 30, 5)


def wrong_image(character_set="ISO_IR 100", name="Müller^Jürgen"):
    image = Dataset()
    image.SpecificCharacterSet = character_set
    image.SOPClassUID, image.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", "2.25.1.1"
    image.StudyInstanceUID, image.SeriesInstanceUID = "2.25.1", "2.25.1.2"
    image.PatientName, image.PatientID, image.PatientWeight = name, "NG-2", "81"
    image.AccessionNumber, image.StudyDate, image.InstitutionName = "NG000002", "20260302", "Northgate"
    image.SeriesDescription, image.InstanceNumber = "T1 für Übersicht", 7
    put(image, "RequestAttributesSequence.ScheduledProcedureStepID", "SPS2")
    image.PixelData = b"\1\2\3\4"
    image["PixelData"].VR = "OW"
    return image


def right_item(character_set="ISO_IR 192", name="Rivera^Elena"):
    item = Dataset()
    item.SpecificCharacterSet = character_set
    item.PatientName, item.PatientID, item.AccessionNumber = name, "NG-1", "NG000001"
    item.StudyInstanceUID, item.RequestedProcedureID = "2.25.5", "RP1"
    put(item, "ScheduledProcedureStepSequence.ScheduledProcedureStepID", "SPS1")
    put(item, "ScheduledProcedureStepSequence.ScheduledStationAETitle", "NORTHGATE_MR1")
    return item


def corrected(image, item):
    return corrected_image(
        image, item, sop_instance_uid="2.25.5.1", series_instance_uid="2.25.5.2", system="PACS", moment=MOMENT
    )


def test_the_identity_is_the_items_and_nothing_of_the_old_one_is_left():
    copy = corrected(wrong_image(), right_item())
    assert (copy.PatientName, copy.PatientID, copy.AccessionNumber) == ("Rivera^Elena", "NG-1", "NG000001")
    assert (copy.StudyInstanceUID, copy.SeriesInstanceUID, copy.SOPInstanceUID) == ("2.25.5", "2.25.5.2", "2.25.5.1")
    assert copy.RequestAttributesSequence[0].ScheduledProcedureStepID == "SPS1"
    assert "PatientWeight" not in copy, "the item does not say it, and the other patient's is not hers"
    assert copy.PatientBirthDate == "", "type 2: there, and empty"


def test_what_the_scanner_made_stays():
    old = wrong_image()
    copy = corrected(old, right_item())
    for keyword in ("StudyDate", "InstitutionName", "SeriesDescription", "InstanceNumber", "PixelData", "SOPClassUID"):
        assert copy[keyword] == old[keyword]
    assert old == wrong_image(), "the image itself is not changed"


def test_what_it_said_before_stands_in_it():
    (record,) = corrected(wrong_image(), right_item()).OriginalAttributesSequence
    assert (record.ModifyingSystem, record.ReasonForTheAttributeModification) == ("PACS", "CORRECT")
    assert record.AttributeModificationDateTime == "20260302123005"
    before = record.ModifiedAttributesSequence[0]
    assert (before.PatientName, before.PatientID, before.PatientWeight) == ("Müller^Jürgen", "NG-2", 81)
    assert (before.SOPInstanceUID, before.StudyInstanceUID) == ("2.25.1.1", "2.25.1")
    assert before.RequestAttributesSequence[0].ScheduledProcedureStepID == "SPS2"


def test_a_second_correction_is_a_second_record():
    once = corrected(wrong_image(), right_item())
    twice = corrected(once, right_item(name="Rivera^Elena^Maria"))
    assert [str(one.ModifiedAttributesSequence[0].PatientName) for one in twice.OriginalAttributesSequence] == [
        "Müller^Jürgen",
        "Rivera^Elena",
    ]


@pytest.mark.parametrize("item_set", ["ISO_IR 192", "ISO_IR 100", "ISO_IR 6"])
def test_every_text_is_readable_in_the_file_whatever_the_item_declares(tmp_path, item_set):
    image = wrong_image()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(tmp_path / "old.dcm", image, enforce_file_format=True)
    name = "Rivera^Elena" if item_set == "ISO_IR 6" else "Ibáñez^Begoña"
    copy = corrected(dcmread(tmp_path / "old.dcm"), right_item(item_set, name))
    dcmwrite(tmp_path / "new.dcm", copy)
    read = dcmread(tmp_path / "new.dcm")
    assert (read.PatientName, read.SeriesDescription) == (name, "T1 für Übersicht")
    before = read.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert before.PatientName == "Müller^Jürgen"
