"""A wheel carries the whole course, and works from any folder of a machine that has nothing else of it."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built by the hatchling that is installed: `start.py` and the dev group bring it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _course_files():
    """What a checkout has under notebooks/ and data/, without what tools leave there."""
    for top in ("notebooks", "data"):
        for path in (_ROOT / top).rglob("*"):
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts):
                yield path.relative_to(_ROOT).as_posix()


def test_the_wheel_carries_every_notebook_and_all_data(names):
    expected = {f"hl7dicom_lab/_course/{name}" for name in _course_files()}
    assert any(name.endswith("notebooks/tour.ipynb") for name in expected)
    assert expected <= names


def test_the_wheel_carries_every_module_and_the_licence(names):
    modules = {path.relative_to(_ROOT).as_posix() for path in (_ROOT / "hl7dicom_lab").rglob("*.py")}
    assert modules | {"hl7dicom_lab/py.typed"} <= names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_carries_nothing_else(names):
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"hl7dicom_lab"}
    assert not [name for name in names if "__pycache__" in name or ".ipynb_checkpoints" in name or "/tests/" in name]


def test_the_wheel_installs_the_command(wheel, names):
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        assert b"hl7dicom-lab = hl7dicom_lab.cli:main" in archive.read(entry_points)


@pytest.mark.interop
def test_the_wheel_alone_runs_the_demo_and_the_course_from_another_folder(wheel, started_jupyterlab, tmp_path):
    environment, elsewhere = tmp_path / "an empty environment", tmp_path / "elsewhere"
    elsewhere.mkdir()
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    # Outside of the checkout, with the tested versions: what is new on the index today is another test's subject.
    _install(wheel, programs / "python", elsewhere)
    command = str(programs / "hl7dicom-lab")
    _run([command, "demo"], elsewhere)
    assert (elsewhere / "demo.png").read_bytes().startswith(b"\x89PNG")
    with started_jupyterlab([command], tmp_path / "work", {}) as lab:
        assert b"JupyterLab" in lab.fetch(lab.page)
    assert (tmp_path / "work" / "tour.ipynb").is_file()


def _install(wheel, python, folder):
    """Install the wheel by uv where it is there, which takes seconds, or by pip, as `start.py` does."""
    what = ["-q", "-c", str(_ROOT / "constraints.txt"), str(wheel)]
    uv = shutil.which("uv")
    if uv is None:
        _run([str(python), "-m", "pip", "install", *what], folder)
    else:
        _run([uv, "pip", "install", "--python", str(python), *what], folder)


def _run(command, folder):
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    clean["PYTHONIOENCODING"] = "utf-8"
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
