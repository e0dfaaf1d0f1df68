"""What the keys of every C-FIND query have in common: the worklist's (PS3.4 Annex K) and the archive's (Annex C).

A query's identifier is a data set in which most elements are keys. Rules: an attribute is read with its own VR from
PS3.6, whatever the peer wrote; what cannot be read is refused with 0xA900 and the attribute's name.
"""

from __future__ import annotations

from functools import lru_cache

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from hl7dicom_lab.dicom.decoded_values import SPECIFIC_CHARACTER_SET, UNDECLARED, Codecs, values
from hl7dicom_lab.dicom.matching import refused
from hl7dicom_lab.trace import Remark

TIMEZONE_OFFSET = Tag(0x0008, 0x0201)

#: In an identifier beside its keys (PS3.4 sections C.4.1.1.3.1 and K.4.1.1.3.1).
_NO_KEYS = frozenset({SPECIFIC_CHARACTER_SET, TIMEZONE_OFFSET})


def key_tags(query: Dataset) -> list[BaseTag]:
    """The tags of an identifier's keys, in order."""
    return [tag for tag in sorted(query.keys()) if tag not in _NO_KEYS and tag.element and 2 < tag.group < 0xFFFC]


def vr_of(query: Dataset, tag: BaseTag, path: str) -> str:
    """The VR of a key by PS3.6; the peer's for an attribute that PS3.6 does not have.

    Raises `DicomFault` 0xA900 for a sequence that is sent as a value, and the other way round.
    """
    sent = getattr(query.get_item(tag), "VR", None)
    vr = _vr_by_dictionary(tag) or sent or "UN"
    if (sent == "SQ") != (vr == "SQ") and sent not in (None, "UN"):
        raise refused(path, f"VR {sent} where the attribute has {vr}", "send it with its VR from PS3.6")
    return vr


@lru_cache(maxsize=1024)
def _vr_by_dictionary(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return ""


def wanted_values(query: Dataset, tag: BaseTag, vr: str, path: str, codecs: Codecs) -> tuple[str, ...]:
    """The values of a key. Raises `DicomFault` 0xA900 where they cannot be read."""
    try:
        return values(query, tag, vr, codecs, strict=True)
    except ValueError as error:
        raise refused(
            path,
            f"its value cannot be read ({error})",
            "declare in SpecificCharacterSet (0008,0005) how the query is written",
        ) from error


def undeclared_characters(path: str, wanted: tuple[str, ...], codecs: Codecs, rule: str) -> Remark | None:
    """What is noteworthy about a key outside ASCII in a query that declares no character set."""
    if codecs != UNDECLARED or all(map(str.isascii, wanted)):
        return None
    what = f"{path} has characters outside ASCII, and the query declares no character set"
    return Remark(what, rule, "declare SpecificCharacterSet (0008,0005)", "warning")
