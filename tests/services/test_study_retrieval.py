"""C-GET: a study comes on the association that asked for it, byte for byte; what goes wrong is told in words."""

from contextlib import contextmanager

import pytest
from dicom_peers import encoded, mr_image
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE, evt

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.dicom.sop_classes import STUDY_ROOT_GET
from hl7dicom_lab.errors import AssociationFailed, Refused
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.study_retrieval import retrieve_study
from hl7dicom_lab.trace import Trace


@pytest.fixture
def trace():
    return Trace(ClassClock())


@pytest.fixture
def scu(trace):
    return Scu("PACS", trace=trace, system="PACS", clock=trace.clock)


@contextmanager
def archive(get, sop_class=MRImageStorage):
    """An archive that is not ours; `get` yields what pynetdicom's handler of C-GET yields."""
    ae = AE(ae_title="OTHER")
    ae.add_supported_context(STUDY_ROOT_GET)
    ae.add_supported_context(sop_class, ExplicitVRLittleEndian, scu_role=True, scp_role=True)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_GET, get)])
    try:
        yield DicomAddress("127.0.0.1", server.server_address[1], "OTHER")
    finally:
        ae.shutdown()


def sends(*images):
    def get(event):
        assert event.identifier.StudyInstanceUID == "2.25.7.1"
        yield len(images)
        for image in images:
            yield 0xFF00, image

    return get


def test_every_image_comes_with_its_bytes_as_they_are(scu, trace):
    images = [mr_image(number, syntax=ExplicitVRLittleEndian) for number in (1, 2, 3)]
    came = []
    with archive(sends(*images)) as address:
        retrieve_study(scu, address, "2.25.7.1", [MRImageStorage], lambda one: came.append(one) or 0x0000)
    assert [one.sop_instance_uid for one in came] == [image.SOPInstanceUID for image in images]
    assert [one.data_set for one in came] == [encoded(image, ExplicitVRLittleEndian).getvalue() for image in images]
    assert {one.calling_ae_title for one in came} == {"OTHER"}
    kinds = [row.decoded.kind for row in trace.rows()]
    assert kinds.count("C-STORE-RQ") == kinds.count("C-STORE-RSP") == 3
    assert kinds[-1] == "A-RELEASE-RP"


def test_what_is_not_kept_is_answered_so_and_the_others_come(scu, trace):
    came = []

    def keep(one):
        came.append(one)
        return 0xA700 if len(came) == 1 else 0x0000

    images = [mr_image(number, syntax=ExplicitVRLittleEndian) for number in (1, 2)]
    with archive(sends(*images)) as address, pytest.raises(Refused, match="0xB000"):
        retrieve_study(scu, address, "2.25.7.1", [MRImageStorage], keep)
    assert len(came) == 2
    assert [row.decoded.status for row in trace.rows() if row.decoded.kind.startswith("C-STORE-RSP")] == [0xA700, 0]


def test_a_study_that_is_not_there_is_refused_with_its_status(scu):
    def get(_):
        yield 1
        yield 0xA900, None

    with archive(get) as address, pytest.raises(Refused, match="C-GET was refused with 0xA900"):
        retrieve_study(scu, address, "2.25.7.1", [MRImageStorage], lambda _: 0x0000)


def test_an_archive_without_c_get_is_told_apart(scu):
    ae = AE(ae_title="OTHER")
    ae.add_supported_context(CTImageStorage)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    try:
        address = DicomAddress("127.0.0.1", server.server_address[1], "OTHER")
        with pytest.raises(AssociationFailed, match="no presentation context was accepted for Study Root"):
            retrieve_study(scu, address, "2.25.7.1", [MRImageStorage], lambda _: 0x0000)
    finally:
        ae.shutdown()
