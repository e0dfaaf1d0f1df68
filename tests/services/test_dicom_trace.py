from dicom_peers import everything, mr_image, worklist_item

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import DicomFault
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.storage_scp import StorageScp
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace


def morning():
    """A scanner tests the connection, asks for its worklist and sends two images, one of them twice."""
    trace = Trace(ClassClock())
    seen = set()

    def store(received):
        if received.sop_instance_uid in seen:
            raise DicomFault("another content is stored under this UID", status=0xC001, keyword="SOPInstanceUID")
        seen.add(received.sop_instance_uid)

    common = {"trace": trace, "clock": trace.clock}
    scanner = Scu("MR1", system="modality", **common)
    with (
        WorklistScp(lambda *_: [(0xFF00, worklist_item())], ae_title="RIS", system="RIS", **common) as worklist,
        StorageScp(store, ae_title="PACS", system="PACS", **common) as archive,
    ):
        scanner.echo(worklist.address)
        query = everything()
        query.PatientID = "MRN-*"
        scanner.find_worklist(worklist.address, query)
        scanner.store(archive.address, [mr_image(1), mr_image(2), mr_image(1)])
    return trace


def test_two_mornings_look_the_same_in_every_form():
    first, second = morning(), morning()
    for form in (
        {},
        {"details": True, "raw": True},
        {"system": "modality", "details": True, "raw": True},
    ):
        one, other = first.show(**form), second.show(**form)
        assert str(one) == str(other)
        assert one._repr_html_() == other._repr_html_()


MWL = "Modality Worklist Information Model - FIND"
IMAGE = "MR Image Storage 2.25.7.1.1.{}, Explicit VR Little Endian, 314 bytes"
REFUSED = "another content is stored under this UID"


def test_the_table_reads_as_the_standard_speaks():
    rows = [
        (row.connection, f"{row.time:%S}", row.sender, row.receiver, row.decoded.kind, row.decoded.summary)
        for row in morning().rows()
    ]
    assert rows == [
        (1, "01", "MR1", "RIS", "A-ASSOCIATE-RQ", "MR1 asks RIS for Verification SOP Class"),
        (1, "02", "RIS", "MR1", "A-ASSOCIATE-AC", "1 of 1 context accepted"),
        (1, "02", "MR1", "RIS", "C-ECHO-RQ", "Verification SOP Class"),
        (1, "03", "RIS", "MR1", "C-ECHO-RSP", "0x0000 Success"),
        (1, "03", "MR1", "RIS", "A-RELEASE-RQ", "asks to end the association"),
        (1, "03", "RIS", "MR1", "A-RELEASE-RP", "the association has ended"),
        (2, "04", "MR1", "RIS", "A-ASSOCIATE-RQ", f"MR1 asks RIS for {MWL}"),
        (2, "05", "RIS", "MR1", "A-ASSOCIATE-AC", "1 of 1 context accepted"),
        (2, "05", "MR1", "RIS", "C-FIND-RQ", f"{MWL}: PatientID=MRN-*"),
        (2, "06", "RIS", "MR1", "C-FIND-RSP", "0xFF00 Pending: Núñez^Ana, MRN-1, A1"),
        (2, "06", "RIS", "MR1", "C-FIND-RSP", "0x0000 Success"),
        (2, "06", "MR1", "RIS", "A-RELEASE-RQ", "asks to end the association"),
        (2, "06", "RIS", "MR1", "A-RELEASE-RP", "the association has ended"),
        (3, "07", "MR1", "PACS", "A-ASSOCIATE-RQ", "MR1 asks PACS for MR Image Storage"),
        (3, "08", "PACS", "MR1", "A-ASSOCIATE-AC", "2 of 2 contexts accepted"),
        (3, "08", "MR1", "PACS", "C-STORE-RQ", IMAGE.format(1)),
        (3, "09", "PACS", "MR1", "C-STORE-RSP", "0x0000 Success"),
        (3, "09", "MR1", "PACS", "C-STORE-RQ", IMAGE.format(2)),
        (3, "10", "PACS", "MR1", "C-STORE-RSP", "0x0000 Success"),
        (3, "10", "MR1", "PACS", "C-STORE-RQ", IMAGE.format(1)),
        (3, "11", "MR1", "PACS", "fault", f"SOPInstanceUID: {REFUSED}"),
        (3, "11", "PACS", "MR1", "C-STORE-RSP", f"0xC001 Error: cannot understand: {REFUSED}: (0008,0018)"),
        (3, "11", "MR1", "PACS", "A-RELEASE-RQ", "asks to end the association"),
        (3, "11", "PACS", "MR1", "A-RELEASE-RP", "the association has ended"),
    ]


def test_what_was_answered_is_in_the_trace_when_the_client_has_it():
    for _ in range(5):
        trace = morning()
        assert [row.decoded.kind for row in trace.rows()][-1] == "A-RELEASE-RP"
