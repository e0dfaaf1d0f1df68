"""DCMTK over TLS with our services, and our scanner over TLS with DCMTK's archive."""

from __future__ import annotations

import re

import certificates
import pytest
from dcmtk import run, serving
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from served_department import eventually

from hl7dicom_lab import story
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.errors import AssociationFailed
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.trace import Trace

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return certificates.people(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def one_sided(pki):
    """A department that shows its certificate and asks nobody for one."""
    with Lab(security=Security(TlsFiles(pki.department.certificate, pki.department.key))) as lab:
        lab.emr.place(story.order())
        yield lab


@pytest.fixture(scope="module")
def mutual(pki):
    """A department that wants a certificate of everybody."""
    files = TlsFiles(pki.department.certificate, pki.department.key, pki.authority.certificate)
    with Lab(security=Security(files)) as lab:
        lab.emr.place(story.order())
        yield lab


def anonymous(pki):
    """DCMTK without a certificate; it checks ours."""
    return "+tla", "+cf", pki.authority.certificate


def with_certificate(pki, holder=None):
    shown = holder or pki.peer
    return "+tls", shown.key, shown.certificate, "+cf", pki.authority.certificate


def at(address):
    return "-aec", address.ae_title, address.host, address.port


def image(number=1):
    data_set = Dataset()
    data_set.SOPClassUID, data_set.SOPInstanceUID = SecondaryCaptureImageStorage, f"2.25.9.1.{number}"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = "2.25.9", "2.25.9.1"
    data_set.PatientName, data_set.PatientID, data_set.Modality = "Rivera^Elena", "NG-100237", "OT"
    data_set.Rows = data_set.Columns = 512
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    data_set.add_new("PixelData", "OW", bytes((number,)) * 512 * 512 * 2)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data_set


def test_echoscu(one_sided, mutual, pki):
    for lab, options in ((one_sided, anonymous(pki)), (mutual, with_certificate(pki))):
        for address in (lab.ris.worklist, lab.pacs.storage):
            code, said = run("echoscu", "-v", *options, *at(address))
            assert (code, "Received Echo Response (Success)" in said) == (0, True), said


def test_findscu(mutual, pki):
    keys = ("-k", "PatientName", "-k", "PatientID", "-k", "(0040,0100)[0].Modality=MR")
    _, said = run("findscu", "-v", "-W", *with_certificate(pki), *keys, *at(mutual.ris.worklist))
    assert re.findall(r"\(0010,0020\) LO \[(NG-\d+)", said) == ["NG-100237"]
    assert "Received Final Find Response (Success)" in said


def test_storescu(one_sided, pki, tmp_path):
    paths = [tmp_path / f"{number}.dcm" for number in (1, 2, 3)]
    for number, path in enumerate(paths, start=1):
        dcmwrite(path, image(number), enforce_file_format=True)
    code, said = run("storescu", "-v", *anonymous(pki), *at(one_sided.pacs.storage), *paths)
    assert (code, said.count("Received Store Response (Success)")) == (0, 3), said
    kept = one_sided.pacs.archive.instances("2.25.9")
    assert [dcmread(one.path).PixelData for one in kept] == [image(number).PixelData for number in (1, 2, 3)]


@pytest.mark.parametrize("minimum", ["+py", "+px"])
def test_both_profiles_of_bcp_195(one_sided, pki, minimum):
    code, said = run("echoscu", *anonymous(pki), minimum, *at(one_sided.ris.worklist))
    assert code == 0, said


class TestRefusals:
    def test_without_a_certificate(self, mutual, pki):
        assert run("echoscu", *anonymous(pki), *at(mutual.ris.worklist))[0] != 0
        assert told(mutual, "the client showed no certificate")

    def test_with_a_foreign_certificate(self, mutual, pki):
        assert run("echoscu", *with_certificate(pki, pki.alone), *at(mutual.ris.worklist))[0] != 0
        assert told(mutual, "the peer's certificate is not accepted")

    def test_it_does_not_trust_us(self, one_sided):
        code, said = run("echoscu", "+tla", *at(one_sided.ris.worklist))
        assert (code != 0, "certificate verify failed" in said) == (True, True)
        assert told(one_sided, "unknown ca")

    def test_without_tls(self, one_sided):
        assert run("echoscu", *at(one_sided.ris.worklist))[0] != 0
        assert told(one_sided, "this port speaks TLS, you spoke DICOM without it")


def told(lab, words):
    """Whether the trace has it. OpenSSL itself refuses, so the client may have ended before the trace hears of it."""
    return eventually(lambda: any(words in remark.what for row in lab.trace.rows() for remark in row.remarks))


def test_our_scanner_stores_in_their_archive(pki, tmp_path):
    clock = ClassClock()
    files = TlsFiles(pki.peer.certificate, pki.peer.key, pki.authority.certificate)
    scu = Scu("SCANNER", trace=Trace(clock), system="MR1", clock=clock, security=Security(files))
    stranger = Scu(
        "SCANNER",
        trace=Trace(clock),
        system="MR1",
        clock=clock,
        security=Security(TlsFiles(pki.alone.certificate, pki.alone.key, pki.authority.certificate)),
    )
    options = ("+tls", pki.department.key, pki.department.certificate, "+cf", pki.authority.certificate, "-rc")
    with serving("storescp", *options, "-od", tmp_path, "--aetitle", "STORE") as port:
        address = DicomAddress("127.0.0.1", port, "STORE", tls=True)
        assert [one.status for one in scu.store(address, [image()])] == [0]
        with pytest.raises(AssociationFailed):
            stranger.echo(address)
    (kept,) = tmp_path.iterdir()
    assert dcmread(kept).PixelData == image().PixelData
