"""How much the fuzzing tests try, and how they spoil bytes.

In the suite every one of them tries the same cases in the same order and is done in seconds. An engineer who wants more
sets HL7DICOM_LAB_FUZZ to a number, and each tries that many times as many, those of hypothesis other ones at each run:

    HL7DICOM_LAB_FUZZ=100 python3 start.py test tests/services/test_listener_fuzz.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

TIMES = max(1, int(os.environ.get("HL7DICOM_LAB_FUZZ", "1")))


def tried(examples: int) -> settings:
    """The settings of a property test that tries `examples` in the suite."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


@dataclass(frozen=True)
class Edit:
    """One thing that is done to a stream of bytes. `at` is taken modulo its length."""

    kind: str
    at: int
    size: int = 1
    piece: bytes = b""

    def __call__(self, stream: bytes) -> bytes:
        at = self.at % (len(stream) + 1)
        before, part, after = stream[:at], stream[at : at + self.size], stream[at + self.size :]
        match self.kind:
            case "flip":
                return before + bytes(byte ^ (1 << self.size % 8) for byte in part[:1]) + part[1:] + after
            case "cut":
                return before + after
            case "end":
                return before
            case "repeat":
                return before + part * 3 + after
            case "insert":
                return before + self.piece + part + after
            case "overwrite":
                return before + self.piece + stream[at + len(self.piece) :]
        raise AssertionError(self.kind)


KINDS = ("flip", "cut", "end", "repeat", "insert", "overwrite")


def edited(stream: bytes, edits: Sequence[Edit]) -> bytes:
    """The stream after all of the edits."""
    for edit in edits:
        stream = edit(stream)
    return stream


def drawn_edits(pieces: Sequence[bytes]) -> st.SearchStrategy[list[Edit]]:
    """A few edits, drawn by hypothesis; what is inserted is one of `pieces`, or any bytes."""
    piece = st.one_of(st.sampled_from(pieces), st.binary(max_size=4))
    edit = st.builds(Edit, st.sampled_from(KINDS), st.integers(0, 5000), st.integers(1, 40), piece)
    return st.lists(edit, min_size=1, max_size=4)


def random_edits(chance: random.Random, pieces: Sequence[bytes]) -> list[Edit]:
    """A few edits, drawn by a random number generator."""
    return [
        Edit(
            chance.choice(KINDS),
            chance.randrange(5000),
            chance.choice((1, 1, 2, 4, chance.randrange(1, 200))),
            chance.choice((chance.choice(pieces), chance.randbytes(chance.randrange(1, 6)))),
        )
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6)))
    ]
