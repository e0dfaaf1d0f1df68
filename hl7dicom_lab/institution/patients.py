"""The patient list of an institution: a CSV with `id`, `name`, `birth_date` and `sex`, as a spreadsheet saves it.

Rules: columns are found by their names, in any order; comma, semicolon or tab stand between them, whichever the first
line has; an id stands once. The people are to be invented: the list is no place for patients.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.institution import rules
from hl7dicom_lab.institution.document import Value, read_text, unknown
from hl7dicom_lab.model import Identifier, Patient

COLUMNS = ("id", "name", "birth_date", "sex")
_NEEDED = ("id", "name")
#: A class needs no more, and a longer list is likely to be a real one.
MOST = 1_000


def read_patients(path: Path, issuer: str) -> tuple[Patient, ...]:
    """The patients of a list, in its order. Raises `SetupError`, which names line and column."""
    found: dict[str, tuple[Patient, str]] = {}
    for patient, where in _patients(path, issuer):
        number = patient.identifier.value
        if number in found:
            raise SetupError(
                f"the id {number!r} stands twice",
                where=where,
                next_step=f"give each patient another one; it stands first in {found[number][1]}",
            )
        found[number] = patient, where
        if len(found) > MOST:
            raise SetupError(
                f"the list has more than {MOST:,} patients",
                where=path.name,
                next_step="shorten it, and make sure that its people are invented",
            )
    if not found:
        raise SetupError("the list has no patient", where=path.name, next_step="add a line below the columns' names")
    return tuple(patient for patient, _ in found.values())


def _patients(path: Path, issuer: str) -> Iterator[tuple[Patient, str]]:
    text = read_text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        columns = _columns(next(reader, []), path)
        for row in reader:
            where = f"{path.name}, line {reader.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(columns):
                raise SetupError(
                    f"the line has {len(row)} values, and there are {len(columns)} columns",
                    where=where,
                    next_step="put a text that holds the separator into quotation marks",
                )
            yield _patient(dict(zip(columns, row, strict=True)), where, issuer), where
    except csv.Error as problem:
        raise SetupError(
            f"this is no CSV ({problem})",
            where=f"{path.name}, line {reader.line_num}",
            next_step="close the quotation marks of this line, or save the list again as CSV UTF-8",
        ) from problem


def _columns(row: list[str], path: Path) -> list[str]:
    where = f"{path.name}, line 1"
    columns = [name.strip().lower().replace(" ", "_") for name in row]
    for name in columns:
        if name not in COLUMNS:
            raise unknown(name, COLUMNS, where, "column")
        if columns.count(name) > 1:
            raise SetupError(f"the column {name} stands twice", where=where, next_step="keep one of the two")
    for name in _NEEDED:
        if name not in columns:
            raise SetupError(
                f"the column {name} is missing", where=where, next_step=f"the first line names {', '.join(COLUMNS)}"
            )
    return columns


def _patient(row: dict[str, str], where: str, issuer: str) -> Patient:
    values = {name: Value(row.get(name, "").strip(), f"{where}, {name}") for name in COLUMNS}
    return Patient(
        Identifier(rules.patient_id(values["id"]), issuer),
        rules.person_name(values["name"]),
        rules.birth_date(values["birth_date"]),
        rules.sex(values["sex"]),
    )
