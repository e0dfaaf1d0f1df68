"""What a learner is told about an answer: an outcome, and the words that teach.

Rule: there are four outcomes and none is an exception. A blank is "not attempted", a wrong answer is told what is
wrong with it, and where the check itself cannot run, the learner is told what to do instead of being blamed.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended."""

    NOT_ATTEMPTED = "not attempted"
    INCORRECT = "not yet"
    CORRECT = "correct"
    NOT_CHECKED = "could not be checked"


#: A sign and a word for each outcome, so that colour is never the only sign.
_SIGNS = {
    Outcome.NOT_ATTEMPTED: ("○", "Not attempted.", "#6b7280"),
    Outcome.INCORRECT: ("✗", "Not yet.", "#b45309"),
    Outcome.CORRECT: ("✓", "Correct.", "#15803d"),
    Outcome.NOT_CHECKED: ("?", "Could not be checked.", "#6b7280"),
}


@dataclass(frozen=True)
class Verdict:
    """The outcome of one attempt. `mistake` is the short name of a known mistake, for progress and statistics."""

    outcome: Outcome
    words: str = ""
    mistake: str = ""

    @property
    def correct(self) -> bool:
        """Whether the answer is right."""
        return self.outcome is Outcome.CORRECT

    @property
    def heading(self) -> str:
        """The sign and the word, such as `✓ Correct.`, for every form in which a verdict is shown."""
        sign, word, _ = _SIGNS[self.outcome]
        return f"{sign} {word}"

    def __str__(self) -> str:
        return f"{self.heading} {self.words}".rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = _SIGNS[self.outcome][2]
        words = html.escape(self.words).replace("\n", "<br>")
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:0.3em 0.8em;text-align:left;'
            f'overflow-wrap:anywhere"><strong>{html.escape(self.heading)}</strong> {words}</div>'
        )


def right(words: str) -> Verdict:
    """The answer is right; `words` say what it brought about."""
    return Verdict(Outcome.CORRECT, words)


def wrong(mistake: str, words: str) -> Verdict:
    """The answer is wrong in a way that has a name; `words` name the thing, the rule and what to look at."""
    return Verdict(Outcome.INCORRECT, words, mistake)


def not_attempted(words: str = "Replace the ... by your own code, then run the cell again.") -> Verdict:
    """There is still a blank in the answer."""
    return Verdict(Outcome.NOT_ATTEMPTED, words)


def not_checked(words: str) -> Verdict:
    """The check could not run; `words` say what to do."""
    return Verdict(Outcome.NOT_CHECKED, words)
