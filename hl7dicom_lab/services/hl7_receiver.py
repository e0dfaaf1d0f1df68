"""What happens to an HL7 message between its frame and its acknowledgment.

HL7 v2.5.1 section 2.9. Rules: a message takes effect in one transaction together with the memory of it, and the
positive answer leaves only after the commit; a message that was accepted before gets the same answer again; an
acknowledgment is never acknowledged; what was not understood is refused with the field, the rule and the next step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.errors import Hl7Fault, LabError
from hl7dicom_lab.hl7v2 import acknowledge, checks, wire
from hl7dicom_lab.hl7v2.header import control_id_of, header_field
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.trace import Conversation, Remark


@dataclass(frozen=True)
class Effect:
    """What a message did: the text of the positive answer (MSA-3), and what the trace says besides."""

    text: str
    remarks: tuple[Remark, ...] = ()


#: Does what a message asks for and returns the text of the positive answer, or its effect. Raises `Hl7Fault` to refuse.
Handler = Callable[[Message], str | Effect]


class Ledger(Protocol):
    """What the receiver needs of a system's inbox."""

    def transaction(self) -> AbstractContextManager[None]:
        """The transaction in which a message takes effect."""

    def recall(self, sender: str, control_id: str, body: bytes) -> bytes | None:
        """The earlier answer to the same message."""

    def remember(self, sender: str, control_id: str, body: bytes, answer: bytes) -> None:
        """Keep the answer."""


class Hl7Receiver:
    """Answers the messages of one HL7 application. A callable for `MllpListener`.

    `handlers` maps `ORM^O01` and the like to what the system does. `application` and `facility` are its own names:
    what MSH-5 and MSH-6 must say where they say anything, and what stands in MSH-3 and MSH-4 of its answers. `demand`
    is what the system asks of every message besides; it raises `Hl7Fault`.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        ledger: Ledger,
        *,
        application: str,
        facility: str,
        clock: ClassClock,
        mint: Mint,
        demand: Callable[[Message], None] = lambda _: None,
    ) -> None:
        self._demand = demand
        self._handlers = dict(handlers)
        self._accepted = _events_by_type(handlers)
        self._ledger = ledger
        self._answerer = acknowledge.Answerer(application, facility)
        self._clock = clock
        self._mint = mint

    def __call__(self, body: bytes, conversation: Conversation) -> bytes | None:
        """The acknowledgment of a message, or None where none is due."""
        self._clock.tick()
        if header_field(body, 9)[:3] == "ACK" or wire.field(body, b"MSA", 1):
            conversation.note(
                "an acknowledgment arrived where messages are expected; it is not acknowledged",
                rule="an acknowledgment is never acknowledged (HL7 v2.5.1 section 2.9)",
                repair="look which system sends its answers here",
                raw=body,
            )
            return None
        try:
            return self._accept(body, conversation)
        except Hl7Fault as fault:
            return self._refuse(body, fault, conversation)
        except LabError as error:
            return self._refuse(body, _internal(str(error)), conversation)
        except Exception as error:
            return self._refuse(body, _internal(f"{type(error).__name__}: {error}"), conversation)

    def _accept(self, body: bytes, conversation: Conversation) -> bytes | None:
        message = Message.parse(body)
        self._demand(message)
        checks.check_header(
            message, self._accepted, application=self._answerer.application, facility=self._answerer.facility
        )
        _note(message.remarks, conversation)
        sender = f"{message.get('MSH-3')}|{message.get('MSH-4')}"
        with self._ledger.transaction():
            earlier = self._ledger.recall(sender, message.control_id, body)
            if earlier is not None:
                conversation.note(
                    f"message {message.control_id} came again; it gets the answer of the first time, and nothing else",
                    rule="MSH-10 identifies a message (HL7 v2.5.1 section 2.15.9.10); its content is the same too",
                    repair="nothing, where no answer had come; else give each new message an MSH-10 of its own",
                    severity="information",
                )
                return earlier or None
            done = self._handlers[f"{message.type}^{message.event}"](message)
            effect = Effect(done) if isinstance(done, str) else done
            answer = self._answer(body, "AA", effect.text) or b""
            self._ledger.remember(sender, message.control_id, body, answer)
        _note(effect.remarks, conversation)
        return answer or None

    def _refuse(self, body: bytes, fault: Hl7Fault, conversation: Conversation) -> bytes | None:
        where = f"{fault.where}: " if fault.where else ""
        rule = f"table 0357, {fault.code} {acknowledge.ERROR_CONDITIONS[fault.code]}"
        if not control_id_of(body) and fault.where != "MSH-10":
            conversation.note(
                f"{where}{fault.what}; it has no MSH-10 that could be read, so no answer could name it",
                rule=rule,
                repair=fault.next_step,
                raw=body,
            )
            return None
        conversation.note(f"refused: {where}{fault.what}", rule=rule, repair=fault.next_step)
        return self._answer(body, fault.acknowledgment, str(fault), fault)

    def _answer(self, body: bytes, code: str, text: str, fault: Hl7Fault | None = None) -> bytes | None:
        wanted = acknowledge.wanted(body, code)
        if not wanted:
            return None
        return acknowledge.build(
            body,
            wanted,
            text,
            answerer=self._answerer,
            moment=self._clock.now(),
            control_id=self._new_control_id() or control_id_of(body),
            fault=fault,
        )

    def _new_control_id(self) -> str:
        """A control id of our own; "" where none can be kept for ever, because the disk is full."""
        try:
            return f"{self._answerer.application}{self._mint.number(self._answerer.application):06d}"
        except OSError:
            return ""


def _note(remarks: Iterable[Remark], conversation: Conversation) -> None:
    for remark in remarks:
        conversation.note(remark.what, rule=remark.rule, repair=remark.repair, severity=remark.severity)


def _events_by_type(handlers: Mapping[str, Handler]) -> Mapping[str, Collection[str]]:
    accepted: dict[str, set[str]] = {}
    for name in handlers:
        kind, event = name.split("^")
        accepted.setdefault(kind, set()).add(event)
    return accepted


def _internal(what: str) -> Hl7Fault:
    return Hl7Fault(
        f"this system could not process the message ({what})",
        code=207,
        next_step="nothing was kept; send it again later, and tell who runs this system",
    )
