"""The doctor finds what is wrong with a machine, and says how to mend it."""

import io
import shutil
import socket
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from rich.console import Console

from hl7dicom_lab import doctor
from hl7dicom_lab.doctor import Finding, Verdict


def _shown(*findings: Finding) -> tuple[bool, str]:
    output = io.StringIO()
    well = doctor.report(iter(findings), Console(file=output, width=100))
    return well, output.getvalue()


def test_a_machine_that_runs_these_tests_is_well(tmp_path):
    findings = list(doctor.examine(tmp_path / "not there yet"))
    assert [one for one in findings if one.verdict is Verdict.PROBLEM] == []
    assert {"Python", "pydicom", "loopback", "free ports", "notebook kernel", "work folder", "disk space"} <= {
        one.subject for one in findings
    }


def test_looking_leaves_nothing_behind(tmp_path):
    list(doctor.examine(tmp_path / "lab"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), Verdict.PROBLEM), ((3, 11), Verdict.OK), ((3, 13), Verdict.OK), ((3, 14), Verdict.NOTE)],
)
def test_python_versions(version, verdict):
    assert doctor.check_python(version).verdict is verdict


@pytest.mark.parametrize(
    ("installed", "verdict", "says"),
    [
        ("", Verdict.PROBLEM, "not installed"),
        ("3.0.3", Verdict.PROBLEM, "3.0.4 or newer is needed"),
        ("3.0.4", Verdict.OK, "3.0.4"),
        ("3.0.10", Verdict.NOTE, "tested with 3.0.4 or 3.0.5"),
        ("3.1rc1", Verdict.NOTE, "tested with"),
    ],
)
def test_packages(installed, verdict, says):
    pins = {"pynetdicom": frozenset({"3.0.5", "3.0.4"})}
    (finding,) = doctor.check_packages({"pynetdicom": "3.0.4"}, pins, {"pynetdicom": installed}.get)
    assert finding.verdict is verdict
    assert says in finding.found
    assert bool(finding.mend) == (verdict is Verdict.PROBLEM)


def test_without_constraints_any_new_enough_version_is_fine():
    (finding,) = doctor.check_packages({"rich": "13.7"}, {}, {"rich": "99.0"}.get)
    assert finding.verdict is Verdict.OK


def test_requirements_and_pins_are_found():
    assert doctor.required_packages()["pynetdicom"] == "3.0.4"
    assert doctor.pinned_versions()["hl7"] == frozenset({"0.4.5"})
    assert doctor.installed_version("no-such-package") == ""


def test_requirements_come_from_the_checkout_where_the_lab_is_not_installed(monkeypatch):
    def not_installed(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "requires", not_installed)
    assert doctor.required_packages()["pynetdicom"] == "3.0.4"


def test_no_loopback_is_a_problem(monkeypatch):
    def refuse(*_args, **_options):
        raise OSError("blocked by the firewall")

    monkeypatch.setattr(socket, "create_server", refuse)
    for finding in (doctor.check_loopback(), doctor.check_ports()):
        assert finding.verdict is Verdict.PROBLEM
        assert finding.found == "blocked by the firewall"
        assert finding.mend


def test_a_kernel_that_cannot_be_imported_is_a_problem(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel.kernelspec", None)
    finding = doctor.check_kernel()
    assert finding.verdict is Verdict.PROBLEM
    assert "start.py" in finding.mend


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8", newline="\n")
    finding = doctor.check_folder("work folder", tmp_path / "file" / "lab", "Choose another.")
    assert (finding.verdict, finding.mend) == (Verdict.PROBLEM, "Choose another.")


@pytest.mark.parametrize(("megabytes", "verdict"), [(20, Verdict.PROBLEM), (300, Verdict.NOTE), (900, Verdict.OK)])
def test_disk_space(monkeypatch, tmp_path, megabytes, verdict):
    usage = namedtuple("usage", "total used free")(0, 0, megabytes * 1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    assert doctor.check_space(tmp_path / "lab").verdict is verdict


def test_the_report_is_readable_without_colour():
    well, text = _shown(Finding("Python", Verdict.OK, "3.11"), Finding("rich", Verdict.NOTE, "99; tested with 15"))
    assert well
    assert "\x1b" not in text
    assert "The lab can run here." in text


def test_the_report_names_every_problem_and_its_repair():
    well, text = _shown(
        Finding("hl7", Verdict.PROBLEM, "not installed", "Run start.py."),
        Finding("work folder", Verdict.PROBLEM, "/x[red]: read-only", "Choose another."),
    )
    assert not well
    assert "hl7: not installed. To mend it: Run start.py." in text
    assert "work folder: /x[red]: read-only. To mend it: Choose another." in text
    assert "2 problems." in text


def test_a_missing_folder_is_judged_by_the_one_above(tmp_path):
    finding = doctor.check_folder("work folder", tmp_path / "a" / "b", "")
    assert finding.verdict is Verdict.OK
    assert finding.found == str(Path(tmp_path / "a" / "b"))
