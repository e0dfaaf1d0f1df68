"""What the system refuses is told with the place, the reason and the next step; anything else passes."""

import errno

import pytest

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.os_errors import told


def test_it_names_the_place_the_reason_and_the_next_step(tmp_path):
    path = tmp_path / "nowhere" / "slides.html"
    with pytest.raises(SetupError) as caught, told("the slides cannot be written", path, "choose another folder"):
        path.write_text("x", encoding="utf-8")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert caught.value.where == str(path)
    reason = caught.value.__cause__.strerror
    assert str(caught.value) == f"{path}: the slides cannot be written ({reason}). Next step: choose another folder"


def test_a_reason_without_words_is_the_errors_own():
    with (
        pytest.raises(SetupError, match=r"cannot be written \(the disk is full\)"),
        told("it cannot be written", "a", "b"),
    ):
        raise OSError("the disk is full")
    with pytest.raises(SetupError, match="No space left"), told("it cannot be written", "a", "b"):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("other", [ValueError("x"), KeyboardInterrupt()])
def test_what_is_no_refusal_of_the_system_passes(other):
    with pytest.raises(type(other)), told("it cannot be written", "a", "b"):
        raise other


def test_what_is_given_in_the_block_stays():
    with told("it cannot be written", "a", "b"):
        value = 5
    assert value == 5
