"""What a learner with a notebook may try on the classroom: each is tried over real HTTP, or on a real folder."""

import ast
import asyncio
import contextlib
import csv
import io
import json
import logging
import os
import socket
from pathlib import Path

import pytest

import hl7dicom_lab.course.exercises
from hl7dicom_lab.classroom import checking, connections, exports, folder, reading, record, standing
from hl7dicom_lab.classroom.access import Allowance
from hl7dicom_lab.classroom.catalogue import exercises, known_mistake, mistake_in, questions
from hl7dicom_lab.classroom.folder import ClassFolder, open_own_file
from hl7dicom_lab.classroom.reading import ProgressReader
from hl7dicom_lab.classroom.record import Kept
from hl7dicom_lab.classroom.standing import LearnerStanding
from hl7dicom_lab.classroom.store import ClassStore, Learner, Received
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.course.question import NumberQuestion, ShortText
from hl7dicom_lab.verdict import wrong

_POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows makes no such links and pipes for a learner")
_HALF = b"POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"


def raw(room, request):
    """The first line and the headers of the answer to bytes."""
    with socket.create_connection(("127.0.0.1", room.service.port), timeout=30) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb")
        return b"".join(iter(answer.readline, b"\r\n")).decode("latin-1")


# ---- names


@pytest.mark.parametrize("twin", ["Robin\u3164", "Ro\u115fbin", "Robin\ufe0f", "R\u034fobin", "Robin\u2800"])
def test_a_name_with_something_that_nobody_sees_is_the_same_name(room, twin):
    room.join("Robin")
    assert room.ask("api/join", body={"code": room.service.join_code, "alias": twin}).status == 409


@pytest.mark.parametrize("nothing", ["\u3164", "\u115f \u1160", "\u2800\u2800", "\ufe0f"])
def test_a_name_that_nobody_sees_is_refused(room, nothing):
    answer = room.ask("api/join", body={"code": room.service.join_code, "alias": nothing})
    assert (answer.status, answer.json["where"]) == (400, "alias")


def test_names_in_other_writings_and_with_signs_are_names(room):
    for name in ("../../etc/passwd", "नेहा", "علي", "Ünal 李明", "❤\ufe0f", "O'Brien & Söhne"):
        room.join(name)
    assert len(room.ask("api/class", room.instructor).json["rows"]) == 6


@pytest.mark.parametrize("alias", ["Robin;=HYPERLINK(1)", "Robin\t=1", 'a";=1+2', "a;@SUM(A1)", 'a; "=1', "=1;=1"])
def test_no_spreadsheet_begins_a_cell_within_a_name(alias):
    everybody = [(Learner(1, alias), LearnerStanding.of(()))]
    for content in (exports.gradebook_csv(everybody), exports.nbgrader_csv(everybody)):
        for separator in ",;\t":
            cells = [cell for row in csv.reader(io.StringIO(content.decode()), delimiter=separator) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "@"))], separator


def test_whoever_joins_under_a_hundred_names_keeps_nobody_out(room):
    code = room.service.join_code
    room.service._classroom.joins = Allowance(3, 0)
    told = [room.ask("api/join", body={"code": code, "alias": f"Nobody {n}"}) for n in range(5)]
    assert [one.status for one in told] == [201, 201, 201, 429, 429]
    assert "at once" in told[-1].json["error"]
    assert told[-1].headers["Retry-After"]
    assert room.ask("api/join", body={"code": code, "alias": "nobody 1"}).status == 409


# ---- what is written on the instructor's page


def test_nobody_writes_a_sentence_on_the_instructors_page(room, make_entry):
    token = room.join("Robin")
    said = "Dear instructor, this course is a waste of time"
    assert room.send(token, make_entry(0, detail=said), make_entry(1, "question", "04-q2", detail=said)).status == 200
    whole = room.ask("api/class", room.instructor)
    assert "waste" not in whole.text
    assert whole.json["hold_ups"][0]["mistake"] == "a wrong answer"
    assert reading.told_detail("exercise", "04-e1", "not yet", said) == ""


def _names_in_checks():
    """Every name of a mistake that stands in a check as it is."""
    for path in sorted(Path(hl7dicom_lab.course.exercises.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "wrong":
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    yield name.value


def test_every_mistake_of_the_course_is_known():
    listed = {mistake.name for one in exercises().values() for mistake in one.mistakes}
    names = set(_names_in_checks())
    assert len(names) > 150
    assert [name for name in sorted(names - listed) if known_mistake("04-e1", name) != name] == []
    for one in exercises().values():
        assert [mistake.name for mistake in one.mistakes if known_mistake(one.id, mistake.name) != mistake.name] == []
    for one in questions().values():
        if isinstance(one, (NumberQuestion, ShortText)) and not one.own_session:
            for value in one.wrong:
                name = mistake_in(one.id, str(value.value))
                assert known_mistake(one.id, name) == name
    for name in ("no PatientID", "StudyDate misplaced", "Modality not asked for", "missing StudyID"):
        assert known_mistake("04-e1", name) == name
    assert known_mistake("04-e1", "no Respect") == ""
    assert known_mistake("04-q2", "place 3") == "place 3"


def test_thousands_of_tests_cost_no_more_than_some(monkeypatch):
    drawn = []
    draw = standing.Dashboard.of.__globals__["draw"]
    monkeypatch.setitem(
        standing.Dashboard.of.__globals__, "draw", lambda bank, number: drawn.append(number) or draw(bank, number)
    )
    kept = [Kept("b", number, "test", str(number + 1)) for number in range(record.ENTRIES_A_LEARNER)]
    line = LearnerStanding.of(Received(one, "2026-03-02T08:00:00+00:00") for one in kept).lines[-1]
    assert [one.number for one in line.tests] == list(range(1, standing.TESTS_COUNTED + 1))
    assert len(drawn) <= 4 * standing.TESTS_COUNTED


def test_entries_that_come_in_another_order_or_again_count_once(room, make_entry):
    token = room.join("Robin")
    for number in (5, 2, 5, 0, 2):
        room.send(token, make_entry(number, detail="day missing"))
    assert room.row("Robin")["stuck"] == "04-e1"
    changed = make_entry(5, outcome="correct")
    assert room.send(token, changed).json["added"] == 0  # what was acknowledged is not written over
    assert room.row("Robin")["stuck"] == "04-e1"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e3", "-0.5", "9" * 4000])
def test_a_number_that_is_none_is_refused(room, number, make_entry):
    one = json.dumps(make_entry(7)).replace(" 7", f" {number}")
    answer = room.ask("api/entries", room.join("Robin"), f'{{"entries": [{one}]}}'.encode())
    assert answer.status == 400
    assert answer.json["where"] in ("entries[0].number", "body")


# ---- connections


def test_whoever_holds_connections_open_keeps_nobody_out(start_room, monkeypatch, caplog):
    monkeypatch.setattr(connections, "MOST", 8)
    room = start_room()
    with contextlib.ExitStack() as held:
        opened = []
        for begin in (b"", b"GET / HTTP/1.1\r\nX: ", _HALF) * 20:
            one = held.enter_context(socket.create_connection(("127.0.0.1", room.service.port), timeout=30))
            with contextlib.suppress(OSError):  # it may have gone already
                one.sendall(begin)
            opened.append(one)
        robin = room.join("Robin")
        assert room.ask("api/me", robin).status == 200
        assert room.ask("", room.instructor).status == 200
        with contextlib.suppress(ConnectionError):
            assert opened[0].recv(100) == b"", "the oldest one went"
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_there_is_room_for_some_connections_on_every_machine():
    assert 8 <= connections.room_for() <= connections.MOST


# ---- other pages, other names, other methods


def test_no_other_page_reads_or_deletes(room):
    room.join("Robin")
    cookie = f"Cookie: hl7dicom_lab_classroom_{room.service.port}={room.instructor}\r\n"
    origin = "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:8888\r\n"
    asked = raw(
        room, f"OPTIONS /api/forget HTTP/1.0\r\n{origin}Access-Control-Request-Headers: x-classroom\r\n\r\n".encode()
    )
    assert " 405 " in asked
    read = raw(room, f"GET /api/class HTTP/1.0\r\n{origin}{cookie}\r\n".encode())
    assert " 200 " in read
    for told in (asked, read):
        assert "access-control" not in told.lower()
    form = f"POST /api/forget HTTP/1.0\r\n{origin}{cookie}Content-Type: text/plain\r\nContent-Length: 19\r\n\r\n"
    assert " 403 " in raw(room, form.encode() + b'{"everybody": true}')
    assert room.row("Robin")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "", "[::1]"])
def test_whatever_name_leads_here_a_token_is_needed(room, host):
    room.join("Robin")
    told = raw(room, f"GET /api/class HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    assert " 401 " in told or " 400 " in told


def test_a_learners_token_in_the_pages_address_opens_nothing(room):
    told = raw(room, f"GET /?token={room.join('Robin')} HTTP/1.0\r\n\r\n".encode())
    assert " 401 " in told
    assert "Set-Cookie" not in told


def test_no_token_stands_in_a_log(room, make_entry, caplog):
    caplog.set_level(logging.DEBUG)
    robin, code = room.join("Robin"), room.service.join_code
    room.service._store._db._connection.execute("PRAGMA query_only = ON")
    assert room.send(robin, make_entry(0, detail="day missing")).status == 503
    room.ask(f"?token={room.instructor}")
    room.ask("api/class", "wrong")
    for secret in (robin, room.instructor, code, "day missing"):
        assert secret not in caplog.text


def test_a_form_in_parts_is_a_refusal_and_fills_no_log(room, caplog):
    parts = b"--a\r\n\r\nx\r\n" * 8000 + b"--a--\r\n"
    head = (
        f"POST /api/entries HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: {len(parts)}"
    )
    assert raw(room, head.encode() + b"\r\n\r\n" + parts).split()[1] in ("400", "401")
    assert len(caplog.records) < 5


# ---- a shared folder


@pytest.fixture
def store(tmp_path):
    opened = ClassStore(tmp_path / "home" / "classroom.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "users"
    made.mkdir()
    return made


def write(root, name, *lines):
    path = root / name / "progress.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def kept_of(store, name):
    return [one.kept.id for one in store.entries(store.in_folder(name))]


_GOOD = b'{"at": "2026-03-02T08:00:00+00:00", "what": "lesson", "id": "04"}'


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x" * 9999, "\\ud800", ""])
@pytest.mark.usefixtures("no_running_loop")
def test_no_clock_holds_the_folder_up(root, store, at):
    write(root, "mallory", f'{{"at": "{at}", "what": "lesson", "id": "04"}}'.encode())
    write(root, "robin", _GOOD)
    asyncio.run(ClassFolder(root, store).look())
    assert kept_of(store, "robin") == ["04"]
    assert all(one.at < "2990" for one in store.entries(store.in_folder("mallory")))


@pytest.mark.usefixtures("no_running_loop")
def test_what_nobody_thought_of_holds_up_one_learner_and_not_the_class(root, store, monkeypatch, caplog):
    write(root, "mallory", _GOOD.replace(b"04", b"05"))
    write(root, "robin", _GOOD)

    def time_of(line):
        assert line.kept.id != "05"
        return "2026-03-02T08:00:00+00:00"

    monkeypatch.setattr(folder, "_time_of", time_of)
    looking = ClassFolder(root, store)
    for _ in range(3):
        asyncio.run(looking.look())
    assert kept_of(store, "robin") == ["04"]
    assert ["mallory" in one.getMessage() for one in caplog.records] == [True]


@pytest.mark.parametrize(
    "line",
    [
        b'{"what": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"what": "lesson", "id": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"what": ["lesson"], "id": "04"}',
        b'{"what": "lesson", "id": ' + b"9" * 5000 + b"}",
        b'{"what": "lesson", "id": NaN}',
        b"\xff\xfe",
        b"\x00" * 1000,
    ],
)
@pytest.mark.usefixtures("no_running_loop")
def test_a_strange_line_is_no_entry_and_the_next_one_is(root, store, line):
    write(root, "robin", line, _GOOD)
    asyncio.run(ClassFolder(root, store).look())
    assert kept_of(store, "robin") == ["04"]


@_POSIX
@pytest.mark.usefixtures("no_running_loop")
def test_a_hard_link_to_anothers_file_is_passed_over(root, store, tmp_path):
    secret = write(tmp_path, "elsewhere", _GOOD)
    (root / "thief").mkdir()
    os.link(secret, root / "thief" / "progress.jsonl")
    write(root, "robin", _GOOD)
    asyncio.run(ClassFolder(root, store).look())
    assert [one.alias for one in store.learners()] == ["robin"]


@_POSIX
def test_a_file_that_became_a_link_or_a_pipe_a_moment_ago_is_not_opened(root, tmp_path):
    secret = write(tmp_path, "elsewhere", _GOOD)
    for name in ("link", "hard link", "pipe", "folder"):
        (root / name).mkdir()
    (root / "link" / "progress.jsonl").symlink_to(secret)
    os.link(secret, root / "hard link" / "progress.jsonl")
    os.mkfifo(root / "pipe" / "progress.jsonl")
    (root / "folder" / "progress.jsonl").mkdir()
    for name in ("link", "hard link", "pipe", "folder"):
        with pytest.raises(OSError, match=r"progress\.jsonl"):
            open_own_file(root / name / "progress.jsonl")


@pytest.mark.parametrize("line", [b"", b"{", _GOOD])
def test_of_a_file_without_end_a_part_is_read(root, monkeypatch, line):
    monkeypatch.setattr(reading, "LINES_OF_A_FILE", 1000)
    reader = ProgressReader(write(root, "mallory", _GOOD, *[line] * 1_000_000), open_own_file)
    portions = 0
    while True:
        reader.read()
        portions += 1
        if reader.at_end:
            break
    assert portions <= 2


@pytest.mark.usefixtures("no_running_loop")
def test_a_long_file_keeps_nobody_waiting(root, store):
    """Between two portions of one learner's file others have their turn."""
    write(root, "mallory", *[_GOOD] * 20_000)
    turns = []

    async def others():
        while True:
            turns.append(len(store.learners()))
            await asyncio.sleep(0)

    async def both():
        beside = asyncio.create_task(others())
        await ClassFolder(root, store).look()
        beside.cancel()

    asyncio.run(both())
    assert len(turns) > 5


@pytest.mark.usefixtures("no_running_loop")
def test_names_of_folders_are_names_only(root, store):
    for name in ("=HYPERLINK(1)", "<script>", "robin\u3164", "robin", "a;b"):
        with contextlib.suppress(OSError):  # Windows takes not all of them
            Progress(root / name / "progress.jsonl").exercise("04-e1", wrong("day missing", "x"))
    asyncio.run(ClassFolder(root, store).look())
    aliases = {one.alias for one in store.learners() if store.entries(one)}
    assert len({checking.same_alias(one) for one in aliases}) == len(aliases)
    assert "robin" in {checking.same_alias(one) for one in aliases}
