"""What an index over the worklist can know of a query, and in which form it keeps its values.

The order book holds thousands of items, a scanner asks for a few. An index finds candidates; the query itself decides.

Rule: a filter may let too much through, never too little. So an index keeps values in exactly the forms of
`index_entry`, and `narrowing` states only what every match fulfils.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from hl7dicom_lab.dicom import periods
from hl7dicom_lab.dicom.decoded_values import UNDECLARED, codecs_of, values
from hl7dicom_lab.dicom.matching import Name, OneOf, Temporal, WildCard
from hl7dicom_lab.dicom.periods import Period
from hl7dicom_lab.dicom.person_names import group_keys
from hl7dicom_lab.dicom.worklist_keys import Key, Level, sequence_items
from hl7dicom_lab.dicom.worklist_model import START_DATE, START_TIME, STEP

#: When the step starts: date and time in one, as `start_key` writes it.
START = "start"
_STEP_TAG = Tag(STEP)
PATIENT_NAME = "PatientName"
#: Attributes kept as they are, without padding.
PLAIN = (
    "PatientID",
    "AccessionNumber",
    "StudyInstanceUID",
    "RequestedProcedureID",
    f"{STEP}.Modality",
    f"{STEP}.ScheduledStationAETitle",
    f"{STEP}.ScheduledProcedureStepID",
)


@dataclass(frozen=True)
class Narrowing:
    """One condition that every match fulfils, on the values that the index keeps under `key`.

    * "one of": some kept value is among `values`.
    * "begins with": some kept value begins with `values[0]`. For `PatientName` the kept values are the groups of the
      name in normal form, `name_key` divided at "=".
    * "between": the kept value of `START` is at least `values[0]` and at most `values[1]`, compared as text; an empty
      bound is open. A kept value of "" (unknown) never is.
    """

    key: str
    rule: Literal["one of", "begins with", "between"]
    values: tuple[str, ...]

    def admits(self, kept: Iterable[str]) -> bool:
        """Whether an item with these values in the index is a candidate."""
        if self.rule == "one of":
            return not set(self.values).isdisjoint(kept)
        if self.rule == "begins with":
            return any(value.startswith(self.values[0]) for value in kept)
        low, high = self.values
        return any(value and low <= value and (not high or value <= high) for value in kept)


def start_key(date: str, time: str = "") -> str:
    """When a step starts as YYYYMMDDHHMMSS, from a DA and a TM of any precision; "" where the date is unknown."""
    day = periods.first_moment("DA", date)
    if day is None:
        return ""
    return periods.as_digits(day + (periods.first_moment("TM", time) or 0))


def index_entry(item: Dataset) -> dict[str, tuple[str, ...]]:
    """The values of an item as an index keeps them, under the keys of `Narrowing`."""
    codecs = codecs_of(item, UNDECLARED)
    steps = [(step, codecs_of(step, codecs)) for step in sequence_items(item, _STEP_TAG)]

    def stored(path: str) -> tuple[str, ...]:
        in_step, tag, vr = _place(path)
        holders = steps if in_step else ((item, codecs),)
        return tuple(value for holder, its_codecs in holders for value in values(holder, tag, vr, its_codecs))

    entry = {key: stored(key) for key in PLAIN}
    entry[PATIENT_NAME] = tuple(group for name in stored(PATIENT_NAME) for group in group_keys(name) if group)
    dates, times = stored(START_DATE), stored(START_TIME)
    entry[START] = (start_key(dates[0], times[0] if times else ""),) if dates else ()
    return entry


@cache
def _place(path: str) -> tuple[bool, BaseTag, str]:
    """Whether an attribute stands in the scheduled procedure step, its tag and its VR."""
    inside, _, keyword = path.rpartition(".")
    tag = Tag(keyword)
    return bool(inside), tag, dictionary_VR(tag)


def narrowing(level: Level) -> frozenset[Narrowing]:
    """What the index can know of a query."""
    return frozenset(_conditions(level))


def _conditions(level: Level) -> Iterator[Narrowing]:
    if level.step_period is not None:
        yield _between(level.step_period.period)
    for key in level.keys:
        if key.path == STEP and key.inside is not None:
            yield from _conditions(key.inside)
        elif key.path in PLAIN:
            yield from _plain(key)
        elif key.path == PATIENT_NAME and isinstance(key.rule, Name):
            yield from (Narrowing(PATIENT_NAME, "begins with", (prefix,)) for prefix in key.rule.test.prefixes)
        elif key.path == START_DATE and isinstance(key.rule, Temporal):
            yield _between(key.rule.period)


def _plain(key: Key) -> Iterator[Narrowing]:
    if isinstance(key.rule, OneOf):
        yield Narrowing(key.path, "one of", tuple(sorted(key.rule.wanted)))
    elif isinstance(key.rule, WildCard) and key.rule.prefix:
        yield Narrowing(key.path, "begins with", (key.rule.prefix,))


def _between(period: Period) -> Narrowing:
    low = "" if period.first is None else periods.as_digits(period.first)
    high = "" if period.last is None else periods.as_digits(period.last)
    return Narrowing(START, "between", (low, high))
