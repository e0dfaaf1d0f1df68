"""Worklist matching against `brute_force_matching.py`: generated queries and items, in every pair of character sets.

Beside `test_worklist_properties.py`, which has most keys of a scanner's day: every kind of VR that a worklist can be
asked for, attributes that are absent, empty or padded, sequences in sequences, keys that have to be refused.
HL7DICOM_LAB_FUZZ makes it try more (`fuzzing.py`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from brute_force_matching import Refused, Values, item_fits
from fuzzing import tried
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.dicom.worklist_index import index_entry
from hl7dicom_lab.dicom.worklist_model import STEP
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.errors import DicomFault

SINGLE = ("PatientID", "Modality", "ScheduledStationAETitle")
#: Keyword -> what keys ask for and items hold; half of it meets.
POOLS: dict[str, list[str]] = {
    "PatientID": ["M1", "M2", "m1", "M 1", " M1 "],
    "AccessionNumber": ["A1", "A2", "a1", "A*", "A?", "*1", "[A]1", "A1\\A2", "A\t1"],
    "OtherPatientIDs": ["X", "X\\Y", "Y\\Z", "*", "?", "**", "Z"],
    "PatientSex": ["F", "M", "O", "?", "f", "F*"],
    "PatientAge": ["041Y", "41Y", "003M", "0*"],
    "PatientWeight": ["70", "70.0", "7E1", "+70", "70.5", "x", "7*", " 70"],
    "PregnancyStatus": ["4", "04", "3", "65535"],
    "RequestedProcedureComments": ["one\r\ntwo", "one*", " lead", "lead", "a\\b", "trail  ", "*two", "?"],
    "InstitutionAddress": ["Mill Rd", " Mill Rd", "Mill*", "*\\*", "A\\B"],
    "StudyInstanceUID": ["1.2.3", "1.2.4", "1.2.3\\1.2.4", "1.2.*", "1.02", "1"],
    "PatientBirthDate": ["19700101", "19700102", "-19700101", "19700101-19700102", "1970", "19701301", "-"],
    "PatientName": ["Müller^Anna", "MULLER", "mull*", "Yamada=山田^太郎", "山*", "=山田*", "*", "M?ller*", "MULLER^*"],
    "OtherPatientNames": ["Ana\\Bea", "Bea", "b*", "ANA^", "Bea^Ｂ", "Ana=Bea", "A^B^C^D^E^F", "a=b=c=d"],
    "RequestedProcedureDescription": ["MRI head", "mri head", "MRI*", "Größe", "Gr??e", "Größe ", "山田", "山?"],
    "ScheduledStationAETitle": ["MR_A", "MR_B", "MR_A\\MR_B", "MR*", "MR A", "*", "MR\u00c4", "M" * 17],
    "Modality": ["MR", "CT", "mr", "*", "M?", "MR\\CT"],
    "ScheduledProcedureStepStartDate": [
        "20260302", "20260303", "20260302-20260303", "20260303-", "-20260302", "20260303-20260302", "2026030",
    ],
    "ScheduledProcedureStepStartTime": [
        "10", "1030", "103000", "103000.5", "10-18", "1800-0600", "-10", "1030-", "1860", "24", "10-1a", "000000",
        "-103000.500000", "103000.500000",
    ],
    "ScheduledProcedureStepEndTime": ["11", "10-11", "110000.000001", "12-11", "1159-"],
    "ScheduledPerformingPhysicianName": ["Tech^Tom", "tech*", "T??h^TOM", "ßa", "ssa", "s*", "Ł", "l", "Ø", "ｱ", "ア"],
    "ScheduledProcedureStepStatus": ["SCHEDULED", "ARRIVED", "*ED", "scheduled", "A B"],
    "CommentsOnTheScheduledProcedureStep": ["x", "x*", "*", "é", "?"],
    "CodeValue": ["T1", "T2", "T*", "t1"],
    "CodingSchemeDesignator": ["99A", "99B", "99?"],
    "CodeMeaning": ["T1 axial", "T1*", "Größe", "*x*"],
    "ReferencedSOPClassUID": ["1.2", "1.3", "1.2\\1.3"],
    "LocalNamespaceEntityID": ["N1", "n1", "N*", " N1"],
    "IssuerOfPatientID": ["I1", "I*", "I2"],
    "TypeOfPatientID": ["TEXT", "RFID", "T*"],
}  # fmt: skip
SEQUENCES = {
    "RequestedProcedureCodeSequence": ["CodeValue", "CodingSchemeDesignator", "CodeMeaning"],
    "ReferencedStudySequence": ["ReferencedSOPClassUID"],
    "IssuerOfAccessionNumberSequence": ["LocalNamespaceEntityID"],
    "OtherPatientIDsSequence": ["IssuerOfPatientID", "TypeOfPatientID"],
    "ScheduledProtocolCodeSequence": ["CodeValue", "CodingSchemeDesignator", "CodeMeaning"],
}
IN_STEP = [
    "ScheduledStationAETitle", "Modality", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
    "ScheduledProcedureStepEndTime", "ScheduledPerformingPhysicianName", "ScheduledProcedureStepStatus",
    "CommentsOnTheScheduledProcedureStep",
]  # fmt: skip
AT_ROOT = [
    keyword for keyword in POOLS if keyword not in IN_STEP and not any(keyword in one for one in SEQUENCES.values())
]
VRS = {keyword: dictionary_VR(tag_for_keyword(keyword)) for keyword in (*POOLS, *SEQUENCES, STEP, "InstitutionName")}

#: (0008,0005) of a data set, and what it can write.
CHARSETS = {
    "": "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 192": "utf-8",
    "\\ISO 2022 IR 87": "iso2022_jp",
    "GB18030": "gb18030",
}


@cache
def value(keyword: str) -> st.SearchStrategy[str]:
    pool = st.sampled_from(POOLS[keyword])
    if VRS[keyword] in ("LO", "SH", "LT", "UT", "ST"):
        return st.one_of(pool, pool, st.text("AM1*? ü", max_size=4))
    if VRS[keyword] == "PN":
        return st.one_of(pool, pool, st.text("aüM*?^= ", max_size=6))
    return pool


def some(draw: st.DrawFn, keywords: list[str], most: int) -> Values:
    chosen = draw(st.sets(st.sampled_from(keywords), max_size=most))
    return {keyword: draw(value(keyword)) if draw(OFTEN) else "" for keyword in sorted(chosen)}


def sequences(draw: st.DrawFn, names: list[str], most: int) -> Values:
    name = draw(st.sampled_from([None, None, *names]))
    return {name: [some(draw, SEQUENCES[name], 3) for _ in range(draw(st.integers(0, most)))]} if name else {}


OFTEN = st.sampled_from([True, True, True, False])
ROOT_SEQUENCES = [name for name in SEQUENCES if "Protocol" not in name]


@st.composite
def queries(draw: st.DrawFn) -> Values:
    query = some(draw, AT_ROOT, 2) | sequences(draw, ROOT_SEQUENCES, 2)
    if draw(st.booleans()):
        step = some(draw, IN_STEP, 3) | sequences(draw, ["ScheduledProtocolCodeSequence"], 1)
        query[STEP] = draw(st.sampled_from([[step], [step], [step], [], [step, step]]))
    return query or {"PatientName": ""}


@st.composite
def items(draw: st.DrawFn) -> Values:
    plain = {keyword: draw(value(keyword)) if draw(OFTEN) else draw(NOTHING) for keyword in AT_ROOT}
    step = {keyword: draw(value(keyword)) if draw(OFTEN) else draw(NOTHING) for keyword in IN_STEP}
    step |= sequences(draw, ["ScheduledProtocolCodeSequence"], 2)
    return without_absent(plain | sequences(draw, ROOT_SEQUENCES, 3) | {STEP: [step]})


NOTHING = st.sampled_from(["", None])


def without_absent(item: Values) -> Values:
    return {
        keyword: [without_absent(one) for one in stored] if isinstance(stored, list) else stored
        for keyword, stored in item.items()
        if stored is not None
    }


def encoded(values: Values, codec: str, *, implicit: bool, charset: str = "") -> bytes:
    """The bytes of a data set, Little Endian, in a character set."""
    elements = [(int(tag_for_keyword(keyword) or 0), VRS[keyword], stored) for keyword, stored in values.items()]
    if charset:
        elements.append((0x00080005, "CS", charset))
    written = b""
    for tag, vr, stored in sorted(elements, key=lambda one: one[0]):
        if isinstance(stored, list):
            inside = [encoded(one, codec, implicit=implicit) for one in stored]
            content = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<L", len(one)) + one for one in inside)
        else:
            content = _content(vr, stored, codec)
        if implicit:
            length = struct.pack("<L", len(content))
        else:
            long = vr in ("SQ", "UT", "UC", "UR")
            length = vr.encode() + (struct.pack("<HL", 0, len(content)) if long else struct.pack("<H", len(content)))
        written += struct.pack("<HH", tag >> 16, tag & 0xFFFF) + length + content
    return written


def _content(vr: str, stored: str, codec: str) -> bytes:
    if vr == "US":
        return struct.pack("<H", int(stored)) if stored else b""
    content = stored.encode(codec)
    return content + (b"\0" if vr == "UI" else b" ") * (len(content) % 2)


def texts(values: Values) -> Iterator[str]:
    for stored in values.values():
        if isinstance(stored, list):
            for one in stored:
                yield from texts(one)
        else:
            yield stored


def sent(draw: st.DrawFn, values: Values) -> tuple[bytes, bool]:
    """The bytes of a peer that writes in a character set with all of the letters, and whether its VRs are implicit."""
    text = "".join(texts(values))
    charset = draw(st.sampled_from([charset for charset, codec in CHARSETS.items() if _holds(codec, text)]))
    implicit = draw(st.booleans())
    return encoded(values, CHARSETS[charset], implicit=implicit, charset=charset), implicit


def _holds(codec: str, text: str) -> bool:
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False


def compiled(raw: bytes, *, implicit: bool = False) -> CompiledQuery:
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return CompiledQuery(read_data_set(raw, syntax, strict=True))


def in_place(keyword: str, stored: str | None) -> Values:
    """A data set that has nothing but this, and what every query asks for."""
    alone = {} if stored is None else {keyword: stored}
    if keyword in AT_ROOT:
        return {"InstitutionName": ""} | alone
    if keyword in IN_STEP:
        return {STEP: [alone]}
    sequence = next(name for name, inside in SEQUENCES.items() if keyword in inside)
    return {STEP: [{sequence: [alone]}]} if "Protocol" in sequence else {sequence: [alone]}


@pytest.mark.parametrize("keyword", POOLS)
def test_each_key_alone_against_each_value(keyword):
    there = {stored: in_place(keyword, stored) for stored in (*POOLS[keyword], "", None)}
    items = {
        stored: read_dataset(BytesIO(encoded(has, "utf-8", **UTF_8)), False, True) for stored, has in there.items()
    }
    for key in (*POOLS[keyword], ""):
        asked = in_place(keyword, key)
        raw = encoded(asked, "utf-8", **UTF_8)
        try:
            wanted = {stored: item_fits(asked, has, VRS, only_single=SINGLE) for stored, has in there.items()}
        except Refused:
            with pytest.raises(DicomFault):
                compiled(raw)
            continue
        query = compiled(raw)
        assert {stored: query.matches(item) for stored, item in items.items()} == wanted, key


UTF_8: dict[str, Any] = {"implicit": False, "charset": "ISO_IR 192"}


@tried(160)
@given(asked=queries(), has=items(), data=st.data())
def test_what_matches_and_what_is_refused(asked, has, data):
    raw, implicit = sent(data.draw, asked)
    try:
        wanted = item_fits(asked, has, VRS, only_single=SINGLE)
    except Refused:
        with pytest.raises(DicomFault) as caught:
            compiled(raw, implicit=implicit)
        assert caught.value.status == 0xA900
        return
    query = compiled(raw, implicit=implicit)
    raw, implicit = sent(data.draw, has)
    item = read_dataset(BytesIO(raw), implicit, True)
    assert query.matches(item) == wanted
    assert all(verdict.matched for verdict in query.explain(item)) == wanted
    if wanted:
        entry = index_entry(item)
        assert all(condition.admits(entry[condition.key]) for condition in query.narrowing)
