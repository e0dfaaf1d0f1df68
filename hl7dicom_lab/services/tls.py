"""TLS for connections of both protocols: which files it needs, and how two sides agree on it.

Standard: PS3.15 section B.12 (BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile); for HL7, IHE's ATNA asks
for the same. Rules:

* TLS 1.2 and 1.3 only, and only cipher suites with forward secrecy and authenticated encryption (RFC 9325).
* With a certification authority, whoever connects must show a certificate that it has signed. Without one, only the
  department shows its certificate: the connection is private, and nobody knows who the client is.
* Agreeing takes a limited time, and never the time of a thread that others wait for. Why it failed is in the trace.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.services.other_protocols import TLS_HANDSHAKE, spoken
from hl7dicom_lab.trace import Conversation, Remark

RULE = "PS3.15 section B.12: TLS 1.2 or 1.3, as RFC 9325 recommends"
#: The next step where one side spoke TLS and the other did not.
BOTH = "check that both sides speak TLS on this port"
_CIPHERS_OF_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"  # RFC 9325 section 4.2; those of TLS 1.3 are all good
_LOOKED_AT = 16  # bytes
_END_OF_CERTIFICATE = b"-----END CERTIFICATE-----"


class NoTls(OSError):
    """The two sides have not agreed on TLS. `remark` says why; None where the peer hung up without a word.

    `raw` are the bytes that came instead.
    """

    def __init__(self, remark: Remark | None, raw: bytes = b"") -> None:
        super().__init__(remark.what if remark else "the peer hung up")
        self.remark = remark
        self.raw = raw


@dataclass(frozen=True)
class TlsFiles:
    """The PEM files of a department: its certificate (with the chain, if there is one), its key, who signs its peers.

    Without `authority` nobody who connects needs a certificate. All methods raise `SetupError` where a file is missing
    or does not fit.
    """

    certificate: Path
    key: Path
    authority: Path | None = None

    def for_server(self, kind: type[ssl.SSLSocket] = ssl.SSLSocket) -> ssl.SSLContext:
        """The context of who listens. It makes connections of this `kind`."""
        context = self._context(ssl.PROTOCOL_TLS_SERVER, kind)
        context.num_tickets = 0  # nobody resumes, and a ticket to a peer that has gone would reset the connection
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        if self.authority is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def for_client(self, kind: type[ssl.SSLSocket] = ssl.SSLSocket) -> ssl.SSLContext:
        """The context of who connects to this department, or to a system that the same authority vouches for."""
        context = self._context(ssl.PROTOCOL_TLS_CLIENT, kind)
        context.check_hostname = False  # systems are known by their certificates; DICOM has addresses, not host names
        return context

    def rehearse(self) -> None:
        """Let both sides agree in memory, so that an expired or unsuitable certificate is found before the start."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.for_server().wrap_bio(to_server, to_client, server_side=True)
        client = self.for_client().wrap_bio(to_client, to_server)
        try:
            for side in (client, server) * 3:
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
        except ssl.SSLError as error:
            raise SetupError(
                f"this certificate cannot be used by a department, server and client in one ({_why(error)[0]})",
                where=str(self.certificate),
                next_step="give one that is valid today and not limited to servers or to clients",
            ) from error

    def _context(self, role: int, kind: type[ssl.SSLSocket]) -> ssl.SSLContext:
        own, _ = _pem(self.certificate, "CERTIFICATE"), _pem(self.key, "PRIVATE KEY")
        context = ssl.SSLContext(role)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS_OF_TLS_1_2)
        context.sslsocket_class = kind
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (ssl.SSLError, OSError) as error:
            raise _does_not_fit(self.key, self.certificate, error) from error
        # Its own certificate is always trusted, whoever signed it, and the rest of its chain is not: the systems of the
        # department know each other.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self._trust(context, self.certificate, own.partition(_END_OF_CERTIFICATE)[0] + _END_OF_CERTIFICATE)
        if self.authority is not None:
            self._trust(context, self.authority, _pem(self.authority, "CERTIFICATE"))
        return context

    def _trust(self, context: ssl.SSLContext, path: Path, certificates: bytes) -> None:
        try:
            context.load_verify_locations(cadata=certificates.decode("ascii", "replace"))
        except ssl.SSLError as error:
            raise SetupError(
                f"the certificate in this file cannot be read ({_why(error)[0]})",
                where=str(path),
                next_step="look at it with `openssl x509 -in FILE -text`",
            ) from error


def agree(connection: ssl.SSLSocket, conversation: Conversation) -> None:
    """Agree on TLS with the other side, within the connection's time-out, and tell the trace how it went.

    Raises `NoTls`; the trace has the reason then.
    """
    raw = b""
    try:
        if connection.server_side:
            _look_at_first_bytes(connection)
        connection.do_handshake()
    except NoTls as failed:
        remark, raw = failed.remark, failed.raw
    except TimeoutError:
        what = f"closed: TLS was not agreed on within {connection.gettimeout():g} seconds"
        remark = Remark(what, RULE, BOTH)
    except ssl.SSLError as error:
        what, repair = _why(error)
        remark = Remark(f"no TLS: {what}", RULE, repair)
    except OSError:
        remark = Remark("no TLS: the peer hung up", RULE, f"{BOTH}; look at the peer's own log")
    else:
        conversation.note(_agreed(connection), severity="information")
        return
    if remark is not None:
        tell(conversation, remark, raw)
    raise NoTls(remark)


def tell(conversation: Conversation, remark: Remark, raw: bytes = b"") -> None:
    """Note in the trace what went wrong. `raw` are the bytes at fault."""
    conversation.note(remark.what, rule=remark.rule, repair=remark.repair, raw=raw)


def failure(conversation: Conversation) -> Remark | None:
    """What TLS has told a conversation that it failed at."""
    told = (one for event in tuple(conversation.events) for one in event.remarks)
    return next((one for one in told if one.rule == RULE and one.severity == "error"), None)


def end(connection: ssl.SSLSocket) -> None:
    """Say that nothing comes any more (close_notify, RFC 8446 section 6.1), without waiting for the peer to say so."""
    with contextlib.suppress(OSError, ValueError):
        connection.settimeout(0.0)
        connection.unwrap()


def broken(error: ssl.SSLError) -> Remark:
    """What to tell the trace about a connection that TLS has ended."""
    what, repair = _why(error)
    return Remark(f"the TLS connection has ended: {what}", RULE, repair)


def _look_at_first_bytes(connection: ssl.SSLSocket) -> None:
    """Look at what the peer says without taking it. Raises `NoTls` where it is no TLS."""
    begin = socket.socket.recv(connection, _LOOKED_AT, socket.MSG_PEEK)
    if not begin:
        raise NoTls(None)
    if not begin.startswith(TLS_HANDSHAKE):
        name = spoken(begin)
        what = f"this port speaks TLS, you spoke {name} without it" if name else "this port speaks TLS, you did not"
        raise NoTls(Remark(what, RULE, "turn TLS on at the client, or correct its port"), begin)


def _agreed(connection: ssl.SSLSocket) -> str:
    cipher = connection.cipher()
    shown: dict[str, Any] = connection.getpeercert() or {}
    names = [value for part in shown.get("subject", ()) for name, value in part if name == "commonName"]
    peer = f"; the peer's certificate names {', '.join(names)}" if names else ""
    return f"{connection.version()} agreed on, {cipher[0] if cipher else 'no cipher'}{peer}"


#: Words in OpenSSL's name for a failure -> what it is, what to do; the first that fits.
_FAILURES = (
    (
        "PEER_DID_NOT_RETURN_A_CERTIFICATE",
        "the client showed no certificate",
        "give the client a certificate that the authority of this department has signed (`--tls-ca`)",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the peer's certificate is not accepted",
        "give it one that is valid and that the authority of this department has signed (`--tls-ca`)",
    ),
    (
        "ALERT_CERTIFICATE_REQUIRED",
        "the other side wants a certificate",
        "show one that its authority has signed",
    ),
    (
        "ALERT",
        "the other side refused",
        "let it trust the certificate of this department, or the authority that signed it; look at its own log",
    ),
    ("UNSUPPORTED_PROTOCOL", "no version of TLS in common", "let the peer speak TLS 1.2 or 1.3"),
    ("NO_SHARED_CIPHER", "no cipher suite in common", "let the peer offer ECDHE with AES-GCM or ChaCha20"),
    ("WRONG_VERSION_NUMBER", "these bytes are no TLS", "check the port, and whether the other side speaks TLS"),
)


def _why(error: ssl.SSLError) -> tuple[str, str]:
    """What a failure of TLS is, and what to do."""
    if isinstance(error, ssl.SSLEOFError):
        return "the peer hung up", "look at the peer's own log: it may not accept this certificate, or not speak TLS"
    reason = error.reason or type(error).__name__
    said = getattr(error, "verify_message", "") or reason.lower().replace("_", " ")
    for word, what, repair in _FAILURES:
        if word in reason.upper():
            return f"{what} ({said})", repair
    return said, "look at the peer's own log"


def _pem(path: Path, holds: str) -> bytes:
    """A file that holds what it should. Raises `SetupError` with what is wrong with it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SetupError(
            f"this file cannot be read ({error.strerror or error})",
            where=str(path),
            next_step="check its name, and that whoever runs the department may read it",
        ) from error
    begin = f"{holds}-----".encode()
    if begin not in content:
        raise SetupError(
            f"this file holds no {holds.lower()} in PEM form",
            where=str(path),
            next_step=f"give the file with the line -----BEGIN {holds}-----",
        )
    if holds == "PRIVATE KEY" and b"ENCRYPTED" in content:
        raise SetupError(
            "this private key is encrypted, and nobody is asked for its password",
            where=str(path),
            next_step="write it without one (`openssl pkey -in FILE -out NEW_FILE`), for yourself alone",
        )
    return content


def _does_not_fit(key: Path, certificate: Path, error: OSError) -> SetupError:
    reason = str(getattr(error, "reason", "") or error)
    if "MISMATCH" in reason.upper():
        what, where = f"this key does not belong to the certificate {certificate.name}", key
    else:
        what, where = f"certificate and key cannot be used ({reason.lower().replace('_', ' ')})", certificate
    return SetupError(what, where=str(where), next_step="give the certificate and the key that were made together")
