"""The outcomes as a table, as JSON and as a chart."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.measure import Outcome
from hl7dicom_lab.simple_table import as_lines

_HEADINGS = ("goal", "what", "lab", "peer", "ratio", "wanted", "verdict")


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """A table, an outcome a line: medians with their spread, the ratio, and whether it is what was promised."""
    notes = [f"{one.goal}, {one.what}: {one.note}" for one in outcomes if one.note]
    return [*as_lines([_HEADINGS, *map(cells, outcomes)], ruled=True), *([""] if notes else []), *notes]


def write_json(outcomes: Sequence[Outcome], path: Path) -> None:
    """Every round of every outcome, with what it was measured on."""
    told = [
        {**asdict(one), "ratio": None if math.isnan(one.ratio) else one.ratio, "verdict": one.verdict}
        for one in outcomes
    ]
    machine = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    path.write_text(json.dumps({"machine": machine, "outcomes": told}, indent=1), encoding="utf-8", newline="\n")


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """A PNG: for each outcome with a peer the ratio that was reached beside the one that was wanted."""
    from matplotlib.figure import Figure

    shown = [one for one in outcomes if not math.isnan(one.ratio)]
    figure = Figure(figsize=(10, 1.2 + 0.4 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(shown))
    axes.barh(places, [one.ratio for one in shown], color="#0072B2", label="times better than the peer, measured")
    axes.plot([one.wanted or math.nan for one in shown], places, "|", color="#D55E00", ms=18, mew=3, label="wanted")
    axes.set_yticks(places, [f"{one.goal} {one.what} ({one.peer})" for one in shown])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    figure.legend(loc="outside upper center", ncols=2)  # beside the bars, not over them
    figure.savefig(path, dpi=110)


def cells(one: Outcome) -> tuple[str, ...]:
    """A line of the table, in its parts."""
    ratio = "" if math.isnan(one.ratio) else f"{one.ratio:.2f}x"
    wanted = f"{one.wanted:g}x" if one.peer else f"at most {one.wanted:g} {one.unit}"
    peer = f"{_values(one.other, one.unit)} {one.peer}".strip()
    return one.goal, one.what, _values(one.own, one.unit), peer, ratio, wanted if one.wanted else "", one.verdict


def _values(values: Sequence[float], unit: str) -> str:
    """`1.2 ms (1.1 to 1.4)`: the median and the spread."""
    if not values:
        return ""
    spread = f" ({_number(min(values))} to {_number(max(values))})" if len(values) > 1 else ""
    return f"{_number(median(values))} {unit}{spread}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
