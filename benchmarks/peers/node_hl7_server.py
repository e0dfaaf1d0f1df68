"""node-hl7-server: an MLLP server on Node.js that parses a message and answers it.

It comes from npm into a folder of the run. Rule: it gets a connection for each message, because it parses the second
one on a connection together with the first.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import AbsentError, free_port, running

_PACKAGES = ("node-hl7-server@2.5.0", "node-hl7-client@2.3.1")
_OPTIONS = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
_SCRIPT = Path(__file__).with_suffix(".js")


@contextmanager
def node_hl7_server(folder: Path) -> Iterator[int]:
    """Its port. Raises `AbsentError` without Node.js, or where npm cannot get it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise AbsentError("node-hl7-server is absent: install nodejs and npm")
    _install(npm, folder)
    script = Path(shutil.copy(_SCRIPT, folder))  # a script finds the packages that lie beside it
    port = free_port()
    with running([node, str(script), str(port)], port):
        yield port


def _install(npm: str, folder: Path) -> None:
    command = [npm, "install", *_OPTIONS, "--prefix", str(folder), *_PACKAGES]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=120, capture_output=True)
    except (subprocess.SubprocessError, OSError) as problem:
        raise AbsentError("node-hl7-server is absent: npm cannot get it") from problem
