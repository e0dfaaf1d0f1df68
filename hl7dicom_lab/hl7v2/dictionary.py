"""What each segment, field and component of a message is called, and its data type, in the message's own version.

HL7 v2.3.1 and v2.5.1, read from the tables of hl7apy; of IHE's own segment ZDS (RAD-4) from here. Rule: a version that
has no table here is read by the nearest one, and `Dictionary.version` says which; a field of no table has no name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from hl7dicom_lab.hl7v2.segment_names import SEGMENT_NAMES

#: Versions with a table here, and which other ones they are nearest to.
_TABLES = {"2.3.1": "v2_3_1", "2.5.1": "v2_5_1"}
_NEAREST = {"2.1": "2.3.1", "2.2": "2.3.1", "2.3": "2.3.1", "2.4": "2.5.1", "2.5": "2.5.1"}
_LATEST = re.compile(r"2\.[5-9](\.\d)?")
#: ZDS as IHE RAD-4 defines it: one field of type RP.
_ZDS = {1: ("Study Instance UID", "RP")}
_CAPITALS = {
    "ID",
    "UID",
    "HL7",
    "DEA",
    "OBX",
    "UB",
    "DRG",
    "HCFA",
    "CMS",
    "ICD",
    "ZIP",
    "URL",
    "DNS",
    "SSN",
    "VIP",
    "AE",
    "BP",
    "LOA",
    "NDC",
    "RX",
}
_SMALL = {
    "of",
    "and",
    "or",
    "the",
    "for",
    "to",
    "in",
    "on",
    "by",
    "with",
    "from",
    "at",
    "is",
    "as",
    "a",
    "an",
    "be",
    "per",
}
#: Signs that the table's names have lost.
_SIGNS = {
    "DATE_TIME": "DATE/TIME",
    "QUANTITY_TIMING": "QUANTITY/TIMING",
    "SUB_ID": "SUB-ID",
    "RE_ADMISSION": "RE-ADMISSION",
    "CODE_MNEMONIC_DESCRIPTION": "CODE/MNEMONIC/DESCRIPTION",
    "PHONE_NUMBER_HOME": "PHONE NUMBER - HOME",
    "PHONE_NUMBER_BUSINESS": "PHONE NUMBER - BUSINESS",
    "NUMBER_PATIENT": "NUMBER - PATIENT",
    "RPT_STATUS_CHNG_DATE/TIME": "RPT/STATUS CHNG - DATE/TIME",
    "COUNTY_PARISH": "COUNTY/PARISH",
    "AREA_CITY": "AREA/CITY",
    "STATE_PROVINCE_COUNTRY": "STATE, PROVINCE, COUNTRY",
    "PROVIDER_NAME_ID_NO": "PROVIDER NAME & ID NO.",
    "MILITARY_RANK_GRADE": "MILITARY RANK/GRADE",
    "NON_AVAILABILITY": "NON-AVAILABILITY",
    "SEPARATOR_SUFFIX": "SEPARATOR/SUFFIX",
}
#: Where the table does not say what the standard says.
_CORRECTED = {
    ("2.3.1", "ED", 3): ("Data Subtype", "ID"),
    ("2.3.1", "XTN", 1): ("[(999)] 999-9999 [X99999][C any text]", "TN"),
    **{("2.5.1", "OBX", number): ("Reserved for harmonization with V2.6", "") for number in (20, 21, 22)},
    **{(version, "SN", 2 * number): (f"Num{number}", "NM") for version in _TABLES for number in (1, 2)},
}


@dataclass(frozen=True)
class Entry:
    """One field or component: its name in words, `""` where no table has it, and its data type."""

    name: str
    data_type: str = ""

    @property
    def type_name(self) -> str:
        """The data type as the standard writes it; the table has some in a second, simpler form."""
        return self.data_type.removesuffix("_SIMPLE")


_UNKNOWN = Entry("")


@dataclass(frozen=True)
class Dictionary:
    """The tables of one version."""

    version: str

    def segment(self, name: str) -> str:
        """A segment's name in words; `""` for one that is not in the standard."""
        return SEGMENT_NAMES.get(name, "")

    def knows(self, name: str) -> bool:
        """Whether the fields of a segment are in the table."""
        return name == "ZDS" or name in _tables(self.version).segments

    def last_field(self, name: str) -> int:
        """The number of the last field that the table has for a segment."""
        return len(_ZDS) if name == "ZDS" else len(_tables(self.version).segments.get(name, ()))

    def field(self, segment: str, number: int) -> Entry:
        """Field `number` of a segment."""
        return _field(self.version, segment, number)

    def component(self, data_type: str, number: int) -> Entry:
        """Component `number` of a field of a data type, or subcomponent of a component of it."""
        return _component(self.version, data_type, number)


@cache
def dictionary(version: str) -> Dictionary:
    """The tables for a value of MSH-12, or the nearest."""
    if version in _TABLES:
        return Dictionary(version)
    return Dictionary(_NEAREST.get(version, "2.5.1" if _LATEST.fullmatch(version) else "2.3.1"))


def in_words(name: str, owner: str = "") -> str:
    """A name of the table in words: `DATE_TIME_OF_BIRTH` is Date/Time of Birth.

    `owner` is the segment or data type that the name is of; some names end with it.
    """
    stem = name.removesuffix(f"_{owner}") if owner else name
    ending = f" - {owner}" if stem != name else ""
    for plain, signed in _SIGNS.items():
        stem = stem.replace(plain, signed)
    text = re.sub(r"(?<=\w) S(?= |$)", "'S", stem.replace("_", " "))
    text, _, example = text.partition(" E G ")
    parts = text.split(" ")
    edges = (0, len(parts) - 1)  # the first and the last word have a capital: Entered By
    words = " ".join(_word(word, at_edge=place in edges) for place, word in enumerate(parts))
    return words + (f" (e.g. {_EXAMPLES.get(example, example.capitalize())})" if example else "") + ending


_EXAMPLES = {"JR OR III": "Jr or III", "MD": "MD"}


def _word(word: str, *, at_edge: bool) -> str:
    if any(sign in word for sign in "-/"):
        return re.sub(r"[^-/]+", lambda part: _word(part[0], at_edge=True), word)
    if word in _CAPITALS or any(one.isdigit() for one in word):
        return word
    small = word.lower()
    return small if small in _SMALL and not at_edge else small.capitalize()


@dataclass(frozen=True)
class _Tables:
    segments: dict[str, tuple[Any, ...]]
    fields: dict[str, tuple[Any, ...]]
    components: dict[str, Any]


@cache
def _tables(version: str) -> _Tables:
    """hl7apy's tables of a version, loaded where a message is first looked at."""
    package = f"hl7apy.{_TABLES[version]}"
    segments = import_module(f"{package}.segments").SEGMENTS
    return _Tables(
        {name: made[1] for name, made in segments.items() if name != "ANYHL7SEGMENT"},
        import_module(f"{package}.fields").FIELDS,
        import_module(f"{package}.datatypes").DATATYPES,
    )


@cache
def _field(version: str, segment: str, number: int) -> Entry:
    if segment == "ZDS":
        return Entry(*_ZDS.get(number, ("",)))
    return _entry(version, _tables(version).fields, segment, number)


@cache
def _component(version: str, data_type: str, number: int) -> Entry:
    return _entry(version, _tables(version).components, data_type, number)


def _entry(version: str, table: dict[str, Any], owner: str, number: int) -> Entry:
    if (version, owner, number) in _CORRECTED:
        return Entry(*_CORRECTED[version, owner, number])
    made = table.get(f"{owner}_{number}")
    if not made:
        return _UNKNOWN
    data_type = made[2] or ""
    name = made[3] if data_type in ("", "ID") else made[3].removesuffix(f"_{data_type}")  # ID_NUMBER_ST
    return Entry(in_words(name, owner), data_type)
