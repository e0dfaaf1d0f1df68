"""Orthanc in the PACS's seat: images are stored there and fetched from there, and lessons 05 to 08 run as they are."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from dcmtk import free_port, wait_for
from jupyter_client.manager import KernelManager

from hl7dicom_lab import Lab, story
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.model import DicomAddress

pytestmark = pytest.mark.interop


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[DicomAddress]:
    """A new one, which takes whatever comes and gives it to whoever asks."""
    path = shutil.which("Orthanc", path="/usr/bin:/usr/sbin")
    assert path, "Orthanc is not installed; .ci/run names the Debian package"
    port = free_port()
    allowed = ("Echo", "Find", "Get", "Store")
    settings = {"DicomAet": "ORTHANC", "DicomPort": port, "HttpServerEnabled": False, "DicomCheckCalledAet": False}
    settings |= {f"DicomAlwaysAllow{service}": True for service in allowed}
    settings |= {"StorageDirectory": str(tmp_path / "db"), "IndexDirectory": str(tmp_path / "db"), "Plugins": []}
    file = tmp_path / "orthanc.json"
    file.write_text(json.dumps(settings), encoding="utf-8", newline="\n")
    with subprocess.Popen([path, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(server, port, patience=60)
            yield DicomAddress("127.0.0.1", port, "ORTHANC")
        finally:
            server.terminate()
            server.wait(20)


def test_a_patients_whole_way(orthanc: DicomAddress) -> None:
    with Lab(archive=orthanc) as lab:
        (order,) = lab.emr.place(story.order())
        (item,) = lab.modality.query()
        images = lab.modality.examine(item)
        assert all(one.stored for one in lab.modality.store(images))
        study = lab.pacs.archive.find_study(accession_number=item.AccessionNumber)
        assert (study.instances, study.patient_name) == (24, str(item.PatientName))
        report = lab.dictation.dictate(study, story.REPORT_TEXT, order=order)
        assert all(one.accepted for one in lab.dictation.send(report))
        assert "No mass, no midline shift" in str(lab.pacs.open_study(item.AccessionNumber))
        lines = {(row.sender, row.receiver, row.decoded.kind) for row in lab.trace.rows(protocol="DICOM")}
        assert {
            ("MR1", "ORTHANC", "C-STORE-RQ"),
            ("PACS", "ORTHANC", "C-GET-RQ"),
            ("ORTHANC", "PACS", "C-STORE-RQ"),
        } <= lines
        assert not any((sender, receiver) == ("MR1", "PACS") for sender, receiver, _ in lines)


@pytest.mark.parametrize("number", ["05", "06", "07", "08"])
def test_a_lesson_runs_as_it_is(
    orthanc: DicomAddress, number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("HL7DICOM_LAB_ARCHIVE", f"{orthanc.ae_title}@{orthanc.host}:{orthanc.port}"),
        ("HL7DICOM_LAB_PROGRESS", ":memory:"),
        ("HL7DICOM_LAB_WIDGETS", "0"),
    ):
        monkeypatch.setenv(name, value)
    (notebook,) = notebooks_folder().glob(f"{number}_*.ipynb")
    # Over sockets of its own: another process may be quicker with a port that was chosen for a kernel.
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(tmp_path / "kernel"))
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    errors: list[str] = []

    def hear(message: dict[str, object]) -> None:
        if message["msg_type"] == "error":
            errors.append(str(message["content"]))

    try:
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type == "code":
                client.execute_interactive(cell.source, output_hook=hear, timeout=120, allow_stdin=False)
                assert errors == [], cell.source
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
