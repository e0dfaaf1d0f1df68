"""A data set in the form of the oracle's expectations: keyword path -> value, so that the two can be compared."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

#: Sequences whose one item's attributes are compared one by one.
_OPENED = ("ScheduledProcedureStepSequence", "RequestAttributesSequence")
_LISTS = ("SpecificCharacterSet", "Allergies", "MedicalAlerts")
_NUMBERS = ("PatientWeight", "PatientSize")


def flat(data_set: Dataset, prefix: str = "") -> dict[str, Any]:
    """Every attribute with a value. `PatientWeight` and `PatientSize` are rounded to grams and millimetres."""
    found: dict[str, Any] = {}
    for element in data_set:
        if element.keyword in _OPENED:
            (item,) = element.value
            found |= flat(item, f"{element.keyword}.")
        elif not element.is_empty:
            found[prefix + element.keyword] = _value(element.keyword, element.value)
    return found


def _value(keyword: str, value: Any) -> Any:
    if keyword in _NUMBERS:
        return round(float(value), 3)
    if keyword == "RequestedProcedureComments":
        return "\n".join(value.split("\r\n"))
    if keyword.endswith("Sequence"):
        return _items(keyword, value)
    if isinstance(value, MultiValue | list) or keyword in _LISTS:
        return [str(one) for one in value] if isinstance(value, MultiValue | list) else [str(value)]
    return value if isinstance(value, int) else str(value)


def _items(keyword: str, items: Any) -> Any:
    if keyword == "OtherPatientIDsSequence":
        return [(one.PatientID, one.get("IssuerOfPatientID", ""), one.TypeOfPatientID) for one in items]
    if keyword == "IssuerOfAdmissionIDSequence":
        return items[0].LocalNamespaceEntityID
    return [(one.get("CodeValue") or one.LongCodeValue, one.CodingSchemeDesignator, one.CodeMeaning) for one in items]


def rounded(expected: dict[str, Any]) -> dict[str, Any]:
    """An expectation with its measures rounded in the same way."""
    return {keyword: round(value, 3) if keyword in _NUMBERS else value for keyword, value in expected.items()}
