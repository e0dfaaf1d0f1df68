r"""Escape sequences: how a field holds a character that separates fields (HL7 v2.5.1 section 2.7).

Rule: decoded exactly once when a value is read, encoded exactly once when it is written. An unknown sequence stays as
it is, so that nothing of a text is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Separators:
    """MSH-1 and MSH-2: the characters that structure a message."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


#: Formatting commands of FT text (section 2.7.6) that become line breaks; the others only lay text out.
_LINE_BREAKS = (".br", ".sp", ".ce")
_LAYOUT = (".fi", ".nf", ".in", ".ti", ".sk")
#: What no text of a message holds as it is: C0 but for tabulator and line ends, DEL, and C1. It is escaped by its bytes
#: in UTF-8.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


_USUAL = Separators()


def unescape(text: str, separators: Separators, codec: str = "utf-8") -> str:
    r"""The value of a field as people read it. `\Xdd..\` bytes are read with the message's codec."""
    escape = separators.escape
    if not escape or escape not in text:
        return text
    sequence = re.compile(re.escape(escape) + "([^" + re.escape(escape) + "]*)" + re.escape(escape))
    return sequence.sub(lambda found: _meaning(found.group(1), separators, codec, found.group(0)), text)


def _meaning(command: str, separators: Separators, codec: str, unchanged: str) -> str:
    letters = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
        "H": "",  # begin and end of highlighting: for the eye only
        "N": "",
    }
    if command in letters:
        return letters[command]
    if command[:1] == "X" and len(command) % 2 == 1:
        try:
            return bytes.fromhex(command[1:]).decode(codec)
        except ValueError:
            return unchanged
    if command.startswith(_LINE_BREAKS):
        digits = command[3:].lstrip("+")
        lines = int(digits.lstrip("0")[:4] or 0) if digits.isascii() and digits.isdigit() else 1
        return "\n" * min(lines, 100)
    return "" if command.startswith(_LAYOUT) else unchanged


def escape(text: str, separators: Separators | None = None, *, formatted: bool = False) -> str:
    r"""The value as it may stand in a field. Line breaks become `\.br\` in formatted text (FT, TX), else `\X0D\`."""
    marks = separators or _USUAL
    if stands_as_it_is(text, marks):
        return text
    mark = marks.escape
    table = {
        marks.field: "F",
        marks.component: "S",
        marks.subcomponent: "T",
        marks.repetition: "R",
        marks.escape: "E",
        "\n": ".br" if formatted and "." not in marks.field + marks.encoding_characters else "X0A",
        "\r": "X0D",
    }
    if formatted:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not mark:  # a message without escape character has no way to write them
        return "".join(" " if one in table else one for one in text)
    for control in CONTROL.findall(text):
        table.setdefault(control, "X" + control.encode().hex().upper())
    return "".join(f"{mark}{table[one]}{mark}" if one in table else one for one in text)


def stands_as_it_is(text: str, marks: Separators) -> bool:
    """Whether no character of a text has to be escaped."""
    return not _escaped(marks).search(text)


@lru_cache(maxsize=64)  # bounded, because a sender chooses its separators
def _escaped(marks: Separators) -> re.Pattern[str]:
    return re.compile(f"[\r\n{re.escape(marks.field + marks.encoding_characters)}]|{CONTROL.pattern}")
