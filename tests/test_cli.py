"""The command line hands options on, and turns errors into sentences."""

import os
import subprocess
import sys
from dataclasses import make_dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner

import hl7dicom_lab
from hl7dicom_lab import cli, doctor, jupyter
from hl7dicom_lab.doctor import Finding, Verdict
from hl7dicom_lab.errors import SetupError

_SERVE = (
    "home host addresses ris_hl7_port worklist_port pacs_hl7_port storage_port emr_hl7_port seed "
    "facility other_users tls_cert tls_key tls_ca for_class institution"
)


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(cli.main, list(arguments))


@pytest.fixture
def replace(monkeypatch):
    """Put a module with the given contents in the place of one of the package's."""

    def put(name, **contents):
        module = ModuleType(f"hl7dicom_lab.{name}")
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(hl7dicom_lab, name, module, raising=False)

    return put


def test_every_command_explains_itself(run):
    for name in cli.main.commands:
        if name not in ("test", "bench"):  # their options are those of what they run
            shown = run(name, "--help")
            assert shown.exit_code == 0
            assert shown.output.startswith("Usage:")
    assert {"start", "test", "demo", "serve", "doctor", "workspace"} <= set(cli.main.commands)


def test_version(run):
    assert run("--version").output.strip().endswith(hl7dicom_lab.__version__)


def test_the_module_is_the_command():
    command = [sys.executable, "-m", "hl7dicom_lab", "--help"]
    shown = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert shown.stdout.startswith("Usage: hl7dicom-lab")


def test_an_error_of_the_lab_is_a_sentence_and_exit_code_1(run, replace):
    error = SetupError("the folder is read-only", where="demo.png", next_step="choose another")

    def fail(_picture, _console):
        raise error

    replace("demo", run=fail)
    shown = run("demo")
    assert shown.exit_code == 1
    assert shown.output == f"Error: {error}\n"


def test_demo_draws_where_it_is_told(run, replace):
    asked = []
    replace("demo", run=lambda picture, console: asked.append((picture, console.is_terminal)))
    assert run("demo").exit_code == 0
    assert run("demo", "--picture", "x/y.png").exit_code == 0
    assert asked == [(Path("demo.png"), False), (Path("x/y.png"), False)]


def test_serve_hands_over_every_option(run, replace):
    asked = []
    replace("serve", ServeOptions=make_dataclass("ServeOptions", _SERVE.split(), frozen=True), run=asked.append)
    assert run("serve").exit_code == 0
    ports = ["--ris-hl7-port=1", "--worklist-port=2", "--pacs-hl7-port=3", "--storage-port=4", "--emr-hl7-port=5"]
    tls = ["--tls-cert=c", "--tls-key=k", "--tls-ca=a"]
    named = ["--facility", "NORTH2", "--other-users", "--class", "--institution=i"]
    given = run("serve", "--home", "h", "--host", "0.0.0.0", "--addresses", "a.json", "--seed=7", *ports, *named, *tls)
    assert given.exit_code == 0
    usual, chosen = (vars(one) for one in asked)
    usually = [None, "127.0.0.1", None, 0, 0, 0, 0, 0, 1, "NORTHGATE", False, None, None, None, False, None]
    assert list(usual.values()) == usually
    assert list(chosen.values())[:9] == [Path("h"), "0.0.0.0", Path("a.json"), 1, 2, 3, 4, 5, 7]
    assert list(chosen.values())[9:] == ["NORTH2", True, Path("c"), Path("k"), Path("a"), True, Path("i")]


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_serve_refuses_what_is_no_port(run, port):
    assert run("serve", f"--storage-port={port}").exit_code == 2


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.OK, 0), (Verdict.NOTE, 0), (Verdict.PROBLEM, 1)])
def test_doctor_exits_with_1_on_a_problem(run, monkeypatch, verdict, code):
    monkeypatch.setattr(doctor, "examine", lambda _folder: iter([Finding("Python", verdict, "3.11", "Mend it.")]))
    assert run("doctor").exit_code == code


def test_workspace_says_what_it_laid_once(run, tmp_path):
    first, second = (run("workspace", "--folder", str(tmp_path / "lab")) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert str(tmp_path / "lab") in second.output
    assert ": new" in first.output
    assert "ipynb" not in second.output


def test_start_opens_the_first_lesson_in_the_work_folder(run, monkeypatch, tmp_path):
    asked = []

    def pretend(options, announce):
        asked.append(options)
        announce("http://127.0.0.1:8890/lab?token=x")

    monkeypatch.setattr(jupyter, "run", pretend)
    shown = run("start", "--folder", str(tmp_path), "--no-browser", "--port", "8890")
    assert shown.exit_code == 0, shown.output
    assert asked == [jupyter.JupyterOptions(tmp_path, "00_start_here.ipynb", "127.0.0.1", 8890, browser=False)]
    assert (tmp_path / "00_start_here.ipynb").is_file()
    assert "http://127.0.0.1:8890/lab?token=x\n" in shown.output


def test_test_runs_pytest_on_the_checkout(run, monkeypatch):
    asked = []

    def pretend(command, *, cwd, check):
        asked.append((command, cwd, check))
        return SimpleNamespace(returncode=5)

    monkeypatch.setattr(subprocess, "run", pretend)
    assert run("test", "-k", "nothing", "--help").exit_code == 5
    ((command, folder, _),) = asked
    assert command == [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-k", "nothing", "--help"]
    assert folder == Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("arguments", "quicker"),
    [
        (["notebooks"], True),
        (["-q", "notebooks/tour.ipynb", "notebooks/00_start_here.ipynb"], True),
        (["notebooks", "tests/test_cli.py"], False),
        (["-q"], False),
        (["no_such_folder"], False),
    ],
)
def test_notebooks_alone_are_compared_without_what_other_tests_need(run, monkeypatch, arguments, quicker):
    ran = []

    def pretend(command, **_):
        ran.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(cli.subprocess, "run", pretend)
    assert run("test", *arguments).exit_code == 0
    assert ran[0][-len(arguments) - 2 * quicker :] == [*arguments, *["-p", "no:hypothesispytest"] * quicker]


def test_bench_runs_the_benchmarks_of_the_checkout(run, monkeypatch):
    asked = []

    def pretend(command, *, env, check):
        asked.append((command, env["PYTHONPATH"].split(os.pathsep)[0], check))
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(subprocess, "run", pretend)
    assert run("bench", "worklist", "--json", "a b.json", "--help").exit_code == 1
    ((command, folder, _),) = asked
    assert command == [sys.executable, "-m", "benchmarks", "worklist", "--json", "a b.json", "--help"]
    assert folder == str(Path(__file__).resolve().parent.parent)


@pytest.mark.parametrize("command", ["test", "bench"])
def test_what_works_on_a_checkout_needs_one(run, monkeypatch, tmp_path, command):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages" / "hl7dicom_lab" / "cli.py"))
    shown = run(command)
    assert shown.exit_code == 1
    assert "from a checkout" in shown.output


@pytest.mark.parametrize("command", ["test", "bench"])
def test_what_needs_tools_says_where_they_come_from(run, monkeypatch, command):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    shown = run(command)
    assert shown.exit_code == 1
    assert f"start.py {command}" in shown.output


def test_a_terminal_without_the_letters_gets_replacements(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "hl7dicom_lab", "workspace", "--folder", str(tmp_path / "山田")]
    shown = subprocess.run(command, env=environment, capture_output=True, encoding="cp1252", check=False)
    assert shown.returncode == 0, shown.stderr
    assert f"{tmp_path / '??'}\n" in shown.stdout


def test_reset_puts_a_lesson_back_and_keeps_the_copy(run, tmp_path):
    run("workspace", "--folder", str(tmp_path))
    mine = tmp_path / "00_start_here.ipynb"
    fresh = mine.read_bytes()
    mine.write_bytes(b"mine")
    shown = run("reset", "0", "--folder", str(tmp_path))
    assert shown.exit_code == 0, shown.output
    assert mine.read_bytes() == fresh
    (kept,) = tmp_path.glob("00_start_here.*-*.ipynb")
    assert kept.read_bytes() == b"mine"
    assert kept.name in shown.output
    assert "ipynb" not in run("workspace", "--folder", str(tmp_path)).output, "the new copy is the course's own"


def test_reset_of_a_lesson_that_is_not_there_names_those_that_are(run):
    shown = run("reset", "13")
    assert shown.exit_code == 1
    assert "choose one of 00, 01" in shown.output


def test_progress_is_shown_and_taken_away(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(tmp_path / "progress.jsonl"))
    assert "00 Start here" in run("progress").output
    assert run("progress", "--csv").output.startswith("number,title,opened,")
    assert '"title": "Start here"' in run("progress", "--json").output
