"""`serve --tls-cert`: the whole department over TLS, among its own systems and with clients of other make."""

from __future__ import annotations

import json
import socket
import ssl
from io import StringIO

import certificates
import pytest
from click.testing import CliRunner
from hl7_text import order, report
from pydicom.dataset import Dataset
from rich.console import Console

from hl7dicom_lab import cli, serve, story
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import DicomAddress
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.trace import Trace

PATIENCE = 20.0


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return certificates.people(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("mutual", [False, True])
def test_the_departments_own_systems_speak_it_among_themselves(pki, mutual):
    authority = pki.authority.certificate if mutual else None
    files = TlsFiles(pki.department.certificate, pki.department.key, authority)
    with Lab(security=Security(files)) as lab:
        lab.emr.place(story.order())
        lab.emr.check_in(story.PATIENT, story.VISIT)
        (item,) = lab.modality.query()
        assert all(one.stored for one in lab.modality.store(lab.modality.examine(item)[:2]))
        (study,) = lab.pacs.studies()
        assert all(one.accepted for one in lab.dictation.send(lab.dictation.dictate(study, "Normal.")))
        agreed = [one for one in lab.trace.conversations() if "agreed on" in one.events[0].remarks[0].what]
        assert agreed == list(lab.trace.conversations())  # none is in the clear
        assert all(("certificate names department" in one.events[0].remarks[0].what) is mutual for one in agreed)


def test_serve_takes_tls_on_every_port_and_says_so(pki, tmp_path, monkeypatch):
    seen = []

    def speak_with_it():
        addresses = json.loads((tmp_path / "addresses.json").read_text(encoding="utf-8"))
        seen.append(addresses)
        for system, message in (("ris", order()), ("pacs", report("PACS")), ("emr", report("EMR"))):
            assert b"\rMSA|AA|" in ask(pki, addresses[system]["hl7"], message.bytes())
        clock = ClassClock()
        files = TlsFiles(pki.peer.certificate, pki.peer.key, pki.authority.certificate)
        scu = Scu("CHECK", trace=Trace(clock), system="CHECK", clock=clock, security=Security(files))
        query = Dataset()
        query.PatientID = ""
        assert scu.find_worklist(DicomAddress(**addresses["ris"]["worklist"]), query)
        scu.echo(DicomAddress(**addresses["pacs"]["storage"]))
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "_wait", speak_with_it)
    monkeypatch.setattr(serve, "_hear_ctrl_c", lambda: None)
    options = serve.ServeOptions(
        addresses=tmp_path / "addresses.json",
        tls_cert=pki.department.certificate,
        tls_key=pki.department.key,
        tls_ca=pki.authority.certificate,
    )
    out = StringIO()
    serve.run(options, Console(file=out, width=200))
    assert all(address["tls"] is True for sides in seen[0].values() for address in sides.values())
    assert out.getvalue().count("over TLS") == 6  # five rows, and the line above them
    assert "clients must show a certificate" in out.getvalue()


def ask(pki, address, body):
    """Send an HL7 message with Python's own ssl, and return what comes back."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(pki.authority.certificate)
    context.load_cert_chain(pki.peer.certificate, pki.peer.key)
    plain = socket.create_connection((address["host"], address["port"]), timeout=PATIENCE)
    with context.wrap_socket(plain) as peer:
        peer.sendall(b"\x0b" + body + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            data = peer.recv(4096)
            assert data, "closed without an answer"
            answer += data
    return answer


@pytest.mark.parametrize("missing", ["--tls-cert", "--tls-key"])
def test_certificate_and_key_belong_together(pki, missing):
    given = {"--tls-cert": pki.department.certificate, "--tls-key": pki.department.key}
    del given[missing]
    shown = CliRunner().invoke(cli.main, ["serve", *(str(part) for pair in given.items() for part in pair)])
    assert shown.exit_code == 1
    assert "belong together" in shown.output
    assert "Next step: give --tls-cert and --tls-key" in shown.output


def test_a_file_that_will_not_do_stops_it_before_anything_listens(pki, tmp_path):
    given = ["--tls-cert", str(pki.department.certificate), "--tls-key", str(pki.peer.key)]
    shown = CliRunner().invoke(cli.main, ["serve", *given, "--addresses", str(tmp_path / "addresses.json")])
    assert shown.exit_code == 1
    assert shown.output.startswith(f"Error: {pki.peer.key}: this key does not belong to the certificate")
    assert not (tmp_path / "addresses.json").exists()
