"""A worklist item, queries and how they look on the wire: what the worklist tests share."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

import hl7dicom_lab.dicom.worklist_model as model
from hl7dicom_lab.dicom.worklist_query import check_query
from hl7dicom_lab.errors import DicomFault

STEP_KEYWORDS = frozenset(
    path.split(".")[1] for path in model.WORKLIST_MODEL if path.startswith(f"{model.STEP}.") and path.count(".") == 1
)


def with_values(root: dict[str, object], step: dict[str, object] | None) -> Dataset:
    ds = Dataset()
    for keyword, value in root.items():
        setattr(ds, keyword, value)
    if step is not None:
        part = Dataset()
        for keyword, value in step.items():
            setattr(part, keyword, value)
        ds.ScheduledProcedureStepSequence = Sequence([part])
    return ds


def code(value: str, meaning: str = "", scheme: str = "99LAB") -> Dataset:
    return with_values({"CodeValue": value, "CodeMeaning": meaning, "CodingSchemeDesignator": scheme}, None)


def item(**changes: object) -> Dataset:
    """A worklist item as the order book keeps it; a keyword of the step goes into the step."""
    root: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "AccessionNumber": "ACC1",
        "PatientName": "Müller^Anna",
        "PatientID": "MRN-1",
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "PatientWeight": "70.5",
        "PregnancyStatus": 4,
        "StudyInstanceUID": "1.2.3",
        "RequestedProcedureID": "RP1",
        "RequestedProcedureDescription": "MRI head",
        "RequestedProcedureCodeSequence": Sequence([code("HEAD", "MRI head")]),
        "ReferringPhysicianName": "",
    }
    step: dict[str, object] = {
        "ScheduledStationAETitle": ["MR_A", "MR_B"],
        "ScheduledProcedureStepStartDate": "20260302",
        "ScheduledProcedureStepStartTime": "101500",
        "Modality": "MR",
        "ScheduledPerformingPhysicianName": "Tech^Tom",
        "ScheduledProcedureStepID": "SPS1",
        "ScheduledProtocolCodeSequence": Sequence([code("T1", "T1 axial"), code("T2", "T2 axial")]),
    }
    for keyword, value in changes.items():
        place = step if keyword in STEP_KEYWORDS else root
        if value is None:
            place.pop(keyword, None)
        else:
            place[keyword] = value
    return with_values(root, step)


def query(**keys: object) -> Dataset:
    """A query; a keyword of the step goes into the step."""
    root = {keyword: value for keyword, value in keys.items() if keyword not in STEP_KEYWORDS}
    step = {keyword: value for keyword, value in keys.items() if keyword in STEP_KEYWORDS}
    return with_values(root, step or None)


def refusal(ds: Dataset) -> DicomFault:
    with pytest.raises(DicomFault) as caught:
        check_query(ds)
    assert caught.value.status == 0xA900
    return caught.value


def on_the_wire(ds: Dataset, *, implicit: bool = False, **raw: bytes) -> Dataset:
    """A data set as it arrives, undecoded; `raw` replaces values by bytes."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit
    write_dataset(buffer, ds)
    read = read_dataset(DicomBytesIO(buffer.getvalue()), implicit, True)
    for keyword, value in raw.items():
        element = read.get_item(keyword)
        read[keyword] = element._replace(value=value, length=len(value))
    return read
