"""The commands: `hl7dicom-lab classroom`, `hl7dicom-lab join`, and that `start` sends what the kernels do."""

import os
import re
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner

from hl7dicom_lab.classroom import record
from hl7dicom_lab.classroom.service import ClassroomOptions, run
from hl7dicom_lab.cli import main
from hl7dicom_lab.course.progress import Progress


@pytest.fixture
def progress(tmp_path, monkeypatch):
    path = tmp_path / "own" / "progress.jsonl"
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(path))
    return Progress(path)


def command(*words):
    return CliRunner().invoke(main, words)


def test_an_instructor_starts_and_a_learner_joins(tmp_path, progress):
    progress.lesson("04")
    with subprocess.Popen(
        [sys.executable, "-m", "hl7dicom_lab", "classroom", "--port", "0", "--home", str(tmp_path / "class")],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            said = [process.stdout.readline() for _ in range(4)]
            assert re.fullmatch(r"Instructor: http://127\.0\.0\.1:\d+/\?token=\w{48}\n", said[0])
            assert said[2] == f"{record.STORED}\n"
            invitation = re.search(r"hl7dicom-lab join (\S+) NAME", said[1])[1]
            joined = command("join", invitation, "Robin")
            assert joined.exit_code == 0, joined.output
            assert record.STORED in joined.output
            assert "Sent 1 entry" in joined.output
            refused = command("join", invitation, "x" * 41)
            assert refused.exit_code == 1
            assert "must have 1 to 40 characters" in refused.output
        finally:
            guard.cancel()
            process.terminate()
            process.communicate()
    assert "Robin and everything" in command("classroom", "--home", str(tmp_path / "class"), "--forget", "Robin").output
    assert "0 learners" in command("classroom", "--home", str(tmp_path / "class"), "--forget-all").output


@pytest.mark.usefixtures("progress")
def test_a_code_without_an_address_is_told(monkeypatch):
    monkeypatch.delenv("HL7DICOM_LAB_CLASSROOM", raising=False)
    answer = command("join", "K7QM-2XWD", "Robin")
    assert answer.exit_code == 1
    assert "copy the whole line" in answer.output


def test_whoever_listens_to_a_network_is_warned(tmp_path, monkeypatch):
    said = []

    def stop_at_once():
        raise KeyboardInterrupt

    monkeypatch.setattr("hl7dicom_lab.classroom.service._wait", stop_at_once)
    run(ClassroomOptions(tmp_path, host="0.0.0.0", port=0), said.append)
    assert said[0].startswith("Warning: the classroom listens on 0.0.0.0")
    assert "token" in said[1]
    assert said[-1].startswith("Stopping.")


def test_start_sends_what_is_done_in_its_kernels(room, tmp_path, progress, started_jupyterlab):
    assert command("join", f"{room.service.address}/{room.service.join_code}", "Robin").exit_code == 0
    variables = {"HL7DICOM_LAB_PROGRESS": os.environ["HL7DICOM_LAB_PROGRESS"]}
    with started_jupyterlab([sys.executable, "-m", "hl7dicom_lab"], tmp_path / "work", variables):
        progress.lesson("04")  # as a kernel writes it
        while not room.row("Robin")["at"]:
            time.sleep(0.1)
    assert room.row("Robin")["at"] == "lesson 04"
