"""DCMTK's programs, as the interop tests start them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def program(name: str) -> str:
    """DCMTK's program of that name: pynetdicom installs programs of the same names into the environment."""
    path = shutil.which(name, path="/usr/bin")
    assert path, f"{name} is not installed; .ci/run names the Debian package"
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "dcmtk" in version.lower()
    return path


def run(name: str, *arguments: object) -> tuple[int, str]:
    """Run a program to its end: exit code, and what it said."""
    command = [program(name), *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, encoding="latin-1", timeout=60, check=False)
    return finished.returncode, finished.stdout + finished.stderr


@contextmanager
def serving(name: str, *arguments: object) -> Iterator[int]:
    """Run a server on a free port of this machine, which comes last on its command line; the port."""
    port = free_port()
    command = [program(name), *map(str, arguments), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(server, port)
            yield port
        finally:
            server.terminate()
            server.wait(20)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(server: subprocess.Popen[bytes], port: int, patience: float = 20) -> None:
    """Wait until a server that was started listens."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server has stopped; somebody else may have taken its port"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not listen")


def worklist_folder(root: Path, ae_title: str) -> Path:
    """A folder as wlmscpfs wants it for one AE title."""
    folder = root / ae_title
    folder.mkdir()
    (folder / "lockfile").touch()
    return folder
