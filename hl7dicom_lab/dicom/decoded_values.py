"""The values of a data element as text, decoded and without padding (PS3.5 sections 6.1 and 6.2).

Rule: values are compared as what they mean, never as bytes. Text is decoded with the SpecificCharacterSet (0008,0005)
of its own data set, or of the one around it; padding that the VR calls insignificant is taken away. Reading here
neither validates nor warns: what arrives from the wire is judged by whoever asked for it.
"""

from __future__ import annotations

import re
from typing import Any

from pydicom.charset import CODES_TO_ENCODINGS, python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from hl7dicom_lab.dicom.character_set import CODECS

SPECIFIC_CHARACTER_SET = Tag(0x0008, 0x0005)

#: Python codecs in the order of (0008,0005); the first is in force where no escape sequence says otherwise.
Codecs = tuple[str, ...]
#: Where no character set is declared: ASCII by the standard. Latin-1 reads ASCII and never fails on what is not.
UNDECLARED: Codecs = ("iso8859",)

#: VRs with one value only, in which a backslash is text (PS3.5 section 6.4).
_ONE_VALUE = frozenset({"LT", "ST", "UR", "UT"})
#: VRs whose leading spaces are significant (PS3.5 section 6.2). Trailing spaces never are.
_LEADING_SPACES_COUNT = frozenset({"LT", "ST", "UC", "UR", "UT"})
#: VRs whose text follows SpecificCharacterSet; all others are ASCII (PS3.5 section 6.1.2.3).
_TEXT = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_NUMBERS = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_OCTETS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_FRAGMENTS = re.compile(rb"^[^\x1b]+|\x1b[^\x1b]*")
#: A control character ends what an escape sequence designated (PS3.5 section 6.1.2.5.3).
_RESET = re.compile(rb"[\t\n\f\r]")
_READ_BY_PYTHON = frozenset({"iso2022_jp", "iso2022_jp_2", "iso_ir_58"})


def codecs_of(data_set: Dataset, around: Codecs = UNDECLARED) -> Codecs:
    """The codecs that a data set declares, else those of the data set around it.

    A term that nobody knows reads as ASCII, so that strict decoding fails where the difference matters.
    """
    element = data_set.get_item(SPECIFIC_CHARACTER_SET)
    if element is None or not element.value:
        return around
    value: Any = element.value
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    terms = text.split("\\") if isinstance(text, str) else list(text)
    names = (term.strip("\0 ") for term in terms)
    return tuple(python_encoding.get(name) or CODECS.get(name) or "ascii" for name in names)


def values(
    data_set: Dataset, tag: BaseTag, vr: str, codecs: Codecs = UNDECLARED, *, strict: bool = False
) -> tuple[str, ...]:
    """The values of one element as text, in order; none where it is absent or empty. Not for sequences.

    `vr` is the attribute's own VR: one that came over the wire may be UN. With `strict`, raises ValueError for what
    cannot be decoded; otherwise such characters become U+FFFD and unreadable numbers no value at all.
    """
    element = data_set.get_item(tag)
    if element is None:
        return ()
    value: Any = element.value
    if isinstance(value, str | bytes) and not value:  # as most keys of a query, which are only asked for
        return ()
    if isinstance(element, RawDataElement) and vr in _NUMBERS:
        value = _numbers(data_set, tag)
    if isinstance(value, bytes):
        value = _text_of(value, vr, codecs, strict=strict)
    if value is None:
        return ()
    if isinstance(value, MultiValue | list | tuple):
        parts = [str(part) for part in value]
    else:
        text = str(value)
        parts = [text] if vr in _ONE_VALUE or "\\" not in text else text.split("\\")
    return tuple(part for part in (unpadded(vr, part) for part in parts) if part)


def unpadded(vr: str, text: str) -> str:
    """A value without the padding that its VR calls insignificant."""
    return text.rstrip("\0 ") if vr in _LEADING_SPACES_COUNT else text.strip("\0 ")


def decode_text(value: bytes, codecs: Codecs, strict: bool = False) -> str:
    """Bytes as text, with code extensions by ISO 2022 (PS3.5 section 6.1.2.5).

    Raises ValueError with `strict` for bytes or escape sequences that the codecs do not have.
    """
    errors = "strict" if strict else "replace"
    if b"\x1b" not in value:
        return value.decode(codecs[0], errors)
    return "".join(_fragment(part, codecs, errors) for part in _FRAGMENTS.findall(value))


def _fragment(part: bytes, codecs: Codecs, errors: str) -> str:
    if not part.startswith(b"\x1b"):
        return part.decode(codecs[0], errors)
    length = 4 if part.startswith((b"\x1b$(", b"\x1b$)")) else 3
    codec = CODES_TO_ENCODINGS.get(part[:length], "")
    if codec not in codecs and codec != UNDECLARED[0]:
        if errors == "strict":
            raise ValueError("an escape sequence that SpecificCharacterSet does not declare")
        return part.decode(codecs[0], errors)
    if codec in _READ_BY_PYTHON:
        return part.decode(codec, errors)
    body = part[length:]
    reset = _RESET.search(body)
    end = reset.start() if reset else len(body)
    return body[:end].decode(codec, errors) + body[end:].decode(codecs[0], errors)


def _text_of(value: bytes, vr: str, codecs: Codecs, *, strict: bool) -> str | None:
    if vr in _OCTETS:
        return value.hex()
    if vr not in _NUMBERS:
        return decode_text(value, codecs if vr in _TEXT else UNDECLARED, strict)
    if strict and value:
        raise ValueError(f"{len(value)} bytes are no whole number of values of VR {vr}")
    return None


def _numbers(data_set: Dataset, tag: BaseTag) -> Any:
    """Binary values as pydicom reads them; as they came where it cannot."""
    try:
        return data_set[tag].value
    except Exception:  # a length that is no multiple of the number's; pydicom has several classes for it
        return getattr(data_set.get_item(tag), "value", None)
