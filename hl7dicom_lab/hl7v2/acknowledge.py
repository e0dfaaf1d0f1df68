"""The acknowledgment: what a receiver says to every message (HL7 v2.5.1 section 2.9, segments MSA and ERR).

Rules: MSA-2 is the MSH-10 that was received; MSA-1 comes from table 0008, ERR-3 from table 0357. The error stands in
both forms, so that a receiver of either version reads it: ERR-1 (v2.3.1) and ERR-2 to ERR-8 (v2.5 and later). In
enhanced mode (MSH-15 or MSH-16 valued) the answer is a commit acknowledgment, and only if it was asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from hl7dicom_lab.errors import Hl7Fault, Refused
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.hl7v2.checks import ACKNOWLEDGMENT_CONDITIONS, PROCESSING_IDS
from hl7dicom_lab.hl7v2.escapes import Separators, escape
from hl7dicom_lab.hl7v2.message import Message, Path, control_id_of, header_field, header_line, read_separators

#: HL7 table 0357, message error condition codes. 104 is in it since v2.7; older receivers read its text.
ERROR_CONDITIONS = {
    0: "Message accepted",
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    104: "Value too long",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}

#: Original mode (table 0008) and what the same verdict is called in enhanced mode.
_COMMIT = {"AA": "CA", "AE": "CE", "AR": "CR"}


@dataclass(frozen=True)
class Acknowledgment:
    """An acknowledgment that arrived."""

    code: str  # MSA-1, table 0008
    control_id: str  # MSA-2: the message that it answers
    text: str  # MSA-3, or the error's user message
    error_code: str = ""  # ERR-3 or ERR-1.4, table 0357
    location: str = ""  # as a path, OBR-18

    @property
    def accepted(self) -> bool:
        """Whether the message was accepted."""
        return self.code in ("AA", "CA")


@dataclass(frozen=True)
class Answerer:
    """Who answers: MSH-3 and MSH-4 of the acknowledgment."""

    application: str
    facility: str


def wanted(body: bytes, code: str) -> str:
    """MSA-1 of the answer that the sender of `body` wants for verdict `code` (AA, AE, AR); `""` for no answer.

    Original mode: always an answer. Enhanced mode: MSH-15 (or, where it is empty, MSH-16) decides by table 0155:
    AL always, NE never, ER on errors, SU on success; a commit acknowledgment has the codes CA, CE, CR.
    """
    accept, application = header_field(body, 15), header_field(body, 16)
    if not {accept, application} & set(ACKNOWLEDGMENT_CONDITIONS):  # original mode, or nothing that table 0155 has
        return code
    condition = application if accept in ("", "NE") else accept
    answer = code if accept in ("", "NE") else _COMMIT[code]
    asked = ("AL", "SU" if code == "AA" else "ER")
    return answer if condition in asked else ""


def build(
    body: bytes,
    code: str,
    text: str,
    *,
    answerer: Answerer,
    moment: datetime,
    control_id: str,
    fault: Hl7Fault | None = None,
) -> bytes:
    """The acknowledgment of the message `body`, ready to be framed. `code` is MSA-1, `control_id` its own MSH-10.

    What is the sender's own (its names, MSH-10) goes back byte for byte; a character of the text that its character
    set lacks is named by its code.
    """
    marks = _separators(body)
    charset, codec = _charset(body, marks)
    sender = (header_field(body, 3), header_field(body, 4))
    header = ["MSH", marks.encoding_characters, answerer.application, answerer.facility, *sender]
    header += [f"{moment:%Y%m%d%H%M%S}", "", _kind(body, marks), control_id, _processing_id(body, marks)]
    header += [_version(body, marks), *([""] * 5 + [charset] if charset else [])]
    own = ["MSA", code, control_id_of(body), _encoded(escape(_short(text), marks), codec)]
    lines = [header, own]
    if fault:
        lines.append([_encoded(field, codec) for field in _err(fault, marks)])
    return ("\r".join(marks.field.join(line) for line in lines) + "\r").encode("latin-1")


def _encoded(text: str, codec: str) -> str:
    """Text in the answer's character set, a character a byte, as `header_field` gives what the sender wrote."""
    return text.encode(codec, "namereplace").decode("latin-1")


def _kind(body: bytes, marks: Separators) -> str:
    event = [one for one in header_field(body, 9).split(marks.component)[1:2] if re.fullmatch(r"[A-Z][A-Z0-9]{2}", one)]
    structure = ["ACK"] if event and _version(body, marks) >= "2.4" else []
    return marks.component.join(["ACK", *event, *structure])


def _processing_id(body: bytes, marks: Separators) -> str:
    sent = header_field(body, 11)
    return sent if sent.split(marks.component)[0] in PROCESSING_IDS else "P"


def _version(body: bytes, marks: Separators) -> str:
    sent = header_field(body, 12).split(marks.component)[0]
    return sent if re.fullmatch(r"2(\.[0-9]){1,2}", sent) else "2.5.1"


def _charset(body: bytes, marks: Separators) -> tuple[str, str]:
    """MSH-18 of the answer and its codec: the sender's, or ASCII where nobody knows it."""
    sent = header_field(body, 18)
    try:
        return sent, character_set.codec_of(sent.replace(marks.repetition, "~"))
    except Hl7Fault:
        return "", "ascii"


def _separators(body: bytes) -> Separators:
    """The sender's own, so that its names go back as they are; what it declares no separator for gets the usual one."""
    try:
        marks = read_separators(header_line(body))
    except Hl7Fault:
        return Separators()
    full = replace(marks, escape=marks.escape or "\\", subcomponent=marks.subcomponent or "&")
    every = full.field + full.encoding_characters
    return full if len(set(every)) == len(every) else Separators()


def _short(text: str, most: int = 250) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _err(fault: Hl7Fault, marks: Separators) -> list[str]:
    name = ERROR_CONDITIONS[fault.code]
    where = _location(fault.where)
    code = marks.component.join([str(fault.code), name, "HL70357"])
    place_231 = marks.component.join(
        [*where[:3], *[""] * (3 - len(where)), code.replace(marks.component, marks.subcomponent)]
    )
    words = escape(_short(str(fault)), marks)
    repair = escape(_short(fault.next_step), marks)
    return ["ERR", place_231, marks.component.join(where), code, "E", "", "", repair, words]


def _location(where: str) -> list[str]:
    """An ERL: segment, its occurrence, field, repetition, component, subcomponent (HL7 v2.5.1 section 2.A.28)."""
    try:
        path = Path.parse(where)
    except ValueError:
        return [where] if where.isalnum() and len(where) == 3 else []
    parts = [path.segment, str(path.occurrence), str(path.field)]
    if path.component:
        parts += [str(path.repetition), str(path.component)]
    if path.subcomponent:
        parts.append(str(path.subcomponent))
    return parts


def accepted(answer: Acknowledgment, receiver: str) -> Acknowledgment:
    """The acknowledgment, if it is a yes. Raises `Refused` with its reason where it is a no."""
    if not answer.accepted:
        raise Refused(
            f"{receiver} refused the message ({answer.code}): {answer.text}",
            answer=answer.code,
            where=answer.location,
            next_step="mend what it names and send the message again with a new control id",
        )
    return answer


def read(body: bytes) -> Acknowledgment:
    """Take an acknowledgment apart. Raises `Hl7Fault` where it is none."""
    message = Message.parse(body)
    msa = message.first("MSA")
    if msa is None:
        raise Hl7Fault(
            "this message has no MSA segment: it is no acknowledgment",
            code=100,
            where="MSA",
            next_step="look at MSH-9 in the trace: what did the other side send?",
        )
    old_code = message.get("ERR-1.4.1")
    where = [message.get(f"ERR-2.{number}") for number in (1, 3, 5)]
    if not where[0]:
        where = [message.get(f"ERR-1.{number}") for number in (1, 3)]
    location = "-".join(part for part in where[:2] if part) + (f".{where[2]}" if where[2:] and where[2] else "")
    return Acknowledgment(
        code=msa.value(1),
        control_id=msa.value(2),
        text=msa.value(3) or message.get("ERR-8"),
        error_code=message.get("ERR-3.1") or old_code,
        location=location,
    )
