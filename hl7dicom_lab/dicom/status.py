"""Status (0000,0900): what an answer says, in the standard's words (PS3.7 Annex C; PS3.4 Tables B.2-1 and K.4-1).

Rule: a status has one meaning for each service, and codes that the standard leaves to the implementation (`Axxx`,
`Bxxx`, `Cxxx`) mean here what this table says.
"""

from __future__ import annotations

SUCCESS = 0x0000
SOP_CLASS_NOT_SUPPORTED = 0x0122
UNRECOGNIZED_OPERATION = 0x0211
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANCEL = 0xFE00
PENDING = 0xFF00
PENDING_WITH_UNSUPPORTED_KEYS = 0xFF01

# Our own choices within "Cannot understand" (C-STORE) and "Unable to process" (C-FIND).
CANNOT_DECODE = 0xC000  # the bytes are no data set
UNABLE_TO_PROCESS = 0xC001  # the lab failed, or found what it has no code for
INVALID_UID = 0xC002
PIXEL_DATA_WRONG = 0xC003
OTHER_CONTENT = 0xC004  # another image is kept under this SOP Instance UID

#: PS3.7 Annex C: statuses of every service.
_GENERAL = {
    0x0000: "Success",
    0x0105: "No such attribute",
    0x0106: "Invalid attribute value",
    0x0107: "Attribute list error",
    0x0110: "Processing failure",
    0x0111: "Duplicate SOP Instance",
    0x0112: "No such SOP Instance",
    0x0113: "No such event type",
    0x0114: "No such argument",
    0x0115: "Invalid argument value",
    0x0116: "Attribute value out of range",
    0x0117: "Invalid object instance",
    0x0118: "No such SOP Class",
    0x0119: "Class-instance conflict",
    0x0120: "Missing attribute",
    0x0121: "Missing attribute value",
    0x0122: "SOP Class not supported",
    0x0123: "No such action type",
    0x0124: "Refused: not authorized",
    0x0210: "Duplicate invocation",
    0x0211: "Unrecognized operation",
    0x0212: "Mistyped argument",
    0x0213: "Resource limitation",
    0xFE00: "Cancel",
    0xFF00: "Pending",
    0xFF01: "Pending: an optional key is not supported",
}

#: PS3.4 Table B.2-1.
_STORE = {
    0xB000: "Warning: coercion of data elements",
    0xB006: "Warning: elements discarded",
    0xB007: "Warning: data set does not match SOP Class",
}
_STORE_RANGES = {
    0xA7: "Refused: out of resources",
    0xA9: "Error: data set does not match SOP Class",
    0xC: "Error: cannot understand",
}

#: PS3.4 Table K.4-1 (worklist), and Table C.4-1 (query), which says the same.
_FIND_RANGES = {
    0xA7: "Refused: out of resources",
    0xA9: "Error: data set does not match SOP Class",
    0xC: "Failed: unable to process",
}


def words(status: int, service: str = "") -> str:
    """What a status means in a service (`C-STORE`, `C-FIND`, ...), for example `0xA900 Error: ...`."""
    ranges = {"C-STORE": _STORE_RANGES, "C-FIND": _FIND_RANGES}.get(service, {})
    meaning = (
        _GENERAL.get(status)
        or (_STORE.get(status) if service == "C-STORE" else None)
        or ranges.get(status >> 8)
        or ranges.get(status >> 12)
        or "(no meaning in this service)"
    )
    return f"0x{status:04X} {meaning}"


def is_pending(status: int) -> bool:
    """Whether more answers follow."""
    return status in (PENDING, PENDING_WITH_UNSUPPORTED_KEYS)


def is_stored(status: int) -> bool:
    """Whether a C-STORE answer says that the instance is kept: success, or one of Table B.2-1's warnings."""
    return status == SUCCESS or status in _STORE
