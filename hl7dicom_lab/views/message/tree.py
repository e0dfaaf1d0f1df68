"""A message taken apart: segments, fields, repetitions, components, subcomponents, each with its name and its bytes.

HL7 v2.3.1 and v2.5.1 chapter 2. Rules: paths are those of `hl7v2.message` (`PID-3[2].4.1`); names are those of the
message's own version; a message that is broken is shown as far as it can be read, and nothing here raises.
"""

from __future__ import annotations

from hl7dicom_lab.counted import counted
from hl7dicom_lab.hl7v2.dictionary import Dictionary, Entry, dictionary
from hl7dicom_lab.views.explorer.tree import Line, Tree
from hl7dicom_lab.views.message.notes import destination, remarks
from hl7dicom_lab.views.message.places import HEADERS, MessageBytes, Span
from hl7dicom_lab.views.message.places import Line as SegmentLine
from hl7dicom_lab.views.message.ruler import ruled

#: Lines after which segments are named but no more taken apart, and after which no more are named.
_MOST_LINES = 30_000
_MOST_SEGMENTS = 35_000
#: Segments up to which empty fields are listed.
_EMPTY_UP_TO = 150
_OTHER_VERSION = {"2.3.1": "2.5.1", "2.5.1": "2.3.1"}
_NULL_NOTE = "null: the sender says that this value is to be deleted"


def tree_of(raw: bytes) -> Tree:
    """Take a message apart. Never raises."""
    return _Reader(MessageBytes.of(raw)).tree()


class _Reader:
    """Reads one message once."""

    def __init__(self, message: MessageBytes) -> None:
        self._message = message
        self._segments = tuple(message.lines())
        header = next((one for one in self._segments if one.name in HEADERS), None)
        self._header = header.fields if header else ()
        self._version = self._head(12, 1)
        self._kind = self._head(9, 1)
        self._names = dictionary(self._version)
        self._lines: list[Line] = []
        self._left_out = ""

    def tree(self) -> Tree:
        """The message as a tree."""
        seen: dict[str, int] = {}
        for number, segment in enumerate(self._segments, 1):
            if len(self._lines) >= _MOST_SEGMENTS:
                self._left_out = (
                    f"The message is large: of its {len(self._segments):,} segments {number - 1:,} are shown."
                )
                break
            if len(self._lines) >= _MOST_LINES and not self._left_out:
                self._left_out = (
                    f"The message is large: the fields of segment {number:,} and of those after it are left out."
                )
            seen[segment.name] = seen.get(segment.name, 0) + 1
            self._add_segment(segment, number, seen[segment.name])
        event = "^".join(filter(None, (self._kind, self._head(9, 2)))) or "(no message type)"
        count = counted(len(self._segments), "segment", ",")
        return Tree(
            noun="message",
            short=f"Message {event[:40]}, {count}",
            title=f"HL7 message {event}",
            label_heading="Path",
            fact_headings=("Type",),
            lines=tuple(self._lines),
            raw=self._message.raw,
            bytes_as="text",
            codec=self._message.codec,
            summary=self._summary(count),
            remarks=(*remarks(self._message.raw, self._version), *filter(None, [self._left_out])),
            as_sent=ruled(self._message, self._segments),
        )

    def _summary(self, count: str) -> tuple[tuple[str, str], ...]:
        def parties(application: int, facility: int) -> str:
            return ", ".join(filter(None, (self._head(application, 1), self._head(facility, 1))))

        facts = (
            ("Version (MSH-12)", self._version),
            ("From (MSH-3, MSH-4)", parties(3, 4)),
            ("To (MSH-5, MSH-6)", parties(5, 6)),
            ("Control ID (MSH-10)", self._head(10)),
            ("Character set (MSH-18)", self._head(18) or "none declared: ASCII"),
        )
        raw = self._message.raw
        framed = ", in an MLLP frame" if raw[:1] == b"\x0b" else ", without an MLLP frame"
        size = ("Size", f"{len(raw):,} bytes, {count}{framed}")
        return (*((name, value) for name, value in facts if value), size)

    def _head(self, number: int, component: int = 0) -> str:
        """A value of the header, read over what is broken."""
        if number >= len(self._header):
            return ""
        span = self._message.split(self._header[number], self._message.separators.repetition)[0]
        if component:
            parts = self._message.split(span, self._message.separators.component)
            span = parts[component - 1] if component <= len(parts) else (0, 0)
        return self._message.value(span)

    def _add_segment(self, segment: SegmentLine, number: int, occurrence: int) -> None:
        if not segment.name:
            note = "a segment begins with three capitals or digits and a field separator"
            text = self._message.text(segment.span)
            self._lines.append(Line(0, f"line {number}", "no segment", text, ("",), segment.span, note))
            return
        label = segment.name if occurrence == 1 else f"{segment.name}[{occurrence}]"
        names = self._names if self._names.knows(segment.name) else dictionary(_OTHER_VERSION[self._names.version])
        name, note = self._named(segment.name, names)
        key = f"{segment.name}#{occurrence}"
        self._lines.append(Line(0, label, name, "", ("",), segment.span, note, key=key))
        if len(self._lines) < _MOST_LINES:
            self._add_fields(segment, label, names)

    def _named(self, segment: str, names: Dictionary) -> tuple[str, str]:
        name = names.segment(segment)
        if segment == "ZDS":
            return name, "a Z segment is no part of HL7; this one is defined by IHE Radiology (RAD-4)"
        if segment.startswith("Z"):
            return "Z segment", "no part of HL7: sender and receiver have agreed on it, no table names its fields"
        if not names.knows(segment):
            return name or "unknown segment", f"no segment of HL7 version {' or '.join(_OTHER_VERSION)}"
        if names.version != self._names.version:
            return name, f"no segment of version {self._names.version}; named as in version {names.version}"
        return name, ""

    def _add_fields(self, segment: SegmentLine, label: str, names: Dictionary) -> None:
        known = names.last_field(segment.name)
        with_empty = len(self._segments) <= _EMPTY_UP_TO
        for number in range(1, max(len(segment.fields), known + 1 if with_empty else 0)):
            if len(self._lines) >= _MOST_LINES:
                return
            span = segment.fields[number] if number < len(segment.fields) else (0, 0)
            entry = names.field(segment.name, number)
            if span[0] < span[1]:
                self._add_field(segment, number, f"{label}-{number}", self._in_table(segment, entry, known))
            elif with_empty and entry.name:
                path = f"{label}-{number}"
                self._lines.append(
                    Line(1, path, entry.name, "", (entry.type_name,), empty=True, key=f"-{number}", note="empty")
                )

    def _in_table(self, segment: SegmentLine, entry: Entry, known: int) -> Entry:
        """An entry with the type that OBX-2 gives, and words where the table has no name."""
        if not entry.name:
            return Entry(f"beyond the table, which ends at {segment.name}-{known}" if known else "not in any table")
        if entry.data_type == "varies":
            said = self._message.text(segment.fields[2])[:3] if len(segment.fields) > 2 else ""
            return Entry(entry.name, said or entry.data_type)
        return entry

    def _add_field(self, segment: SegmentLine, number: int, path: str, entry: Entry) -> None:
        span, key = segment.fields[number], f"-{number}"
        if segment.name in HEADERS and number <= 2:
            self._lines.append(self._of_separators(path, entry, span, number, key))
            return
        note = self._destination(f"{segment.name}-{number}", entry)
        repetitions = self._message.split(span, self._message.separators.repetition)
        if len(repetitions) == 1:
            self._add_repetition(1, path, entry, span, note, key)
            return
        said = f"{len(repetitions):,} repetitions"
        facts = (entry.type_name,)
        exact = self._message.value(span)
        self._lines.append(Line(1, path, entry.name, said, facts, span, note, shut=True, key=key, exact=exact))
        for place, one in enumerate(repetitions, 1):
            if one[0] < one[1] and len(self._lines) < _MOST_LINES:
                self._add_repetition(2, f"{path}[{place}]", entry, one, "", f"[{place}]")

    def _of_separators(self, path: str, entry: Entry, span: Span, number: int, key: str) -> Line:
        marks = self._message.separators
        note = "separates fields"
        if number == 2:
            named = (
                (marks.component, "components"),
                (marks.repetition, "repetitions"),
                (marks.escape, "escape sequences"),
                (marks.subcomponent, "subcomponents"),
            )
            note = ", ".join(f"{mark} {words}" for mark, words in named if mark)
        return Line(1, path, entry.name, self._message.text(span), (entry.type_name,), span, note, key=key)

    def _add_repetition(self, depth: int, path: str, entry: Entry, span: Span, note: str, key: str) -> None:
        components = self._message.split(span, self._message.separators.component)
        parts = components if len(components) > 1 else self._message.split(span, self._message.separators.subcomponent)
        if len(parts) == 1:
            self._lines.append(self._leaf(depth, path, entry, span, note, key))
            return
        self._lines.append(self._whole(depth, path, entry, span, note, key))
        if len(components) == 1:  # subcomponents of the first component
            first = self._component(entry, 1)
            self._add_parts(depth + 1, f"{path}.1", first, span, ".1")
            return
        for number, part in enumerate(components, 1):
            if part[0] < part[1] and len(self._lines) < _MOST_LINES:
                self._add_parts(depth + 1, f"{path}.{number}", self._component(entry, number), part, f".{number}")

    def _add_parts(self, depth: int, path: str, entry: Entry, span: Span, key: str) -> None:
        """A component with its subcomponents."""
        note = self._destination(path, entry)
        parts = self._message.split(span, self._message.separators.subcomponent)
        if len(parts) == 1:
            self._lines.append(self._leaf(depth, path, entry, span, note, key))
            return
        self._lines.append(self._whole(depth, path, entry, span, note, key))
        for number, part in enumerate(parts, 1):
            if part[0] < part[1] and len(self._lines) < _MOST_LINES:
                inner = self._component(entry, number)
                self._lines.append(self._leaf(depth + 1, f"{path}.{number}", inner, part, "", f".{number}"))

    def _component(self, entry: Entry, number: int) -> Entry:
        found = self._names.component(entry.data_type, number)
        if found.name:
            return found
        return Entry("beyond the table" if entry.data_type else "not in any table")

    def _destination(self, path: str, entry: Entry) -> str:
        return destination(self._kind, path, entry.name)

    def _whole(self, depth: int, path: str, entry: Entry, span: Span, note: str, key: str) -> Line:
        value = self._message.value(span)
        return Line(depth, path, entry.name, value, (entry.type_name,), span, note, shut=True, key=key)

    def _leaf(self, depth: int, path: str, entry: Entry, span: Span, note: str, key: str) -> Line:
        notes = [note or self._destination(f"{path}.1", entry)]  # PID-8 without components is PID-8.1
        value = self._message.value(span)
        if self._message.is_null(span):
            notes.append(_NULL_NOTE)
        elif not self._message.is_readable(span):
            notes.append("holds a byte that is no character of the declared set; it stands as \\x and its number")
        elif value != self._message.text(span):
            notes.append("sent with escape sequences, which are resolved here")
        said = ". ".join(filter(None, notes))
        return Line(depth, path, entry.name, value, (entry.type_name,), span, said, key=key)
