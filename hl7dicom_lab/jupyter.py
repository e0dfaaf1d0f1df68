"""JupyterLab for the course: one process, one address, the notebooks of one folder.

Rules: the kernel is the Python that runs the lab, whatever other kernels the learner's machine has; the server
listens on 127.0.0.1 unless asked otherwise, behind a fresh token; kernels take no ports where the system has Unix
sockets; Ctrl-C once stops it; nothing is fetched from the network (no news, no update check), so that the course also
works without one.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hl7dicom_lab.kernel_settings import kernel_settings
from hl7dicom_lab.os_errors import told

_FIRST_PORT = 8888
_TRIES = 100
#: JupyterLab's own settings as the course wants them: overrides.json switches its news and update checks off. Beside
#: it lies what each kernel runs at its start.
_SETTINGS = Path(__file__).resolve().parent / "jupyter_settings"


@dataclass(frozen=True)
class JupyterOptions:
    """How JupyterLab starts. `port` None takes the first free one from 8888; `notebook` is opened, if it has a name."""

    folder: Path
    notebook: str = ""
    host: str = "127.0.0.1"
    port: int | None = None
    browser: bool = True


def run(options: JupyterOptions, announce: Callable[[str], None]) -> None:
    """Start JupyterLab, call `announce` with its address once it listens, and serve until Ctrl-C.

    Raises `SetupError` where the port that was asked for is taken.
    """
    if options.port:
        _require_free(options.host, options.port)
    import hl7dicom_lab.course.quick_jsonschema  # noqa: F401 # comes first: JupyterLab is there a second sooner

    # isort: split
    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped] # it publishes no types

    from hl7dicom_lab.jupyter_sockets import kernel_sockets

    token = secrets.token_hex(16)
    os.environ["JUPYTER_TOKEN"] = token  # not an argument: those are shown to everyone on the machine
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the environment's own kernel, not one from the user's folder
    os.environ.update(kernel_settings())
    with kernel_sockets() as settings:
        server = LabApp.initialize_server(argv=[*arguments(options), *settings])
        shown = "127.0.0.1" if options.host in ("", "0.0.0.0", "::") else options.host
        address = f"http://{shown}:{server.port}{_page(options.notebook)}?token={token}"
        server.io_loop.add_callback(announce, address)  # the loop's first task is to listen
        server.start()


def arguments(options: JupyterOptions) -> list[str]:
    """The settings of this server, in JupyterLab's own spelling."""
    settings = [
        f"--ServerApp.root_dir={options.folder}",
        f"--ServerApp.ip={options.host}",
        f"--ServerApp.port={options.port or _FIRST_PORT}",
        f"--ServerApp.port_retries={0 if options.port else _TRIES}",
        f"--ServerApp.open_browser={options.browser and has_browser()}",
        f"--LabApp.default_url={_page(options.notebook)}",
        f"--LabApp.app_settings_dir={_SETTINGS}",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        "--KernelSpecManager.allowed_kernelspecs=python3",
        "--KernelManager.transport_encryption=auto",
    ]
    if is_root():
        settings.append("--ServerApp.allow_root=True")
    return settings


def has_browser() -> bool:
    """Whether a browser with a window can be opened here; a text browser would take over the terminal."""
    if sys.platform not in ("win32", "darwin") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def is_root() -> bool:
    """Whether this is the root user, as in most containers; JupyterLab then wants to be told that it may run."""
    geteuid: Callable[[], int] | None = getattr(os, "geteuid", None)
    return geteuid is not None and geteuid() == 0


def _page(notebook: str) -> str:
    return f"/lab/tree/{quote(notebook)}" if notebook else "/lab"


def _require_free(host: str, port: int) -> None:
    next_step = "choose another port, or leave `--port` out to take a free one"
    with told("JupyterLab cannot listen here", f"{host}:{port}", next_step), socket.create_server((host, port)):
        pass
