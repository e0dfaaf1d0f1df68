"""TLS on both listeners and both senders: who is let in, what is said to the others, and that nobody waits for them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass

import certificates
import pytest
from dicom_peers import everything, mr_image, read_to_end, remarks, wait_until, worklist_item

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import AssociationFailed, DeliveryError, SetupError
from hl7dicom_lab.hl7v2 import mllp, wire
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.mllp_listener import MllpLimits, MllpListener
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.storage_scp import StorageScp
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace

ORDER = b"MSH|^~\\&|EMR|NIC|RIS|NIC|20260302080000||ORM^O01|%s|P|2.3.1\rPID|1||4711^^^NIC^MR||DOE^JANE\r"
IMPATIENT = TimeOuts(connection=5, association=0.5, message=5, idle=30, silence=0.5)
#: Who waits for a handshake that never comes; where none is missing the usual limits hold, also on a busy machine.
IMPATIENT_HL7 = MllpLimits(handshake=0.3)
BYTES_OF = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: ris\r\n\r\n",
    "DICOM": bytes.fromhex("0100000000cd00010000"),
    "HL7 over MLLP": mllp.encode(ORDER % b"PLAIN"),
}
#: A ClientHello of TLS 1.0 (RFC 5246 section 7.4.1.2): one cipher suite, no extensions.
_HELLO = bytes.fromhex("0301") + bytes(32) + bytes.fromhex("00 0004 c009 c02b 0100")
OLD_HELLO = (
    bytes.fromhex("160301") + (len(_HELLO) + 4).to_bytes(2, "big") + b"\x01\0\0" + bytes((len(_HELLO),)) + _HELLO
)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return certificates.people(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trace():
    return Trace(ClassClock())


def files(pki, *, mutual=False, holder=None):
    own = holder or pki.department
    return TlsFiles(own.certificate, own.key, pki.authority.certificate if mutual else None)


def acknowledgment(body):
    return b"MSH|^~\\&|RIS|NIC|EMR|NIC|20260302080000||ACK^O01|R|P|2.3.1\rMSA|AA|%s\r" % wire.control_id(body)


@dataclass
class Side:
    """One listener, and what an honest client of it does."""

    listener: object
    trace: Trace
    serve_one: object
    plain: bytes  # how its own protocol begins

    @property
    def port(self):
        return self.listener.port

    def socket(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def told(self, words):
        return wait_until(lambda: any(words in what for what in remarks(self.trace)))


@contextlib.contextmanager
def listening(protocol, trace, tls_files, *, impatient=False):
    security = Security(tls_files)
    if protocol == "HL7":
        listener = MllpListener(
            lambda body, _: acknowledgment(body),
            trace=trace,
            system="RIS",
            limits=IMPATIENT_HL7 if impatient else None,
            security=security,
        )
    else:
        listener = WorklistScp(
            lambda *_: [(0xFF00, worklist_item())],
            ae_title="RIS",
            trace=trace,
            system="RIS",
            clock=trace.clock,
            security=security,
            time_outs=IMPATIENT if impatient else TimeOuts(),
        )

    def serve_one(holder_files):
        other = Trace(ClassClock())
        if protocol == "HL7":
            with sender(listener, other, holder_files) as honest:
                assert honest.send(ORDER % b"HONEST") == acknowledgment(ORDER % b"HONEST")
        else:
            scu(other, holder_files).echo(listener.address)

    with listener:
        yield Side(listener, trace, serve_one, BYTES_OF["DICOM" if protocol == "DICOM" else "HL7 over MLLP"])


def sender(listener, trace, tls_files, **options):
    return MllpSender("127.0.0.1", listener.port, trace=trace, system="EMR", tls_files=tls_files, **options)


def scu(trace, tls_files, **options):
    return Scu("SCANNER", trace=trace, system="MR1", clock=trace.clock, security=Security(tls_files), **options)


def context(pki, holder=None, *, trusts=None):
    """A client of Python's ssl, with a certificate or without."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.load_verify_locations((trusts or pki.authority).certificate)
    if holder:
        made.load_cert_chain(holder.certificate, holder.key)
    return made


@pytest.fixture(params=["HL7", "DICOM"])
def protocol(request):
    return request.param


@pytest.fixture
def side(protocol, trace, pki):
    with listening(protocol, trace, files(pki)) as one:
        yield one
        one.serve_one(files(pki))


@pytest.fixture
def impatient(protocol, trace, pki):
    with listening(protocol, trace, files(pki), impatient=True) as one:
        yield one


@pytest.fixture
def mutual(protocol, trace, pki):
    with listening(protocol, trace, files(pki, mutual=True)) as one:
        yield one
        one.serve_one(files(pki, mutual=True))


class TestFiles:
    def refused(self, files):
        with pytest.raises(SetupError) as caught:
            files.rehearse()
        assert caught.value.next_step
        return caught.value

    def test_a_file_that_is_not_there(self, pki, tmp_path):
        error = self.refused(TlsFiles(tmp_path / "no.crt", pki.department.key))
        assert error.where == str(tmp_path / "no.crt")
        assert "cannot be read" in error.what

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_file_that_holds_something_else(self, pki, tmp_path, number):
        (tmp_path / "other").write_bytes(b"\x30\x82 DER, or anything")
        given = [pki.department.certificate, pki.department.key, pki.authority.certificate]
        given[number] = tmp_path / "other"
        error = self.refused(TlsFiles(*given))
        assert error.where == str(tmp_path / "other")
        assert "in PEM form" in error.what

    def test_a_key_of_another_certificate(self, pki):
        error = self.refused(TlsFiles(pki.department.certificate, pki.alone.key))
        assert error.where == str(pki.alone.key)
        assert "does not belong to the certificate department.crt" in error.what

    @pytest.mark.parametrize("begin", ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"])
    def test_an_encrypted_key_asks_nobody(self, pki, tmp_path, begin):
        (tmp_path / "key").write_text(f"-----BEGIN EC PRIVATE KEY-----\n{begin}\nAAAA\n", encoding="utf-8")
        error = self.refused(TlsFiles(pki.department.certificate, tmp_path / "key"))
        assert error.where == str(tmp_path / "key")
        assert "encrypted" in error.what

    def test_a_certificate_that_is_damaged(self, pki, tmp_path):
        lines = pki.department.certificate.read_text(encoding="utf-8").splitlines()
        lines[3] = lines[3][::-1]
        (tmp_path / "damaged").write_text("\n".join(lines), encoding="utf-8")
        error = self.refused(TlsFiles(tmp_path / "damaged", pki.department.key))
        assert error.where == str(tmp_path / "damaged")

    def test_a_certificate_that_has_run_out(self, pki):
        old = certificates.make(pki.folder, "old", by=pki.authority, days=-1)
        error = self.refused(files(pki, holder=old))
        assert error.where == str(old.certificate)
        assert "certificate has expired" in error.what

    def test_one_for_servers_alone_will_do_until_clients_need_one_too(self, pki):
        limited = certificates.make(pki.folder, "limited", by=pki.authority, usages=(certificates.FOR_SERVERS,))
        files(pki, holder=limited).rehearse()
        assert "purpose" in self.refused(files(pki, holder=limited, mutual=True)).what

    def test_whoever_signed_it_a_department_trusts_itself(self, pki):
        for holder in (pki.department, pki.alone):
            files(pki, holder=holder).rehearse()
            files(pki, holder=holder, mutual=True).rehearse()

    def test_a_listener_does_not_start_without_them(self, trace, tmp_path):
        with pytest.raises(SetupError):
            MllpListener(lambda *_: None, trace=trace, system="RIS", security=Security(TlsFiles(tmp_path, tmp_path)))


class TestWhoComesIn:
    def test_a_client_without_certificate_where_none_is_asked_for(self, side, pki):
        with context(pki).wrap_socket(side.socket()) as peer:
            assert peer.version() == "TLSv1.3"
        assert side.told("TLSv1.3 agreed on")

    def test_a_client_that_speaks_tls_1_2(self, side, pki):
        older = context(pki)
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        with older.wrap_socket(side.socket()) as peer:
            assert peer.version() == "TLSv1.2"

    def test_a_client_that_speaks_tls_1_0_is_told_so(self, side):
        with side.socket() as peer:
            peer.sendall(OLD_HELLO)
            assert read_to_end(peer) == bytes.fromhex("15 0301 0002 02 46")  # alert, fatal, protocol_version
        assert side.told("no TLS: no version of TLS in common")

    def test_a_cipher_suite_without_authenticated_encryption(self, side, pki):
        weak = context(pki)
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
        with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
            weak.wrap_socket(side.socket())
        assert side.told("no TLS: no cipher suite in common")

    def test_who_shows_a_certificate_of_the_authority_is_known_by_it(self, mutual, pki):
        mutual.serve_one(files(pki, mutual=True, holder=pki.peer))
        assert mutual.told("the peer's certificate names scanner-17")

    def test_who_shows_none_is_refused(self, mutual, pki):
        with context(pki).wrap_socket(mutual.socket()) as peer, pytest.raises(ssl.SSLError, match=r"(?i)required"):
            peer.recv(1)
        assert mutual.told("no TLS: the client showed no certificate")

    def test_who_shows_a_foreign_one_is_refused(self, mutual, pki):
        with (
            context(pki, pki.alone).wrap_socket(mutual.socket()) as peer,
            pytest.raises(ssl.SSLError, match=r"(?i)unknown.ca"),
        ):
            peer.recv(1)
        assert mutual.told("no TLS: the peer's certificate is not accepted (self-signed certificate)")

    def test_a_client_that_does_not_trust_this_department(self, side, pki):
        with pytest.raises(ssl.SSLCertVerificationError):
            context(pki, trusts=pki.alone).wrap_socket(side.socket())
        assert side.told("no TLS: the other side refused (tlsv1 alert unknown ca)")


class TestWhoDoesNotSpeakTls:
    @pytest.mark.parametrize("spoken", BYTES_OF)
    def test_what_it_speaks_instead_is_named(self, side, spoken):
        with side.socket() as peer:
            peer.sendall(BYTES_OF[spoken])
            assert read_to_end(peer) == b""
        assert side.told(f"this port speaks TLS, you spoke {spoken} without it")
        assert len(remarks(side.trace)) == 1

    def test_bytes_that_are_nothing(self, side):
        with side.socket() as peer:
            peer.sendall(b"\xff\xfe\xfd")
            assert read_to_end(peer) == b""
        assert side.told("this port speaks TLS, you did not")

    def test_who_only_looks_whether_somebody_listens_is_no_news(self, side, trace):
        side.socket().close()
        assert remarks(trace) == []

    def test_silence_is_closed(self, impatient):
        with impatient.socket() as peer:
            assert read_to_end(peer) == b""
        assert impatient.told("closed: ")

    def test_half_a_handshake_and_silence_is_closed(self, impatient):
        with impatient.socket() as peer:
            peer.sendall(bytes.fromhex("1603010200 010001fc"))
            read_to_end(peer)
        assert impatient.told("closed: TLS was not agreed on within")

    def test_silent_peers_keep_nobody_waiting(self, side, pki):
        """They come first, one at a time or together, and are still there when the honest one is done."""
        with contextlib.ExitStack() as silent:
            for _ in range(20):
                peer = silent.enter_context(side.socket())
                peer.sendall(b"\x16\x03\x01")
            side.serve_one(files(pki))

    def test_bytes_outside_tls_after_the_handshake(self, side, pki):
        with context(pki).wrap_socket(side.socket()) as peer:
            socket.socket.sendall(peer, side.plain)
            with contextlib.suppress(ssl.SSLError):
                read_to_end(peer)
        assert side.told("the TLS connection has ended")

    def test_stop_ends_connections_of_every_state(self, side, pki):
        with side.socket() as silent, context(pki).wrap_socket(side.socket()) as agreed:
            assert side.told("agreed on")
            side.listener.stop()
            assert read_to_end(silent) == b""
            read_to_end(agreed)
        left = [one for one in threading.enumerate() if one.name.startswith(("mllp-", "AcceptorThread"))]
        assert wait_until(lambda: not any(one.is_alive() for one in left))
        side.listener.start()

    def test_the_other_way_round_tls_on_a_plain_port_is_named(self, protocol, trace, pki):
        with listening(protocol, trace, None) as plain:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context(pki).wrap_socket(plain.socket())
            speaks = "MLLP" if protocol == "HL7" else "DICOM"
            assert plain.told(f"this port speaks {speaks}, you spoke TLS")
            plain.serve_one(None)


class TestHl7:
    @pytest.fixture
    def listener(self, trace, pki):
        with listening("HL7", trace, files(pki)) as one:
            yield one

    def test_the_trace_has_the_messages_as_they_are(self, listener, trace, pki):
        with sender(listener, trace, files(pki)) as emr:
            for number in range(3):
                emr.send(ORDER % b"E%d" % number)
        for conversation in trace.conversations(system="RIS") + trace.conversations(system="EMR"):
            whole = [event.raw for event in conversation.events if event.direction != "note"]
            expected = [ORDER % b"E%d" % number for number in range(3)]
            pairs = [framed for body in expected for framed in (mllp.encode(body), mllp.encode(acknowledgment(body)))]
            assert whole == pairs
        assert len(trace.conversations(system="EMR")) == 1  # one connection for all of them

    def test_raw_frames_split_anywhere(self, listener, pki):
        with context(pki).wrap_socket(listener.socket()) as peer:
            for byte in mllp.encode(ORDER % b"S1"):
                peer.sendall(bytes((byte,)))
            assert peer.recv(4096) == mllp.encode(acknowledgment(ORDER % b"S1"))

    def test_the_end_is_said(self, listener, pki):
        """With close_notify: without it the peer could not tell the end from a connection that was cut."""
        with context(pki).wrap_socket(listener.socket(), suppress_ragged_eofs=False) as peer:
            peer.sendall(BYTES_OF["HTTP"])  # ends the connection
            assert peer.recv(4096) == b""

    def test_a_sender_to_a_port_without_tls(self, trace, pki):
        with listening("HL7", trace, None) as plain, sender(plain, trace, files(pki)) as emr:
            with pytest.raises(DeliveryError, match=r"no TLS: .*; nothing was sent") as caught:
                emr.send(ORDER % b"E1")
            assert "speak TLS" in caught.value.next_step

    def test_a_sender_that_does_not_trust_the_receiver(self, listener, pki):
        own = Trace(ClassClock())
        with sender(listener, own, files(pki, holder=pki.alone)) as emr, pytest.raises(DeliveryError) as caught:
            emr.send(ORDER % b"E1")
        assert "the peer's certificate is not accepted" in caught.value.what
        assert "nothing was sent" in caught.value.what
        assert not [event for one in own.conversations() for event in one.events if event.direction == "out"]

    def test_a_sender_that_the_receiver_does_not_accept(self, trace, pki):
        with listening("HL7", trace, files(pki, mutual=True)) as receiver:
            own = Trace(ClassClock())
            stranger = files(pki, holder=pki.alone, mutual=True)
            with sender(receiver, own, stranger, attempts=1) as emr, pytest.raises(DeliveryError):
                emr.send(ORDER % b"E1")
            assert receiver.told("the peer's certificate is not accepted")
            assert not [event for one in trace.conversations() for event in one.events if event.direction == "in"]


class TestDicom:
    @pytest.fixture
    def worklist(self, trace, pki):
        with listening("DICOM", trace, files(pki)) as one:
            yield one

    def test_its_address_says_so(self, worklist):
        assert worklist.listener.address.tls

    def test_the_trace_has_the_pdus_as_they_are(self, worklist, trace, pki):
        (found,) = scu(trace, files(pki)).find_worklist(worklist.listener.address, everything())
        assert found.PatientName == "Núñez^Ana"
        kinds = ["A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-FIND-RQ", "C-FIND-RSP", "C-FIND-RSP", "A-RELEASE-RQ"]
        for system in ("RIS", "MR1"):
            (conversation,) = trace.conversations(system=system)
            shown = [row.kind for row in conversation.decoded() if row.event.direction != "note" and not row.detail]
            assert shown[:6] == kinds

    def test_instances_of_many_records_arrive_whole(self, trace, pki):
        kept = []
        archive = StorageScp(
            kept.append, ae_title="PACS", trace=trace, system="PACS", clock=trace.clock, security=Security(files(pki))
        )
        images = [mr_image(number, size=512) for number in (1, 2, 3)]
        with archive:
            results = scu(trace, files(pki)).store(archive.address, images)
        assert [one.status for one in results] == [0, 0, 0]
        assert [one.data_set[-(512 * 512 * 2) :] for one in kept] == [image.PixelData for image in images]

    def test_a_scanner_that_asks_a_port_without_tls(self, trace, pki):
        with listening("DICOM", trace, None) as plain, pytest.raises(AssociationFailed, match="no TLS: "):
            scu(trace, files(pki)).echo(DicomAddress("127.0.0.1", plain.port, "RIS", tls=True))

    def test_a_scanner_that_speaks_without_tls(self, worklist, trace):
        with pytest.raises(AssociationFailed):
            scu(trace, None).echo(DicomAddress("127.0.0.1", worklist.port, "RIS"))
        assert worklist.told("this port speaks TLS, you spoke DICOM without it")

    def test_a_scanner_without_files_is_told_before_anything_is_sent(self, worklist, trace):
        with pytest.raises(SetupError, match="this address takes TLS only"):
            scu(trace, None).echo(worklist.listener.address)
        assert trace.conversations() == ()

    def test_a_scanner_that_does_not_trust_the_worklist(self, worklist, pki):
        own = Trace(ClassClock())
        with pytest.raises(AssociationFailed, match="the peer's certificate is not accepted") as caught:
            scu(own, files(pki, holder=pki.alone)).echo(worklist.listener.address)
        assert caught.value.next_step
        assert not [event for one in own.conversations() for event in one.events if event.direction == "out"]

    def test_a_scanner_that_the_worklist_does_not_accept(self, trace, pki):
        with listening("DICOM", trace, files(pki, mutual=True)) as worklist:
            own = Trace(ClassClock())
            with pytest.raises(AssociationFailed):
                scu(own, files(pki, holder=pki.alone, mutual=True)).echo(worklist.listener.address)
            assert worklist.told("the peer's certificate is not accepted")
            assert not [event for one in trace.conversations() for event in one.events if event.direction == "in"]

    def test_nobody_answers(self, trace, pki):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = DicomAddress("127.0.0.1", silent.getsockname()[1], "RIS", tls=True)
            quick = TimeOuts(connection=0.3, association=0.5)
            with pytest.raises(AssociationFailed, match="TLS was not agreed on"):
                scu(trace, files(pki), time_outs=quick).echo(address)
        with pytest.raises(AssociationFailed, match="nobody answers on this host and port"):
            scu(trace, files(pki)).echo(address)
