"""A department as one writes it in an afternoon with pynetdicom and hl7, each used as its documentation shows.

`python -m benchmarks.peers.plain_department RIS_HL7 WORKLIST STORAGE PACS_HL7 EMR_HL7`, all of them ports. Orders
become worklist items in a list, images become files, reports are parsed and answered. It checks nothing.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hl7.mllp import start_hl7_server
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.events import Event

from benchmarks.dicom_client import MR_IMAGE, WORKLIST
from benchmarks.processes import free_port, running_module

TITLE = "PLAIN"


@dataclass(frozen=True)
class Ports:
    """Where a department listens."""

    ris_hl7: int
    worklist: int
    storage: int
    pacs_hl7: int
    emr_hl7: int


@contextmanager
def plain_department() -> Iterator[Ports]:
    """One in a process of its own."""
    ports = Ports(*(free_port() for _ in range(5)))
    with running_module("peers.plain_department", ports.emr_hl7, *vars(ports).values()):
        yield ports


@contextmanager
def listening(ports: Ports) -> Iterator[None]:
    """One in this process."""
    worklist: list[Dataset] = []
    with TemporaryDirectory() as folder:
        servers = [
            _scp(WORKLIST, ports.worklist, (evt.EVT_C_FIND, _finds(worklist))),
            _scp(MR_IMAGE, ports.storage, (evt.EVT_C_STORE, _stores(Path(folder)))),
        ]
        loop = asyncio.new_event_loop()
        hl7 = threading.Thread(target=loop.run_forever, daemon=True)
        hl7.start()
        for port, receive in (
            (ports.ris_hl7, lambda message: worklist.append(_item(message))),
            (ports.pacs_hl7, str),
            (ports.emr_hl7, str),
        ):
            listens = start_hl7_server(_answers(receive), host="127.0.0.1", port=port)
            asyncio.run_coroutine_threadsafe(listens, loop).result(30)
        yield
        loop.call_soon_threadsafe(_end, loop)
        hl7.join()
        for server in servers:
            server.shutdown()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_soon(loop.stop)


def _scp(sop_class: str, port: int, handler: Any) -> Any:
    ae = AE(ae_title=TITLE)
    ae.add_supported_context(sop_class)
    return ae.start_server(("127.0.0.1", port), block=False, evt_handlers=[handler])


def _answers(receive: Callable[[Any], object]) -> Callable[[Any, Any], Any]:
    async def serve(reader: Any, writer: Any) -> None:
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                receive(message)
                writer.writemessage(message.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return serve


def _item(message: Any) -> Dataset:
    pid, obr = message.segment("PID"), message.segment("OBR")
    item, step = Dataset(), Dataset()
    item.PatientID, item.PatientName = str(pid[3][0][0]), "^".join(map(str, pid[5][0]))
    item.PatientBirthDate, item.PatientSex = str(pid[7]), str(pid[8])
    item.AccessionNumber, item.StudyInstanceUID = str(obr[2]), generate_uid()
    item.RequestedProcedureID, item.RequestedProcedureDescription = str(obr[2]), str(obr[4][0][1])
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepID = str(obr[24]), "MR1", str(obr[2])
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20260302", "093000"
    item.ScheduledProcedureStepSequence = [step]
    return item


def _finds(worklist: list[Dataset]) -> Callable[[Event], Iterator[tuple[int, Any]]]:
    def find(event: Event) -> Iterator[tuple[int, Any]]:
        wanted = event.identifier.PatientID
        for item in worklist:
            if wanted in ("", item.PatientID):
                yield 0xFF00, item
        yield 0x0000, None

    return find


def _stores(folder: Path) -> Callable[[Event], int]:
    def store(event: Event) -> int:
        image = event.dataset
        image.file_meta = event.file_meta
        image.save_as(folder / f"{image.SOPInstanceUID}.dcm", enforce_file_format=True)
        return 0x0000

    return store


if __name__ == "__main__":
    with listening(Ports(*map(int, sys.argv[1:]))):
        sys.stdin.read()
