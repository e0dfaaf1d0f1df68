"""`hl7dicom-lab preflight`: how many seats of a class this machine carries, found out before the class comes.

N seats walk lessons at once, after one has walked them alone. Rules: the verdict rests on what was measured here, and
says on what; a seat in which a cell fails is a failure, however fast. All seats run at full speed, which no class does:
people read between two cells. Not measured: JupyterLab's own server and the browsers, where they are on this machine.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from hl7dicom_lab.counted import counted
from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.footprint import Machine, this_machine
from hl7dicom_lab.open_files import allow
from hl7dicom_lab.seat import LIMIT, LessonCells, Ran, Seat, Walk, code_cells, end
from hl7dicom_lab.views.progress_bar import progress
from hl7dicom_lab.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

#: The lessons of one patient's way from order to reading.
USUAL_LESSONS = "02-08"
#: Seconds that people wait for a cell before their thoughts go elsewhere.
PATIENCE = 10.0
#: The part of the available memory that seats may take; the rest is for the system and for what was not measured.
_SHARE = 0.9
#: Sockets to a kernel, as Jupyter's server has them, and what the process has open besides.
_FILES_OF_A_SEAT, _FILES = 40, 100
#: How many kinds of failure are told in full.
_TOLD = 20


@dataclass(frozen=True)
class Preflight:
    """What was measured: the machine before, one seat alone, then all at once."""

    machine: Machine
    alone: Seat
    together: tuple[Seat, ...]
    seconds: float

    @property
    def failed(self) -> tuple[Seat, ...]:
        """The seats in which something failed, the one that walked alone among them."""
        seats = self.together if self.alone in self.together else (self.alone, *self.together)
        return tuple(seat for seat in seats if seat.failures)


@dataclass(frozen=True)
class Slowest:
    """The cell that a class waits for longest: half of the seats wait at least `together` seconds for it."""

    cell: Ran
    alone: float
    together: float


@dataclass(frozen=True)
class Carries:
    """How many seats this machine carries; None where it cannot be said."""

    by_memory: int | None
    by_processor: int | None

    @property
    def seats(self) -> int | None:
        """The smaller of the two."""
        return min((one for one in (self.by_memory, self.by_processor) if one is not None), default=None)


def notebooks(lessons: str = USUAL_LESSONS) -> tuple[Path, ...]:
    """The notebooks of lessons: `02-08`, or one of them, `04`. Raises `NotFound` or `SetupError`."""
    first, dash, last = lessons.partition("-")
    begin = LESSONS.index(find_lesson(first))
    stop = LESSONS.index(find_lesson(last)) if dash else begin
    if stop < begin:
        raise SetupError(f"{lessons} names no lesson", where="--lessons", next_step=f"write {last}-{first}")
    return tuple(notebooks_folder() / lesson.file_name for lesson in LESSONS[begin : stop + 1])


def run(paths: Sequence[Path], seats: int, limit: float = LIMIT) -> Preflight:
    """Walk notebooks with one seat alone, then with all at once. Every kernel is gone afterwards, also on Ctrl-C."""
    lessons = tuple(map(code_cells, paths))
    machine = this_machine()
    alone = walk(lessons, 1, limit)
    together = walk(lessons, seats, limit) if seats > 1 else alone
    return Preflight(machine, alone[0], together, max(seat.seconds for seat in together))


def walk(lessons: Sequence[LessonCells], seats: int, limit: float = LIMIT) -> tuple[Seat, ...]:
    """Walk lessons with so many seats at once."""
    allow(_FILES + _FILES_OF_A_SEAT * seats)
    cells = seats * sum(len(lesson.cells) for lesson in lessons)
    kernels: list[subprocess.Popen[bytes]] = []
    with (
        tempfile.TemporaryDirectory(prefix="hl7dicom_preflight_", ignore_cleanup_errors=True) as folder,
        progress(f"Cells of {counted(seats, 'seat')}", cells) as one_more,
    ):

        async def all_at_once() -> list[Seat]:
            walks = [Walk(one + 1, Path(folder) / f"{one + 1}", kernels, one_more, limit) for one in range(seats)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one.through(lessons)) for one in walks]
            return [task.result() for task in tasks]

        try:
            # The loop that zmq's sockets need on Windows, and the usual one elsewhere.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                return tuple(runner.run(all_at_once()))
        finally:
            end(kernels)


def slowest(found: Preflight) -> Slowest | None:
    """The cell that takes longest with all seats at once, by its median; None where no cell was run."""
    times: dict[tuple[str, int], list[float]] = {}
    for seat in found.together:
        for one in seat.ran:
            if one.number:
                times.setdefault((one.lesson, one.number), []).append(one.seconds)
    alone = {(one.lesson, one.number): one for one in found.alone.ran}
    common = {place: median(seconds) for place, seconds in times.items() if place in alone}
    if not common:
        return None
    place = max(common, key=lambda one: common[one])
    return Slowest(alone[place], alone[place].seconds, common[place])


def carries(found: Preflight) -> Carries:
    """How many seats the machine carries.

    By memory: as many of the largest seat as fit. By processor: as many as wait at most `PATIENCE` for the slowest cell
    when all run it; once each processor has a seat, the wait grows with the number of seats.
    """
    available, largest = found.machine.available_mb, largest_mb(found.together)
    by_memory = int(available * _SHARE / largest) if available is not None and largest else None
    cell = slowest(found)
    busy = max(len(found.together), found.machine.processors)
    return Carries(by_memory, int(busy * PATIENCE / cell.together) if cell else None)


def largest_mb(seats: Sequence[Seat]) -> float | None:
    """The memory of the seat that held most; None where nobody tells."""
    return max((seat.memory_mb for seat in seats if seat.memory_mb is not None), default=None)


def report(found: Preflight, console: Console) -> bool:
    """Show a table, a line a seat, then what failed and the verdict; whether no seat failed."""
    from rich.table import Table
    from rich.text import Text

    memory = f"Memory, MB ({found.machine.memory or 'not known'})"
    table = Table("Seat", memory, "Time, s", "Processor, s", "Slowest cell", "Failures")
    for seat in found.together:
        table.add_row(*map(Text, _row(seat)))
    console.print(table)
    for line in (*failures(found), *verdict(found)):
        console.print(Text(line))
    return not found.failed


def _row(seat: Seat) -> tuple[str, ...]:
    slow = seat.slowest
    return (
        str(seat.number),
        _known(seat.memory_mb),
        f"{seat.seconds:.0f}",
        _known(seat.processor_seconds),
        f"{slow.seconds:.1f} s: {slow.name}" if slow else "",
        str(len(seat.failures)),
    )


def _known(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


def failures(found: Preflight) -> Iterator[str]:
    """What failed, each once, with the number of seats in which it did."""
    kinds: dict[str, int] = {}
    for seat in found.failed:
        for one in seat.failures:
            line = one.first_line and f" ({one.first_line})"
            told = visible(f"{one.name}{line}: {one.error}")
            kinds[told] = kinds.get(told, 0) + 1
    for told, count in list(kinds.items())[:_TOLD]:
        yield f"Failed, {counted(count, 'time')}: {told}"
    if len(kinds) > _TOLD:
        yield f"... and {len(kinds) - _TOLD} other failures; --json FILE has them all."


def verdict(found: Preflight) -> Iterator[str]:
    """How many seats this machine carries, in plain words, with the numbers that it rests on."""
    able, asked = carries(found), len(found.together)
    yield f"By memory: {_by_memory(found, able.by_memory)}"
    yield f"By processor: {_by_processor(found, able.by_processor)}"
    if found.failed:
        yield f"{counted(len(found.failed), 'seat')} failed, so {asked} at once are not safe here: mend that first."
        return
    yield f"{counted(asked, 'seat')} at once: no failure, done after {found.seconds:.0f} s."
    if able.seats is None:
        return
    if able.seats >= asked:
        more = f"; more than {asked} is reckoned, not tried" if able.seats > asked else ""
        yield f"This machine carries {counted(able.seats, 'seat')}{more}."
    else:
        short = "its memory is short" if able.seats == able.by_memory else f"a cell takes longer than {PATIENCE:g} s"
        yield f"This machine carries {counted(able.seats, 'seat')}: {asked} work, but {short}."


def _by_memory(found: Preflight, seats: int | None) -> str:
    largest, available = largest_mb(found.together), found.machine.available_mb
    if seats is None or available is None or largest is None:
        return "not known. Install psutil to have it measured: python -m pip install psutil"
    return (
        f"{counted(seats, 'seat')}. A seat takes at most {largest:.0f} MB ({found.machine.memory}), {available:,.0f} MB"
        f" were free before the first began, and a tenth of that is kept back. JupyterLab's own server is not counted."
    )


def _by_processor(found: Preflight, seats: int | None) -> str:
    cell = slowest(found)
    if seats is None or cell is None:
        return "not known, because no cell was run."
    used = found.alone.processor_seconds
    needs = "" if used is None else f" Alone, a seat uses {used:.0f} s of a processor for all of these lessons."
    return (
        f"{counted(seats, 'seat')}. The slowest cell, {visible(f'{cell.cell.name} ({cell.cell.first_line})')}, takes"
        f" {cell.alone:.1f} s alone and {cell.together:.1f} s with {counted(len(found.together), 'seat')} at full speed"
        f" on {counted(found.machine.processors, 'processor')}; more than {PATIENCE:g} s is too long to wait.{needs}"
    )


def write_json(found: Preflight, path: Path) -> None:
    """All that was measured, each cell of each seat, and the verdict."""
    told = {**asdict(found), "carries": {**asdict(carries(found)), "seats": carries(found).seats}}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def command(seats: int, lessons: str, file: Path | None, console: Console, say: Callable[[str], object]) -> bool:
    """The whole command; whether no seat failed."""
    paths = notebooks(lessons)
    say(f"{counted(seats, 'seat')} will walk {', '.join(path.stem for path in paths)}, after one has done so alone.")
    found = run(paths, seats)
    if file:
        write_json(found, file)
    return report(found, console)
