"""`hl7dicom-lab serve`: a department for other programs, and what is left of it after a kill."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from click.testing import CliRunner
from free_ports import free_ports
from hl7_text import order
from mllp_client import MllpClient
from pydicom import Dataset
from pydicom.uid import SecondaryCaptureImageStorage
from rich.console import Console

from hl7dicom_lab import cli, serve
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import DeliveryError
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.trace import Trace

PATIENCE = 60.0
PORTS = ("--ris-hl7-port", "--worklist-port", "--pacs-hl7-port", "--storage-port", "--emr-hl7-port")
SIDES = {"ris": {"hl7", "worklist"}, "pacs": {"hl7", "storage"}, "emr": {"hl7"}}


class Served:
    """A department in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], addresses: Path) -> None:
        self.process = process
        self._file = addresses

    @property
    def addresses(self) -> dict:
        """What the addresses file says, once it is there."""
        deadline = time.monotonic() + PATIENCE
        while not self._file.exists():
            if self.process.poll() is not None:
                pytest.fail(f"serve ended: {self.process.communicate()[0]}")
            assert time.monotonic() < deadline, "no addresses"
            time.sleep(0.02)
        return json.loads(self._file.read_text(encoding="utf-8"))

    def hl7(self, system: str) -> SimpleNamespace:
        return SimpleNamespace(**self.addresses[system]["hl7"])

    def dicom(self, system: str, side: str) -> DicomAddress:
        return DicomAddress(**self.addresses[system][side])


@contextmanager
def served(folder: Path, *options: str):
    """Run `hl7dicom-lab serve --home FOLDER/home --addresses FILE`; it is killed at the end of the block."""
    addresses = folder / "addresses.json"
    addresses.unlink(missing_ok=True)
    command = [sys.executable, "-m", "hl7dicom_lab", "serve", "--home", str(folder / "home"), *options]
    with subprocess.Popen(
        [*command, "--addresses", str(addresses)],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            yield Served(process, addresses)
        finally:
            process.kill()
            process.communicate()


def scu() -> Scu:
    clock = ClassClock()
    return Scu("CHECK", trace=Trace(clock), system="CHECK", clock=clock)


# ---- a process


def test_the_addresses_of_a_running_department(tmp_path):
    with served(tmp_path) as department:
        written = department.addresses
        assert {system: set(sides) for system, sides in written.items()} == SIDES
        for system, sides in written.items():
            for side, address in sides.items():
                names = {"application": str, "facility": str} if side == "hl7" else {"ae_title": str}
                assert {name: type(value) for name, value in address.items()} == {"host": str, "port": int, **names}
                socket.create_connection((address["host"], address["port"]), timeout=PATIENCE).close()
                if side == "hl7":
                    assert (address["application"], address["facility"]) == (system.upper(), "NORTHGATE")
        assert (written["ris"]["worklist"]["ae_title"], written["pacs"]["storage"]["ae_title"]) == (
            "NORTHGATE_RIS",
            "NORTHGATE_PACS",
        )
        with MllpClient(department.hl7("ris")) as client:
            assert client.ask(order().bytes()).code == "AA"
        for address in (department.dicom("ris", "worklist"), department.dicom("pacs", "storage")):
            scu().echo(address)
        second = CliRunner().invoke(cli.main, ["serve", "--home", str(tmp_path / "home")])
        assert second.exit_code == 1
        assert "another department is using this folder" in second.output
        assert "Next step: " in second.output


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_stops_it_cleanly_and_its_ports_are_as_given(tmp_path):
    ports = free_ports(5)
    options = [f"{option}={port}" for option, port in zip(PORTS, ports, strict=True)]
    with served(tmp_path, *options) as department:
        written = department.addresses
        assert [address["port"] for sides in written.values() for address in sides.values()] == ports
        message = order()
        with MllpClient(department.hl7("ris")) as client:
            answer = client.ask(message.bytes())
            department.process.send_signal(signal.SIGINT)  # also while a client is connected
            said, _ = department.process.communicate(timeout=PATIENCE)
    assert department.process.returncode == 0, said
    assert said.rstrip().endswith("Stopping.")
    assert "Traceback" not in said
    for name in ("NORTHGATE_RIS", "NORTHGATE_PACS", *map(str, ports)):
        assert name in said
    for port in ports:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    with Lab(tmp_path / "home") as lab, MllpClient(lab.ris.hl7) as client:
        assert client.ask(message.bytes()).raw == answer.raw


# ---- kills


class Ordering(threading.Thread):
    """Places orders until the connection breaks; `acknowledged` has the messages with their answers."""

    def __init__(self, address: object) -> None:
        super().__init__(daemon=True)
        self._address = address
        self.acknowledged: dict[bytes, bytes] = {}
        self.under_way: list[bytes] = []

    def run(self) -> None:
        try:
            with MllpClient(self._address) as client:
                while True:
                    body = order().bytes()
                    self.under_way = [body]
                    answer = client.ask(body)
                    assert answer.code == "AA"
                    self.acknowledged[body] = answer.raw
        except (OSError, EOFError):
            return


class Storing(threading.Thread):
    """Stores images until the association breaks; `acknowledged` has their SOP Instance UIDs."""

    def __init__(self, address: DicomAddress, series: int) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._series = series
        self.acknowledged: list[str] = []

    def run(self) -> None:
        number = 0
        try:
            while True:
                images = [self._image(number := number + 1) for _ in range(3)]
                results = scu().store(self._address, images)
                self.acknowledged += [one.sop_instance_uid for one in results if one.stored]
                if not all(one.stored for one in results):
                    return
        except DeliveryError:
            return

    def _image(self, number: int) -> Dataset:
        image = Dataset()
        image.SOPClassUID, image.SOPInstanceUID = SecondaryCaptureImageStorage, f"1.2.{self._series}.{number}"
        image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.1", f"1.2.{self._series}"
        image.PatientID, image.PatientName, image.Modality = "NG-1", "Rivera^Elena", "OT"
        return image


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    acknowledged: dict[bytes, bytes] = {}
    under_way: list[bytes] = []
    stored: list[str] = []
    for round_number in range(1, 4):
        with served(tmp_path) as department:
            _check_orders(department, acknowledged, under_way)
            ordering = [Ordering(department.hl7("ris")) for _ in range(2)]
            storing = Storing(department.dicom("pacs", "storage"), round_number)
            for thread in (*ordering, storing):
                thread.start()
            _wait_for(5 * round_number, *ordering, storing)
            department.process.kill()
            for thread in (*ordering, storing):
                thread.join(PATIENCE)
                assert not thread.is_alive()
        for thread in ordering:
            acknowledged |= thread.acknowledged
            under_way += [body for body in thread.under_way if body not in thread.acknowledged]
        stored += storing.acknowledged
    with served(tmp_path) as department:
        _check_orders(department, acknowledged, under_way)
    with Archive(tmp_path / "home" / "pacs" / "archive", durable=True) as archive:
        kept = {one.sop_instance_uid for one in archive.all_instances()}
        assert set(stored) <= kept
        assert archive.verify(contents=True) == ()
    assert len(acknowledged) >= 60
    assert len(stored) >= 30


def _check_orders(department: Served, acknowledged: dict[bytes, bytes], under_way: list[bytes]) -> None:
    """Every acknowledged order is there once; a repetition gets the stored answer, also where none arrived before."""
    with MllpClient(department.hl7("ris")) as client:
        for body in under_way:
            acknowledged[body] = client.ask(body).raw
        under_way.clear()
        for body, answer in acknowledged.items():
            assert client.ask(body).raw == answer
    query = Dataset()
    query.AccessionNumber = query.PlacerOrderNumberImagingServiceRequest = None
    items = scu().find_worklist(department.dicom("ris", "worklist"), query)
    accessions = sorted(item.AccessionNumber for item in items)
    told = [answer.split(b"accession number ")[1].strip().decode() for answer in acknowledged.values()]
    assert accessions == sorted(told)
    assert len(set(accessions)) == len(accessions)


def _wait_for(how_many: int, *threads: Ordering | Storing) -> None:
    """Until each of them has so many acknowledgments."""
    deadline = time.monotonic() + PATIENCE
    while min(len(one.acknowledged) for one in threads) < how_many:
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


# ---- in this process


@pytest.fixture
def _at_once(monkeypatch):
    """`serve` that stops as soon as everything listens."""

    def interrupt() -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "_wait", interrupt)
    monkeypatch.setattr(serve, "_hear_ctrl_c", lambda: None)


@pytest.mark.parametrize("option", PORTS)
def test_a_taken_port_is_named_with_what_to_do(option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = CliRunner().invoke(cli.main, ["serve", option, str(port)])
    assert shown.exit_code == 1
    assert shown.output.startswith(f"Error: 127.0.0.1:{port}: port {port} is taken")
    assert "Next step: stop the other program" in shown.output


@pytest.mark.usefixtures("_at_once")
def test_addresses_that_cannot_be_written_stop_it(tmp_path):
    shown = CliRunner().invoke(cli.main, ["serve", "--addresses", str(tmp_path / "nowhere" / "a.json")])
    assert shown.exit_code == 1
    assert "cannot be written" in shown.output
    assert "Next step: " in shown.output


@pytest.mark.usefixtures("_at_once")
def test_a_home_that_cannot_be_a_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    shown = CliRunner().invoke(cli.main, ["serve", "--home", str(tmp_path / "file" / "home")])
    assert shown.exit_code == 1
    assert str(tmp_path / "file") in shown.output
    assert "Next step: " in shown.output


@pytest.mark.usefixtures("_at_once")
def test_the_addresses_file_is_never_half_written(tmp_path):
    file = tmp_path / "addresses.json"
    file.write_text("old", encoding="utf-8")
    out = StringIO()
    serve.run(serve.ServeOptions(home=tmp_path / "home", addresses=file), Console(file=out, width=120))
    assert set(json.loads(file.read_text(encoding="utf-8"))) == set(SIDES)
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["addresses.json"]
    assert str(tmp_path / "home") in out.getvalue().replace("\n", "")


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_who_listens_to_the_network_is_warned(host, warned):
    out = StringIO()
    serve.run(serve.ServeOptions(host=host), Console(file=out, width=120))
    assert ("other machines can reach it" in " ".join(out.getvalue().split())) is warned
    assert out.getvalue().endswith("Stopping.\n")
