"""What an order book and an archive find through their indexes is what `brute_force_matching.py` finds without any.

Every generated query is put to one order book and one archive with items of every kind: values absent, empty, several,
in other character sets. HL7DICOM_LAB_FUZZ makes it try more (`fuzzing.py`).
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from brute_force_matching import Refused, Values, item_fits
from fuzzing import tried
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from hl7dicom_lab.dicom.study_model import STUDY_ROOT
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.dicom.worklist_model import STEP
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.model import ReceivedInstance
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.order_book import OrderBook
from hl7dicom_lab.storage.study_search import answers

VRS = {
    keyword: dictionary_VR(tag_for_keyword(keyword))
    for keyword in (
        *(keyword for level in STUDY_ROOT for keyword in level.keys),
        *("RequestedProcedureID", "ScheduledProcedureStepID", "ScheduledStationAETitle", STEP),
        *("ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "RequestedProcedureDescription"),
    )
}


def data_set(values: Values, *, key: bool = False) -> Dataset:
    """The values as a data set in UTF-8; as a key, whatever pydicom would say to them."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    for keyword, stored in values.items():
        if isinstance(stored, list):
            content: Any = Sequence(data_set(one, key=key) for one in stored)
        else:
            content = stored.split("\\") if "\\" in stored else stored
            content = int(stored) if VRS[keyword] == "US" and stored.isdigit() else content
        tag = tag_for_keyword(keyword) or 0
        made.add(DataElement(tag, VRS[keyword], content, validation_mode=IGNORE, already_converted=key))
    return made


# The order book

NAMES = [
    "Müller^Anna",
    "MULLER^Anna^B",
    "Yamada^Tarou=山田^太郎=やまだ",
    "=山田",
    "Łoś^Ewa",
    "O'Neill^Ａmy",
    "",
    "mullerin",
]
STARTS = [
    ("20260302", "0930"),
    ("20260302", "10"),
    ("20260303", "000000"),
    ("20260303", ""),
    ("", "1200"),
    ("20260304", "235959.9"),
]
ITEMS: list[Values] = [
    {
        "PatientName": name,
        "PatientID": f"M{number % 3}",
        "AccessionNumber": ["A1", "A2", "a1", "", "A*"][number % 5],
        "StudyInstanceUID": f"1.2.{number % 4}",
        "RequestedProcedureID": f"R{number}",
        "RequestedProcedureDescription": ["MRI head", "", "CT"][number % 3],
        STEP: [
            {
                "Modality": ["MR", "CT"][number % 2],
                "ScheduledStationAETitle": ["MR_A", "MR_A\\MR_B", "CT_A"][number % 3],
                "ScheduledProcedureStepStartDate": date,
                "ScheduledProcedureStepStartTime": time,
                "ScheduledProcedureStepID": f"S{number}",
            }
        ],
    }
    for number, (name, (date, time)) in enumerate(product(NAMES, STARTS))
]
ASKED = {
    "PatientName": ["muller*", "MÜLLER^ANNA", "m*r^*", "?uller*", "山田^太郎", "山*", "*=山田", "Łoś*", "*^b", "*"],
    "PatientID": ["M1", "m1", "*", "M*"],
    "AccessionNumber": ["A1", "A*", "a?", "*1", "A?", "A\\1", "[A]1"],
    "StudyInstanceUID": ["1.2.1", "1.2.1\\1.2.3", "1.2.9", "1.2.*"],
    "RequestedProcedureID": ["R1", "R1*", "R?", "*2"],
    "RequestedProcedureDescription": ["MRI*", "*T", "MRI head"],
    "Modality": ["MR", "CT", "*", "M?"],
    "ScheduledStationAETitle": ["MR_A", "MR_B", "*", "mr_a", "MR_A\\MR_B"],
    "ScheduledProcedureStepID": ["S1", "S*1", "S1?"],
    "ScheduledProcedureStepStartDate": ["20260302", "20260302-20260303", "20260303-", "-20260304", "20260304",
                                        "20260303-20260302"],
    "ScheduledProcedureStepStartTime": ["0930", "09", "10-12", "-0930", "1000-", "235959.9", "10-09", "0000-2359"],
}  # fmt: skip
OF_STEP = [
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
]


@st.composite
def worklist_queries(draw: st.DrawFn) -> Values:
    chosen = draw(st.sets(st.sampled_from(sorted(ASKED)), min_size=1, max_size=4))
    keys = {keyword: draw(st.sampled_from(["", *ASKED[keyword]])) for keyword in sorted(chosen)}
    step = {keyword: key for keyword, key in keys.items() if keyword in OF_STEP}
    return {keyword: key for keyword, key in keys.items() if keyword not in OF_STEP} | ({STEP: [step]} if step else {})


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    book = OrderBook(tmp_path_factory.mktemp("book") / "order_book.sqlite", durable=False)
    for values in ITEMS:
        book.import_item(data_set(values))
    yield book
    book.close()


def check_book(book: OrderBook, asked: Values) -> None:
    query = data_set({"RequestedProcedureID": ""} | asked, key=True)
    try:
        single = ("PatientID", "Modality", "ScheduledStationAETitle")
        wanted = [
            values["RequestedProcedureID"] for values in ITEMS if item_fits(asked, values, VRS, only_single=single)
        ]
    except Refused:
        with pytest.raises(DicomFault) as caught:
            list(book.find(query))
        assert caught.value.status == 0xA900
        return
    found = [answer.RequestedProcedureID for _, answer in book.find(query)]
    assert sorted(found) == sorted(wanted), asked


def test_the_order_book_finds_what_each_key_alone_and_each_pair_of_date_and_time_asks_for(book):
    for keyword, pool in ASKED.items():
        for key in pool:
            check_book(book, {STEP: [{keyword: key}]} if keyword in OF_STEP else {keyword: key})
    start = [f"ScheduledProcedureStepStart{part}" for part in ("Date", "Time")]
    for date, time in product(*(ASKED[keyword] for keyword in start)):
        check_book(book, {STEP: [dict(zip(start, (date, time), strict=True))]})


@tried(120)
@given(asked=worklist_queries())
def test_the_order_book_finds_every_match_and_nothing_else(book, asked):
    check_book(book, asked)


# The archive

IMAGES: list[Values] = [
    {
        "StudyInstanceUID": f"1.2.{study}",
        "SeriesInstanceUID": f"1.2.{study}.{series}",
        "SOPInstanceUID": f"1.2.{study}.{series}.{number}",
        "SOPClassUID": str(MRImageStorage),
        # What a study says is the same on each of its images; the first says it.
        "PatientName": ["Müller^Anna", "Yamada^Tarou=山田^太郎", "", "MULLER"][study],
        "PatientID": ["M0", "M1", "M2", ""][study],
        "PatientBirthDate": ["19700101", "", "19991231", "1970"][study],
        "PatientSex": ["F", "M", "", "O"][study],
        "AccessionNumber": ["A0", "A1", "", "A1\\B1"][study],
        "StudyDate": ["20260302", "20260303", "", "20260302"][study],
        "StudyTime": ["0930", "103000.5", "10", ""][study],
        "StudyID": ["S0", "S1", "S1", ""][study],
        "StudyDescription": ["MRI head", "Größe", "", "CT"][study],
        "ReferringPhysicianName": ["Berg^Ida", "", "Bérg", "Øst"][study],
        # What a series says, and what an image says.
        "Modality": ["MR", "SR"][series],
        "SeriesNumber": str(series + 1),
        "SeriesDescription": ["T1 axial", ""][series],
        "OperatorsName": ["Tech^Tom\\Tech^Ada", "Tech"][series],
        "BodyPartExamined": ["HEAD", ""][series],
        "InstanceNumber": str(number + 1),
        "ImageType": ["ORIGINAL\\PRIMARY", "DERIVED"][number],
        "ContentDate": ["20260302", ""][number],
        "ContentTime": ["101500", "1016"][number],
        "Rows": ["4", "8"][number],
    }
    for study, series, number in product(range(4), range(2), range(2))
]
OF_ARCHIVE: dict[str, dict[str, list[str]]] = {
    "STUDY": {
        "StudyInstanceUID": ["1.2.0", "1.2.1\\1.2.2", "1.2.9", "1.2.*"],
        "StudyDate": ["20260302", "20260302-20260303", "-20260302", "20260303-", "20260303-20260302", "2026"],
        "StudyTime": ["09", "0930", "10-11", "103000-", "-10", "1100-10", "25"],
        "AccessionNumber": ["A1", "B1", "A*", "?1", "A0\\A1", "a1"],
        "PatientName": ["muller*", "müller^anna", "山田*", "*=山*", "*", "x*", "MULLER^*"],
        "PatientID": ["M0", "M*", "m0", "?1", "*"],
        "StudyID": ["S1", "S?", "s1"],
        "PatientBirthDate": ["19700101", "-19800101", "19991231-", "1970"],
        "PatientSex": ["F", "?", "*"],
        "ReferringPhysicianName": ["berg*", "øst", "ost", "b?rg"],
        "StudyDescription": ["MRI*", "Größe", "*e*"],
        "ModalitiesInStudy": ["MR", "SR", "CT", "M*", "MR\\SR"],
        "NumberOfStudyRelatedSeries": ["2", "02", "3", "x"],
        "NumberOfStudyRelatedInstances": ["4", "4.0"],
    },
    "SERIES": {
        "SeriesInstanceUID": ["1.2.0.0", "1.2.0.0\\1.2.0.1", "1.9"],
        "Modality": ["MR", "M?", "*R", "mr"],
        "SeriesNumber": ["1", "01", "2", "1*"],
        "SeriesDescription": ["T1*", "t1*", "?? axial"],
        "OperatorsName": ["tech^ada", "TECH*", "ada"],
        "BodyPartExamined": ["HEAD", "H*", "head"],
        "NumberOfSeriesRelatedInstances": ["2", "3"],
    },
    "IMAGE": {
        "SOPInstanceUID": ["1.2.0.0.0", "1.2.0.0.1\\1.2.0.0.0", "1.9"],
        "InstanceNumber": ["1", "2", "002", "1-2"],
        "SOPClassUID": [str(MRImageStorage), "1.2"],
        "ImageType": ["ORIGINAL", "PRIM*", "derived", "DERIVED"],
        "ContentDate": ["20260302", "20260303-"],
        "ContentTime": ["1015", "10-11", "1016-", "-101500"],
        "Rows": ["4", "8"],
    },
}  # fmt: skip


@st.composite
def archive_queries(draw: st.DrawFn) -> tuple[str, Values, Values]:
    """A level, the unique keys of the levels above, and keys of the level."""
    level = draw(st.sampled_from(["STUDY", "STUDY", "SERIES", "IMAGE"]))
    pool = OF_ARCHIVE[level]
    chosen = draw(st.sets(st.sampled_from(sorted(pool)), max_size=4))
    study = draw(st.integers(0, 3))
    above = {"SERIES": {"StudyInstanceUID": f"1.2.{study}"}, "STUDY": {}}.get(
        level, {"StudyInstanceUID": f"1.2.{study}", "SeriesInstanceUID": f"1.2.{study}.{draw(st.integers(0, 1))}"}
    )
    return level, above, {keyword: draw(st.sampled_from(["", *pool[keyword]])) for keyword in sorted(chosen)}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with Archive(tmp_path_factory.mktemp("archive"), durable=False) as archive:
        for values in IMAGES:
            image = data_set({keyword: stored for keyword, stored in values.items() if stored})
            raw = write_data_set(image, ExplicitVRLittleEndian)
            archive.store(ReceivedInstance(MRImageStorage, image.SOPInstanceUID, ExplicitVRLittleEndian, raw, "MR1"))
        yield archive


#: In every answer, whatever was asked for.
ALWAYS = {"SpecificCharacterSet", "QueryRetrieveLevel", "RetrieveAETitle"}
UNIQUE = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}


def things(level: str) -> dict[str, Values]:
    """What the archive has at a level, by its UID: its first image's values, and what is counted."""
    groups: dict[str, list[Values]] = {}
    for image in IMAGES:
        groups.setdefault(image[UNIQUE[level]], []).append(image)
    found = {}
    for uid, images in groups.items():
        series = {image["SeriesInstanceUID"]: image["Modality"] for image in images}
        counted = {
            "ModalitiesInStudy": "\\".join(dict.fromkeys(series.values())),
            "NumberOfStudyRelatedSeries": str(len(series)),
            "NumberOfStudyRelatedInstances": str(len(images)),
            "NumberOfSeriesRelatedInstances": str(len(images)),
        }
        found[uid] = images[0] | counted
    return found


def check_archive(archive: Archive, level: str, above: Values, keys: Values) -> None:
    query = data_set(above | {UNIQUE[level]: ""} | keys, key=True)
    query.QueryRetrieveLevel = level
    there = things(level)
    try:
        wanted = {uid for uid, has in there.items() if item_fits(above | keys, has, VRS, unknown=True)}
    except Refused:
        with pytest.raises(DicomFault) as caught:
            list(answers(archive, StudyQuery(query)))
        assert caught.value.status == 0xA900
        return
    found = [identifier for _, identifier in answers(archive, StudyQuery(query))]
    assert sorted(str(one[UNIQUE[level]].value) for one in found) == sorted(wanted)
    for identifier in found:
        has = there[str(identifier[UNIQUE[level]].value)]
        assert {one.keyword for one in identifier} - ALWAYS == {*above, *keys, UNIQUE[level]}
        assert {keyword: shown(identifier[keyword].value) for keyword in keys} == {
            one: has.get(one, "") for one in keys
        }


def shown(value: Any) -> str:
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value)


@pytest.mark.parametrize("level", UNIQUE)
def test_the_archive_finds_what_each_key_alone_asks_for(archive, level):
    above = {"STUDY": {}, "SERIES": {"StudyInstanceUID": "1.2.0"}}.get(
        level, {"StudyInstanceUID": "1.2.0", "SeriesInstanceUID": "1.2.0.0"}
    )
    for keyword, pool in OF_ARCHIVE[level].items():
        for key in pool:
            check_archive(archive, level, above, {keyword: key})


@tried(150)
@given(archive_queries())
def test_the_archive_finds_every_match_and_nothing_else(archive, asked):
    check_archive(archive, *asked)
