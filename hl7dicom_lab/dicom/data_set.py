"""A DICOM data set as bytes and back, without file meta (PS3.5 section 7, Explicit VR Little Endian).

Rule: text that the declared character set cannot hold is refused. pydicom would write `?` and warn; an identity that
was altered on the way is worse than an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from copy import copy
from io import BytesIO

from pydicom import config
from pydicom.charset import convert_encodings, encode_string
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import correct_ambiguous_vr_element, write_data_element
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from hl7dicom_lab.dicom import character_set

# A component group of PN has up to 64 characters (PS3.5 Table 6.2-1). pydicom counts bytes when it reads one and warns
# of long names in every script but Latin. It takes this setting for the whole process, so it is set once, here.
config.settings.reading_validation_mode = config.IGNORE


#: VRs whose value is text, with the byte that makes its length even (PS3.5 section 6.2). A worklist item has hardly any
#: other. They are written here, because every order and every change is, and pydicom's writer takes its time.
_PADDING = dict.fromkeys(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT"), b" "
) | {"UI": b"\0"}
_SHORT_HEADER = struct.Struct("<HH2sH")
_LONG_HEADER = struct.Struct("<HH2sHL")
_ITEM_HEADER = struct.Struct("<HHL")
_LONG = frozenset({"SQ", "UC", "UR", "UT"})
_LONGEST_SHORT = 0xFFFE
#: Tried first: every character set of DICOM has these characters, so most items need no look at the declared one.
_ASCII = ["ascii"]


def encode(data_set: Dataset) -> bytes:
    """The data set in Explicit VR Little Endian, its sequences with explicit lengths.

    Raises `CannotEncode` where SpecificCharacterSet (0008,0005) does not have a character of a value.
    """
    try:
        return b"".join(_elements(data_set, _ASCII))
    except UnicodeEncodeError:
        character_set.check(data_set)
        return b"".join(_elements(data_set, convert_encodings(None)))


def _elements(data_set: Dataset, around: list[str]) -> Iterator[bytes]:
    """The encoded elements; an item without SpecificCharacterSet has the character set of the data set around it."""
    declared = data_set.get("SpecificCharacterSet")
    encodings = convert_encodings(declared) if declared and around is not _ASCII else around
    for element in data_set:
        if element.VR == "SQ":
            yield _with_header(element, b"".join(_items(element, encodings)))
        elif element.VR in _PADDING:
            value = _text(element, encodings)
            yield _with_header(element, value + _PADDING[element.VR] if len(value) % 2 else value)
        elif element.tag.element != 0:  # not a group length, which is retired
            yield _by_pydicom(element, data_set, encodings)


def _items(sequence: DataElement, encodings: list[str]) -> Iterator[bytes]:
    for item in sequence.value or ():
        content = b"".join(_elements(item, encodings))
        yield _ITEM_HEADER.pack(0xFFFE, 0xE000, len(content)) + content


def _with_header(element: DataElement, value: bytes) -> bytes:
    tag, vr = element.tag, element.VR
    if vr in _LONG:
        return _LONG_HEADER.pack(tag.group, tag.element, vr.encode("ascii"), 0, len(value)) + value
    if len(value) > _LONGEST_SHORT:  # PS3.5 section 6.2.2, note 1: such a value travels as UN
        return _LONG_HEADER.pack(tag.group, tag.element, b"UN", 0, len(value)) + value
    return _SHORT_HEADER.pack(tag.group, tag.element, vr.encode("ascii"), len(value)) + value


def _text(element: DataElement, encodings: list[str]) -> bytes:
    value = element.value
    if value is None:
        return b""
    # Each value begins anew in the first character set (PS3.5 section 6.1.2.5.3), so each is encoded by itself.
    values = [str(one) for one in value] if isinstance(value, MultiValue | list) else [str(value)]
    return b"\\".join(_one_text(one, element.VR, encodings) for one in values)


def _one_text(text: str, vr: str, encodings: list[str]) -> bytes:
    if encodings is _ASCII or text.isascii():
        return text.encode("ascii")
    return PersonName(text).encode(encodings) if vr == "PN" else encode_string(text, encodings)


def _by_pydicom(element: DataElement, data_set: Dataset, encodings: list[str]) -> bytes:
    """Any other element; a VR that depends on the rest of the data set (US or SS, OB or OW) is decided by it."""
    decided = correct_ambiguous_vr_element(copy(element), data_set, is_little_endian=True)
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = False
    write_data_element(buffer, decided, encodings)
    return buffer.getvalue()


def read(raw: bytes) -> Dataset:
    """The data set that `encode` wrote, its values still as they were written: for matching and passing on."""
    return read_dataset(BytesIO(raw), is_implicit_VR=False, is_little_endian=True)


def decode(raw: bytes) -> Dataset:
    """The data set that `encode` wrote, its texts decoded."""
    data_set = read(raw)
    data_set.decode()
    return data_set
