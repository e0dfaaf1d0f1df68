"""The worklist's answer to a scanner's question: which items match, why, and what is sent back (PS3.4 Annex K).

Rules:

* An item matches when it fulfils every key (section K.4.1.3.1).
* The answer has exactly the attributes that were asked for, with their values or empty, and besides them only
  SpecificCharacterSet (0008,0005), which must be able to hold them (section K.4.1.1.3.2).
* ScheduledProcedureStepSequence has one item in every answer (Table K.6-1). Of other sequences the matching items
  come back, with only the requested attributes (section C.2.2.2.6).

A query is read once, as a `CompiledQuery`; each candidate then costs microseconds. Elements are shared between an item
and its answers: neither is changed after that.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import character_set, periods, worklist_index
from hl7dicom_lab.dicom.decoded_values import SPECIFIC_CHARACTER_SET, UNDECLARED, Codecs, codecs_of, values
from hl7dicom_lab.dicom.identifier_cutting import cut_identifier
from hl7dicom_lab.dicom.worklist_index import Narrowing
from hl7dicom_lab.dicom.worklist_keys import ONE_PERIOD, Key, Level, QueryReader, StepPeriod, sequence_items
from hl7dicom_lab.dicom.worklist_model import STEP
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.trace import Remark

#: Matches are continuing, PS3.4 Table K.4-1; the second with a warning that optional keys were not supported.
PENDING = 0xFF00
PENDING_WITH_UNSUPPORTED_KEYS = 0xFF01


@dataclass(frozen=True)
class KeyVerdict:
    """How one key fared against one item. `rule` is the type of matching in words."""

    path: str
    wanted: str
    found: str
    matched: bool
    rule: str


class CompiledQuery:
    """A worklist query, checked and made ready. Immutable, so threads may share it.

    Raises `DicomFault` with status 0xA900 and the offending keyword for a query that the standard forbids. `remarks`
    say what is noteworthy about a query that is answered all the same; `status` is that of every pending response.
    """

    def __init__(self, query: Dataset) -> None:
        reader = QueryReader(query)
        self._level = reader.level
        self.remarks: tuple[Remark, ...] = reader.remarks
        unsupported = any(key.ignored for key in self._level.walk())
        self.status = PENDING_WITH_UNSUPPORTED_KEYS if unsupported else PENDING

    @cached_property
    def narrowing(self) -> frozenset[Narrowing]:
        """Conditions on indexed attributes that every match fulfils: a filter that never loses one."""
        return worklist_index.narrowing(self._level)

    @cached_property
    def shape(self) -> Hashable:
        """What the responses depend on besides the item: queries of one shape have the same response to one item."""
        return _shape(self._level)

    @property
    def is_universal(self) -> bool:
        """Whether every item matches."""
        return not self._level.constrains

    def matches(self, item: Dataset) -> bool:
        """Whether a worklist item fulfils every key."""
        return _met(self._level, item, UNDECLARED)

    def explain(self, item: Dataset) -> tuple[KeyVerdict, ...]:
        """How each key fares, in the order of the query. The item matches when all of them do."""
        return tuple(_verdicts(self._level, item, UNDECLARED))

    def response(self, item: Dataset) -> tuple[int, Dataset]:
        """The status and the identifier of the pending response for an item that matches."""
        identifier = _requested(self._level, item, UNDECLARED)
        declared = item.get(SPECIFIC_CHARACTER_SET)
        if declared is not None and declared.value:
            identifier[SPECIFIC_CHARACTER_SET] = declared
        elif terms := character_set.sufficient(identifier, ()):
            identifier.SpecificCharacterSet = list(terms)
        return self.status, identifier

    def encoded_identifier(self, item: Dataset, transfer_syntax_uid: str) -> bytes:
        """The same identifier, encoded, for an item that `data_set.read` has read.

        Raises `CannotEncode` for text that the item's character set does not have.
        """
        around = codecs_of(item)
        cut = cut_identifier(
            self._level, item, transfer_syntax_uid, lambda key, holder: _items_for(key, holder, around)
        )
        return write_data_set(self.response(item)[1], transfer_syntax_uid) if cut is None else cut


def check_query(query: Dataset) -> tuple[Remark, ...]:
    """What is noteworthy about a query. Raises `DicomFault` 0xA900 for one that the standard forbids."""
    return CompiledQuery(query).remarks


def matches(query: Dataset, item: Dataset) -> bool:
    """Whether a worklist item matches a query. Raises `DicomFault` as `check_query` does."""
    return CompiledQuery(query).matches(item)


def explain_match(query: Dataset, item: Dataset) -> tuple[KeyVerdict, ...]:
    """How each key of a query fares against an item. Raises `DicomFault` as `check_query` does."""
    return CompiledQuery(query).explain(item)


def response(query: Dataset, item: Dataset) -> tuple[int, Dataset]:
    """The pending response of a query for an item that matches it. Raises `DicomFault` as `check_query` does."""
    return CompiledQuery(query).response(item)


def _met(level: Level, item: Dataset, around: Codecs) -> bool:
    codecs = codecs_of(item, around)
    for key in level.constraints:
        if key.rule is not None:
            if not key.rule.admits(values(item, key.tag, key.vr, codecs)):
                return False
        elif key.inside is not None:
            items = sequence_items(item, key.tag)
            if not any(_met(key.inside, one, codecs) for one in items):
                return False
    return level.step_period is None or _starts_within(level.step_period, item)


def _starts_within(step: StepPeriod, item: Dataset) -> bool:
    dates, times = values(item, step.date.tag, "DA"), values(item, step.time.tag, "TM")
    day = periods.first_moment("DA", dates[0]) if dates else None
    time = periods.first_moment("TM", times[0]) if times else None
    return day is not None and time is not None and step.period.holds(day + time)


def _verdicts(level: Level, item: Dataset, around: Codecs) -> list[KeyVerdict]:
    codecs = codecs_of(item, around)
    together = level.step_period is not None and _starts_within(level.step_period, item)
    verdicts: list[KeyVerdict] = []
    for key in level.keys:
        if key.inside is not None:
            verdicts += _best(key.inside, list(sequence_items(item, key.tag)), codecs)
        elif key.vr == "SQ":
            count = len(sequence_items(item, key.tag))
            verdicts.append(KeyVerdict(key.path, "", counted(count, "item"), True, _words(key)))
        else:
            found = values(item, key.tag, key.vr, codecs)
            matched, words = key.rule is None or key.rule.admits(found), _words(key)
            if level.step_period is not None and level.step_period.concerns(key):
                matched, words = together, ONE_PERIOD
            verdicts.append(KeyVerdict(key.path, "\\".join(key.wanted), "\\".join(found), matched, words))
    return verdicts


def _best(inside: Level, items: list[Dataset], codecs: Codecs) -> list[KeyVerdict]:
    """The verdicts on the item of a sequence that comes nearest; on an empty one where there is none."""
    tried = [_verdicts(inside, one, codecs) for one in items or [Dataset()]]
    return max(tried, key=lambda verdicts: sum(verdict.matched for verdict in verdicts))


def _words(key: Key) -> str:
    if key.ignored:
        return key.ignored
    return key.rule.words if key.rule is not None else "universal matching"


def _requested(level: Level, item: Dataset, around: Codecs) -> Dataset:
    elements: dict[BaseTag, DataElement | RawDataElement] = dict(level.empty)
    for key in level.keys:
        if key.tag not in item:
            continue
        if key.inside is None:
            elements[key.tag] = item[key.tag]
            continue
        codecs = codecs_of(item, around)
        parts = Sequence(_requested(key.inside, one, codecs) for one in _items_for(key, item, codecs))
        elements[key.tag] = DataElement(key.tag, "SQ", parts)
    return Dataset(elements)


def _items_for(key: Key, holder: Dataset, codecs: Codecs) -> list[Dataset]:
    """The items of a sequence that come back for a key; `codecs` are those of the data set that holds it."""
    stored = [one for one in sequence_items(holder, key.tag) if key.inside is None or _met(key.inside, one, codecs)]
    return stored[:1] if key.path == STEP else stored


def _shape(level: Level) -> Hashable:
    """The requested tags; with what is asked of a sequence's items, where that decides which come back."""
    return tuple(
        (int(key.tag), key.inside and _shape(key.inside), _asked(key.inside) if key.inside and key.path != STEP else ())
        for key in level.keys
    )


def _asked(inside: Level) -> Hashable:
    return tuple((key.path, key.wanted) for key in inside.walk() if key.wanted)
