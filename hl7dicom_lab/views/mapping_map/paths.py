"""Values in four columns and the lines between them: what the mapping map draws.

Clinical step: one examination from order to worklist, image and report. Rules: a value is a box, and how it came there
is a line to the box that it came from; who made a value is told on its box. A path is followed to both sides: what a
value came from, and what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

#: How a value came where it stands. "" is a field of the order: it was sent.
Mark = Literal["", "copied", "converted", "looked up", "made", "differs", "missing"]

ORDER, WORKLIST, IMAGE, REPORT = range(4)
COLUMNS = ("order", "worklist", "image", "report")
#: Each mark with its sign, and what it means.
SIGNS: dict[Mark, tuple[str, str]] = {
    "copied": ("=", "the value is taken over as it is"),
    "converted": ("≈", "the same fact in another form"),
    "looked up": ("»", "found in a table of the RIS"),
    "made": ("+", "begins here: a system or a person made it"),
    "differs": ("≠", "should be equal and is not: a mistake, or one side was changed later"),
    "missing": ("?", "the mapping leads here, and nothing is here"),
}
#: The groups of the map, in its order.
GROUPS = {
    "patient": "Patient and visit",
    "order": "Order and identifiers",
    "procedure": "Procedure",
    "schedule": "Schedule",
    "acquisition": "Acquisition",
    "report": "Report",
}


@dataclass(frozen=True)
class Value:
    """One box. `label` is an HL7 path or a keyword; `within` the sequence in which the attribute stands."""

    key: str
    column: int
    group: str
    label: str
    text: str
    mark: Mark = ""
    within: str = ""  # `(0040,0275)`
    by: str = ""  # who made it; of an order's field the message that brought it
    note: str = ""

    @property
    def place(self) -> str:
        """The label with the sequence around it: `(0040,0275) > StudyInstanceUID`."""
        return f"{self.within} > {self.label}" if self.within else self.label


@dataclass(frozen=True)
class Link:
    """One line, from a box to one in a column further right. `rule` says in words what happened on the way."""

    left: str
    right: str
    mark: Mark
    rule: str = ""

    @property
    def words(self) -> str:
        """The mark, and the rule where there is one."""
        return f"{self.mark} ({self.rule})" if self.rule else self.mark


@dataclass(frozen=True)
class Path:
    """One way through the columns: at most one value of each, and the line that leads to each but the first."""

    values: tuple[Value, ...]
    links: tuple[Link, ...]

    def at(self, column: int) -> Value | None:
        """The value of a column, if the path has one."""
        return next((value for value in self.values if value.column == column), None)

    @property
    def group(self) -> str:
        """The group in which the path is listed: that of its worklist attribute, else of its first value."""
        worklist = self.at(WORKLIST)
        return (worklist or self.values[0]).group


@dataclass(frozen=True)
class Graph:
    """All values, column by column and in the order of the table, and all lines."""

    values: tuple[Value, ...]
    links: tuple[Link, ...]

    @cached_property
    def _by_key(self) -> dict[str, Value]:
        return {value.key: value for value in self.values}

    @cached_property
    def _leaving(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in self.links:
            found.setdefault(link.left, []).append(link)
        return found

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Every path, from where a value begins to where it ends, group by group."""
        arrived = {link.right for link in self.links}
        begun = [value for value in self.values if value.key not in arrived]
        found = [path for value in begun for path in self._onwards(Path((value,), ()))]
        groups, places = list(GROUPS), {value.key: place for place, value in enumerate(self.values)}

        def rank(path: Path) -> tuple[int, int]:
            worklist = path.at(WORKLIST)
            return groups.index(path.group), places[(worklist or path.values[0]).key]

        return tuple(sorted(found, key=rank))

    def _onwards(self, path: Path) -> Iterator[Path]:
        links = self._leaving.get(path.values[-1].key, ())
        if not links:
            yield path
        for link in links:
            yield from self._onwards(Path((*path.values, self._by_key[link.right]), (*path.links, link)))

    def named(self, name: str) -> tuple[Value, ...]:
        """The values with a label: `PatientID`, `PID-3` and its components, `RequestAttributesSequence.StudyID`."""
        wanted = name.strip().rpartition(" ")[2].rpartition("Sequence.")[2].casefold()
        return tuple(value for value in self.values if wanted and _is_called(value, wanted))

    def through(self, values: tuple[Value, ...]) -> tuple[Path, ...]:
        """The paths on which one of these values lies."""
        keys = {value.key for value in values}
        return tuple(path for path in self.paths if any(value.key in keys for value in path.values))


def _is_called(value: Value, wanted: str) -> bool:
    label = value.label.rpartition(" ")[2].casefold()
    return label == wanted or (value.column in (ORDER, REPORT) and label.startswith((f"{wanted}.", f"{wanted}[")))
