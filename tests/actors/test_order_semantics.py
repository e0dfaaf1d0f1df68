"""Rows 41 to 50 of the list of faults: what an order, its change, its repetition and its report mean.

As in `test_hl7_faults`: raw bytes over a real socket, the whole answer, the order book, the trace; and what a scanner
sees of it over C-FIND.
"""

from __future__ import annotations

import itertools

import pytest
from hl7_text import ACCESSION, STEP_ID, STUDY, Hl7Text, adt, group, order, report
from mllp_client import MllpClient
from pydicom import Dataset

from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab

KINDS = ("ORM", "OMI")
_visits = itertools.count(1)


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


@pytest.fixture
def desk(lab):
    lab.trace.clear()
    with MllpClient(lab.ris.hl7) as client:
        yield Desk(lab, client)
        honest = order()
        assert client.ask(honest.bytes()).code == "AA"


class Desk:
    """The RIS as a sender of orders sees it."""

    def __init__(self, lab, client):
        self.lab = lab
        self.client = client

    def book(self):
        """Everything in the order book, to be compared."""
        return [tuple(row) for row in self.lab.ris.order_book.database.rows("SELECT * FROM step ORDER BY id")]

    def steps(self, message):
        return [step.item for step in self.lab.ris.order_book.steps(placer_order_number=message.placer)]

    def step(self, message):
        (item,) = self.steps(message)
        return item

    def status(self, message):
        return self.step(message).status.value

    def seen_by_a_scanner(self, message):
        """The accession numbers and step ids of an order that the worklist still shows."""
        query = Dataset()
        query.AccessionNumber = query.PatientName = query.StudyInstanceUID = None
        query.PlacerOrderNumberImagingServiceRequest = message.placer
        step = Dataset()
        step.ScheduledProcedureStepID = step.ScheduledProcedureStepStatus = step.Modality = None
        query.ScheduledProcedureStepSequence = [step]
        return self.lab.modality.query(query)

    def remarks(self):
        """What the trace found noteworthy on the last connection to the desk."""
        conversations = [one for one in self.lab.trace.conversations(system="RIS", protocol="HL7") if one.events]
        return [remark for event in conversations[-1].events for remark in event.remarks]

    def accepts(self, message: Hl7Text):
        answer = self.client.ask(message.bytes())
        assert (answer.code, answer.answers, answer.segments) == ("AA", message.control_id, ["MSH", "MSA"]), answer
        return answer

    def refuses(self, message: Hl7Text, error, location, *, names=""):
        before = self.book()
        answer = self.client.ask(message.bytes())
        assert (answer.code, answer.answers, answer.error) == ("AE", message.control_id, error), answer
        assert answer.location == location
        assert names in answer.field("ERR-8")
        assert answer.field("ERR-7"), "what to do next"
        assert self.book() == before
        remark = self.remarks()[-1]
        assert f"0357, {error} " in remark.rule
        assert remark.repair
        return answer


# ---- 41, 42: the same control id again


@pytest.mark.parametrize("message", [order(), order("OMI"), adt("A08")], ids=["ORM", "OMI", "ADT"])
@pytest.mark.parametrize("connection", ["same", "new"])
def test_row_41_the_same_message_again_gets_the_stored_answer_and_has_no_second_effect(desk, message, connection):
    message = message.anew()
    if message.lines[-1][:3] != "PV1":
        message.put("ORC-2", f"41-{message.control_id}")
    first = desk.accepts(message)
    book = desk.book()
    if connection == "same":
        again = desk.client.ask(message.bytes())
        (remark,) = desk.remarks()
    else:
        with MllpClient(desk.lab.ris.hl7) as another:
            again = another.ask(message.bytes())
            (remark,) = desk.remarks()
    assert again.raw == first.raw
    assert desk.book() == book
    assert remark.severity == "information"
    assert "2.15.9.10" in remark.rule


def test_row_41_a_new_time_stamp_makes_no_new_message(desk):
    message = order()
    first = desk.accepts(message)
    assert desk.client.ask(message.put("MSH-7", "20260302080500").bytes()).raw == first.raw
    assert len(desk.steps(message)) == 1


def test_row_41_what_wanted_no_answer_wants_none_again(desk):
    message = order().put("MSH-15", "NE").put("MSH-16", "NE")
    desk.client.send(message.bytes())
    desk.client.send(message.bytes())
    honest = order()
    assert desk.client.ask(honest.bytes()).answers == honest.control_id
    assert len(desk.steps(message)) == 1


def test_row_41_another_sender_may_use_the_same_control_id(desk):
    message = order()
    desk.accepts(message)
    other = order().put("MSH-10", message.control_id).put("MSH-3", "OTHER")
    desk.accepts(other)
    assert len(desk.steps(other)) == 1


def test_row_41_a_refused_message_is_judged_anew(desk):
    """A cancellation may overtake its order: sent again unchanged, it is accepted once the order is there."""
    message = order()
    cancellation = order(control="CA", placer=message.placer)
    desk.refuses(cancellation, 204, "ORC^1^2")
    desk.accepts(message)
    desk.accepts(cancellation)
    assert desk.status(message) == "CANCELED"


@pytest.mark.parametrize("kind", KINDS)
def test_row_42_the_same_control_id_with_other_content_is_refused(desk, kind):
    message = order(kind)
    desk.accepts(message)
    other = order(kind).put("MSH-10", message.control_id)
    desk.refuses(other, 205, "MSH^1^10", names=message.control_id)
    assert desk.steps(other) == []


# ---- 43, 44: numbers


@pytest.mark.parametrize("kind", KINDS)
def test_row_43_a_new_order_for_a_known_placer_number_is_refused(desk, kind):
    message = order(kind)
    desk.accepts(message)
    desk.refuses(message.anew(), 205, "ORC^1^2", names=message.placer)
    desk.accepts(message.anew().put("ORC-1", "CA"))
    desk.refuses(message.anew().put("ORC-1", "NW"), 205, "ORC^1^2", names=message.placer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("control", ["CA", "DC", "XO", "SC"])
def test_row_44_cancel_or_change_of_an_unknown_order_is_refused(desk, kind, control):
    desk.refuses(order(kind, control), 204, "ORC^1^2", names="no order")
    by_filler = order(kind, control).put("ORC-2", "").put("ORC-3", "F-UNKNOWN")
    desk.refuses(by_filler, 204, "ORC^1^3", names="F-UNKNOWN")
    nameless = order(kind, control).put("ORC-2", "")
    desk.refuses(nameless, 101, "ORC^1^2^1^1")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("control", ["CA", "DC", "XO"])
def test_row_44_another_patients_order_is_not_touched(desk, kind, control):
    message = order(kind)
    desk.accepts(message)
    other = message.anew().put("ORC-1", control).put("PID-3", "NG-999999^^^NORTHGATE^MR")
    desk.refuses(other, 204, "PID^1^3", names="another patient")


@pytest.mark.parametrize("control", ["", "ZZ", "OK", "RP"])
def test_an_order_control_that_is_not_acted_on_is_refused(desk, control):
    desk.refuses(order(control=control), 103 if control else 101, "ORC^1^1", names="order control")


# ---- cancel, discontinue, change


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("control", "status"), [("CA", "CANCELED"), ("DC", "DISCONTINUED")])
def test_an_ended_order_leaves_the_worklist_and_stays_in_the_book(desk, kind, control, status):
    message = order(kind)
    desk.accepts(message)
    assert len(desk.seen_by_a_scanner(message)) == 1
    desk.accepts(message.anew().put("ORC-1", control))
    assert desk.status(message) == status
    assert desk.seen_by_a_scanner(message) == ()
    desk.accepts(message.anew().put("ORC-1", control))  # once more does no harm
    assert desk.status(message) == status
    desk.refuses(message.anew().put("ORC-1", "XO"), 207, "ORC^1^1", names=status)


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_is_found_by_its_filler_number_too(desk, kind):
    message = order(kind)
    desk.accepts(message)
    filler = desk.step(message).filler_order_number
    desk.accepts(message.anew().put("ORC-1", "CA").put("ORC-2", "").put("OBR-2", "").put("ORC-3", filler))
    assert desk.status(message) == "CANCELED"


@pytest.mark.parametrize("kind", KINDS)
def test_row_45_what_has_begun_is_discontinued_not_cancelled(desk, kind):
    message = order(kind)
    desk.accepts(message)
    accession = desk.step(message).accession_number
    desk.lab.ris.start_step(accession)
    desk.refuses(message.anew().put("ORC-1", "CA"), 207, "ORC^1^1", names="STARTED")
    assert len(desk.seen_by_a_scanner(message)) == 1
    desk.accepts(message.anew().put("ORC-1", "DC"))
    assert desk.status(message) == "DISCONTINUED"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("control", ["CA", "DC"])
def test_row_45_what_is_complete_cannot_be_ended(desk, kind, control):
    message = order(kind)
    desk.accepts(message)
    desk.lab.ris.complete_step(desk.step(message).accession_number)
    desk.refuses(message.anew().put("ORC-1", control), 207, "ORC^1^1", names="COMPLETED")


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_replaces_what_it_says_and_keeps_the_study(desk, kind):
    message = order(kind)
    desk.accepts(message)
    before = desk.step(message)
    changed = message.anew().put("ORC-1", "XO").put("OBR-31", "^Dizziness").put(STUDY[kind], "1.2.3.4.5")
    if kind == "ORM":
        changed.put("OBR-24", "CT").put("ORC-7", "^^^20260303110000^^S")
    else:
        changed.put("IPC-5", "CT").put("TQ1-7", "20260303110000").put("TQ1-9", "S")
    desk.accepts(changed)
    after = desk.step(message)
    assert (after.modality, after.station_ae_titles, after.start) == ("CT", ("NORTHGATE_CT1",), "20260303110000")
    assert after.study_instance_uid == before.study_instance_uid
    assert after.accession_number == before.accession_number
    assert after.patient_name == before.patient_name
    values = {origin.attribute: origin.value for origin in after.origins}
    assert values["ReasonForTheRequestedProcedure"] == "Dizziness"
    assert values["RequestedProcedurePriority"] == "STAT"
    assert after.status.value == "SCHEDULED"


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_to_completed_takes_the_step_off_the_worklist(desk, kind):
    message = order(kind)
    desk.accepts(message)
    desk.accepts(message.anew().put("ORC-1", "XO").put("ORC-5", "CM"))
    assert desk.status(message) == "COMPLETED"
    assert desk.seen_by_a_scanner(message) == ()


# ---- 46, 47: keys


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("uid", ["1.2.3x", "1..2", "1.02.3", ".1.2", "1.2.", "1" + ".23456789" * 8, "1.2\\.br\\"])
def test_row_46_a_malformed_study_uid_is_refused(desk, kind, uid):
    location = {"ORM": "ZDS^1^1^1^1", "OMI": "IPC^1^3^1^1"}[kind]
    desk.refuses(order(kind).put(STUDY[kind], uid), 102, location, names="no UID")


@pytest.mark.parametrize("kind", KINDS)
def test_row_46_a_study_uid_is_kept_as_it_is_and_made_once_where_there_is_none(desk, kind):
    message, silent = order(kind).put(STUDY[kind], f"1.2.840.{KINDS.index(kind)}"), order(kind)
    desk.accepts(message)
    desk.accepts(silent)
    assert desk.step(message).study_instance_uid == f"1.2.840.{KINDS.index(kind)}"
    made = [item.StudyInstanceUID for _ in range(2) for item in desk.seen_by_a_scanner(silent)]
    assert made[0] == made[1] == desk.step(silent).study_instance_uid
    assert made[0].startswith("2.25.")


@pytest.mark.parametrize("kind", KINDS)
def test_row_47_one_accession_number_never_names_two_patients(desk, kind):
    accession = f"47-{kind}"
    desk.accepts(order(kind).put(ACCESSION[kind], accession))
    location = {"ORM": "OBR^1^18", "OMI": "IPC^1^1"}[kind]
    for other in ("NG-47^^^NORTHGATE^MR", "NG-100237^^^SOUTHGATE^MR"):
        message = order(kind).put(ACCESSION[kind], accession).put("PID-3", other)
        desk.refuses(message, 205, location, names=accession)
    desk.accepts(order(kind).put(ACCESSION[kind], accession))  # the same patient's second step


@pytest.mark.parametrize("kind", KINDS)
def test_row_47_one_study_never_belongs_to_two_patients(desk, kind):
    uid = f"1.2.47.{KINDS.index(kind)}"
    desk.accepts(order(kind).put(STUDY[kind], uid))
    location = {"ORM": "ZDS^1^1", "OMI": "IPC^1^3"}[kind]
    message = order(kind).put(STUDY[kind], uid).put("PID-3", "NG-47^^^NORTHGATE^MR")
    desk.refuses(message, 205, location, names=uid)


@pytest.mark.parametrize("kind", KINDS)
def test_row_47_a_change_cannot_take_another_patients_accession_number(desk, kind):
    accession = f"47-{kind}-XO"
    desk.accepts(order(kind).put(ACCESSION[kind], accession).put("PID-3", "NG-47^^^NORTHGATE^MR"))
    message = order(kind)
    desk.accepts(message)
    changed = message.anew().put("ORC-1", "XO").put(ACCESSION[kind], accession)
    desk.refuses(changed, 205, {"ORM": "OBR^1^18", "OMI": "IPC^1^1"}[kind], names=accession)


# ---- 48: several orders in one message


@pytest.mark.parametrize("kind", KINDS)
def test_row_48_two_orders_in_one_message_are_two_steps(desk, kind):
    message = order(kind)
    second = Hl7Text(group(kind))
    before = len(desk.book())
    answer = desk.accepts(message.add(*second.lines))
    assert "2 steps" in answer.text
    assert len(desk.book()) == before + 2
    (one,), (other,) = desk.seen_by_a_scanner(message), desk.seen_by_a_scanner(second)
    assert one.AccessionNumber != other.AccessionNumber
    assert one.StudyInstanceUID != other.StudyInstanceUID


@pytest.mark.parametrize("kind", KINDS)
def test_row_48_where_the_second_order_is_wrong_none_is_entered(desk, kind):
    message = order(kind).add(group(kind))
    name, number = ACCESSION[kind].split("-")
    message.put(f"{name}[2]-{number}", "A" * 17)
    desk.refuses(message, 104, {"ORM": "OBR^2^18", "OMI": "IPC^2^1^1^1"}[kind])
    assert desk.steps(message) == []
    desk.accepts(message.put(f"{name}[2]-{number}", ""))  # the same control id: the refusal kept nothing


@pytest.mark.parametrize("kind", KINDS)
def test_row_48_two_steps_of_one_order_share_its_procedure(desk, kind):
    message = order(kind)
    name, number = STEP_ID[kind].split("-")
    message.add(*Hl7Text(group(kind, message.placer)).lines)
    message.put(f"{name}[1]-{number}", "S1").put(f"{name}[2]-{number}", "S2")
    desk.accepts(message)
    one, other = desk.steps(message)
    assert [one.scheduled_procedure_step_id, other.scheduled_procedure_step_id] == ["S1", "S2"]
    for shared in ("accession_number", "requested_procedure_id", "study_instance_uid", "filler_order_number"):
        assert getattr(one, shared) == getattr(other, shared)
    explained = {origin.attribute for origin in other.origins}
    assert {"AccessionNumber", "StudyInstanceUID", "RequestedProcedureID"} <= explained
    desk.accepts(order(kind, "CA", message.placer).put(STEP_ID[kind], "S1"))
    assert [item.status.value for item in desk.steps(message)] == ["CANCELED", "SCHEDULED"]
    desk.accepts(order(kind, "DC", message.placer))
    assert [item.status.value for item in desk.steps(message)] == ["CANCELED", "DISCONTINUED"]


def test_row_48_each_ipc_of_an_omi_is_a_step(desk):
    message = order("OMI").put("IPC-4", "S1").put("IPC[2]-4", "S2").put("IPC[2]-5", "MR")
    desk.accepts(message)
    seen = desk.seen_by_a_scanner(message)
    assert {item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for item in seen} == {"S1", "S2"}
    assert len({item.AccessionNumber for item in seen}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_row_48_the_same_order_twice_in_one_message_is_refused(desk, kind):
    message = order(kind)
    name, number = STEP_ID[kind].split("-")
    message.add(*Hl7Text(group(kind, message.placer)).lines)
    message.put(f"{name}[1]-{number}", "S1").put(f"{name}[2]-{number}", "S1")
    desk.refuses(message, 205, "ORC^2^2")


def test_an_order_without_orc_or_obr_is_refused(desk):
    desk.refuses(order().without("ORC"), 100, "OBR", names="ORC")
    desk.refuses(order().without("ORC").without("OBR"), 100, "ORC", names="ORC")
    desk.refuses(order().without("OBR"), 100, "OBR", names="OBR")


# ---- check-in


def patient_of_its_own(message, visit=""):
    """So that no other test's steps arrive as well."""
    number = next(_visits)
    message.put("PID-3", f"NG-V{number}^^^NORTHGATE^MR").put("PV1-19", visit)
    return message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", ["A04", "A10", "A01"])
def test_check_in_moves_the_step_to_arrived(desk, kind, event):
    message = patient_of_its_own(order(kind), "V-1")
    desk.accepts(message)
    arrival = adt(event).put("PID-3", message.get("PID-3")).put("PV1-19", "V-1").put("PID-5", "Rivera^Elena^M")
    assert "1 step arrived" in desk.accepts(arrival).text
    (item,) = desk.seen_by_a_scanner(message)
    assert item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus == "ARRIVED"
    assert item.PatientName == "Rivera^Elena^M"
    desk.accepts(message.anew().put("ORC-1", "CA"))  # who has only arrived can still go home
    assert desk.status(message) == "CANCELED"


def test_check_in_is_for_the_visits_steps(desk):
    mine = patient_of_its_own(order(), "V-MINE")
    other = order().put("PID-3", mine.get("PID-3")).put("PV1-19", "V-OTHER")
    desk.accepts(mine)
    desk.accepts(other)
    desk.accepts(adt().put("PID-3", mine.get("PID-3")).put("PV1-19", "V-MINE"))
    assert (desk.status(mine), desk.status(other)) == ("ARRIVED", "SCHEDULED")


def test_an_update_of_one_visit_leaves_the_other_visits_steps_in_theirs(desk):
    mine = patient_of_its_own(order(), "V-THIS")
    other = order().put("PID-3", mine.get("PID-3")).put("PV1-19", "V-THAT").put("PV1-3", "WARD")
    desk.accepts(mine)
    desk.accepts(other)
    update = adt("A08").put("PID-3", mine.get("PID-3")).put("PV1-19", "V-THIS").put("PV1-3", "LOBBY")
    desk.accepts(update.put("PID-5", "Rivera-Lind^Elena"))
    for message, visit, place in ((mine, "V-THIS", "LOBBY"), (other, "V-THAT", "WARD")):
        values = {origin.attribute: origin.value for origin in desk.step(message).origins}
        assert (values["AdmissionID"], values["CurrentPatientLocation"]) == (visit, place)
        assert values["PatientName"] == "Rivera-Lind^Elena"


def test_check_in_without_a_visit_is_for_the_day(desk):
    today = patient_of_its_own(order())
    tomorrow = order().put("PID-3", today.get("PID-3")).put("PV1-19", "").put("ORC-7", "^^^20260303093000^^R")
    desk.accepts(today)
    desk.accepts(tomorrow)
    arrival = adt().put("PID-3", today.get("PID-3")).put("PV1-19", "")
    desk.accepts(arrival)
    assert (desk.status(today), desk.status(tomorrow)) == ("ARRIVED", "SCHEDULED")
    desk.accepts(arrival.anew().put("PV1-44", "20260303090000"))
    assert desk.status(tomorrow) == "ARRIVED"


def test_a_check_in_that_comes_again_updates_the_patient_and_moves_no_other_day_on(desk):
    today = patient_of_its_own(order())
    next_week = order().put("PID-3", today.get("PID-3")).put("PV1-19", "").put("ORC-7", "^^^20260309093000^^R")
    desk.accepts(today)
    desk.accepts(next_week)
    arrival = adt().put("PID-3", today.get("PID-3")).put("PV1-19", "V-AGAIN").put("PID-5", "Rivera^Elna")
    assert "1 step arrived" in desk.accepts(arrival).text
    mended = arrival.anew().put("PID-5", "Rivera^Elena").put("PV1-3", "LOBBY")
    assert "patient updated on 2 steps" in desk.accepts(mended).text
    assert (desk.status(today), desk.status(next_week)) == ("ARRIVED", "SCHEDULED")
    for message, visit, place in ((today, "V-AGAIN", "LOBBY"), (next_week, None, "IMAGING WAITING 1")):
        values = {origin.attribute: origin.value for origin in desk.step(message).origins}
        assert values["PatientName"] == "Rivera^Elena"
        assert (values.get("AdmissionID"), values.get("CurrentPatientLocation")) == (visit, place)


def test_a_check_in_leaves_a_step_that_is_over_as_it_was(lab, desk):
    message = patient_of_its_own(order(), "V-OVER")
    desk.accepts(message)
    lab.ris.complete_step(desk.step(message).accession_number)
    late = adt().put("PID-3", message.get("PID-3")).put("PV1-19", "V-OVER").put("PID-5", "Other^Name")
    assert "nothing is scheduled" in desk.accepts(late).text
    assert (desk.status(message), desk.step(message).patient_name) == ("COMPLETED", "Rivera^Elena^Maria^Ms")


def test_check_in_of_somebody_else_moves_nothing(desk):
    message = patient_of_its_own(order())
    desk.accepts(message)
    same_number_elsewhere = adt().put("PID-3", message.get("PID-3").replace("NORTHGATE", "SOUTHGATE"))
    assert "nothing is scheduled" in desk.accepts(same_number_elsewhere).text
    assert "nothing is scheduled" in desk.accepts(patient_of_its_own(adt())).text
    assert desk.status(message) == "SCHEDULED"


def test_a_check_in_without_a_medical_record_number_is_refused(desk):
    desk.refuses(adt().put("PID-3", "A-1^^^NORTHGATE^AN"), 101, "PID^1^3")


def test_a_check_in_in_another_character_set_leaves_the_orders_text_as_it_is(desk):
    message = patient_of_its_own(order(), "V-JP").put("OBR-31", "^頭痛")
    desk.accepts(message)
    arrival = adt().put("PID-3", message.get("PID-3")).put("PV1-19", "V-JP").put("PID-5", "Núñez^Ana")
    answer = desk.client.ask(arrival.put("MSH-18", "8859/1").bytes("latin-1"))
    assert answer.code == "AA"
    values = {origin.attribute: origin.value for origin in desk.step(message).origins}
    assert values["ReasonForTheRequestedProcedure"] == "頭痛"
    (item,) = desk.seen_by_a_scanner(message)
    assert item.PatientName == "Núñez^Ana"


# ---- 49, 50: reports at the PACS


@pytest.fixture(scope="module")
def study(lab):
    """An examination whose images are in the PACS: its worklist item."""
    message = order().put("PID-3", "NG-4950^^^NORTHGATE^MR")
    with MllpClient(lab.ris.hl7) as client:
        assert client.ask(message.bytes()).code == "AA"
    query = Dataset()
    query.PatientID = "NG-4950"
    for keyword in ("PatientName", "IssuerOfPatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureID"):
        setattr(query, keyword, None)
    (item,) = lab.modality.query(query)
    images = lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:2])
    assert [result.status for result in lab.modality.store(images)] == [0, 0]
    return item


@pytest.fixture
def reading_room(lab):
    with MllpClient(lab.pacs.hl7) as client:
        yield client


def about(study):
    message = report().put("PID-3", "NG-4950^^^NORTHGATE^MR")
    return message.put("OBR-18", study.AccessionNumber)


def test_row_49_a_report_for_no_study_waits_in_the_exceptions_queue_and_says_so(lab, reading_room):
    before = len(lab.pacs.exceptions())
    message = report().put("OBR-18", "NOWHERE-49")
    answer = reading_room.ask(message.bytes())
    assert (answer.code, answer.answers) == ("AA", message.control_id)
    assert "exceptions queue" in answer.text
    assert "no images are here" in answer.text
    held = lab.pacs.exceptions()
    assert len(held) == before + 1
    assert held[-1].report.accession_number == "NOWHERE-49"
    assert held[-1].report.text == "Normal."
    assert "NOWHERE-49" in held[-1].reason
    assert f"number {held[-1].number}" in answer.text


def test_row_49_a_report_that_names_no_study_waits_too(lab, reading_room):
    answer = reading_room.ask(report().bytes())
    assert answer.code == "AA"
    assert "neither" in lab.pacs.exceptions()[-1].reason


def test_row_49_the_same_report_again_waits_once(lab, reading_room):
    body = report().put("OBR-18", "NOWHERE-AGAIN").bytes()
    first = reading_room.ask(body)
    before = len(lab.pacs.exceptions())
    assert reading_room.ask(body).raw == first.raw
    assert len(lab.pacs.exceptions()) == before


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("PID-3", "NG-100237^^^NORTHGATE^MR", "NG-100237"),
        ("PID-3", "NG-4950^^^SOUTHGATE^MR", "SOUTHGATE"),
        ("OBX[2]-5", "1.2.3.4", "another study"),
        ("OBR-18", "WRONG-50", "WRONG-50"),
    ],
)
def test_row_50_a_report_whose_keys_disagree_is_never_attached(lab, reading_room, study, path, value, reason):
    message = about(study)
    message.add(f"OBX|2|HD|110180^Study Instance UID^DCM||{study.StudyInstanceUID}||||||F")
    shelf = lab.pacs.reports.history(study_instance_uid=study.StudyInstanceUID)
    answer = reading_room.ask(message.put(path, value).bytes())
    assert (answer.code, answer.answers) == ("AA", message.control_id)
    assert "exceptions queue" in answer.text
    assert reason in lab.pacs.exceptions()[-1].reason
    assert lab.pacs.reports.history(study_instance_uid=study.StudyInstanceUID) == shelf


@pytest.mark.parametrize("key", ["accession number", "study", "both"])
def test_a_report_whose_keys_agree_stands_beside_the_images(lab, reading_room, study, key):
    message = report().put("PID-3", "NG-4950^^^NORTHGATE^MR").put("OBX-5", f"By {key}.")
    if key != "study":
        message.put("OBR-18", study.AccessionNumber)
    if key != "accession number":
        message.add(f"OBX|2|HD|110180^Study Instance UID^DCM||{study.StudyInstanceUID}||||||F")
    queue = len(lab.pacs.exceptions())
    answer = reading_room.ask(message.bytes())
    assert answer.code == "AA"
    assert "attached" in answer.text
    assert len(lab.pacs.exceptions()) == queue
    assert f"By {key}." in str(lab.pacs.open_study(study.AccessionNumber))


@pytest.mark.parametrize(("status", "error"), [("", 101), ("Z", 103), ("R", 103)])
def test_a_report_that_does_not_say_whether_it_is_final_is_refused(lab, reading_room, study, status, error):
    shelf = lab.pacs.reports.history(study_instance_uid=study.StudyInstanceUID)
    answer = reading_room.ask(about(study).put("OBR-25", status).bytes())
    assert (answer.code, answer.error, answer.location) == ("AE", error, "OBR^1^25")
    assert lab.pacs.reports.history(study_instance_uid=study.StudyInstanceUID) == shelf


def test_of_two_reports_in_one_message_none_is_kept_where_one_is_wrong(lab, reading_room, study):
    message = about(study).add("OBR|2|||71045^Chest^C4", "OBX|1|TX|18748-4^Report^LN||Clear.||||||F")
    shelf = lab.pacs.reports.history(study_instance_uid=study.StudyInstanceUID)
    answer = reading_room.ask(message.bytes())
    assert (answer.code, answer.error) == ("AE", 101)
    assert lab.pacs.reports.history(study_instance_uid=study.StudyInstanceUID) == shelf
