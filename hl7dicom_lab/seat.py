"""One seat of a class: the code cells of lessons, run one after another in real kernels, as a learner runs them.

Rules: a kernel is a process of its own, started as the course's JupyterLab starts it, a fresh one for each lesson; what
it writes lies in the seat's own folder, and nothing of the person who tries it is touched (progress, history). A cell
has a time limit. A cell fails as in the notebooks' comparison (nbval): by an error, unless it is tagged
`raises-exception`; what is tagged `nbval-skip` is not run. Whatever happens, the kernel is gone afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hl7dicom_lab.course.progress import VARIABLE as PROGRESS_VARIABLE
from hl7dicom_lab.footprint import Footprint, footprint
from hl7dicom_lab.kernel_settings import kernel_settings
from hl7dicom_lab.workspace import FOLDER_VARIABLE

#: Seconds that a kernel may take to start, and a cell unless told otherwise: some ten times what forty at once need.
LIMIT = 300.0
#: Seconds between two looks at a kernel while a cell runs; another one is taken after each cell.
_LOOK = 2.0
#: Seconds that a kernel has to end by itself.
_FAREWELL = 10.0
#: How often a kernel is started before it counts as failed. Without Unix sockets, ports are chosen before the
#: kernel binds them, and somebody may be quicker; JupyterLab too starts it again with others.
_STARTS = 3
_MAY_RAISE, _SKIPPED = {"raises-exception", "nbval-raises-exception"}, {"nbval-skip", "skip"}


@dataclass(frozen=True)
class CodeCell:
    """A cell that is run. `number` is what stands in its brackets when a lesson is run from its beginning."""

    number: int
    source: str
    may_raise: bool = False

    @property
    def first_line(self) -> str:
        """What a person knows the cell by."""
        return self.source.strip().partition("\n")[0]


@dataclass(frozen=True)
class LessonCells:
    """The code cells of a notebook; `name` is the beginning of its file name: `04`, `tour`."""

    name: str
    cells: tuple[CodeCell, ...]


@dataclass(frozen=True)
class Ran:
    """A cell that was run, or with number 0 the start of the lesson's kernel."""

    lesson: str
    number: int
    first_line: str
    seconds: float
    error: str = ""

    @property
    def name(self) -> str:
        """Where it stands, for people."""
        place = f"cell {self.number}" if self.number else "start of the kernel"
        return f"lesson {self.lesson}, {place}"


@dataclass(frozen=True)
class Seat:
    """What one seat did. Memory is the most that any of its kernels held; None where nobody tells."""

    number: int
    ran: tuple[Ran, ...]
    seconds: float
    memory_mb: float | None
    processor_seconds: float | None

    @property
    def failures(self) -> tuple[Ran, ...]:
        """What did not end as it should."""
        return tuple(one for one in self.ran if one.error)

    @property
    def slowest(self) -> Ran | None:
        """The cell that took longest; None where no kernel started."""
        return max((one for one in self.ran if one.number), key=lambda one: one.seconds, default=None)


def code_cells(notebook: Path) -> LessonCells:
    """The cells of a notebook that a learner runs."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    found: list[CodeCell] = []
    for cell in code:
        source, tags = "".join(cell["source"]), _tags(cell)
        if source.strip() and not tags & _SKIPPED:
            found.append(CodeCell(len(found) + 1, source, bool(tags & _MAY_RAISE)))
    return LessonCells(notebook.stem.partition("_")[0], tuple(found))


def _tags(cell: Mapping[str, Any]) -> set[str]:
    """The tags of a cell, with those that nbval reads from its comments: `# NBVAL_SKIP`."""
    comments = re.findall(r"(?m)^\s*#\s*(NBVAL_\w+)", "".join(cell["source"]))
    return {*cell["metadata"].get("tags", ()), *(one.lower().replace("_", "-") for one in comments)}


class Walk:
    """A seat at work. `kernels` gathers the processes that it starts, for whoever has to be sure that they are gone."""

    def __init__(
        self,
        number: int,
        folder: Path,
        kernels: list[subprocess.Popen[bytes]],
        one_more: Callable[[], None] = lambda: None,
        limit: float = LIMIT,
    ) -> None:
        self._number, self._folder, self._limit = number, folder, limit
        self._kernels, self._one_more = kernels, one_more
        self._memory: float | None = None

    async def through(self, lessons: Sequence[LessonCells]) -> Seat:
        """Walk the lessons one after another."""
        ran: list[Ran] = []
        used: list[float | None] = []
        begun = time.perf_counter()
        for lesson in lessons:
            used.append(await self._lesson(lesson, ran))
        known = [one for one in used if one is not None]
        return Seat(self._number, tuple(ran), time.perf_counter() - begun, self._memory, sum(known) if known else None)

    async def _lesson(self, lesson: LessonCells, ran: list[Ran]) -> float | None:
        """Walk one lesson, and add what was run; the processor seconds of its kernel."""
        folder = self._folder / lesson.name
        folder.mkdir(parents=True)
        begun = time.perf_counter()
        seen = Footprint()
        try:
            async with _kernel(folder, self._kernels) as (client, process):
                ran.append(Ran(lesson.name, 0, "", time.perf_counter() - begun))
                watched = asyncio.create_task(self._watch(process))
                try:
                    for cell in lesson.cells:
                        done, goes_on = await self._cell(client, lesson.name, cell, watched)
                        ran.append(done)
                        seen = self._look(process) or seen
                        if not goes_on:
                            break
                finally:
                    watched.cancel()
        except (RuntimeError, OSError) as problem:
            ran.append(Ran(lesson.name, 0, "", time.perf_counter() - begun, f"the kernel cannot be used: {problem}"))
        shutil.rmtree(folder, ignore_errors=True)  # forty seats would fill the disk with departments that have ended
        return seen.processor_seconds

    async def _cell(self, client: Any, lesson: str, cell: CodeCell, watched: asyncio.Task[None]) -> tuple[Ran, bool]:
        """Run a cell; what came of it, and whether the kernel can run another."""
        begun = time.perf_counter()
        running = asyncio.ensure_future(
            client.execute_interactive(cell.source, allow_stdin=False, output_hook=lambda _: None)
        )
        try:
            done, _ = await asyncio.wait({running, watched}, timeout=self._limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()  # which does nothing to one that is done
        seconds = time.perf_counter() - begun
        self._one_more()
        if running in done:
            error = _error(running.result()["content"])
            return Ran(lesson, cell.number, cell.first_line, seconds, "" if cell.may_raise else error), True
        error = "the kernel ended" if watched in done else f"it was not done after {self._limit:g} s"
        return Ran(lesson, cell.number, cell.first_line, seconds, f"{error}; the rest of the lesson was not run"), False

    async def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Look at a kernel until it has ended."""
        while process.poll() is None:
            self._look(process)
            await asyncio.sleep(_LOOK)

    def _look(self, process: subprocess.Popen[bytes]) -> Footprint | None:
        seen = footprint(process.pid)
        if seen.memory_mb is not None:
            self._memory = max(self._memory or 0, seen.memory_mb)
        return seen if seen.processor_seconds is not None else None


def _error(reply: Mapping[str, Any]) -> str:
    """The error that a reply tells, or nothing."""
    if reply["status"] == "ok":
        return ""
    return f"{reply.get('ename', reply['status'])}: {reply.get('evalue', '')}"


@asynccontextmanager
async def _kernel(
    folder: Path, kernels: list[subprocess.Popen[bytes]]
) -> AsyncIterator[tuple[Any, subprocess.Popen[bytes]]]:
    """A kernel that is ready, with its process. Raises RuntimeError where it does not get ready."""
    for trial in range(1, _STARTS + 1):
        manager = _manager(folder, trial)
        client = None
        well = False
        try:
            process = await _start(manager, folder, kernels)
            client = manager.client()
            # Its process is watched instead; a heartbeat's thread that is stopped while it starts never ends.
            client.start_channels(hb=False)
            try:
                await client.wait_for_ready(timeout=LIMIT)
            except RuntimeError:
                if process.poll() is None or trial == _STARTS:
                    raise
                continue
            yield client, process
            well = True
        finally:
            if client is not None:
                client.stop_channels()
            # One that has done its work may clear up; one that has failed, or that Ctrl-C stops, is not waited for.
            await manager.shutdown_kernel(now=not well)
        return


def _manager(folder: Path, trial: int) -> Any:
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    from hl7dicom_lab.jupyter_sockets import has_sockets

    # No folders: the kernel is this Python, whatever is installed under the same name in the person's home.
    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        connection_file=str(folder / f"connection-{trial}.json"),
    )
    if has_sockets(folder):
        manager.transport, manager.ip = "ipc", str(folder / str(trial))
    manager.shutdown_wait_time = _FAREWELL
    return manager


async def _start(manager: Any, folder: Path, kernels: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    for name in ("work", "temporary", "ipython"):
        (folder / name).mkdir(exist_ok=True)
    own = {
        PROGRESS_VARIABLE: ":memory:",
        FOLDER_VARIABLE: str(folder / "work"),
        "IPYTHONDIR": str(folder / "ipython"),  # its history
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "temporary")),
    }
    try:
        await manager.start_kernel(
            cwd=str(folder / "work"),
            env={**os.environ, **kernel_settings(), **own},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    finally:
        process: subprocess.Popen[bytes] | None = getattr(manager.provisioner, "process", None)
        if process is not None:
            kernels.append(process)
    if process is None:
        raise RuntimeError("its process is not there")
    return process


def end(kernels: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the kernels that are still there: the last resort, where somebody pressed Ctrl-C twice."""
    for process in kernels:
        if process.poll() is None:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_FAREWELL)
