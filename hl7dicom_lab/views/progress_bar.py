"""How far something has come that takes longer than a second: a bar in the notebook, a line in the terminal.

    with progress("Storing images", total=len(images)) as one_more:
        for image in images:
            send(image)
            one_more()

Rules: what is over within a second shows nothing. In a notebook the bar ends as a sentence; where outputs are stored
(`HL7DICOM_LAB_WIDGETS=0`), in a script, in a file and on any thread but the main one, nothing is written at all.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, Protocol

from hl7dicom_lab.views import live

#: Seconds before a bar appears, and between two looks of it.
PATIENCE, _PAUSE = 1.0, 0.2


class _Bar(Protocol):
    """A bar that is on the screen."""

    def show(self, done: int) -> None:
        """So much is done."""

    def end(self, done: int) -> None:
        """It is over; less than all is done where it was stopped."""


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[..., None]]:
    """Count up to `total`: the function that the block gets is called after each piece, with any arguments."""
    place = _place()
    bar: _Bar | None = None
    done, looked = 0, time.monotonic() + PATIENCE - _PAUSE

    def one_more(*_: object) -> None:
        nonlocal bar, done, looked
        done += 1
        if place is None or time.monotonic() < looked + _PAUSE:
            return
        looked = time.monotonic()
        bar = bar or place(what, total)
        bar.show(done)

    try:
        yield one_more
    finally:
        if bar is not None:
            bar.end(done)


def _place() -> Callable[[str, int], _Bar] | None:
    """Where a bar can be drawn here; None where it cannot."""
    if threading.current_thread() is not threading.main_thread():
        return None
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is not None:
        return _InNotebook if live.switched_on() else None
    return _InTerminal if sys.stdout is not None and sys.stdout.isatty() else None


class _InNotebook:
    """An output of the cell that is drawn again and again. Closed notebooks and paper keep its last sentence."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._handle: Any = None

    def show(self, done: int) -> None:
        """The bar with its words beside it."""
        words = f"{self._what}: {done} of {self._total}"
        share = 100 * done / self._total if self._total else 100
        frame = "display:inline-block;width:14em;height:0.8em;border:1px solid currentColor;vertical-align:middle"
        self._draw(
            words,
            f'<div role="progressbar" aria-label="{escape(self._what)}" aria-valuemin="0" aria-valuemax="{self._total}"'
            f' aria-valuenow="{done}" aria-valuetext="{done} of {self._total}" style="{frame}">'
            f'<div style="height:100%;width:{share:.0f}%;background:var(--jp-brand-color1, #1976d2)"></div></div>'
            f" {escape(words)}",
        )

    def end(self, done: int) -> None:
        """A sentence in the place of the bar."""
        words = (
            f"{self._what}: {f'all {done} done' if done >= self._total else f'stopped after {done} of {self._total}'}."
        )
        self._draw(words, f'<span role="status">{escape(words)}</span>')

    def _draw(self, text: str, html: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text, "text/html": f'<div class="hl7dicom-progress">{html}</div>'}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call] # no types here
        else:
            self._handle.update(bundle, raw=True)


class _InTerminal:
    """A line that changes and is taken away at the end, so that what the command prints stays as it is."""

    def __init__(self, what: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(
            *columns, console=Console(), transient=True, auto_refresh=False, redirect_stderr=False
        )
        self._task = self._progress.add_task(what, total=total)
        self._progress.start()

    def show(self, done: int) -> None:
        """The line anew."""
        self._progress.update(self._task, completed=done, refresh=True)

    def end(self, done: int) -> None:
        """Take the line away."""
        self.show(done)
        self._progress.stop()
