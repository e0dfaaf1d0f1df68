from __future__ import annotations

import pytest
from screen_studies import image, report

from hl7dicom_lab.views.study.image_identity import (
    ImageIdentity,
    disagreements_among,
    disagreements_with,
    identity_of,
    readable_date,
    readable_name,
)

IDENTITY = identity_of(image())


def test_identity_is_read_from_the_data_set():
    assert IDENTITY.patient_name == "Example^Elif"
    assert (IDENTITY.patient_id, IDENTITY.issuer_of_patient_id) == ("MRN-1", "NORTHGATE")
    assert (IDENTITY.patient_birth_date, IDENTITY.patient_sex) == ("19700101", "F")
    assert (IDENTITY.accession_number, IDENTITY.study_instance_uid) == ("ACC1", "1.2.3")


def test_equal_identities_agree_whatever_case_and_accents():
    assert disagreements_with(IDENTITY, report()) == ()
    assert disagreements_with(identity_of(image(PatientName="Müller^Ánna")), report(patient_name="MULLER^ANNA")) == ()
    assert disagreements_with(identity_of(image(PatientName="Example^Elif^^")), report()) == ()


@pytest.mark.parametrize("name", ["Example^Elif^^Dr", "Example^Elif^Ada", "Example", "Example^Elif^^^Jr"])
def test_a_component_that_one_side_leaves_out_contradicts_nothing(name):
    assert disagreements_with(IDENTITY, report(patient_name=name)) == ()


@pytest.mark.parametrize("name", ["Elif^Example", "Example^Eva", "Example-Two^Elif"])
def test_a_component_that_differs_contradicts(name):
    assert len(disagreements_with(IDENTITY, report(patient_name=name))) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"patient_id": "MRN-2"}, "Patient ID: the images say MRN-1, the report says MRN-2."),
        ({"issuer_of_patient_id": "SOUTH"}, "issuer of the Patient ID: the images say NORTHGATE"),
        (
            {"patient_name": "Other^Person"},
            "Patient's Name: the images say Example^Elif, the report says Other^Person.",
        ),
        ({"accession_number": "ACC2"}, "Accession Number"),
        ({"study_instance_uid": "1.2.4"}, "Study Instance UID"),
    ],
)
def test_each_contradiction_is_said(changed, said):
    (sentence,) = disagreements_with(IDENTITY, report(**changed))
    assert said in sentence


def test_what_one_side_does_not_know_contradicts_nothing():
    unknown = report(issuer_of_patient_id="", accession_number="", study_instance_uid="", patient_name="")
    assert disagreements_with(IDENTITY, unknown) == ()
    assert disagreements_with(ImageIdentity(), report()) == ()


def test_another_writing_of_the_name_in_the_images_agrees():
    identity = identity_of(image(PatientName="Yamada^Tarou=山田^太郎"))
    assert disagreements_with(identity, report(patient_name="YAMADA^TAROU")) == ()


def test_images_of_two_patients_disagree():
    other = identity_of(image(PatientID="MRN-2", PatientSex="M"))
    assert disagreements_among([IDENTITY, other, IDENTITY]) == (
        "The images disagree on Patient ID: MRN-1 / MRN-2.",
        "The images disagree on Patient's Sex: F / M.",
    )
    assert disagreements_among([IDENTITY, IDENTITY, ImageIdentity()]) == ()
    assert disagreements_among([]) == ()


@pytest.mark.parametrize(
    ("pn", "read"),
    [
        ("Example^Elif", "Example, Elif"),
        ("Example^Elif^Ada^Dr^PhD", "Dr Example, Elif Ada PhD"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou = 山田 太郎 = やまだ たろう"),
        ("Mono", "Mono"),
        ("", ""),
    ],
)
def test_a_name_is_readable_in_every_writing(pn, read):
    assert readable_name(pn) == read


@pytest.mark.parametrize(
    ("stamp", "read"),
    [("20260302", "2026-03-02"), ("20260302091512", "2026-03-02 09:15"), ("2026", "2026"), ("", ""), ("soon", "soon")],
)
def test_a_date_is_readable(stamp, read):
    assert readable_date(stamp) == read
