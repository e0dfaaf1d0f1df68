"""Whoever gives a system the wrong thing is told what is wanted, and nothing goes over the wire."""

import pytest
from pydicom.dataset import Dataset

from hl7dicom_lab import story
from hl7dicom_lab.errors import CannotBuild, NotFound
from hl7dicom_lab.given import given, several
from hl7dicom_lab.lab import Lab

ASKED = Dataset()
ASKED.PatientID = "NG-100237"


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


def test_the_thing_itself_comes_back():
    assert given("x", str, "here", "a text", "write one") == "x"
    assert several((1, 2), int, "here", "a number", "count") == (1, 2)


@pytest.mark.parametrize(
    ("thing", "said"), [(None, "nothing (None)"), (3, "of the type int"), ({}, "of the type dict")]
)
def test_what_it_is_and_what_is_wanted(thing, said):
    with pytest.raises(CannotBuild) as refused:
        given(thing, str, "here", "a text", "write one")
    assert str(refused.value) == f"here: this has to be a text, and is {said}. Next step: write one"
    with pytest.raises(CannotBuild, match="this has to be a text"):
        several(("x", thing), str, "here", "a text", "write one")


def test_one_at_least():
    with pytest.raises(CannotBuild) as refused:
        several((), str, "here", "a text", "write one")
    assert str(refused.value) == "here: a text has to be given, and nothing is. Next step: write one"


@pytest.mark.parametrize(
    ("call", "where", "next_step"),
    [
        (lambda lab: lab.emr.place(), "lab.emr.place", "story.order()"),
        (lambda lab: lab.emr.place("MRI"), "lab.emr.place", "story.order()"),
        (lambda lab: lab.emr.place(story.order(), [story.order()]), "lab.emr.place", "story.order()"),
        (lambda lab: lab.emr.change("P00001"), "lab.emr.change", "story.order()"),
        (lambda lab: lab.emr.cancel("P00001"), "lab.emr.cancel", "story.order()"),
        (lambda lab: lab.emr.discontinue(None), "lab.emr.discontinue", "story.order()"),
        (lambda lab: lab.emr.check_in("Rivera", story.order().visit), "lab.emr.check_in", "order.patient"),
        (lambda lab: lab.emr.check_in(story.order().patient, None), "lab.emr.check_in", "order.visit"),
        (lambda lab: lab.emr.update_patient(None, None), "lab.emr.update_patient", "order.patient"),
        (lambda lab: lab.emr.send("MSH|^~\\&|"), "lab.emr.send", "message.encode('utf-8')"),
        (lambda lab: lab.modality.query("RIVERA*"), "lab.modality.query", 'PatientName="RIVERA*"'),
        (lambda lab: lab.modality.query(ASKED, PatientName="R*"), "lab.modality.query", "put it into the query"),
        (lambda lab: lab.modality.echo("NORTHGATE_PACS"), "lab.modality.echo", "lab.pacs.storage"),
        (lambda lab: lab.modality.todays_query(on="20260303"), "lab.modality.todays_query", "datetime.date("),
        (lambda lab: lab.modality.examine(None), "lab.modality.examine", "lab.modality.query()"),
        (lambda lab: lab.modality.examine(lab.modality.query()), "lab.modality.examine", "lab.modality.query()"),
        (lambda lab: lab.modality.store(3), "lab.modality.store", "images[:1]"),
        (lambda lab: lab.modality.store(ASKED), "lab.modality.store", "images[:1]"),
        (lambda lab: lab.modality.store("image.dcm"), "lab.modality.store", "images[:1]"),
        (lambda lab: lab.dictation.dictate("NG000001", "Normal."), "lab.dictation.dictate", "find_study"),
        (lambda lab: lab.dictation.send("Normal."), "lab.dictation.send", "lab.dictation.dictate"),
        (lambda lab: lab.dictation.correct(None, "Normal."), "lab.dictation.correct", "lab.dictation.dictate"),
    ],
)
def test_a_system_says_what_it_wants(lab, call, where, next_step):
    before = [row.decoded.kind for row in lab.trace.rows() if row.decoded.kind in ("ORM^O01", "C-STORE-RQ", "ORU^R01")]
    with pytest.raises(CannotBuild) as refused:
        call(lab)
    assert refused.value.where == where
    assert next_step in refused.value.next_step
    sent = [row.decoded.kind for row in lab.trace.rows() if row.decoded.kind in ("ORM^O01", "C-STORE-RQ", "ORU^R01")]
    assert sent == before


@pytest.mark.parametrize(
    ("keyword", "next_step"),
    [("PatientNam", "write PatientName"), ("patientname", "write PatientName"), ("Zzzzz", "look up how the keyword")],
)
def test_a_keyword_that_dicom_does_not_have_is_named_with_the_nearest(lab, keyword, next_step):
    for ask in (lab.modality.query, lab.modality.todays_query):
        with pytest.raises(NotFound) as refused:
            ask(**{keyword: "RIVERA*"})
        assert refused.value.where == keyword
        assert next_step in refused.value.next_step


def test_a_receiver_that_there_is_not(lab):
    for ask in (lab.dictation.envelope, lambda name: lab.dictation.send_again("NG000001", name)):
        for name in ("RIS", None, []):
            with pytest.raises(NotFound, match="there is no receiver") as refused:
                ask(name)
            assert refused.value.next_step == "name one of: EMR, PACS"


def test_an_empty_query_is_not_made_the_scanners_own(lab):
    with pytest.raises(CannotBuild, match="at least one key"):
        lab.modality.query(Dataset())
