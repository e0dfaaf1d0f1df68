"""The table is what the design says, names only things that exist, and explains every value of a result."""

from __future__ import annotations

from dataclasses import fields

import pytest
from flat import flat
from messages import ORDERS
from pydicom.datadict import dictionary_VR, tag_for_keyword
from rows import IMAGE_ROWS, ORDER_ROWS, REPORT_ROWS
from test_order_to_worklist import planned

from hl7dicom_lab.dicom.worklist_model import WORKLIST_MODEL
from hl7dicom_lab.hl7v2.groups import orders
from hl7dicom_lab.hl7v2.message import Message, Path
from hl7dicom_lab.mapping.conversions import RULES
from hl7dicom_lab.mapping.oru_to_report import _RULES as REPORT_RULES
from hl7dicom_lab.mapping.table import NOT_COPIED, ORDER_TO_WORKLIST, REPORT_TO_STUDY, WORKLIST_TO_IMAGE
from hl7dicom_lab.model import Report


def test_the_order_rows_are_those_of_the_design():
    table = [(row.attribute, " ".join(row.orm), " ".join(row.fields("OMI")), row.matching, row.returned)
             for row in ORDER_TO_WORKLIST]  # fmt: skip
    assert table == [(attribute, orm, omi, matching, back) for attribute, orm, omi, _, matching, back in ORDER_ROWS]


def test_the_image_rows_are_those_of_the_design():
    assert [(row.worklist, " ".join(row.image)) for row in WORKLIST_TO_IMAGE] == list(IMAGE_ROWS)


def test_the_report_rows_are_those_of_the_design():
    assert [(row.field, " ".join(row.oru)) for row in REPORT_TO_STUDY] == list(REPORT_ROWS)


def test_every_report_row_is_a_field_of_the_report_and_every_field_has_a_row():
    assert {row.field for row in REPORT_TO_STUDY} == {one.name for one in fields(Report)} - {
        "control_id",
        "sent_at",
    }  # of the message


@pytest.mark.parametrize(("attribute", "vr"), [(row[0], row[3]) for row in ORDER_ROWS])
def test_every_attribute_has_the_value_representation_of_the_design(attribute, vr):
    assert dictionary_VR(attribute.rpartition(".")[2]) == vr


def test_every_keyword_is_in_the_data_dictionary():
    paths = [row.attribute for row in ORDER_TO_WORKLIST] + [row.worklist for row in WORKLIST_TO_IMAGE]
    paths += [path for row in WORKLIST_TO_IMAGE for path in row.image] + [path for path, _ in NOT_COPIED]
    paths += [row.study for row in REPORT_TO_STUDY if row.study]
    assert [keyword for path in paths for keyword in path.split(".") if tag_for_keyword(keyword) is None] == []


def test_every_hl7_path_can_be_read():
    rows = [*((*row.orm, *row.omi) for row in ORDER_TO_WORKLIST), *(row.oru for row in REPORT_TO_STUDY)]
    for path in (path for paths in rows for path in paths):
        assert Path.parse(path).field > 0


def test_every_rule_exists_and_every_rule_is_used():
    used = {row.rule for row in ORDER_TO_WORKLIST}
    assert used == set(RULES)
    assert {row.rule for row in REPORT_TO_STUDY} - set(RULES) == set(REPORT_RULES)


def test_no_attribute_has_two_rows():
    attributes = [row.attribute for row in ORDER_TO_WORKLIST]
    assert len(attributes) == len(set(attributes))
    images = [path for row in WORKLIST_TO_IMAGE for path in row.image]
    assert len(images) == len(set(images))


def test_beside_names_an_earlier_row_with_as_many_fields():
    rows = {row.attribute: row for row in ORDER_TO_WORKLIST}
    places = list(rows)
    for row in ORDER_TO_WORKLIST:
        if row.beside:
            partner = rows[row.beside]
            assert places.index(row.beside) < places.index(row.attribute)
            assert (len(row.orm), len(row.omi)) == (len(partner.orm), len(partner.omi))


def test_matching_and_return_types_agree_with_the_worklist_model():
    mine = {row.attribute: (row.matching, row.returned) for row in ORDER_TO_WORKLIST if row.matching}
    model = {path: (WORKLIST_MODEL[path].matching, WORKLIST_MODEL[path].returned) for path in mine}
    assert mine == model


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS.keys())
def test_every_value_has_one_origin_and_every_origin_a_value(text):
    for item in planned(text):
        origins = [origin.attribute for origin in item.origins]
        assert len(origins) == len(set(origins))
        assert set(flat(item.data_set)) - {"SpecificCharacterSet"} <= set(origins)
        empty = {origin.attribute for origin in item.origins if not origin.value}
        assert set(origins) - empty == set(flat(item.data_set))
        assert empty <= {"PatientSex", "PatientBirthDate", "RequestedProcedurePriority"}


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS.keys())
def test_the_source_of_an_origin_holds_what_the_origin_says(text):
    groups = orders(Message.parse(text.encode("utf-8")))
    for group, item in zip(groups, planned(text), strict=True):
        for origin in item.origins:
            if origin.made or origin.source == "station table":
                continue
            said = group.get(origin.source)
            assert said, origin
            if origin.rule == "copied" and "\\" not in origin.value:
                assert origin.value in (said, said.strip()), origin
