"""A department that works through the hospital of a class: what takes effect here has taken effect there.

Every test runs both: the hospital with its ports, and a whole department at the seat SEAT07.
"""

from __future__ import annotations

from contextlib import contextmanager

import certificates
import pytest
from hl7_text import order
from mllp_client import MllpClient
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hl7dicom_lab import story, story_day
from hl7dicom_lab.actors.hospital_addresses import HospitalAddresses, SeatAtHospital
from hl7dicom_lab.at_hospital import AtHospital
from hl7dicom_lab.errors import DeliveryError, Refused, SetupError
from hl7dicom_lab.hospital import Hospital
from hl7dicom_lab.lab import Lab, Ports
from hl7dicom_lab.model import Hl7Address, StepStatus
from hl7dicom_lab.services.mllp_listener import MllpListener
from hl7dicom_lab.services.mllp_sender import MllpSender
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security
from hl7dicom_lab.services.tls import TlsFiles
from hl7dicom_lab.trace import Trace

SEAT = "SEAT07"


@pytest.fixture
def hospital():
    with Hospital() as running:
        yield running


def at(hospital, seat=SEAT):
    return SeatAtHospital(HospitalAddresses.of(hospital.addresses()), seat)


@pytest.fixture
def lab(hospital):
    with Lab(facility=at(hospital)) as running:
        yield running


def ports_of(hospital):
    told = hospital.addresses()
    return Ports(
        ris_hl7=told["ris"]["hl7"]["port"],
        worklist=told["ris"]["worklist"]["port"],
        pacs_hl7=told["pacs"]["hl7"]["port"],
        storage=told["pacs"]["storage"]["port"],
    )


def steps(system):
    """What an order book says of each step, but for how it came to say it."""
    return [
        (item.placer_order_number, item.accession_number, item.requested_procedure_id, item.filler_order_number,
         item.scheduled_procedure_step_id, item.study_instance_uid, item.patient_name, item.start,
         item.station_ae_titles, item.status)
        for item in (step.item for step in system.order_book.steps())
    ]  # fmt: skip


def images(pacs):
    """Each image's data set, as its file has it."""
    return {
        one.sop_instance_uid: dcmread(one.path)
        for study in pacs.studies()
        for one in pacs.archive.instances(study.study_instance_uid)
    }


def examine(lab, modality="MR"):
    scanner = lab.modalities[modality]
    (item,) = scanner.query()
    lab.ris.start_step(item.AccessionNumber)
    assert all(one.stored for one in scanner.store(scanner.examine(item)))
    lab.ris.complete_step(item.AccessionNumber)
    return item


def test_a_patients_whole_way_takes_place_here_and_there(hospital, lab):
    with Lab(facility=at(hospital, "SEAT08")) as other:
        (placed,) = lab.emr.place(story.order())
        lab.emr.check_in(story.PATIENT, story.VISIT)
        assert other.modality.query() == ()
        item = examine(lab)
        assert item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "NORTHGATE_MR1"
        (study,) = lab.pacs.studies()
        sent = lab.dictation.send(lab.dictation.dictate(study, story.REPORT_TEXT, order=placed))
        assert [one.accepted for one in sent] == [True, True]
    here, there = lab, hospital.seat(SEAT)
    assert steps(there.ris) == steps(here.ris) != []
    assert there.pacs.studies() == here.pacs.studies()
    assert images(there.pacs) == images(here.pacs)
    (report,) = there.pacs.reports.history(study_instance_uid=study.study_instance_uid)
    assert report.report.text == story.REPORT_TEXT
    neighbour = hospital.seat("SEAT08")
    assert (steps(neighbour.ris), neighbour.pacs.studies()) == ([], ())


def test_the_line_has_a_trace_of_its_own_and_the_lessons_is_as_without(hospital, lab):
    with Lab() as alone:
        for one in (lab, alone):
            one.emr.place(story.order())
            examine(one)
        assert str(lab.timeline(last=500)) == str(alone.timeline(last=500))
    assert "SEAT07 RIS ──NMD^N02──▶ RIS" in str(lab.hospital.timeline())
    assert "SEAT07_MR1 ══C-FIND-RQ══▶ RIS" in str(lab.hospital.timeline(last=500))
    assert repr(lab.hospital) == f"<HospitalLine: SEAT07 at NORTHGATE, 127.0.0.1:{ports_of(hospital).ris_hl7}>"
    assert alone.hospital is None


@pytest.mark.parametrize("message", ["ORM", "OMI"])
def test_several_orders_of_one_message_have_the_same_identifiers_on_both_sides(hospital, lab, message):
    lab.emr.place(*(one.order() for one in story_day.TODAY[:3]), message=message)
    assert len(steps(lab.ris)) == 3
    assert steps(hospital.seat(SEAT).ris) == steps(lab.ris)


def test_an_order_without_a_time_has_the_same_time_on_both_sides(hospital, lab):
    lab.clock.advance_to(lab.clock.now().replace(hour=11))
    with MllpClient(lab.ris.hl7) as client:
        assert client.ask(order().put("ORC-7", "").put("OBR-27", "").bytes()).code == "AA"
    (here,), (there,) = steps(lab.ris), steps(hospital.seat(SEAT).ris)
    assert here[7].startswith("2026030211")
    assert there == here


def test_progress_at_the_desk_is_told_also_of_names_that_ascii_lacks(hospital, lab):
    for patient in (story_day.YUKI_TANAKA, story_day.LARS_AKESSON):
        booking = next(one for one in story_day.TODAY if one.patient == patient)
        lab.emr.place(booking.order())
    there = hospital.seat(SEAT).ris
    for step in lab.ris.steps():
        for move in (lab.ris.start_step, lab.ris.complete_step):
            move(step.accession_number)
            assert steps(there) == steps(lab.ris)
    number = lab.ris.order_book.steps()[0].item.accession_number
    assert lab.modalities["CT"].query(AccessionNumber=number) == ()
    lab.ris.reopen_step(number, by="desk", because="another patient's")
    assert [one.status for one in there.steps()] == [StepStatus.SCHEDULED]
    assert steps(there) == steps(lab.ris)


def test_what_the_department_refuses_itself_never_comes_to_the_hospital(hospital, lab):
    with MllpClient(lab.ris.hl7) as client:
        assert client.ask(order().put("PID-8", "Z").bytes()).code == "AE"
    assert steps(hospital.seat(SEAT).ris) == []
    assert "PID-8" not in str(hospital.timeline(last=500))


def test_a_refusal_of_the_hospital_is_the_senders_and_nothing_is_kept(hospital, lab):
    told, message = HospitalAddresses.of(hospital.addresses()), order()
    with MllpClient(told.ris_hl7) as client:
        assert client.ask(message.put("MSH-4", SEAT).put("MSH-10", "FIRST").bytes()).code == "AA"
    with MllpClient(lab.ris.hl7) as client:
        answer = client.ask(message.put("MSH-4", "NORTHGATE").put("MSH-10", "SECOND").bytes())
    assert (answer.code, answer.error, answer.location, answer.answers) == ("AE", 205, "ORC^1^2", "SECOND")
    assert "the hospital of the class refused it" in answer.text
    assert (answer.field("MSH-4"), answer.field("MSH-6")) == ("NORTHGATE", "NORTHGATE")
    assert steps(lab.ris) == []


def test_a_sender_that_wants_no_answer_gets_none_and_the_hospital_has_the_message(hospital, lab):
    with MllpClient(lab.ris.hl7) as client:
        client.send(order().put("MSH-15", "NE").put("MSH-16", "NE").bytes())
        assert client.ask(order().bytes()).code == "AA"  # once this is answered, the one before it is dealt with
    assert len(steps(hospital.seat(SEAT).ris)) == len(steps(lab.ris)) == 2


def test_without_the_hospital_nothing_is_acknowledged_and_everything_may_be_sent_again(hospital, lab):
    lab.emr.place(story.order())
    (item,) = lab.modality.query()
    images_made = lab.modality.examine(item)
    (study,) = [str(item.StudyInstanceUID)]
    ports = ports_of(hospital)
    hospital.stop()
    message = order().put("PID-3", "NG-7^^^NORTHGATE^MR").bytes()
    with MllpClient(lab.ris.hl7) as client:
        answer = client.ask(message)
        assert (answer.code, answer.error) == ("AE", 207)
        assert "the hospital of the class does not answer" in answer.text
        assert "send it again" in answer.text
    assert len(lab.ris.steps()) == 1
    with pytest.raises(Refused, match=r"0xA700.*the hospital of the class does not answer"):
        lab.modality.query()
    results = lab.modality.store(images_made)
    assert {(one.stored, one.status) for one in results} == {(False, 0xA700)}
    assert all(one.comment.startswith("the hospital of the class does not answer") for one in results)
    assert (len(lab.modality.queue), lab.pacs.studies()) == (24, ())
    with pytest.raises(DeliveryError, match="the hospital of the class does not answer"):
        lab.ris.start_step(item.AccessionNumber)
    assert lab.ris.step(item.AccessionNumber).status is StepStatus.SCHEDULED
    with Hospital(ports=ports) as again:
        with MllpClient(lab.ris.hl7) as client:
            assert client.ask(message).code == "AA"
        assert all(one.stored for one in lab.modality.send_again())
        assert (
            again.seat(SEAT).pacs.archive.count() == lab.pacs.archive.find_study(accession_number="NG000001").instances
        )
        assert again.seat(SEAT).pacs.studies()[0].study_instance_uid == study
        assert steps(again.seat(SEAT).ris)[0][:6] == steps(lab.ris)[1][:6]


@contextmanager
def deaf(hospital, drops):
    """A hospital whose RIS loses the answers to as many messages as `drops` says, after it has dealt with them."""
    told = hospital.addresses()
    trace = Trace(hospital._clock)
    behind = MllpSender("127.0.0.1", told["ris"]["hl7"]["port"], trace=trace, system="WIRE")
    left = [0]

    def receive(body, _):
        answer = behind.send(body)
        if left[0]:
            left[0] -= 1
            raise OSError("the line breaks before the answer")
        return answer

    with behind, MllpListener(receive, trace=trace, system="WIRE") as listener:
        address = Hl7Address(listener.host, listener.port, "RIS", "NORTHGATE")
        addresses = HospitalAddresses.of(told)
        through = HospitalAddresses(address, addresses.worklist, addresses.pacs_hl7, addresses.storage)
        with Lab(facility=SeatAtHospital(through, SEAT)) as lab:
            left[0] = drops
            yield lab


def test_one_answer_that_is_lost_costs_nothing(hospital):
    with deaf(hospital, 1) as lab:
        lab.emr.place(story.order())
        assert steps(hospital.seat(SEAT).ris) == steps(lab.ris)
        assert len(steps(lab.ris)) == 1


def test_an_order_whose_fate_is_unknown_is_the_same_order_when_it_is_sent_again(hospital):
    """The hospital has it, nobody heard so, another order comes in between: each keeps its own identifiers."""
    with deaf(hospital, 2) as lab, MllpClient(lab.ris.hl7) as client:
        first, second = order().put("ORC-7", "").put("OBR-27", "").bytes(), order().bytes()
        assert client.ask(first).code == "AE"
        assert (len(steps(lab.ris)), len(steps(hospital.seat(SEAT).ris))) == (0, 1)
        assert client.ask(second).code == "AA"
        assert client.ask(first).code == "AA"
        assert sorted(steps(hospital.seat(SEAT).ris)) == sorted(steps(lab.ris))
        assert [step[1] for step in steps(lab.ris)] == ["NG000002", "NG000001"]


@pytest.mark.parametrize("syntax", ["Implicit VR Little Endian", "Explicit VR Little Endian"])
def test_images_go_on_in_the_transfer_syntax_in_which_they_came(hospital, lab, syntax):
    scanner = lab.modality
    scanner.settings = type(scanner.settings)(**{**vars(scanner.settings), "transfer_syntax": syntax})
    lab.emr.place(story.order())
    examine(lab)
    there = images(hospital.seat(SEAT).pacs)
    expected = ImplicitVRLittleEndian if syntax.startswith("Implicit") else ExplicitVRLittleEndian
    assert {one.file_meta.TransferSyntaxUID for one in there.values()} == {expected}
    assert there == images(lab.pacs)


def test_an_image_that_the_hospital_refuses_is_refused_with_its_status(hospital, lab):
    lab.emr.place(story.order())
    (item,) = lab.modality.query()
    seat = hospital.seat(SEAT).pacs
    seat.settings = type(seat.settings)(room=10)
    results = lab.modality.store(lab.modality.examine(item))
    assert [one.stored for one in results] == [True] * 10 + [False] * 14
    assert (results[-1].status, results[-1].comment.startswith("the hospital: ")) == (0xA700, True)
    assert images(lab.pacs) == images(seat)


def test_an_archive_query_is_answered_by_the_hospital(lab):
    lab.emr.place(story.order())
    examine(lab)
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID, query.AccessionNumber = "STUDY", "", ""
    workstation = Scu("WORKSTATION", trace=lab.trace, system="WORKSTATION", clock=lab.clock)
    (study,) = workstation.find_studies(lab.pacs.storage, query)
    assert study.AccessionNumber == "NG000001"
    assert "SEAT07_WORKSTATI ══C-FIND-RQ══▶ PACS" in str(lab.hospital.timeline(last=500))
    query.PatientBirthDate = "no day"
    with pytest.raises(Refused, match="0xA900"):
        workstation.find_studies(lab.pacs.storage, query)


def test_a_report_that_is_released_here_is_attached_there(hospital, lab):
    (placed,) = lab.emr.place(story.order())
    item = examine(lab)
    (study,) = lab.pacs.studies()
    report = lab.dictation.dictate(study, story.REPORT_TEXT, order=placed)
    lab.emr.place(story_day.TODAY[1].order())
    wrong = type(report)(**{**vars(report), "accession_number": "NG000099", "study_instance_uid": "1.2.3"})
    lab.dictation.send(wrong)
    there = hospital.seat(SEAT).pacs
    assert (len(lab.pacs.exceptions()), len(there.exceptions())) == (1, 1)
    lab.dictation.send(report)
    (held,) = lab.pacs.exceptions()
    lab.pacs.dismiss(held.number, by="PACS analyst", because="sent again")
    assert (len(lab.pacs.exceptions()), len(there.exceptions())) == (0, 1)
    assert len(there.reports.history(study_instance_uid=item.StudyInstanceUID)) == 1


def test_a_lesson_that_begins_again_finds_nothing_of_the_one_before(hospital, lab):
    lab.emr.place(story.order())
    examine(lab)
    lab.stop()
    lab.start()
    seat = hospital.seat(SEAT)
    assert (steps(seat.ris), seat.pacs.studies()) == ([], ())
    lab.emr.place(story.order())
    assert steps(seat.ris) == steps(lab.ris) != []


def test_after_a_lesson_the_seat_begins_anew_for_its_own_scanners(hospital, lab):
    lab.emr.place(story.order())
    lab.stop()
    told = HospitalAddresses.of(hospital.addresses())
    here = AtHospital(told, SEAT).start(anew=True)
    try:
        here.emr.place(story.order())
        (item,) = here.modality.query()
        assert item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "SEAT07_MR1"
    finally:
        here.stop()


def test_a_hospital_that_is_not_there_is_one_clear_error(hospital):
    seat = at(hospital)
    port = ports_of(hospital).ris_hl7
    hospital.stop()
    with pytest.raises(SetupError) as caught, Lab(facility=seat):
        pass
    assert f"HL7DICOM_LAB_HOSPITAL, 127.0.0.1:{port}: you work with the hospital of the class" in str(caught.value)
    assert "ask your instructor whether `hl7dicom-lab serve --class` runs" in caught.value.next_step
    with pytest.raises(SetupError, match="you work with the hospital"):
        AtHospital(seat.addresses, SEAT).start(anew=True)


def test_another_system_at_the_address_is_told_too():
    with Lab() as department:  # it is a RIS, and none of a class
        told = department.addresses()
        with (
            pytest.raises(SetupError, match="does not process NMD"),
            Lab(facility=SeatAtHospital(HospitalAddresses.of(told), SEAT)),
        ):
            pass


def test_a_department_that_keeps_its_data_does_not_begin_anew(hospital, tmp_path):
    with pytest.raises(SetupError, match="begins anew at every start"):
        Lab(tmp_path, facility=at(hospital))


def test_a_hospital_that_takes_tls_only_is_reached_over_tls(tmp_path):
    known = certificates.people(tmp_path)
    security = Security(TlsFiles(known.department.certificate, known.department.key, known.authority.certificate))
    with Hospital(security=security) as hospital:
        with pytest.raises(SetupError, match="takes TLS only"), Lab(facility=at(hospital)):
            pass
        with Lab(facility=at(hospital), security=security) as lab:
            lab.emr.place(story.order())
            examine(lab)
            assert steps(hospital.seat(SEAT).ris) == steps(lab.ris) != []
            assert images(hospital.seat(SEAT).pacs) == images(lab.pacs)
