"""The mapping map of one examination, as it grows from lesson to lesson."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from hl7dicom_lab import story, story_day
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.mapping.order_to_worklist import put
from hl7dicom_lab.mapping.table import ORDER_TO_WORKLIST, REPORT_TO_STUDY, WORKLIST_TO_IMAGE
from hl7dicom_lab.views import live
from hl7dicom_lab.views.mapping_map.evidence import Examination
from hl7dicom_lab.views.mapping_map.paths import IMAGE, ORDER, REPORT, WORKLIST
from hl7dicom_lab.views.mapping_map.view import MappingMap

_NUMBER = "NG000001"


@pytest.fixture(scope="module")
def department():
    """A department in which the story's order has been reported; maps of its earlier stages were taken on the way."""
    with Lab() as lab:
        lab.maps = []
        (order,) = lab.emr.place(story.order())
        lab.maps.append(lab.map(_NUMBER))
        lab.emr.check_in(story.PATIENT, story.VISIT)
        (item,) = lab.modality.query()
        lab.images = lab.modality.examine(item)
        lab.modality.store(lab.images)
        lab.maps.append(lab.map(_NUMBER))
        (study,) = lab.pacs.studies()
        lab.report = lab.dictation.dictate(study, story.REPORT_TEXT, order=order)
        lab.dictation.send(lab.report)
        lab.maps.append(lab.map(_NUMBER))
        yield lab


@pytest.fixture(scope="module")
def whole(department):
    return department.maps[2]


def value(drawn, column, label, within=""):
    (found,) = (one for one in drawn.graph.values if (one.column, one.label, one.within) == (column, label, within))
    return found


def marks(drawn, name):
    """The marks along the first path of a value."""
    path = drawn.follow(name).paths[0]
    return [path.values[0].mark, *(link.mark for link in path.links)]


# ---- the whole way


def test_a_value_is_followed_from_the_order_to_the_report(whole):
    assert str(whole.follow("PatientID")) == (
        "order     PID-3.1    NG-100237  in ORM^O01\n"
        "worklist  PatientID  NG-100237  = copied (the MR repetition)\n"
        "image     PatientID  NG-100237  = copied\n"
        "report    PID-3.1    NG-100237  = copied"
    )


def test_marks_say_how_a_value_came(whole):
    assert marks(whole, "PatientName") == ["", "converted", "copied", "converted"]
    assert marks(whole, "AccessionNumber") == ["made", "copied", "copied"]
    assert marks(whole, "ScheduledStationAETitle") == ["", "looked up"]
    assert marks(whole, "OBR-25") == ["made"]
    assert marks(whole, "PlacerOrderNumberImagingServiceRequest") == ["", "copied", "copied"]
    assert marks(whole, "StudyDate") == ["made", "converted"]


def test_who_made_a_value_is_told(whole):
    assert value(whole, WORKLIST, "StudyInstanceUID").by == "the RIS"
    assert value(whole, IMAGE, "SeriesInstanceUID").by == "the scanner"
    assert value(whole, REPORT, "OBX-5").by == "the radiologist"
    assert value(whole, IMAGE, "InstanceNumber").note == "another value in every image"
    assert whole.counts()[1:3] == (5, 0)
    assert repr(whole) == "<Mapping map NG000001: 115 values, 5 made by the RIS, 0 differ>"


def test_one_study_uid_is_in_the_image_twice_and_in_the_report(whole):
    columns = sorted(one.column for path in whole.follow("StudyInstanceUID").paths for one in path.values)
    assert columns == [WORKLIST, WORKLIST, IMAGE, IMAGE, REPORT]
    inside = value(whole, IMAGE, "StudyInstanceUID", "(0040,0275)")
    assert inside.place == "(0040,0275) > StudyInstanceUID"


def test_a_code_is_shown_by_its_components(whole):
    assert value(whole, ORDER, "OBR-4.4-6").text == "BRAIN-T1^Brain T1 axial^99NORTHGATE"


def test_the_schedule_stays_on_the_worklist_and_the_map_says_why(whole):
    start = value(whole, WORKLIST, "ScheduledProcedureStepStartTime", "(0040,0100)")
    assert start.note == "not copied; the image has StudyTime and AcquisitionTime: when it really happened"
    status = value(whole, WORKLIST, "ScheduledProcedureStepStatus", "(0040,0100)")
    assert (status.text, status.note) == ("ARRIVED", "not copied to the image: an image has no step status")
    assert whole.follow("ScheduledProcedureStepStatus").paths[0].values[0].text == "ADT^A04"


def test_every_value_of_the_item_and_every_copied_one_of_the_image_is_on_the_map(department, whole):
    item = department.ris.step(_NUMBER)
    on_map = {(one.column, one.label) for one in whole.graph.values}
    assert {(WORKLIST, origin.attribute.rpartition(".")[2]) for origin in item.origins} <= on_map
    in_image = {(IMAGE, origin.attribute.rpartition(".")[2]) for origin in department.images[0].origins}
    assert in_image <= on_map
    assert {row.field for row in REPORT_TO_STUDY} >= {"patient_id", "study_instance_uid"}


def test_lines_lead_to_the_right_and_only_to_boxes_that_are_there(whole):
    columns = {one.key: one.column for one in whole.graph.values}
    assert len(columns) == len(whole.graph.values)
    assert whole.graph.links
    assert all(columns[link.left] < columns[link.right] for link in whole.graph.links)


# ---- the map grows


def test_without_images_and_report_the_columns_say_so(department):
    first, second, _ = department.maps
    assert first.stages[1:] == (
        "step SPS000001, SCHEDULED",
        "No images yet: the PACS has none with this accession number or of this study.",
        "No report yet.",
    )
    assert {one.column for one in first.graph.values} == {ORDER, WORKLIST}
    assert {one.column for one in second.graph.values} == {ORDER, WORKLIST, IMAGE}
    assert second.stages[2] == "24 images"


def test_an_accession_number_that_nobody_knows_is_refused_with_those_that_are_there(department):
    for number in ("NG999999", "", "  ", None, ...):
        with pytest.raises(NotFound, match=r"Next step: give one of those that are there: NG000001"):
            department.map(number)


def test_a_name_that_the_map_does_not_have_is_refused(whole):
    for name in ("NoSuchKeyword", "", "PID-33"):
        with pytest.raises(NotFound, match="PatientID"):
            whole.follow(name)


# ---- by hand: what differs, what is missing


@pytest.fixture
def examination(department):
    """The story's examination as plain values, with images of its own."""
    lab = department
    return Examination(
        _NUMBER,
        steps=(lab.ris.step(_NUMBER),),
        messages=tuple(row.decoded.raw for row in lab.trace.rows(protocol="HL7")),
        images=tuple(lab.pacs.archive.header(one) for one in lab.pacs.archive.instances(lab.report.study_instance_uid)),
        image_count=24,
        study_count=1,
        report=lab.pacs.reports.current(_NUMBER),
        report_note="attached in the PACS",
    )


def test_a_typed_identifier_differs_and_both_values_are_shown(examination):
    for image in examination.images:
        image.PatientID = "NG-100273"
    drawn = MappingMap(examination)
    assert marks(drawn, "PatientID") == ["", "copied", "differs", "differs"]
    assert drawn.counts()[2] == 2
    assert "NG-100237 -> NG-100273 -> NG-100237" in str(drawn)


def test_one_image_of_24_is_enough(examination):
    examination.images[12].PatientID = "NG-100273"
    image = value(MappingMap(examination), IMAGE, "PatientID")
    assert (image.mark, image.note) == ("differs", "1 of 24 images has 'NG-100273'")


def test_what_was_not_copied_is_missing(examination):
    for image in examination.images:
        del image.AccessionNumber
        del image.RequestAttributesSequence
    drawn = MappingMap(examination)
    assert value(drawn, IMAGE, "AccessionNumber").mark == "missing"
    assert value(drawn, IMAGE, "RequestedProcedureID", "(0040,0275)").mark == "missing"
    assert value(drawn, REPORT, "OBR-18").mark == "copied"
    ways = [[one.column for one in path.values] for path in drawn.follow("OBR-18").paths]
    assert ways == [[WORKLIST, REPORT]], "what no image has is compared with the worklist"


def test_numbers_and_names_are_compared_by_what_they_say(examination):
    for image in examination.images:
        image.PatientWeight = "64.0"
        image.PatientName = "Rivera^Elena^Maria^Ms^"
        image.StudyID = "17"
        image.SpecificCharacterSet = "ISO_IR 100"
    drawn = MappingMap(examination)
    assert marks(drawn, "PatientWeight") == ["", "copied", "copied"]
    assert marks(drawn, "PatientName") == ["", "converted", "copied", "converted"]
    assert value(drawn, IMAGE, "StudyID").by == "the scanner"
    assert value(drawn, IMAGE, "SpecificCharacterSet").mark == "converted"
    assert drawn.counts()[2] == 0


@pytest.mark.parametrize(
    ("name", "mark"),
    [("RIVERA^Elena^Maria^^Ms", "converted"), ("Rivera^Elena", "converted"), ("Rivera^Marco", "differs")],
)
def test_the_name_in_the_report_is_compared_as_the_pacs_does(examination, name, mark):
    parts = name.split("^")
    pn = "^".join([*parts[:3], *parts[4:5]])
    changed = replace(examination.report, patient_name=pn, control_id="")
    assert marks(MappingMap(replace(examination, report=changed)), "PatientName")[-1] == mark


def test_a_change_after_the_images_were_made_is_told_by_its_message():
    with Lab() as lab:
        order = story_day.TODAY[1].order()
        lab.emr.place(order)
        scanner = lab.modalities["CT"]
        (item,) = scanner.query()
        scanner.store(scanner.examine(item))
        lab.emr.update_patient(replace(order.patient, name=replace(order.patient.name, given="Lasse")), order.visit)
        drawn = lab.map(_NUMBER)
    assert str(drawn.follow("PatientName")) == (
        "order     ADT^A08 PID-5  Åkesson^Lasse  in ADT^A08\n"
        "worklist  PatientName    Åkesson^Lasse  ≈ converted (XPN to PN: prefix and suffix change places)\n"
        "image     PatientName    Åkesson^Lars   ≠ differs"
    )
    assert drawn.stages[0] == "ORM^O01, ADT^A08"


def test_images_without_an_order_are_shown_and_nothing_is_guessed(examination):
    drawn = MappingMap(replace(examination, steps=(), report=None))
    assert drawn.stages[0] == "No order: the RIS knows none with this accession number."
    assert {one.column for one in drawn.graph.values} == {IMAGE}
    assert {one.mark for one in drawn.graph.values} == {"made"}
    assert value(drawn, IMAGE, "PatientID").note == "not from the worklist: entered at the scanner"


def test_a_report_without_images_is_compared_with_the_worklist(examination):
    drawn = MappingMap(replace(examination, images=(), image_count=0, study_count=0))
    assert marks(drawn, "PatientID") == ["", "copied", "copied"]
    assert "No images yet" in drawn.stages[2]


def test_without_the_trace_the_map_still_stands(examination):
    drawn = MappingMap(replace(examination, messages=()))
    assert drawn.stages[0] == "from the record of the RIS; the trace has no message of this order"
    assert "its message is not in the trace" in drawn.stages[3]
    assert marks(drawn, "PatientID") == ["", "copied", "copied", "copied"]
    assert value(drawn, REPORT, "OBR-18").text == _NUMBER


def test_what_cannot_be_read_in_the_trace_is_passed_over(examination):
    noise = (b"\x0b", b"hello", b"MSH|^~\\&|", b"\x0bMSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|2.3.1\r\x1c\r")
    again = MappingMap(replace(examination, messages=(*noise, *examination.messages)))
    assert str(again) == str(MappingMap(examination))


def test_an_imported_line_has_no_record_and_the_map_says_so(examination):
    item = replace(examination.steps[0], origins=())
    drawn = MappingMap(Examination(_NUMBER, steps=(item,)))
    assert {one.column for one in drawn.graph.values} == {WORKLIST}
    assert value(drawn, WORKLIST, "PatientID").note == "the RIS keeps no record of where this came from"


def test_of_several_steps_the_one_that_the_images_answer_is_shown(examination):
    other = replace(examination.steps[0], scheduled_procedure_step_id="SPS000999")
    drawn = MappingMap(replace(examination, steps=(other, examination.steps[0])))
    assert drawn.stages[1] == "step SPS000001, ARRIVED; the order has 2 steps"


def test_a_number_that_was_typed_wrong_is_found_by_the_study():
    with Lab() as lab:
        lab.emr.place(story.order())
        (item,) = lab.modality.query()
        images = lab.modality.examine(item)
        for one in images:
            one.data_set.AccessionNumber = "NG000010"
        lab.modality.store(images[:2])
        assert marks(lab.map(_NUMBER), "AccessionNumber")[1] == "differs"


def test_a_report_in_the_exceptions_queue_is_shown_with_its_reason():
    with Lab() as lab:
        (order,) = lab.emr.place(story.order())
        (item,) = lab.modality.query()
        lab.modality.store(lab.modality.examine(item)[:1])
        (study,) = lab.pacs.studies()
        lab.dictation.send(replace(lab.dictation.dictate(study, "Normal.", order=order), patient_id="NG-7"))
        drawn = lab.map(_NUMBER)
    assert "held in the exceptions queue of the PACS as number 1" in drawn.stages[3]
    assert marks(drawn, "PatientID") == ["", "copied", "copied", "differs"]


# ---- the forms

HOSTILE = ("<script>alert(1)</script>", "\x1b[31mred", "x" * 300, "山田^太郎", "محمد^علي", "y" * 10_000, "a\u202eb")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_strangers_is_data_in_every_form(examination, text):
    for image in examination.images:
        put(image, "StudyDescription", text)
    drawn = MappingMap(examination)
    assert value(drawn, IMAGE, "StudyDescription").mark == "differs"
    page = drawn.html()
    assert "<script" not in page
    said = str(drawn) + page + json.dumps(drawn.state(), ensure_ascii=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", said)
    assert max(map(len, str(drawn).splitlines())) <= 110


def test_a_measured_value_and_its_unit_stand_in_two_fields(whole):
    way = str(whole.follow("PatientWeight"))
    assert "64 kg" not in way
    assert "in kilograms; OBX-6 is kg" in way


def test_all_forms_have_every_value(whole):
    text, page = str(whole), whole.html().replace("<wbr>", "")
    state = whole.state()
    assert len(state["values"]) == len(whole.graph.values)
    assert json.loads(json.dumps(state)) == state
    for one in whole.graph.values:
        assert one.label in text
        assert one.label in page
    for mark in ("copied", "converted", "looked up", "made", "differs", "missing"):
        assert f"{mark}:" in text
        assert f"{mark}:" in page


def test_the_page_is_a_table_with_headings_and_without_scripts(whole):
    page = whole.html()
    assert page.count('scope="col"') == 4
    assert page.count('scope="rowgroup"') == 6
    assert page.count("<caption") == 1
    assert not re.search(r"<(script|style|link|img)|\bon[a-z]+=|https?:", page)
    one = whole.follow("PID-3")._repr_html_()
    assert "NORTHGATE" in one
    assert one.count('scope="row"') == sum(len(path.values) for path in whole.follow("PID-3").paths)


def test_the_same_examination_gives_the_same_map(department, whole):
    again = department.map(_NUMBER)
    assert (str(again), again.html(), again.state()) == (str(whole), whole.html(), whole.state())
    assert "127.0.0.1" not in str(again) + again.html()


def test_the_groups_name_rows_of_the_table_only():
    from hl7dicom_lab.views.mapping_map.sketch import _GROUPS

    rows = {row.attribute for row in ORDER_TO_WORKLIST} | {row.worklist for row in WORKLIST_TO_IMAGE}
    assert set(_GROUPS) <= rows, "a group names what the table does not have"


def test_without_widgets_text_and_page_are_shown(monkeypatch, whole):
    monkeypatch.setenv(live.VARIABLE, "0")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda output, **_: shown.append(output))
    whole._ipython_display_()
    assert shown == [{"text/plain": str(whole), "text/html": whole.html()}]


def test_an_omi_order_is_traced_back_to_its_own_segments():
    with Lab() as lab:
        lab.emr.place(replace(story.order(), accession_number="ACC-7", study_instance_uid="2.25.7"), message="OMI")
        drawn = lab.map("ACC-7")
    assert drawn.stages[0] == "OMI^O23"
    assert str(drawn.follow("IPC-1")).splitlines()[0].split() == ["order", "IPC-1.1", "ACC-7", "in", "OMI^O23"]
    assert marks(drawn, "StudyInstanceUID") == ["", "copied"]
