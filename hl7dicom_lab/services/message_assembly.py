"""DIMSE messages put together from the fragments that come on one association.

Standard: PS3.8 Annex E (a message is a command set and perhaps a data set, in fragments, all on one presentation
context, and never mixed with those of another message). Rules: a fragment that belongs to no message ends the
association, because nobody knows what was meant; and a message has an end, so that a peer cannot fill the memory.

An image is copied once, when its last fragment has come: what grows fragment by fragment is copied again and again.
Its digest is taken of each fragment that comes, because the processor has that at hand then, and no longer afterwards.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from hl7dicom_lab.dicom.command_rules import Command, read_command
from hl7dicom_lab.dicom.pdu_rules import NOT_SPECIFIED
from hl7dicom_lab.errors import AssociationFault
from hl7dicom_lab.trace import Remark

_LONGEST_COMMAND = 64 * 1024
_LONGEST_DATA_SET = 512 * 1024 * 1024
#: A shorter fragment is copied at once: kept as it came, it would take more memory than it has bytes.
_LONG_FRAGMENT = 4096
_COMMAND, _LAST = 1, 2  # bits of the message control header (section E.2)

_ODD = Remark(
    "a fragment has an odd number of bytes",
    "PS3.8 section E.1: each fragment of a message has an even number of bytes",
    "make fragments of an even length; they are taken all the same",
    "warning",
)


class DataSet(BytesIO):
    """A data set that has come whole. `digest` is the SHA-256 of its bytes, in hexadecimal."""

    def __init__(self, content: bytes = b"", digest: str = "") -> None:
        super().__init__(content)
        self.digest = digest


@dataclass
class Message:
    """A DIMSE message; whole once `Assembly.take` has returned it."""

    context_id: int
    encoded: bytearray = field(default_factory=bytearray)
    command: Command | None = None  # once its last fragment has come
    data_set: DataSet = field(default_factory=DataSet)  # likewise
    fragments: list[bytes | bytearray | memoryview] = field(default_factory=list)  # of the data set until then
    length: int = 0  # of these together
    digest: Any = field(default_factory=hashlib.sha256)  # likewise


class Assembly:
    """The message that is coming in, of one association."""

    def __init__(self) -> None:
        self._message: Message | None = None
        self._told_odd = False
        #: What is noteworthy and has not been told yet.
        self.remarks: list[Remark] = []

    def take(self, context_id: int, control: int, fragment: bytes | memoryview) -> Message | None:
        """Take in one fragment; the message, if it is whole now. Raises `AssociationFault`."""
        if len(fragment) % 2 and not self._told_odd:
            self._told_odd = True
            self.remarks.append(_ODD)
        message = self._message = self._message or Message(context_id)
        if message.context_id != context_id:
            raise _fault(f"a fragment on context {context_id} amid a message on context {message.context_id}")
        if control & _COMMAND:
            is_whole = self._take_command(message, control, fragment)
        else:
            is_whole = _take_data_set(message, control, fragment)
        if not is_whole:
            return None
        self._message = None
        return message

    @property
    def is_amid_a_message(self) -> bool:
        """Whether the rest of a message is still to come."""
        return self._message is not None

    def unfinished(self) -> str:
        """What has begun to come and not ended, if anything has; it is forgotten."""
        message, self._message = self._message, None
        if message is None:
            return ""
        return message.command.name if message.command else "command set"

    def _take_command(self, message: Message, control: int, fragment: bytes | memoryview) -> bool:
        if message.command is not None:
            raise _fault(f"a new command set, where the data set of a {message.command.name} was to come")
        message.encoded += fragment
        if len(message.encoded) > _LONGEST_COMMAND:
            raise _fault(f"a command set of more than {_LONGEST_COMMAND:,} bytes")
        if not control & _LAST:
            return False
        message.command = read_command(bytes(message.encoded))
        self.remarks += message.command.remarks
        return not message.command.has_data_set


def _take_data_set(message: Message, control: int, fragment: bytes | memoryview) -> bool:
    if message.command is None:
        amid = "before its command set has ended" if message.encoded else "without a command set that announces it"
        raise _fault(f"a data set {amid}")
    _keep(message.fragments, fragment)
    message.length += len(fragment)
    message.digest.update(fragment)
    if message.length > _LONGEST_DATA_SET:
        raise _fault(f"a data set of more than {_LONGEST_DATA_SET:,} bytes")
    if not control & _LAST:
        return False
    message.data_set = DataSet(b"".join(message.fragments), message.digest.hexdigest())
    message.fragments.clear()
    return True


def _keep(fragments: list[bytes | bytearray | memoryview], fragment: bytes | memoryview) -> None:
    """Keep a fragment for later: a long one as it came, a short one together with those around it."""
    if len(fragment) >= _LONG_FRAGMENT:
        fragments.append(fragment)
    elif fragments and isinstance(fragments[-1], bytearray):
        fragments[-1] += fragment
    else:
        fragments.append(bytearray(fragment))


def _fault(what: str) -> AssociationFault:
    return AssociationFault(
        what,
        rule="PS3.8 Annex E, PS3.7 section 6.3.1: command set, then the data set that it announces, on one context",
        next_step="send the fragments of one message after the other; (0000,0800) says whether a data set follows",
        reason=NOT_SPECIFIED,
    )
