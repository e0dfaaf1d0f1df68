"""What a tag is called: the standard's dictionary, its repeating groups, and what is not in it (PS3.6).

Rule: what the dictionary does not know is said to be unknown; no name is made up. Private elements (an odd group) are
named by whoever reserved their block, which stands in the data set itself (PS3.5 section 7.8.1).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from pydicom import config
from pydicom.datadict import get_entry, private_dictionary_description, private_dictionary_VR
from pydicom.uid import UID

_SIZE = 8192


class Entry(NamedTuple):
    """An attribute of the dictionary. `vr` may leave a choice: `US or SS`. No keyword: unknown or private."""

    vr: str
    keyword: str = ""
    name: str = ""
    multiplicity: str = ""
    retired: bool = False


_UNKNOWN = Entry("UN")


@lru_cache(_SIZE)
def entry_of(tag: int) -> Entry:
    """What the dictionary says about a tag that is not private."""
    if is_private(tag):
        return Entry("LO", "", "Private Creator", "1") if is_creator(tag) else _UNKNOWN
    if tag & 0xFFFF == 0 and tag >> 16 > 0x0006:
        return Entry("UL", "", "Group Length", "1", retired=True)
    try:
        vr, multiplicity, name, retired, keyword = get_entry(tag)
    except KeyError:
        return _UNKNOWN
    return Entry(vr, keyword, name, multiplicity, bool(retired))


def vr_of(tag: int) -> str:
    """The VR by which an element without a written one is read: the first where the dictionary leaves a choice."""
    vr = entry_of(tag).vr
    return "OW" if vr in ("OB or OW", "US or SS or OW", "US or OW") and tag >> 16 == 0x7FE0 else vr.partition(" ")[0]


def is_known(tag: int) -> bool:
    """Whether the dictionary has the tag, or it reserves a private block."""
    return entry_of(tag) is not _UNKNOWN


def is_private(tag: int) -> bool:
    """Whether a vendor, not the standard, says what this element is."""
    return bool(tag >> 16 & 1)


def is_creator(tag: int) -> bool:
    """Whether the element reserves a block of private elements."""
    return is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF


def creator_of(tag: int) -> int | None:
    """The tag of the element that reserves a private element's block; None where it stands in no block."""
    block = tag >> 8 & 0xFF
    return tag & 0xFFFF0000 | block if is_private(tag) and block >= 0x10 else None


@lru_cache(_SIZE)
def private_entry(tag: int, creator: str) -> Entry:
    """What is publicly known about the private element of a creator."""
    try:
        return Entry(private_dictionary_VR(tag, creator), "", private_dictionary_description(tag, creator))
    except KeyError:
        return _UNKNOWN


@lru_cache(_SIZE)
def uid_name(uid: str) -> str:
    """The standard's name of a UID; empty for one that the standard does not define."""
    known = UID(uid, validation_mode=config.IGNORE)  # without the white space around it
    return "" if known.name == known else str(known.name)
