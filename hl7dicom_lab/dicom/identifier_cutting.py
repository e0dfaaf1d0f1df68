"""The identifier of a worklist's answer, cut out of the bytes of the item (PS3.4 section K.4.1.3, PS3.5 section 7).

Clinical step: a scanner asks for a step, and gets what the order book has of it, less what was not asked for. Rule: a
value leaves as the bytes that it is kept as, neither decoded nor encoded again. That is true of bytes that every writer
would write so: text in ASCII or Unicode, in Little Endian, padded no further than to an even length. Where an item has
others, nothing is cut, and whoever asks writes the answer from its values.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from hl7dicom_lab.dicom.character_set import ASCII_VRS, UNICODE
from hl7dicom_lab.dicom.decoded_values import SPECIFIC_CHARACTER_SET
from hl7dicom_lab.dicom.elements import Encoding
from hl7dicom_lab.dicom.worklist_keys import Key, Level

#: The items of a sequence that come back for a key, from the data set that holds the sequence.
Chosen = Callable[[Key, Dataset], Iterable[Dataset]]

_TEXT = ASCII_VRS | {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
_NUMBERS = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_LONG_LENGTH = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_TAG_AND_LENGTH = struct.Struct("<HHL")
_SHORT_HEADER = struct.Struct("<HH2sH")
_LONG_HEADER = struct.Struct("<HH2sHL")
_ITEM = (0xFFFE, 0xE000)
#: Padding before a value, of one of several, and ISO 2022, which may write one text in several ways.
_UNUSUAL = re.compile(rb"^[ \0]|[ \0]\\|\\[ \0]|\x1b")


class _CannotBeCut(Exception):
    """Some bytes of the item cannot stay as they are."""


def cut_identifier(level: Level, item: Dataset, transfer_syntax_uid: str, chosen: Chosen) -> bytes | None:
    """The encoded identifier for an item that `data_set.read` has read; None where it cannot be cut out of the item."""
    encoding = Encoding.of(transfer_syntax_uid)
    if not encoding.little_endian:
        return None
    try:
        return _Cutting(item, encoding.implicit_vr, chosen).identifier(level)
    except _CannotBeCut:
        return None


class _Cutting:
    """Cuts one answer out of one item."""

    def __init__(self, item: Dataset, implicit_vr: bool, chosen: Chosen) -> None:
        self._item = item
        self._implicit = implicit_vr
        self._chosen = chosen
        declared = item.get_item(SPECIFIC_CHARACTER_SET)
        self._is_unicode = declared is not None and declared.value == UNICODE.encode("ascii")

    def identifier(self, level: Level) -> bytes:
        """What the keys of a level get back, and the character set that the item declares."""
        parts = {key.tag: self._asked(key, self._item) for key in level.keys}
        declared = self._item.get_item(SPECIFIC_CHARACTER_SET)
        if declared is not None and declared.value:
            parts[SPECIFIC_CHARACTER_SET] = self._element(self._item, SPECIFIC_CHARACTER_SET)
        return b"".join(parts[tag] for tag in sorted(parts))

    def _asked(self, key: Key, holder: Dataset) -> bytes:
        """What a key gets back: the element, of a sequence the items that were asked for, or an empty one."""
        if key.tag not in holder:
            if key.tag.is_private:  # a private creator comes back with its name
                raise _CannotBeCut
            return self._with_header(key.tag, key.vr, b"")
        if key.inside is None:
            return self._element(holder, key.tag)
        return self._sequence(key.tag, (self._requested(key.inside, item) for item in self._chosen(key, holder)))

    def _requested(self, level: Level, item: Dataset) -> bytes:
        if SPECIFIC_CHARACTER_SET in item:
            raise _CannotBeCut
        return b"".join(self._asked(key, item) for key in level.keys)

    def _element(self, holder: Dataset, tag: BaseTag) -> bytes:
        element = holder.get_item(tag)
        if element is None or (element.VR != "SQ" and not isinstance(element, RawDataElement)):
            raise _CannotBeCut  # somebody has read its value, and it is not bytes any more
        if element.VR == "SQ":
            return self._sequence(tag, (self._whole(item) for item in holder[tag].value or ()))
        self._check(str(element.VR), element.value or b"")
        return self._with_header(tag, str(element.VR), element.value or b"")

    def _whole(self, item: Dataset) -> bytes:
        if SPECIFIC_CHARACTER_SET in item:
            raise _CannotBeCut
        return b"".join(self._element(item, tag) for tag in sorted(item.keys()))

    def _sequence(self, tag: BaseTag, items: Iterable[bytes]) -> bytes:
        return self._with_header(tag, "SQ", b"".join(_TAG_AND_LENGTH.pack(*_ITEM, len(one)) + one for one in items))

    def _check(self, vr: str, value: bytes) -> None:
        if not value or vr in _NUMBERS:
            return
        without_padding = value.rstrip(b" \0")
        if (
            vr not in _TEXT
            or not (self._is_unicode or value.isascii())
            or value not in (without_padding, without_padding + (b"\0" if vr == "UI" else b" "))
            or _UNUSUAL.search(without_padding)
        ):
            raise _CannotBeCut

    def _with_header(self, tag: BaseTag, vr: str, value: bytes) -> bytes:
        if self._implicit:
            return _TAG_AND_LENGTH.pack(tag >> 16, tag & 0xFFFF, len(value)) + value
        if vr in _LONG_LENGTH:
            return _LONG_HEADER.pack(tag >> 16, tag & 0xFFFF, vr.encode("ascii"), 0, len(value)) + value
        return _SHORT_HEADER.pack(tag >> 16, tag & 0xFFFF, vr.encode("ascii"), len(value)) + value
