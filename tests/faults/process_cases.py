"""Rows 88 to 95 of the list of faults: the disk, the port, the kernel, the clock, and forty clients at once.

A full disk is played by SQLite's own limit, which holds on every system; tests/test_full_disk.py fills a real one.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dicom_bytes as dicom
import pytest
import raw_dicom as raw
from answers import ask
from case import Case
from free_ports import free_ports
from hl7_text import order
from image_bytes import PATIENT_NAME, ROOT, element, image, store
from mllp_client import MllpClient
from pydicom.dataset import Dataset
from served_department import served

from hl7dicom_lab import story
from hl7dicom_lab.errors import Refused, SetupError
from hl7dicom_lab.lab import Lab, Ports
from hl7dicom_lab.storage.database import Database

if TYPE_CHECKING:
    from department import Department

_ROOT = f"{ROOT}.88"
_NO_ROOM, _FAILED = "C-STORE-RSP 0xA700", "C-STORE-RSP 0xC001"
#: Several pages of an index: there is no room for it where the index may not grow.
_LONG_NAME = element(PATIENT_NAME, "PN", "Doe^" + "J" * 60_000)


@contextmanager
def _full(database: Database) -> Iterator[None]:
    """While it lasts the database may not grow: SQLITE_FULL, as on a disk without room."""
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        database.rows("PRAGMA max_page_count = 1073741823")


@contextmanager
def _read_only(database: Database) -> Iterator[None]:
    """While it lasts nothing can be written: SQLITE_READONLY, as on a disk that is mounted so."""
    database.rows("PRAGMA query_only = 1")
    try:
        yield
    finally:
        database.rows("PRAGMA query_only = 0")


@contextmanager
def _failing(thing: Any, name: str) -> Iterator[None]:
    """While it lasts a method fails with an error that nobody has foreseen."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    setattr(thing, name, fail)
    try:
        yield
    finally:
        delattr(thing, name)


def full_archive(department: Department) -> str:
    with _full(department.lab.pacs.archive.database):
        return store(department, image(changes={PATIENT_NAME: _LONG_NAME}))


def full_order_book(department: Department) -> str:
    message = order()
    for number in range(2, 30):
        message.add(f"ORC|NW|BIG-{number}", f"OBR|{number}|BIG-{number}||70551^MRI^C4||||||||||||||||||||MR")
    with _full(department.lab.ris.order_book.database):
        return ask(department, message)


def read_only_archive(department: Department) -> str:
    with _read_only(department.lab.pacs.archive.database):
        return store(department, image())


def no_folder_for_files(department: Department) -> str:
    """Where a file stands in the place of the folder nobody can write, not even the administrator."""
    incoming = department.home / "pacs" / "archive" / "incoming"
    aside = incoming.with_name("incoming.aside")
    incoming.rename(aside)
    incoming.touch()
    try:
        return store(department, image())
    finally:
        incoming.unlink()
        aside.rename(incoming)


def taken_ports(_: Department) -> str:
    """Each port of a department in turn; a start that fails leaves nothing running."""
    for name in ("ris_hl7", "worklist", "pacs_hl7", "storage", "emr_hl7"):
        (port,) = free_ports(1)
        with socket.create_server(("127.0.0.1", port)):
            lab = Lab(ports=Ports(**{name: port}))
            with pytest.raises(SetupError) as caught:
                lab.start()
        assert not lab.running
        assert str(caught.value).startswith(f"127.0.0.1:{port}: port {port} is taken by another program")
        assert "choose another port" in caught.value.next_step
    return "SetupError: the port is taken, and what to do"


_RUN_AGAIN = """
import socket, threading
from hl7dicom_lab import open_lesson

def ports(lab):
    return [side["port"] for system in lab.addresses().values() for side in system.values()]

def threads():
    return sorted(thread.name for thread in threading.enumerate())

old = open_lesson("02")
before = threads()
lab = open_lesson("02")
for port in ports(old):
    socket.create_server(("127.0.0.1", port)).close()
assert not old.running and lab.running and len(ports(lab)) == 5
assert threads() == before, (before, threads())
lab.stop()
print("the old one has stopped, the new one runs")
"""


def cell_run_again(_: Department) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _RUN_AGAIN], check=True, capture_output=True, encoding="utf-8", timeout=120
    )
    return done.stdout.splitlines()[-1]


def same_folder_again(_: Department) -> str:
    with tempfile.TemporaryDirectory() as folder:
        old = Lab(folder).start()
        with Lab(folder) as lab:
            assert (old.running, lab.running) == (False, True)
        return "the old one has stopped, the new one runs"


def killed(_: Department) -> str:
    """An order and an image are acknowledged, then the process ends without a word."""
    uid = f"{_ROOT}.1.1.1"
    with tempfile.TemporaryDirectory() as folder:
        with served(Path(folder)) as department:
            assert _ordered(department.hl7("ris"), "KEPT-1") == "AA"
            assert _stored(department.dicom("pacs", "storage"), uid) == "C-STORE 0x0000"
            department.kill()
        with Lab(Path(folder) / "home") as lab:
            (item,) = _found(lab.ris.worklist, dicom.WORKLIST, t00080050="KEPT-1")
            series = {"t0020000D": f"{_ROOT}.1", "t0020000E": f"{_ROOT}.1.1"}
            (kept,) = _found(lab.pacs.storage, dicom.STUDY_ROOT, t00080052="IMAGE", t00080018="", **series)
            assert (item.AccessionNumber, kept.SOPInstanceUID) == ("KEPT-1", uid)
    return "order and image are there"


def _ordered(address: object, accession: str) -> str:
    with MllpClient(address) as client:
        return client.ask(order().put("OBR-18", accession).bytes()).code


def _stored(address: object, uid: str) -> str:
    study = uid.rpartition(".")[0].rpartition(".")[0]
    content = raw.image(uid, study=study, number=1, patient="F-1", accession=f"F{study.rpartition('.')[2]}")
    with raw.RawAssociation(address, {1: dicom.SECONDARY_CAPTURE}) as scanner:
        (response,) = scanner.ask(1, raw.store_command(uid), content)
    return f"C-STORE 0x{response.status:04X}"


def _found(address: object, model: str, **keys: str) -> list[Dataset]:
    with raw.RawAssociation(address, {1: model}) as scanner:
        *pending, last = scanner.ask(1, dicom.find_rq(model), raw.keys(**keys))
    assert last.status == 0x0000
    return [one.identifier for one in pending]


def _echo(address: object) -> str:
    with raw.RawAssociation(address, {1: dicom.VERIFICATION}) as scanner:
        (response,) = scanner.ask(1, dicom.echo_rq())
    return f"C-ECHO 0x{response.status:04X}"


def fault_in_the_archive(department: Department) -> str:
    with _failing(department.lab.pacs.archive, "instance"):
        words = store(department, image())
    assert "ZeroDivisionError: division by zero" in str(department.lab.trace.show())
    return words


def fault_in_the_order_book(department: Department) -> str:
    """The learner's own call raises, too, and says what went wrong at the other side."""
    with _failing(department.lab.ris.order_book, "steps"):
        words = ask(department, order())
        with pytest.raises(Refused, match="ZeroDivisionError"):
            department.lab.emr.place(story.order())
    return words


def midnight(_: Department) -> str:
    """Orders without a start are for now: the class clock's now, on both sides of midnight."""
    with Lab() as lab:
        told = []
        for moment in (datetime(2026, 3, 2, 23, 59, 50), datetime(2026, 3, 3, 0, 0, 1)):
            lab.clock.advance_to(moment)
            with MllpClient(lab.ris.hl7) as client:
                message = order().put("ORC-7", "").put("OBR-27", "").put("OBR-18", f"{moment:%d}")
                assert client.ask(message.bytes()).code == "AA"
            found = lab.modality.query()
            assert lab.clock.now().date() == moment.date()
            told.append(" and ".join(item.AccessionNumber for item in found))
    return f"on the 2nd the worklist has {told[0]}, on the 3rd {told[1]}"


def forty_at_once(_: Department) -> str:
    """Ten clients each of orders, worklist queries, images and C-ECHO, all let go at the same moment."""
    with Lab() as lab:
        jobs: list[Callable[[], str]] = []
        for number in range(1, 11):
            jobs += [
                partial(_ordered, lab.ris.hl7, f"FORTY-{number}"),
                partial(_how_many, lab.ris.worklist),
                partial(_stored, lab.pacs.storage, f"{_ROOT}.{number}.1.1"),
                partial(_echo, lab.pacs.storage),
            ]
        told = Counter(_at_once(jobs))
        assert told == dict.fromkeys(("AA", "0 matches", "C-STORE 0x0000", "C-ECHO 0x0000"), 10), told
        assert (len(lab.ris.steps()), lab.pacs.archive.count()) == (10, 10)
    return f"{told.total()} answers, each the right one"


def _how_many(address: object) -> str:
    return f"{len(_found(address, dicom.WORKLIST, t00080050='NONE'))} matches"


def _at_once(jobs: list[Callable[[], str]]) -> list[str]:
    """What each job says; all begin when all are there. An exception stands in the place of an answer."""
    ready, told = threading.Barrier(len(jobs)), [""] * len(jobs)

    def run(place: int) -> None:
        ready.wait(60)
        try:
            told[place] = jobs[place]()
        except Exception as error:
            told[place] = repr(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return told


CASES = (
    Case(88, "an image, and no room in the archive's index", _NO_ROOM, full_archive,
         trace="the image cannot be kept: database or disk is full"),
    Case(88, "an order, and no room in the order book", "AE 207", full_order_book,
         trace="this system could not process the message"),
    Case(89, "an image, and an index that may only be read", _NO_ROOM, read_only_archive,
         trace="the image cannot be kept: attempt to write a readonly database"),
    Case(89, "an image, and no folder in which a file could begin", _NO_ROOM, no_folder_for_files,
         trace="the image cannot be kept: "),
    Case(90, "a port that another program has", "SetupError: the port is taken, and what to do", taken_ports,
         untraced="nothing runs; the error names the port and the next step"),
    Case(91, "the first cell of a lesson again", "the old one has stopped, the new one runs", cell_run_again,
         untraced="a new department has a new trace"),
    Case(91, "a department started again in its folder", "the old one has stopped, the new one runs", same_folder_again,
         untraced="a new department has a new trace"),
    Case(92, "the process is killed after an order and an image", "order and image are there", killed,
         untraced="the process is another one"),
    Case(93, "the archive fails in the middle of a C-STORE", _FAILED, fault_in_the_archive,
         trace="the service failed: ZeroDivisionError: division by zero"),
    Case(93, "the order book fails in the middle of an order", "AE 207", fault_in_the_order_book,
         trace="(ZeroDivisionError: division by zero)"),
    Case(94, "orders for now before and after midnight", "on the 2nd the worklist has 02, on the 3rd 03", midnight,
         untraced="nothing is wrong"),
    Case(95, "forty clients at once", "40 answers, each the right one", forty_at_once, untraced="nothing is wrong"),
)  # fmt: skip
