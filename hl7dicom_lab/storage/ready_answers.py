"""Answers of the worklist that have been given before, as they were sent.

Clinical step: ten scanners ask for the same steps again and again, all day long. Standard: PS3.4 section K.4.1.3 (what
an answer holds follows from the item and from what is asked for). Rules: an answer is given again only for an item
whose bytes are the same and for a question of the same shape, so nothing has to be told that an item has changed; and
what is kept has an end.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from weakref import WeakKeyDictionary

from pydicom.dataset import Dataset

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.dicom.worklist_query import CompiledQuery

_MOST_BYTES = 64 * 1024 * 1024
_MOST_ITEMS = 1000


class ReadyAnswers:
    """Identifiers of pending responses by item and question, items that have been read, and whether they matched.

    Thread-safe. `most_bytes` is how much of items and identifiers is kept, `most_items` how many items are kept read.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES, most_items: int = _MOST_ITEMS) -> None:
        self._most_bytes, self._most_items = most_bytes, most_items
        self._lock = threading.Lock()
        self._forget()
        self._editions_given = 0
        self._items: dict[int, tuple[int, Dataset]] = {}

    def edition(self, number: int, raw: bytes) -> int:
        """A number that stands for these bytes of this item, and for no others."""
        kept = self._editions.get(number)
        if kept is not None and kept[1] == raw:
            return kept[0]
        with self._lock:
            self._editions_given += 1
            edition = self._editions_given
            self._grow(len(raw))
            self._editions[number] = edition, raw
        return edition

    def matches(self, query: CompiledQuery, number: int, raw: bytes) -> bool:
        """Whether the item that `raw` encodes fulfils every key of the query."""
        if query.is_universal:
            return True
        edition = self.edition(number, raw)
        known = self._verdicts.setdefault(query, {})
        kept = known.get(number)
        if kept is not None and kept[0] == edition:
            return kept[1]
        verdict = query.matches(self._item(edition, number, raw))
        known[number] = edition, verdict
        return verdict

    def answer(self, query: CompiledQuery, number: int, raw: bytes) -> tuple[int, Dataset]:
        """The status and the identifier of the pending response for an item that matches."""
        return query.response(self._item(self.edition(number, raw), number, raw))

    def identifier(self, query: CompiledQuery, number: int, raw: bytes, transfer_syntax_uid: str) -> bytes:
        """The encoded identifier of the pending response for an item that matches.

        Raises `CannotEncode` for text that the item's character set does not have.
        """
        edition = self.edition(number, raw)
        same_shape = self._identifiers.setdefault((query.shape, transfer_syntax_uid), {})
        kept = same_shape.get(number)
        if kept is not None and kept[0] == edition:
            return kept[1]
        encoded = query.encoded_identifier(self._item(edition, number, raw), transfer_syntax_uid)
        with self._lock:
            self._grow(len(encoded))
            same_shape[number] = edition, encoded
        return encoded

    def _item(self, edition: int, number: int, raw: bytes) -> Dataset:
        """The item, read. It is shared: nobody changes it."""
        kept = self._items.get(number)
        if kept is not None and kept[0] == edition:
            return kept[1]
        read = data_set.read(raw)
        with self._lock:
            if len(self._items) >= self._most_items:
                self._items.clear()
            self._items[number] = edition, read
        return read

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._most_bytes:
            self._forget()

    def _forget(self) -> None:
        self._size = 0
        self._editions: dict[int, tuple[int, bytes]] = {}
        self._identifiers: dict[tuple[Hashable, str], dict[int, tuple[int, bytes]]] = {}
        self._verdicts: WeakKeyDictionary[CompiledQuery, dict[int, tuple[int, bool]]] = WeakKeyDictionary()
