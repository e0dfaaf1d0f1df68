"""Stands between the wire and the DIMSE services, and lets through only what they can answer.

Standard: PS3.7 sections 6.3 and 9.1 (parameters of each request), Annex C (statuses). Rule: a request that does not
fit its presentation context, that nobody here serves or that lacks a parameter is answered with a status that says so.
pynetdicom alone would pick a service by the command's SOP class, say nothing to a request that lacks a parameter, and
lose its thread to a command that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydicom.datadict import dictionary_has_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_STORE
from pynetdicom.pdu_primitives import P_DATA

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.dimse import name_of
from hl7dicom_lab.dicom.elements import Encoding, find_elements, tag_text
from hl7dicom_lab.dicom.sop_classes import VERIFICATION
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.trace import Conversation

#: What an acceptor of ours may serve besides C-ECHO.
Request = C_FIND | C_STORE

_COMMAND_ENCODING = Encoding(implicit_vr=True, little_endian=True)
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
        self._command = bytearray()  # the fragments of a command set that have come so far

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take a P-DATA in; what cannot become a DIMSE message aborts the association."""
        try:
            self._check_command(primitive)
            super().receive_primitive(primitive)
        except Exception as error:  # whatever a malformed command set provokes
            self._abort(f"the command set cannot be read ({type(error).__name__}: {error})")

    def get_msg(self, block: bool = False) -> Any:
        """The next request that a service may see, with the id of its context."""
        context_id, message = super().get_msg(block)
        if message is None or context_id is None or getattr(message, "MessageIDBeingRespondedTo", None) is not None:
            return context_id, message  # pynetdicom ignores a response that nobody waits for
        if message.MessageID is None:
            self._abort("the request has no Message ID, so it cannot be answered")
            return None, None
        abstract_syntax = self._abstract_syntax(context_id)
        if not abstract_syntax:  # pynetdicom aborts: the context was not accepted
            return context_id, message
        self._clock.tick()
        fault = self._fault_of(message, context_id, abstract_syntax)
        if fault is None:
            return context_id, message
        note_fault(self._conversation, fault)
        self.send_msg(_refusal_of(message, fault), context_id)
        return None, None

    def _check_command(self, primitive: P_DATA) -> None:
        """Raise where a command set cannot be read; pydicom would warn, on this thread, about what it does not know."""
        for _, value in primitive.presentation_data_value_list:
            if value[0] & 1:
                self._command += value[1:]
            if value[0] & 3 == 3:
                command, self._command = bytes(self._command), bytearray()
                for element in find_elements(command, _COMMAND_ENCODING):
                    if not dictionary_has_tag(element.tag):
                        raise ValueError(f"{tag_text(element.tag)} is no command element")

    def _abort(self, why: str) -> None:
        self._conversation.note(
            why,
            rule="PS3.7 section 6.3: a command set is Implicit VR Little Endian, has a known Command Field and an ID",
            repair="send a C-ECHO, C-FIND or C-STORE request; this association is aborted",
        )
        self.dul.event_queue.put("Evt19")  # PS3.8 section 9.2: an invalid PDU was received

    def _abstract_syntax(self, context_id: int) -> str:
        accepted = {one.context_id: one.abstract_syntax for one in self.assoc.accepted_contexts}
        return accepted.get(context_id) or ""

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
