"""A data set in memory as the bytes that it would have if it were written now, as far as it can be.

Clinical step: a header is being made, value by value. Standard: PS3.5 sections 6.2, 7.1 and 7.5; PS3.10 section 7.1.
Rule: nothing raises and nothing is altered. A value that cannot be written has no bytes: it is kept as a `Blank` with
the reason. What was read from a file and not touched keeps its bytes.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydicom.charset import convert_encodings, encode_string
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import correct_ambiguous_vr_element, write_data_element
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian
from pydicom.valuerep import DA, DT, EXPLICIT_VR_LENGTH_16, TM, PersonName

from hl7dicom_lab.dicom.character_set import CODECS, can_hold, terms_of
from hl7dicom_lab.dicom.dictionary import vr_of
from hl7dicom_lab.dicom.element_text import CHARACTER_VRS, TEXT_VRS
from hl7dicom_lab.dicom.element_tree import ITEM, SEQUENCE_END, UNDEFINED
from hl7dicom_lab.dicom.elements import DEEPEST, PIXEL_DATA, Encoding, tag_text
from hl7dicom_lab.dicom.file_parts import PREAMBLE, Part, Parts, data_set_part, file_meta_part
from hl7dicom_lab.errors import DicomFault

#: Where an element stands: the tag of each sequence around it, and the number of the item, from 1.
Path = tuple[tuple[int, int], ...]
_SHORT_LENGTH = frozenset(str(vr.value) for vr in EXPLICIT_VR_LENGTH_16)
_LONGEST_SHORT = 0xFFFE
_MOST_SHOWN = 60
_TEXTS = (str, PersonName, DA, DT, TM)
_NUMBERS = (int, float, Decimal)


@dataclass(frozen=True)
class Blank:
    """An element that cannot be written yet: what stands there, and why it has no bytes."""

    tag: int
    vr: str
    shown: str
    reason: str
    filled: bool  # whether somebody has put something there


@dataclass(frozen=True)
class Draft:
    """The parts, as they would be written, and what is missing from them by its place."""

    parts: Parts
    blanks: Mapping[Path, tuple[Blank, ...]]
    meta_blanks: tuple[Blank, ...] = ()


class _CannotWriteError(Exception):
    """Why a value has no bytes, in words."""


def draft_of(data_set: Dataset) -> Draft:
    """The data set as it stands. Never raises, and warns of nothing: what is odd is said by whoever shows it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _draft(data_set)


def _draft(data_set: Dataset) -> Draft:
    meta = getattr(data_set, "file_meta", None)
    syntax, said = _syntax(data_set, meta)
    encoding = Encoding.of(syntax)
    writer = _Writer(encoding)
    content = writer.data_set(data_set, (), ())
    blanks = {path: tuple(found) for path, found in writer.blanks.items()}
    if not meta:
        part = data_set_part(content, 0, encoding)
        return Draft(Parts(content, (part,), syntax, said), blanks)
    meta_writer = _Writer(Encoding(implicit_vr=False, little_endian=True))
    preamble = getattr(data_set, "preamble", None)
    before = preamble if isinstance(preamble, bytes) and len(preamble) == PREAMBLE else bytes(PREAMBLE)
    raw = before + b"DICM" + _with_group_length(meta_writer.data_set(meta, (), ()))
    parts = (
        Part("preamble", 0, PREAMBLE),
        Part("prefix", PREAMBLE, PREAMBLE + 4),
        file_meta_part(raw, PREAMBLE + 4),
        data_set_part(raw + content, len(raw), encoding),
    )
    return Draft(Parts(raw + content, parts, syntax, said), blanks, tuple(meta_writer.blanks.get((), ())))


def _syntax(data_set: Dataset, meta: Any) -> tuple[str, bool]:
    """The transfer syntax in which it would be written, and whether the data set says so itself."""
    stated = str((meta.get("TransferSyntaxUID") if meta else "") or "")
    if stated == DeflatedExplicitVRLittleEndian:
        return str(ExplicitVRLittleEndian), False
    try:
        Encoding.of(stated)
        return stated, True
    except DicomFault:
        pass
    implicit, little = data_set.original_encoding
    if implicit is None or little is None:
        return str(ExplicitVRLittleEndian), False
    uids = {(True, True): "1.2.840.10008.1.2", (False, False): "1.2.840.10008.1.2.2"}
    return uids.get((implicit, little), str(ExplicitVRLittleEndian)), False


def _with_group_length(meta: bytes) -> bytes:
    """Group 0002 behind its own length, which is always right in what is written."""
    if meta.startswith(b"\x02\x00\x00\x00"):
        meta = meta[12:]
    return struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(meta)) + meta


class _Writer:
    """Writes what can be written; `blanks` gathers the rest."""

    def __init__(self, encoding: Encoding) -> None:
        self._implicit = encoding.implicit_vr
        self._little = encoding.little_endian
        self._encapsulated = encoding.encapsulated
        self._order = "<" if encoding.little_endian else ">"
        self.blanks: dict[Path, list[Blank]] = {}

    def data_set(self, data_set: Dataset, path: Path, around: tuple[str, ...]) -> bytes:
        """A data set, or an item; `around` is the character set of what is around it."""
        try:
            terms = tuple(map(str, terms_of(data_set))) or around
        except Exception:  # whatever stands in SpecificCharacterSet: it is written, or not, as its own element
            terms = around
        written = []
        for tag in sorted(data_set.keys()):
            try:
                written.append(self._element(data_set, tag, path, terms))
            except _CannotWriteError as reason:
                self._blank(data_set, tag, path, str(reason))
            except Exception:  # pydicom has many classes for a value that does not fit
                self._blank(data_set, tag, path, "")
        return b"".join(written)

    def _element(self, data_set: Dataset, tag: BaseTag, path: Path, terms: tuple[str, ...]) -> bytes:
        found = data_set.get_item(tag)
        if isinstance(found, RawDataElement) and self._is_ready(found):
            return self._untouched(found)
        element = data_set[tag]
        value = element.value
        if _has_blank(value):
            raise _CannotWriteError("Not filled in yet: ... stands for a value that is still to come.")
        if element.VR == "SQ":
            return self._with_header(tag, "SQ", b"".join(self._items(element, path, terms)))
        if element.VR in TEXT_VRS:
            content = _text(element, terms)
            padding = b"\0" if element.VR == "UI" else b" "
            return self._with_header(tag, element.VR, content + padding * (len(content) % 2))
        return self._by_pydicom(element, data_set)

    def _is_ready(self, element: RawDataElement) -> bool:
        return (
            isinstance(element.value, bytes)
            and element.is_implicit_VR == self._implicit
            and element.is_little_endian == self._little
            and (self._implicit or element.VR is not None)
        )

    def _untouched(self, element: RawDataElement) -> bytes:
        value = element.value or b""
        if element.length == UNDEFINED:
            end = struct.pack(f"{self._order}HHL", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)
            return self._header(element.tag, str(element.VR), UNDEFINED) + value + end
        return self._with_header(element.tag, str(element.VR), value)

    def _items(self, element: DataElement, path: Path, terms: tuple[str, ...]) -> Iterator[bytes]:
        if len(path) >= DEEPEST:
            raise _CannotWriteError(f"Sequences are nested more than {DEEPEST} deep.")
        for number, item in enumerate(element.value or (), start=1):
            content = self.data_set(item, (*path, (int(element.tag), number)), terms)
            yield struct.pack(f"{self._order}HHL", ITEM >> 16, ITEM & 0xFFFF, len(content)) + content

    def _with_header(self, tag: BaseTag, vr: str, value: bytes) -> bytes:
        if not self._implicit and vr in _SHORT_LENGTH and len(value) > _LONGEST_SHORT:
            vr = "UN"  # PS3.5 section 6.2.2: a value that is too long for its VR's length
        return self._header(tag, vr, len(value)) + value

    def _header(self, tag: BaseTag, vr: str, length: int) -> bytes:
        if self._implicit:
            return struct.pack(f"{self._order}HHL", tag.group, tag.element, length)
        if vr in _SHORT_LENGTH:
            return struct.pack(f"{self._order}HH2sH", tag.group, tag.element, vr.encode("ascii"), length)
        return struct.pack(f"{self._order}HH2sHL", tag.group, tag.element, vr.encode("ascii"), 0, length)

    def _by_pydicom(self, element: DataElement, data_set: Dataset) -> bytes:
        """Numbers and bytes; a VR that depends on the rest of the data set (US or SS, OB or OW) is decided by it."""
        decided = copy(element)
        with suppress(Exception):  # what decides is missing, or not filled in yet
            correct_ambiguous_vr_element(decided, data_set, is_little_endian=self._little)  # changes it in place
        if " or " in decided.VR:
            decided.VR = vr_of(int(element.tag))
        if decided.tag == PIXEL_DATA:
            decided.is_undefined_length = self._encapsulated
        buffer = DicomBytesIO()
        buffer.is_little_endian = self._little
        buffer.is_implicit_VR = self._implicit
        write_data_element(buffer, decided)
        return buffer.getvalue()

    def _blank(self, data_set: Dataset, tag: BaseTag, path: Path, reason: str) -> None:
        found = data_set.get_item(tag)
        vr = str(getattr(found, "VR", None) or vr_of(int(tag)))
        value = getattr(found, "value", None)
        shown = _shown(value)
        said = reason or f"This cannot be written as VR {vr}."
        self.blanks.setdefault(path, []).append(Blank(int(tag), vr, shown, said, filled=not _has_blank(value)))


def _has_blank(value: object) -> bool:
    return value is ... or (isinstance(value, MultiValue | list | tuple) and any(one is ... for one in value))


def _text(element: DataElement, terms: tuple[str, ...]) -> bytes:
    value = element.value
    if value is None:
        return b""
    values = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    return b"\\".join(_one_text(one, element.VR, terms) for one in values)


def _one_text(value: object, vr: str, terms: tuple[str, ...]) -> bytes:
    allowed = (*_TEXTS, *_NUMBERS) if vr in ("DS", "IS") else _TEXTS
    if value is not None and not isinstance(value, allowed):
        raise _CannotWriteError(f"VR {vr} holds text, and this is {_kind(value)}.")
    text = "" if value is None else str(value)
    if text.isascii():
        return text.encode("ascii")
    declared = terms if vr in CHARACTER_VRS and all(term in CODECS for term in terms) else ()
    if not can_hold(text, declared):
        named = "\\".join(terms) if vr in CHARACTER_VRS and terms else "ASCII"
        raise _CannotWriteError(
            f"SpecificCharacterSet {tag_text(0x00080005)} does not have all of these characters ({named})."
            if vr in CHARACTER_VRS
            else f"VR {vr} has ASCII characters only."
        )
    encodings = convert_encodings(list(declared))
    return PersonName(text).encode(encodings) if vr == "PN" else encode_string(text, encodings)


def _kind(value: object) -> str:
    return {int: "a number", float: "a number", bytes: "bytes", bool: "True or False"}.get(
        type(value), f"a {type(value).__name__}"
    )


def _shown(value: object) -> str:
    """What stands there, without what differs from one run to the next."""
    if isinstance(value, MultiValue | list | tuple):
        text = "\\".join(_shown(one) for one in value)
    elif value is ...:
        text = "..."
    elif value is None:
        text = ""
    elif isinstance(value, (*_TEXTS, *_NUMBERS, UID)):
        text = str(value)
    else:
        text = _kind(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text)} characters)"
