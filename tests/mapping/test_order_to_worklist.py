"""Section 1 of the mapping, field by field: the package against the independent reading in `oracle.py`."""

from __future__ import annotations

from datetime import datetime

import generated
import pytest
from flat import flat, rounded
from hypothesis import given, settings
from messages import ORDERS, with_field
from oracle import STEP, worklist_items

from hl7dicom_lab import story
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.hl7v2.groups import orders
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.order_to_worklist import identified, new_item, order_to_worklist, scheduled, worklist_item

NOW = datetime(2026, 3, 2, 8, 16, 5)
STATIONS = {station.modality: station for station in story.STATIONS}
ORACLE_STATIONS = {one.modality: (one.ae_title, one.name, one.location) for one in story.STATIONS}


def planned(text: str):
    """What the package makes of every step of an order message, before the filler numbers it."""
    groups = orders(Message.parse(text.encode("utf-8")))
    return [scheduled(new_item(order_to_worklist(group)), stations=STATIONS, now=NOW) for group in groups]


def expected(text: str):
    """What the oracle expects; where the order names no start, what the filler plans is added: now, or the day."""
    for item in worklist_items(text, ORACLE_STATIONS):
        if STEP + "ScheduledProcedureStepStartDate" not in item:
            item[STEP + "ScheduledProcedureStepStartDate"] = f"{NOW:%Y%m%d}"
            item[STEP + "ScheduledProcedureStepStartTime"] = f"{NOW:%H%M%S}"
        item.setdefault(STEP + "ScheduledProcedureStepStartTime", "000000")
        yield rounded(item)


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS.keys())
def test_every_attribute_is_what_the_oracle_says(text):
    assert [flat(item.data_set) for item in planned(text)] == list(expected(text))


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS.keys())
def test_what_is_written_and_read_again_is_the_same(text):
    for item in planned(text):
        assert flat(data_set.decode(worklist_item(item).data_set)) == flat(item.data_set)


@settings(deadline=None, max_examples=150)
@given(generated.orders())
def test_any_order_is_what_the_oracle_says(text):
    assert [flat(item.data_set) for item in planned(text)] == list(expected(text))


def test_what_the_filler_adds_is_not_added_to_the_order_itself():
    (group,) = orders(Message.parse(ORDERS["full ORM"].encode("utf-8")))
    order = new_item(order_to_worklist(group))
    before = flat(order.data_set)
    planned = scheduled(order, stations=STATIONS, now=NOW)
    identified(planned, {"AccessionNumber": "NG1"})
    assert flat(planned.data_set) != before
    assert flat(order.data_set) == before


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("OBR-2", "P99^EMR", "OBR-2.1 'P99' is not ORC-2.1 '{placer}', which counts"),
        ("OBR-3", "F99^RIS", "OBR-3.1 'F99' is not ORC-3.1 'F1', which counts"),
    ],
)
def test_a_number_that_stands_twice_and_differs_is_told(place, value, told):
    text = with_field(ORDERS["full ORM"], "ORC-3", "F1^RIS")
    placer = Message.parse(text.encode("utf-8")).get("ORC-2.1")
    (same,) = planned(with_field(text, place, {"OBR-2": placer, "OBR-3": "F1"}[place]))
    (other,) = planned(with_field(text, place, value))
    assert set(other.warnings) - set(same.warnings) == {told.format(placer=placer)}
    assert data_set.encode(other.data_set) == data_set.encode(same.data_set)
