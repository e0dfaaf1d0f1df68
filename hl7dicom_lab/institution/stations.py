"""The scanners of an institution: those that its file names, and the story's for every other modality.

Rules: a department has one scanner of a modality, because the RIS plans by the modality; no two systems share an AE
title or a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hl7dicom_lab import story
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.institution import rules
from hl7dicom_lab.institution.document import Section, unknown
from hl7dicom_lab.model import Station

_MODALITIES = tuple(station.modality for station in story.STATIONS)


def read_stations(given: Sequence[Section], facility: str) -> tuple[Station, ...]:
    """One station for every modality, in the story's order. Raises `SetupError`."""
    named: dict[str, tuple[Station, Section]] = {}
    for section in given:
        station = _station(section, facility)
        if station.modality in named:
            raise SetupError(
                f"there are two scanners of modality {station.modality}",
                where=section.where("modality"),
                next_step="keep one of them: this RIS plans by the modality",
            )
        named[station.modality] = station, section
    taken = {name: f"the system {name}" for name in (story.EMR, story.RIS, story.PACS, story.DICTATION)}
    titles = {f"{facility}_{name}": f"the {name}" for name in (story.RIS, story.PACS)}
    for station, section in named.values():
        _take(station.name, taken, section, "name")
        _take(station.ae_title, titles, section, "ae_title")
    return tuple(_all({modality: station for modality, (station, _) in named.items()}, facility, {*taken, *titles}))


def _station(section: Section, facility: str) -> Station:
    modality = section.text("modality").text.upper()
    if modality not in _MODALITIES:
        raise unknown(modality, _MODALITIES, section.where("modality"), "modality")
    name = rules.station_name(section.text("name"))
    location = section.text("location", default="").text
    return Station(
        modality,
        rules.ae_title(section.text("ae_title", default=f"{facility}_{name}")),
        name,
        rules.text(section.text("location"), 16, "a location") if location else "",
    )


def _take(wanted: str, taken: dict[str, str], section: Section, key: str) -> None:
    """Titles and names that differ in capitals only are told apart by machines, and not by people."""
    same = next((one for one in taken if one.upper() == wanted.upper()), None)
    if same is not None:
        raise SetupError(
            f"{wanted!r} is the name of {taken[same]} already", where=section.where(key), next_step="choose another"
        )
    taken[wanted] = f"another scanner ({section.path})"


def _all(named: dict[str, Station], facility: str, taken: set[str]) -> Iterator[Station]:
    used = {one.upper() for one in taken}
    for usual in story.STATIONS:
        if usual.modality in named:
            yield named[usual.modality]
            continue
        name = next(
            name
            for name in (usual.name, *(f"{usual.modality}{number}" for number in range(2, 99)))
            if not {name, f"{facility}_{name}".upper()} & used
        )
        yield Station(usual.modality, f"{facility}_{name}", name, usual.location)
