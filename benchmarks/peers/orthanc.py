"""Orthanc: an archive, and with its plugin a worklist SCP that reads all files for each query."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import NODELAY, AbsentError, free_port, need, running
from benchmarks.worklist_items import write_files

AE_TITLE = "ORTHANC"
_PLUGIN = Path("/usr/share/orthanc/plugins/libModalityWorklists.so")


@contextmanager
def orthanc(folder: Path, count: int = 0, *, nodelay: bool = True) -> Iterator[int]:
    """Its DICOM port. Everybody may ask and store; it keeps all in `folder`; its HTTP server is off."""
    program, port = need("Orthanc", "orthanc"), free_port()
    if not _PLUGIN.exists():
        raise AbsentError("Orthanc's worklist plugin is absent: install orthanc")
    write_files(folder / "worklists", count)
    settings = {
        "Name": "peer",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [str(_PLUGIN)],
        "Worklists": {"Enable": True, "Database": str(folder / "worklists"), "FilterIssuerAet": False},
        "DicomAet": AE_TITLE,
        "DicomPort": port,
        "HttpServerEnabled": False,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowFindWorklist": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowEcho": True,
        "DicomCheckCalledAet": False,
        "LimitFindResults": 0,
        "LimitFindInstances": 0,
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8", newline="\n")
    with running([program, str(folder / "orthanc.json")], port, env=NODELAY if nodelay else None):
        yield port
