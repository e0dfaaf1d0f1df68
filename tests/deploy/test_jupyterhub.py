"""The hub of deploy/jupyterhub, as its README starts it: two learners at the same time, each with a department."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from free_ports import free_ports
from hub_client import HubClient, HubKernel

from hl7dicom_lab.course.lessons import LESSONS, find_lesson
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.hospital import Hospital

pytestmark = pytest.mark.interop

ROOT = Path(__file__).resolve().parent.parent.parent
HUB = ROOT / "deploy" / "jupyterhub"
PICTURES = ROOT / "artifacts" / "screens" / "jupyterhub"
#: The cells of lesson 02 until the answer to the order is taken apart; exercise and quiz stay as they come.
CELLS_OF_LESSON_02 = 17
#: What went over the wire in this kernel's department, as bytes.
TRAFFIC = "print([e.raw for c in lab.trace.conversations() for e in lab.trace.snapshot(c)])"


@dataclass(frozen=True)
class Environment:
    """Where the hub's Python and the proxy are."""

    bin: Path
    proxy: Path


@dataclass(frozen=True)
class Hub:
    """A hub that runs: its address, its root and temporary folder, its process, the passwords of the class."""

    address: str
    root: Path
    temporary: Path
    process: psutil.Process
    log: Path
    passwords: dict[str, str]

    def client(self, name: str) -> HubClient:
        """Somebody who has logged in and whose server answers."""
        client = HubClient(self.address, name)
        assert client.log_in(self.passwords.get(name, self.passwords["*"])), self.log.read_text(encoding="utf-8")
        client.ask_for_server()
        return client


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The lab, the hub and the proxy, installed as the README says, in folders that go away."""
    for program in ("uv", "npm"):
        assert shutil.which(program), f"{program} is missing; .ci/run installs it"
    base = tmp_path_factory.mktemp("hub environment")
    python = base / "env" / "bin" / "python"
    _do("uv", "venv", "-q", "--python", sys.executable, base / "env")
    _do("uv", "pip", "install", "-q", "--python", python, "-e", ROOT, *("-c", ROOT / "constraints.txt"),
        *("-r", HUB / "requirements.txt"))  # fmt: skip
    wanted = json.loads((HUB / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = [f"{name}@{version}" for name, version in wanted.items()]
    options = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
    _do("npm", "install", *options, "--prefix", base / "proxy", *packages)
    return Environment(base / "env" / "bin", base / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy")


def _do(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def hub(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The hub, with a class password, a learner and an instructor; at the end nothing of it may be left."""
    root = tmp_path_factory.mktemp("class") / "root"
    listed = (environment.bin / "python", HUB / "class_list.py", root / "learners.csv")
    said = (
        _do(*listed, "class-password")
        + _do(*listed, "add", "learner1")
        + _do(*listed, "add", "--instructor", "instructor1")
    )
    passwords = dict(line.split() for line in said.splitlines())
    port = _four_ports()
    own = {"ROOT": str(root), "PORT": str(port), "PROXY": str(environment.proxy), "AS_ROOT": "yes", "CLASSROOM": "yes"}
    variables = {f"HL7DICOM_HUB_{name}": value for name, value in own.items()}
    log = root.parent / "hub.log"
    # A short path, as /tmp is: Unix sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="hub") as temporary, log.open("w", encoding="utf-8") as file:
        variables |= {"TMPDIR": temporary, "HL7DICOM_LAB_SEED": "1"}
        process = _started(environment, variables, file)
        try:
            hub = Hub(f"http://127.0.0.1:{port}", root, Path(temporary), psutil.Process(process.pid), log, passwords)
            _wait_for(hub, process)
            yield hub
            family = hub.process.children(recursive=True)
            assert len(family) >= 3, "the proxy and two servers"
            process.terminate()
            assert process.wait(120) is not None
            _, left = psutil.wait_procs(family, timeout=60)
            assert left == []
            assert list(Path(temporary).iterdir()) == [], "departments and sockets are gone too"
        finally:
            for one in _family(process):
                one.kill()
            process.wait()


def _started(environment: Environment, variables: dict[str, str], output: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(environment.bin / "jupyterhub"), "-f", str(HUB / "jupyterhub_config.py")],
        cwd=environment.bin.parent,
        env={**os.environ, "PATH": f"{environment.bin}{os.pathsep}{os.environ['PATH']}", **variables},
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
    )


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The hub and all that it started, where it still runs."""
    try:
        hub = psutil.Process(process.pid)
        return [hub, *hub.children(recursive=True)] if process.poll() is None else []
    except psutil.NoSuchProcess:
        return []


def _four_ports() -> int:
    """The first of four ports in a row that nothing listens on."""
    while True:
        (port,) = free_ports(1)
        try:
            for following in range(port + 1, port + 4):
                socket.create_server(("127.0.0.1", following)).close()
        except OSError:
            continue
        return port


def _wait_for(hub: Hub, process: subprocess.Popen[bytes]) -> None:
    client = HubClient(hub.address, "")
    for _ in range(600):
        assert process.poll() is None, hub.log.read_text(encoding="utf-8")
        try:
            if client.fetch("/hub/health")[0] == 200:
                return
        except OSError:
            pass
        _pause(process)
    raise AssertionError(hub.log.read_text(encoding="utf-8"))


def _pause(process: subprocess.Popen[bytes]) -> None:
    """A fifth of a second, unless the hub ends earlier."""
    try:
        process.wait(0.2)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture(scope="module")
def learners(hub: Hub) -> tuple[HubClient, HubClient]:
    """Learner 1, who is on the list, and learner 2, who has the class password: both servers start at once."""
    both = (hub.client("learner1"), hub.client("learner2"))
    for one in both:
        one.wait_for_server()
    return both


@pytest.fixture(scope="module")
def kernels(learners: tuple[HubClient, HubClient]) -> Iterator[tuple[HubKernel, HubKernel]]:
    """A kernel for each; their departments run at the same time, each with the beginning of lesson 02 behind it."""
    both = tuple(one.kernel() for one in learners)
    cells = _first_cells()
    for place in range(len(cells)):
        for one, number in zip(both, ("A77001", "B77002"), strict=True):
            one.run(cells[place].replace("P00001", number))
    yield both  # type: ignore[misc]
    for one in both:
        one.close()


def _first_cells() -> list[str]:
    path = notebooks_folder() / find_lesson("02").file_name
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"][:CELLS_OF_LESSON_02]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_each_learner_has_a_private_folder_with_every_notebook(hub, learners):
    for one in learners:
        home = hub.root / "learners" / one.name
        for folder in (hub.root, home, home / "course"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        status, course = one.api(f"/user/{one.name}/api/contents")
        assert status == 200
        assert {lesson.file_name for lesson in LESSONS} <= {entry["name"] for entry in course["content"]}


def test_the_server_is_the_courses_jupyterlab(learners):
    learner1, _ = learners
    status, page = learner1.api("/user/learner1/lab/tree/00_start_here.ipynb")
    assert status == 200
    assert "JupyterLab" in page
    _, specs = learner1.api("/user/learner1/api/kernelspecs")
    assert list(specs["kernelspecs"]) == ["python3"]
    _, news = learner1.api("/user/learner1/lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_the_hub_lets_nobody_into_a_neighbours_server(hub, learners):
    for one, other in (learners, learners[::-1]):
        for path in ("api/contents/00_start_here.ipynb", "files/00_start_here.ipynb", "lab", "api/kernels"):
            assert one.api(f"/user/{other.name}/{path}")[0] in (403, 404)
            assert one.fetch(f"/user/{other.name}/{path}")[0] in (403, 404)
        assert one.api(f"/hub/api/users/{other.name}")[0] in (403, 404)
    stranger = HubClient(hub.address, "learner1")
    assert stranger.api("/user/learner1/api/contents")[0] == 403


def test_two_departments_run_at_once_and_neither_sees_the_others_traffic(kernels):
    learner1, learner2 = kernels
    for one, own, foreign in ((learner1, "A77001", "B77002"), (learner2, "B77002", "A77001")):
        assert "'AA'" in one.run("print(ack['MSA'])")
        traffic = one.run(TRAFFIC)
        assert own in traffic
        assert foreign not in traffic
        assert one.run("print(len(lab.ris.steps()))").strip() == "1"
    ports = [one.run("print(lab.ris.hl7.port)") for one in kernels]
    assert ports[0] != ports[1]


def test_kernels_are_reached_without_ports(hub, kernels):
    for one in kernels:
        file = Path(one.run("from ipykernel import get_connection_file as file; print(file())").strip())
        assert json.loads(file.read_text(encoding="utf-8"))["transport"] == "ipc"
        assert file.parent.parent == hub.temporary
        assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_kernel_that_hangs_is_interrupted_or_restarted(learners):
    learner1, _ = learners
    kernel = learner1.kernel()
    for what in ("interrupt", "restart"):
        assert learner1.api(f"/user/learner1/api/kernels/{kernel.id}/{what}", "POST", {})[0] in (200, 204)
        assert (
            kernel.run("from hl7dicom_lab import open_lesson\nprint(len(open_lesson('02').ris.steps()))").strip() == "0"
        )
    assert learner1.api(f"/user/learner1/api/kernels/{kernel.id}", "DELETE")[0] == 204
    kernel.close()


def test_progress_and_work_are_the_learners_own(hub, kernels):
    for one, name in zip(kernels, ("learner1", "learner2"), strict=True):
        home = hub.root / "learners" / name
        said = one.run("import os; print(os.environ['HL7DICOM_LAB_WORK'], os.environ['HOME'], os.getcwd(), sep='\\n')")
        assert said.split("\n")[:3] == [str(home / "course"), str(home), str(home / "course")]
        assert '"lesson"' in (home / "progress.jsonl").read_text(encoding="utf-8")
        one.run("open('mine.txt', 'w').close()")
        assert stat.S_IMODE((home / "course" / "mine.txt").stat().st_mode) == 0o600


def test_one_setting_takes_every_learner_to_the_hospital(learners, tmp_path):
    file = tmp_path / "hospital.json"
    with Hospital() as hospital:
        file.write_text(json.dumps(hospital.addresses()), encoding="utf-8", newline="\n")
        for one in learners:
            kernel = one.kernel()
            kernel.run(f"import os\nos.environ['HL7DICOM_LAB_HOSPITAL'] = {str(file)!r}")
            said = kernel.run("from hl7dicom_lab import open_lesson\nlab = open_lesson('04')\nprint(lab.hospital)")
            assert f"HospitalLine: {one.name} at NORTHGATE" in said
            assert one.api(f"/user/{one.name}/api/kernels/{kernel.id}", "DELETE")[0] == 204
            kernel.close()
        assert [(seat.name, len(seat.ris.steps())) for seat in hospital.seats()] == [("learner1", 7), ("learner2", 7)]


def test_what_is_set_for_the_class_reaches_every_kernel(kernels):
    for one in kernels:
        assert one.run("import os; print(os.environ['HL7DICOM_LAB_SEED'])").strip() == "1"


def test_a_kernel_gets_nothing_of_the_hubs_secrets(hub, kernels):
    secret = (hub.root / "hub" / "cookie_secret").read_text(encoding="utf-8").strip()
    told = kernels[0].run("import os; print(dict(os.environ))")
    assert "CONFIGPROXY_AUTH_TOKEN" not in told
    assert secret not in told


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("learner1", "*"),  # a name with a line of its own takes its own password
        ("instructor1", "*"),  # and an instructor's above all
        ("learner2", "learner1"),
        ("../learner1", "*"),
        ("*", "*"),
        ("learner2", ""),
    ],
)
def test_a_wrong_name_or_password_is_turned_away(hub, name, password):
    assert not HubClient(hub.address, name).log_in(hub.passwords.get(password, password))


def test_an_instructor_administers_the_hub_and_a_learner_does_not(hub, learners):
    instructor1 = HubClient(hub.address, "instructor1")
    assert instructor1.log_in(hub.passwords["instructor1"])
    status, users = instructor1.api("/hub/api/users")
    assert status == 200
    assert {"learner1", "learner2"} <= {one["name"] for one in users}
    assert instructor1.api("/user/learner1/api/contents")[0] == 200, (
        "JupyterHub's admins may open every server; README.md says so"
    )
    assert learners[0].api("/hub/api/users")[0] in (403, 404)
    assert learners[0].api("/hub/api/users/learner2/server", "DELETE")[0] in (403, 404)


@pytest.mark.usefixtures("kernels")
def test_the_classroom_shows_instructors_the_class_and_a_learner_the_own_line(hub, learners):
    instructor1 = HubClient(hub.address, "instructor1")
    assert instructor1.log_in(hub.passwords["instructor1"])
    status, page = instructor1.fetch("/services/classroom/")
    assert status == 200, page
    for _ in range(150):  # it looks into the folders now and then
        _, seen = instructor1.fetch("/services/classroom/api/class")
        if {"learner1", "learner2"} == {row["alias"] for row in json.loads(seen)["rows"]}:
            break
        time.sleep(0.2)
    else:
        raise AssertionError(seen)
    assert learners[0].fetch("/services/classroom/")[0] == 200
    _, seen = learners[0].fetch("/services/classroom/api/class")
    assert [row["alias"] for row in json.loads(seen)["rows"]] == ["learner1"]
    stranger = HubClient(hub.address, "learner3")
    assert 'name="password"' in stranger.fetch("/services/classroom/")[1]


@pytest.mark.usefixtures("learners")
def test_in_a_browser_the_login_leads_to_lesson_00(hub):
    # On a thread of its own: Playwright runs once a thread, and tests of another file may have left it running here.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(_logs_in, hub).result()


def _logs_in(hub):
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(hub.address)
            page.fill("#username_input", "learner1")
            page.fill("#password_input", hub.passwords["learner1"])
            page.screenshot(path=PICTURES / "login.png")
            page.click("#login_submit")
            page.wait_for_url("**/user/learner1/lab/**", timeout=120_000)
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
            page.get_by_role("heading", name="00 ").first.wait_for(timeout=60_000)
            page.get_by_text("| Idle").wait_for(timeout=120_000)  # the kernel is reached through the hub's proxy
            page.screenshot(path=PICTURES / "lesson_00.png")
        finally:
            browser.close()


def test_as_root_the_hub_does_not_start_unasked(environment, tmp_path):
    if os.geteuid() != 0:
        return  # for everybody else it starts, as the other tests show
    with (tmp_path / "log").open("w", encoding="utf-8") as file:
        process = _started(environment, {"HL7DICOM_HUB_ROOT": str(tmp_path / "root")}, file)
        try:
            assert process.wait(60) != 0
        finally:
            for one in _family(process):
                one.kill()
    assert "does not start as root" in (tmp_path / "log").read_text(encoding="utf-8")
    assert not (tmp_path / "root").exists()
