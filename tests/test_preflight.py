"""Seats that walk lessons in real kernels: what is measured, what counts as a failure, and that no kernel stays."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from rich.console import Console

from hl7dicom_lab import cli, footprint, preflight, seat
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import NotFound, SetupError
from hl7dicom_lab.footprint import Machine
from hl7dicom_lab.preflight import Preflight
from hl7dicom_lab.seat import CodeCell, LessonCells, Ran, Seat

ROOT = Path(__file__).resolve().parent.parent


pytestmark = pytest.mark.usefixtures("no_running_loop")


def notebook(folder, *sources, tags=()):
    """A notebook `90_tried.ipynb`; `tags` are those of its last cell."""
    cells = [{"cell_type": "code", "metadata": {}, "source": [source], "outputs": []} for source in sources]
    cells[-1]["metadata"] = {"tags": list(tags)}
    words = {"cell_type": "markdown", "metadata": {}, "source": ["# Tried"]}
    path = folder / "90_tried.ipynb"
    content = {"cells": [words, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def kernels():
    """What tells the kernels that were started since, below this process, and that are still there."""

    def all_of_them():
        return {one for one in psutil.Process().children(recursive=True) if "ipykernel" in " ".join(one.cmdline())}

    before = all_of_them()
    return lambda: list(all_of_them() - before)


def shown(found):
    console = Console(file=io.StringIO(), width=300, highlight=False)
    well = preflight.report(found, console)
    return well, console.file.getvalue()


# ---- real kernels


def test_two_seats_walk_a_lesson_and_nothing_stays(tmp_path, kernels):
    path = tmp_path / "all.json"
    asked = ["preflight", "--seats", "2", "--lessons", "02", "--json", str(path)]
    told = CliRunner().invoke(cli.main, asked, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert "2 seats at once: no failure" in told.output
    assert "This machine carries " in told.output
    assert not kernels()
    measured = json.loads(path.read_text(encoding="utf-8"))
    many = len(seat.code_cells(notebooks_folder() / "02_place_the_order.ipynb").cells)
    for one in (measured["alone"], *measured["together"]):
        assert [ran["number"] for ran in one["ran"]] == list(range(many + 1))
        assert one["memory_mb"] > 20
        assert one["processor_seconds"] > 0
    assert measured["carries"]["seats"] >= 1


def test_a_cell_that_fails_is_named_and_the_others_are_run(tmp_path, kernels):
    path = notebook(tmp_path, "kept = 1", "'[red]'\n1 / 0", "kept + 1")
    found = preflight.run([path], 2)
    for one in (found.alone, *found.together):
        assert [(bad.lesson, bad.number, bad.error) for bad in one.failures] == [
            ("90", 2, "ZeroDivisionError: division by zero")
        ]
        assert len(one.ran) == 4
    well, told = shown(found)
    assert not well
    assert "Failed, 3 times: lesson 90, cell 2 ('[red]'): ZeroDivisionError: division by zero" in told
    assert "not safe" in told
    assert "carries" not in told
    assert not kernels()


@pytest.mark.parametrize("tag", ["raises-exception", "nbval-skip"])
def test_a_cell_that_is_meant_to_fail_is_no_failure(tmp_path, tag):
    found = preflight.run([notebook(tmp_path, "1", "1 / 0", tags=[tag])], 1)
    assert not found.failed


def test_a_cell_that_does_not_end_is_stopped_by_its_limit(tmp_path, kernels):
    path = notebook(tmp_path, "import time\ntime.sleep(600)", "2")
    (one,) = preflight.walk([seat.code_cells(path)], 1, limit=2)
    (bad,) = one.failures
    assert bad.number == 1
    assert "not done after 2 s; the rest of the lesson was not run" in bad.error
    assert [ran.number for ran in one.ran] == [0, 1]
    assert not kernels()


def test_a_kernel_that_ends_is_a_failure_and_the_next_lesson_is_walked():
    ends = LessonCells("91", (CodeCell(1, "import os\nos._exit(3)"), CodeCell(2, "2")))
    goes_on = LessonCells("92", (CodeCell(1, "2"),))
    (one,) = preflight.walk([ends, goes_on], 1)
    assert [(bad.lesson, bad.number) for bad in one.failures] == [("91", 1)]
    assert "the kernel ended" in one.failures[0].error
    assert [(ran.lesson, ran.number) for ran in one.ran] == [("91", 0), ("91", 1), ("92", 0), ("92", 1)]


def test_a_seat_has_folders_of_its_own_and_touches_nothing_of_the_person():
    look = (
        "import os, tempfile, pathlib\n"
        "places = [os.getcwd(), os.environ['IPYTHONDIR'], tempfile.gettempdir(), os.environ['HL7DICOM_LAB_WORK']]\n"
        "assert os.environ['HL7DICOM_LAB_PROGRESS'] == ':memory:'\n"
        "raise ValueError('|'.join(places))"
    )
    found = preflight.walk([LessonCells("90", (CodeCell(1, look),))], 2)
    places = [one.failures[0].error.removeprefix("ValueError: ").split("|") for one in found]
    assert not set(places[0]) & set(places[1])
    for place in (*places[0], *places[1]):
        assert "hl7dicom_preflight_" in place
        assert not Path(place).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no Unix sockets for kernels")
def test_a_kernel_takes_no_port_that_another_process_may_take_first():
    source = (
        "import ipykernel, json\n"
        "with open(ipykernel.get_connection_file(), encoding='utf-8') as file:\n"
        "    assert json.load(file)['transport'] == 'ipc'"
    )
    (alone,) = preflight.walk([LessonCells("90", (CodeCell(1, source),))], 1)
    assert not alone.failures


def test_a_walk_that_is_stopped_ends_its_kernel(tmp_path):
    started = []

    async def stopped():
        sleeps = LessonCells("90", (CodeCell(1, "import time; time.sleep(600)"),))
        walk = asyncio.create_task(seat.Walk(1, tmp_path, started).through([sleeps]))
        while not started:
            await asyncio.sleep(0.05)
        walk.cancel()
        with pytest.raises(asyncio.CancelledError):
            await walk

    asyncio.run(stopped())
    assert [one.poll() is None for one in started] == [False]


@pytest.mark.skipif(os.name == "nt", reason="a process of Windows is not sent Ctrl-C by another")
def test_ctrl_c_leaves_no_kernel(tmp_path, kernels):
    sleeps = f"import tempfile, time\ntempfile.mkstemp('.running', dir={str(tmp_path)!r})\ntime.sleep(600)"
    path = notebook(tmp_path, sleeps)
    code = (
        # Tests that a shell has started in the background ignore Ctrl-C, and so would this process.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from hl7dicom_lab import preflight, seat; "
        f"preflight.walk([seat.code_cells(Path({str(path)!r}))], 2)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 60
            while len(list(tmp_path.glob("*.running"))) < 2 and time.monotonic() < end:
                time.sleep(0.1)
            kept = kernels()
            assert len(kept) == 2
            process.send_signal(signal.SIGINT)
            assert process.wait(60) != 0
        finally:
            process.kill()
    assert psutil.wait_procs(kept, timeout=0)[1] == []


def test_a_kernel_that_nobody_ended_is_ended_at_last():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        seat.end([process])
        assert process.poll() is not None


def test_a_kernel_that_does_not_start_is_a_failure(monkeypatch):
    async def refuse(*_):
        raise OSError("no more processes")

    monkeypatch.setattr(seat, "_start", refuse)
    (one,) = preflight.walk([LessonCells("90", (CodeCell(1, "1"),))], 1)
    assert [(bad.number, bad.error) for bad in one.failures] == [(0, "the kernel cannot be used: no more processes")]
    assert one.slowest is None
    assert not shown(Preflight(footprint.this_machine(), one, (one,), 1.0))[0]


# ---- what is chosen, and what is said of it


def test_cells_are_read_as_nbval_reads_them(tmp_path):
    path = notebook(tmp_path, "", "a = 1", "# NBVAL_SKIP\nb", "# NBVAL_RAISES_EXCEPTION\nc", "d")
    assert seat.code_cells(path) == LessonCells(
        "90", (CodeCell(1, "a = 1"), CodeCell(2, "# NBVAL_RAISES_EXCEPTION\nc", may_raise=True), CodeCell(3, "d"))
    )


@pytest.mark.parametrize(("asked", "first", "many"), [("02-08", "02_", 7), ("4", "04_", 1), ("00-11", "00_", 12)])
def test_lessons_are_chosen_by_number(asked, first, many):
    chosen = preflight.notebooks(asked)
    assert len(chosen) == many
    assert chosen[0].name.startswith(first)
    assert all(path.is_file() for path in chosen)


def test_lessons_that_are_not_there_are_refused():
    with pytest.raises(NotFound, match="no lesson '13'"):
        preflight.notebooks("02-13")
    with pytest.raises(SetupError, match="write 02-08"):
        preflight.notebooks("08-02")


def _seat(number, seconds, memory=100.0, error=""):
    ran = (Ran("02", 0, "", 9.0), Ran("02", 1, "lab", 0.1), Ran("02", 2, "lab.pacs", seconds, error))
    return Seat(number, ran, 10.0, memory, 3.0)


def _found(seats, seconds, machine=None, memory=100.0):
    together = tuple(_seat(one + 1, seconds, memory) for one in range(seats))
    return Preflight(machine or Machine("PSS", 4_000.0, 2), _seat(1, 1.0, memory), together, 12.0)


def test_the_smaller_number_counts():
    able = preflight.carries(_found(10, 2.5))
    assert (able.by_memory, able.by_processor, able.seats) == (36, 40, 36)


def test_fewer_seats_than_processors_are_reckoned_by_the_processors():
    assert preflight.carries(_found(1, 1.0, Machine("PSS", 1e6, 4))).seats == 40


def test_the_verdict_says_what_was_tried_and_what_is_reckoned():
    _, told = shown(_found(10, 2.5))
    assert (
        "lesson 02, cell 2 (lab.pacs), takes 1.0 s alone and 2.5 s with 10 seats at full speed on 2 processors" in told
    )
    assert "at most 100 MB (PSS), 4,000 MB were free" in told
    assert "carries 36 seats; more than 10 is reckoned, not tried." in told


def test_seats_that_work_but_wait_are_not_promised():
    well, told = shown(_found(10, 20.0))
    assert well
    assert "carries 5 seats: 10 work, but a cell takes longer than 10 s." in told


def test_seats_that_fit_badly_are_not_promised():
    _, told = shown(_found(50, 1.0))
    assert "carries 36 seats: 50 work, but its memory is short." in told


def test_what_nobody_can_measure_is_said():
    well, told = shown(_found(3, 1.0, Machine("", None, 2), memory=None))
    assert well
    assert "Memory, MB (not known)" in told
    assert "By memory: not known. Install psutil" in told


def test_text_of_a_kernel_is_shown_as_text():
    bad = _seat(1, 1.0, error="ValueError: [bold]\x1b[31m")
    _, told = shown(Preflight(Machine("PSS", 4_000.0, 2), bad, (bad,), 1.0))
    assert "[bold]" in told
    assert "\x1b" not in told


def test_a_seat_that_fails_ends_the_command_with_1(monkeypatch):
    bad = _seat(1, 1.0, error="ValueError: x")
    monkeypatch.setattr(preflight, "run", lambda *_: Preflight(Machine("PSS", 4_000.0, 2), bad, (bad,), 1.0))
    told = CliRunner().invoke(cli.main, ["preflight", "--seats", "1"])
    assert told.exit_code == 1
    assert "Failed, 1 time: lesson 02, cell 2 (lab.pacs): ValueError: x" in told.output
