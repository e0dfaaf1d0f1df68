"""Who may associate: the judgement of an A-ASSOCIATE-RQ that keeps the rules of its PDU; and when the association ends.

Standard: PS3.8 sections 7.1.1 (A-ASSOCIATE), 7.2 (A-RELEASE), 9.3.3 and 9.3.4 (acceptance, rejection). Rules:

* A called AE title that is not ours is rejected, so that two departments on one machine never meet by accident.
* Every refusal, also that of one presentation context, stands in the trace with the answer: the rule, and what to
  change. Who is turned away for want of room learns who has it.
* Nobody waits for ever: where the negotiation itself fails, the association is aborted.
* A release is granted once every request that came before it has its answer.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import cast

from pynetdicom.acse import ACSE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE, A_RELEASE
from pynetdicom.presentation import PresentationContext

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.counted import counted
from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.dicom.dimse import name_of
from hl7dicom_lab.dicom.pdu_rules import AE_TITLE, Request
from hl7dicom_lab.services.upper_layer import UpperLayer
from hl7dicom_lab.trace import Conversation, Severity

_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # PS3.7 section A.2.1, the only one there is
_TRANSFER_SYNTAXES = 4  # PS3.8 Table 9-18: none of them is supported
_MOST_NAMED = 4


@dataclass(frozen=True)
class Refusal:
    """Why there is no association: result, source and reason of A-ASSOCIATE-RJ (Table 9-21), and what to do."""

    answer: tuple[int, int, int]
    what: str
    repair: str


class Places:
    """The associations that an acceptor has room for, and who has them. Thread-safe."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self._taken: dict[Association, str] = {}
        self._lock = threading.Lock()

    def take(self, assoc: Association, title: str) -> dict[str, int] | None:
        """Take a place for this AE title; where there is none, how many each title has."""
        with self._lock:
            self._taken = {one: whose for one, whose in self._taken.items() if _is_open(one)}
            if len(self._taken) >= self.maximum:
                return dict(Counter(self._taken.values()).most_common())
            self._taken[assoc] = title
            return None


@dataclass(frozen=True)
class Terms:
    """What an acceptor asks of who wants an association. Without `calling_ae_titles` any title may call."""

    ae_title: str
    calling_ae_titles: frozenset[str]
    places: Places = field(compare=False)


class Admission(ACSE):
    """The association control of one association of an acceptor."""

    def __init__(self, assoc: Association, conversation: Conversation, clock: ClassClock, terms: Terms) -> None:
        super().__init__(assoc)
        self._conversation = conversation
        self._clock = clock
        self._terms = terms

    def negotiate_association(self) -> None:
        """Reject the association that is asked for, or accept it on the contexts that are served."""
        self._clock.tick()
        upper_layer = cast(UpperLayer, self.assoc.dul.state_machine)
        request = upper_layer.request
        if request is None or not isinstance(self.requestor.primitive, A_ASSOCIATE):
            self.assoc.kill()  # it was aborted before anybody looked at it
            return
        refusal = self._refusal(request)
        if refusal is not None:
            reason = pdu.REJECT_REASONS[refusal.answer[1:]]
            upper_layer.explain(refusal.what, f"PS3.8 Table 9-21: {reason}", refusal.repair)
            self.send_reject(*refusal.answer)
            self.assoc.kill()
            return
        try:
            super().negotiate_association()
        except Exception as error:  # the requestor must not wait for an answer that never comes
            self._conversation.note(
                f"the association cannot be negotiated ({type(error).__name__}: {error})",
                rule="PS3.8 section 9.3.2: what an A-ASSOCIATE-RQ has",
                repair="compare the request in the trace with section 9.3.2",
            )
            self.assoc.abort(block=False)

    def send_accept(self) -> None:
        """Send A-ASSOCIATE-AC, with a word on the contexts that it does not accept."""
        severity: Severity = "warning" if self.assoc.accepted_contexts else "error"
        for reason, contexts in self._not_accepted().items():
            names = [f"{one.context_id} ({name_of(one.abstract_syntax or '')})" for one in contexts]
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            cast(UpperLayer, self.assoc.dul.state_machine).explain(
                f"not accepted: presentation context {', '.join(names[:_MOST_NAMED])}{more}",
                f"PS3.8 Table 9-18: {pdu.CONTEXT_RESULTS.get(reason, f'result {reason}')}",
                self._repair(reason, contexts),
                severity,
            )
        super().send_accept()

    def is_release_requested(self) -> bool:
        """Whether the peer asks for release, and no request of its own waits for an answer."""
        asks = isinstance(self.dul.peek_next_pdu(), A_RELEASE)  # seen first: what came before it is in the queue then
        return asks and self.assoc.dimse.msg_queue.empty() and super().is_release_requested()

    def _refusal(self, request: Request) -> Refusal | None:
        for refusal in (self._by_names(request), self._by_calling_title(request.calling)):
            if refusal is not None:
                return refusal
        holders = self._terms.places.take(self.assoc, request.calling)
        if holders is None:
            return None
        named = [f"{title} {counted(count, 'association')}" for title, count in list(holders.items())[:_MOST_NAMED]]
        more = f" and {len(holders) - _MOST_NAMED} others" if len(holders) > _MOST_NAMED else ""
        return Refusal(
            (2, 3, 2),
            f"no association is left of {self._terms.places.maximum}: {', '.join(named)}{more}",
            "try again later; release associations that nobody needs",
        )

    def _by_names(self, request: Request) -> Refusal | None:
        if request.application_context != _APPLICATION_CONTEXT:
            return Refusal(
                (1, 1, 2),
                f"the application context is {request.application_context or 'missing'}",
                f"send {_APPLICATION_CONTEXT}, DICOM's only one",
            )
        if request.called != self._terms.ae_title:
            return Refusal(
                (1, 1, 7),
                f"the called AE title is {_shown(request.called)}, and this is {self._terms.ae_title}",
                f"call {self._terms.ae_title}, or another port; capitals count, spaces around a title do not",
            )
        return None

    def _by_calling_title(self, title: str) -> Refusal | None:
        if not AE_TITLE.fullmatch(title):
            return Refusal(
                (1, 1, 3),
                f"the calling AE title is {_shown(title)}, which is none",
                "send 1 to 16 characters of ASCII, no backslash, filled up with spaces (PS3.5 section 6.2)",
            )
        known = self._terms.calling_ae_titles
        if known and title not in known:
            return Refusal(
                (1, 1, 3),
                f"the calling AE title {title} is not one of those that may call here",
                f"let {self._terms.ae_title} know the title, or call as one that it knows",
            )
        return None

    def _not_accepted(self) -> dict[int, list[PresentationContext]]:
        """The contexts that are not accepted, by the result that says why."""
        reasons: dict[int, list[PresentationContext]] = {}
        for one in self.assoc.rejected_contexts:
            reasons.setdefault(one.result or 0, []).append(one)
        return reasons

    def _repair(self, reason: int, contexts: list[PresentationContext]) -> str:
        if reason != _TRANSFER_SYNTAXES:
            return "ask a system that offers this service"
        asked = {one.abstract_syntax for one in contexts}
        served = [one.transfer_syntax for one in self.acceptor.supported_contexts if one.abstract_syntax in asked]
        return f"offer one of these: {', '.join(dict.fromkeys(name_of(syntax) for one in served for syntax in one))}"


def _is_open(assoc: Association) -> bool:
    return assoc.is_alive() and not (assoc.is_released or assoc.is_aborted or assoc.is_rejected)


def _shown(title: str) -> str:
    return title if title.isprintable() and title else repr(title) if title else "empty"


def terms(ae_title: str, calling_ae_titles: Collection[str], maximum: int) -> Terms:
    """The terms of an acceptor. Spaces around an AE title say nothing (PS3.8 section 9.3.2)."""
    return Terms(ae_title.strip(" "), frozenset(one.strip(" ") for one in calling_ae_titles), Places(maximum))
