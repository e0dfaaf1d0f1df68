"""A learner's function as the answer of an exercise: what to say where it raises, and where it is none.

Rule: what a function raises is told in its own words, with where to look; a blank in it is no mistake.
"""

from __future__ import annotations

from typing import Any

from hl7dicom_lab.course.exercise import Unfinished, YourCodeRaises, call
from hl7dicom_lab.verdict import Verdict, wrong


def raised(problem: YourCodeRaises, hint: str) -> Verdict:
    """The feedback on a function that raises, with what to look at; on one that gives back nothing, without.

    Raises `Unfinished` where it raises because of a blank in it.
    """
    if "ellipsis" in problem.words:
        raise Unfinished from problem
    return wrong(
        "raises", f"{problem.words} {hint}" if problem.words.startswith("Your function raises") else problem.words
    )


def asked_for_a_function(answer: Any) -> None:
    """No department starts for what is no function. Raises `YourCodeRaises`."""
    if not callable(answer):
        call(answer)
