"""DICOM by hand: PDUs and DIMSE messages as bytes, right or wrong in any place, and how to read what comes back.

    with connected(address) as peer:
        peer.sendall(associate_rq(contexts=[(1, VERIFICATION, [IMPLICIT])]))
        kind, body = read_pdu(peer)

Standard: PS3.8 section 9.3 (PDUs), PS3.7 section 6.3 and Annex E (command sets). It shares no code with the package.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence

VERIFICATION = "1.2.840.10008.1.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
C_STORE, C_GET, C_FIND, C_MOVE, C_ECHO, C_CANCEL = 0x0001, 0x0010, 0x0020, 0x0021, 0x0030, 0x0FFF
HAS_DATA_SET, NO_DATA_SET = 0x0001, 0x0101

#: A presentation context: its id, its abstract syntax, its transfer syntaxes.
Context = tuple[int, str, Sequence[str]]


# ---- PDUs, PS3.8 section 9.3


def pdu(kind: int, content: bytes = bytes(4), length: int | None = None) -> bytes:
    """A PDU of any type; `length` is what it says of itself, if not the truth."""
    return struct.pack(">BBL", kind, 0, len(content) if length is None else length) + content


def item(kind: int, content: bytes, length: int | None = None) -> bytes:
    """An item or sub-item of A-ASSOCIATE-RQ."""
    return struct.pack(">BBH", kind, 0, len(content) if length is None else length) + content


def context_item(number: int, abstract_syntax: str, transfer_syntaxes: Iterable[str]) -> bytes:
    """A presentation context that is proposed."""
    syntaxes = b"".join(item(0x40, one.encode()) for one in transfer_syntaxes)
    return item(0x20, bytes((number, 0, 0, 0)) + item(0x30, abstract_syntax.encode()) + syntaxes)


def user_information(max_length: int = 16384, more: bytes = b"") -> bytes:
    """Maximum length, implementation class UID, and sub-items as they are given."""
    return item(0x50, item(0x51, struct.pack(">L", max_length)) + item(0x52, b"1.2.826.0.1.3680043.2.1") + more)


def associate_rq(
    *,
    contexts: Iterable[Context] = ((1, VERIFICATION, (IMPLICIT,)),),
    called: bytes | str = "NORTHGATE_RIS",
    calling: bytes | str = "SCANNER",
    version: int = 1,
    application_context: str = APPLICATION_CONTEXT,
    user: bytes | None = None,
    more: bytes = b"",
    reserved: bytes = bytes(32),
) -> bytes:
    """An A-ASSOCIATE-RQ. `user` is the item of the user information, `more` are items after it."""
    items = item(0x10, application_context.encode()) + b"".join(context_item(*one) for one in contexts)
    items += (user_information() if user is None else user) + more
    fixed = struct.pack(">HH", version, 0) + _title(called) + _title(calling) + reserved
    return pdu(ASSOCIATE_RQ, fixed + items)


def _title(title: bytes | str) -> bytes:
    return (title.encode() if isinstance(title, str) else title).ljust(16)


def release_rq() -> bytes:
    return pdu(RELEASE_RQ)


def abort() -> bytes:
    return pdu(ABORT)


def pdv(context: int, control: int, fragment: bytes, length: int | None = None) -> bytes:
    """A presentation data value. `control` has bit 0 for a command and bit 1 for the last fragment."""
    return struct.pack(">LBB", len(fragment) + 2 if length is None else length, context, control) + fragment


def p_data(*values: bytes) -> bytes:
    """A P-DATA-TF of presentation data values."""
    return pdu(P_DATA, b"".join(values))


def message(context: int, command_set: bytes, data_set: bytes = b"", longest: int = 16000) -> bytes:
    """A DIMSE message as P-DATA-TF PDUs: the command set, then the data set in fragments."""
    parts = [p_data(pdv(context, 3, command_set))]
    for start in range(0, len(data_set), longest):
        last = start + longest >= len(data_set)
        parts.append(p_data(pdv(context, 2 if last else 0, data_set[start : start + longest])))
    return b"".join(parts)


# ---- command sets and data sets, PS3.7 section 6.3 and PS3.5 section 7


def element(tag: int, value: bytes) -> bytes:
    """One element in Implicit VR Little Endian."""
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value


def text(tag: int, value: str, padding: bytes = b" ", encoding: str = "utf-8") -> bytes:
    """An element of text, made even."""
    encoded = value.encode(encoding)
    return element(tag, encoded + padding * (len(encoded) % 2))


def uid(tag: int, value: str) -> bytes:
    return text(tag, value, b"\0")


def number(tag: int, value: int) -> bytes:
    """An element of VR US."""
    return element(tag, struct.pack("<H", value))


def sequence(tag: int, *items: bytes) -> bytes:
    return element(tag, b"".join(element(0xFFFEE000, one) for one in items))


def command(*elements: bytes, group_length: int | None = None) -> bytes:
    """A command set of these elements, with its Command Group Length."""
    body = b"".join(elements)
    return element(0x00000000, struct.pack("<L", len(body) if group_length is None else group_length)) + body


def request(
    field: int,
    sop_class: str,
    *more: bytes,
    message_id: int = 1,
    data_set: int = NO_DATA_SET,
    group_length: int | None = None,
) -> bytes:
    """The command set of a request: SOP class, Command Field, Message ID, Command Data Set Type, and more elements."""
    known = (uid(0x00000002, sop_class), number(0x00000100, field), number(0x00000110, message_id))
    elements = sorted((*known, number(0x00000800, data_set), *more), key=lambda one: struct.unpack("<HH", one[:4]))
    return command(*elements, group_length=group_length)


def echo_rq(message_id: int = 1) -> bytes:
    return request(C_ECHO, VERIFICATION, message_id=message_id)


def find_rq(model: str = WORKLIST, message_id: int = 1) -> bytes:
    return request(C_FIND, model, number(0x00000700, 0), message_id=message_id, data_set=HAS_DATA_SET)


def store_rq(sop_class: str, sop_instance: str, message_id: int = 1) -> bytes:
    more = number(0x00000700, 0), uid(0x00001000, sop_instance)
    return request(C_STORE, sop_class, *more, message_id=message_id, data_set=HAS_DATA_SET)


def cancel_rq(message_id: int) -> bytes:
    """C-CANCEL-RQ of the request with this Message ID (PS3.7 section 9.3.2.3)."""
    of = number(0x00000100, C_CANCEL), number(0x00000120, message_id), number(0x00000800, NO_DATA_SET)
    return command(*of)


# ---- what comes back


class Closed(Exception):
    """The other side has ended the connection, in the middle of a PDU or before one."""


def read_exactly(peer: socket.socket, length: int) -> bytes:
    """Raises `Closed` where the connection ends before, TimeoutError where nothing more comes."""
    data = b""
    while len(data) < length:
        try:
            part = peer.recv(length - len(data))
        except ConnectionError as error:
            raise Closed from error
        if not part:
            raise Closed
        data += part
    return data


def read_pdu(peer: socket.socket) -> tuple[int, bytes]:
    """Type and content of the next PDU. Raises as `read_exactly` does."""
    kind, _, length = struct.unpack(">BBL", read_exactly(peer, 6))
    return kind, read_exactly(peer, length)


def items_of(content: bytes) -> list[tuple[int, bytes]]:
    """Items or sub-items: type and content."""
    found, at = [], 0
    while at < len(content):
        kind, length = struct.unpack_from(">BxH", content, at)
        found.append((kind, content[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def pdvs_of(body: bytes) -> list[tuple[int, int, bytes]]:
    """The presentation data values of a P-DATA-TF: context, control, fragment."""
    found, at = [], 0
    while at < len(body):
        length, context, control = struct.unpack_from(">LBB", body, at)
        found.append((context, control, body[at + 6 : at + 4 + length]))
        at += 4 + length
    return found


def elements_of(encoded: bytes) -> dict[int, bytes]:
    """The elements of a set in Implicit VR Little Endian, of which no sequence has an undefined length."""
    found, at = {}, 0
    while at < len(encoded):
        group, tag, length = struct.unpack_from("<HHL", encoded, at)
        found[group << 16 | tag] = encoded[at + 8 : at + 8 + length]
        at += 8 + length
    return found
