"""The whole department before clients and servers that share no code with it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dcmtk import run, serving, worklist_folder
from pydicom import dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from hl7dicom_lab import Lab, story
from hl7dicom_lab.actors.modality import Modality
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.model import DicomAddress

pytestmark = pytest.mark.interop

ORDER = (
    "MSH|^~\\&|HIS|CITY|{application}|{facility}|20260302080000||ORM^O01|{control_id}|P|2.3.1||||||8859/1\r"
    "PID|1||M-{number}^^^CITY^MR||Müller^Jörg^^^Dr||19551231|M\r"
    "PV1|1|O|||||||||||||||||V-{number}\r"
    "ORC|NW|HIS-{number}|||||^^^20260302101500^^S\r"
    "OBR|1|HIS-{number}||70551^MRI brain^C4||||||||||||||ACC-{number}|RP-{number}|SPS-{number}||||MR\r"
    "ZDS|1.2.276.0.99.{number}^HIS^Application^DICOM\r"
)


def exchange(address: dict[str, object], message: str, encoding: str = "latin-1") -> str:
    with socket.create_connection((str(address["host"]), int(str(address["port"]))), timeout=20) as line:
        line.sendall(b"\x0b" + message.encode(encoding) + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            answer += line.recv(4096)
    return answer.strip(b"\x0b\x1c\r").decode(encoding)


def test_their_clients_go_the_whole_way(tmp_path: Path) -> None:
    """Order over a plain socket, findscu, storescu and a report, against a started `serve`."""
    where = tmp_path / "addresses.json"
    command = [sys.executable, "-m", "hl7dicom_lab", "serve", "--home", tmp_path / "home", "--addresses", where]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as department:
        try:
            deadline = time.monotonic() + 60
            while not where.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            addresses = json.loads(where.read_text(encoding="utf-8"))
            ris, pacs = addresses["ris"], addresses["pacs"]
            names = {"application": ris["hl7"]["application"], "facility": ris["hl7"]["facility"]}
            answer = exchange(ris["hl7"], ORDER.format(**names, control_id="H1", number=1))
            assert "MSA|AA|H1" in answer

            folder = tmp_path / "found"
            folder.mkdir()
            keys = ("PatientName=muller*", "PatientID", "AccessionNumber", "StudyInstanceUID", "SpecificCharacterSet")
            steps = ("Modality=MR", "ScheduledProcedureStepStartDate=20260301-20260303")
            wanted = [*keys, *(f"ScheduledProcedureStepSequence[0].{key}" for key in steps)]
            asked = [argument for key in wanted for argument in ("-k", key)]
            title, port = ris["worklist"]["ae_title"], ris["worklist"]["port"]
            code, said = run("findscu", "-W", "-X", "-od", folder, "-aec", title, "127.0.0.1", port, *asked)
            assert code == 0, said
            (found,) = (dcmread(path) for path in folder.iterdir())
            assert str(found.PatientName) == "Müller^Jörg^^Dr"
            assert (found.AccessionNumber, found.StudyInstanceUID) == ("ACC-1", "1.2.276.0.99.1")

            with Lab() as scanner:  # only its scanner is used: to tag images with what DCMTK found
                images = scanner.modality.examine(found)[:3]
            for number, one in enumerate(images):
                dcmwrite(tmp_path / f"{number}.dcm", one.data_set, enforce_file_format=True)
            files = sorted(tmp_path.glob("*.dcm"))
            title, port = pacs["storage"]["ae_title"], pacs["storage"]["port"]
            code, said = run("storescu", "-v", "-aec", title, "127.0.0.1", port, *files)
            assert (code, said.count("(Success)")) == (0, 3), said

            report = (
                f"MSH|^~\\&|VOICE|CITY|{pacs['hl7']['application']}|{pacs['hl7']['facility']}|20260302110000||ORU^R01|R1|P|2.3.1\r"
                "PID|1||M-1^^^CITY^MR||Mueller^Joerg\r"
                "OBR|1|HIS-1||70551^MRI brain^C4|||20260302103000|||||||||||ACC-1||||20260302110000|||F\r"
                "OBX|1|TX|18748-4^Diagnostic imaging study^LN||Nothing unusual.||||||F\r"
            )
            answer = exchange(pacs["hl7"], report)
            assert "MSA|AA|R1|attached" in answer
        finally:
            department.kill()
    # Killed, and started again on the same folder: everything that was acknowledged is there.
    with Lab(tmp_path / "home") as lab:
        assert [item.accession_number for item in lab.ris.steps()] == ["ACC-1"]
        (study,) = lab.pacs.studies()
        assert (study.instances, study.accession_number) == (3, "ACC-1")
        current = lab.pacs.reports.current("ACC-1")
        assert current is not None
        assert current.text == "Nothing unusual."
        assert lab.pacs.archive.verify(contents=True) == ()


def test_their_servers_take_the_seats_of_ris_and_pacs(tmp_path: Path) -> None:
    """The lab's scanner finds its patient on wlmscpfs and stores into storescp."""
    archive = tmp_path / "archive"
    archive.mkdir()
    with Lab() as lab:
        lab.emr.place(story.order())
        (step,) = lab.ris.order_book.steps()
        item = data_set.decode(step.item.data_set)
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
        item.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
        # DCMTK's worklist wants every attribute of type 1 in its files to have a value.
        item.ScheduledProcedureStepSequence[0].ScheduledPerformingPhysicianName = "NOBODY"
        dcmwrite(worklist_folder(tmp_path, "WORKLIST") / "one.wl", item, enforce_file_format=True)
        with (
            serving("wlmscpfs", "-csk", "-dfp", tmp_path) as worklist,
            serving("storescp", "-od", archive, "+xa", "--aetitle", "STORE") as storage,
        ):
            scanner = Modality(
                lab.modality.station,
                Site(lab.trace, lab.clock, lab.mint),
                worklist=DicomAddress("127.0.0.1", worklist, "WORKLIST"),
                storage=DicomAddress("127.0.0.1", storage, "STORE"),
            )
            scanner.echo()
            (found,) = scanner.query()
            results = scanner.store(scanner.examine(found))
        assert [one.status for one in results] == [0x0000] * 24
    kept = [dcmread(path) for path in archive.iterdir()]
    assert {str(image.PatientName) for image in kept} == {"Rivera^Elena^Maria^Ms"}
    assert {image.StudyInstanceUID for image in kept} == {step.item.study_instance_uid}
    assert sorted(image.InstanceNumber for image in kept) == list(range(1, 25))
    assert all(re.fullmatch(r"NG\d{6}", image.AccessionNumber) for image in kept)
