"""The header of an HL7 message, read from the bytes alone, also of a message that cannot be read.

Clinical step: whatever a system sends, it gets an answer that names its message. HL7 v2.5.1 sections 2.5.4, 2.9 and
2.15.9. Rules: MSH-1 and MSH-2 say how the rest is divided, and MSH-18 in which characters it is written, so they are
read first; what goes back to the sender as its own is kept as it was sent, a character a byte.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.hl7v2.escapes import Separators

#: The longest value of any data type but ED (HL7 v2.5.1 sections 2.A.31, 2.A.79: FT and TX hold 65,536 characters).
LONGEST_FIELD = 65_536
_BATCH_HEADERS = (b"FHS", b"BHS")
#: In these the second byte of a character may be that of a separator, so a header is decoded before it is divided.
_WITH_SEPARATORS_IN_CHARACTERS = ("gb18030", "iso2022_jp")


def read_separators(body: bytes) -> Separators:
    """MSH-1 and MSH-2. Raises `Hl7Fault` (AR 100) where the message does not begin with a usable MSH."""
    if body[:3] in _BATCH_HEADERS:
        raise Hl7Fault(
            "this is a batch; one answer cannot stand for many messages",
            code=100,
            where=body[:3].decode("ascii"),
            next_step="send each message in a frame of its own",
        )
    if body[:3] != b"MSH" or len(body) < 9:
        raise Hl7Fault(
            f"a message begins with MSH; this one begins with {body[:8].decode('latin-1')!a}",
            code=100,
            where="MSH",
            acknowledgment="AR",
            next_step="send MSH in capitals as the very first bytes, without a byte order mark",
        )
    field_separator = chr(body[3])
    marks = body[4:].split(body[3:4], 1)[0].decode("latin-1")
    every = [field_separator, *marks]
    if (
        not 2 <= len(marks) <= 5
        or len(set(every)) != len(every)
        or any(one.isalnum() or one == '"' or not "!" <= one <= "~" for one in every)
    ):
        raise Hl7Fault(
            f"MSH-2 holds {marks!r} where the encoding characters belong (usually ^~\\&)",
            code=100,
            where="MSH-2",
            acknowledgment="AR",
            next_step="check that MSH begins with MSH|^~\\&| and that no field is missing or doubled",
        )
    # Escape and subcomponent separator may be left out where a message uses neither (section 2.5.4).
    return Separators(field_separator, marks[0], marks[1], marks[2:3], marks[3:4])


def header_line(body: bytes) -> bytes:
    """The MSH of a message as sent, also of one that is refused; empty where there is none.

    A byte order mark, line ends before it and small letters are read over. Of a batch it is the first message's.
    """
    line = _usual_line(body) if len(body) <= LONGEST_FIELD else _first_line(body)
    if line[:3] in _BATCH_HEADERS:
        inner = re.search(rb"(?:^|[\r\n])(MSH[^\r\n]+)", body)
        return inner.group(1) if inner else line
    return line if line[:3].upper() == b"MSH" and len(line) > 3 else b""


def _first_line(body: bytes) -> bytes:
    line = body.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return line.partition(b"\r")[0].partition(b"\n")[0]


def header_field(body: bytes, number: int) -> str:
    """Field `number` of MSH read from the bytes alone, as sent, a character a byte; `""` when it cannot be read.

    Of one that is longer than any field may be it is the beginning.
    """
    line = header_line(body)
    if line[:3] in _BATCH_HEADERS:  # a batch without a message: the addresses stand as in MSH, its id in field 11
        number = {10: 11}.get(number, number if number < 7 else 0)
    fields = _usual_fields(line) if len(line) <= LONGEST_FIELD else _fields(line)
    return fields[number - 1][:LONGEST_FIELD] if 0 < number <= len(fields) else ""


def _fields(line: bytes) -> list[str]:
    """The fields of a header, a character a byte, so that field n stands at place n - 1. Not to be changed."""
    separator = (line[3:4] or b"|").decode("latin-1")
    plain = line.decode("latin-1").split(separator)
    if line.isascii() and b"\x1b" not in line:
        return plain
    for codec in _WITH_SEPARATORS_IN_CHARACTERS:
        try:
            wide = line.decode(codec).split(separator)
        except UnicodeDecodeError:
            continue
        if codec in (_declared_by(plain), _declared_by(wide)):
            return [field.encode(codec).decode("latin-1") for field in wide]
    return plain


#: Whoever answers a message reads a dozen fields of its header, of the same bytes.
_usual_line, _usual_fields = lru_cache(maxsize=16)(_first_line), lru_cache(maxsize=16)(_fields)


def _declared_by(header: list[str]) -> str:
    """The codec that the fields of a header declare in MSH-18; `""` for an unknown one."""
    try:
        return character_set.codec_of(header[17].replace(header[1][1:2], "~"))
    except (Hl7Fault, IndexError):
        return ""


def control_id_of(body: bytes) -> str:
    """MSH-10 as far as it can be read at all, even from a message that is refused."""
    return header_field(body, 10)
