"""The progress bar: nothing within a second, a line in a terminal, an output in a notebook, silence elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import IPython
import pytest

from hl7dicom_lab.views import progress_bar
from hl7dicom_lab.views.progress_bar import progress


class Kernel:
    """Plays a notebook: keeps what is displayed, and what it is replaced by."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []
        self.kernel = self

    def display(self, bundle: dict[str, str], **_: Any) -> Kernel:
        self.shown.append(bundle)
        return self

    update = display


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    played = Kernel()
    monkeypatch.setattr(IPython, "get_ipython", lambda: played)
    monkeypatch.setattr("IPython.display.display", played.display)
    monkeypatch.setenv("HL7DICOM_LAB_WIDGETS", "1")
    monkeypatch.setattr(progress_bar, "PATIENCE", 0.0)
    monkeypatch.setattr(progress_bar, "_PAUSE", 0.0)
    return played


def count(pieces: int, *, of: int) -> None:
    with progress("Storing <images>", of) as one_more:
        for number in range(pieces):
            one_more(number)


def store_until_it_breaks() -> None:
    with progress("Storing images", 9) as one_more:
        one_more()
        raise ValueError("the second image")


def test_a_bar_in_a_notebook_has_its_values_and_ends_as_a_sentence(kernel: Kernel) -> None:
    count(4, of=4)
    bar = kernel.shown[1]["text/html"]
    for part in ('role="progressbar"', 'aria-valuenow="2"', 'aria-valuemax="4"', "Storing &lt;images&gt;: 2 of 4"):
        assert part in bar
    assert kernel.shown[-1]["text/plain"] == "Storing <images>: all 4 done."
    assert "progressbar" not in kernel.shown[-1]["text/html"]


def test_what_fails_half_way_says_how_far_it_came(kernel: Kernel) -> None:
    with pytest.raises(ValueError, match="the second image"):
        store_until_it_breaks()
    assert kernel.shown[-1]["text/plain"] == "Storing images: stopped after 1 of 9."


def test_what_is_over_at_once_shows_nothing(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "PATIENCE", 3600.0)
    count(500, of=500)
    assert kernel.shown == []


def test_stored_outputs_hold_no_bar(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HL7DICOM_LAB_WIDGETS", "0")
    count(4, of=4)
    assert kernel.shown == []


def test_another_thread_draws_nothing(kernel: Kernel) -> None:
    thread = threading.Thread(target=count, args=(4,), kwargs={"of": 4})
    thread.start()
    thread.join()
    assert kernel.shown == []


_SCRIPT = """
import sys, time
from hl7dicom_lab.views.progress_bar import progress
with progress("Storing images", 14) as one_more:
    for _ in range(14):
        time.sleep(0.1)
        one_more()
print("afterwards")
"""


def test_a_script_whose_output_is_a_file_writes_its_own_lines_only() -> None:
    ran = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("afterwards\n", "")


@pytest.mark.skipif(os.name != "posix", reason="a terminal is played by a pty, which Windows does not have")
def test_a_terminal_gets_a_line_that_is_taken_away() -> None:
    import pty

    keeper, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "90"}
    with subprocess.Popen(
        [sys.executable, "-c", _SCRIPT], stdout=terminal, stderr=subprocess.PIPE, env=environment
    ) as ran:
        os.close(terminal)
        shown = b""
        try:
            while part := os.read(keeper, 4096):
                shown += part
        except OSError:  # Linux says so when the other side has closed
            pass
        assert ran.stderr is not None
        assert ran.stderr.read() == b""
    os.close(keeper)
    assert b"Storing images" in shown
    assert b"/14" in shown
    assert shown.rstrip().endswith(b"afterwards")
    assert b"\x1b[2K" in shown, "the line is erased"


def test_without_a_terminal_and_a_kernel_there_is_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: False, write=pytest.fail, flush=pytest.fail))
    count(3, of=3)
