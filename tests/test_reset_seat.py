"""A seat is put back: the next learner begins anew, and the one before loses nothing unless it was asked for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hl7dicom_lab.cli import main
from hl7dicom_lab.course.joined import takes_part
from hl7dicom_lab.course.progress import VARIABLE, Progress
from hl7dicom_lab.course_files import notebooks_folder
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.reset_seat import look_at, put_back
from hl7dicom_lab.workspace import Outcome, lay_notebooks

_DAY = date(2026, 3, 2)
_LESSON = "04_query_the_worklist.ipynb"


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "data" / "progress.jsonl"
    monkeypatch.setenv(VARIABLE, str(file))
    Progress(file).lesson("04")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A work folder in which somebody has worked."""
    place = tmp_path / "Zoë's work"
    lay_notebooks(notebooks_folder(), place)
    (place / _LESSON).write_text("mine", encoding="utf-8")
    (place / "note.txt").write_text("mine too", encoding="utf-8")
    return place


def call(folder: Path, *options: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["reset-seat", "--folder", str(folder), *options], input=typed)


def as_it_came(folder: Path) -> bool:
    """Whether every notebook is there, untouched, and nothing else that a person sees."""
    seen = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    laid = {one.outcome for one in lay_notebooks(notebooks_folder(), folder)}
    return laid == {Outcome.UNCHANGED} and seen == {path.name for path in notebooks_folder().glob("*.ipynb")}


def test_notebooks_are_as_they_came_and_the_old_ones_are_kept(folder: Path, answers: Path) -> None:
    done = put_back(look_at(folder), notebooks_folder(), _DAY)
    kept = folder.with_name("Zoë's work.2026-03-02")
    assert as_it_came(folder)
    assert (kept / _LESSON).read_text(encoding="utf-8") == "mine"
    assert (kept / "note.txt").read_text(encoding="utf-8") == "mine too"
    assert not answers.exists()
    assert len(Progress(answers.with_name("progress.2026-03-02.jsonl")).entries()) == 1
    assert len(done) == 3
    assert str(kept) in done[0]


def test_several_learners_on_one_day_are_kept_apart(folder: Path, answers: Path) -> None:
    for _ in range(3):
        Progress(answers).lesson("04")
        put_back(look_at(folder), notebooks_folder(), _DAY)
    kept = {path.name for path in folder.parent.iterdir() if path.is_dir()}
    assert kept >= {"Zoë's work.2026-03-02", "Zoë's work.2026-03-02-2", "Zoë's work.2026-03-02-3"}
    assert len(list(answers.parent.iterdir())) == 3


def test_nobody_goes_on_under_the_name_of_the_one_before(folder: Path, answers: Path) -> None:
    member = answers.with_name("classroom.json")
    member.write_text('{"alias": "Robin"}', encoding="utf-8", newline="\n")
    assert look_at(folder).left.endswith(f"the name in a class, in {member}")
    put_back(look_at(folder), notebooks_folder(), _DAY)
    assert not member.exists()
    assert member.with_name("classroom.2026-03-02.json").exists()
    assert not takes_part()


def test_progress_may_stay(folder: Path, answers: Path) -> None:
    member = answers.with_name("classroom.json")
    member.write_text('{"alias": "Robin"}', encoding="utf-8", newline="\n")
    assert call(folder, "--keep-progress").exit_code == 0
    assert len(Progress(answers).entries()) == 1
    assert member.exists()


@pytest.mark.usefixtures("answers")
def test_the_command_says_what_it_did(folder: Path) -> None:
    shown = call(folder)
    assert shown.exit_code == 0
    assert "is kept as" in shown.output
    assert f"{folder} holds 13 notebooks as they came." in shown.output


def test_it_asks_before_it_deletes(folder: Path, answers: Path) -> None:
    for typed in ("n\n", ""):
        shown = call(folder, "--remove", typed=typed)
        assert shown.exit_code == 1
        assert "with 13 notebooks" in shown.output
        assert "with 1 line" in shown.output
        assert (folder / _LESSON).read_text(encoding="utf-8") == "mine"
        assert answers.exists()


@pytest.mark.parametrize(("options", "typed"), [(("--remove", "--yes"), ""), (("--remove",), "y\n")])
def test_removed_is_gone(folder: Path, answers: Path, options: tuple[str, ...], typed: str) -> None:
    assert call(folder, *options, typed=typed).exit_code == 0
    assert as_it_came(folder)
    assert [path.name for path in folder.parent.iterdir() if path != folder] == ["data"]
    assert list(answers.parent.iterdir()) == []


def test_a_seat_that_nobody_has_used_gets_its_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, ":memory:")
    shown = call(tmp_path / "new", "--remove")
    assert shown.exit_code == 0, "there is nothing to ask for"
    assert as_it_came(tmp_path / "new")


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years", encoding="utf-8")
    shown = call(tmp_path, "--remove", "--yes")
    assert shown.exit_code == 1
    assert "has laid no notebooks" in shown.output
    assert (tmp_path / "thesis.txt").exists()


def test_a_home_folder_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for home in (folder, folder / "inside"):
        monkeypatch.setattr(Path, "home", lambda home=home: home)
        with pytest.raises(SetupError, match="home folder"):
            look_at(folder)


def test_a_file_is_no_seat(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SetupError, match="no folder"):
        look_at(tmp_path / "file")


def test_what_cannot_be_moved_is_told_with_the_next_step(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_use(self: Path, _target: Path) -> Path:
        raise PermissionError(13, "in use", str(self))

    seat = look_at(folder)
    monkeypatch.setattr(Path, "rename", in_use)
    with pytest.raises(SetupError, match="close JupyterLab") as caught:
        put_back(seat, notebooks_folder(), _DAY)
    assert caught.value.where == str(folder)
