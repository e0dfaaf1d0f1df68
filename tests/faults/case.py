"""One case of the battery of faults: what gets in, what comes back, and how it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from department import Department


@dataclass(frozen=True)
class Case:
    """A fault, or its neighbour that is right.

    `play` does it over a socket and returns what came back, in the words of `answers.py` or `dicom_answers.py`. What
    holds for every case is asserted by the engine, `test_faults.py`. A case whose department needs other settings
    starts a small one of its own inside `play` and asserts the same things there.
    """

    row: int  # of the list of faults, see `table.py`
    what: str  # what gets in: "a wrong called AE title"
    answer: str  # what comes back: "A-ASSOCIATE-RJ (1, 1, 7)"
    play: Callable[[Department], str]
    trace: str = ""  # a part of what the trace says about it; that remark has a rule and a repair
    untraced: str = ""  # why the trace has nothing to say, where `trace` is empty
    changes: bool = False  # the department rightly holds more afterwards; then `play` asserts what

    def __post_init__(self) -> None:
        if bool(self.trace) == bool(self.untraced):
            raise ValueError(f"row {self.row}, {self.what}: give either `trace`, or in `untraced` the reason for none")

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"row {self.row}: {self.what}"
