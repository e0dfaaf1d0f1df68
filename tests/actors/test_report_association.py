"""Attached only where patient and study agree; everything else has a reason that a person can act on."""

from __future__ import annotations

import pytest

from hl7dicom_lab.actors.report_association import associate, same_patient
from hl7dicom_lab.model import Identifier, Report, ReportStatus, StudySummary

PATIENT = ("NG-1", "NORTHGATE")


def study(uid="1.2.1", accession="A1", patient=PATIENT):
    return StudySummary(uid, *patient, "Rivera^Elena", "", "", accession, ("MR",), "20260302", "093000", "", 1, 1)


def report(uid="", accession="", patient=PATIENT):
    return Report(*patient, "Rivera^Elena", accession, uid, ReportStatus.FINAL, "Normal.")


class Archive:
    """An archive that knows some studies, and conflicting identities inside them."""

    def __init__(self, *studies, conflicts=()):
        self._studies = studies
        self._conflicts = conflicts

    def studies(self, *, study_instance_uid="", accession_number=""):
        return tuple(
            one
            for one in self._studies
            if (one.study_instance_uid == study_instance_uid if study_instance_uid else True)
            and (one.accession_number == accession_number if accession_number else True)
        )

    def identity_conflicts(self, _study_instance_uid):
        return self._conflicts


@pytest.mark.parametrize(
    ("named", "in_archive"),
    [
        (report("1.2.1", "A1"), study()),
        (report("1.2.1"), study()),
        (report(accession="A1"), study()),
        (report("1.2.1", "A1"), study(accession="")),
        (report("1.2.1", "A1", ("NG-1", "")), study()),
        (report("1.2.1", "A1"), study(patient=("NG-1", ""))),
    ],
)
def test_attached_where_patient_and_study_agree(named, in_archive):
    found = associate(named, Archive(in_archive, study("1.2.9", "A9")))
    assert (found.study, found.reason) == (in_archive, "")


@pytest.mark.parametrize(
    ("named", "in_archive", "reason"),
    [
        (report(), [study()], "neither a Study Instance UID nor an accession number"),
        (report("1.2.9", "A9"), [study()], "no images are here for accession number A9 and study 1.2.9"),
        (report(accession="A9"), [study()], "no images are here for accession number A9"),
        (report("1.2.9"), [study()], "no images are here for study 1.2.9"),
        (report("1.2.1", "A9"), [study()], "has the accession number A1, and the report says A9"),
        (report("1.2.9", "A1"), [study()], "A1 belongs to another study"),
        (report("1.2.1", "A2"), [study(), study("1.2.2", "A2")], "has the accession number A1, and the report says A2"),
        (report(accession="A1"), [study(), study("1.2.2")], "2 studies have the accession number A1"),
        (report("1.2.1", "A1", ("NG-2", "NORTHGATE")), [study()], "about patient NG-2 of NORTHGATE"),
        (report("1.2.1", "A1", ("NG-1", "SOUTHGATE")), [study()], "images are of patient NG-1 of NORTHGATE"),
        (report("1.2.1", "A1", ("", "")), [study()], "about patient (none)"),
        (report("1.2.1", "A1"), [study(patient=("", ""))], "images are of patient (none)"),
    ],
)
def test_never_attached_by_guess(named, in_archive, reason):
    found = associate(named, Archive(*in_archive))
    assert found.study is None
    assert reason in found.reason


def test_images_that_disagree_on_the_patient_take_no_report():
    conflicts = (Identifier("NG-1", "NORTHGATE"), Identifier("NG-2"))
    found = associate(report("1.2.1", "A1"), Archive(study(), conflicts=conflicts))
    assert found.study is None
    assert "NG-1 of NORTHGATE, NG-2" in found.reason


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("1", "A"), ("1", "A"), True),
        (("1", "A"), ("1", ""), True),
        (("1", ""), ("1", ""), True),
        (("1", "A"), ("1", "B"), False),
        (("1", "A"), ("2", "A"), False),
        (("", "A"), ("", "A"), False),
    ],
)
def test_who_is_the_same_patient(one, other, same):
    assert same_patient(Identifier(*one), Identifier(*other)) is same
    assert same_patient(Identifier(*other), Identifier(*one)) is same
