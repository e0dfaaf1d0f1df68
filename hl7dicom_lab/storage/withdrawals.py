"""Images that were taken out of sight: kept on disk and on record, found by no query.

Clinical step: a person finds that images were made under the wrong worklist item (IHE Patient Information
Reconciliation; Imaging Object Change Management). Rules: nothing is deleted; who withdrew an image, when, why, and
which image has taken its place stay on record; an image that comes again after it was withdrawn stays out of sight.

An archive whose index was lost knows of no withdrawal any more: all images come back, for a person to look through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hl7dicom_lab.model import StoredInstance
from hl7dicom_lab.storage.database import Database


def schema(instance: str) -> str:
    """The table, with the columns of an `instance` in their order and those of the withdrawal."""
    return f"""
CREATE TABLE IF NOT EXISTS withdrawn (
    {instance},
    replaced_by TEXT NOT NULL, withdrawn_by TEXT NOT NULL, because TEXT NOT NULL, withdrawn_at TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Withdrawal:
    """An image that was withdrawn. `replaced_by` is the SOP Instance UID of its corrected copy, empty without one."""

    image: StoredInstance
    replaced_by: str
    by: str
    because: str
    at: datetime

    def __repr__(self) -> str:
        image = f"image {self.image.instance_number} of {self.image.accession_number or '(no accession)'}"
        return f"<{image}, withdrawn by {self.by} at {self.at:%Y-%m-%d %H:%M}: {self.because}>"


class Withdrawals:
    """The withdrawn images of one archive, in its index. `stored` makes an instance of a row. Thread-safe."""

    def __init__(self, database: Database, stored: Callable[[sqlite3.Row], StoredInstance]) -> None:
        self._database = database
        self._stored = stored

    def of(self, sop_instance_uid: str) -> Withdrawal | None:
        """The withdrawal of an image, or None."""
        rows = self._database.rows("SELECT * FROM withdrawn WHERE sop_instance_uid = ?", (sop_instance_uid,))
        return self._withdrawal(rows[0]) if rows else None

    def all(self) -> tuple[Withdrawal, ...]:
        """Every withdrawal, in the order in which the images had come."""
        return tuple(map(self._withdrawal, self._database.rows("SELECT * FROM withdrawn ORDER BY number")))

    def count(self) -> int:
        """How many images are withdrawn; their files still take up room."""
        return int(self._database.rows("SELECT count(*) AS n FROM withdrawn")[0]["n"])

    def withdraw(
        self, study_instance_uid: str, replacements: Mapping[str, str], *, by: str, because: str, at: datetime
    ) -> int:
        """Withdraw those images of a study that `replacements` names, each with what has taken its place; how many.

        The study is gone from sight with its last image.
        """
        with self._database.transaction() as connection:
            for old, new in replacements.items():
                connection.execute(
                    "INSERT INTO withdrawn SELECT *, ?, ?, ?, ? FROM instance"
                    " WHERE sop_instance_uid = ? AND study_instance_uid = ?",
                    (new, by, because, at.isoformat(), old, study_instance_uid),
                )
            gone = connection.execute(
                "DELETE FROM instance WHERE study_instance_uid = ?"
                " AND sop_instance_uid IN (SELECT sop_instance_uid FROM withdrawn)",
                (study_instance_uid,),
            ).rowcount
            connection.execute(
                "DELETE FROM series WHERE study_instance_uid = ? AND series_instance_uid NOT IN"
                " (SELECT series_instance_uid FROM instance WHERE study_instance_uid = ?)",
                (study_instance_uid, study_instance_uid),
            )
            connection.execute(
                "UPDATE study SET instances = instances - ? WHERE study_instance_uid = ?", (gone, study_instance_uid)
            )
            connection.execute(
                "DELETE FROM study WHERE study_instance_uid = ? AND instances = 0", (study_instance_uid,)
            )
        return gone

    def _withdrawal(self, row: sqlite3.Row) -> Withdrawal:
        values = dict(row)
        return Withdrawal(
            replaced_by=values.pop("replaced_by"),
            by=values.pop("withdrawn_by"),
            because=values.pop("because"),
            at=datetime.fromisoformat(values.pop("withdrawn_at")),
            image=self._stored(row),
        )
