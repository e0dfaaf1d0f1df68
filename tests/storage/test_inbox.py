"""The inbox remembers what was answered, together with the effect and across a restart."""

import pytest
from hl7_text import order

from hl7dicom_lab.errors import Hl7Fault
from hl7dicom_lab.storage.database import Database
from hl7dicom_lab.storage.inbox import Inbox

SENDER = "EMR|NORTHGATE"


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "system.sqlite", "CREATE TABLE IF NOT EXISTS effect (what TEXT);", durable=False)
    yield opened
    opened.close()


def test_a_new_message_is_not_known(database):
    assert Inbox(database).recall(SENDER, "1", b"MSH|x\r") is None


def test_an_answer_is_recalled_for_the_same_message(database):
    inbox, body = Inbox(database), order().bytes()
    inbox.remember(SENDER, "1", body, b"yes")
    assert inbox.recall(SENDER, "1", body) == b"yes"
    assert inbox.recall("LIS|NORTHGATE", "1", body) is None
    assert inbox.recall(SENDER, "2", body) is None


def test_no_answer_is_an_answer_too(database):
    inbox = Inbox(database)
    inbox.remember(SENDER, "1", b"MSH|x\r", b"")
    assert inbox.recall(SENDER, "1", b"MSH|x\r") == b""


def test_a_new_time_stamp_is_the_same_message_and_nothing_else_is(database):
    inbox, message = Inbox(database), order().put("MSH-10", "1")
    inbox.remember(SENDER, "1", message.bytes(), b"yes")
    assert inbox.recall(SENDER, "1", message.put("MSH-7", "20260302081500").bytes()) == b"yes"
    for path in ("MSH-6", "MSH-8", "PID-7", "ORC-7"):
        other = order().put("MSH-10", "1").put(path, "20260302081500")
        with pytest.raises(Hl7Fault, match="already used") as caught:
            inbox.recall(SENDER, "1", other.bytes())
        assert (caught.value.code, caught.value.where) == (205, "MSH-10")
        assert "new MSH-10" in caught.value.next_step


@pytest.mark.parametrize("separator", ["|", "#"])
def test_the_time_stamp_is_found_with_other_separators_and_line_ends(database, separator):
    inbox = Inbox(database)
    for number, end in enumerate(("\r", "\n"), 1):
        text = order().bytes(end=end).decode().replace("|", separator)
        inbox.remember(SENDER, str(number), text.encode(), b"yes")
        assert inbox.recall(SENDER, str(number), text.replace("20260302080000", "20270101", 1).encode()) == b"yes"


def test_the_memory_goes_with_the_effect(database):
    inbox = Inbox(database)

    def fail():
        with inbox.transaction():
            database.rows("INSERT INTO effect VALUES ('x')")
            inbox.remember(SENDER, "1", b"MSH|x\r", b"yes")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert inbox.recall(SENDER, "1", b"MSH|x\r") is None
    assert database.rows("SELECT * FROM effect") == []


def test_it_is_there_after_a_restart(tmp_path):
    path = tmp_path / "system.sqlite"
    first = Database(path, "", durable=True)
    Inbox(first).remember(SENDER, "1", b"MSH|x\r", b"yes")
    first.close()
    second = Database(path, "", durable=True)
    assert Inbox(second).recall(SENDER, "1", b"MSH|x\r") == b"yes"
    second.close()
