"""Attributes of a data set by their path of keywords: `ScheduledProcedureStepSequence.Modality`.

A sequence on the way has one item (PS3.4 Table K.6-1: a worklist answer has exactly one scheduled procedure step; PS3.3
Table 10-9: an image of one step has one item of request attributes). Rule: data elements are put in the place of others
and never changed, so that a copy may share them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

_TEXT = frozenset({"AE", "CS", "DA", "LO", "SH", "TM"})


def put(item: Dataset, path: str, value: Any) -> None:
    """Set an attribute by its path of keywords; a sequence on the way gets its one item."""
    *sequences, (tag, vr) = _places(path)
    for sequence, _ in sequences:
        inner = _item_of(item, sequence)
        if inner is None:
            inner = Dataset()
            item[sequence] = DataElement(sequence, "SQ", [inner])
        item = inner
    item[tag] = DataElement(tag, vr, value, already_converted=_is_one_text(vr, value))


def _is_one_text(vr: str, value: Any) -> bool:
    """Whether pydicom keeps the value as it is: it makes objects of names and numbers, and lists of several values."""
    return vr in _TEXT and isinstance(value, str) and "\\" not in value


def get(item: Dataset, path: str) -> Any:
    """The value at a path of keywords; None where there is none."""
    found, tag = _holder(item, path)
    element = found.get(tag) if found is not None else None
    return None if element is None else element.value


def remove(item: Dataset, path: str) -> None:
    """Take the attribute at a path away, if it is there."""
    found, tag = _holder(item, path)
    if found is not None and tag in found:
        del found[tag]


def _holder(item: Dataset, path: str) -> tuple[Dataset | None, BaseTag]:
    """The data set or item that holds the last keyword of a path, None where a sequence on the way is empty."""
    *sequences, (tag, _) = _places(path)
    found: Dataset | None = item
    for sequence, _ in sequences:
        found = _item_of(found, sequence) if found is not None else None
    return found, tag


def _item_of(item: Dataset, sequence: BaseTag) -> Dataset | None:
    """The first item of a sequence, None where there is none."""
    element = item.get(sequence)
    return element.value[0] if element is not None and element.value else None


def copied(item: Dataset) -> Dataset:
    """A copy of a data set, to which attributes can be added without changing the original."""
    twin = Dataset(dict(item.items()))  # one made of a data set shares its elements
    for tag, element in item.items():
        if isinstance(element, DataElement) and element.VR == "SQ" and element.value:
            twin[tag] = DataElement(tag, "SQ", [copied(one) for one in element.value])
    return twin


def shown(value: Any) -> str:
    """A value as provenance shows it: several values and items in one line."""
    several = isinstance(value, list | MultiValue | Sequence)
    if several and value and isinstance(value[0], Dataset):
        return "; ".join(", ".join(str(element.value) for element in item) for item in value)
    return "\\".join(str(one) for one in value) if several else str(value)


@cache
def _places(path: str) -> tuple[tuple[BaseTag, str], ...]:
    """The tag and VR of each keyword of a path. Raises KeyError for what the data dictionary does not have."""
    places = []
    for keyword in path.split("."):
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise KeyError(f"{keyword} is no keyword of the data dictionary (PS3.6)")
        places.append((Tag(tag), dictionary_VR(tag)))
    return tuple(places)
