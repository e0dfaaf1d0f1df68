"""The HL7 side of a system: its listener, its inbox, its name. EMR, RIS and PACS all have one.

HL7 v2.5.1 section 2.9. Rule: the inbox lies in the database in which a message takes effect, so that the effect, the
memory of the message and its answer are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.model import Hl7Address
from hl7dicom_lab.services.hl7_receiver import Handler, Hl7Receiver
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.inbox import Inbox


class Hl7Side:
    """Listens for the messages of one application; `handlers` maps `ORM^O01` and the like to what the system does.

    `demand` is what the system asks of every message besides; it raises `Hl7Fault`.
    """

    def __init__(
        self,
        application: str,
        handlers: Mapping[str, Handler],
        database: Database,
        site: Site,
        port: int,
        *,
        demand: Callable[[Message], None] = lambda _: None,
    ) -> None:
        self._application = application
        self._facility = site.facility
        self._takes_tls_only = site.security.tls is not None
        #: The acknowledgment of a message, or None where none is due: what the listener asks.
        self.receive = Hl7Receiver(
            handlers,
            Inbox(database),
            application=application,
            facility=site.facility,
            clock=site.clock,
            mint=site.mint,
            demand=demand,
        )
        self._listener = site.mllp_listener(application, self.receive, port)

    def start(self) -> None:
        """Begin to listen."""
        self._listener.start()

    def stop(self) -> None:
        """Stop listening. May be called again."""
        self._listener.stop()

    @property
    def address(self) -> Hl7Address:
        """Where messages are sent, and how they name the application."""
        listener = self._listener
        return Hl7Address(listener.host, listener.port, self._application, self._facility, self._takes_tls_only)
