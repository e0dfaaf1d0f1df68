"""Person names as they are compared (PS3.5 section 6.2 PN; PS3.4 sections C.2.2.2.1.1 and C.2.2.2.4).

The standard leaves the matching of names to the conformance statement. The rules here:

* Case and accents do not count: `müller^anna` finds `MULLER^ANNA`. Neither does width (half-width katakana), and ß
  counts as ss. Letters of their own (ø, ł, æ) keep their difference, kana and Hangul their marks.
* A name has up to three component groups, divided by "=": alphabetic, ideographic, phonetic. A key with one group
  matches a name that has it in any of its groups; a key with several compares each with the group in its place.
* Components are divided by "^"; spaces around them and empty components at the end do not count.
* "*" runs over components (`YAMADA*` finds `YAMADA^TAROU`), but never from one group into another.
"""

from __future__ import annotations

import glob
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from hl7dicom_lab.dicom.wild_cards import compile_wild_card, literal_prefix

GROUPS = 3
COMPONENTS = 5
#: Combining diacritical marks. Marks outside this block change a letter into another: か and が.
_ACCENTS = dict.fromkeys(range(0x0300, 0x0370))
_WILD_CARD = re.compile(r"([*?])")


def name_key(name: str) -> str:
    """The form in which names are compared and indexed: groups joined by "=", without case, accents and padding."""
    return "=".join(group_keys(name)).rstrip("=")


def group_keys(name: str) -> tuple[str, ...]:
    """The normal form of each component group, in order; an absent group is ""."""
    return tuple(_normal_group(group) for group in name.split("="))


def _normal_group(group: str) -> str:
    if group.isascii() and " " not in group:
        return group.casefold().rstrip("^")
    return "^".join(map(_normal_component, group.split("^"))).rstrip("^")


def _normal_component(component: str) -> str:
    """A component in normal form; one of nothing but accents stays what it is."""
    return _normal(component.strip()).strip() or unicodedata.normalize("NFC", component.strip().casefold())


def _normal(text: str) -> str:
    if text.isascii():
        return text.casefold()
    bare = unicodedata.normalize("NFKD", text).translate(_ACCENTS).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", bare).translate(_ACCENTS))


@dataclass(frozen=True)
class GroupTest:
    """What one component group of a key asks for. `exact` is a normal form; None where wild cards decide."""

    exact: str | None
    patterns: tuple[re.Pattern[str], ...]
    prefix: str  # what every match begins with

    def admits(self, group: str) -> bool:
        """Whether a group in normal form is asked for. An absent group never is."""
        if not group:
            return False
        if self.exact is not None:
            return group == self.exact
        return any(pattern.fullmatch(group) for pattern in self.patterns)


def group_test(group: str) -> GroupTest | None:
    """The test for one component group of a key; None where it admits everything (empty, or only "*")."""
    if not _WILD_CARD.search(group):
        exact = _normal_group(group)
        return GroupTest(exact, (), exact) if exact else None
    components = [_normal_pattern(component.strip()) for component in group.split("^")]
    pattern = "^".join(components).rstrip("^")
    alternatives = [pattern]
    # A last component of "*" may be empty, and then its delimiter may be missing: `SMITH^*` finds `SMITH`.
    while pattern.endswith("^*"):
        pattern = pattern[:-2].rstrip("^")
        alternatives.append(pattern)
    if pattern and not pattern.strip("*"):
        return None
    return GroupTest(None, tuple(map(compile_wild_card, alternatives)), literal_prefix(alternatives[-1]))


def _normal_pattern(component: str) -> str:
    """A component with its wild cards kept and its text in normal form, in `glob`'s notation."""
    pieces = _WILD_CARD.split(component)
    return "".join(piece if piece in ("*", "?") else glob.escape(_normal(piece)) for piece in pieces)


@dataclass(frozen=True)
class NameTest:
    """What a key of VR PN asks for: `anywhere` in any group, or `in_place` for each group."""

    anywhere: GroupTest | None
    in_place: tuple[GroupTest | None, ...] = ()

    def admits(self, name: str) -> bool:
        """Whether a stored name is asked for."""
        return self.admits_groups(group_keys(name))

    def admits_groups(self, groups: Sequence[str]) -> bool:
        """Whether a stored name, as its groups in normal form, is asked for."""
        if self.anywhere is not None:
            return any(self.anywhere.admits(group) for group in groups)
        padded = (*groups, "", "", "")
        return all(test is None or test.admits(group) for test, group in zip(self.in_place, padded, strict=False))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What some group of every match begins with; each one holds, none is empty."""
        tests = (self.anywhere, *self.in_place)
        return tuple(test.prefix for test in tests if test is not None and test.prefix)


def name_test(key: str) -> NameTest | None:
    """The test for a key of VR PN; None where it matches every name (universal matching)."""
    groups = key.split("=")
    if len(groups) == 1:
        test = group_test(groups[0])
        return NameTest(test) if test else None
    tests = tuple(group_test(group) for group in groups)
    return NameTest(None, tests) if any(tests) else None
