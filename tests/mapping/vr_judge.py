"""What DICOM says about a worklist answer, written from the standard and from nothing of the package.

PS3.5 Table 6.2-1 (value representations), section 6.1 (character sets and control characters), section 9.1 (UIDs);
PS3.3 Table 8.8-1 (code sequence items) and section C.12.1.1.2; PS3.4 Table K.6-1 (type 1 return keys).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

STEP = "ScheduledProcedureStepSequence"

#: Table 6.2-1: the most characters of a value, and the form of one where the table gives it.
_LONGEST = {"AE": 16, "CS": 16, "DS": 16, "IS": 12, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024, "TM": 14, "UI": 64}
_FORM = {
    "AE": r"(?=.*[^ ])[\x20-\x5b\x5d-\x7e]+",
    "AS": r"[0-9]{3}[DWMY]",
    "CS": r"[A-Z0-9 _]+",
    "DA": r"[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
    "DS": r" *[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([Ee][+-]?[0-9]+)? *",
    "IS": r" *[+-]?[0-9]+ *",
    "TM": r"([01][0-9]|2[0-3])([0-5][0-9](([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?",
    "UI": r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*",
}
_ONE_LINE = ("LO", "PN", "SH", "UC")
_LINES = ("LT", "ST", "UT")
_TEXT = (*_ONE_LINE, *_LINES)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]|\r(?!\n)|(?<!\r)\n")

#: PS3.3 Table C.12-2 and the sections after it.
_CODECS = {
    "ISO_IR 100": "latin-1", "ISO_IR 101": "iso8859-2", "ISO_IR 109": "iso8859-3", "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5", "ISO_IR 127": "iso8859-6", "ISO_IR 126": "iso8859-7", "ISO_IR 138": "iso8859-8",
    "ISO_IR 148": "iso8859-9", "ISO_IR 192": "utf-8", "GB18030": "gb18030",
    "ISO 2022 IR 87": "iso2022_jp", "ISO 2022 IR 149": "euc_kr", "": "ascii",
}  # fmt: skip

#: Table K.6-1, return type 1.
_ALWAYS = ("PatientName", "PatientID", "RequestedProcedureID", "StudyInstanceUID")
_ALWAYS_IN_STEP = (
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "Modality",
    "ScheduledProcedureStepID",
)


def complaints(answer: Dataset) -> list[str]:
    """Everything that is wrong with one answer of the worklist."""
    terms = _several(answer.get("SpecificCharacterSet")) or [""]
    return [*_missing(answer), *_of_data_set(answer, terms, "")]


def _missing(answer: Dataset) -> Iterator[str]:
    steps = answer.get(STEP) or [Dataset()]
    if len(steps) != 1:
        yield f"{len(steps)} steps in one answer"
    step = steps[0]
    absent = [name for name in _ALWAYS if not answer.get(name)]
    yield from (f"no {name}" for name in absent + [name for name in _ALWAYS_IN_STEP if not step.get(name)])
    if not (answer.get("RequestedProcedureDescription") or answer.get("RequestedProcedureCodeSequence")):
        yield "neither description nor code of the requested procedure"
    if not (step.get("ScheduledProcedureStepDescription") or step.get("ScheduledProtocolCodeSequence")):
        yield "neither description nor code of the step"


def _of_data_set(data_set: Dataset, terms: list[str], path: str) -> Iterator[str]:
    for element in data_set:
        name = f"{path}{element.keyword}"
        if dictionary_VR(element.tag) != element.VR:
            yield f"{name} has VR {element.VR}"
        if element.VR == "SQ":
            for item in element.value or ():
                yield from (f"{name}: {what}" for what in _of_item(item))
                yield from _of_data_set(item, terms, f"{name}.")
            continue
        values = _several(element.value)
        if len(values) > 1 and dictionary_VM(element.tag) == "1":
            yield f"{name} has {len(values)} values"
        if len(values) > 1 and element.keyword == "SpecificCharacterSet":
            values = values[1:] if values[0] == "" else values  # the default repertoire (PS3.3 section C.12.1.1.2)
        for value in values:
            yield from (f"{name} {value!r}: {what}" for what in _of_value(element.VR, value, terms))
        yield from (f"{name} {element.value!r}: pydicom says {what}" for what in _said_by_pydicom(element))


def _of_item(item: Dataset) -> Iterator[str]:
    if "CodeMeaning" in item and not (item.get("CodeValue") or item.get("LongCodeValue")):
        yield "a code without a value"
    if "CodeMeaning" in item and not (item.CodingSchemeDesignator and item.CodeMeaning):
        yield "a code without scheme or meaning"
    if "TypeOfPatientID" in item and not item.get("PatientID"):
        yield "an identifier without a value"
    if not len(item):
        yield "an empty item"


def _of_value(vr: str, value: Any, terms: list[str]) -> Iterator[str]:
    if vr == "US":
        if not (isinstance(value, int) and 0 <= value <= 0xFFFF):
            yield "no US"
        return
    text = str(value)
    if vr == "PN":
        yield from _of_name(text)
    elif len(text) > _LONGEST.get(vr, len(text)):
        yield f"{len(text)} characters"
    if vr in _FORM and not re.fullmatch(_FORM[vr], text):
        yield f"no {vr}"
    if vr == "DA" and int(text[6:] or 0) > calendar.monthrange(int(text[:4]) or 4, int(text[4:6]) or 1)[1]:
        yield "no day"
    if vr in _ONE_LINE and (_CONTROL.search(text) or "\\" in text):
        yield "a control character, or a backslash inside a value"
    if vr in _LINES and _CONTROL_BUT_LINES.search(text):
        yield "a control character, or a line that does not end with CR LF"
    if not _fits(text, terms if vr in _TEXT else [""]):
        yield f"not in {terms}"


def _of_name(text: str) -> Iterator[str]:
    groups = text.split("=")
    if len(groups) > 3 or any(len(group) > 64 or group.count("^") > 4 for group in groups):
        yield "too many groups, components or characters"
    if not text.replace("^", "").replace("=", "").strip():
        yield "a name of nothing"


def _fits(text: str, terms: list[str]) -> bool:
    return all(any(_has(_CODECS[term], one) for term in terms) for one in text)


def _has(codec: str, character: str) -> bool:
    try:
        return character.encode(codec).decode(codec) == character
    except UnicodeError:
        return False


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list) else [value]


def _said_by_pydicom(element: DataElement) -> Iterator[str]:
    value = list(element.value) if isinstance(element.value, MultiValue) else element.value
    try:
        DataElement(element.tag, element.VR, value, validation_mode=config.RAISE)
    except ValueError as error:
        yield str(error)
