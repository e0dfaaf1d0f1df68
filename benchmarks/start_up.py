"""Goal E: how long until the department is there, and what it costs while nobody asks for anything.

The start is compared with what nobody can do without, importing pydicom, pynetdicom and hl7; idling with an SCP as
pynetdicom's documentation shows it. Rules: each start is a process of its own; processor time is that of the whole
process, over seconds in which its associations are open and say nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psutil

from benchmarks.bench import Bench
from benchmarks.department import RIS, department
from benchmarks.dicom_client import IMPLICIT, WORKLIST, Association
from benchmarks.measure import Outcome, alternate
from benchmarks.peers.pynetdicom_worklist import pynetdicom_worklist

_LAB, _BARE, _PEER = "lab", "bare", "peer"
_READY = "from hl7dicom_lab import Lab; lab = Lab().start()"
_IMPORTS = "import pydicom, pynetdicom, hl7"
_ASSOCIATIONS = 8  # pynetdicom takes ten unless told otherwise, one of them whoever asked whether it listens


def measure(bench: Bench) -> Iterator[Outcome]:
    """The start, then idling."""
    bench.say("start")
    told = alternate({_LAB: _runs(_READY), _BARE: _runs(_IMPORTS)}, bench.rounds)
    yield Outcome("E", "import and start", "s", told[_LAB], told[_BARE], "the bare imports", round(1 / 1.15, 2))
    yield Outcome("E", "first cell to department ready", "s", told[_LAB], wanted=0.5)
    bench.say("idling")
    with ExitStack() as stack:
        lab = stack.enter_context(department(bench.new_folder("lab")))
        own = _idles(stack, lab.process_id, lab.worklist, RIS)
        peer, process_id = stack.enter_context(pynetdicom_worklist(0))
        told = alternate({_LAB: own, _PEER: _idles(stack, process_id, peer, "PLAIN")}, bench.rounds)
    what = f"processor while {_ASSOCIATIONS} associations say nothing"
    yield Outcome("E", what, "%", told[_LAB], told[_PEER], "pynetdicom as it comes", 4)


def _runs(code: str) -> Callable[[], float]:
    """Seconds that some code takes in a new process, told by itself: the interpreter's own start is not counted."""
    timed = f"import time; begun = time.perf_counter(); {code}; print(time.perf_counter() - begun)"

    def run() -> float:
        done = subprocess.run(
            [sys.executable, "-c", timed], check=True, timeout=60, capture_output=True, encoding="utf-8"
        )
        return float(done.stdout.split()[-1])

    return run


def _idles(stack: ExitStack, process_id: int, port: int, title: str) -> Callable[[], float]:
    """Percent of one core over two seconds, with associations open; never less than a clock tick can tell."""
    for _ in range(_ASSOCIATIONS):
        stack.enter_context(Association(port, title, WORKLIST, IMPLICIT))
    process = psutil.Process(process_id)

    def used() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    def idle() -> float:
        before, begun = used(), time.monotonic()
        time.sleep(2)
        return max(used() - before, 0.01) / (time.monotonic() - begun) * 100

    return idle
