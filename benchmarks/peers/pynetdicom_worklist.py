"""A worklist SCP as pynetdicom's documentation shows it: all items in a list, each looked at for each query.

`python -m benchmarks.peers.pynetdicom_worklist PORT N`. Ends with its input. Matching is the little that the
benchmark's questions need: equality, and an empty key is universal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.events import Event

from benchmarks.dicom_client import WORKLIST
from benchmarks.processes import free_port, running_module
from benchmarks.worklist_items import items


@contextmanager
def pynetdicom_worklist(count: int) -> Iterator[tuple[int, int]]:
    """Its port and its process."""
    port = free_port()
    with running_module("peers.pynetdicom_worklist", port, port, count) as process:
        yield port, process.pid


def _matches(query: Dataset, item: Dataset) -> bool:
    for key in query:
        if key.VR == "SQ":
            if key.value and not _matches(key.value[0], item[key.tag].value[0]):
                return False
        elif key.value and key.value != item[key.tag].value:
            return False
    return True


def main() -> None:
    """Serve until standard input ends."""
    port, count = map(int, sys.argv[1:])
    worklist = list(items(count))

    def find(event: Event) -> Iterator[tuple[int, Any]]:
        query = event.identifier
        for item in worklist:
            if _matches(query, item):
                answer = Dataset()
                for key in query:
                    answer[key.tag] = item[key.tag]
                yield 0xFF00, answer
        yield 0x0000, None

    ae = AE(ae_title="PLAIN")
    ae.add_supported_context(WORKLIST)
    ae.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_FIND, find)])
    sys.stdin.read()


if __name__ == "__main__":
    main()
