"""Any order that is accepted gives an item that obeys DICOM's value representations, and nothing in it was altered."""

from __future__ import annotations

import re

import generated
import pytest
from flat import flat
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import FULL_OMI, FULL_ORM, with_field
from oracle import STEP
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from test_order_to_worklist import planned

from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.mapping.order_to_worklist import worklist_item

#: PS3.5 Table 6.2-1: length and repertoire of a value.
_TEXT = r"[^\\\x00-\x1f\x7f-\x9f]"
VALUES = {
    "AE": r"[ -\[\]-~]{1,16}",
    "CS": r"[A-Z0-9 _]{1,16}",
    "DA": r"\d{8}",
    "DS": r"[0-9.]{1,16}",
    "LO": _TEXT + "{1,64}",
    "LT": r"[^\x00-\x09\x0b-\x0c\x0e-\x1f\x7f-\x9f]{1,10240}",
    "PN": r"([^\\^=\x00-\x1f\x7f-\x9f]|[\^=]){1,194}",
    "SH": _TEXT + "{1,16}",
    "TM": r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?",
    "UC": _TEXT + "+",
    "UI": r"(0|[1-9]\d*)(\.(0|[1-9]\d*))*",
    "US": r"\d{1,5}",
    "UT": r"[^\x00-\x1f\x7f-\x9f]+",
}
OFFSET = "ORC-7.4 has the offset +0100 from UTC, which DA and TM cannot hold; the local time is kept"
ORM_PLACES = [f"{segment}-{number}" for segment, numbers in {
    "PID": (3, 5, 7, 8, 11, 18), "PV1": (3, 8, 15, 19), "AL1": (3,), "ORC": (2, 3, 5, 7, 12), "NTE": (3,),
    "OBR": (2, 3, 4, 12, 13, 16, 18, 19, 20, 24, 27, 30, 31, 34, 44), "OBX": (3, 5, 6), "ZDS": (1,), "MSH": (18,),
}.items() for number in numbers]  # fmt: skip
OMI_PLACES = ["TQ1-7", "TQ1-9", *(f"IPC-{number}" for number in range(1, 10))]

#: Anything a field may hold, with bytes of control characters as HL7 escapes them.
wild = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=("C",), exclude_characters="|\\"), max_size=30),
        st.sampled_from(
            (r"\X00\ ", r"\X1B\ ", r"\X0D0A\ ", r"\.br\ ", r"\E\ ", r"\F\ ", r"\S\ ", r"\T\ ", r"\R\ ",
             '""', "^", "&", "~")
        ),
        st.sampled_from(("20260302", "M", "MR", "1.2.3", "70", "kg", "x" * 70, "山" * 30)),
    ),
    max_size=6,
).map(lambda parts: "".join(part.removesuffix(" ") for part in parts))  # fmt: skip


def assert_obeys(item: Dataset):
    for element in item:
        if element.VR == "SQ":
            for one in element.value:
                assert_obeys(one)
            continue
        values = element.value if isinstance(element.value, MultiValue | list) else [element.value]
        for value in values:
            if value not in ("", None):
                assert re.fullmatch(VALUES[element.VR], str(value)), (element.keyword, element.VR, value)
        if element.VR == "PN":
            groups = str(element.value).split("=")
            assert len(groups) <= 3
            assert all(len(one) <= 64 and one.count("^") <= 4 for one in groups)


def assert_sound(text: str):
    for one in planned(text):
        assert_obeys(one.data_set)
        back = data_set.decode(worklist_item(one).data_set)
        assert flat(back) == flat(one.data_set)


@settings(deadline=None, max_examples=100)
@given(generated.orders())
def test_the_values_of_any_order_obey_their_representation(text):
    assert_sound(text)


def refusal(text: str) -> Hl7Fault | None:
    try:
        assert_sound(text)
    except Hl7Fault as refused:
        return refused
    return None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(ORM_PLACES), wild)
def test_whatever_stands_in_a_field_of_an_orm_is_refused_or_becomes_a_sound_value(place, value):
    refused = refusal(with_field(FULL_ORM, place, value))
    assert refused is None or (refused.code in range(100, 105) and refused.where and refused.next_step)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(OMI_PLACES), wild)
def test_whatever_stands_in_a_field_of_an_omi_is_refused_or_becomes_a_sound_value(place, value):
    refused = refusal(with_field(FULL_OMI, place, value))
    assert refused is None or (refused.code in range(100, 105) and refused.where and refused.next_step)


@pytest.mark.parametrize(("place", "value", "code", "where"), [
    ("OBR-18", "A" * 17, 104, "OBR-18"),
    ("OBR-19", "A" * 17, 104, "OBR-19"),
    ("OBR-20", "A" * 17, 104, "OBR-20"),
    ("OBR-18", r"A\E\1", 102, "OBR-18"),
    ("PID-3", "A" * 65 + "^^^WEST^MR", 104, "PID-3.1"),
    ("PID-3", "A-1^^^WEST^AN~" + "B" * 65 + "^^^WEST^MR", 104, "PID-3[2].1"),
    ("PID-3", "M-1^^^" + "W" * 65 + "^MR", 104, "PID-3.4.1"),
    ("PID-3", r"M\E\1^^^WEST^MR", 102, "PID-3.1"),
    ("PID-3", "A-1^^^WEST^AN~V-1^^^WEST^VN", 101, "PID-3"),
    ("PID-7", "19791332", 102, "PID-7"),
    ("ORC-7", "1^^^20260230", 102, "ORC-7.4"),
    ("OBR-24", "mri", 103, "OBR-24"),
    ("OBR-24", "ZZ", 103, "OBR-24"),
    ("OBR-24", "", 101, "OBR-24"),
    ("ZDS-1", "1.2.03", 102, "ZDS-1.1"),
    ("ZDS-1", "1." + "2" * 64, 102, "ZDS-1.1"),
    ("MSH-18", "LATIN", 103, "MSH-18"),
    ("ORC-2", "P" * 65, 104, "ORC-2.1"),
    ("PID-5", "A" * 65, 104, "PID-5"),
])  # fmt: skip
def test_what_cannot_cross_is_refused_by_its_field(place, value, code, where):
    with pytest.raises(Hl7Fault) as refused:
        planned(with_field(FULL_ORM, place, value))
    assert (refused.value.code, refused.value.where) == (code, where)
    assert refused.value.next_step


@pytest.mark.parametrize(("place", "value", "warned"), [
    ("OBR-44", "^" + "long words " * 9, "OBR-44.2 has 98 characters; the 64 that fit are kept"),
    ("OBR-31", "^" + "x" * 65, "OBR-31.2 has 65 characters; the 64 that fit are kept"),
    ("PID-7", "1979", "PID-7 '1979' is no full date; it stays empty"),
    ("ORC-7", "1^^^20260302093000+0100", OFFSET),
    ("ORC-7", "1^^^20260302^^S", "the order names a day and no time; the step starts with the day"),
    ("ORC-7", "1^^^20260302093000^^Q", "ORC-7.6 'Q' is not in table 0485"),
    ("PV1-8", "D77", "PV1-8 has an id and no name, and an id is no DICOM name"),
    ("OBR-34", "T9", "OBR-34 has an id and no name, and an id is no DICOM name"),
    ("OBR-31", "HEAD^Headache", "OBR-31.3 names no coding system, so 'HEAD' is no code that DICOM could carry"),
    ("NTE-3", "x" * 10241, "NTE-3 has 10271 characters; the 10240 that fit are kept"),
])  # fmt: skip
def test_what_is_lost_is_told(place, value, warned):
    (item,) = planned(with_field(FULL_ORM, place, value))
    assert warned in item.warnings


@pytest.mark.parametrize("start", ["2026", "202603"])
def test_a_start_that_names_no_day_is_refused(start):
    with pytest.raises(Hl7Fault) as refused:
        planned(with_field(FULL_ORM, "ORC-7", f"1^^^{start}"))
    assert (refused.value.code, refused.value.where) == (102, "ORC-7.4")


@pytest.mark.parametrize("field", ["OBR-13", "AL1-3"])
@given(text=st.text("abc -/\\", min_size=1, max_size=400))
@settings(deadline=None, max_examples=40)
def test_text_that_concerns_safety_is_spread_and_never_cut(field, text):
    attribute = {"OBR-13": "MedicalAlerts", "AL1-3": "Allergies"}[field]
    escaped = text.replace("\\", r"\E" + "\\")
    order = with_field(FULL_ORM, field, escaped if field == "OBR-13" else f"^{escaped}").replace("^LATEX", "")
    (item,) = planned(order.replace("AL1|2|FA|LATEX\r", ""))
    values = flat(item.data_set).get(attribute, [])
    assert "".join(values).replace(" ", "") == text.replace("\\", "/").replace(" ", "")
    assert all(len(value) <= 64 for value in values)


@pytest.mark.parametrize(("number", "unit", "kilograms"), [
    ("70", "kg", "70"), ("70.250", "kg", "70.250"), ("3450", "g", "3.45"), ("154.5", "[lb_av]", "70.08"),
    ("1", "lb", "0.454"), ("100", "pounds", "45.359"), ("70", "KG", "70"),
    ("70", "", None), ("0", "kg", None), ("-70", "kg", None), ("70,5", "kg", None), ("seventy", "kg", None),
    ("1e2", "kg", None), ("9" * 17, "kg", None), ("70", "kg/m2", None), ("٧٠", "kg", None),
])  # fmt: skip
def test_weights_become_kilograms_or_nothing(number, unit, kilograms):
    (item,) = planned(FULL_ORM.replace("154.5|[lb_av]", f"{number}|{unit}"))
    weight = item.data_set.get("PatientWeight")
    assert (str(weight) if weight is not None else None) == kilograms
    assert any("not understood" in one for one in item.warnings) is (kilograms is None)


@pytest.mark.parametrize(("number", "unit", "metres"), [
    ("1.68", "m", "1.68"), ("168", "cm", "1.68"), ("1680", "mm", "1.68"), ("66", "[in_i]", "1.676"),
    ("66", "inches", "1.676"), ("5.5", "ft", "1.676"), ("168", "", None), ("168", "kg", None),
])  # fmt: skip
def test_heights_become_metres_or_nothing(number, unit, metres):
    (item,) = planned(FULL_ORM.replace("66|[in_i]", f"{number}|{unit}"))
    size = item.data_set.get("PatientSize")
    assert (str(size) if size is not None else None) == metres


@pytest.mark.parametrize(("called", "unit"), [
    ("29463-7^Body Weight^LN", "kg"), ("3141-9^Body weight Measured^LN", "kg"), ("^BODY WEIGHT", "kg"),
    ("WT^Body Weight (kg)^99NG", ""),
])  # fmt: skip
def test_a_weight_is_known_by_its_loinc_code_or_its_name(called, unit):
    (item,) = planned(FULL_ORM.replace("29463-7^Body Weight^LN||154.5|[lb_av]", f"{called}||70.5|{unit}"))
    assert item.data_set.PatientWeight == 70.5


def test_an_order_for_another_scanner_of_the_modality_does_not_get_this_ones_room():
    (item,) = planned(with_field(with_field(with_field(FULL_OMI, "IPC-7", ""), "IPC-8", ""), "IPC-9", "EAST_CT7"))
    step = flat(item.data_set)
    assert step[f"{STEP}ScheduledStationAETitle"] == "EAST_CT7"
    assert step.keys().isdisjoint({f"{STEP}ScheduledStationName", f"{STEP}ScheduledProcedureStepLocation"})


def test_the_time_comes_from_the_field_that_has_the_date():
    (item,) = planned(with_field(with_field(FULL_ORM, "ORC-7", "1^^^20260302"), "OBR-27", "1^^^20260405101112"))
    step = flat(item.data_set)
    assert step[f"{STEP}ScheduledProcedureStepStartDate"] == "20260302"
    assert step[f"{STEP}ScheduledProcedureStepStartTime"] == "000000"
