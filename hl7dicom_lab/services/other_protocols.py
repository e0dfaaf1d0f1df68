"""Which protocol a peer speaks, told by its first bytes: for those who have come to the wrong port."""

from __future__ import annotations

from hl7dicom_lab.hl7v2 import mllp

_BEGINNINGS = (*mllp.PREAMBLES, (b"\x0bMSH", "HL7 over MLLP"), (b"MSH|", "HL7"))
#: The first byte of a TLS record that begins a handshake (RFC 8446 section 5.1).
TLS_HANDSHAKE = b"\x16"


def spoken(begin: bytes) -> str:
    """`HTTP`, `DICOM`, `TLS`, `HL7 over MLLP` or `HL7`; empty where these bytes tell nothing."""
    return next((name for beginning, name in _BEGINNINGS if begin.startswith(beginning)), "")
