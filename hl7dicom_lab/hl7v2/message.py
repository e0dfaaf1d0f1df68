"""An HL7 v2 message as the lab reads it: strict about its header, lazy about the rest.

HL7 v2.5.1 chapter 2. Rules: a value is addressed by its path (`PID-3.1`), decoded once, and never guessed; a field that
is absent or empty reads as `""`, one that holds `""` (two quotation marks) means "delete" and is told apart by
`is_null`. Python's `hl7` library splits the whole message at once; this splits what is asked for, which is what keeps
the listener fast. `hl7_message()` gives the library's form to whoever wants to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import character_set
from hl7dicom_lab.hl7v2.escapes import Separators, unescape
from hl7dicom_lab.hl7v2.header import LONGEST_FIELD, header_field, read_separators
from hl7dicom_lab.trace import Remark

_NUMBER = r"([1-9][0-9]{0,5})"
_PATH = re.compile(
    rf"([A-Z][A-Z0-9]{{2}})(?:\[{_NUMBER}\])?-{_NUMBER}(?:\[{_NUMBER}\])?(?:\.{_NUMBER})?(?:\.{_NUMBER})?"
)
_NULL = '""'
#: No message of this department needs more; beyond it, whoever waits behind the message would wait for long.
MOST_SEGMENTS = 20_000
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


@dataclass(frozen=True)
class Path:
    """`PID-3.4.1`: segment, field, component, subcomponent; numbers begin at 1, 0 means the whole."""

    segment: str
    field: int
    component: int = 0
    subcomponent: int = 0
    occurrence: int = 1
    repetition: int = 1

    @staticmethod
    def parse(path: str) -> Path:
        """Read `SEG[occurrence]-field[repetition].component.subcomponent`. Raises ValueError for anything else."""
        return _path(path)


@lru_cache(maxsize=4096)  # bounded, because a fault names the place where the sender put it
def _path(path: str) -> Path:
    found = _PATH.fullmatch(path)
    if not found:
        raise ValueError(f"{path!r} is no HL7 path; write for example PID-3.1 or OBX[2]-5")
    segment, occurrence, number, repetition, component, subcomponent = found.groups()
    return Path(
        segment,
        int(number),
        int(component or 0),
        int(subcomponent or 0),
        int(occurrence or 1),
        int(repetition or 1),
    )


@dataclass(frozen=True)
class Segment:
    """One line of a message. Values come out decoded; `raw` is the line as it was sent."""

    raw: str
    separators: Separators
    codec: str

    @property
    def name(self) -> str:
        """The segment's three letters."""
        return self.raw[:3]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields as sent, so that `fields[n]` is field n; of MSH, field 1 is the separator itself."""
        parts = self.raw.split(self.separators.field)
        if parts[0] in ("MSH", "FHS", "BHS"):
            parts.insert(1, self.separators.field)
        return tuple(parts)

    def raw_field(self, number: int) -> str:
        """Field `number` as sent, `""` when absent."""
        return self.fields[number] if number < len(self.fields) else ""

    def repetitions(self, number: int) -> tuple[str, ...]:
        """The repetitions of a field as sent; none when it is empty."""
        raw = self.raw_field(number)
        if self.name in ("MSH", "FHS", "BHS") and number <= 2:
            return (raw,)
        return tuple(raw.split(self.separators.repetition)) if raw else ()

    def value(self, number: int, component: int = 0, subcomponent: int = 0, repetition: int = 1) -> str:
        """A decoded value; `""` for what is absent, empty or null."""
        raw = self.raw_field(number)
        if not raw:
            return ""
        if repetition > 1 or self.separators.repetition in raw:
            repetitions = self.repetitions(number)
            if repetition > len(repetitions):
                return ""
            raw = repetitions[repetition - 1]
        return self.part(raw, component, subcomponent)

    def subcomponents(self, raw: str) -> tuple[str, ...]:
        """The subcomponents of a component as sent; one where the message declares no separator for them."""
        return tuple(raw.split(self.separators.subcomponent)) if self.separators.subcomponent else (raw,)

    def part(self, raw: str, component: int = 0, subcomponent: int = 0) -> str:
        """The decoded component of a repetition as sent; the whole of it for component 0."""
        if not raw:
            return ""
        if component:
            raw = _nth(raw, self.separators.component, component)
        if subcomponent:
            raw = _nth(raw, self.separators.subcomponent, subcomponent)
        return "" if raw == _NULL else unescape(raw, self.separators, self.codec)


def _nth(text: str, separator: str, number: int) -> str:
    parts = text.split(separator) if separator else [text]
    return parts[number - 1] if number <= len(parts) else ""


@dataclass(frozen=True)
class Segments:
    """Some segments of a message in their order: the whole of it, or one order or report with its header."""

    segments: tuple[Segment, ...]

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    @cached_property
    def _by_name(self) -> dict[str, tuple[Segment, ...]]:
        found: dict[str, list[Segment]] = {}
        for segment in self.segments:
            found.setdefault(segment.name, []).append(segment)
        return {name: tuple(all_of_it) for name, all_of_it in found.items()}

    def all(self, name: str) -> tuple[Segment, ...]:
        """Every segment of a name."""
        return self._by_name.get(name, ())

    def first(self, name: str) -> Segment | None:
        """The first segment of a name, or None."""
        found = self.all(name)
        return found[0] if found else None

    def get(self, path: str) -> str:
        """The decoded value at a path such as `PID-3.1`; `""` for what is absent, empty or null."""
        value = self._read.get(path)
        if value is None:
            value = self._read[path] = self._value(_path(path))
        return value

    @cached_property
    def _read(self) -> dict[str, str]:
        """What has been asked for by its path: rules, checks and remarks ask for the same."""
        return {}

    def _value(self, where: Path) -> str:
        found = self._by_name.get(where.segment, ())
        if where.occurrence > len(found):
            return ""
        segment = found[where.occurrence - 1]
        return segment.value(where.field, where.component, where.subcomponent, where.repetition)

    def raw(self, path: str) -> str:
        """The field at a path as it was sent, with all its repetitions and escapes; components are not cut out."""
        where = Path.parse(path)
        found = self.all(where.segment)
        return found[where.occurrence - 1].raw_field(where.field) if where.occurrence <= len(found) else ""

    def is_sent(self, path: str) -> bool:
        """Whether anything stands in the field of a path, in any segment of its name: a value, null, or separators."""
        where = _path(path)
        return any(segment.raw_field(where.field) for segment in self._by_name.get(where.segment, ()))

    def is_null(self, path: str) -> bool:
        """Whether the value at a path is `""` (two quotation marks): the sender wants it deleted."""
        where = Path.parse(path)
        raw = self.raw(path)
        if raw == _NULL:
            return True
        separators = self.segments[0].separators
        part = _nth(raw, separators.repetition, where.repetition)
        for separator, number in (
            (separators.component, where.component),
            (separators.subcomponent, where.subcomponent),
        ):
            if number and part != _NULL:
                part = _nth(part, separator, number)
        return part == _NULL

    def is_present(self, path: str) -> bool:
        """Whether the sender says anything at a path: a value, or null."""
        return self.is_null(path) or bool(self.get(path))


@dataclass(frozen=True)
class Message(Segments):
    """A parsed message. `body` is what stood in the frame, byte for byte."""

    body: bytes = field(default=b"", repr=False)
    remarks: tuple[Remark, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, body: bytes) -> Message:
        """Read a message.

        Raises `Hl7Fault`: AR 100 where there is no usable MSH (the sender is answered only if `control_id_of(body)`
        finds an MSH-10), AE 102 or 103 for the character set, AE 100 for a batch or a line that is no segment,
        AE 104 for a field over `LONGEST_FIELD`, AE 207 for more than `MOST_SEGMENTS`.
        """
        separators = read_separators(body)
        declared = header_field(body, 18).replace(separators.repetition, "~")
        codec = character_set.codec_of(declared)
        text = character_set.decode(body, declared)
        lines, remarks = _lines(text)
        segments = tuple(Segment(line, separators, codec) for line in lines)
        _check_segments(segments)
        return cls(segments, body, remarks)

    @cached_property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.get("MSH-10")

    @property
    def type(self) -> str:
        """MSH-9.1, the message code: ORM, ADT, ORU, ACK."""
        return self.get("MSH-9.1")

    @property
    def event(self) -> str:
        """MSH-9.2, the trigger event: O01, A04, R01."""
        return self.get("MSH-9.2")

    @property
    def version(self) -> str:
        """MSH-12.1."""
        return self.get("MSH-12.1")

    @property
    def text(self) -> str:
        """The message with one segment a line, as people print it."""
        return "\n".join(segment.raw for segment in self.segments)

    def hl7_message(self) -> Any:
        """The message as an `hl7.Message` of Python's hl7 library."""
        import hl7

        return hl7.parse("\r".join(segment.raw for segment in self.segments) + "\r")


def _lines(text: str) -> tuple[list[str], tuple[Remark, ...]]:
    """The segments' lines; other line ends than CR are accepted and remarked (HL7 v2.5.1 section 2.5.4)."""
    remarks: tuple[Remark, ...] = ()
    if "\n" in text:
        remarks = (
            Remark(
                "the segments end with LF or CR LF",
                "a segment ends with CR, 0x0D, and with nothing else (HL7 v2.5.1 section 2.5.4)",
                "send CR between segments",
                "warning",
            ),
        )
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    lines = [line for line in text.split("\r") if line.strip()]
    if len(lines) > MOST_SEGMENTS:
        raise Hl7Fault(
            f"the message has {len(lines)} segments; at most {MOST_SEGMENTS} are read",
            code=207,
            next_step="send it in several messages",
        )
    return lines, remarks


def _check_segments(segments: Iterable[Segment]) -> None:
    for number, segment in enumerate(segments, 1):
        if number > 1 and segment.name in ("MSH", "BHS", "FHS", "BTS", "FTS"):
            raise Hl7Fault(
                "a second message begins in the same frame; one answer cannot stand for both",
                code=100,
                where=segment.name,
                next_step="send each message in a frame of its own",
            )
        if not _SEGMENT_NAME.fullmatch(segment.fields[0]):
            raise Hl7Fault(
                f"line {number} begins with {segment.raw[:12]!r}, which is no segment name",
                code=100,
                where=f"line {number}",
                next_step="check for a line break inside a field; write it as \\.br\\ there",
            )
        if len(segment.raw) > LONGEST_FIELD:
            _check_lengths(segment)


def _check_lengths(segment: Segment) -> None:
    for number, raw in enumerate(segment.fields):
        if len(raw) > LONGEST_FIELD and (segment.name, number, segment.raw_field(2)) != ("OBX", 5, "ED"):
            raise Hl7Fault(
                f"the field has {len(raw)} characters; only a document (ED) may have over {LONGEST_FIELD}",
                code=104,
                where=f"{segment.name}-{number}",
                next_step="send a shorter text, or a document as ED in OBX-5",
            )
