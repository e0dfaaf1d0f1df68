import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from dicom_peers import MRImageStorage, everything, mr_image, remarks, wait_until, worklist_item
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)
from pynetdicom import AE, evt
from pynetdicom.acse import ACSE

from hl7dicom_lab.clock import CLASS_START, ClassClock
from hl7dicom_lab.errors import AssociationFailed, CannotBuild, CannotEncode, DicomFault, NoAnswer, Refused, SetupError
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.association import TimeOuts
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.storage_scp import StorageScp
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace


@pytest.fixture
def trace():
    return Trace(ClassClock())


#: How long the peers of these tests may take: they share the machine with others. A test of a peer that says nothing
#: takes less of what it waits for.
PATIENCE = TimeOuts(connection=20, association=20, message=20, idle=30, silence=20)


@pytest.fixture
def time_outs():
    return PATIENCE


@pytest.fixture
def scu(trace, time_outs):
    before = set(threading.enumerate())
    yield Scu("MR1", trace=trace, system="modality", clock=trace.clock, time_outs=time_outs)
    # A thread tells that its work is over a moment before it is gone.
    assert wait_until(lambda: set(threading.enumerate()) <= before), set(threading.enumerate()) - before


def worklist(trace, find=lambda *_: [(0xFF00, worklist_item())]):
    return WorklistScp(find, ae_title="RIS", trace=trace, system="RIS", clock=trace.clock)


def archive(trace, store=lambda _: None):
    return StorageScp(store, ae_title="PACS", trace=trace, system="PACS", clock=trace.clock)


@contextmanager
def other_scp(abstract_syntax, syntaxes, *handlers):
    """An acceptor that is not ours."""
    ae = AE(ae_title="OTHER")
    ae.add_supported_context(abstract_syntax, syntaxes)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=list(handlers))
    try:
        yield DicomAddress("127.0.0.1", server.server_address[1], "OTHER")
    finally:
        ae.shutdown()


@contextmanager
def silent_port(answer=b""):
    """A port where somebody listens who does not speak DICOM."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            peer, _ = listening.accept()
            with peer:
                peer.sendall(answer)
                while peer.recv(4096):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield DicomAddress("127.0.0.1", listening.getsockname()[1], "OTHER")
        thread.join(10)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class TestEcho:
    def test_both_sides_see_it_and_one_row_shows_it(self, trace, scu):
        with worklist(trace) as scp:
            scu.echo(scp.address)
        assert [row.decoded.kind for row in trace.rows()] == [
            "A-ASSOCIATE-RQ",
            "A-ASSOCIATE-AC",
            "C-ECHO-RQ",
            "C-ECHO-RSP",
            "A-RELEASE-RQ",
            "A-RELEASE-RP",
        ]
        assert [row.peer for row in trace.rows(system="modality")] == ["RIS"] * 6
        assert {row.system for row in trace.rows()} == {"RIS"}
        assert (trace.clock.now() - CLASS_START).seconds == 3

    def test_a_refusal_is_an_exception(self, scu):
        handler = (evt.EVT_C_ECHO, lambda _: 0x0210)
        with other_scp("1.2.840.10008.1.1", None, handler) as address, pytest.raises(Refused) as caught:
            scu.echo(address)
        assert (caught.value.answer, "Duplicate invocation" in caught.value.what) == ("0x0210", True)

    @pytest.mark.parametrize("time_outs", [replace(PATIENCE, message=0.5)])
    def test_no_answer_is_an_exception(self, scu):
        go_on = threading.Event()
        handler = (evt.EVT_C_ECHO, lambda _: go_on.wait(10) and 0x0000)
        with other_scp("1.2.840.10008.1.1", None, handler) as address:
            with pytest.raises(NoAnswer):
                scu.echo(address)
            go_on.set()


class TestNoAssociation:
    def test_nobody_listens(self, trace, scu):
        with pytest.raises(AssociationFailed, match="nobody answers on this host and port"):
            scu.echo(DicomAddress("127.0.0.1", free_port(), "RIS"))
        assert remarks(trace) == ["nobody answers on this host and port"]

    @pytest.mark.parametrize("address", [DicomAddress("127.0.0.1", 70000, "RIS"), DicomAddress("no.invalid", 104, "X")])
    def test_no_such_place(self, scu, address):
        with pytest.raises(AssociationFailed, match="nobody answers"):
            scu.echo(address)

    def test_a_wrong_title_is_told_in_the_standards_words(self, trace, scu):
        with worklist(trace) as scp, pytest.raises(AssociationFailed) as caught:
            scu.echo(DicomAddress(scp.host, scp.port, "WRONG"))
        assert "rejected-permanent: called AE title not recognized" in caught.value.what
        assert "WRONG is not it" in caught.value.next_step

    def test_a_refusal_is_told_though_the_other_side_has_hung_up_before_anybody_looked(self, scu, monkeypatch):
        send_request = ACSE.send_request

        def held_up(acse):
            send_request(acse)
            assert wait_until(lambda: not acse.assoc.dul.is_alive())  # refused, and closed

        monkeypatch.setattr(ACSE, "send_request", held_up)
        with (
            silent_port(bytes.fromhex("0300 00000004 00010107")) as address,
            pytest.raises(AssociationFailed) as caught,
        ):
            scu.echo(address)
        assert "rejected-permanent: called AE title not recognized" in caught.value.what

    def test_no_context_is_told_with_the_service(self, trace, scu):
        with archive(trace) as scp, pytest.raises(AssociationFailed) as caught:
            scu.find_worklist(scp.address, everything())
        assert "no presentation context was accepted for Modality Worklist" in caught.value.what

    @pytest.mark.parametrize("time_outs", [replace(PATIENCE, association=0.5)])
    def test_silence_on_the_port(self, scu):
        with silent_port() as address, pytest.raises(AssociationFailed, match=r"no answer to A-ASSOCIATE-RQ"):
            scu.echo(address)

    def test_an_abort_instead_of_an_answer(self, scu):
        abort = bytes.fromhex("07 00 00000004 00 00 00 00")
        with silent_port(abort) as address, pytest.raises(AssociationFailed, match="the other side aborted"):
            scu.echo(address)

    def test_another_protocol_on_the_port(self, trace, scu):
        with silent_port(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address, pytest.raises(AssociationFailed):
            scu.echo(address)
        assert "the other side speaks HTTP, not DICOM" in remarks(trace)

    def test_a_title_that_is_none(self, trace, scu):
        with pytest.raises(SetupError):
            Scu("", trace=trace, system="modality", clock=trace.clock)
        with pytest.raises(SetupError):
            scu.echo(DicomAddress("127.0.0.1", 104, "SEVENTEEN_LETTERS"))


class TestFindWorklist:
    def test_the_items_come_back_in_order(self, trace, scu):
        def find(query, conversation):
            assert (query.PatientID, conversation.peer) == ("MRN-*", "MR1")
            return [(0xFF00, worklist_item(number)) for number in (3, 1, 2)]

        query = everything()
        query.PatientID = "MRN-*"
        with worklist(trace, find) as scp:
            items = scu.find_worklist(scp.address, query)
        assert [item.AccessionNumber for item in items] == ["A3", "A1", "A2"]
        assert str(items[0].PatientName) == "Núñez^Ana"

    def test_a_refusal_has_status_and_comment(self, trace, scu):
        def find(_query, _conversation):
            raise DicomFault("a date has eight digits", status=0xA900, keyword="ScheduledProcedureStepStartDate")

        with worklist(trace, find) as scp, pytest.raises(Refused) as caught:
            scu.find_worklist(scp.address, everything())
        assert caught.value.answer == "0xA900"
        assert "data set does not match SOP Class: a date has eight digits" in caught.value.what

    def test_a_query_without_any_key_is_not_sent(self, trace, scu):
        with worklist(trace) as scp:
            for ask in (scu.find_worklist, scu.find_studies):
                with pytest.raises(CannotBuild, match="an identifier needs at least one key"):
                    ask(scp.address, Dataset())
        assert trace.conversations() == ()

    def test_text_outside_the_character_set_is_not_sent(self, trace, scu):
        query = everything()
        query.PatientName = "Núñez"
        with worklist(trace) as scp, pytest.raises(CannotEncode, match="PatientName"):
            scu.find_worklist(scp.address, query)
        assert trace.conversations() == ()


class TestStore:
    def test_each_travels_in_its_own_transfer_syntax(self, trace, scu):
        kept = []
        compressed = mr_image(4, syntax=RLELossless)
        compressed.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x04\0\0\0abcd"
        compressed["PixelData"].VR, compressed["PixelData"].is_undefined_length = "OB", True
        ct = mr_image(5)
        ct.SOPClassUID, ct.Modality = CTImageStorage, "CT"
        del ct.file_meta
        images = [mr_image(1), mr_image(2, syntax=ImplicitVRLittleEndian), mr_image(3, syntax=ExplicitVRBigEndian)]
        with archive(trace, kept.append) as scp:
            results = scu.store(scp.address, [*images, compressed, ct])
        assert [(one.status, one.words, one.stored) for one in results] == [(0x0000, "0x0000 Success", True)] * 5
        assert [one.sop_instance_uid for one in results] == [f"2.25.7.1.1.{number}" for number in range(1, 6)]
        assert [one.transfer_syntax_uid for one in kept] == [
            "1.2.840.10008.1.2.1",
            "1.2.840.10008.1.2",
            "1.2.840.10008.1.2.2",
            "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.1",
        ]
        assert len(trace.conversations()) == 1
        assert not hasattr(ct, "file_meta")

    def test_only_the_contexts_that_are_needed_are_proposed(self, trace, scu):
        with archive(trace) as scp:
            scu.store(scp.address, [mr_image(1), mr_image(2)])
        assert trace.rows()[1].decoded.summary == "2 of 2 contexts accepted"

    def test_a_peer_that_knows_the_default_syntax_only_gets_it_in_that(self, scu):
        handler = (evt.EVT_C_STORE, lambda _: 0x0000)
        with other_scp(MRImageStorage, ImplicitVRLittleEndian, handler) as address:
            (result,) = scu.store(address, [mr_image()])
        assert result.stored

    @pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
    def test_a_caller_may_choose_the_transfer_syntax_of_what_is_explicit_little_endian(self, scu, syntax):
        got = []
        handler = (evt.EVT_C_STORE, lambda event: got.append((event.context.transfer_syntax, event.dataset)) or 0x0000)
        image = mr_image()
        with other_scp(MRImageStorage, [syntax], handler) as address:
            (result,) = scu.store(address, [image], transfer_syntaxes=(syntax,))
        assert result.stored
        assert [(used, str(one.PatientName)) for used, one in got] == [(syntax, "Yamada^Tarou=山田^太郎")]
        assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian, "the caller's own stays as it is"

    def test_a_refusal_and_a_missing_context_are_results(self, trace, scu):
        def store(received):
            if received.sop_instance_uid.endswith(".1"):
                raise DicomFault("the archive is full", status=0xA700)

        foreign = mr_image(3)
        foreign.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
        with archive(trace, store) as scp:
            results = scu.store(scp.address, [mr_image(1), mr_image(2), foreign])
        assert [(one.status, one.stored) for one in results] == [(0xA700, False), (0x0000, True), (None, False)]
        assert (results[0].words, results[0].comment) == ("0xA700 Refused: out of resources", "the archive is full")
        assert results[2].words.startswith("not sent: no presentation context for Segmentation Storage in Explicit VR")

    def test_what_cannot_be_put_into_a_request_is_no_missing_context(self, trace, scu):
        endless = mr_image(1)
        endless.SOPInstanceUID = "1." * 33 + "1"
        with archive(trace) as scp:
            results = scu.store(scp.address, [endless, mr_image(2)])
        assert [one.stored for one in results] == [False, True]
        assert results[0].words.startswith("not sent: ")
        assert "UID" in results[0].words
        assert "presentation context" not in results[0].words

    def test_what_follows_an_abort_is_told_apart(self, scu):
        def store(event):
            if event.request.MessageID == 2:
                event.assoc.abort()
            return 0x0000

        with other_scp(MRImageStorage, None, (evt.EVT_C_STORE, store)) as address:
            results = scu.store(address, [mr_image(1), mr_image(2), mr_image(3)])
        assert [one.status for one in results] == [0x0000, None, None]
        assert "nobody knows" in results[1].words
        assert "not sent" in results[2].words

    def test_nothing_is_sent_that_cannot_be(self, trace, scu):
        latin = mr_image()
        latin.SpecificCharacterSet = "ISO_IR 100"
        with archive(trace) as scp:
            with pytest.raises(CannotEncode, match="PatientName"):
                scu.store(scp.address, [mr_image(2), latin])
            with pytest.raises(CannotBuild, match="SOPClassUID"):
                scu.store(scp.address, [Dataset()])
            assert scu.store(scp.address, []) == ()
        assert trace.conversations() == ()

    def test_compressed_images_are_not_offered_in_the_default_syntax(self, scu):
        image = mr_image(syntax=JPEG2000Lossless)
        with other_scp(MRImageStorage, ImplicitVRLittleEndian) as address, pytest.raises(AssociationFailed):
            scu.store(address, [image])
