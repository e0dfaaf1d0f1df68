"""Wild cards in a key: "*" is any sequence of characters, also none, "?" any one (PS3.4 section C.2.2.2.4).

Rule: a key from the wire must not be able to keep the processor busy. The patterns run in time proportional to the
length of the text, however many "*" a key has.
"""

from __future__ import annotations

import fnmatch
import re

#: The VRs in which "*" and "?" are wild cards.
WILD_CARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})

_ESCAPED = re.compile(r"\[(.)\]")


def compile_wild_card(pattern: str) -> re.Pattern[str]:
    """A pattern in `glob`'s notation, where `[c]` is the character c itself, as a regular expression."""
    return re.compile(fnmatch.translate(pattern))


def literal_prefix(pattern: str) -> str:
    """What every match of a pattern in `glob`'s notation begins with."""
    plain = ""
    position = 0
    while position < len(pattern) and pattern[position] not in "*?":
        escaped = _ESCAPED.match(pattern, position)
        plain += escaped[1] if escaped else pattern[position]
        position = escaped.end() if escaped else position + 1
    return plain
