"""The shelf of reports: what the PACS and the EMR (IHE Enterprise Report Repository) keep of every ORU^R01 (RAD-28).

Nothing that came is ever lost: a report is in the history of its study, or in the exceptions queue until a person
releases it.

*Which report is it?* The same patient and the same accession number or Study Instance UID, and no key that both name
differently. Reports on one study are told apart by the filler order number (OBR-3), and by the placer order number
(OBR-2) where one of them has no OBR-3. A key that one side leaves empty tells nothing apart; where it leaves a choice,
the arriving one is kept as a report of its own: nothing is replaced by guess. *Which version of it holds?* See
`report_precedence`.

All methods work inside an outer `shelf.database.transaction()`, so that a report and the answer to the message that
brought it are committed together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import Report
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.report_precedence import why_late
from hl7dicom_lab.storage.report_record import read_report, write_report

_SCHEMA = """
CREATE TABLE IF NOT EXISTS report (
    number INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL, issuer_of_patient_id TEXT NOT NULL,
    accession_number TEXT NOT NULL, study_instance_uid TEXT NOT NULL,
    placer_order_number TEXT NOT NULL, filler_order_number TEXT NOT NULL,
    current_version INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS report_by_accession ON report (accession_number);
CREATE INDEX IF NOT EXISTS report_by_study ON report (study_instance_uid);
CREATE TABLE IF NOT EXISTS held_report (
    number INTEGER PRIMARY KEY,
    received_at TEXT NOT NULL, reason TEXT NOT NULL, content TEXT NOT NULL,
    released_at TEXT, released_by TEXT, released_because TEXT
);
CREATE INDEX IF NOT EXISTS held_report_open ON held_report (number) WHERE released_at IS NULL;
CREATE TABLE IF NOT EXISTS report_version (
    report INTEGER NOT NULL REFERENCES report, version INTEGER NOT NULL,
    received_at TEXT NOT NULL, content TEXT NOT NULL, held INTEGER REFERENCES held_report,
    PRIMARY KEY (report, version)
);
"""

_VERSIONS = """
SELECT report.number, version, version = current_version AS is_current, report_version.received_at,
    report_version.content, held, released_at, released_by, released_because
FROM report
    JOIN report_version ON report_version.report = report.number
    LEFT JOIN held_report ON held_report.number = report_version.held
"""

#: A key that is not given is NULL here, and NULL equals nothing.
_ON_STUDY = """
(accession_number = :accession_number OR study_instance_uid = :study_instance_uid)
AND (:accession_number IS NULL OR accession_number IN ('', :accession_number))
AND (:study_instance_uid IS NULL OR study_instance_uid IN ('', :study_instance_uid))
"""

#: The keys of a report, columns and fields alike.
_KEYS = (
    "patient_id",
    "issuer_of_patient_id",
    "accession_number",
    "study_instance_uid",
    "placer_order_number",
    "filler_order_number",
)


@dataclass(frozen=True)
class Attached:
    """What became of an arriving report.

    `report_number` and `version` count from 1. `is_current` says whether it holds now; if it does, `replaced` is the
    version that held before, and if not, `reason` says why it came too late.
    """

    report_number: int
    version: int
    is_current: bool
    replaced: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Release:
    """Who took a report out of the exceptions queue, when, and why it may be attached."""

    held_number: int
    by: str
    because: str
    at: datetime


@dataclass(frozen=True)
class ReportVersion:
    """One version of a report as it came, and whether it is the one that holds."""

    report_number: int
    version: int
    is_current: bool
    report: Report
    received_at: datetime
    release: Release | None = None


@dataclass(frozen=True)
class HeldReport:
    """A report in the exceptions queue: it is attached to nothing until a person says to what."""

    number: int
    report: Report
    reason: str
    received_at: datetime


@dataclass(frozen=True)
class DismissedReport:
    """A report that was taken out of the exceptions queue without being attached: who decided, when, and why."""

    number: int
    report: Report
    reason: str
    received_at: datetime
    by: str
    because: str
    at: datetime


class ReportShelf:
    """The reports of one system, in one SQLite file. Thread-safe; a context manager.

    Raises `SetupError` where the file cannot be opened.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.database = Database(path, _SCHEMA, durable=durable)

    def attach(self, report: Report, received_at: datetime, *, last_holds: bool = False) -> Attached:
        """Keep a report with its study. It holds from now on, unless a later version already does.

        With `last_holds` it holds in any case. Raises `NotFound` where the report names neither an accession number nor
        a study: hold it instead.
        """
        return self._attach(report, received_at, held=None, last_holds=last_holds)

    def current(self, accession_number: str) -> Report | None:
        """The report that holds for an accession number, or None; the last that came where there are several."""
        return _newest(self.current_versions(accession_number=accession_number))

    def current_by_study(self, study_instance_uid: str) -> Report | None:
        """The report that holds for a study, or None; the last that came where there are several."""
        return _newest(self.current_versions(study_instance_uid=study_instance_uid))

    def current_versions(
        self, *, accession_number: str = "", study_instance_uid: str = ""
    ) -> tuple[ReportVersion, ...]:
        """The version that holds of each report on a study: more than one where the study has several reports."""
        return tuple(one for one in self.history(accession_number, study_instance_uid) if one.is_current)

    def history(self, accession_number: str = "", study_instance_uid: str = "") -> tuple[ReportVersion, ...]:
        """Every version of every report on a study, report by report, in the order in which they were attached.

        A report is on the study that is asked for if one key agrees and none disagrees.
        """
        rows = self.database.rows(
            f"{_VERSIONS} WHERE {_ON_STUDY} ORDER BY report.number, version",
            _study_keys(accession_number, study_instance_uid),
        )
        return tuple(_version(row) for row in rows)

    def hold(self, report: Report, reason: str, received_at: datetime) -> HeldReport:
        """Put a report that cannot be attached into the exceptions queue."""
        with self.database.transaction() as connection:
            number = connection.execute(
                "INSERT INTO held_report (received_at, reason, content) VALUES (?, ?, ?)",
                (received_at.isoformat(), reason, write_report(report)),
            ).lastrowid
        assert number is not None
        return HeldReport(number, report, reason, received_at)

    def exceptions(self) -> tuple[HeldReport, ...]:
        """The exceptions queue: every report that still waits for a person, oldest first."""
        rows = self.database.rows("SELECT * FROM held_report WHERE released_at IS NULL ORDER BY number")
        return tuple(_held(row) for row in rows)

    def judge_again(self, accession_number: str) -> tuple[ReportVersion, ...]:
        """Judge by status and time which version of each report on a study holds; those that hold now and did not.

        What came stays as it came. Raises `NotFound` where there is no report.
        """
        with self.database.transaction() as connection:
            by_report: dict[int, list[ReportVersion]] = {}
            for version in self.history(accession_number):
                by_report.setdefault(version.report_number, []).append(version)
            if not by_report:
                raise NotFound(
                    "there is no report on this examination",
                    where=f"accession number {accession_number}",
                    next_step="look at the exceptions queue, or have the report sent again",
                )
            holding = [one for one in map(_holding, by_report.values()) if not one.is_current]
            for one in holding:
                connection.execute(
                    "UPDATE report SET current_version = ? WHERE number = ?", (one.version, one.report_number)
                )
        return tuple(replace(one, is_current=True) for one in holding)

    def release(self, number: int, report: Report, *, by: str, because: str, at: datetime) -> Attached:
        """Take a report out of the queue and attach it as `report`: its keys corrected by the person who decides.

        What came first stays on record, and the new version says who decided and why. The report keeps the moment at
        which it came, so that it does not replace one that came after it. Raises `NotFound` where the queue has no
        such number, or not any more.
        """
        with self.database.transaction():
            held = self._take_out(number, by, because, at)
            return self._attach(report, held.received_at, held=number)

    def dismiss(self, number: int, *, by: str, because: str, at: datetime) -> None:
        """Take a report out of the queue without attaching it: it was sent in error, or has been sent again rightly.

        It stays on record with who decided and why. Raises `NotFound` as `release` does.
        """
        self._take_out(number, by, because, at)

    def dismissed(self) -> tuple[DismissedReport, ...]:
        """Every report that was dismissed, in the order of its number."""
        rows = self.database.rows(
            "SELECT * FROM held_report WHERE released_at IS NOT NULL"
            " AND number NOT IN (SELECT held FROM report_version WHERE held IS NOT NULL) ORDER BY number"
        )
        return tuple(_dismissed(row) for row in rows)

    def _take_out(self, number: int, by: str, because: str, at: datetime) -> HeldReport:
        with self.database.transaction() as connection:
            row = connection.execute(
                "SELECT * FROM held_report WHERE number = ? AND released_at IS NULL", (number,)
            ).fetchone()
            if row is None:
                raise NotFound(
                    f"no report waits under number {number}",
                    where="exceptions queue",
                    next_step="look at the queue again; somebody may have released the report already",
                )
            connection.execute(
                "UPDATE held_report SET released_at = ?, released_by = ?, released_because = ? WHERE number = ?",
                (at.isoformat(), by, because, number),
            )
            return _held(row)

    def close(self) -> None:
        """Close the file. Safe to call again."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _attach(self, report: Report, received_at: datetime, *, held: int | None, last_holds: bool = False) -> Attached:
        if not (report.accession_number or report.study_instance_uid):
            raise NotFound(
                "the report names neither an accession number (OBR-18) nor a study",
                where=f"message {report.control_id or '(without MSH-10)'}",
                next_step="hold it in the exceptions queue, so that a person finds out what it belongs to",
            )
        with self.database.transaction() as connection:
            number = self._number_of(connection, report)
            version = connection.execute(
                "SELECT coalesce(max(version), 0) + 1 FROM report_version WHERE report = ?", (number,)
            ).fetchone()[0]
            connection.execute(
                "INSERT INTO report_version VALUES (?, ?, ?, ?, ?)",
                (number, version, received_at.isoformat(), write_report(report), held),
            )
            return self._settle(connection, number, version, last_holds)

    def _settle(self, connection: sqlite3.Connection, number: int, version: int, last_holds: bool) -> Attached:
        """Let the new version hold, or leave the one that does."""
        rows = connection.execute(
            f"{_VERSIONS} WHERE report.number = ? AND version IN (current_version, ?)", (number, version)
        ).fetchall()
        known = {one.version: one for one in map(_version, rows)}
        arriving = known.pop(version)
        holding = next(iter(known.values()), None)
        if holding and not last_holds:
            late = why_late(arriving.report, arriving.received_at, holding.report, holding.received_at)
            if late:
                return Attached(number, version, is_current=False, reason=late)
        connection.execute("UPDATE report SET current_version = ? WHERE number = ?", (version, number))
        return Attached(number, version, is_current=True, replaced=holding.version if holding else None)

    def _number_of(self, connection: sqlite3.Connection, report: Report) -> int:
        """The number of the report that this is a version of; a new one where the shelf has none."""
        keys = {key: getattr(report, key) for key in _KEYS}
        candidates = connection.execute(
            f"SELECT * FROM report WHERE {_ON_STUDY} AND patient_id = :patient_id ORDER BY number",
            keys | _study_keys(report.accession_number, report.study_instance_uid),
        ).fetchall()
        same = _same_report(report, candidates)
        if same is None:
            columns, places = ", ".join(_KEYS), ", ".join(f":{key}" for key in _KEYS)
            made = connection.execute(f"INSERT INTO report ({columns}, current_version) VALUES ({places}, 0)", keys)
            return int(made.lastrowid or 0)
        known = {key: same[key] or keys[key] for key in _KEYS}
        connection.execute(
            f"UPDATE report SET {', '.join(f'{key} = :{key}' for key in _KEYS)} WHERE number = :number",
            known | {"number": same["number"]},
        )
        return int(same["number"])


def _study_keys(accession_number: str, study_instance_uid: str) -> dict[str, str | None]:
    return {"accession_number": accession_number or None, "study_instance_uid": study_instance_uid or None}


def _same_report(report: Report, candidates: Sequence[sqlite3.Row]) -> sqlite3.Row | None:
    """Which of a study's reports this is a version of; None where it is another one, or where that stays open."""
    possible = [row for row in candidates if not _tells_apart(report, row)]
    numbers = ("filler_order_number", "placer_order_number")
    agreeing = [row for row in possible if any(row[key] and row[key] == getattr(report, key) for key in numbers)]
    unnumbered = [row for row in possible if not any(row[key] for key in numbers)]
    for group in (agreeing, unnumbered, possible):
        if len(group) == 1:
            return group[0]
    return None


def _tells_apart(report: Report, row: sqlite3.Row) -> bool:
    """Whether a key that both have differs. The filler's number decides before the placer's."""
    if report.issuer_of_patient_id and row["issuer_of_patient_id"] not in ("", report.issuer_of_patient_id):
        return True
    for key in ("filler_order_number", "placer_order_number"):
        own, other = getattr(report, key), row[key]
        if own and other:
            return bool(own != other)
    return False


def _holding(versions: Sequence[ReportVersion]) -> ReportVersion:
    """Which of the versions of one report holds."""
    holding, *others = versions
    for one in others:
        if not why_late(one.report, one.received_at, holding.report, holding.received_at):
            holding = one
    return holding


def _newest(versions: Sequence[ReportVersion]) -> Report | None:
    if not versions:
        return None
    return max(versions, key=lambda one: (one.received_at, one.report_number)).report


def _version(row: sqlite3.Row) -> ReportVersion:
    release = None
    if row["held"] is not None:
        at = datetime.fromisoformat(row["released_at"])
        release = Release(row["held"], row["released_by"], row["released_because"], at)
    return ReportVersion(
        report_number=row["number"],
        version=row["version"],
        is_current=bool(row["is_current"]),
        report=read_report(row["content"]),
        received_at=datetime.fromisoformat(row["received_at"]),
        release=release,
    )


def _held(row: sqlite3.Row) -> HeldReport:
    return HeldReport(
        row["number"], read_report(row["content"]), row["reason"], datetime.fromisoformat(row["received_at"])
    )


def _dismissed(row: sqlite3.Row) -> DismissedReport:
    held = _held(row)
    at = datetime.fromisoformat(row["released_at"])
    return DismissedReport(
        held.number, held.report, held.reason, held.received_at, row["released_by"], row["released_because"], at
    )
