"""What a process holds, and what this machine has to give: memory and processors.

Rule: nothing is guessed. Memory is PSS where Linux tells it (what is shared is divided among those who share it), else
RSS, by psutil where it is installed; a number that cannot be read is None. A MB is 1,000,000 bytes.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

_MB = 1_000_000
_PROC, _CGROUP = Path("/proc"), Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Footprint:
    """What a process holds at a moment, and how much processor time it has used since its start."""

    memory_mb: float | None = None
    processor_seconds: float | None = None


@dataclass(frozen=True)
class Machine:
    """What this machine has to give. `memory` says how a process is measured: PSS, RSS, or nothing."""

    memory: str
    available_mb: float | None
    processors: int


def this_machine() -> Machine:
    """What this machine has to give now."""
    return Machine(_measure(), _available_mb(), _processors())


def footprint(process_id: int) -> Footprint:
    """The footprint of a process and of those that it has started; nothing where it has ended or nobody tells."""
    try:
        if sys.platform != "win32" and _measure() == "PSS":
            return Footprint(_pss_mb(process_id), _ticks(process_id) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError):
        return Footprint()  # it ended while we looked
    psutil = _psutil()
    return Footprint() if psutil is None else _by_psutil(psutil, process_id)


def _measure() -> str:
    if sys.platform == "linux" and os.access(_PROC / "self" / "smaps_rollup", os.R_OK):
        return "PSS"
    return "RSS" if _psutil() is not None else ""


def _psutil() -> ModuleType | None:
    try:
        import psutil
    except ImportError:
        return None
    found: ModuleType = psutil
    return found


def _pss_mb(process_id: int) -> float:
    return _number((_PROC / str(process_id) / "smaps_rollup").read_text(encoding="utf-8"), "Pss:") * 1024 / _MB


def _ticks(process_id: int) -> int:
    """The ticks of utime and stime; they are counted from behind the name, which may hold anything."""
    fields = (_PROC / str(process_id) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _by_psutil(psutil: Any, process_id: int) -> Footprint:
    """With the children: in a virtual environment of Windows, python.exe only starts the real one."""
    try:
        first = psutil.Process(process_id)
        all_of_them = [first, *first.children(recursive=True)]
        times = [one.cpu_times() for one in all_of_them]
        return Footprint(
            sum(one.memory_info().rss for one in all_of_them) / _MB, sum(one.user + one.system for one in times)
        )
    except psutil.Error:
        return Footprint()


def _available_mb() -> float | None:
    """What programs can still take without others being paged out; less where this is a container with a limit."""
    psutil = _psutil()
    if sys.platform == "linux":
        free = _number((_PROC / "meminfo").read_text(encoding="utf-8"), "MemAvailable:") * 1024 / _MB
        left = _left_in_container_mb()
        return free if left is None else min(free, left)
    return None if psutil is None else float(psutil.virtual_memory().available) / _MB


def _left_in_container_mb() -> float | None:
    """What is left below the limit of the control group (version 2); files that are only cached do not count."""
    try:
        limit = int((_CGROUP / "memory.max").read_text(encoding="utf-8"))
        used = int((_CGROUP / "memory.current").read_text(encoding="utf-8"))
        cached = _number((_CGROUP / "memory.stat").read_text(encoding="utf-8"), "inactive_file")
    except (OSError, ValueError):
        return None  # no control group, or its limit is the word `max`
    return (limit - used + cached) / _MB


def _number(text: str, name: str) -> int:
    """The number behind a name at the beginning of a line. Raises ValueError where there is none."""
    for line in text.splitlines():
        first, *rest = line.split()
        if first == name:
            return int(rest[0])
    raise ValueError(f"no {name}")


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
