"""Encoded elements, items and files, written byte by byte, for what no library would write."""

from __future__ import annotations

import struct

UNDEFINED = 0xFFFFFFFF
_LONG = frozenset({b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT", b"UC", b"UR"})


def element(tag: int, vr: bytes, value: bytes, *, length: int | None = None, order: str = "<") -> bytes:
    """One element in Explicit VR; `length` is what its header says, if not the truth."""
    stated = len(value) if length is None else length
    group = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
    if vr in _LONG:
        return group + vr + b"\0\0" + struct.pack(f"{order}L", stated) + value
    return group + vr + struct.pack(f"{order}H", stated) + value


def implicit(tag: int, value: bytes, *, length: int | None = None) -> bytes:
    """One element in Implicit VR Little Endian."""
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def item(content: bytes, *, is_open: bool = False) -> bytes:
    """An item with its length, or closed by a delimiter."""
    if is_open:
        return implicit(0xFFFEE000, content, length=UNDEFINED) + implicit(0xFFFEE00D, b"")
    return implicit(0xFFFEE000, content)


def open_sequence(tag: int, *items: bytes, vr: bytes = b"SQ") -> bytes:
    """A sequence, or encapsulated pixel data, that a delimiter closes."""
    return element(tag, vr, b"".join(items), length=UNDEFINED) + implicit(0xFFFEE0DD, b"")


def part10(data_set: bytes, syntax: bytes = b"1.2.840.10008.1.2.1") -> bytes:
    """A file around a data set, with as little file meta information as is allowed."""
    uid = syntax + b"\0" * (len(syntax) % 2)
    meta = b"".join(
        (
            element(0x00020001, b"OB", b"\0\1"),
            element(0x00020002, b"UI", b"1.2.840.10008.5.1.4.1.1.4\0"),
            element(0x00020003, b"UI", b"1.2.3\0"),
            element(0x00020010, b"UI", uid),
            element(0x00020012, b"UI", b"1.2.4\0"),
        )
    )
    return bytes(128) + b"DICM" + element(0x00020000, b"UL", struct.pack("<L", len(meta))) + meta + data_set
