"""Python's collector rests during imports, and works before and after them as whoever runs the process wants it."""

import gc
import subprocess
import sys

import pytest

from hl7dicom_lab.resting_collector import resting_collector


@pytest.fixture
def collector():
    """The collector of this process, as it was afterwards."""
    was = gc.isenabled()
    yield gc
    gc.unfreeze()
    (gc.enable if was else gc.disable)()


def test_it_rests_and_works_again_also_when_an_import_fails(collector):
    collector.enable()
    with resting_collector():
        assert not collector.isenabled()
    assert collector.isenabled()
    with pytest.raises(ImportError), resting_collector():
        __import__("hl7dicom_lab.no_such_module")
    assert collector.isenabled()


def test_whoever_turned_it_off_keeps_it_off(collector):
    collector.disable()
    frozen = collector.get_freeze_count()
    with resting_collector():
        assert not collector.isenabled()
    assert not collector.isenabled()
    assert collector.get_freeze_count() == frozen


@pytest.mark.parametrize("name", ["Lab", "open_lesson"])
def test_what_was_imported_is_left_alone_and_what_comes_later_is_collected(name):
    code = f"""
import gc, weakref
from hl7dicom_lab import {name}
class Cycle: pass
one = Cycle(); one.itself = one; gone = weakref.ref(one); del one
frozen = gc.get_freeze_count()
from hl7dicom_lab import {name}
gc.collect()
print(gc.isenabled(), frozen > 10_000, gc.get_freeze_count() == frozen, gone() is None)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["True"] * 4
