"""A Modality Worklist query as keys with their rules: what a scanner's C-FIND identifier asks for, checked once.

Rules (PS3.4 Annex K):

* A key counts only where Table K.6-1 has it. One that stands elsewhere, or that this department does not have, is
  ignored for matching, comes back empty, and turns the pending status into 0xFF01 (section K.2.2.1.1.2, Table K.4-1).
* A sequence key has at most one item; a sequence without an item, or with an empty one, asks for all of it
  (section C.2.2.2.6).
* A range of start dates and a range of start times together are one period (Table K.6-1).
* What is not understood is refused with 0xA900 and the attribute's name, never answered with an empty success.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from pydicom.config import IGNORE
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from hl7dicom_lab.dicom import periods
from hl7dicom_lab.dicom.decoded_values import UNDECLARED, Codecs, codecs_of, values
from hl7dicom_lab.dicom.matching import Rule, Temporal, check_order, only_stars, refused, rule_for
from hl7dicom_lab.dicom.periods import Period
from hl7dicom_lab.dicom.query_keys import TIMEZONE_OFFSET, key_tags, undeclared_characters, vr_of, wanted_values
from hl7dicom_lab.dicom.worklist_model import START_DATE, START_TIME, STEP, WORKLIST_MODEL, right_place
from hl7dicom_lab.trace import Remark

ONE_PERIOD = "range matching, date and time as one period"
QUERY_RETRIEVE_LEVEL = "QueryRetrieveLevel"


@dataclass(frozen=True)
class Key:
    """One attribute that a query asks for. `rule` is None where it matches everything.

    `inside` is what a sequence key asks of an item; None where the whole sequence is wanted. `ignored` says why a key
    takes no part in matching.
    """

    path: str
    tag: BaseTag
    vr: str
    wanted: tuple[str, ...] = ()
    rule: Rule | None = None
    inside: Level | None = None
    ignored: str = ""

    @property
    def constrains(self) -> bool:
        """Whether an item can fail on this key."""
        return self.rule is not None or (self.inside is not None and self.inside.constrains)


@dataclass(frozen=True)
class StepPeriod:
    """Start date and start time as one: the two keys and the period that they make."""

    date: Key
    time: Key
    period: Period

    def concerns(self, key: Key) -> bool:
        """Whether a key is one of the two."""
        return key.path in (self.date.path, self.time.path)


@dataclass(frozen=True)
class Level:
    """The keys of a data set or of a sequence item, in order of their tags."""

    keys: tuple[Key, ...]
    step_period: StepPeriod | None = None
    #: The answer before anything is known: every requested attribute, empty.
    empty: dict[BaseTag, DataElement] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def constraints(self) -> tuple[Key, ...]:
        """The keys on which an item can fail, apart from the period."""
        return tuple(key for key in self.keys if key.constrains)

    @property
    def constrains(self) -> bool:
        """Whether an item can fail here."""
        return self.step_period is not None or bool(self.constraints)

    def walk(self) -> Iterator[Key]:
        """All keys, those inside sequences after their sequence."""
        for key in self.keys:
            yield key
            if key.inside is not None:
                yield from key.inside.walk()


class QueryReader:
    """Reads one query. `level` are its keys, `remarks` what is noteworthy about it.

    Raises `DicomFault` 0xA900 from the constructor for a query that the standard forbids.
    """

    def __init__(self, query: Dataset) -> None:
        self._remarks: list[Remark] = []
        self._misplaced: list[tuple[str, str]] = []  # the keyword and where it belongs
        self._unknown: list[str] = []
        self.level = self._read_level(query, "", UNDECLARED)
        if not self.level.keys:
            raise refused("", "the query asks for no attribute at all", "name the attributes that you want back, empty")
        self._remark_on_places()

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What the trace says about the query, although it is answered."""
        return tuple(self._remarks)

    def _read_level(self, query: Dataset, prefix: str, around: Codecs) -> Level:
        codecs = codecs_of(query, around)
        keys = tuple(self._read_key(query, tag, prefix, codecs) for tag in key_tags(query))
        step_period = None
        if prefix == STEP:
            keys, step_period = self._join_start(keys)
        for key in keys:
            if isinstance(key.rule, Temporal):
                check_order(key.path, key.rule)
        if TIMEZONE_OFFSET in query:
            what = "TimezoneOffsetFromUTC is sent; times are compared as they stand"
            self._remark(what, "PS3.4 section K.5.1", "ask in the local time of this system")
        return Level(keys, step_period, {key.tag: _empty_element(query, key) for key in keys})

    def _read_key(self, query: Dataset, tag: BaseTag, prefix: str, codecs: Codecs) -> Key:
        keyword, path = _place(tag, prefix)
        key = _universal_key(path, tag, vr_of(query, tag, path))
        if path not in WORKLIST_MODEL:
            wanted = values(query, tag, key.vr, codecs) if key.vr != "SQ" else ()
            return self._unsupported(replace(key, wanted=wanted), keyword)
        return self._read_sequence(query, key, codecs) if key.vr == "SQ" else self._read_value(query, key, codecs)

    def _read_value(self, query: Dataset, key: Key, codecs: Codecs) -> Key:
        wanted = wanted_values(query, key.tag, key.vr, key.path, codecs)
        if not wanted:  # universal matching, which most keys of a query ask for
            return key
        key = replace(key, wanted=wanted)
        row = WORKLIST_MODEL[key.path]
        single = row.matched_by == "single value only"
        self._remark_on_value(key, single, codecs)
        if row.matching == "-":
            return self._returned_only(key)
        return replace(key, rule=rule_for(key.path, key.vr, key.wanted, single_value_only=single))

    def _remark_on_value(self, key: Key, single: bool, codecs: Codecs) -> None:
        if single and only_stars(key.wanted):
            self._remark(
                f"{key.path} is {key.wanted[0]!r}, which was read as universal matching",
                "PS3.4 Table K.6-1: this key is matched by a single value only",
                "leave the key empty",
                warning=True,
            )
        remark = undeclared_characters(key.path, key.wanted, codecs, "PS3.4 section K.4.1.1.3.1")
        if remark is not None:
            self._remarks.append(remark)

    def _returned_only(self, key: Key) -> Key:
        """A key that the table forbids to match on."""
        self._remark(f"{key.path} is only returned, never matched", "PS3.4 Table K.6-1", "leave it empty")
        return replace(key, ignored="not for matching: ignored, and returned")

    def _read_sequence(self, query: Dataset, key: Key, codecs: Codecs) -> Key:
        try:
            items: Any = query[key.tag].value or ()
        except Exception as error:  # whatever a malformed sequence provokes in the library
            raise refused(key.path, f"its items cannot be read ({error})", "send whole items") from error
        if len(items) > 1:
            raise refused(
                key.path,
                f"a sequence key has one item, and this one has {len(items)}",
                "put all keys into one item (PS3.4 section C.2.2.2.6)",
            )
        inside = self._read_level(items[0], key.path, codecs) if items else None
        return replace(key, inside=inside) if inside is not None and inside.keys else key

    def _unsupported(self, key: Key, keyword: str) -> Key:
        try:
            self._misplaced.append((key.path, right_place(keyword, key.path)))
        except KeyError:
            self._unknown.append(key.path)
        return replace(key, ignored="no key of the worklist in this place: ignored")

    def _join_start(self, keys: tuple[Key, ...]) -> tuple[tuple[Key, ...], StepPeriod | None]:
        """Make one period of a range of start dates and a range of start times, where they are given together."""
        by_path = {key.path: key for key in keys}
        start_date, start_time = by_path.get(START_DATE), by_path.get(START_TIME)
        if not (start_date and start_time and isinstance(start_date.rule, Temporal)):
            return keys, None
        dates, times = start_date.rule, start_time.rule
        if not isinstance(times, Temporal) or not (dates.key.is_range and times.key.is_range):
            return keys, None
        period = periods.one_period(dates.key, times.key)
        if period is None:
            self._remark(
                "the time range has an end without a date, so dates and times were matched each for itself",
                "PS3.4 section C.2.2.2.5.4",
                "give both ranges the same form",
            )
            return keys, None
        joined = Temporal("DT", dates.key, period, ONE_PERIOD)
        check_order(START_DATE, joined)
        check_order(START_DATE, dates)
        free = tuple(replace(key, rule=None) if key in (start_date, start_time) else key for key in keys)
        return free, StepPeriod(start_date, start_time, period)

    def _remark_on_places(self) -> None:
        for place in sorted({place for _, place in self._misplaced}):
            paths = ", ".join(path for path, right in self._misplaced if right == place)
            where = f"in an item of {place}" if place else "at the root of the query"
            self._remark(
                f"{paths}: no key in this place, so it was ignored and everything matched it",
                "PS3.4 Table K.6-1",
                f"put it {where}",
                warning=True,
            )
        if QUERY_RETRIEVE_LEVEL in self._unknown:
            self._remark(
                "QueryRetrieveLevel is not needed: a worklist has one level",
                "PS3.4 section K.2.1",
                "leave (0008,0052) out of worklist queries",
            )
        others = ", ".join(path for path in self._unknown if path != QUERY_RETRIEVE_LEVEL)
        if others:
            self._remark(
                f"{others}: this worklist does not have it; it comes back empty",
                "PS3.4 Table K.4-1, FF01",
                "do without it, or leave it out",
            )

    def _remark(self, what: str, rule: str, repair: str, *, warning: bool = False) -> None:
        self._remarks.append(Remark(what, rule, repair, "warning" if warning else "information"))


@lru_cache(maxsize=1024)
def _place(tag: BaseTag, prefix: str) -> tuple[str, str]:
    """The keyword of an attribute, and its path where it stands."""
    keyword = keyword_for_tag(tag)
    return keyword, ".".join(filter(None, (prefix, keyword or str(tag))))


@lru_cache(maxsize=1024)
def _universal_key(path: str, tag: BaseTag, vr: str) -> Key:
    """A key without a value, the same in every query."""
    return Key(path, tag, vr)


def _empty_element(query: Dataset, key: Key) -> DataElement:
    """A requested attribute without a value; a private creator keeps its name, which the elements after it need."""
    if key.tag.is_private_creator:
        return DataElement(key.tag, key.vr, "\\".join(values(query, key.tag, key.vr)), validation_mode=IGNORE)
    return _without_value(key.tag, key.vr)


@lru_cache(maxsize=1024)
def _without_value(tag: BaseTag, vr: str) -> DataElement:
    """Shared by all answers, and never changed."""
    return DataElement(tag, vr, empty_value_for_VR(vr), validation_mode=IGNORE)


def sequence_items(data_set: Dataset, tag: BaseTag) -> Sequence | tuple[()]:
    """The items of a stored sequence; none where it is absent."""
    return data_set[tag].value or () if tag in data_set else ()
