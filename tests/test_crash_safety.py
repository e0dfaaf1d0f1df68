"""`serve --home` is killed again and again in the middle of its work; what it acknowledged is there, and all is whole.

One home is kept over all kills. Three of four kills come while orders, images and reports arrive on several connections
at once, the others while the department starts. `HL7DICOM_LAB_KILLS` says how many there are; the moments come from a
seed, `HL7DICOM_LAB_KILLS_SEED`. What the kills hit is printed at the end (`-n 0 -s` shows it).
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from department_clients import (
    Client,
    Image,
    Message,
    Sending,
    Storing,
    StoringWithALibrary,
    Visit,
    new_order,
    new_report,
)
from kept_record import KeptRecord
from served_department import PATIENCE, Served, eventually, served

from hl7dicom_lab.lab import Lab

_EARLY, _LATE = 0.02, 0.3  # seconds after the first request of all clients, and after the first answer to each, at most
_AFTER_OPENING = 0.08  # seconds from the first touch of a file to the last address, about


@pytest.fixture
def kills(request) -> int:
    """Many where the tests against the outside world run, a few in every run."""
    usual = "12" if request.config.getoption("--interop") else "3"
    return int(os.environ.get("HL7DICOM_LAB_KILLS", usual))


def test_what_was_acknowledged_is_there_and_whole_after_any_number_of_kills(tmp_path, kills):
    moments = random.Random(int(os.environ.get("HL7DICOM_LAB_KILLS_SEED", "1")))
    record, hit = KeptRecord(tmp_path / "home"), Counter()
    for number in range(kills):
        if number % 4 == 3:
            hit += _kill_the_start(tmp_path, moments.uniform(0, _AFTER_OPENING))
            continue
        late = number == 0 or moments.random() < 0.6
        moment = moments.uniform(0, _LATE if late else _EARLY)
        with served(tmp_path) as department:
            record.check(department)
            clients = _clients(department, Visit(number + 1))
            _let_them_talk(clients, moment, answered=late)
            department.kill()
        hit += _what_was_hit(tmp_path / "home", clients)
        messages = {system: _sent(clients, Sending, system) for system in ("ris", "pacs", "emr")}
        record.add(Visit(number + 1), messages, _sent(clients, Storing))
    with served(tmp_path) as department:
        record.check(department)
        record.check_everything(department)
    _check_in_the_archive(tmp_path / "home")
    print(f"\n{kills} kills:", *(f"  {what}: {many}" for what, many in sorted((hit + record.found).items())), sep="\n")
    assert min(hit[f"{kind} under way"] for kind in ("messages", "images")) >= kills // 2
    assert min(record.found[f"{kind} answered"] for kind in ("messages", "images")) >= kills // 2


# ---- the department that is killed


def _clients(department: Served, visit: Visit) -> list[Client]:
    begin = threading.Barrier(7)  # six clients, and whoever kills
    clients: list[Client] = [Sending(begin, department, "ris", lambda: new_order(visit)) for _ in range(2)]
    for system in ("pacs", "emr"):
        clients.append(Sending(begin, department, system, lambda system=system: new_report(system.upper(), visit)))
    clients.append(Storing(begin, department, visit, 1))
    clients.append(StoringWithALibrary(begin, department, visit, 2))
    for client in clients:
        client.start()
    with suppress(threading.BrokenBarrierError):  # a client has failed, and says so below
        begin.wait(PATIENCE)
    return clients


def _let_them_talk(clients: list[Client], moment: float, *, answered: bool) -> None:
    """Until the moment has come; it counts from when each of them has had an answer, or from their beginning."""
    if answered:
        assert eventually(lambda: all(any(one.answered for one in client.sent) for client in clients))
    time.sleep(moment)
    for client in clients:
        client.check_alive()


def _what_was_hit(home: Path, clients: list[Client]) -> Counter:
    for client in clients:
        client.check_cut_off()
    sent = [one for client in clients for one in client.sent]
    return Counter(
        {
            "kills under traffic": 1,
            "kills with a request under way": int(not all(one.answered for one in sent)),
            "messages under way": sum(isinstance(one, Message) and not one.answered for one in sent),
            "images under way": sum(isinstance(one, Image) and not one.answered for one in sent),
            "kills that left an unfinished file": int(any((home / "pacs" / "archive" / "incoming").iterdir())),
        }
    )


def _sent(clients: list[Client], kind: type[Client], system: str = "") -> list:
    """What the clients of one kind have sent, to one system."""
    chosen = (client for client in clients if isinstance(client, kind))
    return [one for client in chosen if system in ("", getattr(client, "system", "")) for one in client.sent]


def _kill_the_start(folder: Path, moment: float) -> Counter:
    """Kill it a moment after it has touched the first file of its home."""
    before = _touched(folder / "home")
    with served(folder) as department:
        assert eventually(lambda: department.listens or _touched(folder / "home") != before)
        time.sleep(moment)
        listened = department.listens
        department.kill()
    return Counter({"kills of a start": 1, "of these before it listened": int(not listened)})


def _touched(home: Path) -> dict[Path, int]:
    found = {}
    for path in home.rglob("*.sqlite*"):
        with suppress(FileNotFoundError):  # SQLite takes some of its files away
            found[path] = path.stat().st_mtime_ns
    return found


def _check_in_the_archive(home: Path) -> None:
    """At last the department itself looks: the files against their digests, and nothing was set aside."""
    with Lab(home) as lab:
        assert lab.pacs.archive.verify(contents=True) == ()
