"""JupyterLab starts on the work folder, with the lab's own Python as the kernel."""

import json
import os
import socket
import stat
import sys
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import websocket

from hl7dicom_lab import jupyter
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.jupyter import JupyterOptions, arguments
from hl7dicom_lab.jupyter_sockets import has_sockets


@pytest.fixture
def foreign_kernel(tmp_path: Path) -> dict[str, str]:
    """The variables of a user who has registered another Python as the kernel `python3`."""
    foreign = tmp_path / "data" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["another-python"], "display_name": "another", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec), encoding="utf-8", newline="\n")
    return {"JUPYTER_DATA_DIR": str(tmp_path / "data")}


def _new_kernel(lab) -> str:
    return json.loads(lab.fetch("/api/kernels", b"{}"))["id"]


def _run_in_kernel(lab, code: str, kernel: str = "") -> str:
    """What a cell with `code` prints, in a kernel of a running JupyterLab (Jupyter's messages, version 5), or a new."""
    kernel = kernel or _new_kernel(lab)
    address = f"{lab.server.replace('http', 'ws')}/api/kernels/{kernel}/channels?token={lab.token}"
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3"}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": {"code": code}, "channel": "shell"}
    connection = websocket.create_connection(address, timeout=60, http_no_proxy=["127.0.0.1"])
    try:
        connection.send(json.dumps(request))
        while True:
            answer = json.loads(connection.recv())
            if answer["parent_header"].get("msg_id") != header["msg_id"]:
                continue  # a kernel that starts may have something to say of its own
            if answer["msg_type"] == "error" or answer["content"].get("name") == "stdout":
                return answer["content"].get("text") or str(answer["content"])
    finally:
        connection.close()


def test_start_serves_the_first_lesson_with_the_labs_own_kernel(started_jupyterlab, foreign_kernel, tmp_path):
    command = [sys.executable, "-m", "hl7dicom_lab"]
    with started_jupyterlab(command, tmp_path / "Zoë's work", foreign_kernel) as lab:
        assert lab.page == "/lab/tree/00_start_here.ipynb"
        assert b"JupyterLab" in lab.fetch(lab.page)
        assert "00_start_here.ipynb" in [one["name"] for one in json.loads(lab.fetch("/api/contents"))["content"]]
        assert list(json.loads(lab.fetch("/api/kernelspecs"))["kernelspecs"]) == ["python3"]
        news = json.loads(lab.fetch("/lab/api/settings/@jupyterlab/apputils-extension:notification"))
        assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
        shown = _run_in_kernel(lab, "import sys, hl7dicom_lab; print(sys.executable)")
        assert shown.strip() == sys.executable


def _connection(tmp_path: Path, kernel: str) -> dict:
    return json.loads((tmp_path / "runtime" / f"kernel-{kernel}.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(os.name == "nt", reason="kernels take TCP ports on Windows")
def test_kernels_that_start_at_once_share_no_port_and_go_with_the_server(started_jupyterlab, tmp_path):
    with started_jupyterlab([sys.executable, "-m", "hl7dicom_lab"], tmp_path / "work", {}) as lab:
        with ThreadPoolExecutor(4) as pool:
            kernels = list(pool.map(lambda _: _new_kernel(lab), range(4)))
            said = pool.map(lambda one: _run_in_kernel(lab, f"print({one!r})", one), kernels)
            assert [one.strip() for one in said] == kernels
        told = [_connection(tmp_path, one) for one in kernels]
        assert {one["transport"] for one in told} == {"ipc"}
        assert len({one["ip"] for one in told}) == 4
        (folder,) = {Path(one["ip"]).parent for one in told}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        lab.fetch(f"/api/kernels/{kernels[0]}/restart", b"")
        assert _run_in_kernel(lab, "print('again')", kernels[0]).strip() == "again"
        assert _connection(tmp_path, kernels[0])["ip"] == told[0]["ip"]
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="kernels take TCP ports on Windows")
def test_where_a_sockets_path_would_be_too_long_kernels_take_ports(started_jupyterlab, tmp_path):
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    command = [sys.executable, "-m", "hl7dicom_lab"]
    with started_jupyterlab(command, tmp_path / "work", {"TMPDIR": str(deep)}) as lab:
        kernel = _new_kernel(lab)
        assert _run_in_kernel(lab, "print(1)", kernel).strip() == "1"
        assert _connection(tmp_path, kernel)["transport"] == "tcp"


def test_a_folder_without_sockets_is_found_out(tmp_path, monkeypatch):
    assert not has_sockets(tmp_path / "nowhere")
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    assert not has_sockets(tmp_path)


def test_without_a_port_the_first_free_one_is_taken():
    given = arguments(JupyterOptions(Path("work")))
    assert "--ServerApp.port=8888" in given
    assert "--ServerApp.port_retries=100" in given


def test_a_chosen_port_is_taken_or_nothing():
    given = arguments(JupyterOptions(Path("work"), port=9000))
    assert "--ServerApp.port=9000" in given
    assert "--ServerApp.port_retries=0" in given


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError, match="another port") as caught:
            jupyter.run(JupyterOptions(tmp_path, port=port, browser=False), print)
    assert caught.value.where == f"127.0.0.1:{port}"


def test_a_notebook_with_any_name_gets_an_address():
    given = arguments(JupyterOptions(Path("work"), "01 ä?.ipynb"))
    assert "--LabApp.default_url=/lab/tree/01%20%C3%A4%3F.ipynb" in given
    assert "--LabApp.default_url=/lab" in arguments(JupyterOptions(Path("work")))


def test_root_is_allowed_only_where_it_is_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert "--ServerApp.allow_root=True" in arguments(JupyterOptions(Path("work")))
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert not any("allow_root" in one for one in arguments(JupyterOptions(Path("work"))))
    monkeypatch.delattr(os, "geteuid")
    assert not any("allow_root" in one for one in arguments(JupyterOptions(Path("work"))))


@pytest.mark.parametrize(
    ("platform", "display", "expected"),
    [("linux", "", False), ("linux", ":0", True), ("darwin", "", True), ("win32", "", True)],
)
def test_a_browser_needs_a_screen(monkeypatch, platform, display, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(webbrowser, "get", object)
    assert jupyter.has_browser() is expected
    given = arguments(JupyterOptions(Path("work"), browser=False))
    assert "--ServerApp.open_browser=False" in given


def test_a_screen_without_a_browser(monkeypatch):
    def missing():
        raise webbrowser.Error

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "get", missing)
    assert not jupyter.has_browser()
