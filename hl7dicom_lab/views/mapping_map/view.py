"""The mapping map: one examination's values from order to worklist, image and report, and the lines between them.

Clinical step: all of them, for one accession number. HL7 chapters 2 and 4, IHE RAD-2 to RAD-5, RAD-8, RAD-28; the rows
are those of `mapping/table.py`. Rule: the map grows with the examination; a stage that is not there yet says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any, ClassVar

from hl7dicom_lab.counted import counted
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.model import ReportStatus
from hl7dicom_lab.views.mapping_map import html_form, text_form
from hl7dicom_lab.views.mapping_map.evidence import Examination, report_as_sent
from hl7dicom_lab.views.mapping_map.graph import graph_of
from hl7dicom_lab.views.mapping_map.paths import GROUPS, ORDER, SIGNS, Graph, Path
from hl7dicom_lab.views.view import View
from hl7dicom_lab.visible import visible

_STATUS = {
    ReportStatus.PRELIMINARY: "PRELIMINARY",
    ReportStatus.FINAL: "FINAL",
    ReportStatus.CORRECTED: "CORRECTED",
    ReportStatus.CANCELED: "CANCELED",
}


class MappingMap(View):
    """The map of one examination: print it, show it in a notebook, or `follow` one value."""

    widget: ClassVar[str] = "mapping_map"

    def __init__(self, examination: Examination) -> None:
        self._examination = examination

    @cached_property
    def graph(self) -> Graph:
        """The values and the lines between them."""
        return graph_of(self._examination)

    @property
    def title(self) -> str:
        """What the map is about."""
        return f"Mapping map of {visible(self._examination.accession_number)}"

    def follow(self, name: str) -> Followed:
        """The way of one value through all columns, by its keyword or HL7 path (`PatientID`, `PID-3`).

        Raises `NotFound` where the map has no such value.
        """
        paths = self.graph.through(self.graph.named(name))
        if not paths:
            raise NotFound(
                f"the map has no value that is called {name!r}",
                where=f"accession number {self._examination.accession_number}",
                next_step="name an attribute (PatientID) or a field (PID-3) that the map shows; print(map) lists them",
            )
        return Followed(name, paths)

    def counts(self) -> tuple[int, int, int, int]:
        """How many values the map has, how many the RIS made, how many differ, and how many are missing."""
        values = self.graph.values
        made = sum(value.mark == "made" and value.by == "the RIS" for value in values)
        differing, missing = (sum(value.mark == mark for value in values) for mark in ("differs", "missing"))
        return len(values) - missing, made, differing, missing

    def summary(self) -> str:
        """The counts in words."""
        values, made, differing, missing = self.counts()
        return f"{values} values, {made} made by the RIS, {differing} differ, {missing} missing"

    @cached_property
    def stages(self) -> tuple[str, str, str, str]:
        """What stands in each column, or why nothing does."""
        return (self._order(), self._worklist(), self._images(), self._report())

    def _order(self) -> str:
        if self._examination.step is None:
            return "No order: the RIS knows none with this accession number."
        kinds = {value.by for value in self.graph.values if value.column == ORDER and value.by}
        said = ", ".join(sorted(kinds, reverse=True))
        return said or "from the record of the RIS; the trace has no message of this order"

    def _worklist(self) -> str:
        step, steps = self._examination.step, self._examination.steps
        if step is None:
            return "No step: these images were made without a line on the worklist, or their number was typed wrong."
        said = f"step {step.scheduled_procedure_step_id}, {step.status.value}"
        if not step.status.on_worklist:
            said += " (no longer on the worklist)"
        return visible(said if len(steps) == 1 else f"{said}; the order has {len(steps)} steps")

    def _images(self) -> str:
        one = self._examination
        if not one.images:
            return "No images yet: the PACS has none with this accession number or of this study."
        said = counted(one.image_count, "image")
        if len(one.images) < one.image_count:
            said += f", {len(one.images)} of them compared"
        return said if one.study_count <= 1 else f"{said}; {one.study_count} studies have this accession number"

    def _report(self) -> str:
        one = self._examination
        if one.report is None:
            return one.report_note or "No report yet."
        said = f"{_STATUS[one.report.status]}, {one.report_note}".removesuffix(", ")
        known = report_as_sent(one.report, one.messages)[2]
        return visible(said if known else f"{said}; its message is not in the trace, so the values are shown as read")

    def text(self) -> str:
        """Every path, two lines each, with the legend."""
        return text_form.as_text(f"{self.title}: {self.summary()}", self.stages, self.graph.paths)

    def html(self) -> str:
        """Every path as a row of a table."""
        return html_form.as_html(self.title, self.summary(), self.stages, self.graph.paths)

    def state(self) -> Mapping[str, Any]:
        """The boxes, the lines, and the words around them."""
        return {
            "title": self.title,
            "summary": self.summary(),
            "stages": list(self.stages),
            "groups": [list(one) for one in GROUPS.items()],
            "signs": [[mark, sign, meaning] for mark, (sign, meaning) in SIGNS.items()],
            "values": [
                asdict(value)
                | {"label": visible(value.label), "text": visible(value.text), "note": visible(value.note)}
                for value in self.graph.values
            ],
            "links": [asdict(link) | {"rule": visible(link.rule)} for link in self.graph.links],
        }

    def __repr__(self) -> str:
        values, made, differing, _ = self.counts()
        number = visible(self._examination.accession_number)
        return f"<Mapping map {number}: {values} values, {made} made by the RIS, {differing} differ>"


class Followed:
    """The way of one value through the columns, as text and as HTML."""

    def __init__(self, name: str, paths: tuple[Path, ...]) -> None:
        self.name = name
        self.paths = paths

    def __str__(self) -> str:
        return text_form.followed(self.paths)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_form.followed(self.name, self.paths)
