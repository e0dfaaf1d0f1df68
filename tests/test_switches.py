"""The two switches of tests/conftest.py do what they say, in a pytest of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SAMPLE = """
import pytest

def test_inside():
    pass

@pytest.mark.interop
def test_outside():
    raise RuntimeError("findscu is not installed")

def test_that_skips():
    pytest.skip("no reason")
"""


@pytest.fixture
def run_sample(tmp_path: Path):
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_sample.py").write_text(_SAMPLE, encoding="utf-8", newline="\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = interop: outside\n", encoding="utf-8", newline="\n")

    def run(*options: str, **variables: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("HL7DICOM_LAB_", "PYTEST_"))}
        clean["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # plugins take longer to load than these tests to run
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "xdist", "--color=no", *options]
        done = subprocess.run(
            command, cwd=tmp_path, env={**clean, **variables}, capture_output=True, encoding="utf-8", check=False
        )
        return done.stdout.splitlines()[-1]

    return run


def test_interop_tests_are_deselected_not_skipped_by_default(run_sample):
    assert "1 passed, 1 skipped, 1 deselected" in run_sample()


@pytest.mark.parametrize(
    ("options", "variables"), [(["--interop"], {}), ([], {"HL7DICOM_LAB_INTEROP": "1"})], ids=["option", "variable"]
)
def test_interop_tests_run_and_fail_when_switched_on(run_sample, options, variables):
    assert "1 failed, 1 passed, 1 skipped" in run_sample(*options, **variables)


def test_a_skip_is_a_failure_where_skips_are_refused(run_sample):
    assert "1 failed, 1 passed, 1 deselected" in run_sample(HL7DICOM_LAB_NO_SKIPS="1")


def test_a_module_that_skips_itself_is_a_failure_too(run_sample, tmp_path):
    (tmp_path / "test_module.py").write_text(
        "import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8", newline="\n"
    )
    assert "1 passed, 2 skipped" in run_sample()
    assert "1 error" in run_sample(HL7DICOM_LAB_NO_SKIPS="1")


def test_switches_work_in_parallel_runs(run_sample):
    assert "1 failed, 1 passed" in run_sample("-n", "2", HL7DICOM_LAB_NO_SKIPS="1")
