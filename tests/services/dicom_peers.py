"""Peers for the tests of the DICOM services: small images, worklist items, clients of unmodified pynetdicom."""

import socket
import time
from contextlib import contextmanager
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE

from hl7dicom_lab.dicom.writing import write_data_set

VERIFICATION = "1.2.840.10008.1.1"
WORKLIST = "1.2.840.10008.5.1.4.31"


def wait_until(condition, seconds=10.0):
    """Wait for a condition that another thread brings about; whether it came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def mr_image(number=1, *, syntax=ExplicitVRLittleEndian, size=4):
    image = Dataset()
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, f"2.25.7.1.1.{number}"
    image.StudyInstanceUID, image.SeriesInstanceUID = "2.25.7", "2.25.7.1"
    image.PatientName, image.PatientID, image.Modality = "Yamada^Tarou=山田^太郎", "MRN-1", "MR"
    image.SeriesNumber, image.InstanceNumber = 1, number
    image.Rows = image.Columns = size
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.add_new("PixelData", "OW", bytes([number]) * (size * size * 2))
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = syntax
    return image


def worklist_item(number=1, **attributes):
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 192"
    item.PatientName, item.PatientID, item.AccessionNumber = "Núñez^Ana", f"MRN-{number}", f"A{number}"
    step = Dataset()
    step.Modality = "MR"
    item.ScheduledProcedureStepSequence = [step]
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def everything():
    """A query that matches every item and asks for the patient."""
    query = Dataset()
    query.PatientName, query.PatientID = "", ""
    return query


@contextmanager
def client(scp, *abstract_syntaxes, calling="SCANNER", called=None, syntaxes=None):
    """An association of an unmodified pynetdicom with one of our acceptors, established or not."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for abstract_syntax in abstract_syntaxes or (VERIFICATION,):
        ae.add_requested_context(abstract_syntax, syntaxes)
    assoc = ae.associate("127.0.0.1", scp.port, ae_title=called or scp.ae_title)
    try:
        yield assoc
    finally:
        if assoc.is_established:
            assoc.release()
        assoc.dul.join(10)


def exchange(assoc, primitive, context_id):
    """Send a DIMSE primitive as it is, whatever pynetdicom would say to it, and wait for the answer."""
    assoc._reactor_checkpoint.clear()
    assert wait_until(lambda: assoc._is_paused)
    assoc.dimse.send_msg(primitive, context_id)
    _, answer = assoc.dimse.get_msg(block=True)
    assoc._reactor_checkpoint.set()
    return answer


def encoded(data_set, syntax=ExplicitVRLittleEndian):
    return BytesIO(write_data_set(data_set, syntax))


@contextmanager
def connection(scp):
    with socket.create_connection(("127.0.0.1", scp.port), timeout=20) as peer:
        yield peer


def read_to_end(peer):
    """All bytes until the other side closes; a reset is an end too."""
    received = b""
    try:
        while data := peer.recv(4096):
            received += data
    except ConnectionResetError:
        pass
    return received


def remarks(trace):
    """Everything that the trace finds noteworthy."""
    return [remark.what for row in trace.rows() for remark in row.remarks]
