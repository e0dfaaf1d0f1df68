"""Data sets that came over the wire, read by whoever answers: an SCP's thread, the trace.

Clinical step: the worklist reads a query, the archive an image's header, a person the trace. Standard: PS3.5 sections
6 and 7. Rules: the lengths are checked first (`elements.py`), and a value that breaks its value representation is
shown as it came. Nothing warns and nothing prints, because a thread that serves has nobody to talk to.

For files and data sets of one's own pydicom's `dcmread` is the tool; this reads what a stranger sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pydicom import config
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.valuerep import IS, DSfloat, PersonName
from pydicom.values import convert_value

from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.decoded_values import SPECIFIC_CHARACTER_SET, UNDECLARED, Codecs, codecs_of, decode_text
from hl7dicom_lab.dicom.elements import Element, Encoding, find_elements, tag_text
from hl7dicom_lab.errors import DicomFault

_DEFAULT_REPERTOIRE_VRS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
_TEXT_VRS = frozenset({"LO", "PN", "SH", "UC"})
_LONG_TEXT_VRS = frozenset({"LT", "ST", "UT"})  # one value: a backslash is text
_NUMBER_VRS = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_READ_FROM_UN = _DEFAULT_REPERTOIRE_VRS | _TEXT_VRS | _LONG_TEXT_VRS | _NUMBER_VRS
_LONGEST_SHOWN = 64


def read_data_set(raw: bytes, transfer_syntax_uid: str, *, before: int = 0xFFFFFFFF, strict: bool = False) -> Dataset:
    """The data set in `raw` (no file meta), its values decoded.

    Elements from the tag `before` on are left out. Text that the declared character set does not have is shown with
    U+FFFD; with `strict` it is refused.

    Raises `DicomFault`: 0xC000 where the bytes are no data set in this transfer syntax; 0xA900, with `strict`, where
    text is not in the declared character set.
    """
    encoding = Encoding.of(transfer_syntax_uid)
    elements = find_elements(raw, encoding)
    return read_elements(raw, [element for element in elements if element.tag < before], encoding, strict=strict)


def read_elements(raw: bytes, elements: Iterable[Element], encoding: Encoding, *, strict: bool = False) -> Dataset:
    """The elements that `find_elements` found in `raw`, decoded as `read_data_set` does."""
    return _Reader(encoding, strict).read(raw, elements)


def lines(data_set: Dataset, indent: str = "") -> Iterator[str]:
    """A data set as text, an element a line: tag, value representation, keyword, value."""
    for element in data_set:
        name = element.keyword or ("(private)" if element.tag.is_private else "(unknown)")
        begin = f"{indent}{tag_text(element.tag)} {element.VR} {name}"
        if isinstance(element.value, Sequence):
            yield f"{begin}: {counted(len(element.value), 'item')}"
            for item in element.value:
                yield from lines(item, f"{indent}  > ")
        else:
            yield f"{begin}: {_shown(element.value)}".rstrip()


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = "\\".join(map(str, value)) if isinstance(value, MultiValue | list) else "" if value is None else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(text)} characters)"


class _Reader:
    """Decodes the elements of one data set; a sequence's items inherit its character set (PS3.3 C.12.1.1.2)."""

    def __init__(self, encoding: Encoding, strict: bool, codecs: Codecs = UNDECLARED) -> None:
        self._encoding = encoding
        self._strict = strict
        self._codecs = codecs

    def read(self, raw: bytes, elements: Iterable[Element]) -> Dataset:
        data_set = Dataset()
        for element in elements:
            data_set.add(self._element(raw, element))
            if element.tag == SPECIFIC_CHARACTER_SET:
                self._codecs = codecs_of(data_set, self._codecs)
        return data_set

    def _element(self, raw: bytes, element: Element) -> DataElement:
        tag, vr = BaseTag(element.tag), element.vr
        if vr == "UN" and not tag.is_private and not element.closed_by_delimiter and dictionary_has_tag(tag):
            known = dictionary_VR(tag)
            vr = known if known in _READ_FROM_UN else vr
        value = self._value(raw, element, vr)
        return DataElement(tag, vr, value, already_converted=True, validation_mode=config.IGNORE)

    def _value(self, raw: bytes, element: Element, vr: str) -> object:
        if vr == "SQ":
            return Sequence(self._item(raw, item) for item in element.items)
        value = raw[element.start : element.end]
        if not value:
            return empty_value_for_VR(vr)
        if vr in _DEFAULT_REPERTOIRE_VRS:
            return _split(value.decode("iso8859-1").strip(" \0"), _CONSTRUCTORS.get(vr, str))
        if vr in _TEXT_VRS:
            return _split(self._text(element, value).rstrip(" \0"), _CONSTRUCTORS.get(vr, str))
        if vr in _LONG_TEXT_VRS:
            return self._text(element, value).rstrip(" \0")
        return self._binary(element, vr, value)

    def _item(self, raw: bytes, item: Iterable[Element]) -> Dataset:
        return _Reader(self._encoding, self._strict, self._codecs).read(raw, item)

    def _text(self, element: Element, value: bytes) -> str:
        try:
            return decode_text(value, self._codecs, self._strict)
        except ValueError as error:
            raise DicomFault(
                "the text has bytes that Specific Character Set (0008,0005) does not allow",
                status=status.DOES_NOT_MATCH_SOP_CLASS,
                keyword=keyword_for_tag(element.tag),
                where=tag_text(element.tag),
                next_step="declare the character set in which the text is written",
            ) from error

    def _binary(self, element: Element, vr: str, value: bytes) -> object:
        """Numbers as numbers; what does not divide into them, and what is no number, as bytes."""
        if vr not in _NUMBER_VRS:
            return value
        implicit, little = self._encoding.implicit_vr, self._encoding.little_endian
        try:
            return convert_value(vr, RawDataElement(BaseTag(element.tag), vr, len(value), value, 0, implicit, little))
        except Exception:  # a length that is no multiple of the number's; pydicom has several classes for it
            return value


def _split(text: str, construct: Callable[[str], object]) -> object:
    if "\\" not in text:
        return construct(text)
    return MultiValue(construct, text.split("\\"))


def _person_name(text: str) -> PersonName:
    return PersonName(text.rstrip(" \0"), validation_mode=config.IGNORE)


def _uid(text: str) -> UID:
    return UID(text.strip(" \0"), validation_mode=config.IGNORE)


def _integer(text: str) -> object:
    try:
        return IS(text, validation_mode=config.IGNORE)
    except (ValueError, TypeError, OverflowError):
        return text


def _decimal(text: str) -> object:
    try:
        return DSfloat(text, validation_mode=config.IGNORE)
    except (ValueError, TypeError, OverflowError):
        return text


_CONSTRUCTORS: dict[str, Callable[[str], object]] = {
    "PN": _person_name,
    "UI": _uid,
    "IS": _integer,
    "DS": _decimal,
    "AE": str.strip,
    "CS": str.strip,
    "DA": str.strip,
    "LO": str.strip,
    "SH": str.strip,
}
