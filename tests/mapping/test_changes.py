"""A changed order (XO) and changed demographics (ADT^A08): empty leaves, `""` deletes, a value replaces.

HL7 v2.5.1 section 2.5.3.3 (null) and 4.5.1 (XO); IHE RAD-3 and RAD-12.
"""

from __future__ import annotations

import pytest
from flat import flat
from messages import FULL_OMI, FULL_ORM, message, with_field, without
from oracle import STEP
from test_order_to_worklist import NOW, STATIONS

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.hl7v2.groups import orders
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.order_to_worklist import (
    changed_item,
    identified,
    missing,
    new_item,
    order_to_worklist,
    scheduled,
    worklist_item,
)
from hl7dicom_lab.model import StepStatus

PID_ONLY = "PID|1||M-4711^^^WEST^MR||Beck^Ada"

#: A field, and the attributes that it alone says.
SAID_ALONE = {
    "PID-7": ["PatientBirthDate"],
    "PID-8": ["PatientSex"],
    "PID-11": ["PatientAddress"],
    "PV1-3": ["CurrentPatientLocation"],
    "PV1-8": ["ReferringPhysicianName"],
    "PV1-15": ["PregnancyStatus"],
    "OBR-12": ["PatientState"],
    "OBR-13": ["MedicalAlerts"],
    "OBR-30": ["PatientTransportArrangements"],
    "OBR-31": ["ReasonForTheRequestedProcedure", "ReasonForRequestedProcedureCodeSequence"],
    "OBR-34": [f"{STEP}ScheduledPerformingPhysicianName"],
}


def booked(text: str):
    """A new order as the order book keeps it."""
    (group,) = orders(Message.parse(text.encode("utf-8")))
    planned = scheduled(new_item(order_to_worklist(group)), stations=STATIONS, now=NOW)
    return worklist_item(identified(planned, dict.fromkeys(missing(planned.data_set), "1.2.3")))


def changed(item, text: str):
    """The step after a message with the order control XO."""
    (group,) = orders(Message.parse(with_field(text, "ORC-1", "XO").encode("utf-8")))
    return worklist_item(scheduled(changed_item(item, order_to_worklist(group)), stations=STATIONS, now=NOW))


def attributes(item) -> dict[str, object]:
    return flat(data_set.decode(item.data_set))


def assert_explained(item):
    """Each value has exactly one origin, and each origin is that value's."""
    origins = {origin.attribute: origin.value for origin in item.origins if origin.value}
    assert len(origins) == len([origin for origin in item.origins if origin.value])
    assert set(origins) == set(attributes(item))
    plain = {key: value for key, value in attributes(item).items() if isinstance(value, str) and "\n" not in value}
    assert {key: origins[key] for key in plain} == plain


@pytest.mark.parametrize("place", [*SAID_ALONE, "PID-18", "PV1-19", "ORC-2", "ORC-12", "OBR-18", "OBR-19", "OBR-20"])
def test_an_empty_field_leaves_everything_as_it_was(place):
    before = booked(FULL_ORM)
    fallback = {"PV1-19": {"PID-18": ""}, "PID-18": {}, "ORC-2": {"OBR-2": ""}}.get(place, {})
    text = with_field(FULL_ORM, place, "")
    for other, value in fallback.items():
        text = with_field(text, other, value)
    after = changed(before, text)
    assert attributes(after) == attributes(before)
    assert_explained(after)


def test_a_change_that_says_only_whom_and_which_leaves_everything():
    before = booked(FULL_ORM)
    after = changed(before, message(FULL_ORM.split("\r")[0], PID_ONLY, "ORC|XO|P-1", "OBR|1"))
    wanted = attributes(before) | {"PatientName": "Beck^Ada"}
    assert attributes(after) == wanted
    assert_explained(after)


@pytest.mark.parametrize(("place", "gone"), SAID_ALONE.items())
def test_null_deletes_what_the_field_said_and_nothing_else(place, gone):
    before = booked(FULL_ORM)
    after = changed(before, with_field(FULL_ORM, place, '""'))
    assert attributes(after) == {key: value for key, value in attributes(before).items() if key not in gone}
    assert_explained(after)


@pytest.mark.parametrize(("place", "attribute", "text", "value"), [
    ("PID-5", "PatientName", "Kern^Ada", "Kern^Ada"),
    ("PID-7", "PatientBirthDate", "19800101", "19800101"),
    ("PID-8", "PatientSex", "O", "O"),
    ("PV1-8", "ReferringPhysicianName", "D9^Neu^Nora", "Neu^Nora"),
    ("OBR-13", "MedicalAlerts", "Claustrophobia", ["Claustrophobia"]),
    ("OBR-18", "AccessionNumber", "ACC-7", "ACC-7"),
    ("OBR-44", "RequestedProcedureDescription", "^Other words", "Other words"),
    ("ORC-7", f"{STEP}ScheduledProcedureStepStartTime", "1^^^20260302113000^^S", "113000"),
    ("ORC-7", "RequestedProcedurePriority", "1^^^20260302093000^^R", "ROUTINE"),
    ("NTE-3", "RequestedProcedureComments", "New", "New\nInterpreter needed:\nSpanish"),
])  # fmt: skip
def test_a_value_replaces(place, attribute, text, value):
    before = booked(FULL_ORM)
    after = changed(before, with_field(FULL_ORM, place, text))
    others = {"OBR-44": {"RequestedProcedureCodeSequence": [("MRB", "99NG", "MRI brain")]}}.get(place, {})
    assert attributes(after) == attributes(before) | others | {attribute: value}
    assert_explained(after)


@pytest.mark.parametrize("said", ["1.2.3.4.5.100", '""', ""])
def test_the_study_uid_of_a_step_never_changes(said):
    before = booked(FULL_ORM)
    after = changed(before, with_field(FULL_ORM, "ZDS-1", said))
    assert after.study_instance_uid == before.study_instance_uid == "1.2.3.4.5.99"
    assert_explained(after)
    warned = ["ZDS-1.1 names another study; the step keeps 1.2.3.4.5.99"]
    assert [one for one in after.warnings if "study" in one] == (warned if said[:1] == "1" else [])


@pytest.mark.parametrize("place", ["ORC-3", "OBR-18", "OBR-19", "OBR-20"])
def test_what_the_filler_numbered_is_not_deleted(place):
    before = booked(FULL_ORM)
    text = with_field(with_field(FULL_ORM, place, '""'), "OBR-3", '""')
    after = changed(before, text)
    assert attributes(after) == attributes(before)
    assert_explained(after)


def test_another_modality_means_another_station():
    before = booked(FULL_ORM)
    after = changed(before, with_field(FULL_ORM, "OBR-24", "CT"))
    assert (after.modality, after.station_ae_titles) == ("CT", ("NORTHGATE_CT1",))
    new = attributes(after)
    assert (new[f"{STEP}ScheduledStationName"], new[f"{STEP}ScheduledProcedureStepLocation"]) == ("CT1", "ROOM 2")
    assert_explained(after)
    station = next(one for one in after.origins if one.attribute == f"{STEP}ScheduledStationName")
    assert (station.source, station.source_value) == ("station table", "CT")


def test_the_same_modality_keeps_the_station_that_the_order_named():
    before = booked(FULL_OMI)
    after = changed(before, with_field(with_field(FULL_OMI, "IPC-9", ""), "IPC-7", ""))
    assert after.station_ae_titles == ("EAST_CT7",)
    assert attributes(after) == attributes(before)


def test_a_null_station_falls_back_to_the_table():
    before = booked(FULL_OMI)
    text = with_field(with_field(with_field(FULL_OMI, "IPC-9", '""'), "IPC-8", '""'), "IPC-7", '""')
    after = changed(before, text)
    assert after.station_ae_titles == ("NORTHGATE_CT1",)
    assert attributes(after)[f"{STEP}ScheduledStationName"] == "CT1"
    assert_explained(after)


def test_a_new_day_without_a_time_does_not_keep_the_old_time():
    after = changed(booked(FULL_ORM), with_field(FULL_ORM, "ORC-7", "1^^^20260305^^S"))
    assert after.start == "20260305000000"
    assert_explained(after)


def test_a_null_start_is_scheduled_anew():
    text = with_field(with_field(FULL_ORM, "ORC-7", '""'), "OBR-27", '""')
    after = changed(booked(FULL_ORM), text)
    assert after.start == f"{NOW:%Y%m%d%H%M%S}"
    assert_explained(after)


def test_another_visit_does_not_keep_the_issuer_of_the_old_one():
    after = changed(booked(FULL_ORM), with_field(FULL_ORM, "PV1-19", "V-9"))
    assert attributes(after)["AdmissionID"] == "V-9"
    assert "IssuerOfAdmissionIDSequence" not in attributes(after)
    assert_explained(after)


def test_words_that_replace_a_code_do_not_keep_the_code():
    after = changed(booked(FULL_ORM), with_field(FULL_ORM, "OBR-31", "^Dizziness"))
    assert attributes(after)["ReasonForTheRequestedProcedure"] == "Dizziness"
    assert "ReasonForRequestedProcedureCodeSequence" not in attributes(after)
    assert_explained(after)


def test_an_ambulatory_status_without_b6_takes_the_pregnancy_back():
    before = booked(FULL_ORM)
    assert attributes(before)["PregnancyStatus"] == 3
    after = changed(before, with_field(FULL_ORM, "PV1-15", "A0"))
    assert "PregnancyStatus" not in attributes(after)
    assert_explained(after)


def test_the_list_of_allergies_is_replaced_and_one_null_deletes_no_other():
    before = booked(FULL_ORM)
    rest = without(FULL_ORM, "AL1")
    place = rest.index("ORC|")
    assert attributes(changed(before, rest))["Allergies"] == ["Penicillin", "LATEX"]
    one = changed(before, rest[:place] + 'AL1|1||""\rAL1|2||^Iodine\r' + rest[place:])
    assert attributes(one)["Allergies"] == ["Iodine"]
    assert "Allergies" not in attributes(changed(before, rest[:place] + 'AL1|1||""\r' + rest[place:]))


def test_a_null_weight_deletes_the_weight_and_leaves_the_height():
    before = booked(FULL_ORM)
    after = changed(before, FULL_ORM.replace("154.5|[lb_av]", '""|'))
    assert "PatientWeight" not in attributes(after)
    assert attributes(after)["PatientSize"] == attributes(before)["PatientSize"]
    assert_explained(after)


def test_a_weight_that_is_not_understood_leaves_the_weight_and_warns():
    before = booked(FULL_ORM)
    after = changed(before, FULL_ORM.replace("154.5|[lb_av]", "11|stone"))
    assert attributes(after) == attributes(before)
    assert ["11 stone" in one for one in after.warnings] == [True]


@pytest.mark.parametrize(("order_status", "status"), [
    ("CM", StepStatus.COMPLETED), ("IP", StepStatus.STARTED), ("SC", StepStatus.SCHEDULED),
    ("", StepStatus.SCHEDULED),
])  # fmt: skip
def test_xo_starts_with_ip_completes_with_cm_and_else_moves_nothing(order_status, status):
    assert changed(booked(FULL_ORM), with_field(FULL_ORM, "ORC-5", order_status)).status is status


@pytest.mark.parametrize(("order_status", "status"), [("SC", "SCHEDULED"), ("IP", "STARTED"), ("CM", "COMPLETED")])
def test_a_status_change_tells_the_progress_of_a_step(order_status, status):
    """ORC-1 SC, table 0119: the status of the order has changed, and ORC-5 says to what."""
    before = booked(FULL_ORM)
    text = with_field(with_field(FULL_ORM, "ORC-1", "SC"), "ORC-5", order_status)
    (group,) = orders(Message.parse(text.encode()))
    assert worklist_item(changed_item(before, order_to_worklist(group))).status == status


@pytest.mark.parametrize(("control", "status"), [("NW", "SCHEDULED"), ("CA", "CANCELED"), ("DC", "DISCONTINUED")])
def test_order_control_and_step_status(control, status):
    (group,) = orders(Message.parse(with_field(FULL_ORM, "ORC-1", control).encode()))
    assert flat(order_to_worklist(group).data_set)[f"{STEP}ScheduledProcedureStepStatus"] == status


def test_a_change_in_a_narrower_character_set_loses_nothing():
    before = booked(with_field(FULL_ORM, "OBR-31", "^頭痛"))
    text = with_field(with_field(without(FULL_ORM, "NTE"), "MSH-18", "8859/1"), "OBR-31", "")
    (group,) = orders(Message.parse(with_field(text, "ORC-1", "XO").encode("latin-1")))
    after = worklist_item(changed_item(before, order_to_worklist(group)))
    assert attributes(after)["ReasonForTheRequestedProcedure"] == "頭痛"
    assert attributes(after)["SpecificCharacterSet"] == ["ISO_IR 192"]
    assert_explained(after)


# --- ADT^A08 through the department -----------------------------------------------------------------------------------


@pytest.fixture
def lab():
    with Lab() as running:
        assert running.emr.send(FULL_ORM.encode("utf-8")).code == "AA"
        yield running


def update(lab, number: int, *segments: str, character_set: str = "UNICODE UTF-8"):
    header = rf"MSH|^~\&|EMR|NORTHGATE|RIS|NORTHGATE|20260302090000||ADT^A08|A08-{number}|P|2.3.1||||||{character_set}"
    text = message(header, "EVN|A08|20260302090000", *segments, "PV1|1|O")
    codec = {"UNICODE UTF-8": "utf-8", "8859/1": "latin-1"}[character_set]
    assert lab.emr.send(text.encode(codec)).code == "AA"
    (item,) = lab.ris.steps()
    assert_explained(item)
    return attributes(item)


def test_new_demographics_reach_the_step_and_nothing_else_changes(lab):
    (item,) = lab.ris.steps()
    before = attributes(item)
    after = update(lab, 1, "PID|1||M-4711^^^WEST^MR||Beck-Kern^Ada^^^Dr||19791106|")
    assert after == before | {"PatientName": "Beck-Kern^Ada^^Dr", "PatientBirthDate": "19791106"}


def test_null_demographics_go(lab):
    (item,) = lab.ris.steps()
    before = attributes(item)
    after = update(lab, 2, 'PID|1||M-4711^^^WEST^MR||Beck^Ada^Rosa^III^Dr^MD||||||""')
    assert after == {key: value for key, value in before.items() if key != "PatientAddress"}


def test_another_patients_demographics_leave_the_step(lab):
    (item,) = lab.ris.steps()
    before = attributes(item)
    assert update(lab, 3, "PID|1||M-9999^^^WEST^MR||Other^Person||19000101|M") == before
    assert update(lab, 4, "PID|1||M-4711^^^EAST^MR||Other^Person||19000101|M") == before


def test_demographics_in_another_character_set(lab):
    after = update(lab, 5, "PID|1||M-4711^^^WEST^MR||Böck^Ada", character_set="8859/1")
    assert (after["PatientName"], after["SpecificCharacterSet"]) == ("Böck^Ada", ["ISO_IR 100"])
