"""Images by hand: data sets of a C-STORE as bytes, right or wrong in any place (PS3.5 section 7), and how to send one.

The small image here is whole and right; a case changes what it is about. It shares no code with the package.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import dicom_bytes as dicom
from dicom_answers import answer

if TYPE_CHECKING:
    from department import Department

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
ROOT = "1.2.826.0.1.3680043.10.75"
#: The image that no case gets stored.
REFUSED = f"{ROOT}.1.1"

SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
ACCESSION, PATIENT_NAME, PATIENT_ID, CODES = 0x00080050, 0x00100010, 0x00100020, 0x00081032
FRAMES, ROWS, COLUMNS, BITS, PIXELS = 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x7FE00010
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF

#: PS3.5 Table 7.1-2: value representations whose length has four bytes.
_LONG = ("OB", "OW", "SQ", "UN", "UT")
_PADDING = {"UI": b"\0", "OB": b"\0", "OW": b"\0", "UN": b"\0"}
#: Elements by their tags; a value of None leaves one out.
Changes = Mapping[int, bytes | None]


def element(tag: int, vr: str, value: bytes | str, *, implicit: bool = False, length: int | None = None) -> bytes:
    """One element, made even. `length` is what it says of itself, if not the truth."""
    content = value.encode() if isinstance(value, str) else value
    if len(content) % 2:
        content += _PADDING.get(vr, b" ")
    said = len(content) if length is None else length
    begin = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return begin + struct.pack("<L", said) + content
    code = vr.encode()
    return begin + (struct.pack("<2sHL", code, 0, said) if vr in _LONG else struct.pack("<2sH", code, said)) + content


def us(value: int) -> bytes:
    """A value of VR US."""
    return struct.pack("<H", value)


def item(content: bytes, length: int | None = None) -> bytes:
    """An item of a sequence, or a fragment of pixel data; it is closed by a delimiter only if `content` has it."""
    return struct.pack("<HHL", ITEM >> 16, ITEM & 0xFFFF, len(content) if length is None else length) + content


def delimiter(tag: int) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, 0)


def nested(depth: int, *, implicit: bool, undefined: bool) -> bytes:
    """A sequence in a sequence and so on, `depth` of them."""
    inside = b""
    for _ in range(depth):
        if undefined:
            one = item(inside + delimiter(ITEM_END), UNDEFINED) + delimiter(SEQUENCE_END)
            inside = element(CODES, "SQ", one, implicit=implicit, length=UNDEFINED)
        else:
            inside = element(CODES, "SQ", item(inside), implicit=implicit)
    return inside


def fragments(*contents: bytes) -> bytes:
    """Encapsulated pixel data with an empty offset table (PS3.5 section A.4)."""
    value = b"".join(map(item, (b"", *contents))) + delimiter(SEQUENCE_END)
    return element(PIXELS, "OB", value, length=UNDEFINED)


def image(instance: str = REFUSED, changes: Changes | None = None, *, implicit: bool = False) -> bytes:
    """An MR image of 4 by 4 pixels of 16 bits. `changes` are encoded elements."""
    study = instance.rpartition(".")[0]
    values = {
        SOP_CLASS: ("UI", MR_IMAGE),
        SOP_INSTANCE: ("UI", instance),
        ACCESSION: ("SH", f"F{study.rpartition('.')[2]}"),
        0x00080060: ("CS", "MR"),
        PATIENT_NAME: ("PN", "Doe^Jane"),
        PATIENT_ID: ("LO", "F-1"),
        STUDY: ("UI", study),
        SERIES: ("UI", f"{study}.0"),
        0x00280002: ("US", us(1)),
        0x00280004: ("CS", "MONOCHROME2"),
        ROWS: ("US", us(4)),
        COLUMNS: ("US", us(4)),
        BITS: ("US", us(16)),
        0x00280101: ("US", us(16)),
        0x00280102: ("US", us(15)),
        0x00280103: ("US", us(0)),
        PIXELS: ("OW", bytes(32)),
    }
    encoded: dict[int, bytes | None] = {
        tag: element(tag, vr, value, implicit=implicit) for tag, (vr, value) in values.items()
    }
    encoded |= changes or {}
    return b"".join(encoded[tag] or b"" for tag in sorted(encoded))


@contextmanager
def association(department: Department, *syntaxes: str, accepted: str = "result 0") -> Iterator[socket.socket]:
    """An association with the archive, for MR images in one of these transfer syntaxes; it is released at the end."""
    called = department.address("storage").ae_title
    with department.connect("storage") as peer:
        peer.sendall(dicom.associate_rq(contexts=[(1, MR_IMAGE, syntaxes)], called=called))
        assert answer(peer) == f"A-ASSOCIATE-AC, {accepted}"
        yield peer
        with suppress(ConnectionError):  # aborted
            peer.sendall(dicom.release_rq())
            assert answer(peer) in ("A-RELEASE-RP", "no answer, closed")


def store(
    department: Department, data_set: bytes, *, command: bytes | None = None, syntax: str = dicom.EXPLICIT
) -> str:
    """Send one data set to the archive on an association of its own; what comes back, in words."""
    request = dicom.store_rq(MR_IMAGE, REFUSED) if command is None else command
    with association(department, syntax) as peer:
        peer.sendall(dicom.message(1, request, data_set))
        return answer(peer)


def kept(department: Department, instance: str) -> list[bytes]:
    """The files of the archive that hold this SOP Instance UID, without preamble and file meta information."""
    folder = department.home / "pacs" / "archive" / "images"
    contents = [path.read_bytes() for path in folder.rglob("*.dcm")]
    data_sets = [content[144 + struct.unpack_from("<L", content, 140)[0] :] for content in contents]
    wanted = element(SOP_INSTANCE, "UI", instance), element(SOP_INSTANCE, "UI", instance, implicit=True)
    return [one for one in data_sets if any(uid in one for uid in wanted)]
