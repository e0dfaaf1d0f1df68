"""C-FIND as an SCP answers it, whatever is asked for: a worklist (PS3.4 Annex K) or an archive (Annex C).

It knows associations and DIMSE, not orders and images: `find` gets the query and yields what matches. Rules (PS3.4
sections C.4.1.3 and K.4.1.3): each match is a response with a pending status and an identifier; one final response
without an identifier ends them. A cancel request is looked for before every match. An identifier that cannot be read is
refused, because whatever it asked for, everything that there is, is not the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any, cast

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.reading import read_data_set
from hl7dicom_lab.dicom.sop_classes import UNCOMPRESSED
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.services.acceptor import Service
from hl7dicom_lab.services.request_screen import answered, as_fault, note_fault
from hl7dicom_lab.trace import Conversation

#: Gets the query's identifier and the conversation that it came on, whose `peer` is the calling AE title; yields 0xFF00
#: or 0xFF01 with one match each. May raise DicomFault.
Find = Callable[[Dataset, Conversation], Iterable[tuple[int, Dataset]]]

#: A page of a busy department's day. Whoever gets it learns from the status that there is more.
DEFAULT_LIMIT = 1000
_WAITING_ANSWERS = 64


def find_service(model: UID, find: Find, limit: int | None = DEFAULT_LIMIT) -> Service:
    """The service that answers C-FIND in one information model.

    `limit` is the most matches that one query gets, None for no limit; a query with more gets these and 0xA700.
    """

    def answer(event: Event, conversation: Conversation) -> Iterator[tuple[Any, None]]:
        """Send every match, then yield the final status if it is not success; pynetdicom sends that one."""
        try:
            yield from _send_matches(event, conversation, find, limit)
        except Exception as error:  # a query always gets its final response
            fault = as_fault(error)
            note_fault(conversation, fault)
            yield answered(fault), None

    return Service(C_FIND, evt.EVT_C_FIND, answer, (build_context(model, list(UNCOMPRESSED)),))


def _send_matches(
    event: Event, conversation: Conversation, find: Find, limit: int | None
) -> Iterator[tuple[int, None]]:
    request = cast("C_FIND", event.request)
    syntax = str(event.context.transfer_syntax)
    query = read_data_set(_identifier_of(request), syntax, strict=True)
    for count, (pending, match) in enumerate(find(query, conversation)):
        if event.is_cancelled:
            yield status.CANCEL, None
            return
        if count == limit:
            raise DicomFault(
                f"more than {limit} match; ask with more keys",
                status=status.OUT_OF_RESOURCES,
                next_step="narrow the query: a date, a modality, a patient",
            )
        if not _has_room(event.assoc):
            return  # nobody listens any more
        event.assoc.dimse.send_msg(_response(request, pending, match, syntax), event.context.context_id)


def _has_room(assoc: Association) -> bool:
    """Wait until few answers are waiting to be sent, so that a cancel is heeded soon; False once there is no peer."""
    while assoc.is_established and not assoc.acse.is_aborted():
        if assoc.dul.to_provider_queue.qsize() < _WAITING_ANSWERS:
            return True
        time.sleep(0.001)
    return False


def _identifier_of(request: C_FIND) -> bytes:
    identifier = request.Identifier.getvalue() if request.Identifier else b""
    if not identifier:
        raise DicomFault(
            "the query has no identifier",
            status=status.DOES_NOT_MATCH_SOP_CLASS,
            next_step="send the keys that you ask for, with or without a value",
        )
    return identifier


def _response(request: C_FIND, pending: int, match: Dataset, transfer_syntax_uid: str) -> C_FIND:
    if not status.is_pending(pending):
        raise ValueError(f"a match has status 0xFF00 or 0xFF01, not 0x{pending:04X}")
    response = C_FIND()
    response.MessageIDBeingRespondedTo = request.MessageID
    response.AffectedSOPClassUID = request.AffectedSOPClassUID
    response.Status = pending
    response.Identifier = BytesIO(write_data_set(match, transfer_syntax_uid))
    return response
