"""Kernels of `hl7dicom-lab start` on Unix sockets in a private folder, where the system has them.

Jupyter chooses a kernel's TCP ports before the kernel binds them. When many kernels start in the same second, another
process is quicker now and then, and the kernel that came too late hangs. A socket's path is nobody else's.

Rules: the folder is for its owner alone (0700) and goes with the server; Jupyter's own files stay where Jupyter has
them; where no socket can be bound in the folder (Windows, a path that is too long, a file system without sockets), TCP
ports are used as before.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from traitlets import default

#: As long as any name that a kernel's socket gets, and longer: its number, and that of one of its five channels.
_LONGEST_NAME = "123456-123456"
_numbers = itertools.count(1)


class SocketKernelManager(ServerKernelManager):
    """A kernel that listens on five sockets of its own. Jupyter makes it, from the name of the class."""

    #: Where the sockets lie, as long as a server runs.
    folder = ""

    @default("transport")
    def _on_sockets(self) -> str:
        return "ipc"

    @default("ip")
    def _own_name(self) -> str:
        """What Jupyter calls the address: of a socket, the begin of its path, to which it adds `-1`, `-2` ..."""
        return str(Path(self.folder, str(next(_numbers)))) if self.transport == "ipc" else "127.0.0.1"


@contextlib.contextmanager
def kernel_sockets() -> Iterator[list[str]]:
    """The settings of a server whose kernels use sockets, as long as the block lasts; none where they use ports."""
    with tempfile.TemporaryDirectory(prefix="hl7_", ignore_cleanup_errors=True) as folder:
        if not has_sockets(Path(folder)):
            yield []
            return
        SocketKernelManager.folder = folder
        yield [f"--MappingKernelManager.kernel_manager_class={__name__}.{SocketKernelManager.__name__}"]


def has_sockets(folder: Path) -> bool:
    """Whether a Unix socket can be bound in a folder, under a name as long as those of kernels."""
    family = getattr(socket, "AF_UNIX", None)
    if family is None or os.name == "nt":
        return False
    import zmq

    path = folder / _LONGEST_NAME
    if len(os.fsencode(path)) > zmq.IPC_PATH_MAX_LEN:
        return False
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.bind(str(path))
        path.unlink()
    except OSError:
        return False
    return True
