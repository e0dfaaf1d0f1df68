"""The class list of the hub: who enters with which password, and that a broken list lets nobody in by mistake."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

_SOURCE = Path(__file__).resolve().parent.parent.parent / "deploy" / "jupyterhub" / "class_list.py"


@pytest.fixture(scope="module")
def class_list() -> ModuleType:
    """deploy/jupyterhub/class_list.py, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("class_list", _SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def say(class_list, tmp_path):
    """Run the command on one list; the passwords that it shows, by name."""

    def run(*arguments: str, fails: bool = False) -> dict[str, str]:
        done = CliRunner().invoke(class_list.main, [str(tmp_path / "hub" / "learners.csv"), *arguments])
        assert (done.exit_code != 0) == fails, done.output
        return {"error": done.output} if fails else dict(line.split() for line in done.output.splitlines())

    run.file = tmp_path / "hub" / "learners.csv"
    return run


def test_a_name_enters_with_its_own_password_only(class_list, say):
    shown = say("add", "learner1", "learner2") | say("add", "--instructor", "instructor1")
    members = class_list.read(say.file)
    assert [class_list.role_of(members, name, shown[name]) for name in ("learner1", "learner2", "instructor1")] == [
        "learner",
        "learner",
        "instructor",
    ]
    assert class_list.role_of(members, "learner1", shown["learner2"]) == ""
    assert class_list.role_of(members, "learner3", shown["learner1"]) == ""
    assert class_list.role_of(members, "learner1", "") == ""


def test_the_class_password_opens_names_without_a_line_and_never_more(class_list, say):
    everybody = say("class-password")["*"]
    say("add", "learner1")
    say("add", "--instructor", "instructor1")
    members = class_list.read(say.file)
    assert class_list.role_of(members, "learner3", everybody) == "learner"
    for name in ("learner1", "instructor1", "*", "..", "../learner3", "Learner3", "", "a" * 33):
        assert class_list.role_of(members, name, everybody) == "", name


def test_what_was_taken_off_the_list_does_not_stay(class_list, say):
    say("class-password")
    say("add", "learner1")
    assert class_list.may_stay(class_list.read(say.file), "learner3")
    say("remove", "*", "learner1")
    assert class_list.read(say.file) == {}
    assert not class_list.may_stay(class_list.read(say.file), "learner1")


def test_a_new_password_takes_the_place_of_the_old_one(class_list, say):
    old, new = say("add", "learner1")["learner1"], say("add", "learner1")["learner1"]
    members = class_list.read(say.file)
    assert class_list.role_of(members, "learner1", old) == ""
    assert class_list.role_of(members, "learner1", new) == "learner"


def test_the_file_holds_no_password_and_is_the_owners_alone(say):
    shown = say("class-password") | say("add", "learner1")
    text = say.file.read_text(encoding="utf-8")
    assert not any(password in text for password in shown.values())
    if os.name == "posix":
        assert stat.S_IMODE(say.file.stat().st_mode) == 0o600
        assert stat.S_IMODE(say.file.parent.stat().st_mode) == 0o700
    assert [one.name for one in say.file.parent.iterdir()] == ["learners.csv"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("learner1,learner,secret", "not hashed"),
        ("../learner1,learner,{}", "is no name"),
        ("learner1,admin,{}", "role 'admin'"),
        ("*,instructor,{}", "for a person"),
        ("learner1", "role ''"),
        ("learner1,learner,{}\nlearner1,instructor,{}", "already"),
    ],
)
def test_a_wrong_line_is_named(class_list, say, line, told):
    say("add", "learner2")
    hashed = class_list.hashed("x", bytes(16))
    say.file.write_text("name,role,password\n" + line.replace("{}", hashed) + "\n", encoding="utf-8", newline="\n")
    with pytest.raises(ValueError, match=told) as caught:
        class_list.read(say.file)
    assert f"line {line.count(chr(10)) + 2}" in str(caught.value)
    assert told in say("add", "learner3", fails=True)["error"]


def test_a_name_that_cannot_be_a_folder_is_refused(say):
    assert "no names: ../learner1" in say("add", "../learner1", fails=True)["error"]
    assert not say.file.exists()
