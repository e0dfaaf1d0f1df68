"""Nobody else on a shared machine reads what a department or a learner writes, whatever the umask and the folder."""

from __future__ import annotations

import os
import stat

import pytest

from hl7dicom_lab import story, workspace
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.storage.home import Home

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows keeps a user's folders private by other means")


@pytest.fixture(autouse=True)
def _umask_0():
    """What is made is open to everybody unless whoever makes it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(folder):
    """What others can reach in a folder: files that they may read, and folders that they may enter."""
    for path in folder.iterdir():
        if mode(path) & 0o077:
            yield path
            if path.is_dir():
                yield from open_to_others(path)


def some_work(lab):
    lab.emr.place(story.order())
    item, *_ = lab.modality.query()
    lab.modality.store(lab.modality.examine(item)[:1])


def test_a_new_folder_is_private_and_so_is_every_folder_above_it_that_was_missing(tmp_path):
    tmp_path.chmod(0o755)
    home = tmp_path / "labs" / "monday"
    with Lab(home) as lab:
        some_work(lab)
        assert (mode(home), mode(home.parent)) == (0o700, 0o700)
        assert list(open_to_others(tmp_path)) == []


def test_a_temporary_folder_is_private():
    with Lab() as lab:
        assert mode(lab.ris.order_book.database.path.parent.parent) == 0o700


def test_an_empty_folder_that_was_open_is_closed(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    Home(home).close()
    assert mode(home) == 0o700
    home.chmod(0o755)  # and also where a department has been in it before
    Home(home).close()
    assert mode(home) == 0o700


def test_a_folder_with_other_things_in_it_stays_as_it_is_and_what_comes_into_it_is_private(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "notes.txt").write_text("somebody's", encoding="utf-8")
    (tmp_path / "notes.txt").chmod(0o644)
    with Lab(tmp_path) as lab:
        some_work(lab)
        assert list(open_to_others(tmp_path)) == [tmp_path / "notes.txt"]
    Home(tmp_path).close()  # and also where a department has been in it before
    assert mode(tmp_path) == 0o755


def test_answers_and_notebooks_are_private(tmp_path):
    Progress(tmp_path / "share" / "lab" / "progress.jsonl").lesson("01")
    workspace.lay_notebooks(notebooks_folder(), tmp_path / "work")
    tmp_path.chmod(0o755)
    assert list(open_to_others(tmp_path)) == []


def test_a_file_for_progress_that_somebody_else_shall_read_stays_readable(tmp_path):
    """Such as one in a folder from which an instructor collects."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    Progress(shared / "progress.jsonl").lesson("01")
    assert mode(shared) == 0o755
    assert mode(shared / "progress.jsonl") & 0o044 == 0o044
