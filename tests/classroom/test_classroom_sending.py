"""A learner's side: joining, what is sent and what is not, and that nothing is lost when the classroom is away."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from free_ports import free_ports

from hl7dicom_lab import classroom
from hl7dicom_lab.classroom import joining, record, sending
from hl7dicom_lab.classroom.joining import join, leave, membership, split_invitation
from hl7dicom_lab.classroom.reading import ProgressReader
from hl7dicom_lab.classroom.sending import Sender, send_once
from hl7dicom_lab.classroom.service import ClassroomOptions, ClassroomService, open_store
from hl7dicom_lab.classroom.speaking import NotAnswered
from hl7dicom_lab.course import joined
from hl7dicom_lab.course.joined import membership_file
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.verdict import Outcome, right, wrong


@pytest.fixture(autouse=True)
def progress_path(tmp_path, monkeypatch):
    path = tmp_path / "own" / "progress.jsonl"
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", str(path))
    for name in (joined.ADDRESS_VARIABLE, joined.CODE_VARIABLE, joined.ALIAS_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture
def progress(progress_path):
    return Progress(progress_path, lambda: "2099-12-31T23:59:59+00:00")  # this machine's clock is wrong


def some_work(progress, times=1):
    for _ in range(times):
        progress.lesson("04")
        progress.exercise("04-e1", wrong("day missing", "words"))
        progress.exercise("04-e1", right("words"))


def kept_by(room, alias):
    store = room.service._store
    return [one.kept for one in store.entries(store.by_alias(alias))]


def test_what_was_done_before_and_after_joining_arrives_once(room, progress, progress_path):
    some_work(progress)
    join(room.service.address, room.service.join_code, "Robin")
    one, other = Sender(progress_path, membership), Sender(progress_path, membership)  # two kernels, one file
    assert one.send() == 3
    assert other.send() == 0
    some_work(progress)
    assert other.send() == 3
    assert one.send() in (0, 3)  # sent again, counted once
    kept = kept_by(room, "Robin")
    assert [entry.number for entry in kept] == [0, 1, 2, 3, 4, 5]
    assert [entry.detail for entry in kept] == ["", "day missing", "", "", "day missing", ""]


def test_a_clock_that_is_wrong_changes_nothing(room, progress):
    some_work(progress)
    join(room.service.address, room.service.join_code, "Robin")
    assert send_once().startswith("Sent 3 entries")
    assert not room.row("Robin")["last"].startswith("2099")


def test_what_was_typed_is_not_sent(progress, monkeypatch):
    seen = []
    monkeypatch.setattr(sending.speaking, "post", lambda _a, _p, content, _t="": seen.append(content) or {})
    monkeypatch.setattr(sending.speaking, "get", lambda *_: {"next": {}})
    progress.question("00-q1", Outcome.INCORRECT, "a")
    progress.question("11-01-01", Outcome.INCORRECT, "my secret thoughts")
    progress.question("04-q2", Outcome.CORRECT, "my secret thoughts")
    progress.exercise("04-e1", wrong("x" * 200, "words"))
    progress.hint("04-e1", 2)
    Sender(progress._path, lambda: joining.Membership("http://127.0.0.1:1", "Robin", "t")).send()
    (sent,) = seen
    assert [one["detail"] for one in sent["entries"]] == ["a", "", "", "", "2"]
    assert "secret" not in json.dumps(sent)
    assert set(sent["entries"][0]) == {"book", "number", "what", "id", "outcome", "detail"}


def test_a_retry_after_a_restart_of_the_service_loses_and_doubles_nothing(start_room, progress, progress_path):
    (port,) = free_ports(1)
    first = start_room(port=port)
    join(first.service.address, first.service.join_code, "Robin")
    sender = Sender(progress_path, membership)
    some_work(progress, 100)
    assert sender.send() == 300
    first.service.stop()
    some_work(progress, 100)
    for _ in range(3):
        with pytest.raises(NotAnswered, match="does not answer"):
            sender.send()
    again = start_room(port=port)
    some_work(progress)
    assert sender.send() == 303
    assert [entry.number for entry in kept_by(again, "Robin")] == list(range(603))


def test_a_service_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path, progress, progress_path):
    (port,) = free_ports(1)
    command = [
        sys.executable,
        "-m",
        "hl7dicom_lab",
        "classroom",
        "--port",
        str(port),
        "--home",
        str(tmp_path / "class"),
    ]
    variables = {**os.environ, "PYTHONUNBUFFERED": "1"}
    sender = Sender(progress_path, membership, every=0.01)
    for again in range(3):
        with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, encoding="utf-8") as process:
            guard = threading.Timer(60, process.kill)
            guard.start()
            try:
                said = [process.stdout.readline() for _ in range(4)]
                join(*split_invitation(said[1].split()[3]), "Robin")
                sender.start()
                some_work(progress, 20)
                while sender.sent < 60 * again + 30:  # in the middle of it
                    time.sleep(0.01)
            finally:
                guard.cancel()
                process.kill()
                process.communicate()
    acknowledged = sender.sent
    sender.stop()
    store = open_store(tmp_path / "class")
    numbers = [one.kept.number for one in store.entries(store.by_alias("Robin"))]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= acknowledged
    with ClassroomService(ClassroomOptions(tmp_path / "class", port=port)) as service:
        Sender(progress_path, membership).send()
        assert service._store.next_numbers(service._store.by_alias("Robin")) == {sender._reader.book: 180}
    store.close()


def test_an_answer_that_was_lost_on_the_way_back_doubles_nothing(room, progress, progress_path, monkeypatch):
    join(room.service.address, room.service.join_code, "Robin")
    some_work(progress)
    sender = Sender(progress_path, membership)
    post = sending.speaking.post

    def cut(*given):
        post(*given)
        raise NotAnswered("the line is cut", status=0)

    monkeypatch.setattr(sending.speaking, "post", cut)
    with pytest.raises(NotAnswered):
        sender.send()
    monkeypatch.setattr(sending.speaking, "post", post)
    assert sender.send() == 3
    assert len(kept_by(room, "Robin")) == 3


def test_an_entry_that_this_classroom_does_not_know_holds_up_no_other(room, progress, progress_path, monkeypatch):
    join(room.service.address, room.service.join_code, "Robin")
    some_work(progress)
    monkeypatch.setattr("hl7dicom_lab.classroom.checking.is_known", lambda what, _: what != "lesson")  # an older course
    assert Sender(progress_path, membership).send() == 2
    assert [entry.what for entry in kept_by(room, "Robin")] == ["exercise", "exercise"]


def test_a_progress_file_that_was_begun_anew_is_another_book(room, progress, progress_path):
    join(room.service.address, room.service.join_code, "Robin")
    sender = Sender(progress_path, membership)
    some_work(progress)
    assert sender.send() == 3
    progress_path.unlink()
    assert sender.send() == 0
    progress.lesson("05")
    assert sender.send() == 1
    kept = kept_by(room, "Robin")
    assert [(entry.number, entry.id) for entry in kept][-1] == (0, "05")
    assert len({entry.book for entry in kept}) == 2


def test_in_the_background_nothing_waits_and_nothing_is_raised(room, progress, progress_path):
    arrived = threading.Event()
    real = room.service._store.add
    room.service._store.add = lambda *given: (real(*given), arrived.set())[0]
    sender = Sender(progress_path, membership, every=0.01)
    sender.start()
    sender.start()
    some_work(progress)
    join(room.service.address, room.service.join_code, "Robin")  # also after the sender has begun
    assert arrived.wait(30)
    sender.stop()
    sender.stop()
    assert len(kept_by(room, "Robin")) == 3


def test_a_classroom_that_is_away_or_strange_breaks_nothing(progress, progress_path):
    tried = threading.Event()

    class Strange(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"next": {"x": "y"}}')
            tried.set()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Strange) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        member = joining.Membership(f"http://127.0.0.1:{server.server_port}", "Robin", "token")
        sender = Sender(progress_path, lambda: member, every=0.01)
        some_work(progress)
        sender.start()
        assert tried.wait(30)
        sender.stop()
        server.shutdown()
        thread.join()
    assert sender.problem.startswith("ValueError")


def test_a_redirection_does_not_get_the_token(progress):
    asked = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/stolen")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        some_work(progress)
        member = joining.Membership(f"http://127.0.0.1:{server.server_port}", "Robin", "token")
        with pytest.raises(NotAnswered):
            Sender(progress._path, lambda: member).send()
        server.shutdown()
        thread.join()
    assert asked == ["/api/me"]


# ---- joining


def test_who_one_is_is_kept_privately_beside_the_progress(room, progress_path):
    joined = join(room.service.address, room.service.join_code, "Robin")
    path = membership_file()
    assert path.parent == progress_path.parent
    assert json.loads(path.read_text(encoding="utf-8")) == asdict(joined)
    assert room.service.join_code not in path.read_text(encoding="utf-8")
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert joined.token not in repr(joined)
    assert record.STORED in repr(joined)


def test_joining_again_under_the_same_name_stays_the_same(room):
    first = classroom.join(room.service.address, room.service.join_code, "Robin")
    assert classroom.join(f"{room.service.address}/", "no code is needed", " Robin ") == first
    with pytest.raises(NotAnswered, match="the join code is wrong"):
        classroom.join(room.service.address, "wrong", "Sam")
    assert membership() == first


def test_a_name_that_is_taken_is_told(room):
    room.join("Robin")
    with pytest.raises(NotAnswered, match=r"is called robin already\. Next step: choose another name"):
        join(room.service.address, room.service.join_code, "robin")
    assert membership() is None


def test_what_is_no_classroom_is_told(monkeypatch):
    monkeypatch.setattr(joining.speaking, "post", lambda *_: {"hello": "world"})
    with pytest.raises(NotAnswered, match="this is no classroom"):
        join("http://127.0.0.1:1", "code", "Robin")
    assert membership() is None


def test_leaving_sends_nothing_more(room, progress, progress_path):
    join(room.service.address, room.service.join_code, "Robin")
    leave()
    leave()
    some_work(progress)
    assert Sender(progress_path, membership).send() == 0
    assert kept_by(room, "Robin") == []


def test_a_machine_that_is_set_up_for_a_class_joins_by_itself(room, progress, monkeypatch):
    some_work(progress)
    monkeypatch.setenv(joined.ADDRESS_VARIABLE, room.service.address)
    monkeypatch.setenv(joined.CODE_VARIABLE, room.service.join_code)
    monkeypatch.setenv(joined.ALIAS_VARIABLE, "Seat 7")
    arrived = threading.Event()
    real = room.service._store.add
    room.service._store.add = lambda *given: (real(*given), arrived.set())[0]
    sender = classroom.resume()
    assert classroom.resume() is sender
    assert arrived.wait(30)
    sender.stop()
    assert len(kept_by(room, "Seat 7")) == 3


def test_with_progress_in_memory_there_is_nothing_to_send(monkeypatch):
    monkeypatch.setenv("HL7DICOM_LAB_PROGRESS", ":memory:")
    assert classroom.resume() is None
    assert "memory" in send_once()
    with pytest.raises(SetupError, match="memory"):
        join("http://127.0.0.1:1", "code", "Robin")


@pytest.mark.parametrize(
    "address", ["", "here", "ftp://x", "http://", "http://x:99999", "http://u:p@x", "http://x?y", "http://[x"]
)
def test_what_is_no_address_is_told(address):
    with pytest.raises(SetupError, match="no address of a classroom"):
        join(address, "code", "Robin")


def test_an_invitation_is_an_address_and_a_code(monkeypatch):
    assert split_invitation("http://host:8898/K7QM-2XWD/") == ("http://host:8898", "K7QM-2XWD")
    assert split_invitation("https://hub/services/class/K7QM") == ("https://hub/services/class", "K7QM")
    monkeypatch.setenv(joined.ADDRESS_VARIABLE, "http://host:1")
    assert split_invitation("K7QM-2XWD") == ("http://host:1", "K7QM-2XWD")


@pytest.mark.parametrize("content", ["", "{", "[]", "5", '{"address": 5}', "\x00"])
def test_a_broken_membership_is_none(content):
    path = membership_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert membership() is None


# ---- reading


def test_lines_have_numbers_that_never_move(progress, progress_path):
    some_work(progress)
    with progress_path.open("ab") as file:
        file.write(b'{"what": "lesson", "id": "05"')  # cut off by a crash
    reader = ProgressReader(progress_path)
    assert [one.kept.number for one in reader.read()] == [0, 1, 2]
    assert reader.read() == []
    progress.lesson("06")
    assert [(one.kept.number, one.kept.id) for one in reader.read()] == [(4, "06")]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"5",
        b"[" * 5000,
        b"{" + b'"a":' * 3000,
        b'{"what": "lesson", "id": "99"}',
        b'{"what": "nothing", "id": "04"}',
        b'{"what": "lesson", "id": "04", "outcome": "brilliant"}',
        b'{"what": "lesson", "id": "04", "detail": "' + b"x" * 600_000 + b'"}',
    ],
)
def test_a_line_that_is_none_costs_itself_only(progress, progress_path, line):
    progress.lesson("04")
    with progress_path.open("ab") as file:
        file.write(line + b"\n")
    progress.lesson("05")
    reader, found = ProgressReader(progress_path), []
    for _ in range(6):
        found += reader.read()
    assert [(one.kept.number, one.kept.id) for one in found] == [(0, "04"), (2, "05")]
