"""A DICOM connection over TLS that tells its conversation what it carries: the PDUs, as they are without TLS.

PS3.8 section 9.1.1 leaves secure transport to the profiles of PS3.15 Annex B. Rule: TLS is agreed on where the
association's own thread first reads, or when a requestor has connected, and so never on a thread that accepts
connections. One thread at a time uses the connection, but for `socket.socket.shutdown`, which any thread may call.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

from hl7dicom_lab.services import tls
from hl7dicom_lab.services.association import Over, TracedSocket
from hl7dicom_lab.trace import Conversation, Remark


class TracedTlsSocket(TracedSocket, ssl.SSLSocket):
    """A traced connection whose bytes are encrypted. Made by `over_tls`."""

    _must_agree: bool | None = None  # None while the standard library is still making it

    def connect(self, address: Any) -> None:
        """Connect, then agree on TLS. Raises OSError, and `NoTls` with the reason in the trace."""
        super().connect(address)
        self.conversation.ports = (self.getsockname()[1], address[1])
        self._agree()

    def recv(self, size: int = 1024, flags: int = 0) -> bytes:
        """Receive as a traced socket does; before the first byte TLS is agreed on."""
        if self._must_agree is None:
            return ssl.SSLSocket.recv(self, size, flags)
        if self._must_agree:
            self._agree()
        if self._noise:  # nothing that comes now is of use
            return b""
        try:
            return super().recv(size, flags)
        except ssl.SSLError as error:
            self._noise = True
            tls.tell(self.conversation, tls.broken(error))
            raise

    def shutdown(self, how: int) -> None:
        """End the connection, and say so to the peer."""
        tls.end(self)
        with contextlib.suppress(OSError):  # it has ended already
            socket.socket.shutdown(self, how)  # ssl's own would let what comes later pass in the clear

    def record_end(self) -> None:
        """Record how the connection ended, where it did not end as it should."""
        if self._must_agree:
            tls.tell(self.conversation, Remark("closed: the peer has not begun with TLS in time", tls.RULE, tls.BOTH))
        super().record_end()

    def _agree(self) -> None:
        self._must_agree = False
        try:
            tls.agree(self, self.conversation)
        except tls.NoTls:
            self._noise = True
            raise

    def _send_all(self, data: bytes, flags: int) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[ssl.SSLSocket.send(self, rest, flags) :]


def over_tls(context_for: Callable[[type[ssl.SSLSocket]], ssl.SSLContext]) -> Over:
    """How a connection is taken over with `TlsFiles.for_server` or `for_client`. Raises `SetupError` as they do."""
    context = context_for(TracedTlsSocket)
    accepts = context.protocol is ssl.PROTOCOL_TLS_SERVER

    def over(plain: socket.socket, conversation: Conversation) -> TracedTlsSocket:
        made = context.wrap_socket(plain, server_side=accepts, do_handshake_on_connect=False)
        traced = cast(TracedTlsSocket, made)
        traced.begin(conversation)
        traced._must_agree = accepts
        return traced

    return over
