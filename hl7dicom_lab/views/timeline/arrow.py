"""One arrow of the timeline: who said what to whom, when, and whether something is wrong with it.

Rules: HL7 is a thin line and DICOM a thick one, an answer is dashed, a note stands on a system's own column. A system
has one column whatever protocol it speaks: an AE title of the station table stands for its system. What failed has a
symbol and a word besides its colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hl7dicom_lab import story
from hl7dicom_lab.trace import Conversation, Decoded, Protocol, Remark, Severity, Table
from hl7dicom_lab.visible import visible

Form = Literal["ask", "answer", "note"]

UNKNOWN = "(unknown)"
#: AE titles of the department -> the system that has it.
_SYSTEM_OF = {
    story.RIS_AE_TITLE: story.RIS,
    story.PACS_AE_TITLE: story.PACS,
    **{station.ae_title: station.name for station in story.STATIONS},
}
AE_TITLE_OF = {system: title for title, system in _SYSTEM_OF.items()}
#: The columns from left to right, as an examination passes through the department; everybody else stands after them.
PLACES = (story.EMR, story.RIS, *(station.name for station in story.STATIONS), story.PACS, story.DICTATION)

SYMBOLS: dict[Severity, str] = {"error": "✖", "warning": "▲", "information": "•"}
WORDS: dict[Severity, str] = {"error": "error", "warning": "warning", "information": "note"}
_GRAVITY: tuple[Severity, ...] = ("information", "warning", "error")
#: What an arrow carries at most; the rest is read again when somebody asks.
KEPT_BYTES, KEPT_TEXT = 2048, 6000
_ANSWERS = ("-RSP", "-AC", "-RJ", "-RP")


@dataclass(frozen=True)
class Arrow:
    """A message, or a note of a system. `order` is its place in time; `alike` joins those that may be folded."""

    id: str
    order: float
    connection: int
    time: datetime
    sender: str
    receiver: str
    protocol: Protocol
    form: Form
    kind: str
    label: str
    summary: str
    remarks: tuple[Remark, ...] = ()
    alike: str = ""
    data: str = field(default="", repr=False)
    table: Table | None = field(default=None, repr=False)
    raw: bytes = field(default=b"", repr=False)
    size: int = 0
    is_whole: bool = True  # whether `data` is all that can be decoded

    @property
    def severity(self) -> Severity | None:
        """The gravest of its remarks."""
        return max((one.severity for one in self.remarks), key=_GRAVITY.index, default=None)

    @property
    def is_problem(self) -> bool:
        """Whether something is wrong with it."""
        return self.severity in ("error", "warning")

    @property
    def where(self) -> str:
        """`EMR to RIS`, or `at RIS` for a note."""
        return f"at {self.receiver}" if self.form == "note" else f"{self.sender} to {self.receiver}"

    @property
    def sentence(self) -> str:
        """The whole arrow in words."""
        severity = self.severity
        wrong = f"{WORDS[severity].capitalize()}: " if severity else ""
        said = f"{self.label}. {self.summary}" if self.summary else self.label
        if self.form == "note":
            return f"{wrong}{self.where}: {self.summary or self.kind}"
        return f"{wrong}{self.where}, {self.protocol} {said}"


def made(
    conversation: Conversation,
    connection: int,
    decoded: Decoded,
    *,
    place: tuple[str, float],
    remarks: tuple[Remark, ...],
    alike: str,
    time: datetime | None = None,
) -> Arrow:
    """The arrow of a decoded message. `place` is its id and its order."""
    own, other = column(conversation.system), column(conversation.peer)
    outward = decoded.event.direction == "out"
    status = "" if decoded.status is None else f" 0x{decoded.status:04X}"
    return Arrow(
        id=place[0],
        order=place[1],
        connection=connection,
        time=time or decoded.event.time,
        sender=own if outward else other,
        receiver=other if outward else own,
        protocol=conversation.protocol,
        form=form_of(decoded),
        kind=visible(decoded.kind),
        label=_short(visible(decoded.kind), 40) + status,
        summary=visible(decoded.summary),
        remarks=remarks,
        alike=alike,
        data=decoded.data[:KEPT_TEXT],
        table=decoded.table,
        raw=decoded.raw[:KEPT_BYTES],
        size=max(len(decoded.raw), decoded.event.size),
        is_whole=len(decoded.data) <= KEPT_TEXT and "(not read yet)" not in decoded.data,
    )


def form_of(decoded: Decoded) -> Form:
    """Whether it asks, answers, or is a note."""
    if decoded.event.direction == "note":
        return "note"
    return "answer" if decoded.kind.endswith(_ANSWERS) or is_acknowledgment(decoded) else "ask"


def is_acknowledgment(decoded: Decoded) -> bool:
    """Whether it answers an HL7 message: it says so with an MSA segment."""
    return decoded.raw.lstrip(b"\x0b").startswith(b"MSH") and (b"\rMSA" in decoded.raw or b"\nMSA" in decoded.raw)


def column(name: str) -> str:
    """The column of a name that a protocol gives."""
    name = visible(name).strip()
    return _SYSTEM_OF.get(name, name) or UNKNOWN


def columns(arrows: Iterable[Arrow]) -> tuple[str, ...]:
    """The systems that these arrows need, from left to right."""
    found: dict[str, None] = {}
    for arrow in arrows:
        for name in (arrow.receiver,) if arrow.form == "note" else (arrow.sender, arrow.receiver):
            found[name] = None
    known = [name for name in PLACES if name in found]
    strangers = [name for name in found if name not in PLACES and name != UNKNOWN]
    return (*known, *strangers, *((UNKNOWN,) if UNKNOWN in found else ()))


def state_of(arrow: Arrow) -> dict[str, Any]:
    """What the browser needs to draw it."""
    return {
        "id": arrow.id,
        "order": arrow.order,
        "connection": arrow.connection,
        "time": f"{arrow.time:%H:%M:%S}",
        "sender": arrow.sender,
        "receiver": arrow.receiver,
        "protocol": arrow.protocol,
        "form": arrow.form,
        "label": arrow.label,
        "summary": _short(arrow.summary, 400),
        "severity": arrow.severity or "",
        "remarks": [[one.severity, visible(one.what), visible(one.rule), visible(one.repair)] for one in arrow.remarks],
        "alike": arrow.alike,
    }


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
