"""Forty scanners and twenty HL7 senders at once, and others that misbehave: every honest request is answered rightly.

The department is `serve`, in a process of its own, with a trace that is full early: what it keeps then is no longer
growth. `HL7DICOM_LAB_LOAD_SECONDS` says how long the load lasts. What was done and measured is printed (`-n 0 -s` shows
it).
"""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import logging
import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from load_peers import MISDEEDS, Load, OrderSender, ReportSender, Scanner, peers
from pydicom.filereader import read_file_meta_info
from pynetdicom.association import Association
from served_department import PATIENCE, Running, eventually, served

from hl7dicom_lab import lab as lab_module
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.services import find_service
from hl7dicom_lab.storage import order_book
from hl7dicom_lab.storage.ready_answers import ReadyAnswers
from hl7dicom_lab.trace import Trace

_SERVE = (
    "-c",
    "import functools; from hl7dicom_lab import lab, trace\n"
    "bounds = dict(kept_bytes=4 << 20, kept_events=10_000, kept_conversations=500)\n"
    "lab.Trace = functools.partial(trace.Trace, **bounds)\n"
    "from hl7dicom_lab.cli import main; main()",
)
#: An MLLP listener that has been busy keeps four threads at its door in place of one; there are three.
_THREADS_KEPT = 3 * 3
#: Windows counts the handles of threads and locks as well.
_HANDLES_KEPT = 100 if os.name == "nt" else 0
_KINDS = {"HL7 AA", "HL7 AE", "C-ECHO", "C-FIND worklist", "C-STORE", "C-FIND archive"}
_ROUNDS = 4
_MEGABYTE = 1 << 20
_BEGIN_OF_DATA_SET = 128 + 4 + 12  # preamble, DICM, (0002,0000)


@dataclass(frozen=True)
class Footprint:
    """What the department's process holds at a moment."""

    answered: int
    memory: int  # resident, in bytes
    threads: int
    files: int  # descriptors, or handles on Windows

    @classmethod
    def of(cls, process: psutil.Process, answered: int) -> Footprint:
        with process.oneshot():
            files = process.num_handles() if os.name == "nt" else process.num_fds()
            return cls(answered, process.memory_info().rss, process.num_threads(), files)


@pytest.fixture
def seconds(request) -> float:
    usual = "8" if request.config.getoption("--interop") else "2"
    return float(os.environ.get("HL7DICOM_LAB_LOAD_SECONDS", usual))


def test_sixty_peers_at_once_are_all_answered_rightly_beside_others_that_misbehave(tmp_path, seconds):
    with served(tmp_path, python=_SERVE) as department:
        process = psutil.Process(department.process.pid)
        department.addresses  # noqa: B018 - it waits until the department listens
        before = _at_rest(process)
        load = Load(department)
        begun = time.monotonic()
        samples = _run(load, process, seconds)
        lasted = time.monotonic() - begun
        after = _at_rest(process, before)
        department.kill()
    _print(load, lasted, before, samples, after)
    assert load.failures == []
    assert load.answered.keys() == _KINDS
    assert load.misdeeds.keys() == {misdeed.__name__ for misdeed in MISDEEDS}
    assert after.threads <= before.threads + _THREADS_KEPT
    assert after.files <= before.files + _HANDLES_KEPT
    _check_memory(samples)
    _check_archive(tmp_path / "home" / "pacs" / "archive", load.images)


@pytest.mark.interop  # it takes as long as the rest of this file
def test_nothing_of_what_is_over_stays_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_module, "Trace", functools.partial(Trace, kept_events=100, kept_conversations=10))
    # Likewise what the worklist keeps ready has an end, which is sooner reached here.
    monkeypatch.setattr(order_book, "ReadyAnswers", functools.partial(ReadyAnswers, most_bytes=0, most_items=1))
    monkeypatch.setattr(find_service, "_KEPT_QUERIES", 1)
    monkeypatch.setattr(logging.root, "handlers", [])  # pytest keeps what a library logs
    with Lab(tmp_path / "home") as lab:
        load, misdeeds = Load(Running(lab)), Load(Running(lab))
        misdeeds.stop.set()  # so that nobody stays
        sender = OrderSender(load, 1)
        honest = (sender, ReportSender(load, 1, "pacs"), Scanner(load, 1, sender.orders))
        chance = random.Random(1)
        objects = []
        for _ in range(3):
            for _ in range(_ROUNDS):
                for peer in honest:
                    peer.work()
                for misdeed in MISDEEDS:
                    with contextlib.suppress(OSError, EOFError):
                        misdeed(misdeeds, chance)
            assert eventually(lambda: not [one for one in threading.enumerate() if isinstance(one, Association)])
            gc.collect()
            objects.append(len(gc.get_objects()))
    assert (load.failures, misdeeds.failures) == ([], [])
    # One association has some hundred objects, and every round had a dozen.
    assert min(objects[1:]) - objects[0] < 50 * _ROUNDS, objects


def _run(load: Load, process: psutil.Process, seconds: float) -> list[Footprint]:
    """Let all of them work for so long, and until each kind of answer has come; the footprint four times a second."""
    working = peers(load, scanners=40, senders=20, misbehaving=14)
    for peer in working:
        peer.start()
    samples, end = [], time.monotonic() + seconds
    while time.monotonic() < end or (time.monotonic() < end + PATIENCE and not load.answered.keys() >= _KINDS):
        time.sleep(0.25)
        samples.append(Footprint.of(process, sum(load.answered.values())))
    load.stop.set()
    for peer in working:
        peer.join(2 * PATIENCE)
        assert not peer.is_alive(), peer.name
    return samples


def _at_rest(process: psutil.Process, before: Footprint | None = None) -> Footprint:
    """The footprint when everybody has gone and it changes no more; or already when it is what it was `before`."""
    deadline, seen = time.monotonic() + PATIENCE, []
    while time.monotonic() < deadline:
        seen.append(now := Footprint.of(process, 0))
        if before and now.threads <= before.threads + _THREADS_KEPT and now.files <= before.files + _HANDLES_KEPT:
            break
        if not before and len({(one.threads, one.files) for one in seen[-10:]}) == 1 and len(seen) >= 10:
            break
        time.sleep(0.1)
    return seen[-1]


def _check_memory(samples: list[Footprint]) -> None:
    """Flat, once everything that is kept for a while is full: from the end of the first third on."""
    first, last = samples[len(samples) // 3], samples[-1]
    grown = last.memory - first.memory
    assert grown < 16 * _MEGABYTE + 200 * (last.answered - first.answered), f"{grown / _MEGABYTE:.1f} MB"


def _check_archive(archive: Path, images: dict[str, bytes]) -> None:
    """The files are the images that were acknowledged, byte for byte, and nothing else is there."""
    assert list((archive / "incoming").iterdir()) == []
    found = {}
    for path in archive.glob("images/*/*"):
        meta = read_file_meta_info(path)
        data_set = path.read_bytes()[_BEGIN_OF_DATA_SET + meta.FileMetaInformationGroupLength :]
        found[str(meta.MediaStorageSOPInstanceUID)] = hashlib.sha256(data_set).digest()
    assert found == images


def _print(load: Load, seconds: float, before: Footprint, samples: list[Footprint], after: Footprint) -> None:
    print(f"\n{seconds:.0f} s of load, {sum(load.answered.values()) / seconds:.0f} requests answered a second")
    print(*(f"  {what}: {many}" for what, many in sorted(load.answered.items())), sep="\n")
    print(*(f"  failed: {what}" for what in load.failures), sep="\n")
    print("  misdeeds:", ", ".join(f"{what} {many}" for what, many in sorted(load.misdeeds.items())))
    thirds = (before, *(samples[len(samples) * part // 3 - 1] for part in (1, 2, 3)), after)
    for name, one in zip(("before", "after a third", "after two", "at the end", "afterwards"), thirds, strict=True):
        print(f"  {name}: {one.memory / _MEGABYTE:.1f} MB, {one.threads} threads, {one.files} files open")
