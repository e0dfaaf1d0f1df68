"""`hl7dicom-lab serve`: a department for other programs. What a kill leaves of it: `test_crash_safety.py`."""

from __future__ import annotations

import json
import os
import signal
import socket
from io import StringIO
from typing import NoReturn

import pytest
from click.testing import CliRunner
from free_ports import free_ports
from hl7_text import order
from mllp_client import MllpClient
from rich.console import Console
from served_department import PATIENCE, served

from hl7dicom_lab import cli, serve, story
from hl7dicom_lab.at_hospital import AtHospital
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.trace import Trace

PORTS = ("--ris-hl7-port", "--worklist-port", "--pacs-hl7-port", "--storage-port", "--emr-hl7-port")
SIDES = {"ris": {"hl7", "worklist"}, "pacs": {"hl7", "storage"}, "emr": {"hl7"}}


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


def test_a_class_has_one_hospital_and_is_told_of(tmp_path):
    with served(tmp_path, "--class") as hospital:
        assert {system: set(sides) for system, sides in hospital.addresses.items()} == {
            "ris": {"hl7", "worklist"},
            "pacs": {"hl7", "storage"},
        }
        for name in ("ANNA", "BEN"):
            with AtHospital.join(tmp_path / "addresses.json", name) as seat:
                seat.emr.place(story.order())
                (item,) = seat.modality.query()
                assert item.AccessionNumber == "NG000001"
        hospital.kill()
        said = hospital.process.communicate()[0]
    assert "ANNA EMR -> RIS  ORM^O01: AA 1 step scheduled, accession number NG000001" in said
    assert "BEN_MR1 -> RIS  worklist query" in said
    assert "Each seat has a name" in said


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
@pytest.mark.parametrize("beyond", [False, True])
def test_who_listens_to_the_network_is_warned(beyond, monkeypatch):
    """Which address reaches beyond this machine is tested by itself; nothing listens to a network here."""
    monkeypatch.setattr(serve, "is_this_machine", lambda _: not beyond)
    out = StringIO()
    serve.run(serve.ServeOptions(), Console(file=out, width=120))
    said = " ".join(out.getvalue().split())
    assert ("other machines can reach it. It asks nobody who they are." in said) is beyond
    assert out.getvalue().endswith("Stopping.\n")
