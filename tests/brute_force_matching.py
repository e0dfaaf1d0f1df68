"""C-FIND matching once more, short and slow: every key against every value, straight from PS3.4 section C.2.2.2.

What the standard leaves to a conformance statement is as `docs/worklist.md` says. It shares no line with the package:
data sets are dictionaries here, wild cards are tried by recursion, letters without their accents stand in a table.

A key or a stored value is text as it stands in the element (values divided by a backslash), a list of dictionaries is a
sequence, and a keyword that is not there is an attribute that is absent.
"""

from __future__ import annotations

import re
from calendar import monthrange
from decimal import Decimal, InvalidOperation
from typing import Any

Values = dict[str, Any]

_WILD = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
_ONE_VALUE = ("LT", "ST", "UR", "UT")
_FORM = {
    "AE": r"[\x20-\x5b\x5d-\x7e]{0,16}",
    "AS": r"[0-9]{3}[DWMY]",
    "CS": r"[A-Z0-9 _]{0,16}",
    "DS": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([Ee][+-]?[0-9]+)?",
    "IS": r"[+-]?[0-9]{1,12}",
    "US": r"[0-9]+",
}
#: The letters of the tests as they are compared in names: without case, accents and width.
_LETTERS = {
    **{one: one.lower() for one in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{
        "ü": "u",
        "Ü": "u",
        "é": "e",
        "É": "e",
        "ñ": "n",
        "ß": "ss",
        "Ø": "ø",
        "Ł": "ł",
        "ｱ": "ア",
        "Ａ": "a",
        "e\u0301": "e",
    },
}


class Refused(Exception):
    """The standard does not allow this key."""


def values_of(vr: str, text: str) -> list[str]:
    """The values of an element without what does not count: padding, and leading spaces in most VRs."""
    if vr in _ONE_VALUE:
        values = [text.rstrip(" ")]
    elif vr == "UC":
        values = [one.rstrip(" ") for one in text.split("\\")]
    else:
        values = [one.strip(" ") for one in text.split("\\")]
    return [one for one in values if one]


def key_fits(vr: str, key: str, stored: str | None, *, unknown: bool, only_single: bool = False) -> bool:
    """Whether a stored element fulfils a key; `unknown` is what an element without a value does."""
    wanted, found = values_of(vr, key), values_of(vr, stored or "")
    if not wanted or (vr in _WILD and len(wanted) == 1 and not wanted[0].strip("*")):
        return True
    check_key(vr, wanted, only_single=only_single)
    if vr == "PN" and names_everybody(wanted[0]):
        return True
    if not found:
        return unknown
    return any(value_fits(vr, one, wanted) for one in found)


def check_key(vr: str, wanted: list[str], *, only_single: bool) -> None:
    if vr == "UI":
        if not all(re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*", uid) and len(uid) <= 64 for uid in wanted):
            raise Refused(wanted)
        return
    if len(wanted) > 1:
        raise Refused("several values")
    (key,) = wanted
    bare = key.replace("*", "").replace("?", "") if vr in _WILD else key
    if bare and not re.fullmatch(_FORM.get(vr, r"(?s).*"), bare):
        raise Refused(key)
    if only_single and bare != key:
        raise Refused("a wild card")
    if vr in ("LO", "PN", "SH") and re.search(r"[\x00-\x1f\x7f]", key):
        raise Refused("a control character")
    if vr == "PN" and (key.count("=") > 2 or any(group.count("^") > 4 for group in key.split("="))):
        raise Refused("no name")
    if vr in ("DA", "TM"):
        period_of(vr, key)


def value_fits(vr: str, value: str, wanted: list[str]) -> bool:
    if vr == "UI":
        return value in wanted
    key = wanted[0]
    if vr in ("DA", "TM"):
        first, last = period_of(vr, key)
        stored = moment_of(vr, value)
        return stored is not None and first <= stored <= last
    if vr in ("DS", "IS", "US"):
        try:
            return Decimal(value) == Decimal(key)
        except InvalidOperation:
            return False
    if vr == "PN":
        return name_fits(key, value)
    return fits(key, value) if vr in _WILD else key == value


def fits(pattern: str, text: str) -> bool:
    """Wild cards: "*" any characters or none, "?" any one."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return fits(pattern[1:], text) or (bool(text) and fits(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and fits(pattern[1:], text[1:])


# Dates and times. A moment is a number of microseconds; a value that leaves parts out lasts as long as they may be.

_FAR = 10**18


def moment_of(vr: str, value: str) -> int | None:
    span = span_of(vr, value)
    return span[0] if span else None


def span_of(vr: str, value: str) -> tuple[int, int] | None:
    """The first and the last microsecond of a DA or TM; None where it is none."""
    if vr == "DA":
        found = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", value)
        if not found:
            return None
        year, month, day = map(int, found.groups())
        if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
            return None
        begin = ((year * 12 + month) * 31 + day) * 86_400_000_000  # days of no calendar, but in the right order
        return begin, begin + 86_399_999_999
    found = re.fullmatch(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,6}))?)?)?", value)
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    first = [hour, minute or "00", second or "00", (fraction or "").ljust(6, "0")]
    last = [hour, minute or "59", second or "59", (fraction or "").ljust(6, "9")]
    return _microseconds(first), _microseconds(last)


def _microseconds(parts: list[str]) -> int:
    hour, minute, second, micro = map(int, parts)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro


def period_of(vr: str, key: str) -> tuple[int, int]:
    """The period of a key. Raises where it is none, or ends before it begins."""
    first, last = open_period(vr, key)
    if first > last:
        raise Refused("backwards")
    return first, last


def open_period(vr: str, key: str) -> tuple[int, int]:
    low, dash, high = key.partition("-")
    if not dash:
        high = low
    spans = [span_of(vr, end) if end else None for end in (low, high)]
    if not (low or high) or any(bool(end) != bool(span) for end, span in zip((low, high), spans, strict=True)):
        raise Refused(key)
    return (spans[0][0] if spans[0] else -_FAR), (spans[1][1] if spans[1] else _FAR)


def start_fits(date: str, time: str, has_date: str | None, has_time: str | None) -> bool:
    """Table K.6-1: a range of start dates and a range of start times are one period, if each time has its date."""
    dates, times = values_of("DA", date), values_of("TM", time)
    as_ranges = len(dates) == len(times) == 1 and "-" in dates[0] and "-" in times[0]
    if as_ranges:
        (day1, _, day2), (time1, _, time2) = dates[0].partition("-"), times[0].partition("-")
        open_period("TM", times[0])  # it may run over midnight, but it is a range
        period_of("DA", dates[0])
        if (day1 or not time1) and (day2 or not time2):
            first = (_begin("DA", day1) + _begin("TM", time1 or "00")) if day1 else -_FAR
            last = (_begin("DA", day2) + _end("TM", time2 or "23")) if day2 else _FAR
            if first > last:
                raise Refused("backwards")
            day, clock = moment_of("DA", has_date or ""), moment_of("TM", has_time or "")
            return day is not None and clock is not None and first <= day + clock <= last
    both = [
        key_fits(vr, key, stored, unknown=False) for vr, key, stored in (("DA", date, has_date), ("TM", time, has_time))
    ]
    return all(both)


def _begin(vr: str, value: str) -> int:
    span = span_of(vr, value)
    assert span is not None
    return span[0]


def _end(vr: str, value: str) -> int:
    span = span_of(vr, value)
    assert span is not None
    return span[1]


# Names


def names_everybody(key: str) -> bool:
    return all(_is_universal(group) for group in key.split("="))


def _is_universal(group: str) -> bool:
    """A group of nothing, or of stars that also an empty component may fulfil."""
    bare = _bare(group)
    return bare.strip("^") == "" or re.fullmatch(r"\*+(\^\**)*", bare) is not None


def name_fits(key: str, name: str) -> bool:
    asked, has = key.split("="), name.split("=")
    if len(asked) == 1:
        return any(_group_fits(asked[0], group) for group in has)
    return all(_is_universal(one) or _group_fits(one, (has + [""] * 3)[place]) for place, one in enumerate(asked))


def _group_fits(key: str, group: str) -> bool:
    """A component that is not there is empty: a "^" of the key may stand for it, and a star for nothing."""
    found = _bare(group)
    if not found:
        return False
    pattern, some = _bare(key), {found}
    return any(fits(shorter, one) for shorter in _without_empty_end(pattern) for one in some)


def _without_empty_end(pattern: str) -> list[str]:
    """The pattern, and what is left of it where its last components match nothing."""
    shorter = [pattern]
    while (cut := re.sub(r"\^\**$", "", shorter[-1])) != shorter[-1]:
        shorter.append(cut)
    return shorter


def _bare(group: str) -> str:
    for letter, plain in _LETTERS.items():
        group = group.replace(letter, plain)
    return re.sub(r"\^+$", "", "^".join(component.strip(" ") for component in group.split("^")))


# Whole data sets


def item_fits(
    query: Values, item: Values, vrs: dict[str, str], *, unknown: bool = False, only_single: Any = ()
) -> bool:
    """Whether an item matches all keys of a query. All of them are looked at, because any may have to be refused."""
    verdicts = []
    for keyword, key in query.items():
        if keyword in ("ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"):
            continue
        stored = item.get(keyword)
        if isinstance(key, list):
            if len(key) > 1:
                raise Refused("several items")
            inside = key[0] if key else {}
            tried = [item_fits(inside, one, vrs, only_single=only_single) for one in (stored or [{}])]
            verdicts.append(any(tried) if stored else not _constrains(inside, vrs))
        else:
            single = keyword in only_single
            verdicts.append(key_fits(vrs[keyword], key, stored, unknown=unknown, only_single=single))
    start = [f"ScheduledProcedureStepStart{part}" for part in ("Date", "Time")]
    if any(keyword in query for keyword in start):
        keys, has = [query.get(keyword, "") for keyword in start], [item.get(keyword) for keyword in start]
        verdicts.append(start_fits(keys[0], keys[1], has[0], has[1]))
    return all(verdicts)


def _constrains(inside: Values, vrs: dict[str, str]) -> bool:
    """Whether an item could fail on these keys: an absent sequence has none that fulfils them."""
    return not item_fits(inside, {}, vrs)
