"""A worklist and an archive as large as those of a department that has worked for years, made in seconds.

A worklist's rows are copies of rows that the order book made itself, with other numbers in them, of the same length. An
archive has an index only: no pixel is written. Rule: the same size gives the same content.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.worklist_items import HITS, numbered
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.order_book import OrderBook

_MARK = 7_777_777  # as long as every number that takes its place
_FIRST = 1_000_000
_KINDS = 60  # of five modalities and twelve months
IMAGES_IN_A_SERIES = 50


def number_of(place: int) -> int:
    """The number of the item at a place."""
    return _FIRST + place


def fill_order_book(path: Path, count: int) -> None:
    """An order book of `count` steps, twenty of them MR examinations of one day."""
    with closing(OrderBook(path, durable=False)) as book:
        for kind in range(_KINDS):
            book.import_item(numbered(_MARK, kind, today=False))
        book.import_item(numbered(_MARK, 0, today=True))
        with book.database.transaction() as connection:
            rows = connection.execute("SELECT * FROM step ORDER BY id").fetchall()
            models = [_model(connection, row) for row in rows]
            connection.execute("DELETE FROM step_value")
            connection.execute("DELETE FROM step")
            for place in range(count):
                row, values = models[_KINDS if place < HITS else place % _KINDS]
                _insert(connection, place + 1, str(number_of(place)), row, values)


def _model(connection: sqlite3.Connection, row: sqlite3.Row) -> tuple[list[object], list[tuple[str, str]]]:
    values = connection.execute("SELECT key, value FROM step_value WHERE step = ?", (row["id"],)).fetchall()
    return list(row), [(one["key"], one["value"]) for one in values]


def _insert(
    connection: sqlite3.Connection, step: int, number: str, row: list[object], values: list[tuple[str, str]]
) -> None:
    mark = str(_MARK)
    copied = (_numbered(one, mark, number) for one in row[1:])
    connection.execute(f"INSERT INTO step VALUES ({', '.join('?' * len(row))})", (step, *copied))
    named = [(key, value.replace(mark, number), step) for key, value in values]
    connection.executemany("INSERT INTO step_value VALUES (?, ?, ?)", named)


def _numbered(value: object, mark: str, number: str) -> object:
    if isinstance(value, bytes):
        return value.replace(mark.encode(), number.encode())
    return value.replace(mark, number) if isinstance(value, str) else value


def fill_archive(folder: Path, count: int) -> None:
    """The index of an archive of `count` instances, fifty to a series and two series to a study."""
    with Archive(folder, durable=False) as archive:
        _fill(archive, count)


def _fill(index: Archive, count: int) -> None:
    studies = -(-count // (2 * IMAGES_IN_A_SERIES))
    with index.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO study VALUES (?, ?, 'NORTHGATE', ?, '19840617', 'F', ?, '20260302', '093000', 'MRI', ?)",
            ((f"2.25.1{n}", f"P{n}", f"RIVERA^ELENA{n}", f"A{n}", 2 * IMAGES_IN_A_SERIES) for n in range(studies)),
        )
        connection.executemany(
            "INSERT INTO series VALUES (?, ?, 'MR', ?)",
            ((f"2.25.1{n}", f"2.25.2{n}.{s}", s) for n in range(studies) for s in (1, 2)),
        )
        connection.executemany(
            "INSERT INTO instance VALUES (?, ?, '1.2.840.10008.5.1.4.1.1.4', ?, ?, ?, ?, 'NORTHGATE', ?, ?, 'MR', "
            "'1.2.840.10008.1.2.1', ?, 'MR1', 0)",
            (_instance(number) for number in range(count)),
        )


def _instance(number: int) -> tuple[object, ...]:
    series, place = divmod(number, IMAGES_IN_A_SERIES)
    n, s = series // 2, series % 2 + 1
    series_uid = f"2.25.2{n}.{s}"
    patient = (f"P{n}", f"RIVERA^ELENA{n}", f"A{n}")
    return number + 1, f"2.25.3{number}", f"2.25.1{n}", series_uid, place + 1, *patient, f"{number:064x}"
