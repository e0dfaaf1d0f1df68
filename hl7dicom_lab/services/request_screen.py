"""Stands between the wire and the DIMSE services, and lets through only what they can answer.

Standard: PS3.7 sections 6.3 and 9.1 (parameters of each request), Annex C (statuses). Rule: a request that does not
fit its presentation context, that nobody here serves or that lacks a parameter is answered with a status that says so.
pynetdicom alone would pick a service by the command's SOP class, say nothing to a request that lacks a parameter, lose
its thread to a command that it does not know, and serve some requests besides the queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_STORE
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.command_rules import Command
from hl7dicom_lab.dicom.dimse import name_of
from hl7dicom_lab.dicom.pdu_rules import NOT_SPECIFIED
from hl7dicom_lab.dicom.sop_classes import VERIFICATION
from hl7dicom_lab.errors import AssociationFault, DicomFault
from hl7dicom_lab.services.message_assembly import Assembly, Message
from hl7dicom_lab.services.plain_answer import plain_answer, send_answers
from hl7dicom_lab.services.request_primitive import request_primitive
from hl7dicom_lab.services.upper_layer import UpperLayer
from hl7dicom_lab.trace import Conversation, Remark

#: What an acceptor of ours may serve besides C-ECHO.
Request = C_FIND | C_STORE

_LONGEST_COMMENT = 64  # LO, PS3.5 section 6.2


class RequestScreen(DIMSEServiceProvider):
    """The DIMSE provider of one association of an acceptor that serves C-ECHO, and `served` by abstract syntax."""

    def __init__(
        self, assoc: Association, conversation: Conversation, clock: ClassClock, served: Mapping[str, type[Request]]
    ) -> None:
        super().__init__(assoc)
        self._conversation = conversation
        self._clock = clock
        self._served = served
        self._assembly = Assembly()
        self._asked: set[int | None] = set()  # Message IDs of what has not been answered yet
        self._cancelled: set[int | None] = set()
        self._refused: dict[int | None, DicomFault] = {}  # requests that came with their refusal, by Message ID
        self._served_now: int | None = None
        self._abstract_syntaxes: dict[int | None, str | None] = {}  # of the accepted contexts

    @property
    def maximum_pdu_size(self) -> int:
        """What the peer takes at once; even, because each fragment has to be (PS3.8 section E.1)."""
        return super().maximum_pdu_size // 2 * 2

    def send_msg(self, primitive: Any, context_id: int) -> None:
        """Send a message: an answer that says no more than its status together with what it carries."""
        answer = plain_answer(primitive, context_id)
        if answer is None or not answer.fits(self.maximum_pdu_size):
            super().send_msg(primitive, context_id)
        else:
            send_answers(self.dul, [answer])

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take a P-DATA in; what cannot become a DIMSE message aborts the association."""
        try:
            for context_id, value in primitive.presentation_data_value_list:
                message = self._assembly.take(context_id, value[0], value[1:])
                self._tell(self._assembly.remarks)
                if message is not None and message.command is not None:
                    self._deliver(message, message.command)
        except AssociationFault as fault:
            self._refuse(fault)
        except Exception as error:  # whatever pynetdicom does not like about a message
            self._refuse(
                AssociationFault(
                    f"the message cannot be read ({type(error).__name__}: {error})",
                    rule="PS3.7 section 9.3: which elements the command set of a message has",
                    next_step="compare the command set in the trace with section 9.3",
                    reason=NOT_SPECIFIED,
                )
            )
        self._set_idle_limit()

    def get_msg(self, block: bool = False) -> Any:
        """The next request that a service may see, with the id of its context."""
        self._end(self._served_now)  # nobody asks for the next one before that one is answered
        context_id, message = super().get_msg(block)
        if message is None or context_id is None:
            return context_id, message
        self._served_now = message.MessageID
        self._clock.tick()
        fault = self._refused.pop(message.MessageID, None)
        fault = fault or self._fault_of(message, context_id, self._abstract_syntax(context_id))
        if fault is None:
            return context_id, message
        note_fault(self._conversation, fault)
        self.send_msg(_refusal_of(message, fault), context_id)
        return None, None

    def ended(self, _: Event) -> None:
        """The connection has ended: say what was lost with it."""
        unfinished = self._assembly.unfinished()
        if unfinished:
            lost = Remark(
                f"the association ended amid a {unfinished}: nothing of it was kept",
                "PS3.7 section 9.1: a request counts once it has come whole; an answer says what became of it",
                "send the whole request again on a new association",
            )
            self._tell([lost])

    def is_cancelled(self, message_id: int) -> bool:
        """Whether a C-CANCEL-RQ has come for this request."""
        return message_id in self._cancelled

    def _set_idle_limit(self) -> None:
        """Wait less long for the rest of a message than for the next one."""
        limit, for_the_rest = self.assoc.ae.network_timeout, self.assoc.ae.dimse_timeout
        if self._assembly.is_amid_a_message and limit is not None and for_the_rest is not None:
            limit = min(limit, for_the_rest)
        if limit != self.assoc.network_timeout:
            self.assoc.network_timeout = limit

    def _refuse(self, fault: AssociationFault) -> None:
        cast(UpperLayer, self.dul.state_machine).refuse(fault)

    def _deliver(self, message: Message, command: Command) -> None:
        """Put a request where the services look for it; heed a C-CANCEL-RQ; a response is nobody's."""
        if command.is_cancel or command.is_response:
            if command.message_id in self._asked and command.is_cancel:
                self._cancelled.add(command.message_id)
            else:
                self._tell([_about_nothing(command)])
            return
        request = request_primitive(message, command)
        self._asked.add(command.message_id)
        if command.refusal is not None:
            self._refused[command.message_id] = command.refusal
        self.msg_queue.put((message.context_id, request))

    def _end(self, message_id: int | None) -> None:
        self._asked.discard(message_id)
        self._cancelled.discard(message_id)
        self._served_now = None

    def _tell(self, remarks: list[Remark]) -> None:
        for remark in remarks:
            self._conversation.note(remark.what, rule=remark.rule, repair=remark.repair, severity=remark.severity)
        remarks.clear()

    def _abstract_syntax(self, context_id: int) -> str:
        if context_id not in self._abstract_syntaxes:  # each is settled when the association is
            self._abstract_syntaxes = {one.context_id: one.abstract_syntax for one in self.assoc.accepted_contexts}
        return self._abstract_syntaxes.get(context_id) or ""

    def _fault_of(self, message: Any, context_id: int, abstract_syntax: str) -> DicomFault | None:
        """Why a request is refused before any service sees it; None where it is not."""
        sop_class = getattr(message, "AffectedSOPClassUID", None) or getattr(message, "RequestedSOPClassUID", None)
        if sop_class != abstract_syntax:
            return DicomFault(
                f"the SOP Class is not the one of context {context_id}",
                status=status.SOP_CLASS_NOT_SUPPORTED,
                keyword="AffectedSOPClassUID",
                next_step=f"send {name_of(abstract_syntax)} on this presentation context",
            )
        if not isinstance(message, C_ECHO if abstract_syntax == VERIFICATION else self._served[abstract_syntax]):
            return DicomFault(
                f"{message.msg_type} is not served here",
                status=status.UNRECOGNIZED_OPERATION,
                next_step=f"use the operation that belongs to {name_of(abstract_syntax)}",
            )
        missing = next((keyword for keyword in message.REQUEST_KEYWORDS if getattr(message, keyword) is None), None)
        if missing is not None:
            return DicomFault(
                f"the request has no {missing}",
                status=status.DOES_NOT_MATCH_SOP_CLASS,
                keyword=missing,
                next_step="send every parameter that PS3.7 section 9.1 calls mandatory",
            )
        return None


def _about_nothing(command: Command) -> Remark:
    kind = "operation is under way" if command.is_cancel else "request was sent"
    return Remark(
        f"ignored: {command.name} about message {command.message_id}; no such {kind}",
        "PS3.7 section 9.3: a response, and a C-CANCEL-RQ, are about a request that has not been answered yet",
        "send it while the request is under way, with its Message ID in (0000,0120)",
        "warning",
    )


def as_fault(error: Exception) -> DicomFault:
    """What a service raised, as a refusal. A fault of the lab is a failure status, never success."""
    if isinstance(error, DicomFault):
        return error
    return DicomFault(
        f"the service failed: {type(error).__name__}: {error}",
        status=status.UNABLE_TO_PROCESS,
        next_step="mend the service, then send the request again",
    )


def note_fault(conversation: Conversation, fault: DicomFault) -> None:
    """Say in the trace why the answer that follows is a refusal."""
    where = f"{fault.where}: " if fault.where else ""
    conversation.note(f"{where}{fault.what}", rule=f"answered with status 0x{fault.status:04X}", repair=fault.next_step)


def answered(fault: DicomFault) -> Dataset:
    """A refusal as pynetdicom's handlers return it: Status, Error Comment, Offending Element (PS3.7 Annex C)."""
    answer = Dataset()
    answer.Status = fault.status
    answer.ErrorComment = _error_comment(fault.what)
    tag = tag_for_keyword(fault.keyword) if fault.keyword else None  # pydicom has tags without a keyword
    if tag is not None:
        answer.OffendingElement = [tag]
    return answer


def _error_comment(text: str) -> str:
    """Text as Error Comment (0000,0902) can hold it: ASCII, no backslash, at most 64 characters."""
    shown = text.encode("ascii", "replace").decode("ascii").replace("\\", "/")
    return "".join(one if one.isprintable() else " " for one in shown)[:_LONGEST_COMMENT]


def _refusal_of(message: Any, fault: DicomFault) -> Any:
    """The response to a request that no service sees."""
    response = type(message)()
    response.MessageIDBeingRespondedTo = message.MessageID
    for keyword in ("AffectedSOPClassUID", "AffectedSOPInstanceUID"):
        if hasattr(response, keyword):
            setattr(response, keyword, getattr(message, keyword, None))
    for element in answered(fault):
        if hasattr(response, element.keyword):
            setattr(response, element.keyword, element.value)
    return response
