"""What a kernel of the course finds in its environment, whoever starts it: JupyterLab, the hub, `preflight`.

Rule: what a learner or the machine has set already stays.
"""

from __future__ import annotations

import os
from pathlib import Path

_SETTINGS = Path(__file__).resolve().parent / "jupyter_settings"


def kernel_settings() -> dict[str, str]:
    """The environment variables and their values."""
    ours = {
        "PYTHONSTARTUP": str(_SETTINGS / "kernel_start.py"),
        # Bytes. Larger blocks, which are images, go back to the system when nobody needs them any more; the C library
        # of Linux would keep them, some 10 MB a seat. Elsewhere the variable says nothing.
        "MALLOC_MMAP_THRESHOLD_": "262144",
    }
    return {name: os.environ.get(name, value) for name, value in ours.items()}
