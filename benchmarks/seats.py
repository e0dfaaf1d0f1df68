"""Goal G: forty seats at once, each walking lessons 02 to 08 in kernels of its own, on one machine.

Rules: it is `hl7dicom-lab preflight` that walks them; a seat counts only if none of its cells failed; the memory is
that of the largest seat. It is done once whatever the rounds: a class is large enough to be its own repetition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Outcome
from hl7dicom_lab import preflight

_SEATS, _MOST_MB = 40, 120


def measure(bench: Bench, notebooks: Sequence[Path] = ()) -> Iterator[Outcome]:
    """The seats that finish, the memory of one, and the cell that a class waits for."""
    seats = bench.sized(_SEATS)
    bench.say(f"{seats} seats")
    found = preflight.run(notebooks or preflight.notebooks(), seats)
    told = " ".join(preflight.failures(found))
    well = sum(not seat.failures for seat in found.together)
    for line in preflight.verdict(found):
        bench.say(line)
    everybody = f"{seats} seats started"
    promise = bench.promised(1)
    yield Outcome("G", "seats at once without a failure", "seats", (well,), (seats,), everybody, promise, told)
    largest = preflight.largest_mb(found.together)
    memory = () if largest is None else (largest,)
    note = f"measured as {found.machine.memory or 'nothing'}, {seats} seats at once"
    yield Outcome("G", "memory of the largest seat", "MB", memory, wanted=bench.promised(_MOST_MB), note=note)
    cell = preflight.slowest(found)
    if cell:
        note = f"{cell.cell.name}: {cell.cell.first_line}"
        yield Outcome("G", f"slowest cell, {seats} seats at once", "s", (cell.together,), note=note)
        yield Outcome("G", "the same cell, one seat alone", "s", (cell.alone,))
