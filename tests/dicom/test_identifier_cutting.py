"""An identifier that is cut out of an item's bytes is, byte for byte, the one that is written from its values."""

from __future__ import annotations

from typing import Any

import pytest
from fuzzing import tried
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from worklist_samples import code, item, on_the_wire, query, with_values

from hl7dicom_lab.dicom import data_set, identifier_cutting
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import CannotEncode

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]

_TEXTS = (
    "", "A", "AB", "A B", " A", "A ", "A  ", "  ", "A\\B", "A \\B", "A\\ B", "A\\", "\\A", "\\", "^", "A^B", "A^^",
    "A=B", "A==", "=", "é", "日本", "Müller^Anna", "Yamada^Taro=山田^太郎", "A\r\nB", "A\r\n",
)  # fmt: skip
_VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("LO", "SH", "LT", "PN"), _TEXTS),
    "AE": ("", "MR_A", "MR_AB", ["MR_A", "MR_B"], ["MR_A ", "MR_B"], " MR_A"),
    "CS": ("", "MR", "M", "M ", "MR\\CT"),
    "DA": ("", "20260302"),
    "TM": ("", "101500", "10", "1015 "),
    "DS": ("", "70.5", "070", "1e2", " 70", "70  ", "70\\71"),
    "US": (None, 0, 4, [1, 2]),
    "UI": ("", "1.2.3", "1.2.33", "1.2\\1.3"),
}
_ROOT = (
    "AccessionNumber", "PatientName", "PatientID", "PatientBirthDate", "PatientWeight", "PregnancyStatus",
    "StudyInstanceUID", "RequestedProcedureDescription", "RequestedProcedureComments", "MedicalAlerts",
)  # fmt: skip
_STEP = ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartTime", "ScheduledPerformingPhysicianName")
_CODES = ("RequestedProcedureCodeSequence", "ScheduledProtocolCodeSequence")
_TERMS = (None, "", "ISO_IR 100", "ISO_IR 192", "GB18030", ["", "ISO 2022 IR 87"])


def _attributes(*keywords: str) -> st.SearchStrategy[dict[str, Any]]:
    values = {keyword: st.sampled_from(_VALUES[dictionary_VR(tag_for_keyword(keyword) or 0)]) for keyword in keywords}
    return st.fixed_dictionaries({}, optional=values)


_CODE_ITEMS = st.lists(_attributes("CodeValue", "CodeMeaning"), max_size=2)
_STEPS = st.lists(st.tuples(_attributes(*_STEP), _CODE_ITEMS, st.sampled_from((*_TERMS, None, None))), max_size=2)


def _made(values: dict[str, Any], terms: Any = None) -> Dataset:
    made = Dataset()
    if terms is not None:
        made.SpecificCharacterSet = terms
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword) or 0
        made.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE))
    return made


@st.composite
def _items(draw: st.DrawFn) -> Dataset:
    root = _made(draw(_attributes(*_ROOT)), draw(st.sampled_from(_TERMS)))
    steps = Sequence()
    for values, codes, terms in draw(_STEPS):
        steps.append(_made(values, terms))
        if codes:
            steps[-1].ScheduledProtocolCodeSequence = Sequence(map(_made, codes))
    if steps or draw(st.booleans()):
        root.ScheduledProcedureStepSequence = steps
    root.RequestedProcedureCodeSequence = Sequence(map(_made, draw(_CODE_ITEMS)))
    return root


@st.composite
def _queries(draw: st.DrawFn) -> Dataset:
    asked = draw(st.sets(st.sampled_from((*_ROOT, "StudyID")), min_size=1))
    root = _made(dict.fromkeys(asked, ""))
    in_step = draw(st.sets(st.sampled_from((*_STEP, "PatientID"))))
    step = _made(dict.fromkeys(in_step, ""))
    codes = draw(st.sampled_from((None, Sequence(), Sequence([_made({"CodeValue": ""})]), Sequence([code("A")]))))
    if codes is not None:
        root.RequestedProcedureCodeSequence = codes
        step.ScheduledProtocolCodeSequence = codes
    if draw(st.booleans()):
        root.ScheduledProcedureStepSequence = Sequence([step])
    return root


def _both_ways(compiled: CompiledQuery, raw: bytes, syntax: str) -> tuple[object, object]:
    """What comes of an item by each way: the bytes, or that there are none."""

    def written() -> bytes:
        return write_data_set(compiled.response(data_set.read(raw))[1], syntax)

    def cut() -> bytes:
        return compiled.encoded_identifier(data_set.read(raw), syntax)

    said: list[object] = []
    for way in (written, cut):
        try:
            said.append(way())
        except (CannotEncode, UserWarning) as error:
            said.append(str(error))
    return said[0], said[1]


@tried(400)
@given(_queries(), _items(), st.sampled_from(SYNTAXES))
def test_it_is_what_is_written_from_the_values(asked: Dataset, made: Dataset, syntax: str) -> None:
    try:
        raw = data_set.encode(made)
    except (CannotEncode, UserWarning):
        return  # nobody keeps such an item
    written, cut = _both_ways(CompiledQuery(asked), raw, syntax)
    assert cut == written


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_private_key_comes_back_with_its_creator(syntax: str) -> None:
    ds = query(PatientID="MRN-1")
    ds.private_block(0x0009, "ACME", create=True).add_new(0x01, "LO", "X")
    written, cut = _both_ways(CompiledQuery(on_the_wire(ds)), data_set.encode(item()), syntax)
    assert cut == written


@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_what_a_department_has_every_day_is_cut(syntax: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = query(PatientName="", PatientWeight="", PregnancyStatus=None, Modality="MR", ScheduledStationAETitle="")
    asked.RequestedProcedureCodeSequence = Sequence([with_values({"CodeValue": "", "CodeMeaning": ""}, None)])
    compiled, read = CompiledQuery(asked), data_set.read(data_set.encode(item()))
    expected = write_data_set(compiled.response(data_set.read(data_set.encode(item())))[1], syntax)
    monkeypatch.setattr(CompiledQuery, "response", None)  # so nothing can be written
    assert compiled.encoded_identifier(read, syntax) == expected


def test_an_item_whose_values_have_been_read_is_answered_all_the_same() -> None:
    read = data_set.decode(data_set.encode(item()))
    compiled = CompiledQuery(query(PatientName="", Modality=""))
    said = compiled.encoded_identifier(read, ExplicitVRLittleEndian)
    assert said == write_data_set(compiled.response(item())[1], ExplicitVRLittleEndian)


def test_big_endian_is_not_cut() -> None:
    level = CompiledQuery(query(PatientID=""))._level
    assert identifier_cutting.cut_identifier(level, item(), ExplicitVRBigEndian, lambda *_: ()) is None
