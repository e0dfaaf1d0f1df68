"""A message as bytes with places: where each segment, field and component begins and ends, however broken it is.

HL7 v2.5.1 chapter 2. Rules: nothing here raises, for any bytes; a place counts the bytes of the wire; a byte that is
the second half of a character is never taken for a separator (ISO 2022 and GB 18030 use the same values for both).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.hl7v2.escapes import Separators, unescape
from hl7dicom_lab.hl7v2.header import header_field, read_separators

Span = tuple[int, int]

HEADERS = ("MSH", "FHS", "BHS")
_NULL = '""'
_LINE = re.compile(rb"[^\r\n]+")
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
#: Characters of more than one byte, and where ISO 2022 begins to write them.
_GB_18030 = re.compile(rb"[\x81-\xfe](?:[0-9][\x81-\xfe][0-9]|[\x40-\x7e\x80-\xfe])")
_ISO_2022 = re.compile(rb"\x1b\$(?:[@AB]|\([CDO-Q])(?:[^\x1b\r\n])*")
_MASK = b"\x80"


@dataclass(frozen=True)
class Line:
    """One line of the message: its bytes without the line's end, its name, and its fields by their number."""

    name: str  # "" where the line is no segment
    span: Span
    fields: tuple[Span, ...]  # fields[n] is field n


@dataclass(frozen=True)
class MessageBytes:
    """The bytes, and how they are to be read."""

    raw: bytes
    separators: Separators
    codec: str

    @classmethod
    def of(cls, raw: bytes) -> MessageBytes:
        r"""Find out separators and character set; what the header does not say is as usual: `|^~\&`, ASCII."""
        body = bare(raw)
        try:
            separators = read_separators(body)
        except Hl7Fault:
            separators = _as_far_as_readable(body)
        declared = header_field(body, 18).replace(separators.repetition, "~") if separators.repetition else ""
        try:
            codec = character_set.codec_of(declared)
        except Hl7Fault:
            codec = "ascii"
        return cls(raw, separators, codec)

    @cached_property
    def masked(self) -> bytes:
        """The bytes with every character of several bytes covered, where a part of it could look like a separator."""
        if self.codec == "iso2022_jp":
            return _ISO_2022.sub(lambda found: _MASK * len(found.group()), self.raw)
        if self.codec == "gb18030":
            return _GB_18030.sub(lambda found: _MASK * len(found.group()), self.raw)
        return self.raw

    def lines(self) -> Iterator[Line]:
        """The lines, from the first to the last; VT and FS at their edges are not part of them."""
        for found in _LINE.finditer(self.masked):
            start, end = found.span()
            while start < end and self.raw[start : start + 1] in (b"\x0b", b"\x1c"):
                start += 1
            while start < end and self.raw[end - 1 : end] == b"\x1c":
                end -= 1
            if self.raw[start:end].startswith(b"\xef\xbb\xbf"):
                start += 3
            if self.raw[start:end].strip():
                yield self._line(start, end)

    def _line(self, start: int, end: int) -> Line:
        spans = self.split((start, end), self.separators.field)
        name = self.text(spans[0]).upper() if start <= 8 else self.text(spans[0])
        if not _NAME.fullmatch(name):
            return Line("", (start, end), ())
        if name in HEADERS and len(spans) > 1:
            spans.insert(1, (spans[0][1], spans[0][1] + 1))
        return Line(name, (start, end), tuple(spans))

    def split(self, span: Span, separator: str) -> list[Span]:
        """The parts of a span between separators; the whole of it where the message has no such separator."""
        start, end = span
        mark = separator.encode("latin-1")
        if not mark or self.masked.find(mark, start, end) < 0:
            return [span]
        parts = []
        for part in self.masked[start:end].split(mark):
            parts.append((start, start + len(part)))
            start += len(part) + 1
        return parts

    def text(self, span: Span) -> str:
        r"""The characters of a span as sent; a byte that is none in this character set stands as `\xE9`."""
        return self.raw[span[0] : span[1]].decode(self.codec, "backslashreplace")

    def value(self, span: Span) -> str:
        """The value of a span, its escape sequences resolved."""
        return unescape(self.text(span), self.separators, self.codec)

    def is_null(self, span: Span) -> bool:
        """Whether two quotation marks stand there."""
        return self.raw[span[0] : span[1]] == _NULL.encode()

    def is_readable(self, span: Span) -> bool:
        """Whether all bytes of a span are characters of the declared set."""
        try:
            self.raw[span[0] : span[1]].decode(self.codec)
        except UnicodeDecodeError:
            return False
        return True


def bare(raw: bytes) -> bytes:
    """The message without its frame: from after VT to before FS."""
    return raw.removeprefix(b"\x0b").partition(b"\x1c")[0]


def _as_far_as_readable(body: bytes) -> Separators:
    """Separators of a header that is not in order: the byte after the name, and the usual ones."""
    begin = re.search(rb"(?i:MSH|FHS|BHS)([!-/:-@\[-`{-~])([!-/:-@\[-`{-~]{0,5})", body[:64])
    usual = Separators()
    if not begin:
        return usual
    field, marks = begin.group(1).decode(), begin.group(2).decode().partition(begin.group(1).decode())[0]
    if 2 <= len(marks) <= 5 and len(set(marks)) == len(marks):
        return Separators(field, marks[0], marks[1], marks[2:3], marks[3:4])
    return replace(
        usual,
        field=field,
        **{name: "" for name in ("component", "repetition", "escape", "subcomponent") if getattr(usual, name) == field},
    )
