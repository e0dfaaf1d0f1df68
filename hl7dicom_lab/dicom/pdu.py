"""Protocol data units: how an association is asked for, granted or refused, used and ended (PS3.8 section 9.3).

Clinical step: before a scanner asks for its worklist or sends an image, both sides agree what they will talk about.
Rule: only bytes are read here, no socket and no library for associations, so that the trace shows what was on the wire
and not what somebody made of it. What is no PDU is a `PeerError` that says why.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hl7dicom_lab.errors import PeerError

HEADER_LENGTH = 6
_PDU_HEADER = struct.Struct(">BxL")
_VALUE_HEADER = struct.Struct(">LB")
#: Of a presentation data value, before its message control header: length and context.
VALUE_HEADER_LENGTH = _VALUE_HEADER.size
#: Of A-ASSOCIATE-RQ and -AC after the header: version, titles, reserved bytes.
FIXED_PART = 68

#: PS3.8 sections 9.3.2 to 9.3.8: the first byte of each PDU.
NAMES = {
    1: "A-ASSOCIATE-RQ",
    2: "A-ASSOCIATE-AC",
    3: "A-ASSOCIATE-RJ",
    4: "P-DATA-TF",
    5: "A-RELEASE-RQ",
    6: "A-RELEASE-RP",
    7: "A-ABORT",
}

#: PS3.8 Table 9-18: Result/Reason of a presentation context.
CONTEXT_RESULTS = {
    0: "accepted",
    1: "rejected by the user",
    2: "rejected, no reason given",
    3: "abstract syntax not supported",
    4: "transfer syntaxes not supported",
}

#: PS3.8 Table 9-21 (section 9.3.4): result, and reason by source.
REJECT_RESULTS = {1: "rejected-permanent", 2: "rejected-transient"}
REJECT_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}

#: PS3.8 Table 9-26 (section 9.3.8): who aborts, and why if it is the provider.
ABORT_SOURCES = {0: "service user", 2: "service provider"}
ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}


@dataclass(frozen=True)
class ProposedContext:
    """A presentation context that the requestor proposes (section 9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class ContextResult:
    """What the acceptor says to a presentation context (section 9.3.3.2). `result` 0 is acceptance."""

    context_id: int
    result: int
    transfer_syntax: str

    @property
    def words(self) -> str:
        """The result in the words of Table 9-18."""
        return CONTEXT_RESULTS.get(self.result, f"result {self.result}")


@dataclass(frozen=True)
class Associate:
    """A-ASSOCIATE-RQ or -AC. `maximum_length` is what its sender is ready to receive, 0 for any length."""

    called_ae_title: str
    calling_ae_title: str
    application_context: str = ""
    proposed: tuple[ProposedContext, ...] = ()
    results: tuple[ContextResult, ...] = ()
    maximum_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""


@dataclass(frozen=True)
class Reject:
    """A-ASSOCIATE-RJ."""

    result: int
    source: int
    reason: int

    @property
    def words(self) -> str:
        """The refusal in the words of Table 9-21."""
        return (
            f"{REJECT_RESULTS.get(self.result, f'result {self.result}')}: "
            f"{REJECT_REASONS.get((self.source, self.reason), 'reserved reason')} "
            f"(result {self.result}, source {self.source}, reason {self.reason})"
        )


@dataclass(frozen=True)
class Release:
    """A-RELEASE-RQ or -RP; it has no content."""


@dataclass(frozen=True)
class Abort:
    """A-ABORT."""

    source: int
    reason: int

    @property
    def words(self) -> str:
        """The abort in the words of Table 9-26; a reason means something from the provider only."""
        by = f"by the {ABORT_SOURCES.get(self.source, f'source {self.source}')}"
        if self.source != 2:
            return by
        return f"{by}: {ABORT_REASONS.get(self.reason, f'reason {self.reason}')}"


@dataclass(frozen=True)
class Pdv:
    """A presentation data value: a piece of a DIMSE message (section 9.3.5.1, Annex E.2)."""

    context_id: int
    is_command: bool
    is_last: bool
    data: bytes


@dataclass(frozen=True)
class DataTransfer:
    """P-DATA-TF."""

    values: tuple[Pdv, ...]


Pdu = Associate | Reject | Release | Abort | DataTransfer


def name_of(raw: bytes) -> str:
    """The name of the PDU that begins with these bytes; "" where there is no PDU of this type."""
    return NAMES.get(raw[0], "") if raw else ""


def declared_length(raw: bytes) -> int:
    """How many bytes follow the header of a PDU. Needs the first six bytes."""
    return int.from_bytes(raw[2:HEADER_LENGTH], "big")


def calling_ae_title(raw: bytes) -> str:
    """Who asks for an association; "" where the bytes are no A-ASSOCIATE-RQ."""
    return _title(raw[26:42]) if name_of(raw) == "A-ASSOCIATE-RQ" else ""


def parse(raw: bytes, *, shortened: bool = False) -> Pdu:
    """What a PDU says. `shortened` allows for a P-DATA-TF of which the trace has kept the beginning only.

    Raises `PeerError` where the bytes are no whole PDU.
    """
    name = name_of(raw)
    if not name:
        raise PeerError(f"PDU type {raw[0]:02X}H does not exist" if raw else "there are no bytes", where="PDU type")
    if len(raw) < HEADER_LENGTH or (len(raw) - HEADER_LENGTH != declared_length(raw) and not shortened):
        raise PeerError(f"{name}: the length does not fit the {len(raw)} bytes that are there", where="PDU length")
    body = raw[HEADER_LENGTH:]
    try:
        return _parse_body(raw[0], body, shortened)
    except (struct.error, IndexError) as error:
        raise PeerError(f"{name} ends too early", where=name) from error


def data_transfer(context_id: int, values: Iterable[bytes]) -> bytes:
    """A P-DATA-TF of presentation data values of one context, each with its message control header (section 9.3.5)."""
    body = b"".join(_VALUE_HEADER.pack(len(value) + 1, context_id) + value for value in values)
    return _PDU_HEADER.pack(4, len(body)) + body


def values_of(raw: bytes) -> Iterator[tuple[int, memoryview]]:
    """Context and value of each presentation data value of a P-DATA-TF, as `data_transfer` takes them; not copied.

    The PDU is whole and each length in it is right (`pdu_rules.check_data_transfer`).
    """
    view, at = memoryview(raw), HEADER_LENGTH
    while at < len(raw):
        length, context_id = _VALUE_HEADER.unpack_from(raw, at)
        yield context_id, view[at + VALUE_HEADER_LENGTH : at + 4 + length]
        at += 4 + length


def _parse_body(kind: int, body: bytes, shortened: bool) -> Pdu:
    if kind in (1, 2):
        return _associate(body)
    if kind == 3:
        return Reject(body[1], body[2], body[3])
    if kind == 4:
        return DataTransfer(tuple(_values(body, shortened)))
    if kind == 7:
        return Abort(body[2], body[3])
    return Release()


def _associate(body: bytes) -> Associate:
    if len(body) < FIXED_PART:
        raise struct.error("the AE titles are missing")
    called, calling = _title(body[4:20]), _title(body[20:36])
    parts = tuple(items(body[FIXED_PART:]))
    user = dict(part for kind, data in parts if kind == 0x50 for part in items(data))
    return Associate(
        called_ae_title=called,
        calling_ae_title=calling,
        application_context=next((_uid(data) for kind, data in parts if kind == 0x10), ""),
        proposed=tuple(_proposed(data) for kind, data in parts if kind == 0x20),
        results=tuple(_result(data) for kind, data in parts if kind == 0x21),
        maximum_length=int.from_bytes(user.get(0x51, b""), "big"),
        implementation_class_uid=_uid(user.get(0x52, b"")),
        implementation_version_name=_title(user.get(0x55, b"")),
    )


def items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Items and sub-items, each with its type and content (section 9.3.2). Raises `struct.error` where one is cut."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from(">BxH", data, at)
        at += 4
        if at + length > len(data):
            raise struct.error("an item runs past the end")
        yield kind, data[at : at + length]
        at += length


def _proposed(data: bytes) -> ProposedContext:
    syntaxes = tuple(items(data[4:]))
    return ProposedContext(
        context_id=data[0],
        abstract_syntax=next((_uid(uid) for kind, uid in syntaxes if kind == 0x30), ""),
        transfer_syntaxes=tuple(_uid(uid) for kind, uid in syntaxes if kind == 0x40),
    )


def _result(data: bytes) -> ContextResult:
    syntax = next((_uid(uid) for kind, uid in items(data[4:]) if kind == 0x40), "")
    return ContextResult(context_id=data[0], result=data[2], transfer_syntax=syntax)


def _values(body: bytes, shortened: bool) -> Iterator[Pdv]:
    at = 0
    while at < len(body):
        if shortened and at + 6 > len(body):
            return
        length, context_id, control = struct.unpack_from(">LBB", body, at)
        after = at + 4 + length
        if length < 2 or (after > len(body) and not shortened):
            raise struct.error("a presentation data value runs past the end")
        yield Pdv(context_id, bool(control & 1), bool(control & 2), body[at + 6 : after])
        at = after


def _title(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace").strip(" \0")


def _uid(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace").rstrip(" \0")
