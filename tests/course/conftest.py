"""Tests of the course write no progress into anybody's own file."""

from __future__ import annotations

import pytest

from hl7dicom_lab.course.progress import VARIABLE


@pytest.fixture(autouse=True)
def no_progress_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, ":memory:")
