"""Whatever has a start and a stop runs as long as a `with` block, also where the block ends in an error."""

from typing import Self

import pytest

from hl7dicom_lab.running import Running


class Recorded(Running):
    def __init__(self):
        self.told = []

    def start(self) -> Self:
        self.told.append("started")
        return self

    def stop(self) -> None:
        self.told.append("stopped")


def test_it_runs_for_the_length_of_the_block():
    with Recorded() as one:
        assert one.told == ["started"]
    assert one.told == ["started", "stopped"]


def test_an_error_stops_it_and_goes_on():
    one = Recorded()
    with pytest.raises(ValueError, match="mine"), one:
        raise ValueError("mine")
    assert one.told == ["started", "stopped"]
