"""Which patient each order was placed for: what the EMR needs to know when a report comes back.

Rule: a report that answers an order is about the patient of that order, or a person has to look at it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hl7dicom_lab.model import ImagingOrder
from hl7dicom_lab.storage.database import Database

_SCHEMA = "CREATE TABLE IF NOT EXISTS placed_order (placer_order_number TEXT PRIMARY KEY, patient_id TEXT NOT NULL)"


class PlacedOrders:
    """The orders of one EMR, in its database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(_SCHEMA)

    def remember(self, placed: Iterable[ImagingOrder]) -> None:
        """Keep for whom orders were placed."""
        rows = [(one.placer_order_number, one.patient.identifier.value) for one in placed]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO placed_order VALUES (?, ?)", rows)

    def patient_of(self, placer_order_number: str) -> str | None:
        """The patient of an order; None where this EMR did not place it."""
        sql = "SELECT patient_id FROM placed_order WHERE placer_order_number = ?"
        rows = self._database.rows(sql, (placer_order_number,))
        return rows[0]["patient_id"] if rows else None
