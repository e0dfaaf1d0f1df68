"""The dictation's outbox, its addresses, and a PACS that lets whatever came last hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.actors.settings import DictationSettings, PacsSettings, changed
from hl7dicom_lab.course_files import data_folder
from hl7dicom_lab.dicom.acquisition import read_series
from hl7dicom_lab.errors import NotFound
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.model import ReportStatus


@pytest.fixture(scope="module")
def running():
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(running):
    running.dictation.settings = DictationSettings()
    running.pacs.settings = PacsSettings()
    return running


@pytest.fixture
def study(lab):
    """A new study with one image."""
    (placed,) = lab.emr.place(story.order())
    (step,) = lab.ris.order_book.steps(placer_order_number=placed.placer_order_number)
    number = step.item.accession_number
    (item,) = lab.modality.query(AccessionNumber=number)
    lab.modality.store(lab.modality.examine(item, read_series(data_folder() / "mr_brain")[:1]))
    return lab.pacs.archive.find_study(accession_number=number)


@pytest.mark.parametrize(("setting", "refusing"), [("pacs_application", "PACS"), ("emr_application", "EMR")])
def test_a_receiver_that_is_addressed_wrongly_refuses_and_gets_the_report_again(lab, study, setting, refusing):
    number = study.accession_number
    lab.dictation.settings = changed(lab.dictation.settings, setting, "OLD")
    deliveries = lab.dictation.send(lab.dictation.dictate(study, "Normal."))
    assert {one.receiver: one.accepted for one in deliveries} == {"EMR": refusing != "EMR", "PACS": refusing != "PACS"}
    sent = {one.receiver: one for one in lab.dictation.outbox[-2:]}
    assert (sent[refusing].answer, sent[refusing].accepted) == ("AR", False)
    assert sent[refusing].accession_number == number
    assert repr(sent[refusing]).startswith(
        f"<{sent[refusing].control_id} ORU^R01 {number} (F) to {refusing}: AR, MSH-5"
    )
    lab.dictation.settings = DictationSettings()
    again = lab.dictation.send_again(number, refusing)
    assert (again.receiver, again.accepted) == (refusing, True)
    assert lab.dictation.outbox[-1].control_id not in {one.control_id for one in sent.values()}
    assert lab.pacs.reports.current(number).text == lab.emr.report(number).text == "Normal."


def test_of_several_versions_the_newest_is_sent_again(lab, study):
    preliminary = lab.dictation.dictate(study, "Draft.", status=ReportStatus.PRELIMINARY)
    final = lab.dictation.dictate(study, "Normal.")
    lab.dictation.send(final)
    lab.dictation.send(preliminary)
    assert lab.dictation.send_again(study.accession_number, "PACS").accepted
    assert lab.dictation.outbox[-1].report == final


def test_what_was_never_sent_is_told(lab, study):
    with pytest.raises(NotFound, match=study.accession_number) as caught:
        lab.dictation.send_again(study.accession_number, "PACS")
    assert "outbox" in caught.value.next_step
    with pytest.raises(NotFound, match="RIS") as caught:
        lab.dictation.send_again(study.accession_number, "RIS")
    assert "EMR, PACS" in caught.value.next_step


def test_where_the_last_one_holds_a_late_preliminary_hides_the_final_report(lab, study):
    number = study.accession_number
    preliminary = lab.dictation.dictate(study, "Draft.", status=ReportStatus.PRELIMINARY)
    final = lab.dictation.dictate(study, "Normal.")
    lab.pacs.settings = replace(lab.pacs.settings, report_that_holds="the one that came last")
    lab.dictation.send(final)
    lab.dictation.send(preliminary)
    assert lab.pacs.reports.current(number).text == "Draft."
    assert lab.emr.report(number).text == "Normal.", "the EMR has its own rule"
    lab.pacs.settings = PacsSettings()
    assert lab.pacs.reports.current(number).text == "Draft.", "a setting changes nothing that came before"
    (holding,) = lab.pacs.judge_again(number)
    assert (holding.report.text, holding.version, holding.is_current) == ("Normal.", 1, True)
    assert lab.pacs.reports.current(number).text == "Normal."
    assert [one.report.text for one in lab.pacs.reports.history(number)] == ["Normal.", "Draft."], "all is still there"
    assert lab.pacs.judge_again(number) == ()


def test_reports_that_are_not_there_cannot_be_judged(lab):
    with pytest.raises(NotFound, match="NG999999"):
        lab.pacs.judge_again("NG999999")
