"""A learner's side of the hospital: where it is told addresses and name, and what it says if it is not."""

import json

import pytest

from hl7dicom_lab import story
from hl7dicom_lab.actors.hospital_addresses import ADDRESSES_VARIABLE, SEAT_VARIABLE, HospitalAddresses
from hl7dicom_lab.at_hospital import AtHospital
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.hospital import Hospital


def test_a_seat_is_found_by_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "hospital.json"
    with Hospital() as hospital:
        file.write_text(json.dumps(hospital.addresses()), encoding="utf-8", newline="\n")
        monkeypatch.setenv(ADDRESSES_VARIABLE, str(file))
        monkeypatch.setenv(SEAT_VARIABLE, "SEAT07")
        with AtHospital.join() as seat:
            seat.emr.place(story.order())
            assert repr(seat) == "<AtHospital SEAT07, running>"
            assert "EMR ──ORM^O01──▶ RIS" in str(seat.timeline())
            assert seat.start() is seat
        seat.stop()
        assert repr(seat) == "<AtHospital SEAT07, stopped>"
        assert [one.name for one in hospital.seats()] == ["SEAT07"]


def test_what_is_not_known_is_named(monkeypatch):
    monkeypatch.delenv(ADDRESSES_VARIABLE, raising=False)
    with pytest.raises(SetupError, match="set the environment variable HL7DICOM_LAB_HOSPITAL"):
        AtHospital.join()


@pytest.mark.parametrize("content", ["{", "[]", '{"ris": {}}', '{"ris": {"hl7": {"port": 1}}, "pacs": {}}'])
def test_a_file_without_addresses_is_named(tmp_path, content):
    file = tmp_path / "hospital.json"
    file.write_text(content, encoding="utf-8", newline="\n")
    with pytest.raises(SetupError, match="serve --class --addresses") as caught:
        AtHospital.join(file, "SEAT07")
    assert caught.value.where == str(file)


def test_a_seat_has_a_name_that_fits_into_an_ae_title(tmp_path):
    with Hospital() as hospital:
        file = tmp_path / "hospital.json"
        file.write_text(json.dumps(hospital.addresses()), encoding="utf-8", newline="\n")
        with pytest.raises(SetupError, match="1 to 11 letters"):
            AtHospital.join(file, "SEAT NUMBER SEVEN")


def test_the_longest_name_of_a_seat_makes_ae_titles_too():
    with Hospital() as hospital, AtHospital(HospitalAddresses.of(hospital.addresses()), "SEAT_NUMBER") as seat:
        assert seat.studies() == ()
        assert seat.modality.query() == ()
