"""The parts of what a person has in hand: preamble, `DICM`, file meta information, command set, data set.

Clinical step: an image file is opened, a query or an answer is looked at. Standard: PS3.10 section 7.1 (the file),
PS3.7 section 6.3.1 (the command set), PS3.8 section 9.3.5 and Annex E (a message in the PDUs of an association). Rule:
the file says how it is written; where nothing says so, or what it says does not fit, the bytes decide and a note tells.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian
from pydicom.uid import ImplicitVRLittleEndian as ImplicitLittle

from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.dicom.dictionary import uid_name
from hl7dicom_lab.dicom.element_tree import Node, Tree, first_fits, read_tree
from hl7dicom_lab.dicom.elements import Encoding
from hl7dicom_lab.errors import DicomFault, NotFound, PeerError

PREAMBLE = 128
_PREFIX = b"DICM"
_META = Encoding(implicit_vr=False, little_endian=True)
_COMMAND = Encoding(implicit_vr=True, little_endian=True)
_META_GROUP, _COMMAND_GROUP = 0x0002, 0x0000
_TRANSFER_SYNTAX, _GROUP_LENGTH = 0x00020010, 0x00020000
#: How a data set is likely to be written where nothing says so.
_GUESSES = tuple(str(uid) for uid in (ExplicitVRLittleEndian, ImplicitLittle, ExplicitVRBigEndian))
#: What a deflated data set may inflate to: a small file may claim any size.
_MOST_INFLATED = 64 * 1024 * 1024

PartKind = Literal["preamble", "prefix", "file meta", "command", "data set"]


@dataclass(frozen=True)
class Part:
    """One part, `raw[start:end]` of the whole, with its elements. `notes` say what is odd about it."""

    kind: PartKind
    start: int
    end: int
    nodes: tuple[Node, ...] = ()
    encoding: Encoding = _META
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What was found. `syntax` is the transfer syntax UID by which the data set was read; `said` that it was given.

    `source` tells where the bytes come from, if they were put together.
    """

    raw: bytes
    parts: tuple[Part, ...]
    syntax: str
    said: bool
    notes: tuple[str, ...] = ()
    source: str = ""

    def part(self, kind: PartKind) -> Part | None:
        """The part of a kind, if it is there."""
        return next((part for part in self.parts if part.kind == kind), None)

    @property
    def is_file(self) -> bool:
        """Whether it is a DICOM file, or was meant as one."""
        return self.part("file meta") is not None or self.part("prefix") is not None


def parts_of(raw: bytes) -> Parts:
    """The parts of a file, of a data set without file meta, of a command set, or of the PDUs of one message.

    Raises `NotFound` where the bytes begin like none of these.
    """
    if raw[PREAMBLE : PREAMBLE + 4] == _PREFIX:
        return _file(raw, PREAMBLE)
    if raw.startswith(_PREFIX):
        return _file(raw, 0)
    if raw.startswith(b"\x02\x00") and first_fits(raw, _META):
        return _file(raw, None)
    if raw.startswith(b"\x00\x00") and first_fits(raw, _COMMAND):
        return _message(raw)
    if pdu.name_of(raw) and raw[1:2] == b"\0" and len(raw) >= pdu.HEADER_LENGTH:
        return _from_pdus(raw)
    syntax = _guess(raw, 0)
    if not syntax:
        raise _no_data_set(raw)
    return Parts(raw, (data_set_part(raw, 0, Encoding.of(syntax)),), syntax, said=False)


def file_meta_part(raw: bytes, at: int) -> Part:
    """The file meta information from `at` on, as far as group 0002 goes."""
    meta = read_tree(raw, _META, at, group=_META_GROUP)
    return Part("file meta", at, meta.end, meta.nodes, _META, tuple(_meta_notes(raw, meta)))


def meta_value(raw: bytes, nodes: tuple[Node, ...], tag: int) -> str:
    """The text of an element of the file meta information; empty where it is absent."""
    node = next((one for one in nodes if one.tag == tag), None)
    return "" if node is None else raw[node.start : node.end].decode("ascii", "replace").strip(" \0")


def _file(raw: bytes, prefix_at: int | None) -> Parts:
    """A Part 10 file, complete or not. `prefix_at` is where `DICM` stands, None where it is missing."""
    parts: list[Part] = []
    notes: list[str] = []
    at = 0
    if prefix_at is None:
        notes.append("The preamble of 128 bytes and DICM are missing, so programs will not know it for a DICOM file.")
    else:
        if prefix_at:
            parts.append(Part("preamble", 0, PREAMBLE))
        else:
            notes.append("The preamble of 128 bytes is missing: DICM stands at the very beginning.")
        parts.append(Part("prefix", prefix_at, prefix_at + 4))
        at = prefix_at + 4
    meta = read_tree(raw, _META, at, group=_META_GROUP)
    if meta.nodes:
        parts.append(Part("file meta", at, meta.end, meta.nodes, _META, tuple(_meta_notes(raw, meta))))
    else:
        notes.append("The file meta information (group 0002) is missing, so nothing says how the data set is written.")
    return _with_data_set(raw, parts, notes, meta)


def _with_data_set(raw: bytes, parts: list[Part], notes: list[str], meta: Tree) -> Parts:
    at = meta.end
    stated = meta_value(raw, meta.nodes, _TRANSFER_SYNTAX)
    if stated == DeflatedExplicitVRLittleEndian and at < len(raw):
        raw, note = _inflated(raw, at)
        notes.append(note)
    syntax, note = _syntax(raw, at, stated)
    encoding = _META if syntax == DeflatedExplicitVRLittleEndian else Encoding.of(syntax)
    if meta.broken:
        notes.append("Reading stopped within the file meta information, so there is no data set to show.")
    elif at >= len(raw):
        notes.append("No data set follows.")
    else:
        parts.append(data_set_part(raw, at, encoding, note))
    return Parts(raw, tuple(parts), syntax, said=syntax == stated, notes=tuple(notes))


def _syntax(raw: bytes, at: int, stated: str) -> tuple[str, str]:
    """The transfer syntax to read by, and what is odd about the one that is stated."""
    guessed = _guess(raw, at)
    if stated == DeflatedExplicitVRLittleEndian:
        return stated, ""
    try:
        encoding = Encoding.of(stated if uid_name(stated) else "")  # pydicom warns of a UID that is none
    except DicomFault:
        otherwise = guessed or str(ExplicitVRLittleEndian)
        what = f"{stated} is no transfer syntax that is known here" if stated else "No transfer syntax is given"
        why = "; it looks like that" if guessed else ""
        return otherwise, f"{what}. The data set is read as {uid_name(otherwise)}{why}."
    if guessed and not first_fits(raw, encoding, at):
        return guessed, (
            f"The file meta information says {UID(stated).name}, but the data set is written in {uid_name(guessed)}."
            " It is read so."
        )
    return stated, ""


def _guess(raw: bytes, at: int) -> str:
    """The transfer syntax in which an element begins here; empty where none fits."""
    return next((uid for uid in _GUESSES if first_fits(raw, Encoding.of(uid), at)), "")


def data_set_part(raw: bytes, at: int, encoding: Encoding, note: str = "") -> Part:
    """The data set from `at` to the end."""
    tree = read_tree(raw, encoding, at)
    return Part("data set", at, len(raw), tree.nodes, encoding, (note,) if note else ())


def _inflated(raw: bytes, at: int) -> tuple[bytes, str]:
    """The file with its data set inflated (PS3.5 section A.5), as far as that goes."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = machine.decompress(raw[at:], _MOST_INFLATED)
    except zlib.error:
        return raw, "The data set should be deflated, but cannot be inflated."
    note = f"The data set is deflated in the file; the {len(content):,} bytes shown here are the inflated ones."
    if machine.unconsumed_tail:
        note += " It is cut there."
    elif not machine.eof:
        note += " The deflated data end too early."
    return raw[:at] + content, note


def _meta_notes(raw: bytes, meta: Tree) -> list[str]:
    """What PS3.10 Table 7.1-1 asks for and is not there."""
    notes = []
    length = next((node for node in meta.nodes if node.tag == _GROUP_LENGTH), None)
    if length is not None and length.end - length.start == 4 and not meta.broken:
        stated = int.from_bytes(raw[length.start : length.end], "little")
        if stated != meta.end - length.after:
            notes.append(
                f"The group length says {stated:,} bytes, but {meta.end - length.after:,} bytes of group 0002 follow."
            )
    required = {
        _GROUP_LENGTH: "FileMetaInformationGroupLength",
        0x00020001: "FileMetaInformationVersion",
        0x00020002: "MediaStorageSOPClassUID",
        0x00020003: "MediaStorageSOPInstanceUID",
        _TRANSFER_SYNTAX: "TransferSyntaxUID",
        0x00020012: "ImplementationClassUID",
    }
    present = {node.tag for node in meta.nodes}
    missing = [name for tag, name in required.items() if tag not in present]
    if missing and not meta.broken:
        notes.append(f"A DICOM file must have these too (PS3.10 section 7.1): {', '.join(missing)}.")
    return notes


def _message(command: bytes, data_set: bytes = b"", source: str = "") -> Parts:
    """A command set, and the data set that came with it."""
    raw = command + data_set
    tree = read_tree(raw, _COMMAND, group=_COMMAND_GROUP)
    end = len(command) if data_set else tree.end
    parts = [Part("command", 0, end, tree.nodes, _COMMAND)]
    syntax = _guess(raw, end)
    if syntax:
        parts.append(data_set_part(raw, end, Encoding.of(syntax)))
    elif end < len(raw):
        parts.append(data_set_part(raw, end, _META))
    return Parts(raw, tuple(parts), syntax, said=False, source=source)


def _from_pdus(raw: bytes) -> Parts:
    """The message that P-DATA-TF PDUs carry, put together."""
    pieces: dict[bool, list[bytes]] = {True: [], False: []}
    at = count = 0
    try:
        while at < len(raw):
            after = at + pdu.HEADER_LENGTH + pdu.declared_length(raw[at : at + pdu.HEADER_LENGTH])
            unit = pdu.parse(raw[at:after])
            if not isinstance(unit, pdu.DataTransfer):
                raise _no_message(pdu.name_of(raw[at:]))
            for value in unit.values:
                pieces[value.is_command].append(value.data)
            at, count = after, count + 1
    except PeerError as error:
        raise _no_data_set(raw) from error
    command, data_set = b"".join(pieces[True]), b"".join(pieces[False])
    units = "one P-DATA-TF PDU" if count == 1 else f"{count} P-DATA-TF PDUs"
    source = f"put together from {units}; the headers of the PDUs are left out"
    if command:
        return _message(command, data_set, source)
    syntax = _guess(data_set, 0)
    if not syntax:
        raise _no_data_set(raw)
    return Parts(data_set, (data_set_part(data_set, 0, Encoding.of(syntax)),), syntax, said=False, source=source)


def _no_message(name: str) -> NotFound:
    return NotFound(
        f"this is the PDU {name} of an association, and it carries no data set",
        where="lab.look",
        next_step="look at a row such as C-FIND-RQ or C-STORE-RQ; lab.trace.show() and lab.timeline() show all rows",
    )


def _no_data_set(raw: bytes) -> NotFound:
    what = f"these {len(raw):,} bytes" if len(raw) != 1 else "this byte"
    return NotFound(
        f"{what} are no DICOM: they do not begin like a file (DICM at byte 128), and not like a data set (a tag)"
        if raw
        else "there are no bytes to look at",
        where="lab.look",
        next_step="give a DICOM file, a pydicom data set, an HL7 message, or the path of a file that is there",
    )
