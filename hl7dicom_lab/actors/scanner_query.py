"""What a scanner asks the worklist: its station, its modality, today; every attribute as a return key (IHE RAD-5).

Standard: PS3.4 section K.2.2.1 and Table K.6-1. Rule: station, day and modality are attributes of the scheduled
procedure step; at the root of the query they are other attributes, or none, and choose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from difflib import get_close_matches

from pydicom.datadict import keyword_dict, tag_for_keyword
from pydicom.dataset import Dataset

from hl7dicom_lab.actors.settings import ScannerSettings
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST


def scanner_query(settings: ScannerSettings, modality: str, today: date, keys: Mapping[str, str]) -> Dataset:
    """The query of a scanner that is set like this. `keys` are a person's, by keyword; they stand in their place.

    Raises `NotFound` for a keyword that DICOM does not have.
    """
    for keyword in keys:
        _check_keyword(keyword)
    own = {
        "ScheduledStationAETitle": settings.worklist_station,
        "ScheduledProcedureStepStartDate": _days(settings.worklist_days, today),
        "Modality": modality,
    }
    at_root = settings.worklist_keys == "at the root"
    query = Dataset()
    wanted = {**({} if at_root else own), **keys}
    for row in ORDER_TO_WORKLIST:
        keyword = row.attribute.rpartition(".")[2]
        if keyword != "SpecificCharacterSet":
            put(query, row.attribute, wanted.pop(keyword, [] if keyword.endswith("Sequence") else None))
    misplaced = {keyword: value for keyword, value in own.items() if at_root and keyword not in keys}
    for keyword, value in (misplaced | wanted).items():
        put(query, keyword, value)
    return query


def _check_keyword(keyword: str) -> None:
    if tag_for_keyword(keyword) is not None:
        return
    near = get_close_matches(keyword, keyword_dict, n=1)
    raise NotFound(
        "DICOM has no attribute with this keyword (PS3.6 chapter 6)",
        where=keyword,
        next_step=f"write {near[0]}, if that is meant" if near else "look up how the keyword is written",
    )


def _days(setting: str, today: date) -> str:
    """A DA key: one day, or a range of days (PS3.4 section C.2.2.2.5)."""
    if setting == "today":
        return f"{today:%Y%m%d}"
    if setting == "today and tomorrow":
        return f"{today:%Y%m%d}-{today + timedelta(days=1):%Y%m%d}"
    return setting
