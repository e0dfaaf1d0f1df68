"""What a value of an institution may look like: the rules of DICOM and HL7 for names and numbers.

Rule: an error names the place, the rule, and the next step; nothing is cut or mended.
"""

from __future__ import annotations

import re
from datetime import date

from hl7dicom_lab.clock import CLASS_START
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.hl7v2.checks import SEXES
from hl7dicom_lab.institution.document import Value
from hl7dicom_lab.model import PersonName

#: As in `actors/site.py`: `FACILITY_PACS` is an AE title of at most 16 characters. A test keeps the two together.
FACILITY = re.compile(r"[A-Za-z0-9_]{1,11}")
_ISSUER = re.compile(r"[A-Za-z0-9_.-]{1,20}")
_AE_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
_SHORT_NAME = re.compile(r"[A-Za-z0-9_-]{1,16}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}")
_PATIENT_ID = re.compile(r"[A-Za-z0-9_./ -]{1,64}")
#: PS3.5 section 6.2: characters of one component group of a person's name, and how many components it has.
_NAME_LENGTH, _COMPONENTS = 64, 5


def facility(value: Value) -> str:
    """MSH-4, and how AE titles begin."""
    return _matching(
        value, FACILITY, "a facility has 1 to 11 letters, digits and underscores, because AE titles begin with it"
    )


def issuer(value: Value) -> str:
    """Who issues patients' numbers: PID-3.4 (an IS of at most 20 characters), IssuerOfPatientID."""
    return _matching(value, _ISSUER, "an issuer has 1 to 20 letters, digits, dots, hyphens and underscores (PID-3.4)")


def ae_title(value: Value) -> str:
    """An AE title: PS3.5 section 6.2, value representation AE."""
    return _matching(
        value,
        _AE_TITLE,
        "an AE title has 1 to 16 characters of ASCII, no backslash, and no space at its ends (PS3.5 6.2)",
    )


def station_name(value: Value) -> str:
    """StationName, as it also stands in the timeline."""
    return _matching(value, _SHORT_NAME, "a station's name has 1 to 16 letters, digits, hyphens and underscores")


def patient_id(value: Value) -> str:
    """PID-3.1 and PatientID."""
    rule = "a patient's id has 1 to 64 letters, digits, spaces and . / _ -, and no HL7 separator"
    return _matching(value, _PATIENT_ID, rule)


def text(value: Value, longest: int, what: str) -> str:
    """A text that stands in DICOM as LO (64) or SH (16): no control character, no backslash."""
    if not 1 <= len(value.text) <= longest or "\\" in value.text or not value.text.isprintable():
        raise _broken(value, f"{what} has 1 to {longest} characters, and no backslash (PS3.5 6.2)")
    return value.text


def person_name(value: Value) -> PersonName:
    """A name in DICOM's form, `Family^Given^Middle^Prefix^Suffix`; after `=` the ideographic and phonetic writing."""
    groups = value.text.split("=")
    if len(groups) > 3 or any(len(group) > _NAME_LENGTH for group in groups):
        raise _broken(value, f"a name has up to three writings, with = between, of {_NAME_LENGTH} characters each")
    if any(group.count("^") >= _COMPONENTS for group in groups):
        raise _broken(value, "a name has at most five components: Family^Given^Middle^Prefix^Suffix")
    if not value.text.isprintable() or set(value.text) & set("\\|~&"):
        raise _broken(value, "a name has no backslash, no control character and none of | ~ &")
    family, given, middle, prefix, suffix = (part.strip() for part in _five(groups[0]))
    if not family:
        raise _broken(value, "a name begins with the family name: Family^Given")
    return PersonName(family, given, middle, prefix, suffix, *groups[1:])


def birth_date(value: Value) -> str:
    """A date as `1984-06-17` or `19840617`, not after the class clock's day; empty is not known."""
    if not value.text:
        return ""
    rule = "a birth date is a day of the calendar, written 1984-06-17 or 19840617"
    if not _DATE.fullmatch(value.text):
        raise _broken(value, rule)
    try:
        born = date.fromisoformat(value.text)
    except ValueError:
        raise _broken(value, rule) from None
    if born > CLASS_START.date():
        raise _broken(value, f"a birth date is not after {CLASS_START.date()}, the day of the course")
    return f"{born:%Y%m%d}"


def sex(value: Value) -> str:
    """PID-8, HL7 table 0001; empty is not known."""
    if value.text and value.text.upper() not in SEXES:
        raise _broken(value, f"a sex is one of {', '.join(sorted(SEXES))} (HL7 table 0001), or empty")
    return value.text.upper()


def _five(group: str) -> list[str]:
    parts = group.split("^")
    return [*parts, *[""] * (_COMPONENTS - len(parts))]


def _matching(value: Value, pattern: re.Pattern[str], rule: str) -> str:
    if not pattern.fullmatch(value.text):
        raise _broken(value, rule)
    return value.text


def _broken(value: Value, rule: str) -> SetupError:
    return SetupError(rule, where=value.where, next_step=f"change {value.text!r}")
