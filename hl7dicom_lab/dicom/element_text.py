"""What the value of an element says, as text, and what is odd about it (PS3.5 sections 6.1, 6.2 and 7).

Clinical step: a person reads a header. Rules: text is decoded by the SpecificCharacterSet that holds where it stands,
and what that set does not have becomes U+FFFD and is said; numbers are those of the bytes; dates, times and decimal
strings stay as they were written. A value is shown without the padding that makes its length even.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from hl7dicom_lab.dicom.decoded_values import SPECIFIC_CHARACTER_SET, UNDECLARED, Codecs, codecs_of, decode_text
from hl7dicom_lab.dicom.dictionary import Entry, creator_of, entry_of, is_creator, is_private, private_entry, uid_name
from hl7dicom_lab.dicom.element_tree import KNOWN_VRS, Node
from hl7dicom_lab.dicom.elements import tag_text

#: VRs whose text follows SpecificCharacterSet; all others are ASCII (PS3.5 section 6.1.2.3).
CHARACTER_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
TEXT_VRS = CHARACTER_VRS | frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
#: The numbers of binary VRs: `struct` letter and bytes of one value (PS3.5 Table 6.2-1).
NUMBERS = {
    "US": ("H", 2), "SS": ("h", 2), "UL": ("L", 4), "SL": ("l", 4), "UV": ("Q", 8), "SV": ("q", 8), "FL": ("f", 4),
    "FD": ("d", 8), "AT": ("HH", 4),
}  # fmt: skip
#: Bytes of one value where the value is a stream of them.
STREAMS = {"OB": 1, "OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8, "UN": 1}
_ESCAPE = b"\x1b"
_PIXEL_REPRESENTATION = 0x00280103
_MOST_BYTES, _MOST_NUMBERS, _MOST_CHARACTERS = 16, 32, 2000


@dataclass(frozen=True)
class Value:
    """A value for the eye. `notes` are sentences; `shortened` says that the value goes on."""

    text: str
    notes: tuple[str, ...] = ()
    shortened: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What the reading of a value depends on: the data set that it stands in, and those around that."""

    raw: bytes
    little_endian: bool = True
    codecs: Codecs = UNDECLARED
    declared: str = ""  # SpecificCharacterSet as it stands there
    signed: bool = False
    creators: dict[int, str] = field(default_factory=dict)

    def inside(self, nodes: tuple[Node, ...]) -> Surroundings:
        """Those of a data set, or of an item within this one."""
        here = replace(self, creators={})
        for node in nodes:
            if node.tag == SPECIFIC_CHARACTER_SET and node.end > node.start:
                declared = self.raw[node.start : node.end].decode("latin-1").strip(" \0")
                here = replace(here, codecs=_codecs(declared), declared=declared)
            elif node.tag == _PIXEL_REPRESENTATION and node.end - node.start == 2:
                here = replace(here, signed=any(self.raw[node.start : node.end]))
            elif is_creator(node.tag):
                here.creators[node.tag] = self.raw[node.start : node.end].decode("latin-1").strip(" \0")
        return here

    def entry(self, tag: int) -> Entry:
        """What is known about a tag here; a private one is looked up under its creator."""
        creator = self.creator(tag)
        return private_entry(tag, creator) if creator else entry_of(tag)

    def creator(self, tag: int) -> str:
        """Who says what a private element is; empty for the standard's elements, and where nobody is named."""
        block = creator_of(tag)
        return self.creators.get(block, "") if block is not None else ""

    def vr(self, node: Node) -> str:
        """The VR by which to read a value: the one that is written, else the dictionary's."""
        if node.vr in KNOWN_VRS and node.vr != "UN" and not node.implicit:
            return node.vr
        if node.vr == "UN" and node.children:
            return "SQ"
        vr = self.entry(node.tag).vr if not node.vr or node.implicit or node.vr == "UN" else "UN"
        if vr.startswith("US or SS"):
            return "SS" if self.signed else "US"
        return node.vr if " or " in vr else vr


@lru_cache(64)
def _codecs(declared: str) -> Codecs:
    data_set = Dataset()
    data_set.add(DataElement(SPECIFIC_CHARACTER_SET, "CS", declared, already_converted=True))
    return codecs_of(data_set)


def value_of(node: Node, around: Surroundings) -> Value:
    """The value of an element that is no sequence."""
    raw, vr = around.raw, around.vr(node)
    if node.start == node.end:
        return Value("")
    if vr in TEXT_VRS:
        return _text(raw[node.start : node.end], vr, around)
    if vr in NUMBERS:
        little = around.little_endian or node.vr == "UN"
        return _numbers(raw[node.start : node.end], vr, little)
    return bytes_value(raw, node.start, node.end)


def _text(value: bytes, vr: str, around: Surroundings) -> Value:
    decoded, notes = _decoded(value, vr, around)
    shown = decoded.rstrip(" \0") if vr in ("LT", "ST", "UC", "UR", "UT") else decoded.strip(" \0")
    if vr == "UI":
        shown = "\\".join(_uid(one) for one in shown.split("\\"))
    if len(shown) > _MOST_CHARACTERS:
        return Value(f"{shown[:_MOST_CHARACTERS]}... ({len(shown):,} characters)", notes, shortened=True)
    return Value(shown, notes)


def _decoded(value: bytes, vr: str, around: Surroundings) -> tuple[str, tuple[str, ...]]:
    """Text, and what is odd about its characters. Bytes of which nobody says what they are read as Latin-1."""
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii"), ()
    codecs = around.codecs if vr in CHARACTER_VRS else UNDECLARED
    try:
        decoded = decode_text(value, codecs, strict=True)
    except (ValueError, LookupError):
        note = f"Some bytes are no characters of {_set_name(around.declared)}; they are shown as \ufffd."
        return decode_text(value, codecs), (note,)
    if codecs[0] == UNDECLARED[0] and not value.partition(_ESCAPE)[0].isascii():
        return decoded, (_not_ascii(vr, around.declared),)
    return decoded, ()


def _set_name(declared: str) -> str:
    return f"the declared character set ({declared})" if declared else "the default character set (ASCII)"


def _not_ascii(vr: str, declared: str) -> str:
    if vr not in CHARACTER_VRS:
        return f"A value of VR {vr} has ASCII characters only, whatever SpecificCharacterSet says."
    if declared:
        return f"SpecificCharacterSet ({declared}) has only ASCII here; the text is read as Latin-1."
    return "There is no SpecificCharacterSet, so only ASCII is allowed; the text is read as Latin-1."


def _uid(text: str) -> str:
    uid = text.strip(" \0")
    name = uid_name(uid)
    return f"{uid} ({name})" if name else uid


def _numbers(value: bytes, vr: str, little: bool) -> Value:
    letter, size = NUMBERS[vr]
    count, left = divmod(len(value), size)
    shown = min(count, _MOST_NUMBERS)
    numbers = struct.unpack(f"{'<' if little else '>'}{letter * shown}", value[: shown * size])
    if vr == "AT":
        texts = [tag_text(group << 16 | element) for group, element in zip(numbers[::2], numbers[1::2], strict=True)]
    elif vr == "FL":
        texts = [f"{number:.7g}" for number in numbers]
    else:
        texts = [repr(number) for number in numbers]
    notes = (f"{len(value)} bytes are no whole number of values: one value of VR {vr} has {size}.",) if left else ()
    if count > shown:
        texts.append(f"... ({count:,} values)")
    if not count:
        return Value(value.hex(" "), notes)
    return Value("\\".join(texts), notes, shortened=count > shown)


def bytes_value(raw: bytes, start: int, end: int) -> Value:
    """Bytes that are no text: the first of them, and how many there are."""
    size = end - start
    shown = raw[start : min(end, start + _MOST_BYTES)].hex(" ")
    if size <= _MOST_BYTES:
        return Value(shown)
    return Value(f"{shown} ... ({size:,} bytes)", shortened=True)


def private_name(tag: int, around: Surroundings) -> str:
    """What a private element is called: its creator's name for it where that is publicly known, else whose it is."""
    if is_creator(tag):
        return "Private Creator"
    creator = around.creator(tag)
    known = private_entry(tag, creator).name if creator else ""
    if known.strip("[] "):
        return f"{known.strip('[]')}, private to {creator}"
    return f"private to {creator}" if creator else "private, nobody is named"


def names_of(tag: int, around: Surroundings) -> tuple[str, str]:
    """The keyword of an element, or what stands in for it, and its name in words."""
    if is_private(tag):
        return private_name(tag, around), ""
    entry = entry_of(tag)
    if entry.keyword or entry.name:
        return entry.keyword or entry.name.replace(" ", ""), entry.name
    return "unknown", ""
