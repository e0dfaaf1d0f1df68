from __future__ import annotations

import pytest

from hl7dicom_lab import course_files
from hl7dicom_lab.errors import NotFound


def test_in_a_checkout_the_data_stands_beside_the_package():
    assert (course_files.data_folder() / "mr_brain" / "slice_01.dcm").is_file()


@pytest.mark.parametrize("name", ["data", "notebooks"])
def test_in_a_wheel_the_folders_are_inside_the_package(tmp_path, monkeypatch, name):
    inside = tmp_path / "site-packages" / "hl7dicom_lab" / "_course" / name
    inside.mkdir(parents=True)
    (tmp_path / "site-packages" / name).mkdir()  # somebody else's
    monkeypatch.setattr(course_files, "_PACKAGE", tmp_path / "site-packages" / "hl7dicom_lab")
    assert getattr(course_files, f"{name}_folder")() == inside


def test_a_missing_folder_names_the_next_step(tmp_path, monkeypatch):
    monkeypatch.setattr(course_files, "_PACKAGE", tmp_path / "hl7dicom_lab")
    with pytest.raises(NotFound, match=r"notebooks.*install hl7dicom-lab again"):
        course_files.notebooks_folder()
