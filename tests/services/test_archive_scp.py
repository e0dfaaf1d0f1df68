"""Storing and asking at one AE title and one port."""

import threading

import pytest
from dicom_peers import VERIFICATION, client, encoded, exchange, mr_image, remarks, wait_until
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage
from pynetdicom.dimse_primitives import C_FIND, C_STORE

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom.study_query import StudyQuery
from hl7dicom_lab.errors import AssociationFailed, Refused
from hl7dicom_lab.services.archive_scp import ArchiveScp
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.trace import Trace

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


@pytest.fixture
def trace():
    return Trace(ClassClock())


@pytest.fixture
def kept():
    return []


@pytest.fixture
def scp(trace, kept):
    def find(query, _conversation):
        compiled = StudyQuery(query)
        for one in kept:
            yield compiled.response({"StudyInstanceUID": ("2.25.7",), "AccessionNumber": (one.sop_instance_uid,)})

    with ArchiveScp(
        kept.append, find, limit=2, ae_title="PACS", trace=trace, system="PACS", clock=trace.clock
    ) as listening:
        yield listening


def studies():
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID, query.AccessionNumber = "STUDY", "", ""
    return query


def statuses(answers):
    return [status.Status for status, _ in answers]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_one_association_stores_and_asks(scp, syntax):
    with client(scp, MRImageStorage, STUDY_ROOT, VERIFICATION, syntaxes=[syntax]) as assoc:
        assert statuses(assoc.send_c_find(studies(), STUDY_ROOT)) == [0x0000]
        assert assoc.send_c_store(mr_image(syntax=syntax)).Status == 0x0000
        answers = list(assoc.send_c_find(studies(), STUDY_ROOT))
        assert assoc.send_c_echo().Status == 0x0000
    assert statuses(answers) == [0xFF00, 0x0000]
    assert answers[0][1].AccessionNumber == "2.25.7.1.1.1"


def test_the_other_models_and_retrieval_are_not_offered(scp):
    with client(scp, STUDY_ROOT, PATIENT_ROOT, STUDY_ROOT_MOVE) as assoc:
        assert [one.abstract_syntax for one in assoc.accepted_contexts] == [STUDY_ROOT]
        assert {one.abstract_syntax for one in assoc.rejected_contexts} == {PATIENT_ROOT, STUDY_ROOT_MOVE}


@pytest.mark.parametrize("wrong", [0, 1])
def test_each_context_takes_its_own_operation_only(scp, kept, wrong):
    """A C-STORE on the query's context, and a C-FIND on an image's: each names the context's own SOP class."""
    with client(scp, STUDY_ROOT, MRImageStorage, syntaxes=[ExplicitVRLittleEndian]) as assoc:
        contexts = {one.abstract_syntax: one.context_id for one in assoc.accepted_contexts}
        sop_class = (STUDY_ROOT, MRImageStorage)[wrong]
        request = (C_STORE, C_FIND)[wrong]()
        request.MessageID, request.Priority, request.AffectedSOPClassUID = 1, 2, sop_class
        if wrong == 0:
            request.AffectedSOPInstanceUID, request.DataSet = "2.25.7.1.1.1", encoded(mr_image())
        else:
            request.Identifier = encoded(studies())
        answer = exchange(assoc, request, contexts[sop_class])
        assert answer.Status == 0x0211
        assert kept == []
        assert statuses(assoc.send_c_find(studies(), STUDY_ROOT)) == [0x0000]


def test_a_refusal_names_the_attribute_and_the_next_query_is_served(scp, trace):
    query = studies()
    query.QueryRetrieveLevel = "PATIENT"
    with client(scp, STUDY_ROOT) as assoc:
        ((answer, _),) = assoc.send_c_find(query, STUDY_ROOT)
        assert (answer.Status, answer.OffendingElement) == (0xA900, 0x00080052)
        assert answer.ErrorComment == "'PATIENT' is no level of the Study Root model"
        assert statuses(assoc.send_c_find(studies(), STUDY_ROOT)) == [0x0000]
    assert any("PATIENT" in what for what in remarks(trace))


def test_more_than_the_limit_is_said_and_the_matches_are_sent(scp, kept):
    with client(scp, STUDY_ROOT, MRImageStorage) as assoc:
        for number in (1, 2, 3):
            assoc.send_c_store(mr_image(number))
        assert statuses(assoc.send_c_find(studies(), STUDY_ROOT)) == [0xFF00, 0xFF00, 0xA700]
    assert len(kept) == 3


def test_a_cancel_ends_the_matches_of_a_query(trace):
    cancelled = threading.Event()

    def find(query, _conversation):
        compiled = StudyQuery(query)
        yield compiled.response({})
        assert cancelled.wait(10)
        while True:
            yield compiled.response({})

    options = {"ae_title": "PACS", "trace": trace, "system": "PACS", "clock": trace.clock}
    with ArchiveScp(lambda _: None, find, **options) as scp, client(scp, STUDY_ROOT) as assoc:
        answers = assoc.send_c_find(studies(), STUDY_ROOT, msg_id=5)
        seen = [next(answers)[0].Status]
        assoc.send_c_cancel(5, query_model=STUDY_ROOT)
        (server,) = scp._server.active_associations
        assert wait_until(lambda: server.dimse.is_cancelled(5))
        cancelled.set()
        seen += statuses(answers)
    assert (seen[0], seen[-1]) == (0xFF00, 0xFE00)


def test_our_own_client_asks_and_the_trace_tells_it(scp, trace):
    scu = Scu("WORKSTATION", trace=trace, system="workstation", clock=trace.clock)
    scu.store(scp.address, [mr_image()])
    query = studies()
    query.AccessionNumber = "2.25.*"
    (study,) = scu.find_studies(scp.address, query)
    assert (study.QueryRetrieveLevel, study.StudyInstanceUID) == ("STUDY", "2.25.7")
    shown = [(row.decoded.kind, row.decoded.summary) for row in trace.rows() if row.decoded.kind.startswith("C-FIND")]
    assert shown == [
        (
            "C-FIND-RQ",
            "Study Root Query/Retrieve Information Model - FIND: AccessionNumber=2.25.*, QueryRetrieveLevel=STUDY",
        ),
        ("C-FIND-RSP", "0xFF00 Pending: 2.25.7.1.1.1"),
        ("C-FIND-RSP", "0x0000 Success"),
    ]


def test_our_own_client_says_why_it_got_nothing(scp, trace):
    scu = Scu("WORKSTATION", trace=trace, system="workstation", clock=trace.clock)
    query = studies()
    del query.QueryRetrieveLevel
    with pytest.raises(Refused) as caught:
        scu.find_studies(scp.address, query)
    assert "0xA900" in str(caught.value)
    assert "the query has no QueryRetrieveLevel" in str(caught.value)
    with pytest.raises(AssociationFailed):
        scu.find_worklist(scp.address, studies())
