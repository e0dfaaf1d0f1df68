"""The file that only grows: nothing written is lost, and nothing that goes wrong with it stops a lesson."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from hl7dicom_lab.course.progress import VARIABLE, Entry, Progress, progress_file
from hl7dicom_lab.verdict import Outcome, right, wrong


def at() -> str:
    return "2026-03-02T08:00:00+00:00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "progress.jsonl"


def test_what_was_done_is_read_back_by_the_next_kernel(path: Path) -> None:
    first = Progress(path, at)
    first.lesson("04")
    first.exercise("04-e1", wrong("at the root", "..."))
    first.hint("04-e1", 2)
    first.solution("04-e1")
    first.exercise("04-e1", right("..."))
    first.question("04-q1", Outcome.INCORRECT, "größer")
    first.answer_shown("04-q1")
    assert Progress(path).entries() == (
        Entry(at(), "lesson", "04"),
        Entry(at(), "exercise", "04-e1", "not yet", "at the root"),
        Entry(at(), "hint", "04-e1", "", "2"),
        Entry(at(), "solution", "04-e1"),
        Entry(at(), "exercise", "04-e1", "correct", ""),
        Entry(at(), "question", "04-q1", "not yet", "größer"),
        Entry(at(), "answer shown", "04-q1"),
    )


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_crash_cut_off_costs_that_line_and_no_other(path: Path, cut: int) -> None:
    progress = Progress(path, at)
    progress.lesson("01")
    progress.lesson("02")
    path.write_bytes(path.read_bytes()[:-cut])
    progress.lesson("03")
    kept = [entry.id for entry in progress.entries()]
    assert kept == (["01", "02", "03"] if cut == 1 else ["01", "03"])


def test_lines_of_somebody_else_are_left_out(path: Path) -> None:
    progress = Progress(path, at)
    progress.lesson("01")
    with path.open("ab") as file:
        file.write(b'[1, 2]\n"text"\n\xff\xfe\nnull\n\n{"what": 5}\n')
    progress.lesson("02")
    assert [entry.id for entry in progress.entries() if entry.what == "lesson"] == ["01", "02"]


def _write(path: Path, name: str) -> None:
    progress = Progress(path, at)
    for number in range(50):
        progress.question(f"{name}-{number}", Outcome.CORRECT, "a")


def test_two_kernels_may_write_at_once(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    ids = {entry.id for entry in Progress(path).entries()}
    assert ids == {f"{name}-{number}" for name in ("a", "b") for number in range(50)}


def test_a_file_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    progress = Progress(tmp_path / "file" / "progress.jsonl", at)
    progress.lesson("01")
    assert [entry.id for entry in progress.entries()] == ["01"]
    assert "cannot be written" in progress.problem
    assert VARIABLE in progress.problem


def test_in_memory_nothing_touches_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, ":memory:")
    assert progress_file() is None
    progress = Progress.of_this_learner()
    progress.lesson("01")
    assert [entry.id for entry in progress.entries()] == ["01"]


def test_the_place_is_the_users_data_folder_unless_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.jsonl"))
    assert progress_file() == tmp_path / "mine.jsonl"
    monkeypatch.delenv(VARIABLE)
    usual = progress_file()
    assert usual is not None
    assert usual.parts[-2:] == ("hl7dicom_lab", "progress.jsonl") or os.name == "nt"
