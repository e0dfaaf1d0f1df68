"""A Part 10 file around a data set (PS3.10 section 7.1): preamble, `DICM`, file meta information, the bytes.

Clinical step: the archive keeps an image. Rule: the data set goes into the file exactly as it came over the wire; only
the file meta information is ours, in Explicit VR Little Endian, with its group length right.
"""

from __future__ import annotations

import struct

from hl7dicom_lab.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_PREAMBLE = bytes(128) + b"DICM"
_FILE_META_VERSION = b"\x00\x01"


def part10(
    data_set: bytes,
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    source_ae_title: str = "",
) -> bytes:
    """The content of a DICOM file. `data_set` is encoded in the transfer syntax that is named."""
    meta = [
        _long(0x0001, b"OB", _FILE_META_VERSION),
        _short(0x0002, b"UI", sop_class_uid),
        _short(0x0003, b"UI", sop_instance_uid),
        _short(0x0010, b"UI", transfer_syntax_uid),
        _short(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
        _short(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
    ]
    if source_ae_title:
        meta.append(_short(0x0016, b"AE", source_ae_title))
    group = b"".join(meta)
    length = struct.pack("<HH2sHL", 0x0002, 0x0000, b"UL", 4, len(group))
    return b"".join((_PREAMBLE, length, group, data_set))


def _short(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii")
    if len(value) % 2:  # UIDs are padded with NUL, other texts with a space (PS3.5 section 6.2)
        value += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", 0x0002, element, vr, len(value)) + value


def _long(element: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sxxL", 0x0002, element, vr, len(value)) + value
