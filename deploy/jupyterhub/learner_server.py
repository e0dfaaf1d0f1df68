"""One learner's server under the hub: brings the work folder up to date, then is the hub's single-user server.

Rules: it runs as the account that the hub gave the learner, so that nothing is laid into a learner's folder by anybody
else; what it makes is for the owner alone; what a learner wrote is never overwritten (`hl7dicom_lab.workspace`). The
server runs in the work folder, with the course's own kernel and settings, as `hl7dicom-lab start` has them.

Server and kernels speak over Unix sockets, not over ports. A server chooses a kernel's ports before the kernel binds
them; when forty learners press Run in the same minute, another kernel of the host is quicker now and then, and the one
that came too late hangs. What kernels leave in the temporary folder goes with the server.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import hl7dicom_lab
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.jupyter import is_root
from hl7dicom_lab.kernel_settings import kernel_settings
from hl7dicom_lab.storage.private import private_folder
from hl7dicom_lab.workspace import lay_notebooks, work_folder

_SETTINGS = Path(hl7dicom_lab.__file__).parent / "jupyter_settings"
#: How a kernel's socket is named, and how long the path of a socket may be (sun_path in `man 7 unix`).
_SOCKET, _LONGEST = "/kernel-01234567-89ab-cdef-0123-456789abcdef-ipc-1", 107
FIRST_PAGE = "/lab/tree/00_start_here.ipynb"


def main() -> None:
    """Lay the notebooks, then serve until the hub ends it."""
    if hasattr(os, "umask"):
        os.umask(0o077)
    folder = work_folder()
    private_folder(folder)
    lay_notebooks(notebooks_folder(), folder)
    os.chdir(folder)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the environment's own kernel, not one from the learner's folder
    os.environ.update(kernel_settings())
    with tempfile.TemporaryDirectory(prefix="seat_", ignore_cleanup_errors=True) as own:
        os.environ["TMPDIR"] = os.environ["JUPYTER_RUNTIME_DIR"] = own
        _serve(folder, Path(own))


def _serve(folder: Path, runtime: Path) -> None:
    import hl7dicom_lab.course.quick_jsonschema  # noqa: F401 # comes first: the server is there a second sooner

    # isort: split
    from jupyterhub.singleuser import main as serve

    sys.argv[1:] = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.app_settings_dir={_SETTINGS}",
        "--KernelSpecManager.allowed_kernelspecs=python3",
        f"--KernelManager.transport={_transport(runtime)}",
        *(["--ServerApp.allow_root=True"] if is_root() else []),
        *sys.argv[1:],
    ]
    serve()


def _transport(runtime: Path) -> str:
    """Unix sockets, where their paths are short enough; a TMPDIR deep down leaves ports."""
    return "ipc" if len(os.fsencode(runtime)) + len(_SOCKET) <= _LONGEST else "tcp"


if __name__ == "__main__":
    main()
