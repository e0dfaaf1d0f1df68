"""Where each element of an encoded data set is (PS3.5 section 7).

Clinical step: an image arrives at the archive, a query at the worklist. Rule: before anybody believes a value, every
length in the data set has been followed to its end. A value that runs past the end, a sequence that is not closed, a
value representation that does not exist: each is a `DicomFault` that names the tag and the offset.

Nothing is decoded here but tags, value representations and lengths.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.uid import UID

from hl7dicom_lab.dicom import status
from hl7dicom_lab.errors import DicomFault

PIXEL_DATA = 0x7FE00010

#: Sequences within sequences. Structured reports, the deepest objects in use, stay far below.
DEEPEST = 64

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

#: PS3.5 Table 7.1-2: value representations whose length has two bytes. All others, also future ones, have four.
_SHORT_LENGTH = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS"}
    | {b"ST", b"TM", b"UI", b"UL", b"US"}
)


class Element(NamedTuple):
    """One element: its value is `data_set[start:end]`. `closed_by_delimiter` is an undefined length.

    A sequence has its `items`, each with its elements in the same bytes. Encapsulated pixel data has the lengths of its
    `fragments`, that of the offset table first.
    """

    tag: int
    vr: str
    start: int
    end: int
    closed_by_delimiter: bool = False
    items: tuple[tuple[Element, ...], ...] = ()
    fragments: tuple[int, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """How a transfer syntax writes elements (PS3.5 section 10 and Annex A)."""

    implicit_vr: bool
    little_endian: bool
    encapsulated: bool = False

    @classmethod
    def of(cls, transfer_syntax_uid: str) -> Encoding:
        """The encoding of a transfer syntax. Raises `DicomFault` for one that is not known, or is deflated."""
        uid = UID(transfer_syntax_uid)
        if not uid.is_transfer_syntax or uid.is_private or uid.is_deflated:
            raise DicomFault(
                f"the transfer syntax {transfer_syntax_uid or '(none)'} is not supported",
                status=status.CANNOT_DECODE,
                where="Transfer Syntax UID",
                next_step="send with one of the transfer syntaxes that were accepted for the association",
            )
        return cls(uid.is_implicit_VR, uid.is_little_endian, uid.is_compressed)


def find_elements(data_set: bytes, encoding: Encoding) -> list[Element]:
    """The elements of the data set's first level, each checked to its end, with everything inside it.

    Raises `DicomFault` (0xC000) where the bytes are no data set in this encoding.
    """
    elements, _ = _Walk(data_set, encoding).elements(0, len(data_set), depth=0, in_open_item=False)
    return elements


def tag_text(tag: int) -> str:
    """A tag as the standard prints it: `(0010,0020)`."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


_Items = tuple[tuple[Element, ...], ...]


class _Walk:
    """One pass over a data set. Each method returns what it has found, and the position after it."""

    def __init__(self, data: bytes, encoding: Encoding) -> None:
        self._data = data
        self._implicit = encoding.implicit_vr
        self._encapsulated = encoding.encapsulated
        order = "<" if encoding.little_endian else ">"
        self._tag_and_length = struct.Struct(f"{order}HHL").unpack_from
        self._explicit = struct.Struct(f"{order}HH2sH").unpack_from
        self._long = struct.Struct(f"{order}L").unpack_from

    def elements(self, at: int, end: int, *, depth: int, in_open_item: bool) -> tuple[list[Element], int]:
        """Elements up to `end`, or up to the delimiter of an item of undefined length."""
        if depth > DEEPEST:
            raise _fault(f"sequences are nested more than {DEEPEST} deep", at)
        found: list[Element] = []
        while at < end:
            tag, vr, length, at = self._header(at, end)
            if tag == _ITEM_END and in_open_item:
                return found, at
            if tag >> 16 == 0xFFFE:
                raise _fault(f"{tag_text(tag)} stands outside a sequence", at)
            start = at
            if length == _UNDEFINED:
                element, at = self._undefined(tag, vr, at, end, depth)
                found.append(element)
                continue
            at += length
            if at > end:
                raise _fault(f"{tag_text(tag)} has {length} bytes, but only {end - start} follow", start)
            items = self._sequence(start, at, depth, is_open=False)[0] if vr == "SQ" else ()
            found.append(Element(tag, vr, start, at, items=items))
        if in_open_item:
            raise _fault("an item of undefined length is not closed", at)
        return found, at

    def _header(self, at: int, end: int) -> tuple[int, str, int, int]:
        """Tag, value representation and length of the element at `at`, and where its value starts."""
        if at + 8 > end:
            raise _fault(f"{end - at} bytes are left over, too few for an element", at)
        group, element, length = self._tag_and_length(self._data, at)
        tag = group << 16 | element
        if self._implicit or group == 0xFFFE:
            return tag, _dictionary_vr(tag), length, at + 8
        _, _, vr, length = self._explicit(self._data, at)
        if not (vr.isalpha() and vr.isupper()):
            raise _fault(f"{tag_text(tag)} has no value representation", at)
        at += 8
        if vr not in _SHORT_LENGTH:
            if at + 4 > end:
                raise _fault(f"{tag_text(tag)} ends within its length", at)
            length = self._long(self._data, at)[0]
            at += 4
        return tag, vr.decode("ascii"), length, at

    def _undefined(self, tag: int, vr: str, at: int, end: int, depth: int) -> tuple[Element, int]:
        """An element whose value ends where its delimiter begins."""
        items: _Items = ()
        fragments: tuple[int, ...] = ()
        if tag == PIXEL_DATA and vr in ("OB", "OW", "UN") and depth == 0 and self._encapsulated:
            fragments, after = self._fragments(at, end)
        elif vr == "UN":  # PS3.5 section 6.2.2: such a sequence is always Implicit VR Little Endian
            inner = _Walk(self._data, Encoding(implicit_vr=True, little_endian=True))
            _, after = inner._sequence(at, end, depth, is_open=True)
        elif vr == "SQ":
            items, after = self._sequence(at, end, depth, is_open=True)
        else:
            raise _fault(f"{tag_text(tag)} ({vr}) may not have an undefined length", at)
        return Element(tag, vr, at, after - 8, True, items, fragments), after

    def _sequence(self, at: int, end: int, depth: int, *, is_open: bool) -> tuple[_Items, int]:
        """The items up to `end`, or up to the sequence's delimiter."""
        found: list[tuple[Element, ...]] = []
        while at < end:
            tag, length, at = self._item_header(at, end)
            if tag == _SEQUENCE_END and is_open:
                return tuple(found), at
            if tag != _ITEM:
                raise _fault(f"{tag_text(tag)} stands where an item was due", at)
            is_open_item = length == _UNDEFINED
            if not is_open_item and at + length > end:
                raise _fault(f"an item has {length} bytes, but only {end - at} follow", at)
            item_end = end if is_open_item else at + length
            elements, at = self.elements(at, item_end, depth=depth + 1, in_open_item=is_open_item)
            found.append(tuple(elements))
        if is_open:
            raise _fault("a sequence of undefined length is not closed", at)
        return tuple(found), at

    def _fragments(self, at: int, end: int) -> tuple[tuple[int, ...], int]:
        """The lengths in encapsulated pixel data: items that hold bytes, then a delimiter (PS3.5 section A.4)."""
        found: list[int] = []
        while at < end:
            tag, length, at = self._item_header(at, end)
            if tag == _SEQUENCE_END:
                return tuple(found), at
            if tag != _ITEM or length == _UNDEFINED or at + length > end:
                raise _fault("a fragment of the pixel data is cut short", at)
            found.append(length)
            at += length
        raise _fault("the encapsulated pixel data is not closed", at)

    def _item_header(self, at: int, end: int) -> tuple[int, int, int]:
        if at + 8 > end:
            raise _fault(f"{end - at} bytes are left over, too few for an item", at)
        group, element, length = self._tag_and_length(self._data, at)
        return group << 16 | element, length, at + 8


@lru_cache(maxsize=4096)
def _dictionary_vr(tag: int) -> str:
    """The VR of PS3.6 and PS3.7; `UN` for what neither has."""
    if tag >> 16 & 1:  # private: the creator's name is LO, the rest is unknown (PS3.5 section 7.8.1)
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    if tag & 0xFFFF == 0:
        return "UL"  # group length, retired
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _fault(what: str, offset: int) -> DicomFault:
    return DicomFault(
        what,
        status=status.CANNOT_DECODE,
        where=f"byte {offset} of the data set",
        next_step="check the lengths, and that the data set is written in the transfer syntax of its context",
    )
