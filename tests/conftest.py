"""What every test shares: when the tests that need programs from outside Python run, and that none is skipped unseen.

* `--interop` or HL7DICOM_LAB_INTEROP=1 switches on the tests marked `interop`. Switched off they are deselected, and
  pytest's first lines say so; switched on they run, and fail where a program is missing.
* HL7DICOM_LAB_NO_SKIPS=1 (set by `.ci/run`) turns every skip into a failure, so that nothing looks tested that is not.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def no_running_loop() -> Iterator[None]:
    """For a test that runs an event loop: Playwright, once started in this process, leaves its own running."""
    left = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(left)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--interop",
        action="store_true",
        default=os.environ.get("HL7DICOM_LAB_INTEROP") == "1",
        help="also run the tests that need programs from outside Python, or the network",
    )


def pytest_report_header(config: pytest.Config) -> str:
    if config.getoption("--interop"):
        return "interop: on"
    return "interop: off; the tests that need programs from outside Python, or the network, are left out (--interop)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--interop"):
        return
    outside = [item for item in items if item.get_closest_marker("interop")]
    if outside:
        config.hook.pytest_deselected(items=outside)
        items[:] = [item for item in items if not item.get_closest_marker("interop")]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Turn a skip into a failure where HL7DICOM_LAB_NO_SKIPS says so."""
    if report.skipped and os.environ.get("HL7DICOM_LAB_NO_SKIPS") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, and HL7DICOM_LAB_NO_SKIPS is set: {report.longrepr}"


@pytest.fixture(scope="session")
def start() -> ModuleType:
    """start.py, which belongs to no package, as a module."""
    source = Path(__file__).resolve().parent.parent / "start.py"
    spec = importlib.util.spec_from_file_location("start", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class StartedJupyterLab:
    """A JupyterLab that `hl7dicom-lab start` has announced."""

    server: str
    page: str
    token: str

    def fetch(self, path: str, body: bytes | None = None) -> bytes:
        """GET, or with a body POST."""
        request = urllib.request.Request(f"{self.server}{path}", body, {"Authorization": f"token {self.token}"})
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=60) as answer:
            content: bytes = answer.read()
            return content


@pytest.fixture
def started_jupyterlab(tmp_path: Path) -> Callable[..., AbstractContextManager[StartedJupyterLab]]:
    """Run `COMMAND start --no-browser --folder WORK` until it prints its address; stop it at the end of the block."""

    @contextmanager
    def run(command: list[str], work: Path, variables: dict[str, str]) -> Iterator[StartedJupyterLab]:
        places = {f"JUPYTER_{name.upper()}_DIR": str(tmp_path / name) for name in ("config", "data", "runtime")}
        with subprocess.Popen(
            [*command, "start", "--no-browser", "--folder", str(work)],
            cwd=tmp_path,
            env={**os.environ, **places, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            guard = threading.Timer(60, process.kill)  # a start that hangs ends here, and says nothing below
            guard.start()
            try:
                yield _announced(process)
            finally:
                guard.cancel()
                process.terminate()
                process.communicate()

    return run


def _announced(process: subprocess.Popen[str]) -> StartedJupyterLab:
    said = []
    for line in process.stdout or ():
        said.append(line)
        found = re.search(r"(http://127\.0\.0\.1:\d+)(/\S*)\?token=(\w+)", line)
        if found:
            return StartedJupyterLab(*found.groups())
    pytest.fail("JupyterLab did not start:\n" + "".join(said))
