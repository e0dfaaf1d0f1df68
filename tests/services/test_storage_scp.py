import hashlib
import threading
import time
from io import BytesIO

import pytest
import raw_dicom as raw
from dicom_bytes import SECONDARY_CAPTURE
from dicom_peers import client, encoded, exchange, mr_image, remarks, wait_until
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    MRImageStorage,
    RLELossless,
)
from pynetdicom.dimse_primitives import C_STORE

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom.instance import CheckedInstance
from hl7dicom_lab.dicom.sop_classes import COMPRESSED, DOCUMENT_STORAGE, IMAGE_STORAGE, UNCOMPRESSED
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.services import event_reactor
from hl7dicom_lab.services.storage_scp import StorageScp
from hl7dicom_lab.trace import Trace


@pytest.fixture
def trace():
    return Trace(ClassClock())


def archive(trace, store):
    return StorageScp(store, ae_title="PACS", trace=trace, system="PACS", clock=trace.clock)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_instance_is_handed_on_with_its_bytes_as_they_came(trace, syntax):
    kept = []
    image = mr_image(syntax=syntax)
    with archive(trace, kept.append) as scp, client(scp, MRImageStorage, syntaxes=[syntax], calling="MR1") as assoc:
        assert assoc.send_c_store(image).Status == 0x0000
    sent = encoded(image, syntax).getvalue()
    assert kept == [CheckedInstance(MRImageStorage, "2.25.7.1.1.1", syntax, sent, "MR1")]
    assert kept[0].header.StudyInstanceUID == image.StudyInstanceUID


def test_compressed_pixels_are_kept_as_they_are(trace):
    kept = []
    image = mr_image(syntax=RLELossless)
    image.PixelData = encapsulate([b"\x01\x02\x03\x04"])
    image["PixelData"].VR, image["PixelData"].is_undefined_length = "OB", True
    with archive(trace, kept.append) as scp, client(scp, MRImageStorage, syntaxes=[RLELossless]) as assoc:
        assert assoc.send_c_store(image).Status == 0x0000
    assert (kept[0].transfer_syntax_uid, b"\x01\x02\x03\x04" in kept[0].data_set) == (RLELossless, True)


def test_the_common_classes_and_syntaxes_are_accepted_and_deflated_never(trace):
    with archive(trace, lambda _: None) as scp:
        with client(scp, *IMAGE_STORAGE, *DOCUMENT_STORAGE) as assoc:
            assert (len(assoc.accepted_contexts), assoc.rejected_contexts) == (27, [])
        for syntax in (*UNCOMPRESSED, *COMPRESSED):
            with client(scp, CTImageStorage, syntaxes=[syntax]) as assoc:
                assert [context.transfer_syntax for context in assoc.accepted_contexts] == [[syntax]]
        with client(scp, CTImageStorage, syntaxes=[DeflatedExplicitVRLittleEndian]) as assoc:
            assert [context.result for context in assoc.rejected_contexts] == [4]
        with client(scp, EncapsulatedPDFStorage, syntaxes=[JPEG2000Lossless]) as assoc:
            assert [context.result for context in assoc.rejected_contexts] == [4]


def test_success_leaves_only_after_the_instance_is_safe(trace):
    storing, safe, answers = threading.Event(), threading.Event(), []

    def store(_received):
        storing.set()
        assert safe.wait(10)

    with archive(trace, store) as scp, client(scp, MRImageStorage) as assoc:
        sender = threading.Thread(target=lambda: answers.append(assoc.send_c_store(mr_image()).Status))
        sender.start()
        assert storing.wait(10)
        assert "C-STORE-RSP" not in [row.decoded.kind for row in trace.rows()]
        safe.set()
        sender.join(10)
    assert answers == [0x0000]


@pytest.mark.parametrize(
    ("error", "status", "comment"),
    [
        (DicomFault("the archive is full", status=0xA700), 0xA700, "the archive is full"),
        (OSError("no such device"), 0xC001, "the service failed: OSError: no such device"),
    ],
)
def test_what_was_not_kept_is_not_acknowledged(trace, error, status, comment):
    def store(_received):
        raise error

    with archive(trace, store) as scp, client(scp, MRImageStorage) as assoc:
        answer = assoc.send_c_store(mr_image())
    assert (answer.Status, answer.ErrorComment) == (status, comment)
    assert comment in remarks(trace)


def send_raw(assoc, data_set, *, instance="2.25.7.1.1.1"):
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = MRImageStorage, instance
    request.DataSet = data_set
    return exchange(assoc, request, context_id=1)


def short_pixels():
    image = mr_image()
    image.Rows = 5
    return encoded(image)


def cut_short():
    return BytesIO(encoded(mr_image()).getvalue()[:-7])


@pytest.mark.parametrize(
    ("data_set", "instance", "status", "offending"),
    [
        (encoded(mr_image(2)), "2.25.7.1.1.1", 0xA900, 0x00080018),
        (encoded(mr_image()), "../../etc/passwd", 0xC002, 0x00080018),
        (encoded(mr_image()), "2.25.007", 0xC002, 0x00080018),
        (cut_short(), "2.25.7.1.1.1", 0xC000, None),
        (short_pixels(), "2.25.7.1.1.1", 0xC003, 0x7FE00010),
    ],
)
def test_what_contradicts_itself_never_reaches_the_archive(trace, data_set, instance, status, offending):
    kept = []
    explicit = [ExplicitVRLittleEndian]
    with archive(trace, kept.append) as scp, client(scp, MRImageStorage, syntaxes=explicit) as assoc:
        answer = send_raw(assoc, data_set, instance=instance)
        assert answer.Status == status
        assert answer.ErrorComment
        assert answer.OffendingElement == offending
        assert assoc.send_c_store(mr_image()).Status == 0x0000
    assert [one.sop_instance_uid for one in kept] == ["2.25.7.1.1.1"]


def test_an_abort_in_the_middle_of_a_store_keeps_nothing(trace):
    kept = []
    with archive(trace, kept.append) as scp:
        with client(scp, MRImageStorage) as assoc:
            request = C_STORE()
            request.MessageID, request.Priority = 1, 2
            request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = MRImageStorage, "2.25.7.1.1.1"
            request.DataSet = encoded(mr_image(size=256))
            send, sent = assoc.dul.send_pdu, []

            def half(primitive):
                sent.append(primitive)
                if len(sent) < 2:
                    send(primitive)

            assoc.dul.send_pdu = half
            assoc.dimse.send_msg(request, 1)
            assoc.dul.send_pdu = send
            assoc.abort()
        assert wait_until(lambda: "A-ABORT" in [row.decoded.kind for row in trace.rows()])
    assert kept == []
    assert [row.decoded.summary for row in trace.rows() if row.decoded.kind == "C-STORE-RQ"] == [
        "MR Image Storage 2.25.7.1.1.1, Explicit VR Little Endian, 0 bytes (not complete)"
    ]


@pytest.mark.parametrize("reactor", ["", "polling"])
def test_an_image_that_comes_in_pieces_of_any_size_is_whole_and_has_its_digest(trace, monkeypatch, reactor):
    monkeypatch.setenv(event_reactor.VARIABLE, reactor)
    kept = []
    sent = raw.image("2.25.7.1", study="2.25.7", number=1, patient="P1", accession="A1", size=600)
    store = raw.p_data(1, raw.store_command("2.25.7.1"), sent)
    pieces = [store[:3], store[3:7], store[7:200], store[200:100_000], store[100_000:-1], store[-1:]]
    with archive(trace, kept.append) as scp, raw.RawAssociation(scp.address, {1: SECONDARY_CAPTURE}) as peer:
        for piece in pieces:
            peer.socket.sendall(piece)
            time.sleep(0.02)  # so that it comes by itself
        assert peer.responses()[-1].status == 0x0000
    assert (kept[0].data_set, kept[0].digest) == (sent, hashlib.sha256(sent).hexdigest())
