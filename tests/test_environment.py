"""pyproject.toml, constraints.txt and environment.yml describe one environment."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

_ROOT = Path(__file__).resolve().parent.parent
_BOUND = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")
_PIN = re.compile(r"([a-z0-9-]+)==([0-9A-Za-z.]+)( ; [^#]+)?")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load((_ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pip_lines(environment):
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    return pip


@pytest.fixture(scope="module")
def pins():
    """The pinned versions by name; one package may have several, for different Pythons."""
    found: dict[str, set[str]] = {}
    for line in _pin_lines():
        match = _PIN.fullmatch(line)
        assert match, f"not an exact version: {line!r}"
        found.setdefault(match[1], set()).add(match[2])
    return found


def _pin_lines():
    lines = (_ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def _grouped(groups, name):
    for entry in groups[name]:
        yield from _grouped(groups, entry["include-group"]) if isinstance(entry, dict) else [entry]


def _numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version))


def test_dependencies_are_names_with_a_lowest_version(project):
    # environment.yml, the doctor and this file rely on that form.
    assert all(_BOUND.fullmatch(line) for line in project["project"]["dependencies"])


def test_conda_installs_the_same_names_and_bounds(project, pip_lines):
    assert [line for line in pip_lines if not line.startswith("-")] == project["project"]["dependencies"]


def test_conda_installs_the_pinned_versions_and_the_lab_itself(pip_lines):
    assert [line for line in pip_lines if line.startswith("-")] == ["-c constraints.txt", "-e ."]


def test_conda_brings_a_supported_python_from_conda_forge_only(project, environment):
    (python,) = (entry for entry in environment["dependencies"] if str(entry).startswith("python"))
    version = python.removeprefix("python=")
    assert f"Programming Language :: Python :: {version}" in project["project"]["classifiers"]
    assert environment["name"] == "hl7dicom_lab"
    assert environment["channels"] == ["conda-forge"]


def test_every_dependency_is_pinned_at_or_above_its_bound(project, pins):
    groups = project["dependency-groups"]
    lines = [
        *project["project"]["dependencies"],
        *project["build-system"]["requires"],
        *_grouped(groups, "test"),
        *_grouped(groups, "dev"),
    ]
    for line in lines:
        match = _BOUND.fullmatch(line)
        name, lowest = (match[1], match[2]) if match else (line, "0")
        assert name.lower() in pins, f"{name} has no version in constraints.txt"
        assert all(_numbers(version) >= _numbers(lowest) for version in pins[name.lower()]), line


def test_what_an_editable_install_needs_is_pinned(pins):
    assert "editables" in pins


def test_constraints_hold_versions_and_nothing_of_a_machine(pins):
    assert pins
    text = "\n".join(_pin_lines())
    assert not re.search(r"://|--|\bfile:|(^|\s)[/~.]", text, re.MULTILINE)


def test_pins_that_differ_by_python_cover_the_supported_versions(pins):
    # numpy's newest release wants a newer Python than 3.11: each Python must find exactly one pin.
    lines = [line for line in _pin_lines() if line.startswith("numpy==")]
    assert len(lines) == len(pins["numpy"])
    assert {line.partition(" ; ")[2] for line in lines} in (
        {""},
        {"python_full_version < '3.12'", "python_full_version >= '3.12'"},
    )
