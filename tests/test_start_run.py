"""start.py says what it does and why it could not, and runs the lab in the environment that it prepared."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

_ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(start, tmp_path):
    return start.Checkout(tmp_path)


# ---- what it says


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("after connection broken by 'ProxyError('Cannot connect to proxy.'", "HTTPS_PROXY"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...", "SSL_CERT_FILE"),
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "network"),
        ("error: Failed to fetch: `https://pypi.org/simple/numpy/`", "network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'", "may write"),
        ("ERROR: No matching distribution found for numpy==2.4.6", "Python 3.11 to 3.13"),
    ],
)
def test_a_known_cause_is_shown_with_what_to_do(start, line, advice):
    shown = start.explain(["Collecting numpy", f"  {line}", "ERROR: ResolutionImpossible", "more"])
    assert line in shown
    assert advice in shown.partition("Next step:")[2]
    assert "ResolutionImpossible" not in shown


def test_an_unknown_cause_is_shown_by_the_last_lines(start):
    shown = start.explain([f"line {number}" for number in range(20)])
    assert "line 19" in shown
    assert "line 11" not in shown
    assert "Next step:" in shown


def test_a_failed_step_keeps_all_that_was_said(start, checkout):
    checkout.venv.mkdir()
    code = "print('Größe'); print('no space left on device'); raise SystemExit(3)"
    command = (sys.executable, "-X", "utf8", "-c", code)
    with pytest.raises(start.SetupFailed, match="disk is full") as caught:
        start.run_step(checkout, "installing the packages", command)
    assert str(checkout.log) in str(caught.value)
    assert checkout.log.read_text(encoding="utf-8") == "Größe\nno space left on device\n"


def test_an_installer_that_is_not_there_is_a_failed_step(start, checkout):
    checkout.venv.mkdir()
    with pytest.raises(start.SetupFailed, match="It stopped while making"):
        start.run_step(checkout, "making the environment", [str(checkout.root / "no-such-program")])


def test_a_folder_that_cannot_be_written_is_named(start, checkout):
    checkout.venv.write_text("a file", encoding="utf-8", newline="\n")
    with pytest.raises(start.SetupFailed, match="Next step:") as caught:
        start.prepare(checkout, [])
    assert str(checkout.venv) in str(caught.value)


def _progress(start, monkeypatch, capsys, *, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    progress = start.Progress()
    for number in range(45):
        progress.show(f"Collecting package{number}>=1 (from jupyterlab)\n")
        progress.show(f"  Downloading package{number}.whl\n")
    progress.show(f"Installing collected packages: {'x' * 200}\n")
    progress.show("Successfully installed everything\n")
    progress.end()
    return capsys.readouterr().out


def test_progress_in_a_file_is_a_few_whole_lines(start, monkeypatch, capsys):
    lines = _progress(start, monkeypatch, capsys, terminal=False).splitlines()
    assert lines[0].strip() == "20 packages found, now package19>=1"
    assert len(lines) == 3
    assert all(len(line) < 80 for line in lines)


def test_progress_in_a_terminal_is_one_line_that_changes(start, monkeypatch, capsys):
    shown = _progress(start, monkeypatch, capsys, terminal=True)
    assert "\n" not in shown
    assert "45 packages found" in shown
    assert shown.endswith(" \r")


@pytest.mark.parametrize(
    ("said", "there", "drawn"),
    [
        (["Resolved 8 packages in 1.2s", "Downloading numpy (17MiB)"], 2, "[####............] 2 of 8  Downloading"),
        (["Installing collected packages: a, b, c, d"], 1, "1 of 5  Installing"),
    ],
)  # fmt: skip
def test_a_bar_counts_what_is_installed_of_what_the_installer_names(start, monkeypatch, capsys, said, there, drawn):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    progress = start.Progress(lambda: there)
    for line in said:
        progress.show(f"{line}\n")
    progress.end()
    shown = capsys.readouterr().out
    assert drawn in shown
    assert max(map(len, shown.split("\r"))) <= 80


def test_a_silent_installer_does_not_look_dead(start, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    looked = threading.Semaphore(0)

    def installed():
        looked.release()
        return 0

    progress = start.Progress(installed)
    assert looked.acquire(timeout=30), "the line was not drawn again"
    assert looked.acquire(timeout=30)
    progress.end()
    assert "0:0" in capsys.readouterr().out


# ---- what it runs


class Replaced(Exception):
    """The process was replaced by another program."""


@pytest.fixture
def ran(start, monkeypatch):
    """Notes the groups that were prepared and the command that was run."""
    seen = SimpleNamespace(groups=[], command=None)

    def replace(program, command):
        assert program == command[0]
        seen.command = command
        raise Replaced

    monkeypatch.setattr(os, "execv", replace)
    monkeypatch.setattr(start, "wait_for", lambda command: replace(command[0], command))
    monkeypatch.setattr(start, "prepare", lambda _checkout, groups: seen.groups.append(list(groups)))
    return seen


@pytest.mark.parametrize(
    ("given", "run", "groups"),
    [
        ([], ["start"], []),
        (["demo", "--picture", "a b.png"], ["demo", "--picture", "a b.png"], []),
        (["test", "-k", "mllp"], ["test", "-k", "mllp"], ["test"]),
        (["bench", "mllp"], ["bench", "mllp"], ["bench"]),
        (["serve", "--help"], ["serve", "--help"], []),
        (["--version"], ["--version"], []),
    ],
)
def test_commands_go_to_the_lab_in_its_environment(start, checkout, ran, given, run, groups):
    with pytest.raises(Replaced):
        start.main(given, checkout)
    assert ran.command == [str(checkout.python), "-P", "-m", "hl7dicom_lab", *run]
    assert ran.groups == [groups]


@pytest.mark.parametrize(("given", "groups"), [(["setup"], []), (["setup", "dev"], ["test", "dev"])])
def test_setup_only_prepares(start, checkout, ran, given, groups):
    assert start.main(given, checkout) == 0
    assert ran.groups == [groups]
    assert ran.command is None


@pytest.mark.parametrize(("given", "code"), [(["--help"], 0), (["-h"], 0), (["help"], 0), (["setup", "all"], 2)])
def test_help_needs_no_environment(start, checkout, ran, capsys, given, code):
    assert start.main(given, checkout) == code
    assert capsys.readouterr().out == start.USAGE
    assert ran.groups == []


def test_a_failed_install_is_exit_code_1_and_runs_nothing(start, checkout, ran, monkeypatch, capsys):
    def fail(_checkout, _groups):
        raise start.SetupFailed("It stopped. Next step: mend it.")

    monkeypatch.setattr(start, "prepare", fail)
    assert start.main(["demo"], checkout) == 1
    assert "Next step: mend it." in capsys.readouterr().err
    assert ran.command is None


def test_waiting_hands_on_the_exit_code_and_outlives_ctrl_c(start, monkeypatch):
    answers = iter([KeyboardInterrupt(), KeyboardInterrupt(), 7])

    class Process(subprocess.Popen):
        def wait(self, timeout=None):
            answer = next(answers)
            if isinstance(answer, KeyboardInterrupt):
                raise answer
            super().wait(timeout)
            return answer

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(subprocess, "Popen", Process)
    assert start.wait_for([sys.executable, "-c", ""]) == 7


# ---- the real thing


@pytest.mark.interop
def test_a_clean_copy_installs_itself_and_then_needs_no_network(tmp_path):
    copy = tmp_path / "Zoë's 山田 lab"
    hidden = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(_ROOT, copy, ignore=hidden)
    (tmp_path / "elsewhere").mkdir()

    def run(*arguments, **variables):
        return subprocess.run(
            [getattr(sys, "_base_executable", sys.executable), str(copy / "start.py"), *arguments],
            cwd=tmp_path / "elsewhere",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    first = run("doctor", "--folder", str(tmp_path / "work"))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Ready." in first.stdout
    assert json.loads((copy / ".venv" / "start.json").read_text(encoding="utf-8"))["own"]
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_INDEX_URL"), "http://127.0.0.1:9")
    second = run("workspace", "--folder", str(tmp_path / "work"), LC_ALL="C", **nowhere)
    assert second.returncode == 0, second.stdout + second.stderr
    assert second.stdout.startswith("Work folder:")
    assert (tmp_path / "work" / "tour.ipynb").is_file()
