"""The order book: every scheduled procedure step that the order filler knows, kept in SQLite.

The order filler's own record (IHE: Department System Scheduler/Order Filler); what is on the worklist is answered from
it (PS3.4 Annex K). Rules: a step is kept as the data set that the worklist answers, with the keys that people ask for
beside it as columns; the columns only narrow a search, the standard's matching decides; nothing is ever deleted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.decoded_values import codecs_of, values
from hl7dicom_lab.dicom.worklist_index import PATIENT_NAME, START, Narrowing, index_entry
from hl7dicom_lab.dicom.worklist_keys import sequence_items
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.mapping.order_to_worklist import MappedOrder, put, worklist_item
from hl7dicom_lab.mapping.table import STEP
from hl7dicom_lab.model import Origin, StepStatus, WorklistItem
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.ready_answers import ReadyAnswers

SCHEMA = """
CREATE TABLE IF NOT EXISTS step (
    id INTEGER PRIMARY KEY,
    placer_order_number TEXT NOT NULL, filler_order_number TEXT NOT NULL,
    accession_number TEXT NOT NULL, requested_procedure_id TEXT NOT NULL,
    scheduled_procedure_step_id TEXT NOT NULL, study_instance_uid TEXT NOT NULL,
    patient_id TEXT NOT NULL, issuer_of_patient_id TEXT NOT NULL,
    modality TEXT NOT NULL, start TEXT NOT NULL, status TEXT NOT NULL, on_worklist INTEGER NOT NULL,
    data_set BLOB NOT NULL, origins TEXT NOT NULL, warnings TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS step_value (
    key TEXT NOT NULL, value TEXT NOT NULL, step INTEGER NOT NULL REFERENCES step(id), PRIMARY KEY (key, value, step)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS step_placer ON step (placer_order_number);
CREATE INDEX IF NOT EXISTS step_filler ON step (filler_order_number);
CREATE INDEX IF NOT EXISTS step_accession ON step (accession_number);
CREATE INDEX IF NOT EXISTS step_procedure ON step (requested_procedure_id);
CREATE INDEX IF NOT EXISTS step_step_id ON step (scheduled_procedure_step_id);
CREATE INDEX IF NOT EXISTS step_study ON step (study_instance_uid);
CREATE INDEX IF NOT EXISTS step_patient ON step (patient_id);
CREATE INDEX IF NOT EXISTS step_when ON step (on_worklist, modality, start);
CREATE INDEX IF NOT EXISTS step_start ON step (on_worklist, start);
CREATE INDEX IF NOT EXISTS values_of_step ON step_value (step);
"""

_COLUMNS = (
    "placer_order_number", "filler_order_number", "accession_number", "requested_procedure_id",
    "scheduled_procedure_step_id", "study_instance_uid", "patient_id", "issuer_of_patient_id", "modality", "start",
)  # fmt: skip

#: The values of an item as `worklist_index` keeps them.
Entry = Mapping[str, tuple[str, ...]]

#: Columns that follow from the item.
_DERIVED = ("status", "on_worklist", "data_set", "origins", "warnings")
_WRITTEN = (*_COLUMNS, *_DERIVED)
_INSERT = f"INSERT INTO step ({', '.join(_WRITTEN)}) VALUES ({', '.join('?' for _ in _WRITTEN)})"
_UPDATE = f"UPDATE step SET {', '.join(f'{name} = ?' for name in _WRITTEN)} WHERE id = ?"

#: What a query may ask for (`Narrowing.key`) and the column that has it; attributes with several values have a table.
_NARROWED = {
    "PatientID": "patient_id",
    "AccessionNumber": "accession_number",
    "StudyInstanceUID": "study_instance_uid",
    "RequestedProcedureID": "requested_procedure_id",
    f"{STEP}.Modality": "modality",
    f"{STEP}.ScheduledProcedureStepID": "scheduled_procedure_step_id",
    START: "start",
}
#: Of these, what has few steps for each value.
_NAMING = frozenset(_NARROWED) - {f"{STEP}.Modality", START}
_STEP_TAG = Tag(STEP)
_SEVERAL_VALUES = (PATIENT_NAME, f"{STEP}.ScheduledStationAETitle")


@dataclass(frozen=True)
class BookedStep:
    """A step with its place in the book."""

    number: int
    item: WorklistItem


class OrderBook:
    """The steps of one department. Thread-safe; `database` is shared with the inbox of the same system."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.database = Database(path, SCHEMA, durable=durable)
        self._ready = ReadyAnswers()

    def add(self, item: WorklistItem, decoded: Dataset | None = None) -> BookedStep:
        """Enter a new step. `decoded` is its data set, where the caller has it: it is not read from its bytes then."""
        entry = index_entry(data_set.read(item.data_set) if decoded is None else decoded)
        with self.database.transaction() as connection:
            number = int(connection.execute(_INSERT, _values(item, entry)).lastrowid or 0)
            _index(connection, number, entry)
        return BookedStep(number, item)

    def replace(self, number: int, item: WorklistItem) -> BookedStep:
        """Put a changed step in the place of an earlier one."""
        entry = index_entry(data_set.read(item.data_set))
        with self.database.transaction() as connection:
            connection.execute(_UPDATE, (*_values(item, entry), number))
            connection.execute("DELETE FROM step_value WHERE step = ?", (number,))
            _index(connection, number, entry)
        return BookedStep(number, item)

    def set_status(self, step: BookedStep, status: StepStatus, source: str) -> BookedStep:
        """Move a step on; `source` says what moved it (`ADT^A04`, `the technologist`)."""
        path = f"{STEP}.ScheduledProcedureStepStatus"
        changed = data_set.decode(step.item.data_set)
        put(changed, path, status.value)
        kept = [origin for origin in step.item.origins if origin.attribute != path]
        origins = (*kept, Origin(path, status.value, source, rule="workflow"))
        return self.replace(step.number, worklist_item(MappedOrder(changed, (), origins, step.item.warnings)))

    def import_item(self, ready: Dataset) -> BookedStep:
        """Enter a ready worklist data set as it is, for example one from another worklist provider."""
        return self.add(worklist_item(MappedOrder(ready)))

    def find(self, query: Dataset) -> Iterator[tuple[int, Dataset]]:
        """Answer a worklist query: pending status and data set of each step on the worklist that matches.

        Raises `DicomFault` 0xA900 for a query that the standard does not allow.
        """
        compiled = CompiledQuery(query)
        return (self._ready.answer(compiled, number, raw) for number, raw in self._matching(compiled))

    def encoded_answers(self, query: CompiledQuery) -> Iterator[tuple[int, Callable[[str], bytes]]]:
        """The same, each data set as what gives its bytes in a transfer syntax; what was given before is ready."""
        for number, raw in self._matching(query):
            yield query.status, partial(self._ready.identifier, query, number, raw)

    def steps(self, **keys: str) -> tuple[BookedStep, ...]:
        """The steps whose columns have these values (`placer_order_number="P1"`), in the order of their entry."""
        condition = " AND ".join(f"{_known(name)} = ?" for name in keys) or "1"
        rows = self.database.rows(f"SELECT * FROM step WHERE {condition} ORDER BY id", tuple(keys.values()))
        return tuple(BookedStep(int(row["id"]), _item(row)) for row in rows)

    def has(self, column: str, value: str) -> bool:
        """Whether a step has this value in a column."""
        return bool(self.database.rows(f"SELECT 1 FROM step WHERE {_known(column)} = ? LIMIT 1", (value,)))

    def worklist(self) -> tuple[WorklistItem, ...]:
        """Everything that a scanner may still see, by start."""
        rows = self.database.rows("SELECT * FROM step WHERE on_worklist = 1 ORDER BY start, id")
        return tuple(_item(row) for row in rows)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def _matching(self, query: CompiledQuery) -> Iterator[tuple[int, bytes]]:
        """Number and data set of each step on the worklist that matches, by start."""
        for number, raw in self._candidates(query):
            if self._ready.matches(query, number, raw):
                yield number, raw

    def _candidates(self, query: CompiledQuery) -> list[sqlite3.Row]:
        """The steps on the worklist that the columns do not rule out, by start."""
        return self.database.rows(*_search(query.narrowing))


def _known(column: str) -> str:
    if column not in _COLUMNS:
        raise ValueError(f"the order book has no column {column}")
    return column


def _index(connection: sqlite3.Connection, number: int, entry: Entry) -> None:
    rows = [(key, value, number) for key in _SEVERAL_VALUES for value in dict.fromkeys(entry[key])]
    connection.executemany("INSERT INTO step_value VALUES (?, ?, ?)", rows)


def _search(narrowing: frozenset[Narrowing]) -> tuple[str, list[str]]:
    """The statement that finds the candidates, and its values."""
    conditions, values = [_on_worklist(narrowing)], []
    for one in sorted(narrowing, key=lambda one: (one.key, one.rule)):
        condition, wanted = _condition(one)
        conditions.append(condition)
        values += wanted
    return f"SELECT id, data_set FROM step WHERE {' AND '.join(conditions)} ORDER BY start, id", values


def _on_worklist(narrowing: frozenset[Narrowing]) -> str:
    """The condition that every candidate fulfils; with a plus SQLite looks for no index on it.

    It would take the one that has them in order, and read all steps to find those of one patient.
    """
    keys = {one.key for one in narrowing}
    names_few = any(one.key in _NAMING and one.rule == "one of" for one in narrowing)
    by_name = PATIENT_NAME in keys and START not in keys
    return "+on_worklist = 1" if names_few or by_name else "on_worklist = 1"


def _condition(narrowing: Narrowing) -> tuple[str, list[str]]:
    column = _NARROWED.get(narrowing.key, "value")
    if narrowing.rule == "one of":
        test, wanted = f"{column} IN ({', '.join('?' for _ in narrowing.values)})", list(narrowing.values)
    elif narrowing.rule == "begins with":
        test, wanted = f"{column} >= ? AND {column} < ? || char(1114111)", [narrowing.values[0]] * 2
    else:
        low, high = narrowing.values
        test = f"{column} >= ? AND {column} <> ''" + (f" AND {column} <= ?" if high else "")
        wanted = [low, high] if high else [low]
    if column == "value":
        return f"id IN (SELECT step FROM step_value WHERE key = ? AND {test})", [narrowing.key, *wanted]
    return test, wanted


def _values(item: WorklistItem, entry: Entry) -> tuple[object, ...]:
    """A row. What a query is narrowed by is kept as the index has it, so that no match is ruled out."""
    columns = {name: getattr(item, name) for name in _COLUMNS}
    columns |= {column: next(iter(entry[key]), "") for key, column in _NARROWED.items()}
    return (
        *columns.values(),
        item.status.value,
        int(item.status.on_worklist),
        item.data_set,
        json.dumps([vars(origin) for origin in item.origins], ensure_ascii=False),
        json.dumps(item.warnings, ensure_ascii=False),
    )


def _item(row: sqlite3.Row) -> WorklistItem:
    """The item of a row, equal to what `worklist_item` made of it: its bytes as they are, only the named fields read.

    To decode the whole data set and to encode it again would take ten times as long, for every step that is asked for.
    """
    item = data_set.read(row["data_set"])
    codecs = codecs_of(item)
    steps = sequence_items(item, _STEP_TAG)

    def texts(keyword: str, *, in_step: bool = False) -> tuple[str, ...]:
        holder = next(iter(steps), None) if in_step else item
        tag, vr = _element(keyword)
        return () if holder is None else values(holder, tag, vr, codecs_of(holder, codecs))

    def text(keyword: str, *, in_step: bool = False) -> str:
        return "\\".join(texts(keyword, in_step=in_step))

    dates = (text(f"ScheduledProcedureStepStart{part}", in_step=True) for part in ("Date", "Time"))
    return WorklistItem(
        accession_number=text("AccessionNumber"),
        requested_procedure_id=text("RequestedProcedureID"),
        scheduled_procedure_step_id=text("ScheduledProcedureStepID", in_step=True),
        study_instance_uid=text("StudyInstanceUID"),
        placer_order_number=text("PlacerOrderNumberImagingServiceRequest"),
        filler_order_number=text("FillerOrderNumberImagingServiceRequest"),
        patient_id=text("PatientID"),
        issuer_of_patient_id=text("IssuerOfPatientID"),
        patient_name=text("PatientName"),
        modality=text("Modality", in_step=True),
        station_ae_titles=texts("ScheduledStationAETitle", in_step=True),
        start="".join(dates),
        status=StepStatus(row["status"]),
        data_set=row["data_set"],
        origins=tuple(Origin(**origin) for origin in json.loads(row["origins"])),
        warnings=tuple(json.loads(row["warnings"])),
    )


@cache
def _element(keyword: str) -> tuple[BaseTag, str]:
    """Tag and VR of a keyword of the data dictionary."""
    tag = Tag(keyword)
    return tag, dictionary_VR(tag)
