"""Images are compared with the orders, as an analyst does; those that match none are flagged, kept and shown so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Identifier

MARCO = replace(story.PATIENT, identifier=Identifier("NG-2", story.ISSUER))
ELENA = story.PATIENT.identifier.value


@pytest.fixture(scope="module")
def worklist():
    """A department with an order for each of two patients, and the worklist's answers."""
    with Lab() as lab:
        for patient in (story.PATIENT, MARCO):
            lab.emr.place(replace(story.order(), patient=patient))
        yield lab, {item.PatientID: item for item in lab.modality.query()}


@pytest.fixture
def store(worklist):
    lab, items = worklist

    def stored(**changed):
        """An image of Elena's order with some values changed; the line about it, and whether it is flagged."""
        (image,) = lab.modality.examine(items[ELENA], read_series(data_folder() / "mr_brain")[:1])
        for keyword, value in changed.items():
            setattr(image.data_set, keyword, value)
        assert [result.status for result in lab.modality.store([image])] == [0]
        lab.reconcile()
        (line,) = [one for one in lab.reconcile().checked if _is_about(one, image.data_set)]
        return line, image.data_set.SOPInstanceUID in [one.sop_instance_uid for one in lab.pacs.unscheduled()]

    return stored


def _is_about(line, image):
    return (line.study_instance_uid, line.accession_number, line.patient_id) == (
        image.StudyInstanceUID,
        image.AccessionNumber,
        image.PatientID,
    )


def test_images_that_carry_what_the_worklist_said_match_their_order(store):
    line, flagged = store()
    assert (line.because, flagged) == ("", False)


def test_what_matches_no_order_is_flagged_with_the_reason(worklist, store):
    lab, items = worklist
    own = "2.25.9000"
    marcos = items["NG-2"].AccessionNumber
    cases = {
        "the images have no accession number": {"AccessionNumber": "", "StudyInstanceUID": f"{own}.1"},
        "no order has this accession number": {"AccessionNumber": "NG999", "StudyInstanceUID": f"{own}.2"},
        "no order has this accession number; the order of this study has NG000001": {"AccessionNumber": "NG998"},
        "the order is for patient NG-2": {"AccessionNumber": marcos, "StudyInstanceUID": f"{own}.3"},
        f"the order is for study {items[ELENA].StudyInstanceUID}": {"StudyInstanceUID": f"{own}.4"},
    }
    for because, changed in cases.items():
        line, flagged = store(**changed)
        assert (line.because, flagged) == (because, True)
    text = str(lab.reconcile())
    assert all(because in text for because in cases)


def test_the_flag_goes_when_the_order_comes(worklist, store):
    lab, _ = worklist
    _, flagged = store(AccessionNumber="LATER", StudyInstanceUID="2.25.9100")
    assert flagged
    assert "lab.reconcile() says why" in str(lab.pacs.open_study("LATER"))
    lab.emr.place(replace(story.order(), accession_number="LATER", study_instance_uid="2.25.9100"))
    assert [one.because for one in lab.reconcile().checked if one.accession_number == "LATER"] == [""]
    assert "unscheduled" not in str(lab.pacs.open_study("LATER"))


def test_the_trace_says_it_once_for_a_study(worklist, store):
    lab, _ = worklist
    lab.trace.clear()
    for _ in range(2):
        store(AccessionNumber="", StudyInstanceUID="2.25.9200")
    (remark,) = [one for row in lab.trace.rows(system="PACS") for one in row.remarks]
    assert remark.what == "kept, and flagged as unscheduled: it has no accession number"
    assert remark.severity == "warning"
    assert "lab.reconcile()" in remark.repair


def test_what_images_say_is_shown_and_never_interpreted(worklist, store):
    lab, _ = worklist
    store(PatientName="<b>\x1b[31m^A", StudyInstanceUID="2.25.9300")
    shown = lab.reconcile()
    assert "\x1b" not in str(shown)
    assert "<b>" not in shown._repr_html_()
