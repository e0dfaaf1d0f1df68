"""How the kernels of the notebooks' comparison start, wherever pytest is pointed at."""

import itertools
import os
import shutil
import tempfile
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Kernels of nbval start like those whose outputs are stored: no progress from before, cards as text."""
    from hl7dicom_lab.course.refresh import SETTINGS

    os.environ.update(SETTINGS)
    if os.name != "nt" and config.pluginmanager.hasplugin("nbval"):
        _speak_over_unix_sockets(config)


def _speak_over_unix_sockets(config: pytest.Config) -> None:
    """Let kernels listen on sockets of their own instead of ports.

    Jupyter chooses a kernel's ports before the kernel binds them. Where two pytest processes start kernels and
    departments, somebody else is quicker now and then, and the kernel that came too late hangs.
    """
    import nbval.kernel
    from jupyter_client.manager import KernelManager

    folder = tempfile.mkdtemp(prefix="nb")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    numbers = itertools.count(1)

    def manager(**options: Any) -> KernelManager:
        return KernelManager(transport="ipc", ip=f"{folder}/{next(numbers)}", **options)

    nbval.kernel.KernelManager = manager
