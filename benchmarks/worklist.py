"""Goals A1 to A4: how long a scanner waits for its worklist, and how that grows with the department.

The same questions to the lab and to each peer, on one association that stays open, by a client that costs nothing; then
by clients as they are. Rule: each answer of the lab and of each peer has exactly the items that were asked for.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from pydicom.dataset import Dataset
from pynetdicom import AE

from benchmarks.bench import Bench
from benchmarks.department import RIS, department
from benchmarks.dicom_client import IMPLICIT, WORKLIST, Association, find_request
from benchmarks.measure import Outcome, alternate, growth
from benchmarks.peers import orthanc, wlmscpfs
from benchmarks.peers.pynetdicom_worklist import pynetdicom_worklist
from benchmarks.processes import AbsentError, need, start_all
from benchmarks.worklist_items import DAY, HITS, patient_id, question
from hl7dicom_lab.dicom.writing import write_data_set

SIZES = (100, 1_000, 10_000)
_EQUALLY_OFTEN = 20
LAB = "lab"
PEERS = (
    ("wlmscpfs", wlmscpfs.wlmscpfs, wlmscpfs.AE_TITLE),
    ("Orthanc", orthanc.orthanc, orthanc.AE_TITLE),
)


@dataclass(frozen=True)
class Asked:
    """One of the questions: which items answer it, by number; how often a round asks it; what is promised by size."""

    goal: str
    name: str
    query: Dataset
    hits: range
    times: int
    wanted: float


def questions(size: int, place: int) -> tuple[Asked, ...]:
    """The three questions to a worklist of `size` items; `place` is that of the size among `SIZES`."""
    one = question(PatientID=patient_id(size // 2))
    day = question(Modality="MR", ScheduledProcedureStepStartDate=DAY)
    one_patient, few = range(size // 2, size // 2 + 1), size < SIZES[2]
    return (
        Asked("A1", "by PatientID", one, one_patient, 20 if few else 5, (2, 20, 150)[place]),
        Asked("A2", "date and modality", day, range(HITS), 10 if few else 3, (2, 12, 100)[place]),
        Asked("A3", "everything", question(), range(size), 3 if few else 1, (1.5, 2.5, 2.5)[place]),
    )


def measure(bench: Bench) -> Iterator[Outcome]:
    """All sizes, then the unmodified clients."""
    for place, full in enumerate(SIZES):
        size = max(HITS, bench.sized(full))
        bench.say(f"worklist of {size:,}")
        with ExitStack() as stack:
            ports, notes = _start(bench, stack, size)
            for asked in questions(size, place):
                told = alternate({name: _asks(stack, *who, asked) for name, who in ports.items()}, bench.rounds)
                own, peers = told.pop(LAB), told
                best = min(peers, key=lambda name: median(peers[name]), default="")
                what = f"{asked.name}, N = {size:,}"
                other = peers.get(best, ())
                wanted = bench.promised(asked.wanted)
                yield Outcome(asked.goal, what, "ms", own, other, best or "wlmscpfs, Orthanc", wanted, notes)
            if place == 1:
                yield from _as_they_come(bench, ports[LAB], size)
                yield from _unmodified(bench, ports[LAB][0], size)
    yield from _growth(bench)


def _growth(bench: Bench) -> Iterator[Outcome]:
    """A1: how a query by PatientID grows with the worklist: departments of all sizes in turns, asked equally often."""
    sizes = sorted({max(HITS, bench.sized(full)) for full in SIZES})
    if len(sizes) < 2:  # scaled down until all sizes are one
        return
    bench.say("growth")
    with ExitStack() as stack:
        asks = {}
        for size in sizes:
            running = stack.enter_context(department(bench.new_folder("grown"), size))
            asks[str(size)] = _asks(stack, running.worklist, RIS, replace(questions(size, 0)[0], times=_EQUALLY_OFTEN))
        told = {int(size): median(said) for size, said in alternate(asks, bench.rounds).items()}
    note = f"cost grows with N to the power of {growth(told):.2f}"
    what, wanted = "growth from the smallest to the largest", bench.promised(1.3)
    yield Outcome("A1", what, "times", (told[sizes[-1]] / told[sizes[0]],), wanted=wanted, note=note)


def _start(bench: Bench, stack: ExitStack, size: int) -> tuple[dict[str, tuple[int, str]], str]:
    """Port and AE title of the lab and of each peer that is here; what is absent, in words."""
    running = stack.enter_context(department(bench.new_folder("lab"), size))
    starts = {name: partial(start, bench.new_folder(name), size) for name, start, _ in PEERS}
    ports, absent = start_all(stack, starts)
    titles = {name: title for name, _, title in PEERS}
    return {LAB: (running.worklist, RIS)} | {name: (port, titles[name]) for name, port in ports.items()}, absent


def _as_they_come(bench: Bench, lab: tuple[int, str], size: int) -> Iterator[Outcome]:
    """The same question to peers with Nagle's algorithm on, as they are installed; nothing is promised against them."""
    asked = questions(size, 1)[0]
    for name, start, title in PEERS:
        with ExitStack() as stack:
            try:
                port = stack.enter_context(start(bench.new_folder(f"{name}-default"), size, nodelay=False))
            except AbsentError:
                continue  # it has been named already
            asks = {LAB: _asks(stack, *lab, asked), name: _asks(stack, port, title, asked)}
            told = alternate(asks, bench.rounds)
        what = f"{asked.name}, N = {size:,}, peer as it comes"
        yield Outcome("A1", what, "ms", told[LAB], told[name], f"{name}, as it comes")


def _asks(stack: ExitStack, port: int, title: str, asked: Asked) -> Callable[[], float]:
    """Asks a question on an association of its own; milliseconds for one."""
    association = stack.enter_context(Association(port, title, WORKLIST, IMPLICIT))
    request = find_request(write_data_set(asked.query, IMPLICIT))

    def ask() -> float:
        begun = time.perf_counter()
        for _ in range(asked.times):
            status, found = association.ask(request)
        seconds = time.perf_counter() - begun
        if status != 0 or len(found) != len(asked.hits):
            raise RuntimeError(f"{title}: {asked.name}: {len(found)} items, status {status:04X}")
        if _patients(found) != {patient_id(number) for number in asked.hits}:
            raise RuntimeError(f"{title}: {asked.name}: other items than were asked for")
        return seconds / asked.times * 1000

    return ask


def _patients(found: list[bytes]) -> set[str]:
    """The PatientIDs in answers as they came, in Implicit VR Little Endian: tag, a length of four bytes, value."""
    ids = (re.search(rb"\x10\x00\x20\x00.{4}(\w+)", item, re.DOTALL) for item in found)
    return {one[1].decode("ascii") for one in ids if one}


def _unmodified(bench: Bench, lab: int, size: int) -> Iterator[Outcome]:
    """A4: pynetdicom's and DCMTK's own clients, a new association for each query."""
    with pynetdicom_worklist(size) as (plain, _):
        told = alternate({LAB: _by_pynetdicom(lab, RIS), "peer": _by_pynetdicom(plain, "PLAIN")}, bench.rounds)
        what = f"send_c_find, date and modality, N = {size:,}, the query alone"
        yield Outcome("A4", what, "ms", told[LAB], told["peer"], "pynetdicom as it comes", bench.promised(15))
        try:
            findscu = need("findscu", "dcmtk")
        except AbsentError as error:
            yield Outcome("A4", "findscu", "ms", (), (), "pynetdicom as it comes", bench.promised(5), str(error))
            return
        told = alternate(
            {LAB: _by_findscu(findscu, lab, RIS), "peer": _by_findscu(findscu, plain, "PLAIN")}, bench.rounds
        )
        what = f"findscu, everything, N = {size:,}, the whole program"
        yield Outcome("A4", what, "ms", told[LAB], told["peer"], "pynetdicom as it comes", bench.promised(5))


def _by_pynetdicom(port: int, title: str) -> Callable[[], float]:
    query = question(Modality="MR", ScheduledProcedureStepStartDate=DAY)

    def ask() -> float:
        ae = AE()
        ae.add_requested_context(WORKLIST)
        association = ae.associate("127.0.0.1", port, ae_title=title)
        begun = time.perf_counter()
        answers = list(association.send_c_find(query, WORKLIST))
        seconds = time.perf_counter() - begun
        association.release()
        if len(answers) != HITS + 1 or answers[-1][0].Status != 0:
            raise RuntimeError(f"{title}: {len(answers)} answers")
        return seconds * 1000

    return ask


def _by_findscu(program: str, port: int, title: str) -> Callable[[], float]:
    keys: Mapping[str, str] = {"PatientID": "", "PatientName": "", "AccessionNumber": ""}
    asked = [part for key, value in keys.items() for part in ("-k", f"{key}={value}")]
    command = [program, "-W", "-q", "-aec", title, *asked, "127.0.0.1", str(port)]

    def ask() -> float:
        begun = time.perf_counter()
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL)
        return (time.perf_counter() - begun) * 1000

    return ask
