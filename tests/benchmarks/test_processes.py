"""Peers are found: programs, and never the scripts of the same name that pynetdicom brings along."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from benchmarks.processes import AbsentError, need

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="makes programs by their permissions")


def program(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "storescu"
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def test_a_script_before_the_program_is_passed_over(tmp_path, monkeypatch):
    script = program(tmp_path / "scripts", b"#!/usr/bin/python3\n")
    real = program(tmp_path / "programs", b"\x7fELF")
    monkeypatch.setenv("PATH", os.pathsep.join((str(script.parent), "", str(real.parent))))
    assert need("storescu", "dcmtk") == str(real)


def test_what_lies_beside_this_python_is_no_peer(tmp_path, monkeypatch):
    program(tmp_path, b"MZ")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="storescu is absent: install dcmtk"):
        need("storescu", "dcmtk")
