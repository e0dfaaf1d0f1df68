"""An encoded data set as a tree: every element, item and fragment with the bytes that it stands in (PS3.5 section 7).

Clinical step: a person looks at what a scanner wrote or a system sent, also where it is broken. Rule: nothing raises.
What can be read is read; where it breaks off, the place and the reason are kept with the node that broke. An outer
length wins over an inner one: what an element claims beyond the end of its item is not believed.

`elements.py` reads the same structure for systems, and refuses what is not sound.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from hl7dicom_lab.dicom.dictionary import is_known, vr_of
from hl7dicom_lab.dicom.elements import DEEPEST, PIXEL_DATA, Encoding, tag_text

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
#: PS3.5 Table 7.1-2: value representations whose length has two bytes, and all that there are.
_SHORT_LENGTH = frozenset(str(vr.value) for vr in EXPLICIT_VR_LENGTH_16)
KNOWN_VRS = _SHORT_LENGTH | frozenset(str(vr.value) for vr in EXPLICIT_VR_LENGTH_32)
_DELIMITER = 8  # bytes of a delimiter: a tag, and the length 0
#: How PS3.5 section 6.2.2 wants a sequence written whose VR is UN.
_UNKNOWN_SEQUENCE = Encoding(implicit_vr=True, little_endian=True)

Kind = Literal["element", "item", "offset table", "fragment", "rest"]


class Node(NamedTuple):
    """One piece of a data set. Its header is `raw[at:start]`, its value `raw[start:end]`, and it is over at `after`.

    `length` is what the header says, `UNDEFINED` where a delimiter ends the value. A `rest` is what could not be read.
    """

    kind: Kind
    tag: int
    vr: str
    length: int
    at: int
    start: int
    end: int
    after: int
    implicit: bool = False  # the VR is not written; it is the dictionary's
    children: tuple[Node, ...] = ()
    trouble: str = ""  # why it could not be read to its end

    @property
    def is_sequence(self) -> bool:
        """Whether the children are items."""
        return self.kind == "element" and (self.vr == "SQ" or bool(self.children and self.children[0].kind == "item"))


@dataclass(frozen=True)
class Tree:
    """The nodes of the first level, up to `end`. `broken` says that they could not be read further than that."""

    nodes: tuple[Node, ...]
    end: int
    broken: bool


def read_tree(raw: bytes, encoding: Encoding, start: int = 0, *, group: int | None = None) -> Tree:
    """The elements from `start` on, with `group` those of this group only. Never raises, whatever the bytes."""
    nodes, end, broken = _Walk(raw, encoding, group).elements(start, len(raw), 0, is_open=False)
    return Tree(tuple(nodes), end, broken)


def first_fits(raw: bytes, encoding: Encoding, start: int = 0) -> bool:
    """Whether an element that the dictionary knows, and that ends within `raw`, begins at `start`."""
    header = _Walk(raw, encoding)._header(start, len(raw))
    if header.trouble or header.tag >> 16 == 0xFFFE or not is_known(header.tag):
        return False
    if header.length == UNDEFINED:
        return header.vr == "SQ"
    return (header.implicit or header.vr in KNOWN_VRS) and header.start + header.length <= len(raw)


#: Nodes, the position behind them, and whether reading has to stop there.
_Read = tuple[list[Node], int, bool]


class _Header(NamedTuple):
    tag: int
    vr: str
    length: int
    start: int
    implicit: bool
    trouble: str = ""


class _Walk:
    """One pass over a data set."""

    def __init__(self, raw: bytes, encoding: Encoding, group: int | None = None) -> None:
        self._raw = raw
        self._group = group
        self._implicit = encoding.implicit_vr
        order = "<" if encoding.little_endian else ">"
        self._tag_and_length = struct.Struct(f"{order}HHL").unpack_from
        self._short = struct.Struct(f"{order}H").unpack_from
        self._long = struct.Struct(f"{order}L").unpack_from

    def elements(self, at: int, limit: int, depth: int, *, is_open: bool) -> _Read:
        """Elements up to `limit`; with `is_open` up to the item's delimiter, which is left to the caller."""
        found: list[Node] = []
        while at < limit:
            header = self._header(at, limit)
            if depth == 0 and self._group is not None and header.tag >> 16 != self._group:
                return found, at, False
            if header.trouble:
                found.append(self._rest(at, limit, header.trouble))
                return found, limit, True
            if header.tag == ITEM_END and is_open:
                return found, at, False
            if header.tag >> 16 == 0xFFFE:
                if is_open and header.tag == SEQUENCE_END:
                    return found, at, False  # the item was not closed, the sequence is
                trouble = f"{tag_text(header.tag)} belongs into a sequence, but stands outside of one"
                found.append(Node("rest", header.tag, "", header.length, at, header.start, header.start, header.start,
                                  trouble=trouble))  # fmt: skip
                at = header.start
                continue
            node, broken = self._element(header, at, limit, depth)
            found.append(node)
            at = node.after
            if broken:
                return found, at, True
        return found, at, False

    def _header(self, at: int, limit: int) -> _Header:
        if at + 8 > limit:
            begun = self._short(self._raw, at)[0] << 16 if at + 2 <= limit else 0
            return _Header(begun, "", 0, limit, False, f"{_bytes(limit - at)} left over here, too few for an element")
        group, element, length = self._tag_and_length(self._raw, at)
        tag = group << 16 | element
        if group == 0xFFFE:
            return _Header(tag, "", length, at + 8, True)
        if self._implicit:
            return _Header(tag, vr_of(tag), length, at + 8, True)
        return self._explicit_header(tag, at, limit)

    def _explicit_header(self, tag: int, at: int, limit: int) -> _Header:
        written = self._raw[at + 4 : at + 6]
        if not (written.isalpha() and written.isupper()):
            return _Header(tag, "", 0, at, False, f"{tag_text(tag)} has no VR: two capital letters should follow it")
        vr = written.decode("ascii")
        if vr in _SHORT_LENGTH:
            return _Header(tag, vr, self._short(self._raw, at + 6)[0], at + 8, False)
        if at + 12 > limit:
            return _Header(tag, vr, 0, at, False, f"{tag_text(tag)} ends within its length")
        return _Header(tag, vr, self._long(self._raw, at + 8)[0], at + 12, False)

    def _element(self, header: _Header, at: int, limit: int, depth: int) -> tuple[Node, bool]:
        tag, vr, length, start, implicit, _ = header
        node = Node("element", tag, vr, length, at, start, start, start, implicit)
        if length == UNDEFINED:
            return self._undefined(node, limit, depth)
        end = start + length
        if end > limit:
            trouble = f"says that {_bytes(length)} follow, but there are only {limit - start:,}"
            children: tuple[Node, ...] = ()
            if vr == "SQ":
                children = tuple(self._items(start, limit, depth, is_open=False)[0])
            return node._replace(end=limit, after=limit, children=children, trouble=trouble), True
        if vr != "SQ" or length == 0:
            return node._replace(end=end, after=end), False
        if depth >= DEEPEST:
            trouble = f"sequences are nested more than {DEEPEST} deep; this one is not opened"
            return node._replace(end=end, after=end, trouble=trouble), False
        items, _, broken = self._items(start, end, depth, is_open=False)
        trouble = "could not be read to its end" if broken else ""
        return node._replace(end=end, after=end, children=tuple(items), trouble=trouble), False

    def _undefined(self, node: Node, limit: int, depth: int) -> tuple[Node, bool]:
        """An element whose end is a delimiter: a sequence, or encapsulated pixel data."""
        if depth >= DEEPEST:
            trouble = f"sequences are nested more than {DEEPEST} deep; reading stops here"
            return node._replace(end=limit, after=limit, trouble=trouble), True
        if node.tag == PIXEL_DATA and node.vr != "SQ":
            found, at, broken = self._fragments(node.start, limit)
        elif node.vr == "UN":
            found, at, broken = _Walk(self._raw, _UNKNOWN_SEQUENCE)._items(node.start, limit, depth, is_open=True)
        else:
            found, at, broken = self._items(node.start, limit, depth, is_open=True)
        children = tuple(found)
        if broken or not self._stands_at(SEQUENCE_END, at, limit):
            trouble = "is not closed by a sequence delimiter, as its undefined length asks for"
            return node._replace(end=at, after=at, children=children, trouble=trouble), broken or at >= limit
        trouble = "" if node.vr in ("SQ", "UN") or node.tag == PIXEL_DATA else "may not have an undefined length"
        return node._replace(end=at, after=at + _DELIMITER, children=children, trouble=trouble), False

    def _items(self, at: int, limit: int, depth: int, *, is_open: bool) -> _Read:
        """The items of a sequence. The delimiter of an open one is left to the caller."""
        found: list[Node] = []
        while at < limit:
            if at + 8 > limit:
                found.append(self._rest(at, limit, f"{_bytes(limit - at)} left over here, too few for an item"))
                return found, limit, True
            group, element, length = self._tag_and_length(self._raw, at)
            tag = group << 16 | element
            if tag == SEQUENCE_END:
                if is_open:
                    return found, at, False
                at += _DELIMITER  # not needed where the length is known, and some write it all the same
                continue
            if tag != ITEM:
                trouble = f"{tag_text(tag)} stands where an item, {tag_text(ITEM)}, was due"
                found.append(self._rest(at, limit, trouble))
                return found, limit, True
            node, broken = self._item(at, limit, length, depth)
            found.append(node)
            at = node.after
            if broken:
                return found, at, True
        return found, at, False

    def _item(self, at: int, limit: int, length: int, depth: int) -> tuple[Node, bool]:
        node = Node("item", ITEM, "", length, at, at + 8, at + 8, at + 8, True)
        is_open = length == UNDEFINED
        end = limit if is_open else min(node.start + length, limit)
        found, after, broken = self.elements(node.start, end, depth + 1, is_open=is_open)
        children = tuple(found)
        if not is_open:
            cut = node.start + length > limit
            trouble = f"says that {_bytes(length)} follow, but there are only {limit - node.start:,}" if cut else ""
            return node._replace(end=end, after=end, children=children, trouble=trouble), cut
        if self._stands_at(ITEM_END, after, limit) and not broken:
            return node._replace(end=after, after=after + _DELIMITER, children=children), False
        trouble = "is not closed by an item delimiter, as its undefined length asks for"
        return node._replace(end=after, after=after, children=children, trouble=trouble), broken

    def _fragments(self, at: int, limit: int) -> _Read:
        """The offset table and the fragments of encapsulated pixel data (PS3.5 section A.4)."""
        found: list[Node] = []
        while at < limit:
            if at + 8 > limit:
                found.append(self._rest(at, limit, f"{_bytes(limit - at)} left over here, too few for a fragment"))
                return found, limit, True
            group, element, length = self._tag_and_length(self._raw, at)
            tag = group << 16 | element
            if tag == SEQUENCE_END:
                return found, at, False
            if tag != ITEM or length == UNDEFINED:
                found.append(self._rest(at, limit, f"{tag_text(tag)} stands where a fragment was due"))
                return found, limit, True
            start, end = at + 8, min(at + 8 + length, limit)
            cut = start + length > limit
            trouble = f"says that {_bytes(length)} follow, but there are only {limit - start:,}" if cut else ""
            kind: Kind = "fragment" if found else "offset table"
            found.append(Node(kind, tag, "", length, at, start, end, end, True, trouble=trouble))
            at = end
            if cut:
                return found, at, True
        return found, at, False

    def _stands_at(self, tag: int, at: int, limit: int) -> bool:
        if at + 8 > limit:
            return False
        group, element, _ = self._tag_and_length(self._raw, at)
        return bool(group << 16 | element == tag)

    @staticmethod
    def _rest(at: int, limit: int, trouble: str) -> Node:
        return Node("rest", 0, "", limit - at, at, at, limit, limit, trouble=trouble)


def _bytes(number: int) -> str:
    return "1 byte" if number == 1 else f"{number:,} bytes"
