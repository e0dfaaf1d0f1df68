"""The side of a DICOM association that listens: what the worklist SCP and the archive have in common.

Standard: PS3.8 section 7 (association services), PS3.7 section 9.1.5 and Annex C, PS3.4 Annex A (Verification). Rules:

* Who may associate is judged in `admission.py`, what the PDUs are worth in `upper_layer.py`.
* Every request gets an answer or an A-ABORT. A command that does not fit its presentation context, that nobody here
  serves or that lacks a parameter is answered before any service sees it.
* A service that fails answers a failure status with an error comment, and the trace says what failed. Never success.
* Idle and half-open connections cost nothing but a slot for a limited time.
"""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
import socket
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Required, Self, TypedDict, Unpack, cast

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event, EventHandlerType, EventType
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.transport import ThreadedAssociationServer

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom import dimse
from hl7dicom_lab.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hl7dicom_lab.dicom.pdu_rules import MAXIMUM_PDU_LENGTH
from hl7dicom_lab.dicom.sop_classes import UNCOMPRESSED, VERIFICATION
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.running import Running
from hl7dicom_lab.services import event_reactor
from hl7dicom_lab.services.admission import Admission, terms
from hl7dicom_lab.services.association import TimeOuts, check_ae_title, observe
from hl7dicom_lab.services.door import BACKLOG, cannot_listen
from hl7dicom_lab.services.request_screen import Request, RequestScreen
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.traced_tls import over_tls
from hl7dicom_lab.trace import Conversation, Remark, Trace

_MAXIMUM_ASSOCIATIONS = 256
_WAITING_CONNECTIONS = 128  # beyond those of associations: they have not asked for one yet, and have the ARTIM time
_BREATH = 0.05  # seconds until a connection that could not be accepted is tried again
_STOP_AT_MOST = 3.0  # seconds that `stop()` waits for associations to end


@dataclass(frozen=True)
class Service:
    """One kind of request that an acceptor serves: its primitive, pynetdicom's event for it, who handles it.

    `contexts` are the presentation contexts on which it may come. The handler gets the event and the association's
    conversation, and returns what pynetdicom asks of such handlers.
    """

    request: type[Request]
    event: EventType
    handler: Callable[[Event, Conversation], Any]
    contexts: tuple[PresentationContext, ...]


class AcceptorOptions(TypedDict, total=False):
    """What every acceptor takes, by name."""

    ae_title: Required[str]
    trace: Required[Trace]
    system: Required[str]  # whose view of the associations the trace gets
    clock: Required[ClassClock]  # goes on by a second for each association and each request
    host: str  # 127.0.0.1 unless told otherwise
    port: int  # 0, the default, takes a free one, known after `start()`
    calling_ae_titles: Collection[str]  # where any are given, nobody else may associate
    maximum_associations: int  # at one time; 256 unless told otherwise
    time_outs: TimeOuts
    security: Security  # whom it lets in, and whether it takes TLS only


class DicomAcceptor(Running):
    """Listens for associations; a context manager. Takes `AcceptorOptions`.

    Raises `SetupError` where the AE title is none, or the files for TLS cannot be used.
    """

    def __init__(self, **options: Unpack[AcceptorOptions]) -> None:
        self.ae_title = check_ae_title(options["ae_title"])
        self.host = options.get("host", "127.0.0.1")
        self.port = options.get("port", 0)
        self._trace = options["trace"]
        self._system = options["system"]
        self._clock = options["clock"]
        self._time_outs = options.get("time_outs", TimeOuts())
        self._security = options.get("security", Security())
        self._over = over_tls(self._security.tls.for_server) if self._security.tls else None
        maximum = options.get("maximum_associations", _MAXIMUM_ASSOCIATIONS)
        self._terms = terms(self.ae_title, options.get("calling_ae_titles", ()), maximum)
        self._ae = self._application_entity()
        self._server: _Server | None = None
        self._services: tuple[Service, ...] = ()
        self._lock = threading.Lock()

    @abstractmethod
    def services(self) -> tuple[Service, ...]:
        """What is served, each kind of request on its own contexts; Verification comes on top."""

    @property
    def address(self) -> DicomAddress:
        """Where it listens, and its AE title."""
        return DicomAddress(self.host, self.port, self.ae_title, tls=self._security.tls is not None)

    def __repr__(self) -> str:
        state = f"listening on {self.host}:{self.port}" if self._server else "stopped"
        return f"<{type(self).__name__} {self.ae_title} of {self._system}, {state}>"

    def start(self) -> Self:
        """Begin to listen. Raises `SetupError` when the port or the address cannot be had."""
        with self._lock:
            if self._server is None:
                self._server = self._listen()
                self.port = self._server.server_address[1]
                self._server.serve(f"dicom-{self._system}")
        return self

    def stop(self) -> None:
        """Stop listening and end every association. Takes a few seconds at most; may be called again."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            _end(server.active_associations)

    def _application_entity(self) -> AE:
        ae = AE(ae_title=self.ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        ae.maximum_associations = self._terms.places.maximum + _WAITING_CONNECTIONS
        ae.maximum_pdu_size = MAXIMUM_PDU_LENGTH
        ae.connection_timeout = self._time_outs.connection
        ae.acse_timeout = self._time_outs.association
        ae.dimse_timeout = self._time_outs.message
        ae.network_timeout = self._time_outs.idle
        return ae

    def _listen(self) -> _Server:
        self._services = self.services()
        contexts = [build_context(VERIFICATION, list(UNCOMPRESSED))]
        contexts += [context for service in self._services for context in service.contexts]
        handlers: list[EventHandlerType] = [(evt.EVT_CONN_OPEN, self._on_connection)]
        _refuse_shared_port(self.host, self.port)
        try:
            server = self._ae.make_server(
                (self.host, self.port), contexts=contexts, evt_handlers=handlers, server_class=_Server
            )
        except (OSError, OverflowError) as error:
            raise cannot_listen(self.host, self.port, error) from error
        own = cast("_Server", server)
        own.lets_in = self._lets_in
        return own

    def _lets_in(self, client: socket.socket, peer: tuple[str, int]) -> bool:
        """Whether a peer may come in. Nothing of what one says who may not is read."""
        remark = self._security.stranger(client.getsockname(), peer) or self._crowd()
        if remark is not None:
            conversation = self._trace.open(self._system, "DICOM", "acceptor", dimse.describe)
            conversation.ports = (self.port, peer[1])
            conversation.note(remark.what, rule=remark.rule, repair=remark.repair)
        return remark is None

    def _crowd(self) -> Remark | None:
        """Why there is no room for another connection, if there is none."""
        if len(self._ae.active_associations) < self._ae.maximum_associations:
            return None
        return Remark(
            f"turned away: {self._ae.maximum_associations} connections are open",
            "the local limit of this system",
            "close connections that ask for nothing; try again later",
        )

    def _on_connection(self, event: Event) -> None:
        """A peer has connected; its association's threads have not started yet."""
        assoc = event.assoc
        assoc.dul.daemon = True  # a forgotten association must not keep the process alive
        conversation = self._trace.open(self._system, "DICOM", "acceptor", dimse.describe)
        conversation.ports = (self.port, _address_of(event)[1])
        served: dict[str, type[Request]] = {}
        for service in self._services:
            served |= {context.abstract_syntax or "": service.request for context in service.contexts}
            assoc.bind(service.event, service.handler, [conversation])
        assoc.acse = Admission(assoc, conversation, self._clock, self._terms)
        assoc.dimse = screen = RequestScreen(assoc, conversation, self._clock, served)
        event_reactor.convert(assoc)
        assoc.bind(evt.EVT_CONN_CLOSE, screen.ended)
        traced = observe(assoc, conversation, self._over)
        if traced is not None:
            traced.opened(self._time_outs.silence)


class _Server(ThreadedAssociationServer):
    """pynetdicom's server with a longer queue, and without a clock: it sleeps until a peer or the end comes."""

    request_queue_size = BACKLOG
    lets_in: Callable[[socket.socket, tuple[str, int]], bool]

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises OSError where there is none, or no file descriptor for it."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_BREATH)  # it waits in the queue, and whoever looks at once would look without end
            raise

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether this connection is served; it is closed otherwise."""
        try:
            return self.lets_in(request, client_address)
        except OSError:  # some systems say nothing about a connection that the peer has reset; the next one is served
            return False

    def serve(self, name: str) -> None:
        """Accept connections on a thread of our own."""
        self.timeout = 0  # `handle_request` is called when somebody is there
        self._stopping, self._stopper = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._stopping, selectors.EVENT_READ)
            while self._stopping not in [key.fileobj for key, _ in selector.select()]:
                # pynetdicom would call `service_actions` as well, which stops the whole process for a full garbage
                # collection at every sixtieth connection; Python's own collects ended associations often enough.
                self.handle_request()

    def shutdown(self) -> None:
        """Accept no more connections."""
        self._stopper.close()  # so that the other one becomes readable
        self._thread.join()
        self._stopping.close()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ended before it began is no news; socketserver would print it."""


def _end(associations: list[Association]) -> None:
    """End associations of any state: abort those that are open, hang up on the others."""
    for assoc in associations:
        if assoc.is_established:
            assoc.abort(block=False)
        else:
            _hang_up(assoc)
    deadline = time.monotonic() + _STOP_AT_MOST
    for assoc in associations:
        if assoc is not threading.current_thread():  # a service stops its own acceptor
            assoc.join(max(0.0, deadline - time.monotonic()))
            if assoc.is_alive():
                _hang_up(assoc)


def _hang_up(assoc: Association) -> None:
    wire = assoc.dul.socket
    if wire is not None and wire.socket is not None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(wire.socket, socket.SHUT_RDWR)  # its own thread may be using the connection
    # Ends the wait for an A-ASSOCIATE-RQ, as its time-out does.
    cast("queue.SimpleQueue[None]", assoc.dul.to_user_queue).put(None)


def _address_of(event: Event) -> tuple[str, int]:
    """The peer's address; pynetdicom adds it to the events of a connection."""
    return cast("tuple[str, int]", event.address)  # type: ignore[attr-defined]


def _refuse_shared_port(host: str, port: int) -> None:
    """On Windows SO_REUSEADDR, which pynetdicom sets, would take a port away from its owner; so ask first."""
    if os.name != "nt" or port == 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE", ~socket.SO_REUSEADDR), 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise cannot_listen(host, port, error) from error
