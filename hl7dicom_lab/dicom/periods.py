"""Dates and times as periods on a line of microseconds (PS3.5 section 6.2 DA, TM, DT; PS3.4 section C.2.2.2.5).

Rules:

* A value that leaves its last parts out is not precise: the TM `10` is the whole hour, `1030` the whole minute. As a
  key it stands for all of that; so `-10` reaches to the last microsecond before 11:00 and `10-` begins at 10:00.
* A stored value stands at its first moment.
* "-" in a key always means a range (PS3.4 section C.2.2.2.1.3 note 3).
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

TemporalVR = Literal["DA", "TM", "DT"]
SECOND = 1_000_000
DAY = 86_400 * SECOND

_DATE = re.compile(r"\d{8}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d|60)(?:\.(\d{1,6}))?)?)?", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?((?:\d\d){0,3}(?:\.\d{1,6})?)([+-]\d{4})?", re.ASCII)
#: A DT may carry an offset from UTC of -1200 to +1400, so not every hyphen is the range's.
_OFFSET = r"(?:[+-](?:0\d|1[0-4])[0-5]\d)?"
_DATE_TIME_RANGE = re.compile(rf"([\d.]+{_OFFSET})?-([\d.]+{_OFFSET})?", re.ASCII)


@dataclass(frozen=True)
class Period:
    """From the first to the last microsecond, both included. None is open. Dates count from the year 1."""

    first: int | None
    last: int | None

    def holds(self, moment: int) -> bool:
        """Whether a moment lies inside."""
        return (self.first is None or self.first <= moment) and (self.last is None or moment <= self.last)

    @property
    def empty(self) -> bool:
        """Whether it ends before it begins."""
        return self.first is not None and self.last is not None and self.first > self.last


@dataclass(frozen=True)
class TemporalKey:
    """A date, a time or a range as a query has it. `low` and `high` are the periods that its ends stand for."""

    low: Period | None
    high: Period | None
    is_range: bool

    @property
    def period(self) -> Period:
        """All that the key stands for."""
        return Period(self.low.first if self.low else None, self.high.last if self.high else None)


def parse(vr: TemporalVR, text: str) -> Period | None:
    """The period that one value stands for; None where it is no value of its VR or no day of the calendar."""
    return {"DA": _parse_date, "TM": _parse_time, "DT": _parse_date_time}[vr](text)


def first_moment(vr: TemporalVR, text: str) -> int | None:
    """Where a stored value stands; None where it cannot be read."""
    period = parse(vr, text)
    return period.first if period else None


def parse_key(vr: TemporalVR, text: str) -> TemporalKey | None:
    """A key of a query: one value, `A-B`, `A-` or `-B`. None where it is none of these.

    A range that ends before it begins is returned as it is: with a date, a time may run over midnight.
    """
    if "-" not in text:
        period = parse(vr, text)
        return TemporalKey(period, period, is_range=False) if period else None
    if vr == "DT":
        found = _DATE_TIME_RANGE.fullmatch(text)
        ends = (found[1] or "", found[2] or "") if found else ("", "")
    else:
        ends = text.split("-", 1)[0], text.split("-", 1)[1]
    low, high = (parse(vr, end) if end else None for end in ends)
    if not any(ends) or (ends[0] and not low) or (ends[1] and not high):
        return None
    return TemporalKey(low, high, is_range=True)


def one_period(dates: TemporalKey, times: TemporalKey) -> Period | None:
    """A date range and a time range as one period (PS3.4 Table K.6-1, StartTime).

    July 5 to 7 with 10 to 18 h runs from July 5, 10 h, to July 7, 18 h. A side without a time begins or ends with the
    day. None where the two do not make one: one of them is no range, or a time has no date on its side.
    """
    if not (dates.is_range and times.is_range):
        return None
    if (times.low and not dates.low) or (times.high and not dates.high):
        return None
    first = last = None
    if dates.low and dates.low.first is not None:
        first = dates.low.first + ((times.low.first or 0) if times.low else 0)
    if dates.high and dates.high.first is not None:
        last = dates.high.first + ((times.high.last or 0) if times.high else DAY - 1)
    return Period(first, last)


def as_digits(moment: int) -> str:
    """A moment as YYYYMMDDHHMMSS, its fraction cut off: the form in which the order book sorts."""
    day, rest = divmod(moment, DAY)
    seconds = rest // SECOND
    digits = date.fromordinal(day).isoformat().replace("-", "")
    return f"{digits}{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"


def _parse_date(text: str) -> Period | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
    except ValueError:
        return None
    return Period(day * DAY, (day + 1) * DAY - 1)


def _parse_time(text: str) -> Period | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    first = (int(hour) * 3600 + int(minute or 0) * 60 + int(second or 0)) * SECOND + int(
        (fraction or "0").ljust(6, "0")
    )
    if fraction is not None:
        width = int(10 ** (6 - len(fraction)))
    else:
        width = SECOND * (3600 if minute is None else 60 if second is None else 1)
    # A leap second at midnight still belongs to its day.
    return Period(min(first, DAY - 1), min(first + width, DAY) - 1)


def _parse_date_time(text: str) -> Period | None:
    found = _DATE_TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, time, offset = found.groups()
    of_day = _parse_time(time) if time else Period(0, DAY - 1)
    if of_day is None or of_day.first is None or of_day.last is None or not re.fullmatch(_OFFSET, offset or ""):
        return None
    try:
        first_day = date(int(year), int(month or 1), int(day or 1))
        last_day = first_day.replace(month=int(month or 12))
        last_day = last_day.replace(day=int(day or monthrange(last_day.year, last_day.month)[1]))
    except ValueError:
        return None
    shift = _offset(offset)
    return Period(first_day.toordinal() * DAY + of_day.first - shift, last_day.toordinal() * DAY + of_day.last - shift)


def _offset(offset: str | None) -> int:
    """An offset from UTC in microseconds; none counts as UTC, because a department keeps one clock."""
    if not offset:
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return (-1 if offset[0] == "-" else 1) * minutes * 60 * SECOND
