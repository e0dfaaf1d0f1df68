"""MSH-18: which bytes are which characters (HL7 table 0211).

Rule: a message is decoded with the character set that it declares and with no other; one that declares none is ASCII.
A byte that does not belong there is an error with its offset, never a replacement character. How the same set is
named in DICOM stands in `mapping/character_sets.py`.
"""

from __future__ import annotations

from hl7dicom_lab.errors import CannotEncode, Hl7Fault
from hl7dicom_lab.hl7v2.escapes import CONTROL

#: HL7 table 0211 and the codec that reads it. The first repetition of MSH-18 is the set of the whole message; later
#: ones are reached by ISO 2022 escape sequences, which the codec of the combination understands.
CODECS: dict[str, str] = {
    "": "ascii",
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "UNICODE UTF-8": "utf-8",
    "GB 18030-2000": "gb18030",
    "ISO IR87": "iso2022_jp",
    "ASCII~ISO IR87": "iso2022_jp",
    "KS X 1001": "euc_kr",
    "ASCII~KS X 1001": "euc_kr",
}


def codec_of(declared: str) -> str:
    """The codec of a value of MSH-18, its repetitions joined by `~`.

    Raises `Hl7Fault` (103, table value not found) for a set that is not in the table.
    """
    if declared in CODECS:
        return CODECS[declared]
    name = "~".join(part.strip() for part in declared.split("~"))
    if name.startswith("~"):
        name = "ASCII" + name
    if name not in CODECS:
        raise Hl7Fault(
            f"{declared!r} is no character set that this system reads (HL7 table 0211)",
            code=103,
            where="MSH-18",
            next_step="declare one of: " + ", ".join(key for key in CODECS if key and "~" not in key),
        )
    return CODECS[name]


def decode(raw: bytes, declared: str) -> str:
    """The text of a message whose MSH-18 is `declared`.

    Raises `Hl7Fault` 103 for an unknown set and 102, with the offset, for a byte that is not in it. Control characters
    are in none: those of 0x80 to 0x9F are how text of a Windows code page looks when it is declared as 8859.
    """
    codec = codec_of(declared)
    if codec == "euc_kr":  # the designation of KS X 1001 to G1 (ISO 2022); the codec takes it for granted
        raw = raw.replace(b"\x1b$)C", b"")
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise _not_in_the_set(raw, error.start, declared) from error
    control = CONTROL.search(text)
    if control:
        raise _not_in_the_set(raw, max(0, raw.find(control[0].encode(codec))), declared)
    return text


def _not_in_the_set(raw: bytes, offset: int, declared: str) -> Hl7Fault:
    segment, field = _field_at(raw, offset)
    return Hl7Fault(
        f"byte 0x{raw[offset]:02X} at offset {offset} is not in the declared character set "
        f"({declared or 'none declared, so ASCII'})",
        code=102,
        where=f"{segment}-{field}" if segment else "MSH-18",
        next_step="declare in MSH-18 the character set that you send, for example UNICODE UTF-8",
    )


def encode(text: str, declared: str) -> bytes:
    """The bytes of a message. Raises `CannotEncode` where the declared set lacks a character of it."""
    try:
        return text.encode(codec_of(declared))
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise CannotEncode(
            f"the character {character!r} is not in the character set {declared or 'ASCII'}",
            where="MSH-18",
            next_step="declare UNICODE UTF-8, or another set that has it",
        ) from error


def _field_at(raw: bytes, offset: int) -> tuple[str, int]:
    """Segment name and field number of a byte, read without decoding."""
    start = max(raw.rfind(b"\r", 0, offset), raw.rfind(b"\n", 0, offset)) + 1
    separator = raw[3:4] or b"|"
    name = raw[start : start + 3].decode("ascii", "replace")
    number = raw.count(separator, start, offset) + (1 if name == "MSH" else 0)
    return (name, number) if name.isalnum() else ("", 0)
