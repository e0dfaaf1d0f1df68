"""What the archive knows without opening a file: studies, series, instances, and who they belong to.

The information model is that of PS3.4 C.3: a study has series, a series has instances. A study shows what its first
image says of it; a later image of the same patient fills in what was unknown and never overwrites.

Rule: every question is answered from an index, so neither the start nor one study's list grows with the archive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydicom.multival import MultiValue

from hl7dicom_lab.dicom.instance import CheckedInstance, Said, said_in
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import Identifier, StoredInstance, StudySummary
from hl7dicom_lab.storage import withdrawals
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.withdrawals import Withdrawals

#: Files in one folder: a file is found by its number, and no folder grows too long to look at.
_FILES_IN_A_FOLDER = 1000

#: An instance, here and where it goes when it is withdrawn.
_INSTANCE = """
    number INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL UNIQUE, sop_class_uid TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL, series_instance_uid TEXT NOT NULL, instance_number INTEGER NOT NULL,
    patient_id TEXT NOT NULL, issuer_of_patient_id TEXT NOT NULL, patient_name TEXT NOT NULL,
    accession_number TEXT NOT NULL, modality TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL, digest TEXT NOT NULL, calling_ae_title TEXT NOT NULL,
    unscheduled INTEGER NOT NULL
"""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS study (
    study_instance_uid TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL, issuer_of_patient_id TEXT NOT NULL, patient_name TEXT NOT NULL,
    patient_birth_date TEXT NOT NULL, patient_sex TEXT NOT NULL,
    accession_number TEXT NOT NULL, study_date TEXT NOT NULL, study_time TEXT NOT NULL, description TEXT NOT NULL,
    instances INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS study_by_accession ON study (accession_number);
CREATE INDEX IF NOT EXISTS study_by_patient ON study (patient_id);
CREATE TABLE IF NOT EXISTS series (
    study_instance_uid TEXT NOT NULL REFERENCES study, series_instance_uid TEXT NOT NULL,
    modality TEXT NOT NULL, series_number INTEGER NOT NULL,
    PRIMARY KEY (study_instance_uid, series_instance_uid)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instance (
    {_INSTANCE},
    FOREIGN KEY (study_instance_uid, series_instance_uid) REFERENCES series
);
CREATE INDEX IF NOT EXISTS instance_by_series
    ON instance (study_instance_uid, series_instance_uid, instance_number);
CREATE INDEX IF NOT EXISTS instance_unscheduled ON instance (study_instance_uid) WHERE unscheduled;
"""

#: Columns of an instance that its value has as well.
_INSTANCE_COLUMNS = tuple(one.name for one in fields(StoredInstance) if one.name not in ("path", "unscheduled"))

#: Columns of a study that a later image may fill in, with the attribute that each one comes from.
STUDY_ATTRIBUTES = {
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "patient_name": "PatientName",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
    "accession_number": "AccessionNumber",
    "study_date": "StudyDate",
    "study_time": "StudyTime",
    "description": "StudyDescription",
}

#: Only an image of the same patient fills in, or a study could show one patient's name with another's birth date.
_FILL_IN = "{column} = iif({column} = '' AND patient_id = excluded.patient_id, excluded.{column}, {column})"

_ADD_STUDY = f"""
INSERT INTO study (study_instance_uid, instances, {", ".join(STUDY_ATTRIBUTES)})
VALUES (:study_instance_uid, 1, {", ".join(f":{column}" for column in STUDY_ATTRIBUTES)})
ON CONFLICT DO UPDATE SET instances = instances + 1,
{", ".join(_FILL_IN.format(column=column) for column in STUDY_ATTRIBUTES)}
"""

_ADD_SERIES = """
INSERT OR IGNORE INTO series VALUES (:study_instance_uid, :series_instance_uid, :modality, :series_number)
"""

_ADD_INSTANCE = """
INSERT INTO instance VALUES (
    :number, :sop_instance_uid, :sop_class_uid, :study_instance_uid, :series_instance_uid, :instance_number,
    :patient_id, :issuer_of_patient_id, :patient_name, :accession_number, :modality,
    :transfer_syntax_uid, :digest, :calling_ae_title, :unscheduled)
"""

_STUDIES = """
SELECT study.*,
    (SELECT count(*) FROM series WHERE series.study_instance_uid = study.study_instance_uid) AS series,
    (SELECT group_concat(modality, '\\') FROM series
     WHERE series.study_instance_uid = study.study_instance_uid) AS modalities
FROM study
"""


class ImageIndex:
    """The index of an archive whose files lie in `folder`. Thread-safe.

    Raises `SetupError` where its file cannot be opened.
    """

    def __init__(self, path: Path, folder: Path, *, durable: bool) -> None:
        self.database = Database(path, _SCHEMA + withdrawals.schema(_INSTANCE), durable=durable)
        self.withdrawals = Withdrawals(self.database, self._stored)
        self._folder = folder

    def _path_of(self, number: int) -> Path:
        """Where the file with this number lies. Nothing of the name comes from the wire."""
        return self._folder / f"{number // _FILES_IN_A_FOLDER:06d}" / f"{number:09d}.dcm"

    def _next_number(self) -> int:
        """The number of the next file: one more than the last one's that the index knows."""
        last = "coalesce((SELECT max(number) FROM {}), 0)"
        rows = self.database.rows(f"SELECT max({last.format('instance')}, {last.format('withdrawn')}) AS last")
        return int(rows[0]["last"]) + 1

    def _add(self, connection: sqlite3.Connection, number: int, received: CheckedInstance) -> StoredInstance:
        """Enter one instance, and its study and series where they are new, in the transaction that the caller began."""
        said = said_in(received.header)
        values: dict[str, str | int] = {column: _text(said, name) for column, name in STUDY_ATTRIBUTES.items()}
        values |= {
            "number": number,
            "sop_instance_uid": received.sop_instance_uid,
            "sop_class_uid": received.sop_class_uid,
            "study_instance_uid": _text(said, "StudyInstanceUID"),
            "series_instance_uid": _text(said, "SeriesInstanceUID"),
            "series_number": _number(said, "SeriesNumber"),
            "instance_number": _number(said, "InstanceNumber"),
            "modality": _text(said, "Modality"),
            "transfer_syntax_uid": received.transfer_syntax_uid,
            "digest": received.digest,
            "calling_ae_title": received.calling_ae_title,
        }
        values["unscheduled"] = bool(self.doubt(values))
        for statement in (_ADD_STUDY, _ADD_SERIES, _ADD_INSTANCE):
            connection.execute(statement, values)
        return self._stored(values)

    def instance(self, sop_instance_uid: str) -> StoredInstance | None:
        """The instance with this SOP Instance UID, or None."""
        rows = self.database.rows("SELECT * FROM instance WHERE sop_instance_uid = ?", (sop_instance_uid,))
        return self._stored(rows[0]) if rows else None

    def instances(self, study_instance_uid: str) -> tuple[StoredInstance, ...]:
        """The instances of a study, by series number and then instance number; UIDs decide where these are equal."""
        rows = self.database.rows(
            "SELECT instance.* FROM instance JOIN series USING (study_instance_uid, series_instance_uid)"
            " WHERE study_instance_uid = ?"
            " ORDER BY series_number, series_instance_uid, instance_number, sop_instance_uid",
            (study_instance_uid,),
        )
        return tuple(self._stored(row) for row in rows)

    def all_instances(self) -> tuple[StoredInstance, ...]:
        """Every instance in the order in which they came."""
        return tuple(self._stored(row) for row in self.database.rows("SELECT * FROM instance ORDER BY number"))

    def studies(
        self, *, study_instance_uid: str = "", accession_number: str = "", patient_id: str = ""
    ) -> tuple[StudySummary, ...]:
        """The studies that agree with every key given (all of them when none is), by date, time and UID."""
        given = {
            "study_instance_uid": study_instance_uid,
            "accession_number": accession_number,
            "patient_id": patient_id,
        }
        keys = {column: value for column, value in given.items() if value}
        condition = " AND ".join(f"{column} = ?" for column in keys) or "TRUE"
        rows = self.database.rows(
            f"{_STUDIES} WHERE {condition} ORDER BY study_date, study_time, study_instance_uid", tuple(keys.values())
        )
        return tuple(_summary(row) for row in rows)

    def find_study(self, *, accession_number: str = "", study_instance_uid: str = "") -> StudySummary:
        """The one study that agrees with the keys.

        Raises `NotFound` where there is none, and where an accession number leads to more than one study: which of
        them is meant is never guessed.
        """
        found = self.studies(accession_number=accession_number, study_instance_uid=study_instance_uid)
        keys = f"accession number {accession_number or '(any)'}, study {study_instance_uid or '(any)'}"
        if not found:
            raise NotFound(
                "the archive has no such study",
                where=keys,
                next_step="look at the list of studies; the images may be there under another accession number",
            )
        if len(found) > 1:
            raise NotFound(
                f"{len(found)} studies of the archive agree with this",
                where=keys,
                next_step=f"ask with study_instance_uid, for example {found[0].study_instance_uid}",
            )
        return found[0]

    def count(self) -> int:
        """How many instances there are."""
        return int(self.database.rows("SELECT coalesce(sum(instances), 0) AS n FROM study")[0]["n"])

    def identity_conflicts(self, study_instance_uid: str) -> tuple[Identifier, ...]:
        """The patients that the images of one study name, where they name more than one; otherwise empty.

        A study belongs to one patient (PS3.3 section A.1.2.2). An unknown issuer agrees with every issuer.
        """
        rows = self.database.rows(
            "SELECT DISTINCT patient_id, issuer_of_patient_id FROM instance WHERE study_instance_uid = ?"
            " ORDER BY patient_id, issuer_of_patient_id",
            (study_instance_uid,),
        )
        named = [Identifier(row["patient_id"], row["issuer_of_patient_id"]) for row in rows]
        issuers = {one.issuer for one in named if one.issuer}
        agree = len({one.value for one in named}) <= 1 and len(issuers) <= 1
        return () if agree else tuple(named)

    def doubt(self, identity: Mapping[str, object]) -> str:
        """Why an image with these columns may belong to no order; "" where nothing that is kept says so.

        It names no order, or its accession number is that of another patient, or its study has another one.
        """
        if not identity["accession_number"]:
            return "it has no accession number"
        found = self.database.rows(
            "SELECT patient_id FROM study WHERE accession_number = :accession_number"
            " AND patient_id NOT IN ('', :patient_id) LIMIT 1",
            identity,
        )
        if found:
            return f"its accession number is that of a study of patient {found[0]['patient_id']}"
        found = self.database.rows(
            "SELECT accession_number FROM study WHERE study_instance_uid = :study_instance_uid"
            " AND accession_number NOT IN ('', :accession_number)",
            identity,
        )
        return f"its study has the accession number {found[0]['accession_number']}" if found else ""

    def by_identity(self) -> list[dict[str, Any]]:
        """What the images say of patient and order, each once, with how many say so; in the order of their coming."""
        rows = self.database.rows(
            "SELECT study_instance_uid, accession_number, patient_id, max(patient_name) AS patient_name,"
            " max(issuer_of_patient_id) AS issuer_of_patient_id, count(*) AS images FROM instance"
            " GROUP BY study_instance_uid, accession_number, patient_id ORDER BY min(number)"
        )
        return [dict(row) for row in rows]

    def flag(self, study_instance_uid: str, patient_id: str, accession_number: str, *, unscheduled: bool) -> None:
        """Set or clear the flag of all images of a study that say this of patient and order."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE instance SET unscheduled = ?"
                " WHERE study_instance_uid = ? AND patient_id = ? AND accession_number = ? AND unscheduled != ?",
                (unscheduled, study_instance_uid, patient_id, accession_number, unscheduled),
            )

    def count_unscheduled(self, study_instance_uid: str) -> int:
        """How many instances of a study are flagged."""
        rows = self.database.rows(
            "SELECT count(*) AS n FROM instance WHERE study_instance_uid = ? AND unscheduled", (study_instance_uid,)
        )
        return int(rows[0]["n"])

    def unscheduled(self) -> tuple[StoredInstance, ...]:
        """The instances that are flagged as matching no order, in the order in which they came: to be reconciled."""
        rows = self.database.rows("SELECT * FROM instance WHERE unscheduled ORDER BY number")
        return tuple(self._stored(row) for row in rows)

    def _stored(self, row: sqlite3.Row | Mapping[str, Any]) -> StoredInstance:
        values = {name: row[name] for name in _INSTANCE_COLUMNS}
        return StoredInstance(path=self._path_of(row["number"]), unscheduled=bool(row["unscheduled"]), **values)


def _summary(row: sqlite3.Row) -> StudySummary:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates values
    values["modalities"] = tuple(sorted(set(row["modalities"].split("\\")) - {""}))
    return StudySummary(**values)


def _text(said: Said, keyword: str) -> str:
    value = said.get(keyword)
    if isinstance(value, MultiValue):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _number(said: Said, keyword: str) -> int:
    """An IS value; 0 where it is absent or no number, so that such an image stands first and is still there."""
    try:
        return int(str(said.get(keyword)))
    except ValueError:
        return 0
