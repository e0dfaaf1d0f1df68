"""The upper layer of one association: which PDU may come in which state, and what answers the others.

Standard: PS3.8 section 9.2 (state machine, Tables 9-6 to 9-10) and 9.3.8 (A-ABORT). Rules:

* Every PDU is judged by its bytes first (`dicom/pdu_rules.py`); pynetdicom acts on those that keep the rules, but for
  P-DATA-TFs on an open association, whose fragments go to the association as they lie in the PDU.
* What breaks them is answered as Table 9-10 says: before an association was asked for with A-ABORT from the
  service-user (action AA-1), after that from the service-provider with the reason (AA-8). The trace has the rule.
* After the last PDU the other side has the ARTIM time to read it and to hang up; then we do.
* No event, whatever it is, ends the thread before the connection is closed and the association knows.

Besides the state machine itself, pynetdicom's queue of received PDUs is used, which has no public name.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from pynetdicom import evt
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import TRANSITION_TABLE, StateMachine
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_P_ABORT, P_DATA

from hl7dicom_lab.dicom import pdu
from hl7dicom_lab.dicom.pdu_rules import (
    NOT_SPECIFIED,
    UNEXPECTED_PDU,
    Request,
    check_data_transfer,
    read_request,
)
from hl7dicom_lab.errors import AssociationFault
from hl7dicom_lab.trace import Remark, Severity

if TYPE_CHECKING:
    from hl7dicom_lab.services.association import TracedSocket

#: Table 9-10: the events that a PDU makes, with its type; and others.
_PDUS = {"Evt3": 2, "Evt4": 3, "Evt6": 1, "Evt10": 4, "Evt12": 5, "Evt13": 6, "Evt16": 7}
_REQUEST_CAME, _LOCAL_ABORT, _CLOSED, _ARTIM_EXPIRED, _INVALID_PDU = "Evt6", "Evt15", "Evt17", "Evt18", "Evt19"
#: Tables 9-1 to 9-5: states that are treated in a way of their own, and where a PDU came that has no place there.
_IDLE, _AWAITS_REQUEST, _AWAITS_CLOSE = "Sta1", "Sta2", "Sta13"
_OPEN = "Sta6"
_DATA_MAY_COME = (_OPEN, "Sta7")
_WHERE = {
    "Sta2": "before an association was asked for",
    "Sta3": "before the association was granted",
    "Sta5": "in answer to A-ASSOCIATE-RQ",
    "Sta6": "on an open association",
}
_NEVER_BEGAN = (_CLOSED, _AWAITS_REQUEST, NOT_SPECIFIED)  # half an A-ASSOCIATE-RQ and silence: as ARTIM expired
_OUT_OF_PLACE = ("AA-1", "AA-7", "AA-8")  # Table 9-9: the actions on what has no place in a state


class UpperLayer(StateMachine):
    """The state machine of one association; `wire` is its connection."""

    def __init__(self, dul: DULServiceProvider, wire: TracedSocket) -> None:
        super().__init__(dul)
        #: The A-ASSOCIATE-RQ, once one has come that keeps the rules.
        self.request: Request | None = None
        self._wire = wire
        self._fault: AssociationFault | None = None
        self._accepted: set[int] = set()  # presentation contexts
        self._is_asked = False  # whether the association's own thread has got the request

    def begin(self) -> None:
        """A peer has connected: wait for its request, ARTIM running. pynetdicom would read from it before that."""
        self.do_action(self.dul.event_queue.get_nowait())

    def received(self, raw: bytes) -> None:
        """Judge a whole PDU, before the event that it makes is acted on."""
        self._wire.record(raw)
        name = pdu.name_of(raw)
        try:
            if name == "P-DATA-TF" and self.current_state in _DATA_MAY_COME:
                self._accepted = self._accepted or {one.context_id or 0 for one in self.dul.assoc.accepted_contexts}
                check_data_transfer(raw, self._accepted)
            elif name == "A-ASSOCIATE-RQ" and self.current_state == _AWAITS_REQUEST:
                self.request = read_request(raw)
        except AssociationFault as fault:
            self._fault = fault

    def took(self, raw: bytes) -> bool:
        """Take in a PDU that pynetdicom need not read; whether it is one.

        An A-ASSOCIATE-RQ is read once it is clean. An image comes in many P-DATA-TFs: on an open association they are
        judged and acted on at once (action DT-2), and their fragments are not copied.
        """
        name = pdu.name_of(raw)
        if name == "A-ASSOCIATE-RQ" and self.current_state == _AWAITS_REQUEST:
            self.received(raw)
            self.dul.event_queue.put(_REQUEST_CAME)
        elif name == "P-DATA-TF" and self.current_state == _OPEN:
            self.received(raw)
            self._indicate(raw)
        else:
            return False
        return True

    def _indicate(self, raw: bytes) -> None:
        """Give the association the fragments of a P-DATA-TF that has been judged (action DT-2)."""
        if self._fault is not None:
            self.dul.event_queue.put(_INVALID_PDU)
            return
        indication = P_DATA()
        indication.presentation_data_value_list.extend(cast("Iterator[tuple[int, bytes]]", pdu.values_of(raw)))
        try:
            self.dul.assoc.dimse.receive_primitive(indication)
        except Exception as error:
            self._fail(error)

    def refuse(self, fault: AssociationFault) -> None:
        """Abort the association because of a message whose PDUs were right. From any thread."""
        self._fault = fault
        self.dul.event_queue.put(_INVALID_PDU)

    def explain(self, what: str, rule: str, repair: str, severity: Severity = "error") -> None:
        """Say in the trace why the PDU that is sent next is an answer with a no in it."""
        self._wire.explain(Remark(what, rule, repair, severity))

    def do_action(self, event: str) -> None:
        """Act on an event as the state demands."""
        try:
            event = self._made_readable(event)
            fault = self._fault_in(event)
            if fault is None:
                super().do_action(event)
            else:
                self._answer(fault)
        except Exception as error:
            self._fail(error)
        self._is_asked |= self.current_state not in (_IDLE, _AWAITS_REQUEST, _AWAITS_CLOSE)
        if self.current_state == _AWAITS_CLOSE:
            self._let_the_other_side_hang_up()
        elif self.current_state == _IDLE and self.dul.assoc.is_acceptor and not self._is_asked:
            cast("queue.SimpleQueue[None]", self.dul.to_user_queue).put(None)  # ends the wait, as its time-out does

    def _made_readable(self, event: str) -> str:
        """Give pynetdicom an A-ASSOCIATE-RQ without what the standard says to ignore, which it would not."""
        if self.request is None or self.current_state != _AWAITS_REQUEST or event not in (_REQUEST_CAME, _INVALID_PDU):
            return event
        self._forget_pdus()
        clean = A_ASSOCIATE_RQ()
        clean.decode(self.request.clean)
        self.dul._recv_pdu.put(clean)
        for remark in self.request.remarks:
            self._wire.conversation.note(remark.what, rule=remark.rule, repair=remark.repair, severity=remark.severity)
        return _REQUEST_CAME

    def _fault_in(self, event: str) -> AssociationFault | None:
        """What is wrong about this event in this state; None where the state machine is to act on it."""
        if event in _PDUS or event in (_CLOSED, _INVALID_PDU):
            fault, self._fault = self._fault or self._wire.take_fault(), None
            if fault is not None and (event, self.current_state, fault.reason) != _NEVER_BEGAN:
                return fault
        if event == _INVALID_PDU:
            return _unreadable()
        if event in _PDUS and TRANSITION_TABLE.get((event, self.current_state)) in _OUT_OF_PLACE:
            return _out_of_place(pdu.NAMES[_PDUS[event]], self.current_state)
        if event == _ARTIM_EXPIRED and self.current_state == _AWAITS_REQUEST:
            self._note_silence("no A-ASSOCIATE-RQ came", self.dul.artim_timer.timeout, "PS3.8 section 9.1.5: ARTIM")
        elif event == _LOCAL_ABORT and self.dul.idle_timer_expired():
            self._note_silence("nothing came", self.dul.network_timeout, "the idle limit of this system")
        return None

    def _answer(self, fault: AssociationFault) -> None:
        """A-ABORT, or A-ASSOCIATE-RJ where the fault says so, to what is wrong."""
        self._forget_pdus()
        early = self.current_state == _AWAITS_REQUEST
        if self.current_state in (_IDLE, _AWAITS_CLOSE):
            return
        answer: A_ASSOCIATE_RJ | A_ABORT_RQ
        if fault.rejection is not None:
            self.explain(fault.what, fault.rule, fault.next_step)
            answer = A_ASSOCIATE_RJ()
            answer.result, answer.source, answer.reason_diagnostic = fault.rejection
        else:
            self._wire.conversation.note(fault.what, rule=fault.rule, repair=fault.next_step, raw=fault.raw)
            answer = A_ABORT_RQ()
            answer.source, answer.reason_diagnostic = (0, NOT_SPECIFIED) if early else (2, fault.reason)
        if self.dul.socket is not None:
            self.dul.socket.send(answer.encode())
        self.dul.artim_timer.restart()
        self.transition(_AWAITS_CLOSE)
        if not early:
            self._tell_the_association(fault.reason)

    def _tell_the_association(self, reason: int) -> None:
        """End what the association's own threads wait for."""
        indication = A_P_ABORT()
        indication.provider_reason = reason
        self.dul.to_user_queue.put(indication)
        self.dul.assoc.dimse.msg_queue.put((None, None))

    def _let_the_other_side_hang_up(self) -> None:
        """Wait until the last PDU is read, as pynetdicom does not: whoever goes on finds it in both sides' traces."""
        connection = self.dul.socket
        if connection is not None and connection.socket is not None:
            self._wire.drain(self.dul.artim_timer.timeout or 0)
            connection.close()

    def _fail(self, error: Exception) -> None:
        """Whatever it was, nobody can go on from here."""
        self._wire.conversation.note(
            f"the association failed: {type(error).__name__}: {error}",
            rule="PS3.8 section 9.2: each event has its action; this one could not be carried out",
            repair="compare the last PDU in the trace with section 9.3, then associate again",
        )
        self._hang_up()

    def _hang_up(self) -> None:
        if self.dul.socket is not None:
            self.dul.socket.close()
        self.current_state = _IDLE
        evt.trigger(self.dul.assoc, evt.EVT_CONN_CLOSE, {"address": None})
        if self._is_asked or self.dul.assoc.is_requestor:
            self._tell_the_association(NOT_SPECIFIED)
        self.dul.kill_dul()

    def _forget_pdus(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self.dul._recv_pdu.get_nowait()

    def _note_silence(self, what: str, seconds: float | None, rule: str) -> None:
        self._wire.conversation.note(
            f"{what} for {seconds or 0:g} s, so the connection is closed",
            rule=rule,
            repair="send what you connected for; release an association that is no longer needed",
        )


def _unreadable() -> AssociationFault:
    return AssociationFault(
        "the PDU cannot be read",
        rule="PS3.8 section 9.3: a PDU has the fields that the standard gives it",
        next_step="compare the PDU in the trace with section 9.3",
        reason=NOT_SPECIFIED,
    )


def _out_of_place(name: str, state: str) -> AssociationFault:
    return AssociationFault(
        f"{name} came {_WHERE.get(state, 'while the association was being released')}",
        rule="PS3.8 Table 9-10: which PDU may come in which state of an association",
        next_step="ask with A-ASSOCIATE-RQ once, wait for A-ASSOCIATE-AC, send messages, then A-RELEASE-RQ",
        reason=UNEXPECTED_PDU,
    )
