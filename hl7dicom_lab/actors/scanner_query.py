"""What a scanner asks the worklist: its station, its modality, today; every attribute as a return key (IHE RAD-5).

Standard: PS3.4 section K.2.2.1 and Table K.6-1. Rule: station, day and modality are attributes of the scheduled
procedure step; at the root of the query they are other attributes, or none, and choose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from pydicom.dataset import Dataset

from hl7dicom_lab.actors.settings import ScannerSettings
from hl7dicom_lab.mapping.attributes import put
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST


def scanner_query(settings: ScannerSettings, modality: str, today: date, keys: Mapping[str, str]) -> Dataset:
    """The query of a scanner that is set like this. `keys` are a person's, by keyword; they stand in their place."""
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


def _days(setting: str, today: date) -> str:
    """A DA key: one day, or a range of days (PS3.4 section C.2.2.2.5)."""
    if setting == "today":
        return f"{today:%Y%m%d}"
    if setting == "today and tomorrow":
        return f"{today:%Y%m%d}-{today + timedelta(days=1):%Y%m%d}"
    return setting
