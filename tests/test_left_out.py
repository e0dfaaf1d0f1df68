"""What a library can do without is left out of its import, and is there for whoever asks for it."""

import subprocess
import sys

import pytest

from hl7dicom_lab.left_out import left_out

_PART = "hl7dicom_lab_part"


def says(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    return done.stdout.split()


def test_a_part_is_missing_in_the_block_and_there_afterwards(tmp_path, monkeypatch):
    (tmp_path / f"{_PART}.py").write_text("", encoding="utf-8", newline="\n")
    monkeypatch.syspath_prepend(tmp_path)
    with left_out(_PART), pytest.raises(ImportError):
        __import__(_PART)
    assert __import__(_PART).__name__ == _PART
    own = sys.modules[_PART]
    with left_out(_PART):
        assert __import__(_PART) is own
    assert sys.modules.pop(_PART) is own


def test_it_is_there_again_when_the_block_fails():
    with pytest.raises(RuntimeError), left_out(_PART):
        raise RuntimeError
    assert _PART not in sys.modules


@pytest.mark.parametrize("name", ["Lab", "open_lesson"])
def test_the_lab_comes_without_requests_and_a_learner_gets_it(name):
    code = (
        f"from hl7dicom_lab import {name}; import sys; print('requests' in sys.modules); import requests, pydicom.data"
    )
    assert says(f"{code}; print(requests.__name__, pydicom.data.get_testdata_file('CT_small.dcm') is not None)") == [
        "False",
        "requests",
        "True",
    ]


def test_whoever_has_imported_pydicom_keeps_it_as_it_is():
    code = "import pydicom, pydicom.data.download as one; had = one.HAVE_REQUESTS; from hl7dicom_lab import Lab"
    assert says(f"{code}; import pydicom.data.download as now; print(now is one and now.HAVE_REQUESTS == had)") == [
        "True"
    ]
