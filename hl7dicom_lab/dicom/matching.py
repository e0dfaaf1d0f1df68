"""The types of matching of a C-FIND query, for one attribute each (PS3.4 section C.2.2.2).

A query names attributes ("keys") and what it wants of them. Which type of matching a key asks for follows from its VR
and its value; this module finds the rule for a key and asks stored values whether they fulfil it.

Rules:

* One value of several is enough (section C.2.2.3). A key itself has one value; only UIDs may be a list.
* Values are compared exactly and with their case, except names (`person_names.py`), dates and times, which mean a
  period (`periods.py`), and numbers: `70` is `70.0`.
* A key of nothing but "*" is universal matching. Every other key with a value fails on an unknown value
  (section K.2.2.1.1.1).
* A key that its VR or the model forbids is refused with 0xA900. An empty success would tell the scanner that there is
  no work.
"""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from hl7dicom_lab.dicom import periods
from hl7dicom_lab.dicom.decoded_values import unpadded
from hl7dicom_lab.dicom.periods import Period, TemporalKey, TemporalVR
from hl7dicom_lab.dicom.person_names import COMPONENTS, GROUPS, NameTest, group_keys, name_test
from hl7dicom_lab.dicom.wild_cards import WILD_CARD_VRS, compile_wild_card, literal_prefix
from hl7dicom_lab.errors import DicomFault

#: "Data Set does not match SOP Class", PS3.4 Table K.4-1.
DOES_NOT_MATCH_SOP_CLASS = 0xA900

TEMPORAL_VRS: dict[str, TemporalVR] = {"DA": "DA", "TM": "TM", "DT": "DT"}
_NUMBER_VRS = frozenset({"DS", "IS", "US", "UL", "SS", "SL", "UV", "SV", "FL", "FD"})
_UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: What a single value of a VR looks like, where the VR says (PS3.5 section 6.2); wild cards left aside.
_FORM: dict[str, tuple[re.Pattern[str], str]] = {
    "AE": (re.compile(r"[ -\[\]-~]{1,16}"), "1 to 16 printable ASCII characters without a backslash"),
    "AS": (re.compile(r"\d{3}[DWMY]", re.ASCII), "three digits and D, W, M or Y"),
    "CS": (re.compile(r"[A-Z0-9 _]{1,16}"), "1 to 16 capital letters, digits, spaces and underscores"),
    "DS": (re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?", re.ASCII), "a decimal number"),
    "IS": (re.compile(r"[+-]?\d{1,12}", re.ASCII), "a whole number"),
    "UI": (_UID, "numbers joined by dots, none with a zero in front"),
}
_TEMPORAL_FORM = {
    "DA": "YYYYMMDD, or a range A-B, A-, -B of such dates, without spaces",
    "TM": "HH, HHMM, HHMMSS or HHMMSS.FFFFFF, or a range A-B, A-, -B of such times, without spaces and colons",
    "DT": "YYYYMMDDHHMMSS.FFFFFF with an offset like +0100, parts left out from the end, or a range A-B, A-, -B",
}


class Rule(Protocol):
    """What a key asks for. `words` is the type of matching as PS3.4 names it."""

    @property
    def words(self) -> str:
        """The type of matching, for people."""
        ...

    def admits(self, stored: tuple[str, ...]) -> bool:
        """Whether stored values fulfil the key; no value at all never does."""
        ...


@dataclass(frozen=True)
class OneOf:
    """Single value matching, or a list of UIDs of which one is enough."""

    wanted: frozenset[str]
    words: str = "single value matching"

    def admits(self, stored: tuple[str, ...]) -> bool:
        """Whether a stored value is one of the wanted."""
        return not self.wanted.isdisjoint(stored)


@dataclass(frozen=True)
class Number:
    """Single value matching of a number, by its amount."""

    wanted: Decimal
    words: str = "single value matching of a number"

    def admits(self, stored: tuple[str, ...]) -> bool:
        """Whether a stored value is the same number."""
        return any(_decimal(value) == self.wanted for value in stored)


@dataclass(frozen=True)
class WildCard:
    """Wild card matching. `prefix` is what every match begins with."""

    pattern: re.Pattern[str]
    prefix: str
    words: str = "wild card matching"

    def admits(self, stored: tuple[str, ...]) -> bool:
        """Whether a stored value fits the pattern."""
        return any(self.pattern.fullmatch(value) for value in stored)


@dataclass(frozen=True)
class Name:
    """Matching of a person's name, without case and accents."""

    test: NameTest
    words: str

    def admits(self, stored: tuple[str, ...]) -> bool:
        """Whether a stored name is asked for."""
        return any(self.test.admits_groups(group_keys(value)) for value in stored)


@dataclass(frozen=True)
class Temporal:
    """Matching of a date, a time or both by meaning."""

    vr: TemporalVR
    key: TemporalKey
    period: Period
    words: str

    def admits(self, stored: tuple[str, ...]) -> bool:
        """Whether a stored value lies in the period."""
        moments = (periods.first_moment(self.vr, value) for value in stored)
        return any(moment is not None and self.period.holds(moment) for moment in moments)


def refused(path: str, what: str, next_step: str) -> DicomFault:
    """The fault for a key that the standard forbids: status 0xA900 with the attribute as the offending element."""
    keyword = path.rpartition(".")[2]
    return DicomFault(what, status=DOES_NOT_MATCH_SOP_CLASS, keyword=keyword, where=path, next_step=next_step)


def rule_for(path: str, vr: str, wanted: tuple[str, ...], *, single_value_only: bool = False) -> Rule | None:
    """The rule for a key with these values; None for universal matching.

    `path` names the key in errors. Raises `DicomFault` 0xA900 for a value that the VR forbids, for several values
    where only one may stand, and with `single_value_only` for wild cards.
    """
    if not wanted or (vr in WILD_CARD_VRS and only_stars(wanted)):
        return None
    if vr == "UI":
        return _uid_rule(path, wanted)
    if len(wanted) > 1:
        raise refused(
            path,
            f"a key of VR {vr} has one value, and this one has {len(wanted)}; only UIDs may be a list",
            "ask once for each value (PS3.4 section C.2.2.2.2)",
        )
    value = wanted[0]
    if vr in TEMPORAL_VRS:
        return _temporal_rule(path, TEMPORAL_VRS[vr], value)
    _check_form(path, vr, value)
    if vr in WILD_CARD_VRS and ("*" in value or "?" in value):
        return _wild_card_rule(path, vr, value, single_value_only)
    if vr == "PN":
        test = name_test(value)
        return Name(test, "single value matching of a name, without case and accents") if test else None
    return Number(Decimal(value)) if vr in _NUMBER_VRS else OneOf(frozenset({value}))


def only_stars(wanted: tuple[str, ...]) -> bool:
    """Whether a key is nothing but "*": universal matching (PS3.4 section C.2.2.2.4 note 1)."""
    return len(wanted) == 1 and not wanted[0].strip("*")


def _wild_card_rule(path: str, vr: str, value: str, single_value_only: bool) -> Rule | None:
    if single_value_only:
        raise refused(
            path,
            f"{value!r} has a wild card, and this key is matched by a single value only",
            "give the whole value, or leave the key empty (PS3.4 Table K.6-1)",
        )
    if vr == "PN":
        test = name_test(value)
        return Name(test, "wild card matching of a name, without case and accents") if test else None
    pieces = re.split(r"([*?])", value)
    pattern = "".join(piece if piece in ("*", "?") else glob.escape(piece) for piece in pieces)
    return WildCard(compile_wild_card(pattern), literal_prefix(pattern))


def _uid_rule(path: str, wanted: tuple[str, ...]) -> Rule:
    for uid in wanted:
        if not _UID.fullmatch(uid) or len(uid) > 64:
            raise refused(
                path, f"{uid!r} is no UID", "give whole UIDs: they have no wild cards (PS3.4 section C.2.2.2.4)"
            )
    words = "single value matching" if len(wanted) == 1 else "list of UID matching"
    return OneOf(frozenset(wanted), words)


def _temporal_rule(path: str, vr: TemporalVR, value: str) -> Rule:
    key = periods.parse_key(vr, value)
    if key is None:
        wild = " Wild cards do not work in dates and times." if "*" in value or "?" in value else ""
        raise refused(path, f"{value!r} is no value for a key of VR {vr}.{wild}", f"write {_TEMPORAL_FORM[vr]}")
    words = "range matching" if key.is_range else "single value matching by meaning"
    return Temporal(vr, key, key.period, words)


def check_order(path: str, rule: Temporal) -> None:
    """Raise `DicomFault` 0xA900 for a range that ends before it begins (PS3.4 section C.2.2.2.5)."""
    if rule.period.empty:
        midnight = "; a time range alone does not run over midnight" if rule.vr == "TM" else ""
        raise refused(path, f"the range ends before it begins{midnight}", "put the earlier end first")


def _check_form(path: str, vr: str, value: str) -> None:
    """Refuse what a VR does not allow, wild cards aside."""
    bare = value.replace("*", "").replace("?", "") if vr in WILD_CARD_VRS else value
    if vr in _FORM and bare and not _FORM[vr][0].fullmatch(bare):
        raise refused(path, f"{value!r} is no value of VR {vr}", f"write {_FORM[vr][1]}")
    if vr in ("LO", "PN", "SH") and _CONTROL.search(value):
        raise refused(path, f"a key of VR {vr} has no control characters", "send the text without line breaks and tabs")
    if vr == "PN" and not _is_name(value):
        raise refused(
            path, f"{value!r} is no name", "a name has up to 3 groups divided by = with up to 5 parts divided by ^"
        )
    if vr in _NUMBER_VRS and _decimal(value) is None:
        raise refused(path, f"{value!r} is no number", "give one number, without wild cards and ranges")


def _is_name(value: str) -> bool:
    groups = value.split("=")
    return len(groups) <= GROUPS and all(group.count("^") < COMPONENTS for group in groups)


def _decimal(value: str) -> Decimal | None:
    try:
        number = Decimal(unpadded("DS", value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
