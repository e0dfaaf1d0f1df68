"""`hl7dicom-lab serve` in a process of its own, for tests that kill it or look at it from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import DicomAddress

PATIENCE = 60.0
SERVE = ("-m", "hl7dicom_lab")


class Department:
    """Where clients find a department's systems."""

    addresses: Mapping[str, Any]  # as `serve --addresses` writes them

    def hl7(self, system: str) -> SimpleNamespace:
        return SimpleNamespace(**self.addresses[system]["hl7"])

    def dicom(self, system: str, side: str) -> DicomAddress:
        return DicomAddress(**self.addresses[system][side])


class Running(Department):
    """A department in this process."""

    def __init__(self, lab: Lab) -> None:
        self.addresses = lab.addresses()


class Served(Department):
    """A department in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], addresses: Path) -> None:
        self.process = process
        self._file = addresses

    @property
    def addresses(self) -> Mapping[str, Any]:
        """What the addresses file says, once it is there."""
        assert eventually(lambda: self._file.exists() or self.process.poll() is not None), "no addresses"
        if not self._file.exists():
            pytest.fail(f"serve ended: {self.process.communicate()[0]}")
        return json.loads(self._file.read_text(encoding="utf-8"))

    @property
    def listens(self) -> bool:
        """Whether the addresses are written, without waiting for them."""
        return self._file.exists()

    def kill(self) -> None:
        """End it at once, without a word to it (SIGKILL, or TerminateProcess). May be called again."""
        self.process.kill()
        self.process.wait(PATIENCE)


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for what another process brings about; whether it came."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def served(folder: Path, *options: str, home: Path | None = None, python: Sequence[str] = SERVE) -> Iterator[Served]:
    """Run `hl7dicom-lab serve --home FOLDER/home --addresses FILE`; it is killed at the end of the block.

    `python` are the arguments of the interpreter that bring it to the command line.
    """
    addresses = folder / "addresses.json"
    addresses.unlink(missing_ok=True)
    command = [sys.executable, *python, "serve", "--home", str(home or folder / "home"), *options]
    with subprocess.Popen(
        [*command, "--addresses", str(addresses)],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        department = Served(process, addresses)
        try:
            yield department
        finally:
            department.kill()
