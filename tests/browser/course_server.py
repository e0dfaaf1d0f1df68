"""The JupyterLab that the tests in this folder share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address with a place for a notebook's name, its work folder, its kernels' files."""

    address: str
    folder: Path
    runtime: Path

    def page(self, name: str, workspace: str) -> str:
        """The address of a notebook, in a workspace of its own: the tabs of an earlier page are not opened again."""
        return self.address.replace("{workspace}", workspace).replace("{name}", name)
