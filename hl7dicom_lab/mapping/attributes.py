"""Attributes of a data set by their path of keywords: `ScheduledProcedureStepSequence.Modality`.

A sequence on the way has one item (PS3.4 Table K.6-1: a worklist answer has exactly one scheduled procedure step; PS3.3
Table 10-9: an image of one step has one item of request attributes). Rule: a copy shares the values, which nobody
changes in place, and has data elements and items of its own.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence


def put(item: Dataset, path: str, value: Any) -> None:
    """Set an attribute by its path of keywords; a sequence on the way gets its one item."""
    *sequences, keyword = path.split(".")
    for sequence in sequences:
        if not item.get(sequence):
            setattr(item, sequence, [Dataset()])
        item = item[sequence].value[0]
    setattr(item, keyword, value)


def get(item: Dataset, path: str) -> Any:
    """The value at a path of keywords; None where there is none."""
    *sequences, keyword = path.split(".")
    for sequence in sequences:
        if not item.get(sequence):
            return None
        item = item[sequence].value[0]
    return item.get(keyword)


def remove(item: Dataset, path: str) -> None:
    """Take the attribute at a path away, if it is there."""
    *sequences, keyword = path.split(".")
    for sequence in sequences:
        if not item.get(sequence):
            return
        item = item[sequence].value[0]
    if keyword in item:
        delattr(item, keyword)


def copied(item: Dataset) -> Dataset:
    """A copy of a data set, to which attributes can be added without changing the original."""
    twin = Dataset()
    for element in item:
        value = Sequence([copied(one) for one in element.value or ()]) if element.VR == "SQ" else element.value
        twin.add(DataElement(element.tag, element.VR, value, already_converted=True))
    return twin
