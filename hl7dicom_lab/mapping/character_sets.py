"""One character set, two names: MSH-18 (HL7 table 0211) and SpecificCharacterSet (0008,0005).

Rule: the worklist declares what the order declared, so that every copied text fits. IHE RAD TF-2 4.5 (the character
set of RAD-5) and PS3.3 section C.12.1.1.2.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import character_set, data_set
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.mapping.attributes import copied

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
    """`preferred` where every text of the data set survives in it, else Unicode.

    A set with ISO 2022 escapes is tried out: a byte of a two-byte character may look like the `=` or `^` of a PN, and
    readers that split a name before they decode it would break the name there.
    """
    terms = character_set.sufficient(item, preferred)
    if len(terms) < 2 or list(character_set.texts(item)) == list(character_set.texts(_read_back(item, terms))):
        return terms
    return (character_set.UNICODE,)


def _read_back(item: Dataset, terms: tuple[str, ...]) -> Dataset:
    """What a reader makes of the data set when it is written in a character set."""
    written = copied(item)
    written.SpecificCharacterSet = list(terms)
    return data_set.decode(data_set.encode(written))
