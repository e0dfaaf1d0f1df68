"""One character set, two names: MSH-18 (HL7 table 0211) and SpecificCharacterSet (0008,0005).

Rule: the worklist declares what the order declared, so that every copied text fits. IHE RAD TF-2 4.5 (the character
set of RAD-5) and PS3.3 section C.12.1.1.2.
"""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import character_set
from hl7dicom_lab.errors import Hl7Fault

#: MSH-18, its repetitions joined by `~`, and the values of (0008,0005). An empty first value is ASCII.
SPECIFIC_CHARACTER_SET: dict[str, tuple[str, ...]] = {
    "": (),
    "ASCII": (),
    "8859/1": ("ISO_IR 100",),
    "8859/2": ("ISO_IR 101",),
    "8859/3": ("ISO_IR 109",),
    "8859/4": ("ISO_IR 110",),
    "8859/5": ("ISO_IR 144",),
    "8859/6": ("ISO_IR 127",),
    "8859/7": ("ISO_IR 126",),
    "8859/8": ("ISO_IR 138",),
    "8859/9": ("ISO_IR 148",),
    "UNICODE UTF-8": ("ISO_IR 192",),
    "GB 18030-2000": ("GB18030",),
    "ISO IR87": ("", "ISO 2022 IR 87"),
    "ASCII~ISO IR87": ("", "ISO 2022 IR 87"),
    "KS X 1001": ("", "ISO 2022 IR 149"),
    "ASCII~KS X 1001": ("", "ISO 2022 IR 149"),
}

#: The escape to another Japanese set, which ISO 2022 IR 87 does not declare (PS3.3 Table C.12-3).
_JIS_X_0201 = b"\x1b(J"
_LATIN_1 = re.compile("[\x80-\xff]")


def to_dicom(declared: str) -> tuple[str, ...]:
    """The values of SpecificCharacterSet for a value of MSH-18. Raises `Hl7Fault` 103 for one that is unknown."""
    name = "~".join(part.strip() for part in declared.split("~"))
    name = "ASCII" + name if name.startswith("~") else name
    if name not in SPECIFIC_CHARACTER_SET:
        raise Hl7Fault(
            f"{declared!r} has no counterpart in DICOM here",
            code=103,
            where="MSH-18",
            next_step="declare UNICODE UTF-8 or one of 8859/1 to 8859/9",
        )
    return SPECIFIC_CHARACTER_SET[name]


def to_hl7(terms: tuple[str, ...]) -> str:
    """The value of MSH-18 for the values of SpecificCharacterSet; UTF-8 where HL7 has no name for them."""
    for name, dicom in SPECIFIC_CHARACTER_SET.items():
        if dicom == terms:
            return name
    return "UNICODE UTF-8"


def holding(item: Dataset, preferred: tuple[str, ...]) -> tuple[str, ...]:
    """`preferred` where every text of the data set is safe in it, else Unicode.

    Several sets (ISO 2022) ask for more than that they have the characters. A byte of a two-byte character may look
    like the `=` between the groups of a PN, and readers that split a name before they decode it (pydicom does) break it
    there. And where the first set is the default, pydicom writes a character of Latin-1 as Latin-1, which is not
    declared.
    """
    if preferred == (character_set.UNICODE,):
        return preferred
    terms = character_set.sufficient(item, preferred)
    if len(terms) < 2 or all(_is_safe(text, terms) for _, text in character_set.texts(item)):
        return terms
    return (character_set.UNICODE,)


def _is_safe(text: str, terms: tuple[str, ...]) -> bool:
    if text.isascii():
        return True
    codecs = [character_set.CODECS.get(term, "ascii") for term in terms]
    return not _LATIN_1.search(text) and any(_is_safe_in(text, codec) for codec in codecs)


def _is_safe_in(text: str, codec: str) -> bool:
    try:
        encoded = text.encode(codec)
    except UnicodeEncodeError:
        return False
    return encoded.count(b"=") == text.count("=") and _JIS_X_0201 not in encoded
