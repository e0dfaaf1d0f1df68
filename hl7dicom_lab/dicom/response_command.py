"""The command set of an answer that says no more than its status: what an SCP sends most.

Clinical step: a scanner's worklist query gets an answer for each step, a thousand of them for a day of a department.
Standard: PS3.7 sections 9.3.1.2, 9.3.2.2 and 9.3.5.2 (the fields of C-STORE-RSP, C-FIND-RSP and C-ECHO-RSP), section
6.3.1 (always Implicit VR Little Endian). Rule: the elements of a command set are those of the section, in the order of
their tags; an answer with more to say (an error comment) is not written here.
"""

from __future__ import annotations

import struct
from functools import lru_cache

C_STORE_RSP, C_FIND_RSP, C_ECHO_RSP = 0x8001, 0x8020, 0x8030
_NO_DATA_SET, _A_DATA_SET = 0x0101, 0x0001  # (0000,0800): section 9.3 wants any other value than 0101H

_HEADER = struct.Struct("<HHL")
_SHORT = struct.Struct("<HHLH")
_GROUP_LENGTH = struct.Struct("<HHLL")


@lru_cache(maxsize=512)
def response_command(
    field: int, responded_to: int, sop_class: str, status: int, *, has_data_set: bool, sop_instance: str = ""
) -> bytes:
    """The encoded command set. `responded_to` is the Message ID of the request; `sop_instance` is left out if empty."""
    elements = b"".join(
        (
            _uid(0x0002, sop_class),
            _SHORT.pack(0, 0x0100, 2, field),
            _SHORT.pack(0, 0x0120, 2, responded_to),
            _SHORT.pack(0, 0x0800, 2, _A_DATA_SET if has_data_set else _NO_DATA_SET),
            _SHORT.pack(0, 0x0900, 2, status),
            _uid(0x1000, sop_instance) if sop_instance else b"",
        )
    )
    return _GROUP_LENGTH.pack(0, 0, 4, len(elements)) + elements


def _uid(element: int, uid: str) -> bytes:
    value = uid.encode("ascii")
    value += b"\0" * (len(value) % 2)
    return _HEADER.pack(0, element, len(value)) + value
