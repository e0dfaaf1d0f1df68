"""What the lab needs from this machine, checked one by one, each problem with how to mend it.

Rule: a check leaves nothing behind and needs no network. It finds *OK*, a *note* (the lab runs, but not as it was
tested) or a *problem* (a part of the course does not work).
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import socket
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hl7dicom_lab.counted import counted
from hl7dicom_lab.workspace import FOLDER_VARIABLE, work_folder

if TYPE_CHECKING:
    from rich.console import Console

_OLDEST, _NEWEST = (3, 11), (3, 13)
_LISTENERS = 5  # RIS HL7, worklist, PACS HL7, storage, EMR HL7
_ENOUGH_MB, _NEEDED_MB = 500, 100
_INSTALL_AGAIN = "Delete the folder .venv and run `python3 start.py` again, or install the lab's wheel again with pip."


class Verdict(StrEnum):
    """How a check ended."""

    OK = "OK"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    subject: str
    verdict: Verdict
    found: str
    mend: str = ""


def examine(folder: Path | None = None) -> Iterator[Finding]:
    """All checks, as they finish; `folder` is the work folder, the usual one by default."""
    yield check_python(sys.version_info[:2])
    yield from check_packages(required_packages(), pinned_versions(), installed_version)
    yield check_loopback()
    yield check_ports()
    yield check_kernel()
    yield check_folder("work folder", work_folder(folder), f"Choose another: `--folder DIR` or {FOLDER_VARIABLE}.")
    yield check_folder("temporary folder", Path(tempfile.gettempdir()), "Set TMPDIR (Windows: TEMP) to another folder.")
    yield check_space(work_folder(folder))


def check_python(version: tuple[int, ...]) -> Finding:
    """The lab is written for Python 3.11 and tested up to 3.13."""
    text = ".".join(map(str, version))
    if version < _OLDEST:
        return Finding("Python", Verdict.PROBLEM, text, "Run start.py with Python 3.11, 3.12 or 3.13.")
    if version > _NEWEST:
        return Finding("Python", Verdict.NOTE, f"{text}, newer than those that the lab is tested with")
    return Finding("Python", Verdict.OK, f"{text} ({sys.executable})")


def check_packages(
    required: Mapping[str, str], pinned: Mapping[str, frozenset[str]], installed: Callable[[str], str]
) -> Iterator[Finding]:
    """Every direct dependency is there and new enough; a version other than the tested one is a note.

    `required` gives the lowest version by name, `pinned` the tested ones, `installed` the one found or "".
    """
    for name, lowest in required.items():
        found = installed(name)
        tested = pinned.get(name, frozenset())
        if not found:
            yield Finding(name, Verdict.PROBLEM, "not installed", _INSTALL_AGAIN)
        elif _numbers(found) < _numbers(lowest):
            yield Finding(name, Verdict.PROBLEM, f"{found}, but {lowest} or newer is needed", _INSTALL_AGAIN)
        elif tested and found not in tested:
            yield Finding(name, Verdict.NOTE, f"{found}; the lab is tested with {' or '.join(sorted(tested))}")
        else:
            yield Finding(name, Verdict.OK, found)


def check_loopback() -> Finding:
    """The department speaks over 127.0.0.1: a byte must get through."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(5)
            with socket.create_connection(server.getsockname(), timeout=5) as client:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(5)
                    client.sendall(b"\x0b")
                    arrived = connection.recv(1)
    except OSError as problem:
        return Finding(
            "loopback", Verdict.PROBLEM, str(problem), "Let your firewall allow connections to 127.0.0.1 for Python."
        )
    if arrived != b"\x0b":
        return Finding("loopback", Verdict.PROBLEM, "another byte arrived", "Take 127.0.0.1 out of your proxy or VPN.")
    return Finding("loopback", Verdict.OK, "127.0.0.1 answers")


def check_ports() -> Finding:
    """The department listens on five ports at once, whichever are free."""
    try:
        with ExitStack() as stack:
            servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(_LISTENERS)]
            ports = ", ".join(str(server.getsockname()[1]) for server in servers)
    except OSError as problem:
        return Finding("free ports", Verdict.PROBLEM, str(problem), "Close programs that hold many connections.")
    return Finding("free ports", Verdict.OK, f"{_LISTENERS} at once, for example {ports}")


def check_kernel() -> Finding:
    """The notebooks' kernel is this Python."""
    try:
        import ipykernel.kernelspec  # noqa: F401 - a kernel that cannot be imported cannot be started
        from jupyter_client.kernelspec import KernelSpecManager

        kernel = KernelSpecManager().get_kernel_spec("python3")
    except Exception as problem:  # a broken installation fails in any way
        return Finding("notebook kernel", Verdict.PROBLEM, str(problem) or type(problem).__name__, _INSTALL_AGAIN)
    return Finding("notebook kernel", Verdict.OK, str(kernel.display_name))


def check_folder(subject: str, folder: Path, mend: str) -> Finding:
    """A folder, or the place where it will be made, can be written."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)) as file:
            file.write(b"\0")
    except OSError as problem:
        return Finding(subject, Verdict.PROBLEM, f"{folder}: {problem.strerror or problem}", mend)
    return Finding(subject, Verdict.OK, str(folder))


def check_space(folder: Path) -> Finding:
    """Images, notebooks and their outputs need room."""
    free = shutil.disk_usage(_existing(folder)).free // 1_000_000
    found = f"{free:,} MB free"
    if free < _NEEDED_MB:
        return Finding("disk space", Verdict.PROBLEM, found, f"Free at least {_NEEDED_MB} MB for {folder}.")
    if free < _ENOUGH_MB:
        return Finding("disk space", Verdict.NOTE, f"{found}; a whole course wants {_ENOUGH_MB} MB")
    return Finding("disk space", Verdict.OK, found)


def required_packages() -> dict[str, str]:
    """The lab's direct dependencies with their lowest versions, from its metadata or else from pyproject.toml."""
    try:
        lines = importlib.metadata.requires("hl7dicom-lab") or []
    except importlib.metadata.PackageNotFoundError:
        lines = tomllib.loads(_beside("pyproject.toml"))["project"]["dependencies"]
    found = (re.match(r"([\w.-]+)\s*>=\s*([\w.]+)", line) for line in lines if "extra ==" not in line)
    return {match[1]: match[2] for match in found if match}


def pinned_versions() -> dict[str, frozenset[str]]:
    """The tested versions of each package, from constraints.txt; empty where the lab came as a wheel."""
    versions: dict[str, set[str]] = {}
    for match in re.finditer(r"^([\w.-]+)==([\w.]+)", _beside("constraints.txt"), re.MULTILINE):
        versions.setdefault(match[1], set()).add(match[2])
    return {name: frozenset(found) for name, found in versions.items()}


def installed_version(name: str) -> str:
    """The version of an installed package, or an empty string."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def report(findings: Iterator[Finding], console: Console) -> bool:
    """Show the findings as a table and what to mend below it; whether there was no problem."""
    from rich.table import Table
    from rich.text import Text

    seen = list(findings)
    table = Table("Check", "Result", "Found")
    colours = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.PROBLEM: "bold red"}
    for one in seen:
        table.add_row(Text(one.subject), Text(one.verdict, style=colours[one.verdict]), Text(one.found))
    console.print(table)
    problems = [one for one in seen if one.verdict is Verdict.PROBLEM]
    for one in problems:
        console.print(Text(f"{one.subject}: {one.found}. To mend it: {one.mend}"))
    console.print(Text(_summary(len(problems))))
    return not problems


def _summary(problems: int) -> str:
    if not problems:
        return "The lab can run here."
    return f"{counted(problems, 'problem')}. Mend what is named above, then run the doctor again."


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _beside(name: str) -> str:
    """The text of a file of the checkout, empty where the lab is not one."""
    file = Path(__file__).resolve().parent.parent / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: enough to compare it with a lowest one such as 3.0.4."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
