"""What is in a kernel's environment: the course's start, and what the learner has set before."""

from pathlib import Path

from hl7dicom_lab.kernel_settings import kernel_settings


def test_a_kernel_begins_with_the_course_s_start(monkeypatch):
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)
    assert Path(kernel_settings()["PYTHONSTARTUP"]).read_text(encoding="utf-8").startswith('"""Run by each kernel')


def test_what_is_set_already_stays(monkeypatch):
    monkeypatch.setenv("PYTHONSTARTUP", "mine.py")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "1048576")
    assert kernel_settings() == {"PYTHONSTARTUP": "mine.py", "MALLOC_MMAP_THRESHOLD_": "1048576"}
