"""How a request of the EMR reaches the RIS: numbered, written, sent, answered, entered in the outbox.

IHE RAD-1, RAD-2, RAD-12; HL7 v2.5.1 section 2.9. Rules: a request that got no answer may have been carried out, so the
same message is sent again, with the same MSH-10; an interface that is set otherwise orders twice. What was sent, and
what became of it, stays in the outbox.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from hl7dicom_lab.actors.order_interface import written
from hl7dicom_lab.actors.order_requests import OrderRequest, Request
from hl7dicom_lab.actors.outbox import Outbox, SentMessage
from hl7dicom_lab.actors.settings import EmrSettings, checked
from hl7dicom_lab.errors import CannotBuild, DeliveryError, NoAnswer, NotFound, PeerError
from hl7dicom_lab.hl7v2 import acknowledge
from hl7dicom_lab.hl7v2.acknowledge import Acknowledgment
from hl7dicom_lab.hl7v2.build import Envelope
from hl7dicom_lab.model import ImagingOrder, OrderControl
from hl7dicom_lab.services.mllp_sender import MllpSender

_ATTEMPTS = 3  # new orders that an interface makes of one, where no answer comes


class OrderSending:
    """Sends requests to the RIS. `envelope` makes the next header, `order_number` the next ORC-2."""

    def __init__(
        self, to_ris: MllpSender, *, envelope: Callable[[], Envelope], order_number: Callable[[], str]
    ) -> None:
        self._to_ris = to_ris
        self._envelope = envelope
        self._order_number = order_number
        self._settings = EmrSettings()
        self._lock = threading.Lock()
        self._outbox: Outbox[SentMessage] = Outbox()
        self._loses_next_answer = False

    @property
    def settings(self) -> EmrSettings:
        """How the interface is set."""
        return self._settings

    @settings.setter
    def settings(self, settings: EmrSettings) -> None:
        with self._lock:  # the counter of accession numbers may be moving on
            self._settings = checked(EmrSettings, settings)

    @property
    def outbox(self) -> tuple[SentMessage, ...]:
        """What was sent, in the order of sending; the newest thousand."""
        return self._outbox.newest()

    def lose_next_answer(self) -> None:
        """The next message gets its answer too late: the interface hangs up when it comes and does not read it."""
        with self._lock:
            self._loses_next_answer = True

    def send(self, asked: Request) -> tuple[Request, Acknowledgment]:
        """Send a request; what was sent at last, and the answer, which may be a no.

        Raises `DeliveryError` without an answer, `Hl7Fault` where it cannot be read, `CannotEncode` where the
        interface's character set is too small.
        """
        settings = self.settings
        again = settings.without_an_answer == "send the same message again"
        if again or not isinstance(asked, OrderRequest) or asked.control is not OrderControl.NEW:
            return self._attempt(asked, settings, None)
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._attempt(asked, settings, 1)
            except NoAnswer:
                asked = replace(asked, orders=tuple(self._renumbered(one) for one in asked.orders))
        return self._attempt(asked, settings, 1)

    def request_again(self, control_id: str, *, as_change: bool) -> Request:
        """What a message of the outbox asked for, to be sent anew; `as_change` makes an XO of an NW.

        An accession number that the RIS has taken stays; after a refusal the interface gives a new one. Raises
        `NotFound` where the outbox has no such message, `CannotBuild` where it cannot be sent as a change.
        """
        sent = next((one for one in reversed(self.outbox) if one.control_id == control_id), None)
        if sent is None:
            raise NotFound(
                f"the outbox has no message {control_id!r}", where="MSH-10", next_step="look at lab.emr.outbox"
            )
        request = sent.request if as_change or sent.accepted else sent.asked
        if not as_change:
            return request
        if isinstance(request, OrderRequest) and request.control in (OrderControl.NEW, OrderControl.CHANGE):
            return replace(request, control=OrderControl.CHANGE)
        raise CannotBuild(
            f"{sent.kind} {sent.what} places no order, so it is no change of one",
            where="ORC-1",
            next_step="send it again without as_change",
        )

    def orders_numbered(self, placer_order_number: str) -> OrderRequest:
        """The newest request of the outbox about an order, with that order alone. Raises `NotFound`."""
        for sent in reversed(self.outbox):
            found = tuple(one for one in sent.orders if one.placer_order_number == placer_order_number)
            if found and isinstance(sent.request, OrderRequest):
                return replace(sent.request, orders=found)
        raise NotFound(
            f"the outbox has no order {placer_order_number!r}", where="ORC-2", next_step="look at lab.emr.outbox"
        )

    def _attempt(self, asked: Request, settings: EmrSettings, attempts: int | None) -> tuple[Request, Acknowledgment]:
        request = self._with_accession_numbers(asked, settings)
        envelope = self._envelope()
        body = written(request.body(envelope), settings)
        with self._lock:
            lose, self._loses_next_answer = self._loses_next_answer, False
        try:
            answer = acknowledge.read(self._to_ris.send(body, attempts=attempts, lose_answer=lose))
        except (DeliveryError, PeerError) as failure:
            self._outbox.add(SentMessage(envelope.control_id, asked, request, body, "", failure.what))
            raise
        self._outbox.add(SentMessage(envelope.control_id, asked, request, body, answer.code, answer.text))
        return request, answer

    def _renumbered(self, order: ImagingOrder) -> ImagingOrder:
        return replace(order, placer_order_number=self._order_number())

    def _with_accession_numbers(self, asked: Request, settings: EmrSettings) -> Request:
        """New orders with the accession numbers that the interface is set to give them."""
        if not isinstance(asked, OrderRequest) or asked.control is not OrderControl.NEW:
            return asked
        if settings.accession_numbers == "from the RIS":
            return asked
        return replace(
            asked,
            orders=tuple(
                one if one.accession_number else replace(one, accession_number=self._accession_number())
                for one in asked.orders
            ),
        )

    def _accession_number(self) -> str:
        with self._lock:
            given = self._settings.next_accession
            self._settings = replace(self._settings, next_accession_number=self._settings.next_accession_number + 1)
        return given
