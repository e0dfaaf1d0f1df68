"""A class out of a shared folder, as a JupyterHub lays it."""

import asyncio
import json
import os
import time

import pytest

from hl7dicom_lab.classroom.folder import ClassFolder
from hl7dicom_lab.classroom.store import ClassStore
from hl7dicom_lab.classroom.summary import ClassWatch
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.verdict import wrong

pytestmark = pytest.mark.usefixtures("no_running_loop")


@pytest.fixture
def store(tmp_path):
    opened = ClassStore(tmp_path / "home" / "classroom.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "users"
    folder.mkdir()
    return folder


def work(root, name, *exercises, at="2026-03-02T08:00:00+00:00"):
    progress = Progress(root / name / "progress.jsonl", lambda: at)
    progress.lesson("04")
    for one in exercises:
        progress.exercise(one, wrong("day missing", "words"))


def look(folder):
    asyncio.run(folder.look())


def test_each_folder_is_a_learner_and_is_read_once(root, store):
    work(root, "robin", "04-e1", "04-e1", "04-e1")
    work(root, "sam", "04-e2")
    folder, watch = ClassFolder(root, store), ClassWatch(store)
    look(folder)
    look(folder)
    robin, sam = watch.summary().rows
    assert (robin.alias, robin.stuck, robin.since) == ("robin", "04-e1", "2026-03-02T08:00:00+00:00")
    assert (sam.alias, sam.stuck, sam.at) == ("sam", "", "04-e2")
    work(root, "sam", "04-e2", "04-e2")
    look(folder)
    look(ClassFolder(root, store))  # after a restart
    assert len(store.entries(store.by_alias("sam"))) == 5
    assert watch.summary().rows[1].stuck == "04-e2"


def test_a_time_that_has_not_come_yet_is_now(root, store):
    work(root, "robin", at="2999-01-01T00:00:00+00:00")
    work(root, "sam", at="no time")
    work(root, "uma", at="2026-03-02T08:00:00")
    look(ClassFolder(root, store))
    for learner in store.learners():
        assert all(one.at < "2990" for one in store.entries(learner)), learner


def test_who_was_deleted_is_not_read_again(root, store):
    work(root, "robin", "04-e1")
    folder = ClassFolder(root, store)
    look(folder)
    store.forget(store.by_alias("robin"))
    work(root, "robin", "04-e2")
    look(folder)
    look(ClassFolder(root, store))
    assert store.learners() == ()


def test_what_is_no_learners_file_is_passed_over(root, store, tmp_path):
    work(root, "robin", "04-e1")
    (root / "a file").write_text("x", encoding="utf-8")
    (root / "empty").mkdir()
    (root / "sam" / "progress.jsonl").mkdir(parents=True)
    (root / "long" / "progress.jsonl").parent.mkdir()
    (root / "long" / "progress.jsonl").write_text("x" * 3_000_000, encoding="utf-8")
    (root / ("n" * 41)).mkdir()
    work(root, "n" * 41)
    if os.name == "posix":
        work(tmp_path / "elsewhere", "secret", "04-e1")
        (root / "thief").mkdir()
        (root / "thief" / "progress.jsonl").symlink_to(tmp_path / "elsewhere" / "secret" / "progress.jsonl")
        (root / "linked").symlink_to(tmp_path / "elsewhere" / "secret")
        (root / "pipe").mkdir()
        os.mkfifo(root / "pipe" / "progress.jsonl")
    look(ClassFolder(root, store))
    assert [one.alias for one in store.learners() if store.entries(one)] == ["robin"]


def test_a_file_that_is_gone_for_a_moment_is_read_when_it_is_back(root, store):
    work(root, "robin", "04-e1")
    folder = ClassFolder(root, store)
    look(folder)
    path = root / "robin" / "progress.jsonl"
    content = path.read_bytes()
    path.unlink()
    look(folder)
    path.write_bytes(content + json.dumps({"what": "lesson", "id": "05"}).encode() + b"\n")
    look(folder)
    assert [one.kept.id for one in store.entries(store.by_alias("robin"))] == ["04", "04-e1", "05"]


def test_two_people_never_share_a_record(root, store):
    store.join("Robin")  # somebody who is not the user robin
    for name in ("robin", "sam", "ｓam"):  # wide letters: also where a file system knows no capitals
        work(root, name, "04-e1")
    look(ClassFolder(root, store))
    assert store.entries(store.by_alias("robin")) == ()
    assert store.in_folder("robin") is None
    assert len(store.entries(store.in_folder("sam"))) == 2


def test_a_folder_that_is_not_there_is_told(tmp_path, store):
    with pytest.raises(SetupError, match="--folder ROOT"):
        ClassFolder(tmp_path / "nowhere", store)


def test_the_service_reads_the_folder_by_itself(root, start_room):
    work(root, "robin", "04-e1")
    room = start_room(folder=root)
    while not (rows := room.ask("api/class", room.instructor).json["rows"]) or not rows[0]["at"]:
        time.sleep(0.05)
    assert [one["alias"] for one in rows] == ["robin"]
    joined = room.ask("api/join", body={"code": room.service.join_code, "alias": "robin"})
    assert joined.status == 404
    assert room.ask("api/class", room.instructor).json["code"] == ""
