"""Which hospital and which seat the environment names; a file that has no addresses is in `test_at_hospital.py`."""

from __future__ import annotations

import json

import pytest

from hl7dicom_lab.actors.hospital_addresses import (
    ADDRESSES_VARIABLE,
    SEAT_VARIABLE,
    HospitalAddresses,
    SeatAtHospital,
    seat_for,
)
from hl7dicom_lab.actors.site import check_facility
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.hospital import Hospital
from hl7dicom_lab.lab import Lab


@pytest.fixture
def environment(monkeypatch):
    """Sets the variables; an empty value takes one away."""

    def put(addresses="", seat="", learner=""):
        values = ((ADDRESSES_VARIABLE, str(addresses)), (SEAT_VARIABLE, seat), ("JUPYTERHUB_USER", learner))
        for variable, value in values:
            if value:
                monkeypatch.setenv(variable, value)
            else:
                monkeypatch.delenv(variable, raising=False)

    return put


@pytest.fixture
def file(tmp_path):
    told = {
        "ris": {
            "hl7": {"host": "127.0.0.1", "port": 1, "application": "RIS", "facility": "NORTHGATE"},
            "worklist": {"host": "127.0.0.1", "port": 2, "ae_title": "NORTHGATE_RIS"},
        },
        "pacs": {
            "hl7": {"host": "127.0.0.1", "port": 3, "application": "PACS", "facility": "NORTHGATE"},
            "storage": {"host": "127.0.0.1", "port": 4, "ae_title": "NORTHGATE_PACS"},
        },
    }
    path = tmp_path / "hospital.json"
    path.write_text(json.dumps(told), encoding="utf-8", newline="\n")
    return path


def test_without_the_setting_there_is_no_hospital(environment):
    environment()
    assert SeatAtHospital.of_environment() is None
    with Lab.fresh() as lab:
        assert lab.hospital is None


def test_both_variables_name_a_seat(environment, file):
    environment(file, "SEAT07")
    found = SeatAtHospital.of_environment()
    assert found == SeatAtHospital(HospitalAddresses.read(file), "SEAT07")
    assert found.addresses.storage.port == 4


def test_one_variable_names_both(environment, file):
    environment(f"SEAT07@{file}")
    assert SeatAtHospital.of_environment() == SeatAtHospital(HospitalAddresses.read(file), "SEAT07")


def test_a_file_may_be_called_like_a_seat_and_a_file(environment, file, monkeypatch):
    monkeypatch.chdir(file.parent)
    file.rename("B@there.json")
    environment("B@there.json", "SEAT07")
    assert SeatAtHospital.of_environment().seat == "SEAT07"


def test_at_a_hub_the_seat_is_called_after_the_learner(environment, file):
    environment(file, learner="robin")
    assert SeatAtHospital.of_environment().seat == "robin"
    environment(file, "SEAT07", learner="robin")
    assert SeatAtHospital.of_environment().seat == "SEAT07"


def test_a_learner_s_name_that_is_no_seat_s_becomes_one():
    names = ["robin.meyer@example.org", "robin.meier@example.org", "Zoë Núñez de la Peña", "山田太郎", "x" * 12, "a b"]
    seats = [seat_for(name) for name in names]
    assert len(set(seats)) == len(names)
    for seat in seats:
        check_facility(seat)
    assert [one.partition("_")[0] for one in seats] == ["robinm", "robinm", "ZoeNun", "", "xxxxxx", "ab"]
    assert seat_for("SEAT07") == "SEAT07"


@pytest.mark.parametrize(("named", "missing"), [("file", SEAT_VARIABLE), ("seat", ADDRESSES_VARIABLE)])
def test_one_variable_without_the_other_is_told(environment, file, named, missing):
    environment(*((file, "") if named == "file" else ("", "SEAT07")))
    with pytest.raises(SetupError, match=f"set the environment variable {missing}") as caught:
        Lab.fresh()
    assert caught.value.where == missing


@pytest.mark.parametrize("name", ["SEAT NUMBER SEVEN", "TWELVE_LONG_", "<b>"])
def test_a_name_that_is_none_is_told(environment, file, name):
    environment(file, name)
    with pytest.raises(SetupError, match="1 to 11 letters"):
        Lab.fresh()


def test_a_new_department_works_through_the_hospital_that_is_named(environment, tmp_path):
    with Hospital() as hospital:
        path = tmp_path / "here.json"
        path.write_text(json.dumps(hospital.addresses()), encoding="utf-8", newline="\n")
        environment(path, "SEAT07")
        with Lab.fresh() as lab:
            assert lab.hospital.seat == "SEAT07"
        assert [seat.name for seat in hospital.seats()] == ["SEAT07"]
