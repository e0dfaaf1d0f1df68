"""Goal D: one patient's whole way, from the order to the report at the EMR and the PACS.

Fresh: a department in one process, as in a notebook, whose own systems ask each other, with a new association for each
question; the lab's beside the one of `peers.plain_cycle`. Kept: the same raw client for both departments, which keeps
its five connections. Rules: one small image a patient; every answer is positive; the image that the scanner sends
carries the accession number of the worklist, and the report names it.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from benchmarks.bench import Bench
from benchmarks.department import PACS, RIS, department
from benchmarks.dicom_client import IMPLICIT, MR_IMAGE, WORKLIST, Association, find_request, store_request
from benchmarks.measure import Outcome, alternate
from benchmarks.mllp_client import Sender, order, report
from benchmarks.one_image import acquired, encoded
from benchmarks.peers.plain_department import TITLE, Ports, plain_department
from benchmarks.processes import CHECKOUT
from benchmarks.worklist_items import question
from hl7dicom_lab.dicom.writing import write_data_set

_LAB, _PLAIN = "lab", "plain"
_ANY_PATIENT = b"NG-000000"
_PEER = "plain pynetdicom and hl7, as they come"


def measure(bench: Bench) -> Iterator[Outcome]:
    """With fresh associations, then with kept ones."""
    count = bench.sized(20)
    bench.say("a cycle, each system's own associations")
    with ExitStack() as stack:
        sides = {_LAB: "benchmarks.cycle", _PLAIN: "benchmarks.peers.plain_cycle"}
        told = alternate({name: stack.enter_context(_walker(one, count)) for name, one in sides.items()}, bench.rounds)
    yield Outcome("D", "one cycle, fresh associations", "ms", told[_LAB], told[_PLAIN], _PEER, bench.promised(6))
    bench.say("a cycle, connections kept")
    with ExitStack() as stack:
        numbers = itertools.count(1)
        lab = stack.enter_context(department(None))
        plain = stack.enter_context(plain_department())
        cycles = {
            _LAB: _kept(stack, Ports(lab.ris_hl7, lab.worklist, lab.storage, lab.pacs_hl7, lab.emr_hl7), (RIS, PACS)),
            _PLAIN: _kept(stack, plain, (TITLE, TITLE)),
        }
        timed = {name: _mean(one, numbers, count) for name, one in cycles.items()}
        told = alternate(timed, bench.rounds)
    yield Outcome("D", "one cycle, kept connections", "ms", told[_LAB], told[_PLAIN], _PEER, bench.promised(10))


@contextmanager
def _walker(module: str, count: int) -> Iterator[Callable[[], float]]:
    """A process that walks so many cycles whenever it is asked, and tells the milliseconds of one."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(count)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    asks, tells = process.stdin, process.stdout
    if asks is None or tells is None:
        raise RuntimeError("no pipes")

    def walk() -> float:
        asks.write("go\n")
        asks.flush()
        return float(tells.readline())

    try:
        yield walk
    finally:
        asks.close()
        process.wait(30)
        tells.close()


def walk_when_asked(cycle: Callable[[int], None]) -> None:
    """The other end of `_walker`: for each line of standard input, so many cycles as the command line says."""
    numbers = itertools.count(1)
    timed = _mean(cycle, numbers, int(sys.argv[1]))
    for _ in sys.stdin:
        print(timed(), flush=True)


def _mean(cycle: Callable[[int], None], numbers: Iterator[int], count: int) -> Callable[[], float]:
    def walk() -> float:
        begun = time.perf_counter()
        for number in itertools.islice(numbers, count):
            cycle(number)
        return (time.perf_counter() - begun) / count * 1000

    return walk


def _kept(stack: ExitStack, ports: Ports, titles: tuple[str, str]) -> Callable[[int], None]:
    """A cycle over connections that stay open."""
    ris, pacs, emr = (Sender(port, reconnects=False) for port in (ports.ris_hl7, ports.pacs_hl7, ports.emr_hl7))
    for one in (ris, pacs, emr):
        stack.callback(one.close)
    worklist = stack.enter_context(Association(ports.worklist, titles[0], WORKLIST, IMPLICIT))
    storage = stack.enter_context(Association(ports.storage, titles[1], MR_IMAGE, IMPLICIT))

    asks = find_request(write_data_set(question(PatientID=_ANY_PATIENT.decode("ascii")), IMPLICIT))

    def cycle(number: int) -> None:
        patient = f"NG-{number:06d}"
        demand(ris.send(order(number)) == b"AA", "the order")
        status, found = worklist.ask(asks.replace(_ANY_PATIENT, patient.encode("ascii")))
        demand(status == 0 and len(found) == 1, "the worklist")
        accession, study = (value(tag, found[0]) for tag in (b"\x08\x00\x50\x00", b"\x20\x00\x0d\x00"))
        image = encoded(number, patient, accession, study)
        status, _ = storage.ask(store_request(MR_IMAGE, f"2.25.89{number}", image))
        demand(status == 0, "the image")
        for receiver in (emr, pacs):
            demand(receiver.send(report(number, patient, accession, study)) == b"AA", "the report")

    return cycle


def value(tag: bytes, item: bytes) -> str:
    """The text of an element in Implicit VR Little Endian, in the first place where its tag stands."""
    found = re.search(re.escape(tag) + rb"(.)\0\0\0", item, re.DOTALL)
    if found is None:
        return ""
    return item[found.end() :][: found[1][0]].decode("ascii").rstrip(" \0")


def demand(it_is: bool, what: str) -> None:
    """Raise RuntimeError if it is not so."""
    if not it_is:
        raise RuntimeError(f"{what} was not taken as it should be")


def main() -> None:
    """The lab's cycle, by its own systems, in one process."""
    from hl7dicom_lab import story
    from hl7dicom_lab.lab import Lab
    from hl7dicom_lab.model import Identifier

    with Lab() as lab:
        placed = story.order()

        def cycle(number: int) -> None:
            patient = replace(placed.patient, identifier=Identifier(f"NG-{number:06d}", story.ISSUER))
            (order,) = lab.emr.place(replace(placed, patient=patient))
            (item,) = lab.modality.query(PatientID=f"NG-{number:06d}")
            images = lab.modality.examine(item, [acquired()])
            demand(all(one.stored for one in lab.modality.store(images)), "the image")
            study = lab.pacs.archive.find_study(accession_number=item.AccessionNumber)
            sent = lab.dictation.send(lab.dictation.dictate(study, story.REPORT_TEXT, order=order))
            demand(len(sent) == 2 and all(one.accepted for one in sent), "the report")

        walk_when_asked(cycle)


if __name__ == "__main__":
    main()
