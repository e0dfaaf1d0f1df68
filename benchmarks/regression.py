"""Goal F: how long it takes to know that every notebook still prints what it holds.

The project's own way, nbval on two processes with a notebook as the least piece of work (`--dist loadfile`), against
nbval as it comes, one notebook after another. Rules: both run in processes of their own and must find every cell as it
is stored; the tests of the package are not run.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Outcome, alternate
from hl7dicom_lab.course_files import notebooks_folder

_CHECKOUT = Path(__file__).resolve().parent.parent
_OWN, _SERIAL = "lab", "serial"
_NEEDED = {"pytest": "pytest", "nbval": "nbval", "xdist": "pytest-xdist"}
#: As `start.py test notebooks` does it.
_TWO_AT_ONCE = ("-n", "2", "--dist", "loadfile", "-p", "no:hypothesispytest")
#: At most 0.6 of the time.
_WANTED = round(1 / 0.6, 2)


def measure(bench: Bench, notebooks: Sequence[Path] = ()) -> Iterator[Outcome]:
    """All notebooks, in both ways by turns."""
    paths = notebooks or sorted(notebooks_folder().glob("*.ipynb"))
    chosen = paths[: bench.sized(len(paths))]
    what = f"{len(chosen)} notebooks compared"
    absent = ", ".join(package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None)
    if absent:
        note = f"absent: {absent}; run `python3 start.py setup dev`"
        yield Outcome("F", what, "s", (), (), "serial nbval", bench.promised(_WANTED), note)
        return
    bench.say(f"{what}, {bench.rounds + 1} times in both ways")
    cells: set[int] = set()
    ways = {_OWN: _compares(chosen, cells, *_TWO_AT_ONCE), _SERIAL: _compares(chosen, cells, "-p", "no:xdist")}
    told = alternate(ways, bench.rounds)
    if len(cells) != 1:
        raise RuntimeError(f"not always the same number of cells was compared: {sorted(cells)}")
    note = f"{cells.pop()} cells; {os.cpu_count()} processors"
    wanted = bench.promised(_WANTED)
    yield Outcome("F", what, "s", told[_OWN], told[_SERIAL], "serial nbval", wanted, note)


def _compares(notebooks: Sequence[Path], cells: set[int], *options: str) -> Callable[[], float]:
    """Seconds of one comparison; the number of cells that passed is added. Raises RuntimeError where one did not."""
    # The project's settings wherever the notebooks lie; seen from a root above them, no two cells have the same name.
    root = f"--rootdir={notebooks[0].parent}"
    settings = ("-c", str(_CHECKOUT / "pyproject.toml"), root, "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", *settings, *options, *map(str, notebooks)]

    def run() -> float:
        begun = time.perf_counter()
        done = subprocess.run(
            command, cwd=_CHECKOUT, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        seconds = time.perf_counter() - begun
        passed = re.search(r"(\d+) passed", done.stdout)
        if done.returncode or not passed:
            raise RuntimeError(f"the notebooks do not print what they hold:\n{done.stdout[-2000:]}")
        cells.add(int(passed[1]))
        return seconds

    return run
