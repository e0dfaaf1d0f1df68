"""What PS3.8 demands of a PDU, judged by its bytes before a library reads it.

Clinical step: whoever connects a scanner for the first time gets something wrong, and has to be told what. Standard:
PS3.8 sections 9.3.1 to 9.3.8, Annex D (user information) and Annex E (fragments). Rules:

* What breaks a rule is an `AssociationFault`: it has the answer, and the rule and the repair for the trace.
* What the standard tells to ignore is ignored: reserved fields, items of unknown types, versions beyond the first.
* What is not right and can be understood all the same is taken, with a remark.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass

from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.errors import AssociationFault
from hl7dicom_lab.trace import Remark

#: PS3.5 section 6.2, AE: 1 to 16 characters of the default repertoire, no backslash, not only spaces.
AE_TITLE = re.compile(r"(?=.*[^ ])[ -\[\]-~]{1,16}")
#: The longest P-DATA-TF that either side of ours is ready to receive, in bytes (section D.1).
MAXIMUM_PDU_LENGTH = 128 * 1024
#: No PDU of another kind needs more; a longer length is not believed, so a peer cannot make us wait for 4 GB.
_LONGEST_PDU = 1024 * 1024

#: Reasons of A-ABORT (Table 9-26).
NOT_SPECIFIED, UNRECOGNIZED_PDU, UNEXPECTED_PDU, INVALID_VALUE = 0, 1, 2, 6

_RQ, _LENGTH = "PS3.8 section 9.3.2", "PS3.8 section D.1"
_APPLICATION_CONTEXT, _CONTEXT, _USER = 0x10, 0x20, 0x50
_ABSTRACT, _TRANSFER, _MAXIMUM_LENGTH, _CLASS_UID, _VERSION_NAME = 0x30, 0x40, 0x51, 0x52, 0x55
_FIXED_LENGTH = {5: 4, 6: 4, 7: 4}  # sections 9.3.6 to 9.3.8
_SHORTEST_MAXIMUM = 8  # six bytes before a fragment, and a fragment is even (section E.1)
_LONGEST_NAME = 64
_NO_TITLE = b"INVALID"


@dataclass(frozen=True)
class Request:
    """An A-ASSOCIATE-RQ that keeps the rules.

    The titles have what is no ASCII as escapes, so they may be wrong. `clean` is the same PDU as a library can read it:
    of version 1, with sound titles, without what is to be ignored, with a maximum length.
    """

    called: str
    calling: str
    application_context: str
    clean: bytes
    remarks: tuple[Remark, ...]


def check_length(begin: bytes) -> None:
    """Whether a PDU of this type may be as long as its first six bytes say. Raises `AssociationFault`."""
    name, length = pdu.name_of(begin), pdu.declared_length(begin)
    if name == "P-DATA-TF" and length > MAXIMUM_PDU_LENGTH:
        raise AssociationFault(
            f"the PDU says it has {length:,} bytes",
            rule=f"{_LENGTH}: no P-DATA-TF is longer than was negotiated, here {MAXIMUM_PDU_LENGTH:,} bytes",
            next_step="respect the maximum length of the A-ASSOCIATE-AC",
            raw=begin,
        )
    fixed = _FIXED_LENGTH.get(begin[0])
    if (fixed is not None and length != fixed) or length > _LONGEST_PDU:
        limit = f"its length is {fixed}" if fixed else f"none here is longer than {_LONGEST_PDU:,} bytes"
        raise AssociationFault(
            f"the PDU says it has {length:,} bytes",
            rule=f"PS3.8 section 9.3: an {name} has the fields that the standard gives it; {limit}",
            next_step="write the length of what follows the first six bytes, big endian",
            raw=begin,
        )


def check_data_transfer(raw: bytes, accepted: Collection[int]) -> None:
    """Whether a P-DATA-TF has values that are whole, each on an accepted context. Raises `AssociationFault`."""
    at, end = pdu.HEADER_LENGTH, len(raw)
    if at == end:
        raise _bad_value("there is no presentation data value in the P-DATA-TF", raw)
    while at < end:
        if at + 6 > end:
            raise _bad_value(f"{end - at} bytes stand after the last presentation data value", raw)
        length, context_id = struct.unpack_from(">LB", raw, at)
        if length < 2 or at + 4 + length > end:
            raise _bad_value(f"a presentation data value says it has {length:,} bytes; {end - at - 4:,} follow", raw)
        if context_id not in accepted:
            ids = ", ".join(map(str, sorted(accepted))) or "none"
            raise AssociationFault(
                f"a message on presentation context {context_id}, which was not accepted",
                rule="PS3.8 section 7.1.1.13: messages go on presentation contexts that both sides have agreed on",
                next_step=f"use a context that the A-ASSOCIATE-AC accepts: {ids}",
                raw=raw[:256],
            )
        at += 4 + length


def read_request(raw: bytes) -> Request:
    """An A-ASSOCIATE-RQ, judged. Raises `AssociationFault` where it breaks a rule."""
    if len(raw) < pdu.HEADER_LENGTH + pdu.FIXED_PART:
        raise _bad_request("the A-ASSOCIATE-RQ ends before its items", f"{_RQ}: 68 bytes stand before the first item")
    (version,) = struct.unpack_from(">H", raw, pdu.HEADER_LENGTH)
    if not version & 1:
        raise AssociationFault(
            f"the protocol version is 0x{version:04X}",
            rule=f"{_RQ}: bit 0 of the protocol version stands for version 1, the only one there is",
            next_step="set the protocol version to 0x0001",
            rejection=(1, 2, 2),
            raw=raw,
        )
    titles = [raw[at : at + 16] for at in (10, 26)]
    items = _items(raw[pdu.HEADER_LENGTH + pdu.FIXED_PART :], "an item")
    names = [_text(content) for kind, content in items if kind == _APPLICATION_CONTEXT]
    if len(names) > 1:
        raise _bad_request("there are two application contexts", f"{_RQ}: one Application Context Item")
    contexts = _contexts([content for kind, content in items if kind == _CONTEXT])
    user, remarks = _user([content for kind, content in items if kind == _USER])
    name = names[0] if names else ""
    body = _item(_APPLICATION_CONTEXT, name.encode("ascii")[:_LONGEST_NAME]) + contexts + user
    fixed = struct.pack(">HH", 1, 0) + b"".join(_sound(title) for title in titles) + bytes(32)
    clean = struct.pack(">BBL", 1, 0, len(fixed + body)) + fixed + body
    called, calling = (_text(title).strip(" ") for title in titles)
    return Request(called, calling, name.rstrip("\0 "), clean, tuple(remarks))


def _contexts(proposed: list[bytes]) -> bytes:
    """The presentation contexts as they are to be read."""
    if not proposed:
        raise _bad_request("no presentation context is proposed", f"{_RQ}: one or more Presentation Context Items")
    clean, seen = b"", set()
    for content in proposed:
        if len(content) < 4:
            raise _bad_request("a presentation context ends before its syntaxes", f"{_RQ}.2: an id, then the syntaxes")
        number = content[0]
        if number % 2 == 0 or number in seen:
            why = "was proposed twice" if number in seen else "is even"
            raise AssociationFault(
                f"the presentation context id {number} {why}",
                rule=f"{_RQ}.2: ids are odd integers from 1 to 255, each of one context",
                next_step="number the contexts 1, 3, 5 and so on; there are at most 128",
            )
        seen.add(number)
        clean += _context(number, _items(content[4:], f"an item of presentation context {number}"))
    return clean


def _context(number: int, items: list[tuple[int, bytes]]) -> bytes:
    abstract = [content for kind, content in items if kind == _ABSTRACT]
    transfer = [content for kind, content in items if kind == _TRANSFER]
    if len(abstract) != 1 or not transfer:
        raise _bad_request(
            f"presentation context {number} has {len(abstract)} abstract and {len(transfer)} transfer syntaxes",
            f"{_RQ}.2: one abstract syntax, and one or more transfer syntaxes",
        )
    for name in (*abstract, *transfer):
        if not 1 <= len(name) <= _LONGEST_NAME or not name.isascii():
            raise _bad_request(
                f"presentation context {number} has a syntax name of {len(name)} bytes that is no UID",
                "PS3.8 Annex F: abstract and transfer syntaxes are UIDs, of up to 64 characters",
            )
    syntaxes = b"".join(_item(_TRANSFER, name) for name in transfer)
    return _item(_CONTEXT, bytes((number, 0, 0, 0)) + _item(_ABSTRACT, abstract[0]) + syntaxes)


def _user(found: list[bytes]) -> tuple[bytes, list[Remark]]:
    """The user information as it is to be read. What it negotiates beyond the length is not supported, so left out."""
    if len(found) != 1:
        many = "no" if not found else "more than one"
        raise _bad_request(f"there is {many} user information item", f"{_RQ}: one User Information Item")
    items = _items(found[0], "an item of the user information")
    lengths = [content for kind, content in items if kind == _MAXIMUM_LENGTH]
    remarks = []
    if not lengths:
        remarks.append(
            _lax("there is no maximum length, so any is taken", f"{_LENGTH}: it is required", "send the item 51H")
        )
        lengths = [bytes(4)]
    if len(lengths) > 1 or len(lengths[0]) != 4:
        raise _bad_request("the maximum length is not one number of four bytes", f"{_LENGTH}: one item 51H")
    (maximum,) = struct.unpack(">L", lengths[0])
    if 0 < maximum < _SHORTEST_MAXIMUM:
        raise _bad_request(
            f"a maximum length of {maximum} bytes has no room for a fragment",
            f"{_LENGTH}: six bytes stand before a fragment, which is even (section E.1)",
        )
    clean = _item(_MAXIMUM_LENGTH, lengths[0])
    for kind, longest in ((_CLASS_UID, _LONGEST_NAME), (_VERSION_NAME, 16)):
        told = [content for sub, content in items if sub == kind]
        if len(told) == 1 and 1 <= len(told[0]) <= longest and told[0].isascii() and _text(told[0]).isprintable():
            clean += _item(kind, told[0])
        elif told or kind == _CLASS_UID:
            what = "implementation class UID" if kind == _CLASS_UID else "implementation version name"
            remarks.append(_lax(f"the {what} is missing or malformed", "PS3.7 section D.3.3.2", f"send one {what}"))
    return _item(_USER, clean), remarks


def _items(data: bytes, what: str) -> list[tuple[int, bytes]]:
    try:
        return list(pdu.items(data))
    except struct.error as error:
        what = f"{what} of the A-ASSOCIATE-RQ runs past its end"
        raise _bad_request(what, f"{_RQ}: an item is as long as it says") from error


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _text(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace")


def _sound(title: bytes) -> bytes:
    """A title that a library does not stumble over; whether it is one of ours is asked elsewhere."""
    return title if AE_TITLE.fullmatch(_text(title)) else _NO_TITLE.ljust(16)


def _bad_request(what: str, rule: str) -> AssociationFault:
    return AssociationFault(what, rule=rule, next_step="send a request that has what the rule says")


def _bad_value(what: str, raw: bytes) -> AssociationFault:
    return AssociationFault(
        what,
        rule="PS3.8 section 9.3.5: a P-DATA-TF has one or more values, each with its length, context id and header",
        next_step="write the length of what follows it: context id, message control header and fragment",
        raw=raw[:256],
    )


def _lax(what: str, rule: str, repair: str) -> Remark:
    return Remark(what, rule, repair, "warning")
