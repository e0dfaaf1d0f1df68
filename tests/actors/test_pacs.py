"""The PACS keeps images and reports apart until they agree on the patient, and shows them together then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hl7_text import report
from mllp_client import MllpClient
from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import Identifier
from hl7dicom_lab.services.scu import Scu


@pytest.fixture
def lab():
    with Lab() as running:
        yield running


def examine(lab, patient=story.PATIENT):
    """One image of a new examination, stored; its data set."""
    (placed,) = lab.emr.place(replace(story.order(), patient=patient))
    (step,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
    (item,) = lab.modality.query(AccessionNumber=step.item.accession_number)
    (image,) = lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:1])
    assert [result.status for result in lab.modality.store([image])] == [0]
    return image.data_set


def ask(lab, message):
    with MllpClient(lab.pacs.hl7) as client:
        answer = client.ask(message.bytes())
    assert answer.code == "AA"
    return answer.text


def test_the_archive_lists_what_was_stored(lab):
    assert lab.pacs.studies() == ()
    image = examine(lab)
    (study,) = lab.pacs.studies()
    assert (study.patient_id, study.patient_name, study.accession_number) == (
        "NG-100237",
        "Rivera^Elena^Maria^Ms",
        "NG000001",
    )
    assert study.study_instance_uid == image.StudyInstanceUID
    assert (study.modalities, study.series, study.instances) == (("MR",), 1, 1)


def workstation(lab):
    return Scu("WORKSTATION", trace=lab.trace, system="workstation", clock=lab.clock)


def studies_query(**keys):
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", ""
    for keyword, value in keys.items():
        setattr(query, keyword, value)
    return query


def test_what_was_stored_is_found_by_query_at_the_same_address(lab):
    query = studies_query(AccessionNumber="NG000001", PatientName="", NumberOfStudyRelatedInstances=None, StudyID="")
    assert workstation(lab).find_studies(lab.pacs.storage, query) == []
    image = examine(lab)
    (study,) = workstation(lab).find_studies(lab.pacs.storage, query)
    assert (study.StudyInstanceUID, study.NumberOfStudyRelatedInstances) == (image.StudyInstanceUID, 1)
    assert (study.PatientName, study.StudyID) == (image.PatientName, image.StudyID)
    asked = [row.decoded.summary for row in lab.trace.rows() if row.decoded.kind == "C-FIND-RQ"]
    assert asked[-1].endswith("FIND: AccessionNumber=NG000001, QueryRetrieveLevel=STUDY")


def test_the_trace_says_what_is_noteworthy_about_a_query(lab):
    examine(lab)
    assert len(workstation(lab).find_studies(lab.pacs.storage, studies_query(Modality="CT"))) == 1
    (remark,) = [remark for row in lab.trace.rows() for remark in row.remarks]
    assert remark.what.startswith("Modality is a key of level SERIES")
    assert remark.severity == "warning"


def test_a_study_without_images_is_not_found(lab):
    with pytest.raises(NotFound) as caught:
        lab.pacs.open_study("NG000001")
    assert "NG000001" in str(caught.value)
    assert caught.value.next_step


def test_images_and_report_stand_together_with_the_patient_above(lab):
    examine(lab)
    assert "attached" in ask(lab, report().put("OBR-18", "NG000001").put("OBX-5", "Nothing unusual."))
    shown = str(lab.pacs.open_study("NG000001"))
    assert "Rivera" in shown
    assert "NG-100237" in shown
    assert "Nothing unusual." in shown


def test_a_second_study_stands_beside_the_first_one(lab):
    numbers = [examine(lab).AccessionNumber for _ in range(2)]
    assert "attached" in ask(lab, report().put("OBR-18", numbers[0]).put("OBX-5", "The earlier one."))
    both = lab.pacs.open_study(numbers[1], beside=numbers[0])
    assert f"<Study {numbers[1]}, 1 image, no report, beside <Study {numbers[0]}, 1 image, report FINAL>>" == repr(both)
    assert "The earlier one." in str(both)
    assert "two patients" not in str(both).lower()
    with pytest.raises(NotFound, match="NG999999"):
        lab.pacs.open_study(numbers[0], beside="NG999999")


def test_a_later_version_takes_the_place_of_an_earlier_one_and_both_are_kept(lab):
    image = examine(lab)
    for status, moment, text in (("P", "1001", "Draft."), ("F", "1002", "Final."), ("C", "1003", "Corrected.")):
        message = report().put("OBR-18", "NG000001").put("OBR-25", status).put("OBR-22", f"20260302{moment}00")
        assert "attached" in ask(lab, message.put("OBX-5", text))
        assert text in str(lab.pacs.open_study("NG000001"))
    late = report().put("OBR-18", "NG000001").put("OBR-25", "P").put("OBR-22", "20260302100400")
    assert "not as the current report" in ask(lab, late)
    history = lab.pacs.reports.history(study_instance_uid=image.StudyInstanceUID)
    assert [version.report.status for version in history] == ["P", "F", "C", "P"]
    assert [version.is_current for version in history] == [False, False, True, False]


def test_a_held_report_is_released_once_its_images_are_there(lab):
    assert "exceptions queue" in ask(lab, report().put("OBR-18", "NG000001").put("OBX-5", "Came too early."))
    (held,) = lab.pacs.exceptions()
    with pytest.raises(NotFound, match="belongs to no study") as caught:
        lab.pacs.release(held.number, by="M. Lind", because="tried")
    assert caught.value.next_step
    assert lab.pacs.exceptions() == (held,)
    examine(lab)
    assert "waits in the exceptions queue" in str(lab.pacs.open_study("NG000001"))
    released = lab.pacs.release(held.number, by="M. Lind", because="the images have come")
    assert released.is_current
    assert lab.pacs.exceptions() == ()
    assert "Came too early." in str(lab.pacs.open_study("NG000001"))
    (version,) = lab.pacs.reports.history(accession_number="NG000001")
    assert (version.release.by, version.release.because) == ("M. Lind", "the images have come")
    with pytest.raises(NotFound, match="has the number"):
        lab.pacs.release(held.number, by="M. Lind", because="again")


def test_a_dismissed_report_stays_on_record_with_who_decided_and_why(lab):
    for text in ("Sent in error.", "Came too early."):
        ask(lab, report().put("OBR-18", "NG000001").put("OBX-5", text))
    error, early = lab.pacs.exceptions()
    assert lab.pacs.dismissed() == ()
    before = lab.clock.now()
    lab.pacs.dismiss(error.number, by="M. Lind", because="it was sent again with the right number")
    examine(lab)
    lab.pacs.release(early.number, by="M. Lind", because="the images have come")
    (one,) = lab.pacs.dismissed()
    assert (one.number, one.report, one.reason, one.received_at) == (
        error.number,
        error.report,
        error.reason,
        error.received_at,
    )
    assert (one.by, one.because) == ("M. Lind", "it was sent again with the right number")
    assert before < one.at < lab.clock.now()
    assert lab.pacs.exceptions() == ()


def test_a_report_on_another_patient_is_never_released_by_itself(lab):
    examine(lab)
    wrong = report().put("OBR-18", "NG000001").put("PID-3", "NG-999^^^NORTHGATE^MR")
    assert "NG-999" in ask(lab, wrong)
    (held,) = lab.pacs.exceptions()
    with pytest.raises(NotFound, match="belongs to no study"):
        lab.pacs.release(held.number, by="M. Lind", because="it looks right")


def test_two_reports_in_one_message_go_their_own_ways(lab):
    examine(lab)
    examine(lab, replace(story.PATIENT, identifier=Identifier("NG-2", story.ISSUER)))
    message = report().put("OBR-18", "NG000001")
    message.add("OBR|2|||71045^Chest^C4", "OBX|1|TX|18748-4^Report^LN||Clear.||||||F")
    told = ask(lab, message.put("OBR[2]-18", "NG000002").put("OBR[2]-25", "F"))
    assert "attached" in told
    assert "exceptions queue" in told


def test_the_pacs_takes_reports_and_nothing_else(lab):
    with MllpClient(lab.pacs.hl7) as client:
        answer = client.ask(report().put("MSH-9", "ADT^A04").bytes())
    assert (answer.code, answer.error) == ("AR", 200)


def test_a_held_report_that_was_sent_in_error_is_dismissed(lab):
    examine(lab)
    ask(lab, report().put("OBR-18", "NG000001").put("PID-3", "NG-999^^^NORTHGATE^MR"))
    (held,) = lab.pacs.exceptions()
    assert "WARNING" in str(lab.pacs.open_study("NG000001"))
    lab.pacs.dismiss(held.number, by="M. Lind", because="the sender has corrected it")
    assert lab.pacs.exceptions() == ()
    assert "WARNING" not in str(lab.pacs.open_study("NG000001"))
