"""Attributes of a data set by their path of keywords: `ScheduledProcedureStepSequence.Modality`.

A sequence on the way has one item (PS3.4 Table K.6-1: a worklist answer has exactly one scheduled procedure step; PS3.3
Table 10-9: an image of one step has one item of request attributes). Rule: data elements are put in the place of others
and never changed, so that a copy may share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

_TEXT = frozenset({"AE", "CS", "DA", "LO", "SH", "TM"})


def data_set_of(values: Mapping[str, Any]) -> Dataset:
    """A data set with these attributes, by their paths of keywords; a sequence on the way gets its one item.

    What putting one after the other gives, and cheaper where there are many.
    """
    elements: dict[BaseTag, DataElement | RawDataElement] = {}
    inside: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        sequence, _, rest = path.partition(".")
        if rest:
            inside.setdefault(sequence, {})[rest] = value
        else:
            ((tag, vr),) = _places(path)
            elements[tag] = _element(tag, vr, value)
    for sequence, attributes in inside.items():
        ((tag, vr),) = _places(sequence)
        elements[tag] = DataElement(tag, vr, [data_set_of(attributes)])
    return Dataset(elements)


def put(item: Dataset, path: str, value: Any) -> None:
    """Set an attribute by its path of keywords; a sequence on the way gets its one item."""
    *sequences, (tag, vr) = _places(path)
    for sequence, _ in sequences:
        inner = _item_of(item, sequence)
        if inner is None:
            inner = Dataset()
            item[sequence] = DataElement(sequence, "SQ", [inner])
        item = inner
    item[tag] = _element(tag, vr, value)


def _element(tag: BaseTag, vr: str, value: Any) -> DataElement:
    return DataElement(tag, vr, value, already_converted=_is_one_text(vr, value))


def _is_one_text(vr: str, value: Any) -> bool:
    """Whether pydicom keeps the value as it is: it makes objects of names and numbers, and lists of several values."""
    return vr in _TEXT and isinstance(value, str) and "\\" not in value


def get(item: Dataset, path: str) -> Any:
    """The value at a path of keywords; None where there is none."""
    found, tag = _holder(item, path)
    element = _element_of(found, tag) if found is not None else None
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
    element = _element_of(item, sequence)
    return element.value[0] if element is not None and element.value else None


def _element_of(item: Dataset, tag: BaseTag) -> DataElement | None:
    """An element with its value read, None where there is none."""
    element = item.get_item(tag)
    return item[tag] if isinstance(element, RawDataElement) else element


def copied(item: Dataset, sequence: str) -> Dataset:
    """A copy of a data set, in which attributes can be put without changing the original, also in one sequence."""
    twin = Dataset(dict(item.items()))  # one made of a data set shares its elements
    ((tag, _),) = _places(sequence)
    element = _element_of(item, tag)
    if element is not None and element.value:
        twin[tag] = DataElement(tag, "SQ", [Dataset(dict(one.items())) for one in element.value])
    return twin


def shown(value: Any) -> str:
    """A value as provenance shows it: several values and items in one line."""
    if isinstance(value, str):
        return str(value)
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
