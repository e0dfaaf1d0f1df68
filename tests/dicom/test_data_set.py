"""A data set as bytes: the same bytes as pydicom writes, and refused where pydicom would write `?`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.errors import CannotEncode

CODECS = {
    None: "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    ("", "ISO 2022 IR 87"): "iso2022_jp",
    ("", "ISO 2022 IR 149"): "euc_kr",
}
SAMPLES = {
    None: "Beck",
    "ISO_IR 100": "Müller",
    "ISO_IR 144": "Иванова",
    "ISO_IR 192": "山田, Müller, Иванова",
    "GB18030": "王小东",
    ("", "ISO 2022 IR 87"): "山田",
    ("", "ISO 2022 IR 149"): "홍길동",
}


def by_pydicom(item: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = False
    write_dataset(buffer, item)
    return buffer.getvalue()


def item(terms=None, text: str = "Beck") -> Dataset:
    """A data set with a value of every kind."""
    made = Dataset()
    if terms:
        made.SpecificCharacterSet = list(terms) if isinstance(terms, tuple) else terms
    made.PatientName = f"Beck^Ada={text}^{text}"
    made.OtherPatientNames = [f"A={text}", "B^C"]
    made.PatientID, made.PatientBirthDate, made.PatientSex = "M-1", "19791105", "F"
    made.PatientWeight, made.PatientSize = "70.10", 1.68
    made.Allergies = [text, "Latex", text]
    made.RequestedProcedureComments = f"{text}\r\n{text} C:\\x"
    made.StudyInstanceUID, made.PregnancyStatus = "1.2.3", 3
    made.AccessionNumber, made.ReferringPhysicianName = "", None
    made.ReferencedStudySequence = []
    step = Dataset()
    step.ScheduledStationAETitle = ["MR1", "MR2"]
    step.ScheduledProcedureStepDescription = text
    code = Dataset()
    code.CodeValue, code.LongCodeValue, code.CodeMeaning = "C", "X" * 20, text
    step.ScheduledProtocolCodeSequence = [code, Dataset()]
    made.ScheduledProcedureStepSequence = [step]
    issuer = Dataset()
    issuer.LocalNamespaceEntityID = text
    made.IssuerOfAdmissionIDSequence = [issuer]
    made.add_new(0x00091010, "UN", b"\1\2\3\4")
    made.add_new(0x00280009, "AT", 0x00181063)
    made.add_new(0x00189073, "FD", 1.5)
    return made


@pytest.mark.parametrize("terms", CODECS, ids=str)
def test_the_bytes_are_those_of_pydicom(terms):
    assert data_set.encode(item(terms, SAMPLES[terms])) == by_pydicom(item(terms, SAMPLES[terms]))


@pytest.mark.parametrize("terms", CODECS, ids=str)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_the_bytes_of_any_text_are_those_of_pydicom(terms, data):
    alphabet = st.characters(codec=CODECS[terms], exclude_categories=("C",), exclude_characters="\\^=‾¥ㅤ")
    text = data.draw(st.text(alphabet, max_size=30))
    assert data_set.encode(item(terms, text)) == by_pydicom(item(terms, text))


@pytest.mark.parametrize("terms", CODECS, ids=str)
def test_what_is_written_is_read_again(terms):
    back = data_set.decode(data_set.encode(item(terms, SAMPLES[terms])))
    assert back == data_set.decode(by_pydicom(item(terms, SAMPLES[terms])))
    assert (back.PatientName, back.Allergies[0]) == (
        f"Beck^Ada={SAMPLES[terms]}^{SAMPLES[terms]}",
        SAMPLES[terms],
    )


def test_a_value_too_long_for_its_header_travels_as_unknown():
    made = Dataset()
    made.RequestedProcedureComments = "x" * 70_000
    encoded = data_set.encode(made)
    with pytest.warns(UserWarning, match="exceeds the size of 64 kByte"):
        assert encoded == by_pydicom(made)


def test_a_vr_that_depends_on_the_data_set_is_decided():
    made = Dataset()
    made.BitsAllocated, made.PixelRepresentation, made.SmallestImagePixelValue = 8, 1, -3
    made.PixelData = b"\0\1"
    assert data_set.encode(made) == by_pydicom(made)


@pytest.mark.parametrize(("terms", "text"), [(None, "Müller"), ("ISO_IR 100", "山田"), (("", "ISO 2022 IR 87"), "홍")])
def test_a_character_that_is_not_in_the_set_is_refused_by_its_attribute(terms, text):
    made = item(terms)
    made.ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription = text
    with pytest.raises(CannotEncode) as refused:
        data_set.encode(made)
    assert refused.value.where == "ScheduledProcedureStepSequence.ScheduledProcedureStepDescription"


def test_a_long_name_in_any_script_is_read_without_a_warning():
    made = Dataset()
    made.SpecificCharacterSet, made.PatientName = "ISO_IR 192", "Константинопольский^Александр^Владимирович"
    assert data_set.decode(data_set.encode(made)).PatientName == made.PatientName


def test_what_has_no_other_characters_than_ascii_is_refused_too():
    item = Dataset()
    item.SpecificCharacterSet, item.Modality = "ISO_IR 192", "MÄ"
    with pytest.raises(CannotEncode, match="is not ASCII") as refused:
        data_set.encode(item)
    assert refused.value.where == "Modality"
