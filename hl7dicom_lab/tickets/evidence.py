"""What one can ask others for: logs, settings pages, and people. The wire is everybody's to look at.

Rule: every ticket offers the same list, so that the list tells nothing. What was asked once may be read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.shown import Shown
from hl7dicom_lab.tickets.department import Department, system, systems
from hl7dicom_lab.tickets.log_book import LogBook
from hl7dicom_lab.tickets.settings_page import settings_page

_LOG, _SETTINGS = "log of ", "settings of "
#: Who can be asked, and what they say where a ticket has nothing to do with them.
PEOPLE: dict[str, str] = {
    "the physician": "I order as I always do. Nothing has changed on my side that I know of.",
    "the technologist": "I scan as I always do. Nothing has changed on my side that I know of.",
    "the radiologist": "I dictate as I always do. Nothing has changed on my side that I know of.",
    "the vendor": "We have changed nothing since yesterday that we know of.",
}


@dataclass(frozen=True)
class Evidence:
    """What was asked for, and what came."""

    asked: str
    answer: Shown


def offered(department: Department) -> tuple[str, ...]:
    """Everything that can be asked for, by the words that ask for it."""
    names = tuple(systems(department))
    return (*(f"{_LOG}{one}" for one in names), *(f"{_SETTINGS}{one}" for one in names), *PEOPLE)


def ask(department: Department, whom: str, logs: LogBook, people: Mapping[str, str]) -> Evidence:
    """Ask for a log, a settings page or a person. Raises `NotFound`, which names what can be asked for."""
    words = " ".join(str(whom).split())
    plain = words.casefold()
    if plain.startswith(_LOG):
        name, _ = system(department, words[len(_LOG) :])
        lines = logs.read(name)
        return Evidence(f"{_LOG}{name}", Shown(f"Log of {name}:", code="\n".join(lines) or "(empty)"))
    if plain.startswith(_SETTINGS):
        name, _ = system(department, words[len(_SETTINGS) :])
        return Evidence(f"{_SETTINGS}{name}", settings_page(department, name))
    for person, nothing_to_say in PEOPLE.items():
        if plain in (person, person.removeprefix("the ")):
            said = people.get(person, nothing_to_say)
            return Evidence(person, Shown(f'{person.capitalize()} says: "{said}"'))
    raise NotFound(
        f"nobody knows {whom!r}",
        where="ask",
        next_step="ask for one of " + ", ".join(repr(one) for one in offered(department)),
    )
