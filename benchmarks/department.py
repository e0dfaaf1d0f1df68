"""The lab's department as a process of its own: `python -m benchmarks.department HOME N PORT ...`.

It is what `hl7dicom-lab serve --home HOME` starts, with N items on its worklist; it ends with its input. Without a HOME
("") it is what a notebook starts: it keeps what it gets until it ends, and does not wait for the disk. Ports: HL7 of
the RIS, worklist, storage, HL7 of PACS and EMR.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import free_port, running_module
from benchmarks.worklist_items import items

if TYPE_CHECKING:
    from hl7dicom_lab.storage.order_book import OrderBook

RIS, PACS = "NORTHGATE_RIS", "NORTHGATE_PACS"


@dataclass(frozen=True)
class Department:
    """Where a running one listens."""

    ris_hl7: int
    worklist: int
    storage: int
    pacs_hl7: int
    emr_hl7: int
    process_id: int


@contextmanager
def department(folder: Path | None, count: int = 0, *, within: Path | None = None) -> Iterator[Department]:
    """A running department with `count` items on its worklist.

    It is kept in `folder`; without one in a temporary folder, which is made in `within` and goes when it ends.
    """
    temporary = {name: str(within) for name in ("TMPDIR", "TEMP", "TMP")} if within else None
    ris_hl7, worklist, storage, pacs_hl7, emr_hl7 = ports = [free_port() for _ in range(5)]
    with running_module("department", emr_hl7, folder or "", count, *ports, env=temporary) as process:
        yield Department(ris_hl7, worklist, storage, pacs_hl7, emr_hl7, process.pid)


def main() -> None:
    """Serve until standard input ends."""
    # Here, because the lab changes the associations of its process, and those who measure are to be as they come.
    from hl7dicom_lab.lab import Lab, Ports

    home, count = Path(sys.argv[1]) if sys.argv[1] else None, int(sys.argv[2])
    names = ("ris_hl7", "worklist", "storage", "pacs_hl7", "emr_hl7")
    ports = Ports(**dict(zip(names, map(int, sys.argv[3:]), strict=True)))
    if home is not None:  # it listens once all are there
        with Lab(home) as lab:
            _fill(lab.ris.order_book, count)
    with Lab(home, ports=ports):
        sys.stdin.read()


def _fill(book: OrderBook, count: int) -> None:
    with book.database.transaction():
        for item in items(count):
            book.import_item(item)


if __name__ == "__main__":
    main()
