"""Values of data elements as text (PS3.5 sections 6.1 and 6.2)."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from worklist_samples import on_the_wire

from hl7dicom_lab.dicom.decoded_values import UNDECLARED, codecs_of, decode_text, values

PATIENT_NAME, COMMENTS = Tag("PatientName"), Tag("RequestedProcedureComments")
YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"


# Reading values (PS3.5 sections 6.1 and 6.2)


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ("ISO_IR 100", "Müller^Anna"),
        ("ISO_IR 192", YAMADA),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        (["", "ISO 2022 IR 87"], YAMADA),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    ],
)
@pytest.mark.parametrize("implicit", [True, False])
def test_text_is_decoded_with_the_character_set_of_its_data_set(terms, name, implicit):
    ds = Dataset()
    ds.SpecificCharacterSet = terms
    ds.PatientName = name
    ds = on_the_wire(ds, implicit=implicit)
    assert values(ds, PATIENT_NAME, "PN", codecs_of(ds), strict=True) == (name,)


def test_a_multi_byte_character_with_a_backslash_in_it_is_no_delimiter():
    raw = "Wang^Xiao=乗^小".encode("gb18030")
    assert b"\\" in "乗".encode("gb18030")
    ds = Dataset()
    ds.SpecificCharacterSet = "GB18030"
    ds.PatientName = raw
    assert values(on_the_wire(ds), PATIENT_NAME, "PN", codecs_of(ds)) == ("Wang^Xiao=乗^小",)


@pytest.mark.parametrize(
    ("vr", "stored", "read"),
    [("LO", " A B ", "A B"), ("SH", "A\0", "A"), ("LT", " A ", " A"), ("AE", " CT ", "CT")],
)
def test_padding_that_the_vr_calls_insignificant_is_taken_away(vr, stored, read):
    ds = Dataset()
    ds.add_new(COMMENTS, vr, stored)
    assert values(ds, COMMENTS, vr) == (read,)


def test_the_null_that_pads_a_uid_is_taken_away():
    ds = Dataset()
    ds.StudyInstanceUID = "1.2"
    assert on_the_wire(ds).get_item("StudyInstanceUID").value == b"1.2\0"
    assert values(on_the_wire(ds), Tag("StudyInstanceUID"), "UI") == ("1.2",)


def test_a_backslash_is_text_where_a_vr_has_one_value():
    ds = Dataset()
    ds.RequestedProcedureComments = "left\\right"
    assert values(on_the_wire(ds), COMMENTS, "LT") == ("left\\right",)


@pytest.mark.parametrize(
    ("raw", "codecs"), [(b"M\xfcller", ("UTF8",)), (b"\x1b$B;3", ("iso8859",)), (b"\x80", ("ascii",))]
)
def test_text_that_cannot_be_decoded_is_an_error_in_a_query_and_a_mark_in_an_item(raw, codecs):
    with pytest.raises(ValueError, match=r"decode|escape"):
        decode_text(raw, codecs, strict=True)
    assert decode_text(raw, codecs)


def test_text_without_a_declared_character_set_never_fails():
    assert decode_text(b"M\xfcller", UNDECLARED, strict=True) == "Müller"
