"""The door of a listener: the socket at which threads wait for connections, and how they are sent home.

Rule: a port that cannot be had is named with what to do. Ports are each lab's own; 0 takes a free one.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading

from hl7dicom_lab.errors import SetupError

#: Connections that wait until somebody accepts them.
BACKLOG = 128
_HIGHEST_PORT = 65535


class Door:
    """The listening socket. Any number of threads may wait at it; a connection wakes one of them."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._shut = threading.Event()

    def accept(self) -> socket.socket | None:
        """The next connection; None once the door is shut."""
        while not self._shut.is_set():
            try:
                client = self._socket.accept()[0]
            except OSError:  # no file descriptor left: leave the peer in the queue for a moment
                self._shut.wait(0.05)
                continue
            if not self._shut.is_set():
                return client
            client.close()
        return None

    def shut(self, waiting: int) -> None:
        """Let no one in any more, and send home those who wait."""
        self._shut.set()
        # Closing a socket does not wake a thread that accepts on it on every system. A connection does.
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host
        for _ in range(waiting):
            with contextlib.suppress(OSError):
                socket.create_connection((host, self.port), timeout=1).close()
        with contextlib.suppress(OSError):  # it is closed already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def cannot_listen(host: str, port: int, error: Exception | None) -> SetupError:
    """Why a port or an address cannot be had, and what to do. `error` is what the system has said, if it was asked."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        what = f"port {port} is taken by another program"
        next_step = "stop the other program or the other lab, or choose another port (0 takes a free one)"
    elif number == errno.EACCES:
        what = f"port {port} may not be used"
        next_step = "stop the other lab if it has it, or choose a port above 1023 (0 takes a free one)"
    elif not 0 <= port <= _HIGHEST_PORT:
        what = f"{port} is no port"
        next_step = f"use a port from 0 to {_HIGHEST_PORT} (0 takes a free one)"
    else:
        what = f"cannot listen here ({error})"
        next_step = "use 127.0.0.1, or an address of this machine"
    return SetupError(what, where=f"{host}:{port}", next_step=next_step)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _HIGHEST_PORT:  # `create_server` would leave a socket open
        raise cannot_listen(host, port, None)
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise cannot_listen(host, port, error) from error
