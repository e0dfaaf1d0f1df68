"""What is noteworthy about a place of a message: where its value goes in DICOM, and what is odd about the whole.

IHE Radiology Scheduled Workflow (RAD-2, RAD-4) gives some fields a use that their names in the standard do not tell:
OBR-18 "Placer Field 1" carries the accession number. Rule: what is said comes from the mapping's own table and from the
checks of hl7v2, and from nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2.checks import check_header
from hl7dicom_lab.hl7v2.dictionary import dictionary
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.hl7v2.mllp import Decoder, as_received
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST, REPORT_TO_STUDY
from hl7dicom_lab.trace import Remark
from hl7dicom_lab.views.message.places import bare

_VT = b"\x0b"
_ORDERS = ("ORM", "OMI")
#: The number of a segment or a repetition in a path.
_NUMBERED = re.compile(r"\[\d+\]")
#: What one observation is depends on its code, so that nothing can be said of OBX as such.
_DEPENDS = ("OBX",)


def destination(kind: str, path: str, name: str) -> str:
    """Where the value at a path of an order or a report goes in DICOM, in words; `""` for one that goes nowhere."""
    targets = _destinations(kind).get(_NUMBERED.sub("", path), ()) if path[:3] in _segments(kind) else ()
    if not targets:
        return ""
    by_condition: dict[str, list[str]] = {}
    for attribute, condition in targets:
        by_condition.setdefault(condition, []).append(attribute.rpartition(".")[2])
    said = "; ".join(f"{' and '.join(attributes)}{condition}" for condition, attributes in by_condition.items())
    place = "DICOM worklist" if kind in _ORDERS else "DICOM"
    if re.search(r"(Placer|Filler) Field \d", name):
        words = " and ".join(dict.fromkeys(_in_words(attribute) for attribute, _ in targets))
        return f"{place}: {said}. IHE Scheduled Workflow puts the {words} here"
    return f"{place}: {said}"


@cache
def _segments(kind: str) -> frozenset[str]:
    """The segments of which something goes to DICOM; most lines of a long message are of others."""
    return frozenset(path[:3] for path in _destinations(kind))


@cache
def _destinations(kind: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each path of a message type the DICOM attributes, with the condition under which they are read from it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for paths, attribute in _rows(kind):
        for place, path in enumerate(paths):
            if path[:3] not in _DEPENDS and attribute:
                before = " and ".join(paths[:place])
                verb = "are" if place > 1 else "is"
                condition = f" (where {before} {verb} empty)" if before else ""
                found.setdefault(path, []).append((attribute, condition))
    return {path: tuple(targets) for path, targets in found.items()}


def _rows(kind: str) -> Iterator[tuple[tuple[str, ...], str]]:
    if kind in _ORDERS:
        yield from ((row.fields(kind), row.attribute) for row in ORDER_TO_WORKLIST)
    elif kind == "ORU":
        yield from ((row.oru, row.study) for row in REPORT_TO_STUDY)


def _in_words(attribute: str) -> str:
    """`RequestedProcedureID` is Requested Procedure ID."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", attribute.rpartition(".")[2])


def remarks(raw: bytes, version: str) -> tuple[str, ...]:
    """What is odd about a message as a whole: its frame, its header, its characters, its version."""
    said = [_sentence(one) for one in _of_the_frame(raw)]
    said += _of_the_message(bare(raw))
    used = dictionary(version).version
    if used != version:
        named = f"version {version}" if version else "a version that MSH-12 does not name"
        said.append(f"There is no table here for {named}: names and data types are those of version {used}.")
    return tuple(dict.fromkeys(said))


def _of_the_frame(raw: bytes) -> Iterator[Remark]:
    if not raw.startswith(_VT):
        return
    decoder = Decoder()
    for _, _, found in as_received([*decoder.feed(raw), *decoder.end()]):
        yield from found


def _of_the_message(body: bytes) -> list[str]:
    try:
        message = Message.parse(body)
    except Hl7Fault as fault:
        return [str(fault)]
    said = [_sentence(one) for one in message.remarks]
    try:
        check_header(message, {message.type: {message.event}})
    except Hl7Fault as fault:
        said.append(str(fault))
    return said


def _sentence(remark: Remark) -> str:
    rule = f" Rule: {remark.rule}." if remark.rule else ""
    repair = f" Next step: {remark.repair}." if remark.repair else ""
    return f"{remark.what[:1].upper()}{remark.what[1:]}.{rule}{repair}"
