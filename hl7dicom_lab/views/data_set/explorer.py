"""The data set explorer: a DICOM file or data set as a tree of elements beside its bytes.

Clinical step: an image has come from a scanner, a worklist was asked for, and somebody looks what stands in it.
Standard: PS3.10 section 7.1 (the file), PS3.5 sections 6 and 7 (values and elements), PS3.6 (names). Rule: everything
that can be read is shown, where reading breaks off is said, and what is no DICOM is refused in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from hl7dicom_lab.dicom.dictionary import uid_name
from hl7dicom_lab.dicom.draft import Blank, Path, draft_of
from hl7dicom_lab.dicom.file_parts import Part, Parts, meta_value, parts_of
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.views.data_set.lines import lines_of
from hl7dicom_lab.views.data_set.words import plural, syntax_meaning, syntax_name
from hl7dicom_lab.views.explorer.tree import Line, Tree
from hl7dicom_lab.views.explorer.view import Explorer

_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_MEDIA_CLASS, _MEDIA_INSTANCE = 0x00020002, 0x00020003
_AFFECTED_SOP_CLASS = 0x00000002
#: Places with a note that are named at the top.
_MOST_NAMED = 5
_MEMORY = "those that it would have if it were written now; values that cannot be written yet have none"


class DataSetExplorer(Explorer):
    """One data set, taken apart."""

    @classmethod
    def of(cls, thing: bytes | Dataset) -> Self:
        """The bytes of a file, of a data set or of a message; or a pydicom data set. Raises `NotFound` for all else."""
        return cls(tree_of(thing))


def tree_of(thing: Any) -> Tree:
    """A data set as the explorer's tree."""
    inside = getattr(thing, "data_set", None)
    if isinstance(inside, Dataset | bytes) and not isinstance(thing, Dataset):  # a tagged image, a received instance
        thing = inside
    if isinstance(thing, Dataset):
        draft = draft_of(thing)
        return _tree(draft.parts, draft.blanks, draft.meta_blanks, in_memory=True)
    if isinstance(thing, bytes | bytearray | memoryview):
        return _tree(parts_of(bytes(thing)), {}, ())
    raise _refused(thing)


def _refused(thing: Any) -> NotFound:
    if thing is ...:
        what = "... stands for something that is not filled in yet"
    elif isinstance(thing, DataElement):
        what = "this is one data element; look at the data set that it stands in"
    elif isinstance(thing, Sequence) and thing and isinstance(thing[0], Dataset):
        what = f"these are {len(thing)} data sets; look at one of them, the first is [0]"
    else:
        what = f"this is {'nothing (None)' if thing is None else f'of type {type(thing).__name__}'}, and no data set"
    return NotFound(
        what,
        where="lab.look",
        next_step="give a DICOM file, a pydicom data set, an HL7 message, or the path of a file that is there",
    )


def _tree(
    parts: Parts,
    blanks: Mapping[Path, Sequence[Blank]],
    meta_blanks: Sequence[Blank],
    *,
    in_memory: bool = False,
) -> Tree:
    lines: list[Line] = []
    for part in parts.parts:
        missing: Mapping[Path, Sequence[Blank]] = blanks if part.kind == "data set" else {(): meta_blanks}
        lines += lines_of(parts.raw, part, missing)
    noun, kind = _noun(parts, in_memory), _kind(parts)
    count = sum(line.label.startswith("(") for line in lines)
    return Tree(
        noun="data set",
        short=f"{noun}{f', {kind}' if kind else ''}, {plural(count, 'element')}",
        title=f"{noun}{f': {kind}' if kind else ''}",
        label_heading="Tag",
        fact_headings=("VR", "Length"),
        lines=tuple(lines),
        raw=parts.raw,
        bytes_as="hex",
        summary=tuple(_summary(parts, in_memory)),
        remarks=(*parts.notes, *_odd(parts, lines)),
    )


def _noun(parts: Parts, in_memory: bool) -> str:
    if in_memory:
        return "Data set in memory"
    if parts.part("command"):
        return "DIMSE message"
    return "DICOM file" if parts.is_file else "Data set"


def _kind(parts: Parts) -> str:
    """What it is by its SOP class."""
    for kind, tag in (("data set", _SOP_CLASS), ("file meta", _MEDIA_CLASS), ("command", _AFFECTED_SOP_CLASS)):
        part = next((one for one in parts.parts if one.kind == kind), None)
        uid = meta_value(parts.raw, part.nodes, tag) if part else ""
        if uid_name(uid):
            return uid_name(uid)
    return ""


def _summary(parts: Parts, in_memory: bool) -> Iterator[tuple[str, str]]:
    sizes = ", ".join(f"{_part_name(part)} {plural(part.end - part.start, 'byte')}" for part in parts.parts)
    yield "Parts", f"{sizes}{_without_meta(parts)}"
    if parts.part("data set") and parts.syntax:
        yield "Written in", f"{syntax_name(parts.syntax)}{_not_said(parts, in_memory)}"
        yield "That means", syntax_meaning(parts.syntax)
    if in_memory or parts.source:
        yield "Bytes", _MEMORY if in_memory else parts.source


def _part_name(part: Part) -> str:
    names = {"prefix": "DICM", "file meta": "file meta information", "command": "command set"}
    return names.get(part.kind, part.kind)


def _without_meta(parts: Parts) -> str:
    return "" if parts.is_file else "; no file meta information, as on the network"


def _not_said(parts: Parts, in_memory: bool) -> str:
    if parts.said:
        return ""
    return ". The data set does not say so itself" if in_memory else ". Nothing says so; the bytes look like it"


def _odd(parts: Parts, lines: Sequence[Line]) -> Iterator[str]:
    """What is odd about the whole, and where there are notes."""
    meta, data_set = parts.part("file meta"), parts.part("data set")
    if meta and data_set:
        for tag, other, name in ((_MEDIA_CLASS, _SOP_CLASS, "class"), (_MEDIA_INSTANCE, _SOP_INSTANCE, "instance")):
            in_meta, in_set = (meta_value(parts.raw, p.nodes, t) for p, t in ((meta, tag), (data_set, other)))
            if in_meta and in_set and in_meta != in_set:
                yield f"The file meta information names another SOP {name} than the data set: {in_meta}, not {in_set}."
    noted = [line for line in lines if line.note and line.depth > 0]
    if noted:
        named = ", ".join(line.place or f"{line.label} {line.name}".strip() for line in noted[:_MOST_NAMED])
        more = f" and {len(noted) - _MOST_NAMED:,} more" if len(noted) > _MOST_NAMED else ""
        yield f"{plural(len(noted), 'line')} with a note: {named}{more}."
