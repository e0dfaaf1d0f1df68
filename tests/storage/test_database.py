import sqlite3
import threading

import pytest

from hl7dicom_lab.errors import SetupError, SystemStopped
from hl7dicom_lab.storage.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS note (text TEXT NOT NULL UNIQUE);"


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "deep" / "data.sqlite", SCHEMA, durable=True)
    yield database
    database.close()


def write(database, text):
    with database.transaction() as connection:
        connection.execute("INSERT INTO note VALUES (?)", (text,))


def notes(database):
    return [row["text"] for row in database.rows("SELECT text FROM note ORDER BY rowid")]


def test_what_was_committed_is_there_after_a_new_start(tmp_path):
    path = tmp_path / "data.sqlite"
    first = Database(path, SCHEMA, durable=False)
    write(first, "kept")
    first.close()
    second = Database(path, SCHEMA, durable=True)
    assert notes(second) == ["kept"]
    second.close()
    second.close()


def test_a_block_that_raises_leaves_nothing(database):
    def fails():
        with database.transaction() as connection:
            connection.execute("INSERT INTO note VALUES ('a')")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert notes(database) == []
    write(database, "b")
    assert notes(database) == ["b"]


def test_nested_blocks_are_one_transaction(database):
    def fails():
        with database.transaction():
            write(database, "inner")
            assert notes(database) == ["inner"]
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert notes(database) == []


def test_an_inner_block_takes_back_its_own_effects_only(database):
    def inner():
        with database.transaction():
            write(database, "half of an effect")
            raise KeyError

    with database.transaction():
        write(database, "before")
        with pytest.raises(KeyError):
            inner()
        write(database, "the refusal")
    assert notes(database) == ["before", "the refusal"]


def test_after_a_commit_that_fails_the_next_transaction_is_a_new_one(tmp_path):
    # A deferred constraint makes COMMIT itself fail, as a full disk may.
    schema = "CREATE TABLE parent (n INTEGER PRIMARY KEY); CREATE TABLE child (n INTEGER REFERENCES parent (n)"
    database = Database(tmp_path / "d.sqlite", schema + " DEFERRABLE INITIALLY DEFERRED);", durable=False)

    def orphan():
        with database.transaction() as connection:
            connection.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(sqlite3.IntegrityError):
        orphan()
    with database.transaction() as connection:
        connection.execute("INSERT INTO parent VALUES (7)")
    assert database.rows("SELECT * FROM child") == []
    database.close()
    other = sqlite3.connect(tmp_path / "d.sqlite")
    assert other.execute("SELECT n FROM parent").fetchall() == [(7,)]
    other.close()


def test_a_full_disk_takes_back_the_whole_transaction(database):
    pages = database.rows("PRAGMA page_count")[0][0]
    database.rows(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(sqlite3.OperationalError, match="full"):
        write(database, "x" * 1_000_000)
    database.rows("PRAGMA max_page_count = 100000")
    write(database, "there is room again")
    assert notes(database) == ["there is room again"]


def test_threads_take_turns(database):
    def work(name):
        for number in range(50):
            write(database, f"{name} {number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(notes(database)) == 200


def test_a_number_is_never_reserved_twice(tmp_path):
    first = Database(tmp_path / "d.sqlite", "", durable=False)
    assert (first.reserve("uid", 100), first.reserve("uid", 100), first.reserve("accession", 1)) == (1, 101, 1)
    first.close()
    second = Database(tmp_path / "d.sqlite", "", durable=False)
    assert second.reserve("uid", 1) == 201
    second.close()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "data.sqlite"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(SetupError, match="take this file away") as caught:
        Database(path, SCHEMA, durable=False)
    assert caught.value.where == str(path)


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "home").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match="cannot be opened"):
        Database(tmp_path / "home" / "data.sqlite", SCHEMA, durable=False)


def test_data_of_a_system_that_was_stopped_is_asked_for_in_vain_and_told(database):
    database.close()
    database.close()
    for ask in (lambda: database.rows("SELECT 1"), lambda: database.reserve("P", 1), database.transaction().__enter__):
        with pytest.raises(SystemStopped, match="has been stopped") as refused:
            ask()
        assert "lab.start()" in refused.value.next_step
