"""One report, two receivers, two answers."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest
from mllp_client import CR, FS, VT

from hl7dicom_lab import story
from hl7dicom_lab.actors.dictation import Dictation
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Hl7Address, ReportStatus

HEADER = b"MSH|^~\\&|EMR|NORTHGATE|DICTATION|NORTHGATE|20260302||ACK|1|P|2.3.1\r"


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def order(lab):
    (placed,) = lab.emr.place(story.order())
    return placed


@pytest.fixture(scope="module")
def study(lab, order):
    (item,) = lab.modality.query(PatientID=order.patient.identifier.value)
    lab.modality.store(lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:1]))
    return lab.pacs.archive.find_study(accession_number=item.AccessionNumber)


def test_the_keys_are_taken_over_from_study_and_order(lab, study, order):
    before = lab.clock.now()
    report = lab.dictation.dictate(study, "Normal.", order=order)
    assert (report.patient_id, report.issuer_of_patient_id) == ("NG-100237", "NORTHGATE")
    assert (report.accession_number, report.study_instance_uid) == ("NG000001", study.study_instance_uid)
    assert (report.placer_order_number, report.procedure) == (order.placer_order_number, story.MRI_BRAIN)
    assert (report.status, report.text) == (ReportStatus.FINAL, "Normal.")
    assert (report.signed_by, report.requested_by) == ("Lindqvist^Per^^Dr", "Okafor^Ngozi^^Dr")
    assert report.observed_at == study.study_date + study.study_time
    assert report.status_changed_at > f"{before:%Y%m%d%H%M%S}"


def test_preliminary_final_and_corrected_reach_both_receivers(lab, study, order):
    preliminary = lab.dictation.dictate(study, "Draft.\nMore later.", order=order, status=ReportStatus.PRELIMINARY)
    final = lab.dictation.dictate(study, "Normal | really & truly.", order=order)
    corrected = lab.dictation.correct(final, "Normal after all.")
    assert corrected.status is ReportStatus.CORRECTED
    assert corrected.status_changed_at > final.status_changed_at
    for report in (preliminary, final, corrected):
        emr, pacs = lab.dictation.send(report)
        assert (emr.receiver, emr.accepted, str(emr)) == ("EMR", True, "EMR: AA, filed in the chart")
        assert (pacs.receiver, pacs.accepted) == ("PACS", True)
        assert "attached" in str(pacs)
        for shelf in (lab.emr.reports, lab.pacs.reports):
            kept = shelf.current("NG000001")
            assert (kept.status, kept.text) == (report.status, report.text)
            assert (kept.signed_by, kept.requested_by) == ("Lindqvist^Per^^Dr", "Okafor^Ngozi^^Dr")


def test_a_report_without_an_order_is_sent_too(lab, study):
    report = lab.dictation.dictate(study, "Seen without an order.")
    assert (report.placer_order_number, report.procedure, report.requested_by) == ("", None, "")
    assert all(delivery.accepted for delivery in lab.dictation.send(report))


def test_each_message_has_a_control_id_of_its_own(lab):
    one, other = lab.dictation.envelope("EMR"), lab.dictation.envelope("PACS")
    assert one.control_id != other.control_id
    assert (one.receiving_application, other.receiving_application) == ("EMR", "PACS")


@contextmanager
def says(answer):
    """A receiver that says the same to everything, or hangs up where `answer` is None; its port."""
    over = threading.Event()

    def serve():
        while True:
            connection, _ = server.accept()
            with connection:
                if over.is_set():
                    return
                body = connection.recv(65536)
                if body and answer is not None:
                    connection.sendall(VT + HEADER + answer.replace(b"%ID%", body.split(b"|")[9]) + FS + CR)
                    connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port
        over.set()
        socket.create_connection(("127.0.0.1", port), timeout=20).close()
        thread.join(20)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            b"MSA|AE|%ID%|the chart is locked\r",
            "AE, the chart is locked",
        ),
        (b"MSA|AR|%ID%|not here\r", "AR, not here"),
        (b"MSA|AA|%ID%|\xff\r", "0xFF"),
        (None, "outcome unknown"),
    ],
    ids=["AE", "AR", "an answer that cannot be read", "no answer"],
)
def test_where_one_receiver_says_no_the_other_still_has_its_copy(lab, study, answer, told):
    with says(answer) as port:
        address = Hl7Address("127.0.0.1", port, "EMR", "NORTHGATE")
        dictation = Dictation({"EMR": address, "PACS": lab.pacs.hl7}, Site(lab.trace, lab.clock, lab.mint))
        emr, pacs = dictation.send(dictation.dictate(study, f"One copy only: {told}"))
        dictation.stop()
    assert not emr.accepted
    assert told in str(emr)
    assert pacs.accepted
    assert f"One copy only: {told}" in str(lab.pacs.open_study("NG000001"))


def test_a_receiver_that_is_not_there_is_told_with_what_to_do(lab, study):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = Hl7Address("127.0.0.1", closed.getsockname()[1], "EMR", "NORTHGATE")
    dictation = Dictation({"EMR": address, "PACS": lab.pacs.hl7}, Site(lab.trace, lab.clock, lab.mint))
    emr, pacs = dictation.send(dictation.dictate(study, "The EMR is down."))
    dictation.stop()
    dictation.stop()
    assert (emr.accepted, emr.acknowledgment, pacs.accepted) == (False, None, True)
    assert "nothing was sent" in str(emr)
    assert "Next step: " in str(emr)
