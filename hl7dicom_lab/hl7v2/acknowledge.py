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
from hl7dicom_lab.hl7v2.escapes import Separators, escape, stands_as_it_is
from hl7dicom_lab.hl7v2.header import header_field, header_line, read_separators
from hl7dicom_lab.hl7v2.message import Message, Path

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

_CODE = re.compile(r"[A-Z][A-Z0-9]{2}")  # of a trigger event, and of a segment
_VERSION = re.compile(r"2(\.[0-9]){1,2}")

#: MSA-1 of a yes, in either mode.
ACCEPTED = ("AA", "CA")


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
        return self.code in ACCEPTED


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
    header = header_line(body)  # of which each field is read, not of the whole message
    accept, application = header_field(header, 15), header_field(header, 16)
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

    It is a message that can be read, whatever `body` is. What is the sender's own (its names, MSH-10) goes back byte
    for byte; of that, what could not stand in a field of the answer goes back as an escape sequence. A character of the
    text that the answer's character set lacks is named by its code.
    """
    body = header_line(body)  # of which each field is read, not of the whole message
    writing = _Writing.of(body)
    header = ["MSH", writing.marks.encoding_characters, *map(writing.own, (answerer.application, answerer.facility))]
    header += [writing.sent(body, 3), writing.sent(body, 4), f"{moment:%Y%m%d%H%M%S}", "", _kind(body, writing.marks)]
    header += [writing.own(control_id), _processing_id(body, writing), writing.own(_version(body, writing.marks))]
    if writing.charset:
        header += [*[""] * 5, writing.charset.replace("~", writing.marks.repetition)]
    lines = [header, ["MSA", code, writing.sent(body, 10), writing.own(_short(text))]]
    if fault:
        lines.append(_err(fault, writing))
    return ("\r".join(writing.marks.field.join(line) for line in lines) + "\r").encode("latin-1")


@dataclass(frozen=True)
class _Writing:
    """How the answer to one message is written. Values are given a character a byte, as `header_field` gives them.

    `common` are the encoding characters that mean the same in the message and in the answer.
    """

    marks: Separators
    common: str
    charset: str  # MSH-18, its repetitions joined by `~`

    @classmethod
    def of(cls, body: bytes) -> _Writing:
        """The sender's own separators and character set; the usual ones in place of what is not there or unknown."""
        marks, common = _separators(body)
        return cls(marks, common, _charset(body, marks))

    def own(self, text: str) -> str:
        """A value of the answerer's."""
        codec = character_set.codec_of(self.charset)
        if not text.isascii():
            text = "".join(one if one.isascii() else one.encode(codec, "namereplace").decode(codec) for one in text)
        return escape(text, self.marks).encode(codec).decode("latin-1")

    def sent(self, body: bytes, number: int) -> str:
        """Field `number` of the header that is answered."""
        raw = header_field(body, number).encode("latin-1")
        try:
            text = character_set.decode(raw, self.charset)
        except Hl7Fault:  # in no character set: a byte is then named by its number
            mark = self.marks.escape
            return "".join(self._safe(chr(one)) if 0x20 <= one < 0x7F else f"{mark}X{one:02X}{mark}" for one in raw)
        codec = character_set.codec_of(self.charset)
        safe = text if stands_as_it_is(text, self.marks) else "".join(map(self._safe, text))
        return safe.encode(codec).decode("latin-1")

    def _safe(self, character: str) -> str:
        return character if character in self.common else escape(character, self.marks)


def _kind(body: bytes, marks: Separators) -> str:
    event = [one for one in header_field(body, 9).split(marks.component)[1:2] if _CODE.fullmatch(one)]
    structure = ["ACK"] if event and _version(body, marks) >= "2.4" else []
    return marks.component.join(["ACK", *event, *structure])


def _processing_id(body: bytes, writing: _Writing) -> str:
    sent = writing.sent(body, 11)
    return sent if sent.split(writing.marks.component)[0] in PROCESSING_IDS else "P"


def _version(body: bytes, marks: Separators) -> str:
    sent = header_field(body, 12).split(marks.component)[0]
    return sent if _VERSION.fullmatch(sent) else "2.5.1"


def _charset(body: bytes, marks: Separators) -> str:
    """The sender's character set, or ASCII where nobody knows it; another one where the sender's own words need it."""
    sent = "~".join(part.strip() for part in header_field(body, 18).split(marks.repetition))
    known = sent if _reads(b"", sent) else ""
    words = [header_field(body, number).encode("latin-1") for number in (3, 4, 10, 11)]
    dividing = {marks.field, marks.repetition}
    names = (name for name in (known, "UNICODE UTF-8", "8859/1") if dividing.isdisjoint(name.replace("~", "")))
    return next((name for name in names if all(_reads(word, name) for word in words)), known)


def _reads(raw: bytes, charset: str) -> bool:
    try:
        character_set.decode(raw, charset)
    except Hl7Fault:
        return False
    return True


def _separators(body: bytes) -> tuple[Separators, str]:
    """The sender's own, so that its names go back as they are; what it declares no separator for gets the usual one.

    With them the encoding characters that the sender declares; none where its own cannot be used.
    """
    try:
        declared = read_separators(b"MSH" + header_line(body)[3:])  # also of `msh`, and of a batch
    except Hl7Fault:
        return Separators(), ""
    full = replace(declared, escape=declared.escape or "\\", subcomponent=declared.subcomponent or "&")
    every = full.field + full.encoding_characters
    return (full, declared.encoding_characters) if len(set(every)) == len(every) else (Separators(), "")


def _short(text: str, most: int = 250) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _err(fault: Hl7Fault, writing: _Writing) -> list[str]:
    marks = writing.marks
    name = ERROR_CONDITIONS[fault.code]
    where = _location(fault.where)
    code = marks.component.join([str(fault.code), name, "HL70357"])
    place_231 = marks.component.join(
        [*where[:3], *[""] * (3 - len(where)), code.replace(marks.component, marks.subcomponent)]
    )
    words, repair = writing.own(_short(str(fault))), writing.own(_short(fault.next_step))
    return ["ERR", place_231, marks.component.join(where), code, "E", "", "", repair, words]


def _location(where: str) -> list[str]:
    """An ERL: segment, its occurrence, field, repetition, component, subcomponent (HL7 v2.5.1 section 2.A.28)."""
    try:
        path = Path.parse(where)
    except ValueError:
        return [where] if _CODE.fullmatch(where) else []
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
    occurrence = message.get("ERR-2.2" if message.get("ERR-2.1") else "ERR-1.2")
    where[0] += f"[{occurrence}]" if occurrence not in ("", "1") else ""
    location = "-".join(part for part in where[:2] if part) + (f".{where[2]}" if where[2:] and where[2] else "")
    return Acknowledgment(
        code=msa.value(1),
        control_id=msa.value(2),
        text=msa.value(3) or message.get("ERR-8"),
        error_code=message.get("ERR-3.1") or old_code,
        location=location,
    )
