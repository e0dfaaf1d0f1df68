"""The settings of the systems: what those who run them enter on a page, and with it what may be entered badly.

Rules: the department works with what every setting is at its start. A setting knows its words and the values that it
may have, and takes no other. A system reads its settings once for each request, so a change holds from the next one on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from hl7dicom_lab import story
from hl7dicom_lab.errors import CannotBuild, NotFound, SetupError
from hl7dicom_lab.services.association import check_ae_title

#: Reads a value that is none of the choices. Raises ValueError where it is no value of the setting.
_Reader = Callable[[Any], Any]

_HIGHEST_NUMBER = 999_999  # E and six digits
_LONGEST_NAME = 180  # MSH-5 has the data type HD, 227 characters in all (HL7 v2.5.1 section 2.15.9.5)


def _text(value: Any) -> str:
    """A text as it is: what is no text, such as None, is not made one. Raises ValueError."""
    if isinstance(value, str):
        return value
    raise ValueError


def _ae_title(value: Any) -> str:
    try:
        return check_ae_title(_text(value).strip())
    except SetupError as error:
        raise ValueError from error


def _ae_title_or_none(value: Any) -> str:
    return "" if value == "" else _ae_title(value)


def _number(value: Any) -> int:
    number = int(str(value))
    if not 1 <= number <= _HIGHEST_NUMBER:
        raise ValueError
    return number


def _room(value: Any) -> int:
    number = int(str(value))
    if number < 0:
        raise ValueError
    return number


def _days(value: Any) -> str:
    """A day or a range of days as a DA key has it (PS3.4 section C.2.2.2.5)."""
    first, dash, last = str(value).strip().partition("-")
    for day in (first, last) if dash else (first,):
        if not re.fullmatch(r"[0-9]{8}", day):
            raise ValueError
        datetime.strptime(day, "%Y%m%d")  # raises ValueError where there is no such day
    return f"{first}{dash}{last}"


def _application(value: Any) -> str:
    name = _text(value).strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or not name.isascii():
        raise ValueError
    return name


def _words(words: str, *choices: str, form: str = "", read: _Reader | None = None) -> dict[str, Any]:
    """What a setting says of itself. `form` names in words what `read` takes besides the choices."""
    return {"words": words, "choices": choices, "form": form, "read": read}


_AE_TITLE_FORM = "an AE title of 1 to 16 characters"


class Settings:
    """The settings of one system. Raises `CannotBuild` for a value that a setting cannot have."""

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type] # each kind of settings below is a dataclass
            object.__setattr__(self, one.name, _read(one, getattr(self, one.name)))

    def __repr__(self) -> str:
        every = fields(self)  # type: ignore[arg-type] # as above
        wide = max(len(one.name) for one in every)
        lines = [f"  {one.name:{wide}} = {getattr(self, one.name)!r}" for one in every]
        return "\n".join([f"{type(self).__name__}:", *lines])


@dataclass(frozen=True, repr=False)
class EmrSettings(Settings):
    """The order interface of the EMR: how it writes the messages that go to the RIS."""

    segment_end: str = field(
        default="CR", metadata=_words("what stands at the end of each segment of a message", "CR", "LF")
    )
    character_set: str = field(
        default="UNICODE UTF-8",
        metadata=_words(
            "the character set of the messages, as MSH-18 names it; with ASCII MSH-18 stays empty and a letter that "
            "ASCII lacks becomes ?",
            "UNICODE UTF-8",
            "8859/1",
            "ASCII",
        ),
    )
    name_order: str = field(
        default="family^given^middle^suffix^prefix",
        metadata=_words(
            "the order of the parts of the patient's name in PID-5",
            "family^given^middle^suffix^prefix",
            "family^given^middle^prefix^suffix",
        ),
    )
    birth_date_format: str = field(
        default="YYYYMMDD", metadata=_words("how the date of birth is written in PID-7", "YYYYMMDD", "DDMMYYYY")
    )
    accession_number_in: str = field(
        default="OBR-18", metadata=_words("the field of an ORM that gets the accession number", "OBR-18", "OBR-19")
    )
    accession_numbers: str = field(
        default="from the RIS",
        metadata=_words("who gives a new order its accession number", "from the RIS", "from the EMR"),
    )
    next_accession_number: int = field(
        default=1,
        metadata=_words(
            "the counter of the accession numbers that the EMR gives: with 7 the next one is E000007",
            form=f"a whole number from 1 to {_HIGHEST_NUMBER}",
            read=_number,
        ),
    )
    without_an_answer: str = field(
        default="send the same message again",
        metadata=_words(
            "what the interface does where no answer to a message came",
            "send the same message again",
            "send a new order",
        ),
    )

    @property
    def next_accession(self) -> str:
        """The next accession number that the EMR gives, as it is written: `E000007`."""
        return f"E{self.next_accession_number:06d}"


@dataclass(frozen=True, repr=False)
class ScannerSettings(Settings):
    """A scanner: where it asks for its worklist, what it asks for, and how it sends its images."""

    worklist_ae_title: str = field(
        metadata=_words("the AE title that it calls for the worklist", form=_AE_TITLE_FORM, read=_ae_title)
    )
    worklist_station: str = field(
        metadata=_words(
            "the station whose steps it asks for (ScheduledStationAETitle); empty asks for those of any",
            form=f"{_AE_TITLE_FORM}, or nothing",
            read=_ae_title_or_none,
        )
    )
    pacs_ae_title: str = field(
        metadata=_words("the AE title that it calls to store images", form=_AE_TITLE_FORM, read=_ae_title)
    )
    worklist_days: str = field(
        default="today",
        metadata=_words(
            "the days whose steps it asks for (ScheduledProcedureStepStartDate)",
            "today",
            "today and tomorrow",
            form="a day or a range of days, such as 20260302 or 20260302-20260306",
            read=_days,
        ),
    )
    worklist_keys: str = field(
        default="in the step",
        metadata=_words(
            "where station, days and modality stand in the query: in ScheduledProcedureStepSequence, or at the root",
            "in the step",
            "at the root",
        ),
    )
    transfer_syntax: str = field(
        default="Explicit VR Little Endian",
        metadata=_words(
            "how its images are encoded when it sends them",
            "Explicit VR Little Endian",
            "Implicit VR Little Endian",
            "Deflated Explicit VR Little Endian",
        ),
    )


@dataclass(frozen=True, repr=False)
class RisSettings(Settings):
    """The HL7 side of the RIS."""

    line_feeds: str = field(
        default="accept with a warning",
        metadata=_words(
            "what it does with a message whose segments end with LF instead of CR", "accept with a warning", "refuse"
        ),
    )


@dataclass(frozen=True, repr=False)
class PacsSettings(Settings):
    """The archive and the report shelf of the PACS."""

    room: int | str = field(
        default="unlimited",
        metadata=_words(
            "how many images the archive has room for", "unlimited", form="a whole number, 0 or more", read=_room
        ),
    )
    report_that_holds: str = field(
        default="by status, then by time",
        metadata=_words(
            "which version of a report is shown: a final one before a preliminary one and then the later change, or "
            "whichever came last",
            "by status, then by time",
            "the one that came last",
        ),
    )


@dataclass(frozen=True, repr=False)
class DictationSettings(Settings):
    """How the dictation system addresses its two receivers (MSH-5)."""

    emr_application: str = field(
        default=story.EMR,
        metadata=_words(
            "the receiving application of a report to the EMR", form="a name in ASCII characters", read=_application
        ),
    )
    pacs_application: str = field(
        default=story.PACS,
        metadata=_words(
            "the receiving application of a report to the PACS", form="a name in ASCII characters", read=_application
        ),
    )


_Kind = TypeVar("_Kind", bound=Settings)


def changed(settings: _Kind, name: str, value: Any) -> _Kind:
    """The settings with one of them changed. `value` may be the text that a person types; letter case is forgiven.

    Raises `NotFound` where there is no such setting, `CannotBuild` where it cannot have this value.
    """
    known = [one.name for one in fields(settings)]  # type: ignore[arg-type] # as above
    if name not in known:
        raise NotFound(
            f"there is no setting {name!r} here",
            where=type(settings).__name__,
            next_step="choose one of: " + ", ".join(known),
        )
    return replace(settings, **{name: value})  # type: ignore[type-var] # as above


def checked(kind: type[_Kind], settings: Any) -> _Kind:
    """The settings, if they are of this kind. Raises `CannotBuild` where they are something else."""
    if isinstance(settings, kind):
        return settings
    first = fields(kind)[0].name  # type: ignore[arg-type] # as above
    raise CannotBuild(
        f"these are no {kind.__name__}, but of the type {type(settings).__name__}",
        where="settings",
        next_step=f"change those that are there: from dataclasses import replace; replace(settings, {first}=...)",
    )


class SettingsOf(Generic[_Kind]):
    """The settings of a system as its attribute, which takes settings of this `kind` and nothing else."""

    def __init__(self, kind: type[_Kind]) -> None:
        self._kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self._place = f"_{name}"

    def __get__(self, system: object, owner: type) -> _Kind:
        settings: _Kind = getattr(system, self._place)
        return settings

    def __set__(self, system: object, settings: _Kind) -> None:
        setattr(system, self._place, checked(self._kind, settings))


def _read(setting: Field[Any], value: Any) -> Any:
    choices, read, form = (setting.metadata[key] for key in ("choices", "read", "form"))
    for choice in choices:
        if isinstance(value, str) and value.strip().casefold() == choice.casefold():
            return choice
    try:
        if read is not None:
            return read(value)
    except ValueError:
        pass
    alternatives = [repr(choice) for choice in choices] + ([form] if form else [])
    raise CannotBuild(
        f"{value!r} is no value of this setting ({setting.metadata['words']})",
        where=setting.name,
        next_step="give one of: " + "; ".join(alternatives) if choices else f"give {form}",
    )
