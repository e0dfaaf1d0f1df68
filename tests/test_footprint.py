"""What a process holds and what the machine has, read from this very process."""

import os
import subprocess
import sys

import pytest

from hl7dicom_lab import footprint
from hl7dicom_lab.footprint import Footprint


def test_this_process_holds_memory_and_has_used_a_processor():
    seen = footprint.footprint(os.getpid())
    assert seen.memory_mb > 10
    assert seen.processor_seconds > 0


def test_psutil_tells_it_where_linux_does_not(monkeypatch):
    import psutil  # noqa: F401 # as what this platform has, before the test says that it is another one

    monkeypatch.setattr(sys, "platform", "darwin")
    machine = footprint.this_machine()
    assert machine.memory == "RSS"
    assert machine.available_mb > 0
    assert footprint.footprint(os.getpid()).memory_mb > 10


def test_without_either_nothing_is_guessed(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "psutil", None)
    machine = footprint.this_machine()
    assert (machine.memory, machine.available_mb) == ("", None)
    assert machine.processors >= 1
    assert footprint.footprint(os.getpid()) == Footprint()


@pytest.mark.parametrize("platform", [sys.platform, "darwin"])
def test_a_process_that_has_ended_holds_nothing_that_is_known(monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert footprint.footprint(ended.pid) == Footprint()


def test_a_container_has_what_its_limit_leaves(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 8000000 kB\n", encoding="utf-8", newline="\n")
    monkeypatch.setattr(footprint, "_PROC", proc)
    monkeypatch.setattr(footprint, "_CGROUP", tmp_path)
    assert footprint.this_machine().available_mb == 8192
    for name, text in (("max", "3000000000"), ("current", "1500000000"), ("stat", "anon 1\ninactive_file 500000000")):
        (tmp_path / f"memory.{name}").write_text(text, encoding="utf-8", newline="\n")
    assert footprint.this_machine().available_mb == 2000
    (tmp_path / "memory.max").write_text("max\n", encoding="utf-8", newline="\n")
    assert footprint.this_machine().available_mb == 8192
