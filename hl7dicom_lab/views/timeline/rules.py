"""What went wrong on an arrow: the rule, and the repair, where the wire itself says that something was refused.

Standards: HL7 table 0008 (acknowledgment code); PS3.8 sections 9.3.3, 9.3.4 and 9.3.8 (association); PS3.7 Annex C and
PS3.4 Tables B.2-1, C.4-1 to C.4-3 and K.4-1 (status). Rule: a system's own remark knows more than what stands here; it
goes first.
"""

from __future__ import annotations

from hl7dicom_lab.dicom import pdu, status
from hl7dicom_lab.errors import PeerError
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.hl7v2.mllp import VT
from hl7dicom_lab.trace import Decoded, Protocol, Remark, Severity

#: HL7 table 0008: what a refusal is, in the original and in the enhanced mode.
_REFUSALS = {
    b"AE": "AE, application error: the message cannot be processed",
    b"AR": "AR, application reject: the message was rejected",
    b"CE": "CE, commit error: the message cannot be accepted",
    b"CR": "CR, commit reject: the message was rejected",
}
_STATUS_TABLES = {
    "C-STORE-RSP": "PS3.4 Table B.2-1",
    "C-FIND-RSP": "PS3.4 Tables C.4-1 and K.4-1",
    "C-MOVE-RSP": "PS3.4 Table C.4-2",
    "C-GET-RSP": "PS3.4 Table C.4-3",
}
#: PS3.7 Annex C: attribute list error, attribute value out of range, optional attributes not supported.
_WARNINGS = {0x0107, 0x0116, 0x0001, status.PENDING_WITH_UNSUPPORTED_KEYS}
#: PS3.8 Table 9-21: source and reason of a rejection, and what helps.
_AFTER_REJECTION = {
    (1, 2): "ask with the application context name 1.2.840.10008.3.1.1.1",
    (1, 3): "have your AE title entered at the other side, or use one that is known there",
    (1, 7): "ask for the AE title under which the other side is known",
    (2, 2): "ask with protocol version 1",
    (3, 1): "try again later",
    (3, 2): "release an association that is not needed, or try again later",
}
_CONTEXT_REPAIRS = {
    "abstract syntax not supported": "ask a system that offers this service",
    "transfer syntaxes not supported": "offer Implicit VR Little Endian too, the default transfer syntax of DICOM",
}


def judged(decoded: Decoded, protocol: Protocol) -> Remark | None:
    """What is wrong with a message according to the message itself."""
    if protocol == "HL7":
        return _acknowledgment(decoded)
    if decoded.status is not None:
        return _status(decoded, decoded.status)
    if decoded.kind == "A-ASSOCIATE-RJ":
        return _rejection(decoded)
    if decoded.kind == "A-ABORT":
        return Remark(
            f"the association was aborted, {decoded.summary}" if decoded.summary else "the association was aborted",
            rule="PS3.8 section 9.3.8: A-ABORT ends an association at once, whatever is still on its way",
            repair="look at what went before it, and at the log of the side that aborted",
        )
    return _contexts(decoded) if decoded.kind == "A-ASSOCIATE-AC" else None


def _acknowledgment(decoded: Decoded) -> Remark | None:
    code = wire.field(decoded.raw.removeprefix(VT), b"MSA", 1)
    if code not in _REFUSALS:
        return None
    return Remark(
        "the message was refused",
        rule=f"HL7 table 0008, {_REFUSALS[code]}",
        repair="correct what the acknowledgment names, then send the message again",
    )


def _status(decoded: Decoded, code: int) -> Remark | None:
    if code in (status.SUCCESS, status.PENDING, status.CANCEL):
        return None
    warning = code in _WARNINGS or code >> 12 == 0xB
    severity: Severity = "warning" if warning else "error"
    return Remark(
        status.words(code, decoded.kind.removesuffix("-RSP")),
        rule=f"{_STATUS_TABLES.get(decoded.kind, 'PS3.7 Annex C')}: what the status means",
        repair="see what was not done as asked" if warning else "correct what status and comment name, then ask again",
        severity=severity,
    )


def _rejection(decoded: Decoded) -> Remark | None:
    try:
        unit = pdu.parse(decoded.raw)
    except PeerError:
        return None
    if not isinstance(unit, pdu.Reject):
        return None
    return Remark(
        "the association was rejected",
        rule=f"PS3.8 Table 9-21: {pdu.REJECT_REASONS.get((unit.source, unit.reason), 'reserved reason')}",
        repair=_AFTER_REJECTION.get((unit.source, unit.reason), "compare both sides' conformance statements"),
    )


def _contexts(decoded: Decoded) -> Remark | None:
    """A-ASSOCIATE-AC: contexts that were not accepted. Where none was, the association is good for nothing."""
    rows = decoded.table.rows if decoded.table else ()
    refused = [row for row in rows if row[3] != "accepted"]
    if not refused:
        return None
    first = refused[0]
    none = len(refused) == len(rows)
    return Remark(
        "no presentation context was accepted" if none else f"{len(refused)} of {len(rows)} contexts were not accepted",
        rule=f"PS3.8 Table 9-18, context {first[0]}, {first[1]}: {first[3]}",
        repair=_CONTEXT_REPAIRS.get(first[3], "compare both sides' conformance statements"),
        severity="error" if none else "warning",
    )
