"""The cycle of the plain department: its EMR, its scanner and its dictation, in one process with it.

`python -m benchmarks.peers.plain_cycle COUNT`. Each question is an association or a connection of its own.
"""

from __future__ import annotations

from hl7 import parse
from hl7.client import MLLPClient
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from benchmarks.cycle import demand, walk_when_asked
from benchmarks.dicom_client import MR_IMAGE, WORKLIST
from benchmarks.mllp_client import order, report
from benchmarks.one_image import tagged
from benchmarks.peers.plain_department import TITLE, Ports, listening
from benchmarks.processes import free_port
from benchmarks.worklist_items import question


def _send(port: int, message: bytes) -> None:
    with MLLPClient("127.0.0.1", port) as client:
        answer = parse(client.send_message(message).decode("utf-8").strip("\x0b\x1c\r"))
    demand(str(answer.segment("MSA")[1]) == "AA", "a message")


def _associate(port: int, sop_class: str) -> Association:
    ae = AE()
    ae.add_requested_context(sop_class)
    association = ae.associate("127.0.0.1", port, ae_title=TITLE)
    demand(association.is_established, "the association")
    return association


def _query(port: int, patient: str) -> Dataset:
    association = _associate(port, WORKLIST)
    found = [item for _, item in association.send_c_find(question(PatientID=patient), WORKLIST) if item]
    association.release()
    demand(len(found) == 1, "the worklist")
    return found[0]


def _store(port: int, image: Dataset) -> None:
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    association = _associate(port, MR_IMAGE)
    status = association.send_c_store(image)
    association.release()
    demand(status.get("Status") == 0, "the image")


def main() -> None:
    """Walk a cycle whenever a line comes."""
    ports = Ports(*(free_port() for _ in range(5)))

    def cycle(number: int) -> None:
        patient = f"NG-{number:06d}"
        _send(ports.ris_hl7, order(number))
        item = _query(ports.worklist, patient)
        _store(ports.storage, tagged(number, patient, item.AccessionNumber, item.StudyInstanceUID))
        for receiver in (ports.emr_hl7, ports.pacs_hl7):
            _send(receiver, report(number, patient, item.AccessionNumber, item.StudyInstanceUID))

    with listening(ports):
        walk_when_asked(cycle)


if __name__ == "__main__":
    main()
