"""A JupyterLab and a Chromium for the tests in this folder, started once. All of them are marked `interop`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from course_server import Server
from notebook_page import NotebookPage, notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Debian's Chromium, without a sandbox because CI runs as root, and without what a browser says to its maker.
_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    here = Path(__file__).resolve().parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The course, started as a learner starts it."""
    base = tmp_path_factory.mktemp("browser")
    places = {f"JUPYTER_{name.upper()}_DIR": str(base / name) for name in ("config", "data", "runtime")}
    # All cells are drawn, also those that are not near the screen.
    settings = base / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}', encoding="utf-8", newline="\n")
    places["JUPYTERLAB_SETTINGS_DIR"] = str(base / "settings")
    own = {"HL7DICOM_LAB_PROGRESS": str(base / "progress.jsonl"), "PYTHONUNBUFFERED": "1", "HL7DICOM_LAB_WIDGETS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "hl7dicom_lab", "start", "--no-browser", "--folder", str(base / "work")],
        cwd=base,
        env={**os.environ, **places, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        guard = threading.Timer(120, process.kill)  # a start that hangs ends here
        guard.start()
        try:
            found = next(filter(None, (re.search(r"http://\S+", line) for line in process.stdout or ())), None)
            guard.cancel()
            assert found, "JupyterLab did not start"
            yield Server(
                re.sub(r"/lab/tree/[^?]*", "/lab/workspaces/{workspace}/tree/{name}", found.group()),
                base / "work",
                base / "runtime",
            )
        finally:
            guard.cancel()
            process.terminate()
            process.communicate()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=_QUIET)
        yield started
        started.close()


@pytest.fixture
def open_notebook(jupyterlab: Server, browser: Browser) -> Iterator[Callable[..., NotebookPage]]:
    """Open a lesson by its name, or a new notebook with the given cells."""
    opened: list[NotebookPage] = []

    def opener(name: str, *cells: str, width: int = 1280) -> NotebookPage:
        if cells:
            (jupyterlab.folder / name).write_text(notebook(cells), encoding="utf-8", newline="\n")
        workspace = f"{name.partition('.')[0]}-{len(opened)}"
        opened.append(NotebookPage(browser, jupyterlab.page(name, workspace), width=width))
        return opened[-1]

    yield opener
    for page in opened:
        page.close()
