"""The parts of a data set as lines of the explorer.

Rule: a line shows what stands in the bytes. Names come from the dictionary, values from the bytes; what is not filled
in yet, or could not be read, is a line that says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.dictionary import creator_of, entry_of
from hl7dicom_lab.dicom.dimse import command_name
from hl7dicom_lab.dicom.draft import Blank, Path
from hl7dicom_lab.dicom.element_rules import notes_of
from hl7dicom_lab.dicom.element_text import Surroundings, Value, bytes_value, names_of, value_of
from hl7dicom_lab.dicom.element_tree import UNDEFINED, Node
from hl7dicom_lab.dicom.elements import PIXEL_DATA, tag_text
from hl7dicom_lab.dicom.file_parts import PREAMBLE, Part
from hl7dicom_lab.views.data_set.words import about, pieces, pixel_words, plural
from hl7dicom_lab.views.explorer.tree import Line

#: Sequences with more items, or more lines in them, are folded away at first.
_MOST_ITEMS, _MOST_LINES = 2, 14
#: Offsets of a table that are shown.
_MOST_OFFSETS = 8
#: Longer values are compared by a digest.
_LONG = 64
_NUMBER_VRS = frozenset({"US", "SS", "UL", "SL", "IS"})
_PHOTOMETRIC = 0x00280004
_COMMAND_FIELD, _STATUS = 0x00000100, 0x00000900
_HEADINGS = {
    "file meta": (
        "Group 0002",
        "File meta information",
        "What follows, and how it is written. Always Explicit VR Little Endian (PS3.10 section 7.1)",
    ),
    "command": (
        "Group 0000",
        "Command set",
        "What is asked for or answered. Always Implicit VR Little Endian (PS3.7 section 6.3.1)",
    ),
    "data set": ("Data set", "", "The elements of the object itself, in ascending order of their tags"),
}
#: What tells what an item is about, without opening it: the meaning of a code, an identifier.
_GISTS = ("(0008,0104)", "(0008,1155)", "(0040,0009)", "(0040,1001)", "(0008,1150)")


def lines_of(raw: bytes, part: Part, blanks: Mapping[Path, Sequence[Blank]]) -> list[Line]:
    """A part with everything in it."""
    if part.kind == "preamble":
        return [_preamble(raw[part.start : part.end])]
    if part.kind == "prefix":
        by = (("the letters DICM", 4),)
        return [Line(0, "Prefix", "", "DICM: programs know a DICOM file by it", span=(part.start, part.end),
                     about="Four bytes behind the preamble (PS3.10 section 7.1)", pieces=by)]  # fmt: skip
    label, name, told = _HEADINGS[part.kind]
    count = sum(node.kind == "element" for node in part.nodes) + len(blanks.get((), ()))
    size = part.end - part.start
    heading = Line(
        0, label, name, f"{plural(count, 'element')}, {plural(size, 'byte')}", span=(part.start, part.end),
        note=" ".join(part.notes), key=part.kind, exact=part.kind, about=told,
    )  # fmt: skip
    around = Surroundings(raw, little_endian=part.encoding.little_endian)
    return [heading, *_Lines(around, blanks).level(part.nodes, around, 1, (), "")]


def _preamble(content: bytes) -> Line:
    if not any(content):
        said = f"{PREAMBLE} bytes, all zero: not in use"
    elif content[:4] in (b"II*\0", b"MM\0*"):
        said = f"{PREAMBLE} bytes that begin like a TIFF file"
    else:
        said = f"{PREAMBLE} bytes, in use; DICOM programs do not need them"
    return Line(
        0, "Preamble", "", said, span=(0, PREAMBLE), pieces=(("the preamble", PREAMBLE),), exact=content.hex(),
        about="Free for other uses; DICOM programs do not need it (PS3.10 section 7.1)",
    )  # fmt: skip


class _Lines:
    """Makes lines of nodes, level by level; `blanks` are put where they would stand."""

    def __init__(self, around: Surroundings, blanks: Mapping[Path, Sequence[Blank]]) -> None:
        self._raw = around.raw
        self._blanks = blanks

    def level(
        self, nodes: tuple[Node, ...], around: Surroundings, depth: int, path: Path, place: str
    ) -> Iterator[Line]:
        """A data set, or an item: elements in the order of the bytes."""
        here = around.inside(nodes)
        waiting = list(self._blanks.get(path, ()))
        before = -1
        for node in nodes:
            while waiting and node.kind == "element" and waiting[0].tag < node.tag:
                yield _blank(waiting.pop(0), here, depth, place)
            if node.kind == "rest":
                yield self._rest(node, depth)
                continue
            yield from self._element(node, nodes, here, depth, path, place, before)
            before = node.tag
        yield from (_blank(one, here, depth, place) for one in waiting)

    def _element(
        self, node: Node, nodes: tuple[Node, ...], here: Surroundings, depth: int, path: Path, place: str, before: int
    ) -> Iterator[Line]:
        vr = here.vr(node)
        keyword, words = names_of(node.tag, here)
        label = tag_text(node.tag)
        where = f"{place}{label}"
        inside = list(self._inside(node, here, depth, path, where))
        value = self._value(node, nodes, here)
        notes = list(notes_of(node, value, here, before))
        if keyword == "unknown":
            words = "Not in the dictionary of this course's software"
        elif entry_of(node.tag).retired:
            words = f"{words} (retired)"
        yield Line(
            depth, label, keyword, value.text,
            facts=(vr if node.implicit else node.vr, "undefined" if node.length == UNDEFINED else f"{node.length:,}"),
            span=(node.at, node.after),
            note=" ".join(notes),
            shut=len(node.children) > _MOST_ITEMS or len(inside) > _MOST_LINES,
            key=_key(node.tag, here),
            exact=self._exact(node, value),
            about=about(words, vr, node, value.text),
            pieces=pieces(node, here.little_endian),
            place=where if place else "",
        )  # fmt: skip
        yield from inside

    def _inside(self, node: Node, here: Surroundings, depth: int, path: Path, where: str) -> Iterator[Line]:
        """The items of a sequence with their elements, or the fragments of pixel data."""
        items = fragments = 0
        for child in node.children:
            if child.kind == "item":
                items += 1
                label = f"Item {items}"
                inside = list(
                    self.level(child.children, here, depth + 2, (*path, (node.tag, items)), f"{where} {label} ")
                )
                told = plural(sum(one.depth == depth + 2 for one in inside), "element")
                gist = _gist(inside, depth + 2)
                yield Line(
                    depth + 1, label, "", f"{told}: {gist}" if gist else told,
                    facts=("", "undefined" if child.length == UNDEFINED else f"{child.length:,}"),
                    span=(child.at, child.after), note=_sentence(child.trouble), exact=label,
                    about="An item of the sequence: a data set of its own", pieces=pieces(child, here.little_endian),
                    place=f"{where} {label}",
                )  # fmt: skip
                yield from inside
            elif child.kind == "rest":
                yield self._rest(child, depth + 1)
            else:
                fragments += child.kind == "fragment"
                yield self._fragment(child, fragments, depth + 1, here)

    def _value(self, node: Node, nodes: tuple[Node, ...], here: Surroundings) -> Value:
        if node.tag == PIXEL_DATA and here.vr(node) != "SQ":
            subsampled = self._text(nodes, here, _PHOTOMETRIC) == "YBR_FULL_422"
            said, note = pixel_words(node, lambda tag: self._number(nodes, here, tag), subsampled=subsampled)
            return Value(said, (note,) if note else ())
        if node.is_sequence or here.vr(node) == "SQ":
            return Value(plural(sum(child.kind == "item" for child in node.children), "item"))
        if node.tag in (_COMMAND_FIELD, _STATUS):
            return self._meant(node, nodes, here)
        return value_of(node, here)

    def _meant(self, node: Node, nodes: tuple[Node, ...], here: Surroundings) -> Value:
        """A number of a command set with its meaning."""
        value, code = value_of(node, here), self._number(nodes, here, node.tag)
        command = command_name(self._number(nodes, here, _COMMAND_FIELD))
        said = status.words(code, command.removesuffix("-RSP")) if node.tag == _STATUS else f"0x{code:04X} {command}"
        return replace(value, text=f"{value.text} ({said})" if value.text.isdigit() else value.text)

    def _exact(self, node: Node, value: Value) -> str:
        """What is compared where the eye sees less than there is."""
        if node.children or not (value.shortened or node.tag == PIXEL_DATA):
            return ""
        content = self._raw[node.start : node.end]
        return content.hex() if len(content) <= _LONG else hashlib.sha256(content).hexdigest()

    @staticmethod
    def _text(nodes: tuple[Node, ...], here: Surroundings, tag: int) -> str:
        found = next((node for node in nodes if node.tag == tag), None)
        return value_of(found, here).text if found is not None else ""

    def _number(self, nodes: tuple[Node, ...], here: Surroundings, tag: int) -> int:
        text = self._text(nodes, here, tag)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0

    def _fragment(self, node: Node, number: int, depth: int, here: Surroundings) -> Line:
        if node.kind == "fragment":
            label, said = f"Fragment {number}", bytes_value(self._raw, node.start, node.end).text
            told = "A piece of the compressed pixels (PS3.5 section A.4)"
        else:
            label, said = "Offset table", self._offsets(node)
            told = "Where the fragments of each frame begin, counted from the first fragment; it may be empty"
        content = self._raw[node.start : node.end]
        return Line(
            depth, label, "", said, facts=("", f"{node.length:,}"), span=(node.at, node.after),
            note=_sentence(node.trouble), exact=hashlib.sha256(content).hexdigest(), about=told,
            pieces=pieces(node, here.little_endian),
        )  # fmt: skip

    def _offsets(self, node: Node) -> str:
        content = self._raw[node.start : node.end]
        if not content:
            return "empty"
        offsets = [int.from_bytes(content[at : at + 4], "little") for at in range(0, len(content) - 3, 4)]
        more = f", ... ({len(offsets):,} offsets)" if len(offsets) > _MOST_OFFSETS else ""
        return f"{', '.join(f'{one:,}' for one in offsets[:_MOST_OFFSETS])}{more}"

    def _rest(self, node: Node, depth: int) -> Line:
        if node.tag:  # a delimiter that belongs nowhere: what is behind it can be read
            return Line(depth, tag_text(node.tag), "delimiter", "", facts=("", f"{node.length:,}"),
                        span=(node.at, node.after), note=_sentence(node.trouble), key=f"rest {node.at}")  # fmt: skip
        shown = bytes_value(self._raw, node.at, node.end).text
        return Line(depth, "unreadable", "", shown, facts=("", f"{node.end - node.at:,}"), span=(node.at, node.end),
                    note=f"Reading breaks off here: {node.trouble}.", pieces=pieces(node, True))  # fmt: skip


def _blank(blank: Blank, here: Surroundings, depth: int, place: str) -> Line:
    keyword, words = names_of(blank.tag, here)
    label = tag_text(blank.tag)
    said = f"{words}. {blank.reason}" if words else blank.reason
    return Line(depth, label, keyword, blank.shown, facts=(blank.vr, "-"), note=blank.reason, about=said,
                key=_key(blank.tag, here), place=f"{place}{label}" if place else "")  # fmt: skip


def _gist(item: Sequence[Line], depth: int) -> str:
    """What an item is about: the meaning of a code, or what it refers to."""
    found = {line.label: line.value for line in item if line.depth == depth and line.label in _GISTS}
    return next((found[label] for label in _GISTS if found.get(label)), "")


def _key(tag: int, here: Surroundings) -> str:
    """Private elements are the same where their creator is, in whichever block they stand."""
    creator = here.creator(tag) if creator_of(tag) is not None else ""
    return f"{creator} {tag >> 16:04X},{tag & 0xFF:02X}" if creator else tag_text(tag)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
