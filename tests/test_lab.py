"""The department starts and stops as a whole, as often as you like, and leaves nothing behind."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from free_ports import free_ports
from hl7_text import order
from mllp_client import MllpClient

from hl7dicom_lab import story
from hl7dicom_lab.errors import SetupError, SystemStopped
from hl7dicom_lab.lab import Lab, Ports

PATIENCE = 20.0


def addresses(lab):
    return [(one["host"], one["port"]) for sides in lab.addresses().values() for one in sides.values()]


def listens(address):
    try:
        socket.create_connection(address, timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def test_it_runs_for_the_length_of_a_with_block():
    with Lab() as lab:
        assert lab.running
        assert all(listens(address) for address in addresses(lab))
        folder = lab.ris.order_book.database.path.parent.parent
        assert folder.is_dir()
        assert repr(lab) == "<Lab: Northgate Imaging Center, running>"
    assert not lab.running
    assert not any(listens(address) for address in addresses(lab))
    assert not folder.exists()
    assert repr(lab) == "<Lab: Northgate Imaging Center, stopped>"


def test_start_and_stop_may_be_called_twice():
    lab = Lab()
    lab.stop()
    assert lab.start() is lab
    before = addresses(lab)
    assert lab.start() is lab
    assert addresses(lab) == before
    lab.stop()
    lab.stop()
    with lab:  # and once more
        (placed,) = lab.emr.place(story.order())
        assert placed.placer_order_number == "P00001", "a temporary department begins anew"
    assert not lab.running


def test_it_stops_when_the_block_fails():
    lab = Lab()
    with pytest.raises(ZeroDivisionError), lab:
        raise ZeroDivisionError
    assert not lab.running
    assert not any(listens(address) for address in addresses(lab))


def test_no_thread_and_no_socket_is_left_behind():
    gc.collect()
    before = set(threading.enumerate())
    with Lab() as lab:
        lab.emr.place(story.order())
        (item,) = lab.modality.query()
        lab.modality.store(lab.modality.examine(item, []))
        client = MllpClient(lab.ris.hl7)  # a client that never hangs up
        client.ask(order().bytes())
        idle = socket.create_connection((lab.pacs.storage.host, lab.pacs.storage.port), timeout=PATIENCE)
    client.close()
    idle.close()
    deadline = time.monotonic() + PATIENCE
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.01)
    gc.collect()  # pytest makes an error of a socket that is collected open


def test_the_addresses_are_those_that_serve_writes():
    with Lab() as lab:
        written = lab.addresses()
        assert {system: set(sides) for system, sides in written.items()} == {
            "ris": {"hl7", "worklist"},
            "pacs": {"hl7", "storage"},
            "emr": {"hl7"},
        }
        assert written["ris"]["hl7"] == {
            "host": "127.0.0.1",
            "port": lab.ris.hl7.port,
            "application": "RIS",
            "facility": "NORTHGATE",
        }
        assert written["pacs"]["storage"] == {
            "host": "127.0.0.1",
            "port": lab.pacs.storage.port,
            "ae_title": "NORTHGATE_PACS",
        }


def test_two_departments_run_beside_each_other():
    with Lab() as one, Lab() as other:
        assert not set(addresses(one)) & set(addresses(other))
        one.emr.place(story.order())
        assert len(one.ris.steps()) == 1
        assert other.ris.steps() == ()


# ---- a folder


def test_in_a_folder_everything_is_there_at_the_next_start(tmp_path):
    with Lab(tmp_path) as lab:
        (placed,) = lab.emr.place(story.order())
        (item,) = lab.modality.query()
        lab.modality.store(lab.modality.examine(item)[:1])
        lab.dictation.send(lab.dictation.dictate(lab.pacs.studies()[0], "Normal.", order=placed))
        steps, studies, now = lab.ris.steps(), lab.pacs.studies(), lab.clock.now()
    with Lab(str(tmp_path)) as lab:
        assert lab.ris.steps() == steps
        assert lab.pacs.studies() == studies
        assert lab.emr.report("NG000001").text == "Normal."
        assert "Normal." in str(lab.pacs.open_study("NG000001"))
        assert lab.clock.now() >= now
        (another,) = lab.emr.place(story.order())
        assert another.placer_order_number > placed.placer_order_number
        assert lab.ris.steps()[-1].accession_number > "NG000001"


def test_starting_a_folder_again_stops_the_old_department_first(tmp_path):
    old = Lab(tmp_path).start()
    old.emr.place(story.order())
    before = addresses(old)
    with Lab(tmp_path / ".." / tmp_path.name) as new:
        assert not old.running
        assert not any(listens(address) for address in set(before) - set(addresses(new)))
        assert len(new.ris.steps()) == 1
    old.stop()


def test_a_folder_in_use_by_another_process_is_refused(tmp_path):
    code = (
        "import sys; from hl7dicom_lab.lab import Lab\nwith Lab(sys.argv[1]): print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as other:
        assert other.stdout.readline() == "up\n"
        lab = Lab(tmp_path)
        with pytest.raises(SetupError, match="another department is using this folder"):
            lab.start()
        assert not lab.running
        other.communicate()
    with lab:
        assert lab.running


# ---- ports


@pytest.mark.parametrize("which", ["ris_hl7", "worklist", "pacs_hl7", "storage", "emr_hl7"])
def test_a_taken_port_is_named_and_nothing_stays_up(which, tmp_path):
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        lab = Lab(tmp_path, ports=Ports(**{which: port}))
        with pytest.raises(SetupError, match=f"port {port} is taken") as caught:
            lab.start()
    assert caught.value.next_step
    assert not lab.running
    deadline = time.monotonic() + PATIENCE
    while set(threading.enumerate()) - before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with Lab(tmp_path) as again:  # the folder is free again
        assert again.running


def test_given_ports_are_taken_and_free_again_at_once():
    ports = free_ports(5)
    for _ in range(3):
        with Lab(ports=Ports(*ports)) as lab:
            assert [port for _, port in addresses(lab)] == ports
            with MllpClient(lab.ris.hl7) as client:
                assert client.ask(order().bytes()).code == "AA"


def test_another_seed_gives_other_uids_and_the_same_numbers():
    with Lab(seed=1) as one, Lab(seed=2) as other:
        for lab in (one, other):
            lab.emr.place(story.order())
        (first,), (second,) = one.ris.steps(), other.ris.steps()
    assert first.study_instance_uid != second.study_instance_uid
    assert first.accession_number == second.accession_number


def test_a_fresh_one_stops_those_of_before(monkeypatch):
    monkeypatch.setattr(Lab, "_running", {})  # other tests' departments are none of its business
    first = Lab.fresh()
    second = Lab.fresh(seed=3)
    assert (first.running, second.running) == (False, True)
    second.emr.place(story.order())
    second.stop()
    assert Lab._running == {}


def test_every_system_is_reached_over_the_wire_only():
    """None holds another one, or anything of it but its address."""
    with Lab() as lab:
        systems = {"ris": lab.ris, "pacs": lab.pacs, "emr": lab.emr, "dictation": lab.dictation, "mr": lab.modality}
        for name, system in systems.items():
            held = [value for value in vars(system).values() if isinstance(value, tuple(map(type, systems.values())))]
            assert held == [], name
        assert isinstance(SimpleNamespace(**lab.addresses()["ris"]["hl7"]).port, int)


def test_a_process_that_ends_takes_its_temporary_folder_along():
    code = "from hl7dicom_lab import Lab; lab = Lab().start(); print(lab.ris.order_book.database.path)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert not Path(said.stdout.strip()).parent.parent.exists()


def test_a_system_of_a_department_that_has_ended_says_so():
    with Lab() as lab:
        ris, pacs, emr = lab.ris, lab.pacs, lab.emr
    for ask in (
        ris.steps,
        pacs.studies,
        emr.exceptions,
        lambda: ris.step("NG000001"),
        lambda: pacs.open_study("NG000001"),
    ):
        with pytest.raises(SystemStopped, match="has been stopped") as told:
            ask()
        assert "lab.start()" in str(told.value)
