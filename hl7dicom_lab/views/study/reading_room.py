"""The reading room: what its widget gets of one study, or of two side by side.

Clinical step: the radiologist reads; the physician looks at the result. Everything that the browser shows comes from
here: whose study it is, the warning, the report with its history, the series, and each image's geometry and windows.

Rule: a report that is covered does not leave the kernel; neither its text nor its earlier versions are in the state.
Text from files and from the wire stands on one line with its control characters visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from hl7dicom_lab.views.study import words
from hl7dicom_lab.views.study.image_facts import ImageFacts, read_facts
from hl7dicom_lab.views.study.image_geometry import DIRECTIONS, letters
from hl7dicom_lab.views.study.pixels import Block, Place, at_once, blocks, packed
from hl7dicom_lab.views.study.text_form import lines_of, one_line

if TYPE_CHECKING:
    from hl7dicom_lab.model import Report
    from hl7dicom_lab.views.study.screen import StudyOnScreen


@dataclass(frozen=True)
class Series:
    """The places from `first` up to, not including, `end`; `study` is its study's place from 0."""

    study: int
    first: int
    end: int
    facts: ImageFacts


@dataclass(frozen=True)
class Room:
    """One study or two, ready for the browser."""

    studies: tuple[StudyOnScreen, ...]

    @cached_property
    def _stacks(self) -> tuple[tuple[int, tuple[Place, ...]], ...]:
        """Each series' places with the number of its study, in reading order."""
        return tuple((number, stack) for number, study in enumerate(self.studies) for stack in _stacks(study))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every frame of every file, series by series."""
        return tuple(place for _, stack in self._stacks for place in stack)

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The series of all studies."""
        found, first = [], 0
        for study, stack in self._stacks:
            named = next((place.facts for place in stack if not place.facts.reason), stack[0].facts)
            found.append(Series(study, first, first + len(stack), named))
            first += len(stack)
        return tuple(found)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """In what portions the pixels travel."""
        return blocks(self.places, ((one.first, one.end) for one in self.series))

    def state(self) -> dict[str, Any]:
        """What the widget gets: everything but the pixels of a large study, and of these those that are seen first."""
        middle = (self.series[0].first + self.series[0].end - 1) // 2 if self.series else 0
        return {
            "studies": [_study(one) for one in self.studies],
            "warning": _lines(words.side_by_side(*self.studies) if len(self.studies) == 2 else ()),
            "series": [_series(one) for one in self.series],
            "places": [_place(one) for one in self.places],
            "blocks": [[one.first, one.end, one.size] for one in self.blocks],
            "pixels": {str(number): self.pixels(number) for number in at_once(self.blocks, middle)},
            "directions": DIRECTIONS,
        }

    def pixels(self, number: int) -> dict[str, Any]:
        """One block."""
        block = self.blocks[number]
        return packed(self.places[block.first : block.end])

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The block that the browser asks for. Only the last one stays in the reply.

        `asked` goes back as it came: a reply that equals the last one would not travel.
        """
        number, asked = message.get("block"), message.get("asked")
        if type(number) is not int or not 0 <= number < len(self.blocks):
            return {}
        return {"pixels": {"block": number, "asked": asked if type(asked) is int else 0, **self.pixels(number)}}


def _stacks(study: StudyOnScreen) -> list[tuple[Place, ...]]:
    """The places of a study by series, each series where its first image stands.

    A file that cannot be read stands with the images before it, else with those after it.
    """
    found: dict[str, list[Place]] = {}
    read = [(path, read_facts(path)) for path in study.images]
    series = next((facts.series_uid for _, facts in read if not facts.reason), "")
    for path, facts in read:
        series = series if facts.reason else facts.series_uid
        places = found.setdefault(series, [])
        places.extend(Place(path, facts, frame) for frame in range(facts.frames))
    return [tuple(places) for places in found.values()]


# ---- as JSON values


def _study(study: StudyOnScreen) -> dict[str, Any]:
    return {
        "warning": _lines(words.warning(study)),
        "banner": _lines(words.identity_lines(study.banner)),
        "short": _lines(words.short_identity(study.banner)),
        "accession": one_line(study.banner.accession_number) or "unknown",
        "images": one_line(words.images_line(study)),
        "covered": words.COVERED if study.covered else "",
        "report": _report(study),
    }


def _lines(lines: Iterable[str]) -> list[str]:
    return [one_line(line) for line in lines]


def _report(study: StudyOnScreen) -> dict[str, Any]:
    """The versions of the report, the current one first; none of them where the report is covered."""
    if study.report is None or study.covered:
        return {"none": "" if study.covered else words.NO_REPORT, "versions": []}
    newest_first = (study.report, *reversed(study.earlier))
    numbers = count(len(newest_first), -1)
    return {"none": "", "versions": [_version(one, number) for one, number in zip(newest_first, numbers, strict=False)]}


def _version(report: Report, number: int) -> dict[str, Any]:
    status, facts = words.report_lines(report)
    return {
        "number": number,
        "code": str(report.status),
        "status": one_line(status),
        "facts": one_line(facts),
        "line": one_line(words.version_line(report)),
        "text": "\n".join(lines_of(report.text or "(no text)")),
    }


def _series(series: Series) -> dict[str, Any]:
    facts = series.facts
    named = f"Series {facts.series_number}" if facts.series_number else "Series"
    title = words.BETWEEN.join(filter(None, (named, facts.modality, facts.series_description)))
    return {
        "study": series.study,
        "first": series.first,
        "count": series.end - series.first,
        "title": one_line(title),
        "modality": one_line(facts.modality),
        "frameOfReference": facts.frame_of_reference,
    }


def _place(place: Place) -> dict[str, Any]:
    facts = place.facts
    return {
        "number": one_line(facts.number),
        "frame": f"frame {place.frame + 1} of {facts.frames}" if facts.frames > 1 else "",
        "windows": [[one.center, one.width, one_line(one.name)] for one in facts.windows],
        "spread": facts.spread,
        "inverted": facts.inverted,
        "unit": one_line(facts.unit),
        "edges": facts.edges,
        "position": facts.plane.position if facts.plane else None,
        "normal": facts.plane.normal if facts.plane else None,
        "towards": _towards(facts),
        "spacing": facts.spacing,
        "spacingHolds": facts.spacing_holds,
        "aspect": facts.aspect,
        "thickness": one_line(facts.thickness),
    }


def _towards(facts: ImageFacts) -> str:
    """Where the image lies along its normal, as a person says it: `H 12.5 mm`, from the origin of the coordinates."""
    if facts.plane is None:
        return ""
    distance = sum(one * other for one, other in zip(facts.plane.position, facts.plane.normal, strict=True))
    direction = facts.plane.normal if distance >= 0 else tuple(-value for value in facts.plane.normal)
    return f"{letters(direction)[0]} {abs(distance):.1f} mm"
