"""What the classroom takes of a learner's progress: one frozen value an entry, and how much of it.

Rule: this is the whole of what is sent and stored. There is no field for what was typed, for a time of the learner's
clock, or for an address.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The kinds of entries that `course/progress.py` writes.
KINDS = ("lesson", "exercise", "hint", "solution", "question", "answer shown", "test", "ticket")

#: Most characters of a learner's name or alias.
ALIAS_LENGTH = 40
#: Most characters of a mistake's name; the longest of the course has 34.
DETAIL_LENGTH = 60
#: Most entries in one request; a class of 40 that comes back from a break sends as many requests as it needs.
ENTRIES_A_REQUEST = 200
#: Most entries of one learner: the whole course, done fifty times.
ENTRIES_A_LEARNER = 20_000
#: Most lines that are read of a progress file, those that hold no entry among them.
LINES_OF_A_FILE = 100_000
#: Most learners in one class.
LEARNERS = 500
#: Most bytes of a request's body.
BODY_BYTES = 128 * 1024
#: A request a second for each learner in the long run, and as many at once.
REQUESTS_A_SECOND = 2.0
REQUESTS_AT_ONCE = 60
#: So many learners join from one address at once, and then one every two seconds: nobody fills a class in a moment.
JOINS_AT_ONCE = 100
JOINS_A_SECOND = 0.5
#: Wrong join codes and tokens a minute from one address, kept in memory only.
WRONG_KEYS_A_MINUTE = 30

#: What is told to whoever joins, and in docs/classroom.md.
STORED = (
    "The classroom stores your name or alias, which lessons, exercises and questions you are at, whether an answer was "
    "right, the name of a known mistake, the hints and solutions that you used, and when that arrived. It does not "
    "store what you typed, nor your address. Your instructor sees it, the other learners do not, and your instructor "
    "can delete it."
)


@dataclass(frozen=True)
class Kept:
    """One entry. `book` tells a progress file from the one that came after it was deleted; `number` is its line.

    Learner, book and number together are its identity: the same entry sent twice counts once.
    """

    book: str
    number: int
    what: str
    id: str
    outcome: str = ""
    detail: str = ""
