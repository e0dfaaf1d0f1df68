"""The mapping map while it is drawn: boxes and lines are added one after the other.

Rule: a box gets its mark from the lines that arrive at it, and the one that asks for attention decides.
"""

from __future__ import annotations

from dataclasses import replace

from hl7dicom_lab.mapping.table import REQUEST, STEP
from hl7dicom_lab.views.mapping_map.paths import GROUPS, WORKLIST, Graph, Link, Mark, Value

#: The groups of the worklist's attributes, the group of all others being `order`.
_GROUP_OF = (
    ("patient", (
        "PatientID", "IssuerOfPatientID", "OtherPatientIDsSequence", "PatientName", "PatientBirthDate", "PatientSex",
        "PatientAddress", "PatientWeight", "PatientSize", "PatientState", "PregnancyStatus", "MedicalAlerts",
        "Allergies", "AdmissionID", "IssuerOfAdmissionIDSequence", "CurrentPatientLocation",
    )),
    ("procedure", (
        "RequestedProcedureDescription", "RequestedProcedureCodeSequence", "RequestedProcedurePriority",
        "ReasonForTheRequestedProcedure", "ReasonForRequestedProcedureCodeSequence", "PatientTransportArrangements",
        "RequestedProcedureComments", f"{STEP}.Modality", f"{STEP}.ScheduledProcedureStepDescription",
        f"{STEP}.ScheduledProtocolCodeSequence",
    )),
    ("schedule", (
        f"{STEP}.ScheduledStationAETitle", f"{STEP}.ScheduledProcedureStepStartDate",
        f"{STEP}.ScheduledProcedureStepStartTime", f"{STEP}.ScheduledPerformingPhysicianName",
        f"{STEP}.ScheduledStationName", f"{STEP}.ScheduledProcedureStepLocation",
        f"{STEP}.ScheduledProcedureStepStatus",
    )),
    ("acquisition", ("InstitutionName",)),
)  # fmt: skip
_GROUPS = {attribute: group for group, attributes in _GROUP_OF for attribute in attributes}
_WITHIN = {STEP: "(0040,0100)", REQUEST: "(0040,0275)"}
#: The mark that wins where several lines arrive.
_WEIGHT: tuple[Mark, ...] = ("", "made", "copied", "looked up", "converted", "missing", "differs")


def group_of(attribute: str) -> str:
    """The group of a worklist attribute."""
    return _GROUPS.get(attribute, "order")


class Sketch:
    """Boxes and lines, in the order in which they are added."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._links: list[Link] = []
        self._attributes: dict[tuple[int, str], str] = {}

    def value(
        self, column: int, path: str, text: str, *, group: str = "", mark: Mark = "", by: str = "", note: str = ""
    ) -> Value:
        """Add a box. `path` is an HL7 path or a path of keywords."""
        sequence, _, label = path.rpartition(".")
        if sequence not in _WITHIN:
            sequence, label = "", path
        key = f"v{len(self._values)}"
        self._attributes.setdefault((column, path), key)
        made = Value(key, column, group or group_of(path), label, text, mark, _WITHIN.get(sequence, ""), by, note)
        return self.place(made)

    def place(self, value: Value) -> Value:
        """Put a changed box in the place of the one with its key."""
        self._values[value.key] = value
        return value

    def link(self, left: Value, right: Value, mark: Mark, rule: str = "") -> None:
        """Draw a line, and mark the box at its end."""
        self._links.append(Link(left.key, right.key, mark, rule))
        known = self._values[right.key]
        if _WEIGHT.index(mark) > _WEIGHT.index(known.mark):
            self.place(replace(known, mark=mark))

    def attribute(self, column: int, path: str) -> Value | None:
        """The box of an attribute."""
        key = self._attributes.get((column, path))
        return self._values[key] if key else None

    def labelled(self, column: int, label: str, text: str) -> Value | None:
        """A box with this label and this value."""
        return next(
            (one for one in self._values.values() if (one.column, one.label, one.text) == (column, label, text)), None
        )

    def source_of(self, value: Value) -> Value | None:
        """The box from which a value came."""
        return next((self._values[link.left] for link in self._links if link.right == value.key), None)

    def graph(self) -> Graph:
        """What has been drawn, column by column and group by group, each box near the height of where it came from."""
        groups, heights = list(GROUPS), self._heights()

        def rank(value: Value) -> tuple[int, int, int]:
            return value.column, groups.index(value.group), heights[value.key]

        return Graph(tuple(sorted(self._values.values(), key=rank)), tuple(self._links))

    def _heights(self) -> dict[str, int]:
        """The worklist's attribute to which a box belongs, as its place: lines then cross little."""
        places = {key: place for place, key in enumerate(self._values)}
        heights: dict[str, int] = {}
        for value in sorted(self._values.values(), key=lambda one: one.column):
            above = [heights[link.left] for link in self._links if link.right == value.key and value.column > WORKLIST]
            heights[value.key] = min(above, default=places[value.key])
        return heights
