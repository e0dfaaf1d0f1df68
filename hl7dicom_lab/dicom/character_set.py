"""SpecificCharacterSet (0008,0005): which characters a data set can hold (PS3.3 section C.12.1.1.2, PS3.5 section 6.1).

Rule: whoever writes a text first asks whether the declared set has every character of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from hl7dicom_lab.errors import CannotEncode

#: Defined terms of (0008,0005) and a Python codec with the same characters. Absent means the default repertoire, ASCII.
CODECS: dict[str, str] = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "iso8859-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 203": "iso8859-15",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO 2022 IR 6": "ascii",
    "ISO 2022 IR 87": "iso2022_jp",
    "ISO 2022 IR 159": "iso2022_jp_2",
    "ISO 2022 IR 149": "euc_kr",
    "ISO 2022 IR 58": "gb2312",
}
UNICODE = "ISO_IR 192"
#: Value representations whose text follows (0008,0005); all others are ASCII (PS3.5 section 6.1.2.3).
_TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
ASCII_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})


def terms_of(data_set: Dataset) -> tuple[str, ...]:
    """The values of SpecificCharacterSet; none when it is absent."""
    declared = data_set.get("SpecificCharacterSet") or ()
    return (declared,) if isinstance(declared, str) else tuple(declared)


def can_hold(text: str, terms: Iterable[str]) -> bool:
    """Whether the character sets have every character of a text."""
    if text.isascii():
        return True
    codecs = [CODECS.get(term) or CODECS.get(term.replace("ISO 2022 ", "ISO_"), "ascii") for term in terms]
    return all(any(_has(codec, character) for codec in codecs) for character in text)


def _has(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def texts(data_set: Dataset, path: str = "", vrs: frozenset[str] = _TEXT_VRS) -> Iterator[tuple[str, str]]:
    """Each text of a data set that follows SpecificCharacterSet, or of other `vrs`, with its path of keywords."""
    for element in data_set:
        name = f"{path}{element.keyword or element.tag}"
        if element.VR == "SQ":
            for item in element.value or ():
                yield from texts(item, f"{name}.", vrs)
        elif element.VR in vrs and element.value:
            values = element.value if isinstance(element.value, MultiValue | list) else [element.value]
            yield from ((name, str(value)) for value in values)


def check(data_set: Dataset) -> None:
    """Raise `CannotEncode`, naming the attribute, for a text that the data set's character set does not have."""
    terms = terms_of(data_set)
    for name, text in texts(data_set):
        if not can_hold(text, terms):
            raise CannotEncode(
                f"{text!r} does not fit into {chr(92).join(terms) or 'the default character repertoire (ASCII)'}",
                where=name,
                next_step=f"declare SpecificCharacterSet (0008,0005) as one that has it, for example {UNICODE}",
            )
    for name, text in texts(data_set, vrs=ASCII_VRS):
        if not text.isascii():
            raise CannotEncode(
                f"{text!r} is not ASCII, and this attribute has no other characters (PS3.5 section 6.1.2.3)",
                where=name,
                next_step="write it with letters, digits and signs of ASCII",
            )


def sufficient(data_set: Dataset, preferred: tuple[str, ...]) -> tuple[str, ...]:
    """`preferred` where it has every character of the data set, else Unicode."""
    return preferred if all(can_hold(text, preferred) for _, text in texts(data_set)) else (UNICODE,)
