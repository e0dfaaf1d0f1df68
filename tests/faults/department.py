"""The department that the battery of faults is played against, and what of it is looked at after each case.

It is one `Lab` in a folder, so with everything that a lasting department writes, and with short time-outs. What it
holds is read from the files on disk by connections of the battery's own, not asked of the systems.
"""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import honest

from hl7dicom_lab import story
from hl7dicom_lab.actors.site import Patience
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import DicomAddress, Hl7Address
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.mllp_listener import MllpLimits
from hl7dicom_lab.trace import Remark

CLIENT_PATIENCE = 20.0  # of the sockets that play a case; nothing comes near it unless something hangs
_SETTLES_WITHIN = 20.0
_THREADS_AT_THE_DOOR = 4  # of each MLLP listener: they wait there for the next connection
_LASTING = {"mllp-RIS": 1}  # the EMR keeps its connection

#: Short, so that a case about silence takes a second; long enough for a machine that is busy with other tests.
PATIENCE = Patience(
    hl7=MllpLimits(idle_in_frame=2.0, after_fs=1.0, write=2.0),
    dicom=TimeOuts(association=2.5, message=8.0, idle=4.0, silence=2.5),
    acknowledgment=2.0,
)

_DATABASES = {
    "ris": "ris/order_book.sqlite",
    "archive": "pacs/archive/index.sqlite",
    "pacs": "pacs/reports.sqlite",
    "emr": "emr/chart.sqlite",
}
_Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Snapshot:
    """What the department holds on disk; each row with the system that holds it."""

    steps: _Rows  # of the order book
    instances: _Rows  # of the archive's index
    files: tuple[tuple[str, int], ...]  # of the archive, with their sizes
    reports: _Rows  # every version
    exceptions: _Rows  # held reports
    inbox: _Rows  # accepted messages
    leftovers: tuple[str, ...]  # unfinished files, files without a row, rows without a file

    def differences(self, before: Snapshot) -> dict[str, tuple[list[Any], list[Any]]]:
        """What went and what came since `before`, by the name of the field."""
        told = {}
        for one in fields(self):
            then, now = Counter(getattr(before, one.name)), Counter(getattr(self, one.name))
            if then != now:
                told[one.name] = (list((then - now).elements()), list((now - then).elements()))
        return told


class Department:
    """A running department in `home`; a context manager."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lab = Lab(home, patience=PATIENCE)

    def __enter__(self) -> Self:
        self.lab.start()
        self._books = {
            name: sqlite3.connect(f"{(self.home / path).as_uri()}?mode=ro", uri=True, isolation_level=None)
            for name, path in _DATABASES.items()
        }
        self.serves()  # what is loaded and opened at the first use belongs to the baseline
        self.lab.emr.place(story.order("EMR-1"))
        self.holds()
        self._threads = set(_other_threads())
        self._open = Counter(_open_files())
        self.settled()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for book in self._books.values():
            book.close()
        self.lab.stop()

    def address(self, name: str) -> Any:
        """Where a port is: "orders" (RIS), "reports" (PACS), "emr" speak HL7, "worklist" and "storage" DICOM."""
        addresses: dict[str, Hl7Address | DicomAddress] = {
            "orders": self.lab.ris.hl7,
            "worklist": self.lab.ris.worklist,
            "reports": self.lab.pacs.hl7,
            "storage": self.lab.pacs.storage,
            "emr": self.lab.emr.hl7,
        }
        return addresses[name]

    def connect(self, name: str) -> socket.socket:
        """A plain connection to a port; a context manager."""
        address = self.address(name)
        plain = socket.create_connection((address.host, address.port), timeout=CLIENT_PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain

    def begin(self) -> None:
        """A case begins: what the trace says from here on is about it."""
        self.lab.trace.clear()

    def holds(self) -> Snapshot:
        """What stands on disk now."""
        instances = self._rows("archive", "instance")
        archive = self.home / "pacs" / "archive"
        files = tuple((path.name, path.stat().st_size) for path in _files_in(archive / "images"))
        leftovers = [path.name for name in ("incoming", "set_aside") for path in _files_in(archive / name)]
        if len(instances) != len(files):
            leftovers.append(f"{len(instances)} instances in the index, and {len(files)} files")
        return Snapshot(
            steps=self._rows("ris", "step"),
            instances=instances,
            files=files,
            reports=self._rows("pacs", "report_version") + self._rows("emr", "report_version"),
            exceptions=self._rows("pacs", "held_report") + self._rows("emr", "held_report"),
            inbox=tuple(row for name in ("ris", "pacs", "emr") for row in self._rows(name, "inbox")),
            leftovers=tuple(leftovers),
        )

    def steps(self, placer: str) -> list[dict[str, Any]]:
        """The steps of an order, by its placer order number, as the order book on disk has them."""
        rows = self._books["ris"].execute("SELECT * FROM step WHERE placer_order_number = ? ORDER BY id", (placer,))
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def remarks(self) -> list[Remark]:
        """All that the trace finds noteworthy since the case began, of every system."""
        return [
            remark
            for conversation in self.lab.trace.conversations()
            for event in self.lab.trace.snapshot(conversation)
            for remark in event.remarks
        ]

    def settled(self) -> None:
        """Wait until every connection, association and thread of the case is gone; fail where one stays."""
        deadline = time.monotonic() + _SETTLES_WITHIN
        while left := self._left():
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.002)

    def serves(self) -> None:
        """Assert that honest clients are served."""
        honest.served(self)

    def _left(self) -> list[str]:
        """What is there beyond the baseline."""
        left = [thread.name for thread in _other_threads() if thread not in self._threads]
        waiting = Counter(thread.name for thread in threading.enumerate() if _waits_at_a_door(thread))
        left += [
            f"{count} x {name}"
            for name, count in waiting.items()
            if count > _THREADS_AT_THE_DOOR + _LASTING.get(name, 0)
        ]
        left += (Counter(_open_files()) - self._open).elements()
        return left

    def _rows(self, name: str, table: str) -> _Rows:
        rows = self._books[name].execute(f"SELECT * FROM {table} ORDER BY 1, 2")
        return tuple((name, *row) for row in rows)


def _waits_at_a_door(thread: threading.Thread) -> bool:
    return thread.name.startswith("mllp-")


def _other_threads() -> Iterator[threading.Thread]:
    return (thread for thread in threading.enumerate() if not _waits_at_a_door(thread))


def _open_files() -> Iterator[str]:
    """What this process has open, sockets by their kind and files by their names. Only Linux tells."""
    folder = Path("/proc/self/fd")
    for entry in folder.iterdir() if folder.is_dir() else ():
        try:
            target = str(entry.readlink())
        except OSError:  # closed in the meantime, as the folder itself is
            continue
        yield "socket" if target.startswith("socket:") else target


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
