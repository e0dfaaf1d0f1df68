"""Our services before DCMTK, which shares no code with the library that they use."""

import re
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
from dcmtk import program, run
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1, MRImageStorage

from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import AssociationFailed, DicomFault, Refused
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.storage_scp import StorageScp
from hl7dicom_lab.services.worklist_scp import WorklistScp
from hl7dicom_lab.trace import Trace

pytestmark = pytest.mark.interop


@pytest.fixture
def trace():
    return Trace(ClassClock())


@pytest.fixture
def worklist(trace):
    def find(query, _conversation):
        if query.PatientID == "BAD":
            raise DicomFault("no such patient identifier", status=0xA900, keyword="PatientID")
        for number in (1, 2, 3):
            yield 0xFF00, item(number)

    with WorklistScp(find, ae_title="RIS", trace=trace, system="RIS", clock=trace.clock, limit=3) as scp:
        yield scp


@pytest.fixture
def archive(trace):
    kept = []

    def store(received):
        kept.append(received)

    with StorageScp(store, ae_title="PACS", trace=trace, system="PACS", clock=trace.clock) as scp:
        scp.kept = kept
        yield scp


@pytest.fixture
def scu(trace):
    return Scu("MR1", trace=trace, system="modality", clock=trace.clock)


def item(number):
    data_set, step = Dataset(), Dataset()
    data_set.SpecificCharacterSet, data_set.PatientName = "ISO_IR 100", f"Núñez^Ana{number}"
    data_set.PatientID, data_set.AccessionNumber = f"MRN-{number}", f"A{number}"
    step.Modality, step.ScheduledStationAETitle = "MR", "MR1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20260302", "0830"
    data_set.ScheduledProcedureStepSequence = [step]
    return data_set


def image(number=1, syntax=ExplicitVRLittleEndian):
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID, data_set.SOPInstanceUID = MRImageStorage, f"2.25.7.1.1.{number}"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "2.25.7", "2.25.7.1"
    data_set.PatientName, data_set.PatientID, data_set.Modality = "Yamada^Tarou=山田^太郎", "MRN-1", "MR"
    data_set.SeriesNumber, data_set.InstanceNumber = 1, number
    data_set.Rows = data_set.Columns = 64
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    data_set.add_new("PixelData", "OW", bytes(range(128)) * 64)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = syntax
    return data_set


def saved(folder, data_set):
    path = folder / f"{data_set.InstanceNumber}.dcm"
    dcmwrite(path, data_set, enforce_file_format=True)
    return path


class TestTheirClientsOurServices:
    def test_echoscu(self, worklist, archive):
        for scp in (worklist, archive):
            code, said = run("echoscu", "-v", "-aec", scp.ae_title, "127.0.0.1", scp.port)
            assert (code, "Received Echo Response (Success)" in said) == (0, True), said

    def test_echoscu_under_a_wrong_title(self, worklist):
        code, said = run("echoscu", "-aec", "WRONG", "127.0.0.1", worklist.port)
        assert code != 0
        assert "Called AE Title Not Recognized" in said

    def find(self, scp, *keys):
        arguments = [argument for key in keys for argument in ("-k", key)]
        return run("findscu", "-v", "-W", "-aec", "RIS", *arguments, "127.0.0.1", scp.port)[1]

    def test_findscu(self, worklist):
        said = self.find(worklist, "PatientName", "PatientID", "(0040,0100)[0].Modality=MR")
        assert re.findall(r"\(0010,0020\) LO \[(MRN-\d)", said) == ["MRN-1", "MRN-2", "MRN-3"]
        assert "Received Final Find Response (Success)" in said

    def test_findscu_is_told_why(self, worklist, trace):
        said = self.find(worklist, "PatientID=BAD")
        assert "Received Final Find Response (Error: DataSetDoesNotMatchSOPClass)" in said
        assert any("no such patient identifier" in row.decoded.summary for row in trace.rows())

    @pytest.mark.parametrize("proposed", ["-x=", "-xe", "-xb", "-xi"])
    def test_storescu_in_each_uncompressed_syntax(self, archive, tmp_path, proposed):
        paths = [saved(tmp_path, image(number)) for number in (1, 2, 3)]
        code, said = run("storescu", "-v", proposed, "-aec", "PACS", "127.0.0.1", archive.port, *paths)
        assert code == 0, said
        assert said.count("Received Store Response (Success)") == 3
        assert [one.sop_instance_uid for one in archive.kept] == [f"2.25.7.1.1.{number}" for number in (1, 2, 3)]

    def test_storescu_with_compressed_pixels(self, archive, tmp_path):
        path, compressed = saved(tmp_path, image()), tmp_path / "compressed.dcm"
        assert run("dcmcjpeg", "+e1", path, compressed)[0] == 0
        code, said = run("storescu", "-v", "-xs", "-aec", "PACS", "127.0.0.1", archive.port, compressed)
        assert code == 0, said
        (kept,) = archive.kept
        assert kept.transfer_syntax_uid == JPEGLosslessSV1
        assert kept.data_set == compressed.read_bytes()[-len(kept.data_set) :]


@contextmanager
def their(name, *arguments, ae_title, scu):
    """One of DCMTK's acceptors on a free port, ready to be asked."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    process = subprocess.Popen(
        [program(name), *map(str, arguments), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = DicomAddress("127.0.0.1", port, ae_title)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                scu.echo(address)
                break
            except AssociationFailed:
                assert time.monotonic() < deadline
                assert process.poll() is None
        yield address
    finally:
        process.terminate()
        process.wait(20)


class TestOurScuTheirServices:
    def test_storescp_keeps_what_we_send(self, scu, tmp_path):
        images = [image(1), image(2, ImplicitVRLittleEndian)]
        with their("storescp", "-od", tmp_path, "+xa", "--aetitle", "STORE", ae_title="STORE", scu=scu) as address:
            results = scu.store(address, images)
        assert [one.words for one in results] == ["0x0000 Success"] * 2
        kept = sorted(tmp_path.iterdir())
        assert len(kept) == 2
        for sent, path in zip(images, kept, strict=True):
            assert dcmread(path) == sent

    def test_wlmscpfs_answers_our_query(self, scu, trace, tmp_path):
        folder = tmp_path / "RIS"
        folder.mkdir()
        (folder / "lockfile").touch()
        for number in (1, 2):
            step = item(number)
            step.file_meta = FileMetaDataset()
            step.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            step.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
            step.file_meta.MediaStorageSOPInstanceUID = f"2.25.{number}"
            step.RequestedProcedureID, step.StudyInstanceUID = f"RP{number}", f"2.25.{number}"
            step.RequestedProcedureDescription = "MRI"
            scheduled = step.ScheduledProcedureStepSequence[0]
            scheduled.ScheduledProcedureStepID, scheduled.ScheduledProcedureStepDescription = f"S{number}", "MRI"
            scheduled.ScheduledPerformingPhysicianName = ""
            dcmwrite(folder / f"{number}.wl", step, enforce_file_format=True)
        query, asked = Dataset(), Dataset()
        query.PatientName, query.PatientID, query.AccessionNumber = "", "MRN-2", ""
        asked.Modality = "MR"
        query.ScheduledProcedureStepSequence = [asked]
        with their("wlmscpfs", "-dfp", tmp_path, ae_title="RIS", scu=scu) as address:
            (found,) = scu.find_worklist(address, query)
            assert (found.AccessionNumber, str(found.PatientName)) == ("A2", "Núñez^Ana2")
            with pytest.raises(AssociationFailed, match="called AE title not recognized"):
                scu.echo(DicomAddress(address.host, address.port, "NOBODY"))
            asked.ScheduledProcedureStepStartDate = "March"
            with pytest.raises(Refused):
                scu.find_worklist(address, query)
        assert "0xFF00 Pending: Núñez^Ana2, MRN-2, A2" in [row.decoded.summary for row in trace.rows()]
