"""A department's folder: one at a time, and neither numbers nor time go back."""

import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest

from hl7dicom_lab.clock import CLASS_START
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.storage.home import Home


def test_without_a_folder_nothing_is_left_behind():
    home = Home(None)
    assert not home.durable
    assert home.path.is_dir()
    assert home.clock().now() == CLASS_START
    assert home.mint(1).number("x") == 1
    (home.path / "ris").mkdir()
    home.close()
    home.close()
    assert not home.path.exists()


def test_two_departments_never_share_a_folder(tmp_path):
    home = Home(tmp_path / "a" / "home")
    with pytest.raises(SetupError, match="another department is using this folder") as caught:
        Home(home.path)
    assert caught.value.where == str(home.path)
    assert caught.value.next_step
    home.close()
    Home(home.path).close()


def test_another_process_is_kept_out_and_let_in_after_it(tmp_path):
    code = "import sys, pathlib; from hl7dicom_lab.storage.home import Home; Home(pathlib.Path(sys.argv[1])).close()"
    command = [sys.executable, "-c", code, str(tmp_path)]
    home = Home(tmp_path)
    refused = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert "another department is using this folder" in refused.stderr
    home.close()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_killed_process_holds_nothing(tmp_path):
    code = (
        "import os, sys, pathlib; from hl7dicom_lab.storage.home import Home\n"
        "home = Home(pathlib.Path(sys.argv[1])); clock = home.clock(); mint = home.mint(1)\n"
        "print(*[mint.number('order') for _ in range(3)], clock.tick(30).isoformat(), flush=True)\n"
        "os._exit(1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout.split() == ["1", "2", "3", "2026-03-02T08:00:30"], done.stderr
    home = Home(tmp_path)
    assert home.clock().now() >= CLASS_START + timedelta(seconds=30)
    assert home.mint(1).number("order") > 3
    home.close()


@pytest.mark.parametrize("seconds", [1, 59, 61, 3600, 0.25])
def test_the_clock_goes_on_where_it_stood(tmp_path, seconds):
    home = Home(tmp_path)
    clock = home.clock()
    now = clock.tick(seconds)
    home.close(clock)
    home = Home(tmp_path)
    assert now <= home.clock().now() < now + timedelta(seconds=1)
    home.close()


def test_after_a_crash_the_clock_has_never_gone_back(tmp_path):
    latest = CLASS_START
    for seconds in (1, 45, 30, 400, 0.5):
        home = Home(tmp_path)
        clock = home.clock()
        assert clock.now() >= latest
        assert clock.now() - latest <= timedelta(seconds=61)
        latest = max(clock.tick(1), clock.tick(seconds))
        home.close()  # without the clock: what a crash leaves


def test_on_a_full_disk_time_stands_still_and_no_number_is_made(tmp_path):
    home = Home(tmp_path)
    clock, mint = home.clock(), home.mint(1)
    clock.tick(30)
    with sqlite3.connect(tmp_path / "department.sqlite", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")  # nobody else can write, as on a disk without room
        home._database.rows("PRAGMA busy_timeout = 0")
        moments = [clock.tick(30) for _ in range(5)]
        assert moments == [clock.now()] * 5
        with pytest.raises(OSError, match="counters cannot be written"):
            mint.number("order")
        other.execute("ROLLBACK")
    other.close()
    assert mint.number("order") == 1
    later = clock.tick(300)
    home.close()  # without the clock: what a crash leaves
    home = Home(tmp_path)
    assert home.clock().now() >= later
    home.close()


def test_a_folder_is_given_free_though_the_clock_cannot_be_kept(tmp_path):
    home = Home(tmp_path)
    clock = home.clock()
    latest = clock.tick(30)
    home._database.rows("PRAGMA query_only = ON")
    home.close(clock)
    home = Home(tmp_path)
    assert home.clock().now() >= latest
    home.close()


def test_numbers_and_uids_are_never_made_twice(tmp_path):
    numbers, uids = [], []
    for _ in range(3):
        home = Home(tmp_path)
        mint = home.mint(1)
        numbers += [mint.number("order") for _ in range(150)]
        uids += [mint.uid("study") for _ in range(5)]
        home.close()
    assert numbers == sorted(set(numbers))
    assert len(set(uids)) == 15
    assert numbers[:150] == list(range(1, 151))


def test_what_is_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match="cannot be used"):
        Home(tmp_path / "file")
    (tmp_path / "home" / "in_use.sqlite").mkdir(parents=True)
    with pytest.raises(SetupError, match="in_use") as caught:
        Home(tmp_path / "home")
    assert "another department" not in str(caught.value)


@pytest.mark.parametrize("name", ["in_use.sqlite", "department.sqlite"])
def test_a_file_that_is_no_database_is_named_and_the_folder_is_free_again(tmp_path, name):
    (tmp_path / name).write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with pytest.raises(SetupError, match=name):
        Home(tmp_path)
    (tmp_path / name).unlink()
    home = Home(tmp_path)
    assert sqlite3.connect(tmp_path / "department.sqlite").close() is None
    home.close()
