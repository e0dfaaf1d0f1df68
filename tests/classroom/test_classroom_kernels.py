"""Lessons in kernels that `hl7dicom-lab start` did not start: what is done is sent, by one process; nobody waits."""

import os
import subprocess
import sys
import threading
import time

import pytest
from free_ports import free_ports
from jupyter_client.manager import KernelManager

from hl7dicom_lab.classroom.joining import Membership, _keep, join
from hl7dicom_lab.classroom.turn import Turn
from hl7dicom_lab.course.joined import ADDRESS_VARIABLE, ALIAS_VARIABLE, CODE_VARIABLE, membership_file, takes_part
from hl7dicom_lab.course.progress import Progress

_OPEN = "from hl7dicom_lab.course.lesson import open_lesson; lab = open_lesson('04')"
_WHAT_IS_THERE = """
import sys, threading
timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
print("hl7dicom_lab.classroom" in sys.modules, timers)
"""
_TRIED = """
import time
from hl7dicom_lab import classroom
sender = classroom.resume()
while not sender.problem:
    time.sleep(0.05)
print(sender.problem)
"""


@pytest.fixture(autouse=True)
def progress_path(tmp_path, monkeypatch):
    path = tmp_path / "own" / "progress.jsonl"
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(path))
    for name in (ADDRESS_VARIABLE, CODE_VARIABLE, ALIAS_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture
def cell(tmp_path):
    """Run a cell in a kernel of Jupyter's own; what it prints, on any stream."""
    options = {} if os.name == "nt" else {"transport": "ipc", "ip": str(tmp_path / "k")}
    manager = KernelManager(kernel_name="python3", **options)
    manager.start_kernel(cwd=str(tmp_path), env=dict(os.environ))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(code):
        said = []

        def heard(message):
            content = message["content"]
            said.append(content.get("text") or "\n".join(content.get("traceback", ())))

        client.execute_interactive(code, timeout=60, output_hook=heard)
        return "".join(said)

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_opening_a_lesson_sends_where_the_learner_has_joined(room, cell):
    join(room.service.address, room.service.join_code, "Robin")
    assert cell(_OPEN) == ""
    while not room.row("Robin")["at"]:
        time.sleep(0.05)
    assert room.row("Robin")["at"] == "lesson 04"
    cell("lab.exercise('04-e1').hint()")
    while room.row("Robin")["at"] != "04-e1":
        time.sleep(0.05)


def test_where_nobody_has_joined_nothing_is_loaded_and_nothing_begins(cell, progress_path):
    assert cell(_OPEN) == ""
    assert cell(_WHAT_IS_THERE).strip() == "False []"
    assert [one.name for one in progress_path.parent.iterdir()] == ["progress.jsonl"]


def test_a_classroom_that_is_not_there_is_no_matter_of_the_lesson(cell):
    (port,) = free_ports(1)
    _keep(membership_file(), Membership(f"http://127.0.0.1:{port}", "Robin", "token"))
    assert cell(_OPEN) == ""
    assert cell("print(lab.lesson.number)").strip() == "04"
    assert "does not answer" in cell(_TRIED)


def test_of_a_kernel_and_the_start_that_has_it_one_sends(room, tmp_path, started_jupyterlab, cell):
    sent = []
    add = room.service._store.add
    room.service._store.add = lambda learner, entries: (sent.extend(kept := list(entries)), add(learner, kept))[1]
    join(room.service.address, room.service.join_code, "Robin")
    own = {"HL7DICOM_LAB_PROGRESS": os.environ["HL7DICOM_LAB_PROGRESS"]}
    with started_jupyterlab([sys.executable, "-m", "hl7dicom_lab"], tmp_path / "work", own):
        assert cell(_OPEN) == ""
        cell("from hl7dicom_lab import classroom; classroom.resume()")
        for number in (1, 2, 3):
            cell("lab.exercise('04-e1').hint()")
            while len(sent) < number + 1:
                time.sleep(0.05)
    assert [one.number for one in sent] == [0, 1, 2, 3]


def test_when_the_one_that_sends_has_ended_another_goes_on(progress_path):
    _keep(membership_file(), Membership("http://127.0.0.1:1", "Robin", "token"))
    code = (
        "import sys; from pathlib import Path; from hl7dicom_lab.classroom.turn import Turn; "
        "turn = Turn(Path(sys.argv[1])); print(turn.ours(), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(progress_path)]
    mine = Turn(progress_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as other:
        guard = threading.Timer(60, other.kill)
        guard.start()
        try:
            assert other.stdout.readline() == "True\n"
            assert not mine.ours()
            assert not mine.ours()
        finally:
            guard.cancel()
            other.kill()
            other.communicate()
    assert mine.ours()
    mine.give_up()
    mine.give_up()


def test_a_folder_in_which_nothing_can_be_locked_stops_nobody(progress_path):
    _keep(membership_file(), Membership("http://127.0.0.1:1", "Robin", "token"))
    progress_path.with_name("classroom.lock").mkdir()
    assert Turn(progress_path).ours()


def test_who_takes_part(progress_path, monkeypatch):
    assert not takes_part()
    Progress(progress_path).lesson("04")
    assert not Turn(progress_path).ours()
    assert not progress_path.with_name("classroom.lock").exists()
    for name in (ADDRESS_VARIABLE, CODE_VARIABLE, ALIAS_VARIABLE):
        assert not takes_part()
        monkeypatch.setenv(name, "x")
    assert takes_part()
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", ":memory:")
    assert not takes_part()
