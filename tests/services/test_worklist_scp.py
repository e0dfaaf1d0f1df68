import threading
from io import BytesIO

import pytest
from dicom_bytes import find_rq
from dicom_peers import WORKLIST, client, encoded, everything, exchange, remarks, wait_until, worklist_item
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dimse_primitives import C_FIND
from raw_dicom import RELEASE_RQ, RawAssociation, keys, p_data

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace


@pytest.fixture
def trace():
    return Trace(ClassClock())


def worklist(trace, find, **options):
    return WorklistScp(find, **{"ae_title": "RIS", "trace": trace, "system": "RIS", "clock": trace.clock} | options)


def ask(assoc, query=None):
    return list(assoc.send_c_find(query or everything(), WORKLIST))


def statuses(answers):
    return [status.Status for status, _ in answers]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_each_match_is_pending_and_success_ends_them(trace, syntax):
    asked = []

    def find(query, conversation):
        asked.append((query, conversation.peer))
        yield 0xFF00, worklist_item(1)
        yield 0xFF01, worklist_item(2)

    query = everything()
    query.PatientID = "MRN-*"
    with worklist(trace, find) as scp, client(scp, WORKLIST, syntaxes=[syntax], calling="MR1") as assoc:
        answers = ask(assoc, query)
    assert statuses(answers) == [0xFF00, 0xFF01, 0x0000]
    assert [item.AccessionNumber for _, item in answers[:2]] == ["A1", "A2"]
    assert str(answers[0][1].PatientName) == "Núñez^Ana"
    assert [(one.PatientID, calling) for one, calling in asked] == [("MRN-*", "MR1")]


def test_nothing_found_is_success(trace):
    with worklist(trace, lambda *_: []) as scp, client(scp, WORKLIST) as assoc:
        assert statuses(ask(assoc)) == [0x0000]


def test_a_query_is_decoded_with_its_own_character_set(trace):
    asked = []

    def find(query, _conversation):
        asked.append(str(query.PatientName))
        return []

    query = everything()
    query.SpecificCharacterSet, query.PatientName = "ISO_IR 100", "Núñez*"
    with worklist(trace, find) as scp, client(scp, WORKLIST) as assoc:
        assert statuses(ask(assoc, query)) == [0x0000]
    assert asked == ["Núñez*"]


def raw_query(assoc, identifier):
    request = C_FIND()
    request.MessageID, request.AffectedSOPClassUID, request.Priority = 1, WORKLIST, 2
    request.Identifier = identifier
    return exchange(assoc, request, context_id=1)


def test_text_outside_its_character_set_is_refused_with_its_tag(trace):
    declared = Dataset()
    declared.SpecificCharacterSet = "ISO_IR 192"
    name = bytes.fromhex("1000 1000") + b"PN\x04\x00N\xff\xfe*"
    with worklist(trace, lambda *_: []) as scp, client(scp, WORKLIST, syntaxes=[ExplicitVRLittleEndian]) as assoc:
        answer = raw_query(assoc, BytesIO(encoded(declared).getvalue() + name))
    assert (answer.Status, answer.OffendingElement) == (0xA900, 0x00100010)


def test_an_identifier_that_cannot_be_decoded_is_refused(trace):
    found, explicit = [], [ExplicitVRLittleEndian]
    scp = worklist(trace, lambda query, _: found.append(query) or [])
    with scp, client(scp, WORKLIST, syntaxes=explicit) as assoc:
        whole = encoded(worklist_item()).getvalue()
        answer = raw_query(assoc, BytesIO(whole[:-1]))
        assert answer.Status == 0xC000
        assert answer.ErrorComment
        assert statuses(ask(assoc)) == [0x0000]
    assert len(found) == 1


def test_a_refusal_carries_its_status_and_names_the_attribute(trace):
    def find(_query, _conversation):
        raise DicomFault(
            "the date is none: 2026-03-02 has dashes, and this comment is longer than sixty-four characters",
            status=0xA900,
            keyword="ScheduledProcedureStepStartDate",
            next_step="write dates as YYYYMMDD",
        )

    with worklist(trace, find) as scp, client(scp, WORKLIST) as assoc:
        ((answer, _),) = ask(assoc)
    assert (answer.Status, answer.OffendingElement) == (0xA900, 0x00400002)
    assert answer.ErrorComment == "the date is none: 2026-03-02 has dashes, and this comment is longer"[:64]
    (remark,) = [remark for row in trace.rows() for remark in row.remarks]
    assert remark.what.startswith("ScheduledProcedureStepStartDate: the date is none")
    assert (remark.rule, remark.repair) == ("answered with status 0xA900", "write dates as YYYYMMDD")


def test_a_service_that_fails_answers_c001_and_serves_the_next(trace):
    calls = []

    def find(_query, _conversation):
        calls.append(1)
        yield 0xFF00, worklist_item()
        if len(calls) == 1:
            raise ZeroDivisionError("Ä\\ no")

    with worklist(trace, find) as scp, client(scp, WORKLIST) as assoc:
        first, second = ask(assoc), ask(assoc)
    assert statuses(first) == [0xFF00, 0xC001]
    assert first[-1][0].ErrorComment == "the service failed: ZeroDivisionError: ?/ no"
    assert statuses(second) == [0xFF00, 0x0000]
    assert "the service failed: ZeroDivisionError: Ä\\ no" in remarks(trace)


def test_an_answer_that_cannot_be_encoded_is_never_altered(trace):
    item = worklist_item(SpecificCharacterSet="ISO_IR 100", PatientName="山田^太郎")
    with worklist(trace, lambda *_: [(0xFF00, item)]) as scp, client(scp, WORKLIST) as assoc:
        assert statuses(ask(assoc)) == [0xC001]
    assert any("PatientName" in what for what in remarks(trace))


def test_a_status_that_is_not_pending_is_a_fault_of_the_service(trace):
    with worklist(trace, lambda *_: [(0x0000, worklist_item())]) as scp, client(scp, WORKLIST) as assoc:
        assert statuses(ask(assoc)) == [0xC001]


def test_more_than_the_limit_is_said(trace):
    def find(*_):
        return ((0xFF00, worklist_item(number)) for number in range(10))

    with worklist(trace, find, limit=3) as scp, client(scp, WORKLIST) as assoc:
        answers = ask(assoc)
        assert statuses(answers) == [0xFF00] * 3 + [0xA700]
        assert "more than 3 match" in answers[-1][0].ErrorComment
    with worklist(trace, find, limit=10) as scp, client(scp, WORKLIST) as assoc:
        assert statuses(ask(assoc)) == [0xFF00] * 10 + [0x0000]
    with worklist(trace, find, limit=None) as scp, client(scp, WORKLIST) as assoc:
        assert statuses(ask(assoc)) == [0xFF00] * 10 + [0x0000]


def test_a_cancel_ends_the_matches(trace):
    cancelled = threading.Event()

    def find(*_):
        yield 0xFF00, worklist_item(1)
        assert cancelled.wait(10)
        while True:
            yield 0xFF00, worklist_item(2)

    with worklist(trace, find) as scp, client(scp, WORKLIST) as assoc:
        answers = assoc.send_c_find(everything(), WORKLIST, msg_id=5)
        seen = [next(answers)[0].Status]
        assoc.send_c_cancel(5, query_model=WORKLIST)
        (server,) = scp._server.active_associations
        assert wait_until(lambda: server.dimse.is_cancelled(5))
        cancelled.set()
        seen += [status.Status for status, _ in answers]
    assert (seen[0], seen[-1]) == (0xFF00, 0xFE00)
    assert "C-CANCEL-RQ" in [row.decoded.kind for row in trace.rows()]


def test_an_abort_in_the_middle_ends_the_search(trace):
    yielded = []

    def find(*_):
        for number in range(1_000_000):
            yielded.append(number)
            yield 0xFF00, worklist_item(number)

    with worklist(trace, find, limit=None) as scp:
        with client(scp, WORKLIST) as assoc:
            next(assoc.send_c_find(everything(), WORKLIST))
            assoc.abort()
        assert wait_until(lambda: not scp._server.active_associations)
    assert len(yielded) < 1_000_000


def test_a_peer_that_asks_to_release_amid_its_answers_and_goes_ends_the_search(trace):
    ended = threading.Event()

    def find(*_):
        try:
            while True:
                yield 0xFF00, worklist_item(1)
        finally:
            ended.set()

    with worklist(trace, find, limit=None) as scp:
        peer = RawAssociation(scp.address, {1: WORKLIST})
        peer.socket.sendall(p_data(1, find_rq(WORKLIST), keys(t00100010="")) + RELEASE_RQ)
        peer.read_pdu()
        peer.close()
        assert ended.wait(20)
