"""C-FIND as an SCP answers it, whatever is asked for: a worklist (PS3.4 Annex K) or an archive (Annex C).

It knows associations and DIMSE, not orders and images: `find` gets the query and yields what matches. Rules (PS3.4
sections C.4.1.3 and K.4.1.3): each match is a response with a pending status and an identifier; one final response
without an identifier ends them. A cancel request is looked for before every match. An identifier that cannot be read is
refused, because whatever it asked for, everything that there is, is not the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Protocol, cast

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from hl7dicom_lab.dicom import status
from hl7dicom_lab.dicom.elements import Element, Encoding, find_elements, tag_text
from hl7dicom_lab.dicom.reading import read_elements
from hl7dicom_lab.dicom.sop_classes import UNCOMPRESSED
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.services.acceptor import Service
from hl7dicom_lab.services.match_sending import MatchSending
from hl7dicom_lab.services.request_screen import RequestScreen, answered, as_fault, note_fault
from hl7dicom_lab.trace import Conversation, Remark

#: The identifier of a match, or what gives its bytes in a transfer syntax.
Match = Dataset | Callable[[str], bytes]


class Understood(Protocol):
    """What is searched with: made of a query's identifier, the same for the same query, and never changed."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is noteworthy about a query that is answered all the same."""


#: Makes it of the identifier. May raise DicomFault.
Understand = Callable[[Dataset], Understood]
#: Gets what `Understand` made, else the identifier, and the conversation that it came on, whose `peer`
#: is the calling AE title; yields 0xFF00 or 0xFF01 with one match each. May raise DicomFault.
Find = Callable[[Any, Conversation], Iterable[tuple[int, Match]]]

#: A page of a busy department's day. Whoever gets it learns from the status that there is more.
DEFAULT_LIMIT = 1000
_WAITING_ANSWERS = 64
#: Queries that are kept as they were understood, and the longest of them, in bytes: scanners ask the same all day.
_KEPT_QUERIES = 128
_LONGEST_KEPT = 16 * 1024


def find_service(
    model: UID, find: Find, limit: int | None = DEFAULT_LIMIT, understand: Understand | None = None
) -> Service:
    """The service that answers C-FIND in one information model.

    Where `understand` says what is made of a query, one that came before is not read again, and what is noteworthy
    about it is told.

    `limit` is the most matches that one query gets, None for no limit; a query with more gets these and 0xA700.
    """
    understood = _understanding(understand) if understand is not None else None

    def found(event: Event, conversation: Conversation) -> Iterable[tuple[int, Match]]:
        identifier, syntax = _identifier_of(cast("C_FIND", event.request)), str(event.context.transfer_syntax)
        if understood is None:
            return find(_read(identifier, syntax), conversation)
        query = understood(identifier, syntax)
        for remark in query.remarks:
            conversation.note(remark.what, rule=remark.rule, repair=remark.repair, severity=remark.severity)
        return find(query, conversation)

    def answer(event: Event, conversation: Conversation) -> Iterator[tuple[Any, None]]:
        """Send every match, then yield the final status if it is not success; pynetdicom sends that one."""
        try:
            yield from _send_matches(event, found(event, conversation), limit)
        except Exception as error:  # a query always gets its final response
            fault = as_fault(error)
            note_fault(conversation, fault)
            yield answered(fault), None

    return Service(C_FIND, evt.EVT_C_FIND, answer, (build_context(model, list(UNCOMPRESSED)),))


def _understanding(understand: Understand) -> Callable[[bytes, str], Understood]:
    """Reads a query and understands it, unless it came before."""

    def anew(identifier: bytes, transfer_syntax_uid: str) -> Understood:
        return understand(_read(identifier, transfer_syntax_uid))

    known = lru_cache(_KEPT_QUERIES)(anew)
    return lambda identifier, syntax: (known if len(identifier) <= _LONGEST_KEPT else anew)(identifier, syntax)


def _read(identifier: bytes, transfer_syntax_uid: str) -> Dataset:
    encoding = Encoding.of(transfer_syntax_uid)
    elements = find_elements(identifier, encoding)
    query = read_elements(identifier, elements, encoding, strict=True)
    _check_each_once(elements)
    return query


def _send_matches(event: Event, matches: Iterable[tuple[int, Match]], limit: int | None) -> Iterator[tuple[int, None]]:
    request = cast("C_FIND", event.request)
    syntax, context_id = str(event.context.transfer_syntax), event.context.context_id
    screen = cast(RequestScreen, event.assoc.dimse)
    sending = MatchSending(screen, request, context_id)
    try:
        for count, (pending, match) in enumerate(matches):
            if screen.is_cancelled(request.MessageID or 0):
                sending.flush()
                yield status.CANCEL, None
                return
            if count == limit:
                raise DicomFault(
                    f"more than {limit} match; ask with more keys",
                    status=status.OUT_OF_RESOURCES,
                    next_step="narrow the query: a date, a modality, a patient",
                )
            if not sending.holds_some and not _has_room(event.assoc):
                return  # nobody listens any more
            sending.send(pending, _identifier_in(syntax, pending, match), lay_ready=callable(match))
    finally:
        sending.flush()  # what was found before the search failed was found


def _has_room(assoc: Association) -> bool:
    """Wait until few answers are waiting to be sent, so that a cancel is heeded soon; False once there is no peer.

    An abort is only seen where nothing came before it that has not been looked at, such as a wish to release. So the
    wire's own thread is asked as well: it ends with the connection.
    """
    while assoc.is_established and assoc.dul.is_alive() and not assoc.acse.is_aborted():
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


def _check_each_once(elements: Iterable[Element]) -> None:
    """Raise `DicomFault` for a key that stands there twice: nobody knows which one is meant (PS3.5 section 7.1)."""
    seen: set[int] = set()
    for element in elements:
        if element.tag in seen:
            raise DicomFault(
                f"{tag_text(element.tag)} stands twice in one data set",
                status=status.DOES_NOT_MATCH_SOP_CLASS,
                keyword=keyword_for_tag(element.tag),
                next_step="send each key once",
            )
        seen.add(element.tag)
        for item in element.items:
            _check_each_once(item)


def _identifier_in(transfer_syntax_uid: str, pending: int, match: Match) -> bytes:
    if not status.is_pending(pending):
        raise ValueError(f"a match has status 0xFF00 or 0xFF01, not 0x{pending:04X}")
    return match(transfer_syntax_uid) if callable(match) else write_data_set(match, transfer_syntax_uid)
