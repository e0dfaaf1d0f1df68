"""Processes that a benchmark starts and ends: peers, and the lab's own systems beside them.

Rules: each listens on 127.0.0.1 at a port that was free; it is waited for until it answers; it is ended by its id.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
_PATIENCE = 60.0
#: Nagle's algorithm off, for DCMTK and for Orthanc, which is built on it.
NODELAY = {"TCP_NODELAY": "1"}


class AbsentError(Exception):
    """A peer is not on this machine; the message says how to get it."""


def need(program: str, package: str) -> str:
    """The path of a program that is no Python script. Raises `AbsentError`.

    pynetdicom puts scripts beside its Python that have the names of DCMTK's programs.
    """
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(program, path=folder) if folder and not _holds_scripts(Path(folder)) else None
        if found is not None and not Path(found).read_bytes().startswith(b"#!"):
            return found
    raise AbsentError(f"{program} is absent: install {package}")


def _holds_scripts(folder: Path) -> bool:
    """Whether this Python's scripts are there; on Windows they are programs by their form."""
    return folder.resolve() == Path(sysconfig.get_path("scripts")).resolve()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], port: int, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process, once something listens on its port; ended afterwards. Raises RuntimeError if it does not come up."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    try:
        _wait_for(process, port, command[0])
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextmanager
def running_module(
    name: str, port: int, *arguments: object, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """`python -m benchmarks.NAME ARGUMENTS`, as `running` does it."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)]
    with running(command, port, env=env, cwd=CHECKOUT) as process:
        yield process


def start_all(
    stack: ExitStack, peers: Mapping[str, Callable[[], AbstractContextManager[int]]]
) -> tuple[dict[str, int], str]:
    """The ports of the peers that are on this machine, and in words which are not; the stack ends them."""
    ports: dict[str, int] = {}
    absent: list[str] = []
    for name, start in peers.items():
        try:
            ports[name] = stack.enter_context(start())
        except AbsentError as error:
            absent.append(str(error))
    return ports, "; ".join(absent)


def _wait_for(process: subprocess.Popen[str], port: int, name: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with exit code {process.returncode} before it listened")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{name} does not listen on port {port}")
