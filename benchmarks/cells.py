"""How long a learner waits for a cell: every lesson's code cells, one after another, in a fresh kernel for each lesson.

No peer is beside it; what is promised is that no cell takes longer than two seconds. Rules: the notebooks are walked as
by `hl7dicom-lab preflight`, by one seat alone; a cell that fails stops the benchmark; of each cell the median counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.bench import Bench
from benchmarks.measure import Outcome
from hl7dicom_lab import preflight
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.seat import Ran, code_cells

_MOST = 2.0
_SHOWN = 10


def measure(bench: Bench, notebooks: Sequence[Path] = ()) -> Iterator[Outcome]:
    """The ten slowest cells are said; the slowest one, and the start of a kernel, are outcomes."""
    paths = notebooks or sorted(notebooks_folder().glob("*.ipynb"))
    chosen = paths[: bench.sized(len(paths))]
    lessons = [code_cells(path) for path in chosen]
    times: dict[tuple[str, int], list[float]] = {}
    names: dict[tuple[str, int], str] = {}
    for number in range(bench.rounds):
        bench.say(f"round {number + 1}: {', '.join(lesson.name for lesson in lessons)}")
        (seat,) = preflight.walk(lessons, 1)
        for one in seat.ran:
            _expect_well(one)
            times.setdefault((one.lesson, one.number), []).append(one.seconds)
            names[one.lesson, one.number] = f"{one.name}: {one.first_line}" if one.number else one.name
    starts = {place: seconds for place, seconds in times.items() if not place[1]}
    by_time = sorted(times.keys() - starts.keys(), key=lambda place: median(times[place]), reverse=True)
    for place in by_time[:_SHOWN]:
        bench.say(f"{median(times[place]):.2f} s  {names[place]}")
    slowest = by_time[0]
    wanted = bench.promised(_MOST)
    yield Outcome("cells", "slowest cell", "s", tuple(times[slowest]), wanted=wanted, note=names[slowest])
    every = tuple(second for seconds in starts.values() for second in seconds)
    yield Outcome(
        "cells", "a kernel is ready", "s", every, note="Python, IPython and its sockets; before the first cell"
    )


def _expect_well(one: Ran) -> None:
    if one.error:
        raise RuntimeError(f"{one.name}: {one.error}")
