"""Whatever a field holds, an order is entered whole or refused with a place and a next step: nothing else happens."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import pytest
from hl7_text import adt, order, report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hl7dicom_lab import story
from hl7dicom_lab.actors.order_filling import OrderFilling
from hl7dicom_lab.clock import Mint
from hl7dicom_lab.dicom import data_set
from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.hl7v2 import checks, groups
from hl7dicom_lab.hl7v2.message import Message
from hl7dicom_lab.mapping.order_to_worklist import order_to_worklist
from hl7dicom_lab.mapping.oru_to_report import oru_to_report
from hl7dicom_lab.storage.order_book import OrderBook

NASTY = (
    "", '""', "^", "~", "&", "\\", r"\X00\ ", r"\X1B\ ", r"\XFF\ ", r"\.br\ ", r"\.sp99999999999\ ", "é山田", "é" * 200,
    "x" * 70, "9" * 70, "1.2.3", "-1", "0", "1e5", "nan", "２０２６", "2026", "20260231", "20260302093000.1+0100", "M",
    "MR", "\x00", "\x7f", "\t", "\U0001f600", "a=b", "a\\b", "*", "?", "\u202e", " ", "kg", "lb", "B6", "MR^CT~US",
)  # fmt: skip

values = st.lists(st.sampled_from(NASTY), min_size=1, max_size=3).map("".join)
#: Segment, field, component and what to put there.
changes = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 45), st.integers(0, 8), values), min_size=1, max_size=4)


def spoilt(message, wanted):
    """The message with some components, or whole fields for component 0, replaced."""
    for line, number, component, value in wanted:
        place = min(line, len(message.lines) - 1)
        name = message.lines[place][:3]
        occurrence = sum(one[:3] == name for one in message.lines[: place + 1])
        path = f"{name}[{occurrence}]-{number}"
        message.put(path, message.get(path) if number < len(message.lines[place].split("|")) else "")
        parts = message.get(path).split("^")
        parts += [""] * (component - len(parts))
        if component:
            parts[component - 1] = value
        message.put(path, "^".join(parts) if component else value)
    return Message.parse(message.bytes("utf-8"))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    with closing(OrderBook(tmp_path_factory.mktemp("book") / "orders.sqlite", durable=False)) as opened:
        yield opened


@pytest.fixture(scope="module")
def fill(book):
    mint = Mint()

    def make(attribute):
        return mint.uid("study") if attribute == "StudyInstanceUID" else f"N{mint.number(attribute):06d}"

    stations = {station.modality: station for station in story.STATIONS}
    return OrderFilling(book, stations, make, lambda: datetime(2026, 3, 2, 8))


def how_many(book):
    (row,) = book.database.rows("SELECT count(*) AS steps FROM step")
    return row["steps"]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["ORM", "OMI"]), st.sampled_from(["NW", "NW", "XO", "CA"]), changes)
def test_an_order_is_entered_whole_or_refused(book, fill, kind, control, wanted):
    known = order(kind)
    fill(Message.parse(known.bytes()))
    before = how_many(book)
    message = order(kind, control, "" if control == "NW" else known.placer)
    message.add("NTE|1||a note", "OBX|1|NM|29463-7^Body Weight^LN||64|kg|||||F")
    try:
        parsed = spoilt(message, wanted)
        fill(parsed)
    except Hl7Fault as fault:
        assert_says_what_to_do(fault)
        assert how_many(book) == before
        return
    for step in book.steps(placer_order_number=parsed.get("ORC-2.1")):
        assert data_set.encode(data_set.decode(step.item.data_set)) == step.item.data_set
        assert step.item.patient_id
        assert step.item.modality


@pytest.mark.parametrize(
    ("field", "value"),
    [("PID-5", "~Rivera^Elena"), ("PID-5", "^^^^^^L"), ("PID-5", r"\X00\ "), ("OBR-4", "^^C4"), ("OBR-4", r"\X00\ ")],
)
def test_an_order_that_leaves_the_worklist_without_a_name_or_a_procedure_is_refused(book, fill, field, value):
    """PS3.4 Table K.6-1, types 1 and 1C: a scanner always gets them."""
    before = how_many(book)
    with pytest.raises(Hl7Fault) as caught:
        fill(Message.parse(order().put(field, value.strip()).bytes()))
    assert (caught.value.code, caught.value.where) == (101, field)
    assert how_many(book) == before


def test_a_change_cannot_take_the_procedure_away(fill):
    known = order()
    fill(Message.parse(known.bytes()))
    change = order("ORM", "XO", known.placer).put("OBR-4", '""').put("OBR-44", '""')
    with pytest.raises(Hl7Fault) as caught:
        fill(Message.parse(change.bytes()))
    assert (caught.value.code, caught.value.where) == (101, "OBR-4")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["A04", "A08"]), changes)
def test_an_adt_is_read_or_refused(event, wanted):
    try:
        message = spoilt(adt(event), wanted)
        checks.check_patient(message)
        mapped = order_to_worklist(message)
    except Hl7Fault as fault:
        assert_says_what_to_do(fault)
        return
    data_set.encode(mapped.data_set)


@settings(max_examples=150, deadline=None)
@given(changes)
def test_a_report_is_read_or_refused(wanted):
    try:
        message = spoilt(report(), wanted)
        checks.check_patient(message)
        found = [oru_to_report(group).report for group in groups.reports(message)]
    except Hl7Fault as fault:
        assert_says_what_to_do(fault)
        return
    assert all(one.patient_id for one in found)


def assert_says_what_to_do(fault):
    assert fault.code in (100, 101, 102, 103, 104, 204, 205, 207)
    assert fault.where
    assert fault.next_step
