"""The limit of open files is raised as far as the system lets it, and never lowered."""

import sys

import pytest

from hl7dicom_lab.open_files import allow

resource = pytest.importorskip("resource") if sys.platform != "win32" else None


@pytest.fixture
def limits():
    """Sets this process's soft limit; what it was is there again afterwards."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda soft: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(resource is None, reason="Windows has no such limit")
class TestAllow:
    def test_a_limit_is_raised(self, limits):
        limits(500)
        assert allow(700) == 700
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 700

    def test_one_that_is_high_enough_stays(self, limits):
        limits(800)
        assert allow(700) == 700
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 800

    def test_what_cannot_be_had_is_told(self, monkeypatch):
        monkeypatch.setattr(resource, "getrlimit", lambda _: (300, 400))
        monkeypatch.setattr(resource, "setrlimit", refuse)
        assert allow(700) == 300


def refuse(*_):
    raise ValueError("not permitted")
