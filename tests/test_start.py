"""start.py prepares .venv once, mends what was interrupted, and never deletes what it did not make.

The installers are played by a function that leaves what they would leave; tests/test_start_run.py has the real ones.
"""

import ast
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_SOURCE = _ROOT / "start.py"


@pytest.fixture
def checkout(start, tmp_path):
    root = tmp_path / "Zoë's lab"
    root.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(_ROOT / name, root)
    return start.Checkout(root)


class PlayedInstallers:
    """Plays uv, venv and pip: notes each command, and leaves what it would leave. `failing` is a word of a command."""

    def __init__(self, checkout):
        self.checkout = checkout
        self.commands = []
        self.failing = ""
        self.says = ["Collecting numpy>=2.0\n"]
        self.raises = None

    def __call__(self, command):
        self.commands.append(command)
        if self.failing in command and self.failing:
            yield from self.says
            raise self.raises or subprocess.CalledProcessError(2, command)
        if "venv" in command:
            self.checkout.python.parent.mkdir(parents=True, exist_ok=True)
            self.checkout.python.symlink_to(sys.executable)
        if "-e" in command:
            pth = self.packages / "_hl7dicom_lab.pth"
            pth.parent.mkdir(parents=True, exist_ok=True)
            pth.write_text(str(self.checkout.root), encoding="utf-8", newline="\n")
        yield from self.says

    @property
    def packages(self):
        base = {"base": str(self.checkout.venv), "platbase": str(self.checkout.venv)}
        return Path(sysconfig.get_path("purelib", "venv", base))

    @property
    def made(self):
        return sum("venv" in command for command in self.commands)


@pytest.fixture
def played(start, checkout, monkeypatch):
    installers = PlayedInstallers(checkout)
    monkeypatch.setattr(start, "output_of", installers)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    return installers


@pytest.fixture
def with_uv(monkeypatch, played):
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}" if name == "uv" else None)
    return played


def _hide(monkeypatch, *modules):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in modules else find(name))


# ---- an old Python


def test_an_old_python_can_read_the_file_and_says_what_is_needed(monkeypatch):
    ast.parse(_SOURCE.read_text(encoding="utf-8"), feature_version=(3, 6))
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11.*\nNext step: "):
        exec(compile(_SOURCE.read_text(encoding="utf-8"), str(_SOURCE), "exec"), {"__name__": "start"})


def test_only_the_standard_library_is_imported():
    tree = ast.parse(_SOURCE.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


# ---- what is installed


def test_requirements_are_those_of_pyproject(checkout):
    plain = checkout.requirements([])
    assert "pynetdicom>=3.0.4" in plain
    assert {"hatchling>=1.27", "editables"} <= set(plain)
    assert not any(line.startswith("pytest") for line in plain)


def test_groups_bring_those_that_they_include_without_duplicates(checkout):
    dev = checkout.requirements(["test", "dev"])
    assert len(dev) == len(set(dev))
    assert any(line.startswith("pytest>=") for line in dev)
    assert any(line.startswith("ruff>=") for line in dev)


def test_the_first_run_makes_installs_and_remembers(start, checkout, played, capsys):
    start.prepare(checkout, [])
    make, packages, own = played.commands
    assert "venv" in make
    assert packages[packages.index("-c") + 1] == str(checkout.root / "constraints.txt")
    assert set(checkout.requirements([])) <= set(packages)
    assert own[-4:] == ("--no-deps", "--no-build-isolation", "-e", str(checkout.root))
    assert start.State.read(checkout).ready(checkout, [])
    shown = capsys.readouterr().out
    assert all(f"[{number}/3]" in shown for number in (1, 2, 3))


def test_the_second_run_does_nothing(start, checkout, played, capsys):
    start.prepare(checkout, [])
    played.commands.clear()
    capsys.readouterr()
    start.prepare(checkout, [])
    assert played.commands == []
    assert capsys.readouterr().out == ""


def test_new_pins_are_installed_into_the_environment_that_is_there(start, checkout, played):
    start.prepare(checkout, [])
    (checkout.root / "constraints.txt").write_text("numpy==2.4.6\n", encoding="utf-8", newline="\n")
    start.prepare(checkout, [])
    assert (played.made, len(played.commands)) == (1, 5)


def test_a_group_is_added_and_stays(start, checkout, played):
    start.prepare(checkout, [])
    start.prepare(checkout, ["test"])
    assert any(word.startswith("pytest>=") for word in played.commands[-2])
    (checkout.root / "constraints.txt").write_text("numpy==2.4.6\n", encoding="utf-8", newline="\n")
    start.prepare(checkout, [])
    assert any(word.startswith("pytest>=") for word in played.commands[-2])
    assert played.made == 1


def test_the_folder_is_found_by_a_path_that_every_encoding_can_read(start, checkout, played):
    start.prepare(checkout, [])
    line = (played.packages / "_hl7dicom_lab.pth").read_text(encoding="ascii").strip()
    assert (played.packages / line).resolve() == checkout.root.resolve()


# ---- what went wrong before


@pytest.mark.parametrize("step", ["venv", "-c", "-e"])
def test_an_install_that_failed_is_made_anew(start, checkout, played, step):
    played.failing = step
    with pytest.raises(start.SetupFailed, match="It stopped while"):
        start.prepare(checkout, [])
    assert not start.State.read(checkout).ready(checkout, [])
    (checkout.venv / "half-written").write_text("", encoding="utf-8", newline="\n")
    played.failing = ""
    start.prepare(checkout, [])
    assert start.State.read(checkout).ready(checkout, [])
    assert not (checkout.venv / "half-written").exists()


def test_an_interrupted_install_is_made_anew(start, checkout, played, capsys):
    played.failing, played.raises = "-c", KeyboardInterrupt()
    assert start.main(["setup"], checkout) == 130
    assert "Run the same command again" in capsys.readouterr().err
    played.failing = ""
    assert start.main(["setup"], checkout) == 0
    assert played.made == 2


def test_an_update_that_failed_is_not_ready(start, checkout, played):
    start.prepare(checkout, [])
    played.failing = "-c"
    with pytest.raises(start.SetupFailed):
        start.prepare(checkout, ["test"])
    assert not start.State.read(checkout).ready(checkout, [])


def test_a_moved_folder_gets_a_new_environment(start, checkout, played, tmp_path):
    start.prepare(checkout, [])
    moved = start.Checkout(checkout.root.rename(tmp_path / "elsewhere"))
    played.checkout = moved
    start.prepare(moved, [])
    assert played.made == 2
    assert start.State.read(moved).ready(moved, [])


def test_another_python_gets_a_new_environment(start, checkout, played, monkeypatch):
    start.prepare(checkout, [])
    monkeypatch.setattr(start, "this_python", lambda: "cpython 3.99")
    start.prepare(checkout, [])
    assert played.made == 2


def test_a_python_that_went_away_gets_a_new_environment(start, checkout, played):
    start.prepare(checkout, [])
    checkout.python.unlink()
    start.prepare(checkout, [])
    assert played.made == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"own": true}', '{"groups": [], "new": 1}'])
def test_a_broken_state_counts_as_unfinished(start, checkout, played, content):
    start.prepare(checkout, [])
    checkout.state_file.write_text(content, encoding="utf-8", newline="\n")
    start.prepare(checkout, [])
    assert played.made == 2


def test_an_environment_that_somebody_else_made_is_used_and_never_deleted(start, checkout, played):
    checkout.python.parent.mkdir(parents=True)
    checkout.python.symlink_to(sys.executable)
    mine = checkout.venv / "mine"
    mine.write_text("", encoding="utf-8", newline="\n")
    start.prepare(checkout, [])
    assert (played.made, len(played.commands)) == (0, 2)
    assert start.State.read(checkout).ready(checkout, [])
    checkout.python.unlink()
    with pytest.raises(start.SetupFailed, match="rename or delete"):
        start.prepare(checkout, [])
    assert mine.exists()


# ---- what there is to install with


def test_uv_is_used_where_it_is(start, checkout, with_uv):
    start.prepare(checkout, [])
    assert {command[0] for command in with_uv.commands} == {"/opt/uv"}
    assert str(checkout.python) in with_uv.commands[1]


def test_pip_tries_where_uv_could_not(start, checkout, with_uv, capsys):
    with_uv.failing = "/opt/uv"
    start.prepare(checkout, [])
    assert "uv could not do it" in capsys.readouterr().out
    assert start.State.read(checkout).ready(checkout, [])


def test_without_ensurepip_the_package_to_install_is_named(start, checkout, played, monkeypatch, capsys):
    _hide(monkeypatch, "ensurepip")
    assert start.main(["demo"], checkout) == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt install python{version}-venv" in capsys.readouterr().err
    assert played.commands == []


def test_uv_needs_no_ensurepip(start, checkout, with_uv, monkeypatch):
    _hide(monkeypatch, "ensurepip")
    start.prepare(checkout, [])
    assert with_uv.made == 1
