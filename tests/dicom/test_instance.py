import hashlib
import struct

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    MRImageStorage,
)

from hl7dicom_lab.dicom.instance import HEADER, CheckedInstance, check_instance, read_instance
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.model import ReceivedInstance


def image(**attributes):
    data_set = Dataset()
    data_set.SOPClassUID, data_set.SOPInstanceUID = MRImageStorage, "2.25.1.1"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "2.25.1", "2.25.1.9"
    data_set.PatientName, data_set.Rows, data_set.Columns = "A^B", 4, 3
    data_set.SamplesPerPixel, data_set.BitsAllocated = 1, 16
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.add_new("PixelData", "OW", bytes(24))
    for keyword, value in attributes.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    return data_set


def received(instance, syntax=ExplicitVRLittleEndian, /, **command):
    values = {
        "sop_class_uid": MRImageStorage,
        "sop_instance_uid": "2.25.1.1",
        "transfer_syntax_uid": syntax,
        "data_set": write_data_set(instance, syntax),
    }
    return ReceivedInstance(**(values | command))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_sound_instance_gives_its_header(syntax):
    header = check_instance(received(image(), syntax))
    assert (header.PatientName, header.Rows, "PixelData" in header) == ("A^B", 4, False)


def test_the_header_has_what_is_asked_of_an_image_and_nothing_else():
    header = check_instance(received(image(ProtocolName="T1", PatientID="P1", SeriesNumber=3)))
    assert (header.PatientID, header.SeriesNumber) == ("P1", 3)
    assert {element.keyword for element in header} <= set(HEADER)


def test_a_checked_instance_is_not_checked_again():
    instance = received(image())
    checked = CheckedInstance.of(instance)
    assert checked.header == check_instance(instance)
    assert vars(instance).items() <= vars(checked).items()
    assert CheckedInstance.of(checked) is checked


@pytest.mark.parametrize(
    ("attributes", "pixels"),
    [
        ({"NumberOfFrames": 2}, 48),
        ({"SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "RGB"}, 36),
        ({"SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "YBR_FULL_422"}, 24),
        ({"BitsAllocated": 1, "Rows": 5, "Columns": 5}, 4),
    ],
)
def test_pixel_data_has_the_length_that_the_header_says(attributes, pixels):
    check_instance(received(image(**attributes, PixelData=bytes(pixels))))
    check_instance(received(image(**attributes, PixelData=bytes(pixels + 2))))
    with pytest.raises(DicomFault) as caught:
        check_instance(received(image(**attributes, PixelData=bytes(pixels - 2))))
    assert (caught.value.status, caught.value.keyword) == (0xC003, "PixelData")


def test_an_instance_without_pixels_is_sound():
    check_instance(received(image(PixelData=None, Rows=None)))


def encapsulated(*frames, **attributes):
    data_set = image(PixelData=encapsulate(list(frames or (b"abcd",))), **attributes)
    data_set["PixelData"].VR, data_set["PixelData"].is_undefined_length = "OB", True
    return write_data_set(data_set, ExplicitVRLittleEndian)


def test_every_frame_has_a_fragment():
    check_instance(
        received(
            image(), transfer_syntax_uid=JPEG2000Lossless, data_set=encapsulated(b"abcd", b"efgh", NumberOfFrames=2)
        )
    )
    with pytest.raises(DicomFault, match="1 fragment for 2 frames") as caught:
        check_instance(received(image(), transfer_syntax_uid=JPEG2000Lossless, data_set=encapsulated(NumberOfFrames=2)))
    assert caught.value.status == 0xC003


@pytest.mark.parametrize("attributes", [{"PixelData": None}, {"Rows": [4, 4]}, {"NumberOfFrames": "9" * 12}])
def test_how_many_pixels_there_are_must_be_known(attributes):
    with pytest.raises(DicomFault) as caught:
        check_instance(received(image(**attributes)))
    assert caught.value.status == 0xC003


def test_what_does_not_belong_in_a_data_set_is_refused():
    whole = write_data_set(image(), ExplicitVRLittleEndian)
    for tag in (0x00020010, 0x00000002, 0x00100010, 0xFFFF0010):
        element = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, b"UI", 4) + b"1.2\0"
        with pytest.raises(DicomFault, match=f"{tag >> 16:04X},{tag & 0xFFFF:04X}") as caught:
            check_instance(received(image(), data_set=whole + element))
        assert caught.value.status == 0xC000


def test_pixel_data_is_encapsulated_where_the_syntax_asks_for_it():
    check_instance(received(image(), transfer_syntax_uid=JPEG2000Lossless, data_set=encapsulated()))
    with pytest.raises(DicomFault) as caught:
        check_instance(received(image(), transfer_syntax_uid=JPEG2000Lossless))
    assert caught.value.status == 0xC003


@pytest.mark.parametrize(
    ("command", "status", "keyword"),
    [
        ({"data_set": b""}, 0xA900, ""),
        ({"sop_instance_uid": ""}, 0xA900, "SOPInstanceUID"),
        ({"sop_instance_uid": "2.25.1.2"}, 0xA900, "SOPInstanceUID"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2"}, 0xA900, "SOPClassUID"),
        ({"sop_instance_uid": "2.25.1.1\n"}, 0xC002, "SOPInstanceUID"),
        ({"sop_instance_uid": "2.25." + "1" * 60}, 0xC002, "SOPInstanceUID"),
        ({"data_set": b"\x08\x00\x16\x00UI\xff\xff1.2"}, 0xC000, ""),
    ],
)
def test_what_contradicts_the_command_is_refused(command, status, keyword):
    with pytest.raises(DicomFault) as caught:
        check_instance(received(image(), **command))
    assert (caught.value.status, caught.value.keyword) == (status, keyword)
    assert caught.value.next_step


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_an_instance_says_what_and_whose_it_is(keyword):
    with pytest.raises(DicomFault) as caught:
        check_instance(received(image(**{keyword: None})))
    assert (caught.value.status, caught.value.keyword) == (0xA900, keyword)


def test_reading_does_not_ask_for_a_command():
    header = read_instance(write_data_set(image(SOPInstanceUID=None), ImplicitVRLittleEndian), ImplicitVRLittleEndian)
    assert header.StudyInstanceUID == "2.25.1"


def test_the_digest_is_that_of_the_data_set_and_not_taken_again_where_it_is_known():
    instance = received(image())
    assert CheckedInstance.of(instance).digest == hashlib.sha256(instance.data_set).hexdigest()
    assert CheckedInstance.of(instance, "known").digest == "known"
