import struct
import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab.dicom.reading import lines, read_data_set
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import CannotEncode, DicomFault

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]


def item():
    data_set, step = Dataset(), Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.PatientName, data_set.PatientID = "Yamada^Tarou=山田^太郎=やまだ^たろう", "MRN-1"
    data_set.OtherPatientNames = ["A^B", "C^D"]
    data_set.PatientWeight, data_set.PregnancyStatus, data_set.PatientComments = "61.5", 3, "a\\b is one text"
    data_set.NumberOfStudyRelatedInstances = 4
    step.Modality, step.ScheduledStationAETitle = "MR", ["MR1", "MR2"]
    step.ScheduledProcedureStepStartDate, step.ScheduledPerformingPhysicianName = "20260302", "Müller^Ö"
    data_set.ScheduledProcedureStepSequence = [step]
    return data_set


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_was_written_is_read(syntax):
    read = read_data_set(write_data_set(item(), syntax), syntax, strict=True)
    assert read == item()
    assert [str(name) for name in read.OtherPatientNames] == ["A^B", "C^D"]
    assert read.PatientComments == "a\\b is one text"
    assert read.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == ["MR1", "MR2"]
    assert write_data_set(read, syntax) == write_data_set(item(), syntax)


def element(tag, vr, value):
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def test_bad_values_are_shown_as_they_came_and_nothing_warns():
    raw = b"".join(
        (
            element(0x00080016, b"UI", b"../../etc"),
            element(0x00100020, b"LO", b"x" * 70),
            element(0x00100030, b"DA", b"2026-03-02"),
            element(0x00101030, b"DS", b"heavy "),
            element(0x00200013, b"IS", b"1.5x"),
            element(0x00280010, b"US", b"\x01\x02\x03"),
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = read_data_set(raw, ExplicitVRLittleEndian)
        shown = list(lines(read))
    assert shown == [
        "(0008,0016) UI SOPClassUID: ../../etc",
        f"(0010,0020) LO PatientID: {'x' * 64}... (70 characters)",
        "(0010,0030) DA PatientBirthDate: 2026-03-02",
        "(0010,1030) DS PatientWeight: heavy",
        "(0020,0013) IS InstanceNumber: 1.5x",
        "(0028,0010) US Rows: 3 bytes",
    ]


def test_text_outside_its_character_set_is_replaced_or_refused():
    raw = element(0x00080005, b"CS", b"ISO_IR 192") + element(0x00100010, b"PN", b"M\xfcller")
    assert str(read_data_set(raw, ExplicitVRLittleEndian).PatientName) == "M\ufffdller"
    with pytest.raises(DicomFault) as caught:
        read_data_set(raw, ExplicitVRLittleEndian, strict=True)
    assert (caught.value.status, caught.value.keyword) == (0xA900, "PatientName")


def test_an_item_inherits_the_character_set_and_may_have_its_own():
    own, inheriting, data_set = Dataset(), Dataset(), Dataset()
    own.SpecificCharacterSet, own.PatientName = "ISO_IR 144", "Люкceмбypг"
    inheriting.PatientName = "Ñandú"
    data_set.SpecificCharacterSet, data_set.ReferencedPatientSequence = "ISO_IR 100", [own, inheriting]
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = buffer.is_little_endian = True
    write_dataset(buffer, data_set)
    read = read_data_set(buffer.getvalue(), ImplicitVRLittleEndian, strict=True)
    assert [str(one.PatientName) for one in read.ReferencedPatientSequence] == ["Люкceмбypг", "Ñandú"]


def test_japanese_with_escape_sequences_is_read():
    raw = element(0x00080005, b"CS", b"\\ISO 2022 IR 87 ") + element(
        0x00100010, b"PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
    )
    assert str(read_data_set(raw, ExplicitVRLittleEndian, strict=True).PatientName) == "Yamada^Tarou=山田^太郎"


def test_what_comes_from_a_tag_on_can_be_left_out():
    raw = write_data_set(item(), ExplicitVRLittleEndian)
    read = read_data_set(raw, ExplicitVRLittleEndian, before=0x00100020)
    assert [element.keyword for element in read] == ["SpecificCharacterSet", "PatientName"]


def test_a_data_set_reads_as_lines():
    assert list(lines(item())) == [
        "(0008,0005) CS SpecificCharacterSet: ISO_IR 192",
        "(0010,0010) PN PatientName: Yamada^Tarou=山田^太郎=やまだ^たろう",
        "(0010,0020) LO PatientID: MRN-1",
        "(0010,1001) PN OtherPatientNames: A^B\\C^D",
        "(0010,1030) DS PatientWeight: 61.5",
        "(0010,21C0) US PregnancyStatus: 3",
        "(0010,4000) LT PatientComments: a\\b is one text",
        "(0020,1208) IS NumberOfStudyRelatedInstances: 4",
        "(0040,0100) SQ ScheduledProcedureStepSequence: 1 item",
        "  > (0008,0060) CS Modality: MR",
        "  > (0040,0001) AE ScheduledStationAETitle: MR1\\MR2",
        "  > (0040,0002) DA ScheduledProcedureStepStartDate: 20260302",
        "  > (0040,0006) PN ScheduledPerformingPhysicianName: Müller^Ö",
    ]


def test_text_that_does_not_fit_is_not_written():
    data_set = item()
    data_set.SpecificCharacterSet = "ISO_IR 100"
    with pytest.raises(CannotEncode, match="PatientName"):
        write_data_set(data_set, ExplicitVRLittleEndian)


@given(st.binary(max_size=300), st.sampled_from(SYNTAXES), st.booleans())
def test_any_bytes_are_read_or_refused(raw, syntax, strict):
    with suppress(DicomFault):
        list(lines(read_data_set(raw, syntax, strict=strict)))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["LO", "PN", "UI", "DA", "IS", "DS", "US", "FD", "AT", "UN", "OB", "LT", "SH", "CS", "TM"]),
            st.binary(max_size=20),
        ),
        max_size=6,
    ),
    st.sampled_from(
        [b"", b"ISO_IR 192", b"nonsense", b"\\ISO 2022 IR 87", b"ISO 2022 IR 6\\ISO 2022 IR 149", b"GB18030"]
    ),
)
def test_any_values_are_read_without_a_warning(values, character_set):
    raw = element(0x00080005, b"CS", character_set)
    for number, (vr, value) in enumerate(values):
        if vr in ("UN", "OB"):
            raw += struct.pack("<HH2sxxL", 0x0011, 0x1001 + number, vr.encode(), len(value)) + value
        else:
            raw += element(0x00111001 + number, vr.encode(), value)
    list(lines(read_data_set(raw, ExplicitVRLittleEndian)))
