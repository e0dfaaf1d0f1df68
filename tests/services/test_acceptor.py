import contextlib
import errno
import itertools
import random
import selectors
import socket
import threading

import pytest
from dicom_peers import (
    VERIFICATION,
    WORKLIST,
    client,
    connection,
    encoded,
    everything,
    exchange,
    mr_image,
    read_to_end,
    remarks,
    wait_until,
    worklist_item,
)
from pydicom.uid import CTImageStorage, MRImageStorage
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_MOVE, C_STORE
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE, ImplementationClassUIDNotification, MaximumLengthNotification
from pynetdicom.presentation import build_context

from hl7dicom_lab.clock import CLASS_START, ClassClock
from hl7dicom_lab.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.storage_scp import StorageScp
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace

IMPATIENT = TimeOuts(connection=2, association=0.5, message=2, idle=30, silence=0.3)


@pytest.fixture
def trace():
    return Trace(ClassClock())


def worklist(trace, items=(), **options):
    return WorklistScp(
        lambda _query, _calling: ((0xFF00, item) for item in items),
        **{"ae_title": "RIS", "trace": trace, "system": "RIS", "clock": trace.clock} | options,
    )


def archive(trace, store=lambda _: None, **options):
    return StorageScp(store, **{"ae_title": "PACS", "trace": trace, "system": "PACS", "clock": trace.clock} | options)


def ours(thread):
    return thread.name.startswith(("dicom-", "AcceptorThread")) or "DUL" in type(thread).__name__


def association_request(*, called="RIS", application_context="1.2.840.10008.3.1.1.1", context_id=1):
    """The bytes of an A-ASSOCIATE-RQ for Verification."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = application_context
    primitive.calling_ae_title, primitive.called_ae_title = "SCANNER", called
    context = build_context(VERIFICATION)
    context.context_id = context_id
    primitive.presentation_context_definition_list = [context]
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received, implementation.implementation_class_uid = 16382, "1.2.3"
    primitive.user_information = [length, implementation]
    return A_ASSOCIATE_RQ(primitive).encode()


def p_data(command):
    value = b"\x01\x03" + command
    body = len(value).to_bytes(4, "big") + value
    return b"\x04\x00" + len(body).to_bytes(4, "big") + body


ECHO = (
    bytes.fromhex("00000000 04000000 2C000000 00000200 12000000")
    + b"1.2.840.10008.1.1\0"
    + bytes.fromhex("00000001 02000000 3000 00001001 02000000 0100 00000008 02000000 0101")
)
PDUS = [
    association_request(),
    bytes.fromhex("03 00 00000004 00 01 01 01"),
    p_data(ECHO),
    bytes.fromhex("05 00 00000004 00000000"),
    bytes.fromhex("06 00 00000004 00000000"),
    bytes.fromhex("07 00 00000004 00000000"),
]


def damaged(raw, chance, *, rate):
    """Bytes with a few of them changed, added or taken away, or as they were."""
    raw = bytearray(raw)
    for _ in range(chance.randrange(1, 5) if chance.random() < rate else 0):
        at = chance.randrange(len(raw))
        raw[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(raw)


class TestAssociation:
    def test_it_names_our_implementation(self, trace):
        with worklist(trace) as scp, client(scp) as assoc:
            assert assoc.is_established
            assert assoc.acceptor.implementation_class_uid == IMPLEMENTATION_CLASS_UID
            assert assoc.acceptor.implementation_version_name == IMPLEMENTATION_VERSION_NAME

    def test_a_wrong_called_title_is_rejected(self, trace):
        with worklist(trace) as scp, client(scp, called="ELSEWHERE") as assoc:
            answer = assoc.acceptor.primitive
            assert assoc.is_rejected
            assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 7)
        assert trace.rows()[-1].decoded.summary.startswith("rejected-permanent: called AE title not recognized")

    def test_an_unknown_calling_title_is_rejected_where_there_is_a_list(self, trace):
        with worklist(trace, calling_ae_titles=["MR1"]) as scp:
            with client(scp, calling="MR1") as known:
                assert known.is_established
            with client(scp, calling="STRANGER") as unknown:
                answer = unknown.acceptor.primitive
                assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 3)

    def test_another_application_context_is_rejected(self, trace):
        with worklist(trace) as scp, connection(scp) as peer:
            peer.sendall(association_request(application_context="1.2.3.4"))
            assert read_to_end(peer) == bytes.fromhex("03 00 00000004 00 01 01 02")

    def test_an_unknown_abstract_syntax_is_answered_with_result_3(self, trace):
        with worklist(trace) as scp, client(scp, VERIFICATION, CTImageStorage) as assoc:
            assert [context.result for context in assoc.rejected_contexts] == [3]
        (answer,) = [row.decoded for row in trace.rows() if row.decoded.kind == "A-ASSOCIATE-AC"]
        assert "(CT Image Storage): abstract syntax not supported" in answer.data

    def test_the_peer_is_known_by_its_title(self, trace):
        with worklist(trace) as scp, client(scp, calling="MR1") as assoc:
            assoc.send_c_echo()
        assert {row.peer for row in trace.rows()} == {"MR1"}

    def test_time_goes_on_with_the_association_and_with_each_request(self, trace):
        with worklist(trace) as scp, client(scp) as assoc:
            assert (trace.clock.now() - CLASS_START).seconds == 1
            assoc.send_c_echo()
            assoc.send_c_echo()
            assert (trace.clock.now() - CLASS_START).seconds == 3
        assert (trace.clock.now() - CLASS_START).seconds == 3


class TestRequestsThatDoNotFit:
    def test_a_command_on_another_services_context_gets_0122(self, trace):
        with worklist(trace) as scp, client(scp, VERIFICATION, WORKLIST) as assoc:
            request = C_ECHO()
            request.MessageID, request.AffectedSOPClassUID = 1, VERIFICATION
            answer = exchange(assoc, request, context_id=3)
            assert answer.Status == 0x0122
            assert assoc.send_c_echo().Status == 0x0000
        assert any("the SOP Class is not the one of context 3" in what for what in remarks(trace))

    def test_a_store_on_a_verification_context_is_not_acknowledged(self, trace):
        kept = []
        with archive(trace, kept.append) as scp, client(scp, VERIFICATION, MRImageStorage) as assoc:
            request = C_STORE()
            request.MessageID, request.Priority = 1, 2
            request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = MRImageStorage, "2.25.7.1.1.1"
            request.DataSet = encoded(mr_image())
            answer = exchange(assoc, request, context_id=1)
        assert isinstance(answer, C_STORE)
        assert (answer.Status, kept) == (0x0122, [])

    def test_a_request_without_a_sop_class_gets_0122(self, trace):
        with worklist(trace, [worklist_item()]) as scp, client(scp, WORKLIST) as assoc:
            request = C_FIND()
            request.MessageID, request.Identifier = (
                1,
                encoded(everything(), assoc.accepted_contexts[0].transfer_syntax[0]),
            )
            assert exchange(assoc, request, context_id=1).Status == 0x0122

    def test_an_operation_that_is_not_served_gets_0211(self, trace):
        with worklist(trace) as scp, client(scp, WORKLIST) as assoc:
            request = C_MOVE()
            request.MessageID, request.AffectedSOPClassUID, request.MoveDestination = 1, WORKLIST, "SCANNER"
            request.Identifier = encoded(everything())
            assert exchange(assoc, request, context_id=1).Status == 0x0211

    @pytest.mark.parametrize("missing", ["AffectedSOPInstanceUID", "DataSet"])
    def test_a_store_that_lacks_a_parameter_gets_a900(self, trace, missing):
        with archive(trace) as scp, client(scp, MRImageStorage) as assoc:
            request = C_STORE()
            request.MessageID, request.AffectedSOPClassUID, request.Priority = 1, MRImageStorage, 2
            if missing != "AffectedSOPInstanceUID":
                request.AffectedSOPInstanceUID = "2.25.7.1.1.1"
            if missing != "DataSet":
                request.DataSet = encoded(mr_image())
            assert exchange(assoc, request, context_id=1).Status == 0xA900

    def test_a_request_without_a_message_id_aborts_the_association(self, trace):
        with worklist(trace) as scp, client(scp) as assoc:
            request = C_ECHO()
            request.AffectedSOPClassUID = VERIFICATION
            assert exchange(assoc, request, context_id=1) is None
            assert wait_until(lambda: assoc.is_aborted)

    def test_an_unknown_command_aborts_the_association_and_no_thread_dies(self, trace):
        with worklist(trace) as scp:
            with connection(scp) as peer:
                peer.sendall(association_request())
                assert peer.recv(1) == b"\x02"
                peer.sendall(p_data(bytes.fromhex("00000001 02000000 0F0F")))
                assert b"\x07\x00\x00\x00\x00\x04\x00\x00\x02" in read_to_end(peer)
            with client(scp) as assoc:
                assert assoc.send_c_echo().Status == 0x0000


class TestBadConnections:
    def test_twenty_idle_connections_do_not_deafen(self, trace):
        with worklist(trace) as scp:
            idle = [socket.create_connection(("127.0.0.1", scp.port)) for _ in range(20)]
            try:
                with client(scp) as assoc:
                    assert assoc.send_c_echo().Status == 0x0000
            finally:
                for one in idle:
                    one.close()

    def test_half_a_pdu_and_silence_is_closed_and_said(self, trace):
        with worklist(trace, time_outs=IMPATIENT) as scp:
            with connection(scp) as peer:
                peer.sendall(association_request()[:40])
                assert read_to_end(peer) == b""
            assert wait_until(
                lambda: "the connection ended after 40 bytes of a PDU that was not whole" in remarks(trace)
            )

    def test_silence_is_closed(self, trace):
        with worklist(trace, time_outs=IMPATIENT) as scp, connection(scp) as peer:
            assert read_to_end(peer) == b""

    @pytest.mark.parametrize(
        ("words", "spoken"),
        [(b"GET / HTTP/1.1\r\nHost: ris\r\n\r\n", "HTTP"), (b"\x0bMSH|^~\\&|EMR|NGH\r\x1c\r", "HL7 over MLLP")],
    )
    def test_another_protocol_is_aborted_and_named(self, trace, words, spoken):
        with worklist(trace) as scp:
            with connection(scp) as peer:
                peer.sendall(words)
                assert read_to_end(peer) in (b"", bytes.fromhex("07 00 00000004 00 00 00 00"))
            assert wait_until(lambda: f"this port speaks DICOM, you spoke {spoken}" in remarks(trace))

    def test_a_length_of_4_gigabytes_is_not_waited_for(self, trace):
        with worklist(trace) as scp, connection(scp) as peer:
            peer.sendall(b"\x01\x00\xff\xff\xff\xff" + bytes(100))
            read_to_end(peer)
            assert wait_until(lambda: "the PDU says it has 4,294,967,295 bytes" in remarks(trace))

    def test_a_connection_that_ends_without_release_is_said(self, trace):
        with worklist(trace) as scp:
            with connection(scp) as peer:
                peer.sendall(association_request())
                assert peer.recv(1) == b"\x02"
            assert wait_until(lambda: "the connection ended without A-RELEASE or A-ABORT" in remarks(trace))

    def test_a_connection_of_which_the_system_says_nothing_does_not_end_the_listener(self, trace, monkeypatch):
        """macOS has no address for a connection that the peer has reset in the queue; `getsockname` raises EINVAL."""
        asked = threading.Event()

        def has_no_address(_):
            monkeypatch.undo()
            asked.set()
            raise OSError(errno.EINVAL, "Invalid argument")

        with worklist(trace) as scp:
            monkeypatch.setattr(socket.socket, "getsockname", has_no_address, raising=False)
            with socket.create_connection((scp.host, scp.port)) as peer:
                assert asked.wait(10)
                peer.settimeout(10)
                assert peer.recv(1) == b""
            with client(scp) as assoc:
                assert assoc.send_c_echo().Status == 0x0000

    def test_whatever_comes_no_thread_dies_and_the_next_client_is_served(self, trace):
        """pytest makes an exception in any thread a failure."""
        chance = random.Random(7)
        with worklist(trace, [worklist_item()], time_outs=IMPATIENT) as scp:
            for _ in range(60):
                with connection(scp) as peer, contextlib.suppress(OSError):
                    peer.sendall(damaged(association_request(), chance, rate=0.3))
                    for _ in range(3):
                        peer.sendall(damaged(chance.choice(PDUS), chance, rate=0.7))
            with client(scp) as assoc:
                assert assoc.send_c_echo().Status == 0x0000
            assert wait_until(lambda: not scp._server.active_associations)
        assert "(unreadable)" not in str(trace.show(details=True, raw=True))


class TestStartAndStop:
    def test_a_port_that_is_taken_is_named(self, trace):
        with worklist(trace) as first, pytest.raises(SetupError) as caught:
            archive(trace, port=first.port).start()
        assert f"port {first.port} is taken" in str(caught.value)
        assert "choose another port" in caught.value.next_step

    def test_a_title_that_is_none_is_refused(self, trace):
        for title in ("", "   ", "A" * 17, "A\\B", "É"):
            with pytest.raises(SetupError):
                worklist(trace, ae_title=title)

    def test_stop_may_be_called_again_and_start_after_it(self, trace):
        scp = worklist(trace)
        scp.stop()
        for _ in range(2):
            with scp.start(), client(scp) as assoc:
                assert assoc.send_c_echo().Status == 0x0000
            scp.stop()
        assert repr(scp) == "<WorklistScp RIS of RIS, stopped>"

    def test_stop_ends_associations_and_connections_of_every_state(self, trace):
        scp = worklist(trace).start()
        ae = AE(ae_title="SCANNER")
        ae.add_requested_context(VERIFICATION)
        assoc = ae.associate("127.0.0.1", scp.port, ae_title="RIS")
        with connection(scp) as idle, connection(scp) as half:
            half.sendall(association_request()[:20])
            assert wait_until(lambda: len(trace.conversations()) == 3)
            scp.stop()
            assert read_to_end(idle) == b""
            assert read_to_end(half) == b""
        assert wait_until(lambda: assoc.is_aborted)
        assoc.dul.join(10)
        assert [thread for thread in threading.enumerate() if ours(thread)] == []
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", scp.port), timeout=5)

    def test_stop_in_the_middle_of_an_answer(self, trace):
        scp = WorklistScp(
            lambda *_: ((0xFF00, worklist_item(number)) for number in itertools.count()),
            ae_title="RIS",
            trace=trace,
            system="RIS",
            clock=trace.clock,
            limit=None,
        )
        with scp, client(scp, WORKLIST) as assoc:
            answers = assoc.send_c_find(everything(), WORKLIST)
            next(answers)
            scp.stop()
            assert list(answers)[-1][0].get("Status") is None
        assert [thread for thread in threading.enumerate() if ours(thread)] == []

    def test_a_service_may_stop_its_own_acceptor(self, trace):
        scp = archive(trace, lambda _: scp.stop())
        with scp, client(scp, MRImageStorage) as assoc:
            assoc.send_c_store(mr_image())
            assert wait_until(lambda: not assoc.is_established)


def test_forty_clients_at_once_are_all_answered(trace):
    answers = []

    def one(number):
        with client(scp, WORKLIST, calling=f"MR{number}") as assoc:
            answers.append([status.Status for status, _ in assoc.send_c_find(everything(), WORKLIST)])

    with worklist(trace, [worklist_item()]) as scp:
        threads = [threading.Thread(target=one, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert answers == [[0xFF00, 0x0000]] * 40


def test_whoever_listens_sleeps_until_a_peer_or_the_end_comes(trace, monkeypatch):
    """No polling: so stopping waits for nothing, and an idle department costs nothing."""
    waits = []

    class Watched(selectors.DefaultSelector):
        def select(self, timeout=None):
            waits.append(timeout)
            return super().select(timeout)

    monkeypatch.setattr(selectors, "DefaultSelector", Watched)
    scp = worklist(trace)
    for _ in range(2):
        with scp.start():
            wait_until(lambda: waits)
            with client(scp) as association:
                assert association.send_c_echo().Status == 0
            wait_until(lambda: len(waits) >= 2)
        assert waits == [None, None]
        waits.clear()
    assert not [thread for thread in threading.enumerate() if thread.name == "dicom-RIS"]


def test_an_acceptor_is_stopped_before_its_thread_has_begun(trace):
    for _ in range(20):
        worklist(trace).start().stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "dicom-RIS"]
