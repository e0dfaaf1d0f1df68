"""Which version of a report holds: messages overtake each other, and an older version never replaces a newer one.

An order of all versions, so that the same one holds in whatever order they arrive:

1. A preliminary report (OBR-25 = P, HL7 table 0123) stands below every final, corrected or cancelled one.
2. The later status change (OBR-22) wins; where a report does not say it, MSH-7 of its message stands for it. Of two
   moments with different precision only the common part counts. A report without any moment is below those with one.
3. Between equal moments: X before C before F. A cancelled report that holds stays the current version: whoever
   shows it says that it is cancelled.
4. Between equals, the one that arrived later wins.
"""

from __future__ import annotations

from datetime import datetime

from hl7dicom_lab.model import Report, ReportStatus

_NAMES = {
    ReportStatus.PRELIMINARY: "a preliminary report",
    ReportStatus.FINAL: "a final report",
    ReportStatus.CORRECTED: "a corrected report",
    ReportStatus.CANCELED: "a cancellation",
}
_RANKS = tuple(_NAMES)


def why_late(arriving: Report, arrived_at: datetime, holding: Report, held_since: datetime) -> str:
    """Why the arriving report does not replace the one that holds, in a sentence; empty where it does replace it."""
    new, old = _NAMES[arriving.status], _NAMES[holding.status]
    if _is_preliminary(arriving) != _is_preliminary(holding):
        return f"{new} never replaces {old} (OBR-25)" if _is_preliminary(arriving) else ""
    new_moment, old_moment = _comparable(_moment(arriving), _moment(holding))
    if bool(new_moment) != bool(old_moment):
        return "" if new_moment else "it does not say when its status changed (OBR-22)"
    if new_moment != old_moment:
        return "" if new_moment > old_moment else f"its status changed at {new_moment}, before {old_moment} (OBR-22)"
    if arriving.status is not holding.status:
        above = _RANKS.index(arriving.status) > _RANKS.index(holding.status)
        return "" if above else f"{new} replaces {old} only with a later status change (OBR-22)"
    return "" if arrived_at >= held_since else "it arrived before the version that holds"


def _is_preliminary(report: Report) -> bool:
    return report.status is ReportStatus.PRELIMINARY


def _moment(report: Report) -> str:
    return report.status_changed_at or report.sent_at


def _comparable(one: str, other: str) -> tuple[str, str]:
    """Two HL7 moments (YYYYMMDDHHMMSS, or shorter) cut to the precision that both have."""
    common = min(len(one), len(other)) if one and other else max(len(one), len(other))
    return one[:common], other[:common]
