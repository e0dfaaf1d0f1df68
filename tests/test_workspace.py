"""Work folders: what a learner wrote survives every update of the course."""

import json
from pathlib import Path

import pytest

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.workspace import FOLDER_VARIABLE, Outcome, lay_notebooks, without_outputs, work_folder


def _notebook(text: str) -> bytes:
    cell = {
        "cell_type": "code",
        "execution_count": 4,
        "id": "a",
        "metadata": {"tags": ["exercise"], "execution": {"iopub.busy": "2031-04-07"}},
        "outputs": [{"output_type": "stream", "name": "stdout", "text": ["Müller\n"]}],
        "source": [text],
    }
    note = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": ["# Größe"]}
    return json.dumps({"cells": [note, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "02_order.ipynb").write_bytes(_notebook("one"))
    (folder / "tour.ipynb").write_bytes(_notebook("tour"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "Zoë's work" / "lab"


def _outcomes(course: Path, folder: Path) -> dict[str, Outcome]:
    return {one.path.name: one.outcome for one in lay_notebooks(course, folder)}


def _visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def _source(path: Path) -> str:
    return json.loads(path.read_bytes())["cells"][1]["source"][0]


def test_first_start_copies_every_notebook(course, folder):
    assert _outcomes(course, folder) == {"02_order.ipynb": Outcome.NEW, "tour.ipynb": Outcome.NEW}
    assert _visible(folder) == ["02_order.ipynb", "tour.ipynb"]


def test_copies_have_no_outputs_and_keep_the_rest(course, folder):
    lay_notebooks(course, folder)
    note, code = json.loads((folder / "tour.ipynb").read_bytes())["cells"]
    assert (code["outputs"], code["execution_count"]) == ([], None)
    assert code["metadata"] == {"tags": ["exercise"]}
    assert note["source"] == ["# Größe"]
    assert b"Gr\xc3\xb6\xc3\x9fe" in (folder / "tour.ipynb").read_bytes()


def test_stripping_a_stripped_notebook_changes_nothing():
    once = without_outputs(_notebook("one"))
    assert without_outputs(once) == once
    assert once.endswith(b"\n")
    assert b"\r" not in once


def test_a_second_start_changes_nothing(course, folder):
    lay_notebooks(course, folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert set(_outcomes(course, folder).values()) == {Outcome.UNCHANGED}
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_an_untouched_copy_is_brought_up_to_date(course, folder):
    lay_notebooks(course, folder)
    (course / "tour.ipynb").write_bytes(_notebook("better tour"))
    assert _outcomes(course, folder)["tour.ipynb"] is Outcome.UPDATED
    assert _source(folder / "tour.ipynb") == "better tour"
    assert _visible(folder) == ["02_order.ipynb", "tour.ipynb"]


def test_work_stays_where_the_course_did_not_change(course, folder):
    lay_notebooks(course, folder)
    (folder / "tour.ipynb").write_bytes(_notebook("mine"))
    assert _outcomes(course, folder)["tour.ipynb"] is Outcome.KEPT
    assert _source(folder / "tour.ipynb") == "mine"
    assert _visible(folder) == ["02_order.ipynb", "tour.ipynb"]


def test_a_changed_lesson_lies_beside_the_learners_work(course, folder):
    lay_notebooks(course, folder)
    (folder / "tour.ipynb").write_bytes(_notebook("mine"))
    (course / "tour.ipynb").write_bytes(_notebook("better tour"))
    laid = {one.path.name: one.outcome for one in lay_notebooks(course, folder)}
    assert laid["tour.new.ipynb"] is Outcome.BESIDE
    assert _source(folder / "tour.ipynb") == "mine"
    assert _source(folder / "tour.new.ipynb") == "better tour"


def test_a_version_is_offered_once_even_if_the_learner_deletes_it(course, folder):
    lay_notebooks(course, folder)
    (folder / "tour.ipynb").write_bytes(_notebook("mine"))
    (course / "tour.ipynb").write_bytes(_notebook("better tour"))
    lay_notebooks(course, folder)
    (folder / "tour.new.ipynb").unlink()
    assert _outcomes(course, folder)["tour.ipynb"] is Outcome.KEPT
    assert _visible(folder) == ["02_order.ipynb", "tour.ipynb"]


def test_an_untouched_offer_is_replaced_by_the_next_one(course, folder):
    lay_notebooks(course, folder)
    (folder / "tour.ipynb").write_bytes(_notebook("mine"))
    for version in ("second", "third"):
        (course / "tour.ipynb").write_bytes(_notebook(version))
        lay_notebooks(course, folder)
    assert _source(folder / "tour.new.ipynb") == "third"
    assert _visible(folder) == ["02_order.ipynb", "tour.ipynb", "tour.new.ipynb"]


def test_work_in_the_offered_version_stays_too(course, folder):
    lay_notebooks(course, folder)
    (folder / "tour.ipynb").write_bytes(_notebook("mine"))
    (course / "tour.ipynb").write_bytes(_notebook("second"))
    lay_notebooks(course, folder)
    (folder / "tour.new.ipynb").write_bytes(_notebook("mine again"))
    (course / "tour.ipynb").write_bytes(_notebook("third"))
    lay_notebooks(course, folder)
    assert [_source(folder / name) for name in ("tour.ipynb", "tour.new.ipynb", "tour.new2.ipynb")] == [
        "mine",
        "mine again",
        "third",
    ]


@pytest.mark.parametrize(
    "record", [None, b"", b"[]", b"{", b"\xff\xfe"], ids=["lost", "empty", "list", "cut", "binary"]
)
def test_without_its_record_the_lab_overwrites_nothing(course, folder, record):
    lay_notebooks(course, folder)
    (folder / "tour.ipynb").write_bytes(_notebook("mine"))
    file = folder / ".hl7dicom_lab.json"
    file.unlink() if record is None else file.write_bytes(record)
    assert _outcomes(course, folder)["tour.new.ipynb"] is Outcome.BESIDE
    assert _source(folder / "tour.ipynb") == "mine"


def test_a_file_of_the_learner_with_a_lessons_name_is_kept(course, folder):
    folder.mkdir(parents=True)
    (folder / "tour.ipynb").write_text("my own notes", encoding="utf-8", newline="\n")
    assert _outcomes(course, folder)["tour.new.ipynb"] is Outcome.BESIDE
    assert (folder / "tour.ipynb").read_text(encoding="utf-8") == "my own notes"


def test_a_folder_that_cannot_be_made_says_what_to_do(course, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8", newline="\n")
    with pytest.raises(SetupError, match="--folder") as caught:
        lay_notebooks(course, tmp_path / "file" / "lab")
    assert FOLDER_VARIABLE in str(caught.value)
    assert "file" in caught.value.where


def test_the_folder_is_the_chosen_one_then_the_variables_then_in_the_home(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert work_folder() == tmp_path / "home" / "hl7dicom_lab"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "named"))
    assert work_folder() == tmp_path / "named"
    assert work_folder(tmp_path / "chosen") == tmp_path / "chosen"
    monkeypatch.chdir(tmp_path)
    assert work_folder(Path("here")) == Path.cwd() / "here"
