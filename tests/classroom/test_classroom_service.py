"""The classroom over real HTTP: who may do what, what is kept, what is refused and in which words."""

import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from invented_class import BOOK, as_json, entries

from hl7dicom_lab.classroom import record
from hl7dicom_lab.classroom.access import Allowance
from hl7dicom_lab.classroom.service import ClassroomOptions, ClassroomService, forget
from hl7dicom_lab.errors import NotFound, SetupError


def test_what_a_learner_does_is_seen_by_the_instructor(room, make_entry):
    token = room.join("Robin")
    sent = [make_entry(0, "lesson", "04"), *(make_entry(n, detail="day missing") for n in (1, 2, 3))]
    answer = room.send(token, *sent, make_entry(4, "hint", detail="1"))
    assert (answer.status, answer.json) == (200, {"added": 5, "next": {"0" * 16: 5}})
    row = room.row("Robin")
    assert (row["at"], row["stuck"]) == ("04-e1", "04-e1")
    assert [one["state"] for one in row["cells"]] == ["", "", "", "", "stuck", "", "", "", "", "", "", ""]
    (hold_up,) = room.ask("api/class", room.instructor).json["hold_ups"]
    assert (hold_up["id"], hold_up["trying"], hold_up["stuck"], hold_up["times"]) == ("04-e1", 1, 1, 1)
    assert hold_up["mistake"].startswith('day missing ("… shows ')


def test_an_entry_that_comes_twice_counts_once(room, make_entry):
    token = room.join("Robin")
    for _ in range(3):
        room.send(token, make_entry(0), make_entry(1))
    assert room.send(token, make_entry(0), make_entry(1), make_entry(2)).json["added"] == 1
    assert room.row("Robin")["stuck"] == "04-e1"


def test_a_restart_loses_nothing_and_keeps_the_keys(start_room, make_entry):
    first = start_room()
    token, code, instructor = first.join("Robin"), first.service.join_code, first.instructor
    first.send(token, make_entry(0), make_entry(1))
    first.service.stop()
    again = start_room()
    assert (again.service.join_code, again.instructor) == (code, instructor)
    assert again.send(token, make_entry(0), make_entry(1), make_entry(2)).json["added"] == 1
    assert again.row("Robin")["stuck"] == "04-e1"


def test_two_learners_at_once_stay_apart(room):
    work = {"Robin": as_json(entries(3)), "Sam": as_json(entries(8))}
    tokens = {alias: room.join(alias) for alias in work}

    def send(alias):
        done = work[alias]
        return [room.send(tokens[alias], *done[at : at + 4]).json["added"] for at in range(0, len(done), 4)]

    with ThreadPoolExecutor(2) as pool:
        added = dict(zip(work, pool.map(send, work), strict=True))
    for alias, done in work.items():
        assert sum(added[alias]) == len(done)
        own = room.ask("api/me", tokens[alias]).json
        assert own["next"] == {BOOK: len(done)}
        assert own["rows"] == [room.row(alias)]
    assert room.row("Robin")["cells"] != room.row("Sam")["cells"]


def test_a_learner_reads_and_writes_nothing_of_others(room, make_entry):
    robin, sam = room.join("Robin"), room.join("Sam")
    room.send(sam, make_entry(0))
    for path in ("", "summary.txt", "gradebook.csv", "gradebook.json", "nbgrader.csv"):
        answer = room.ask(path, robin)
        assert answer.status == 403, path
        assert b"Sam" not in answer.body
    for path in ("api/class", "api/me"):
        answer = room.ask(path, robin)
        assert [one["alias"] for one in answer.json["rows"]] == ["Robin"]
        assert b"Sam" not in answer.body
        assert room.service.join_code.encode() not in answer.body
    # Whose record it is says the token alone: a learner that is named in the request is refused.
    answer = room.send(robin, make_entry(1) | {"learner": "Sam"})
    assert (answer.status, answer.json["where"]) == (400, "entries[0].learner")
    assert room.ask("api/forget", robin, {"learner": 2}, X_Classroom="1").status == 403
    assert room.row("Sam")["at"] == "04-e1"
    assert room.row("Robin")["at"] == ""


def test_the_instructor_adds_to_no_record(room, make_entry):
    assert room.send(room.instructor, make_entry(0)).status == 403


@pytest.mark.parametrize("path", ["", "api/class", "api/me", "summary.txt", "gradebook.csv", "gradebook.json"])
@pytest.mark.parametrize("token", ["", "wrong", "ä" * 3])
def test_without_a_token_nothing_is_seen(room, path, token):
    room.join("Robin")
    answer = room.ask(path, token.encode().decode("latin-1"))
    assert answer.status == 401
    assert b"Robin" not in answer.body


def test_the_page_takes_the_token_out_of_the_address_and_into_a_cookie(room):
    with socket.create_connection(("127.0.0.1", room.service.port)) as connection:
        connection.sendall(f"GET /?token={room.instructor} HTTP/1.0\r\n\r\n".encode())
        told = connection.makefile("rb").read().decode()
    assert " 302 " in told.partition("\r\n")[0]
    assert "Location: ./" in told
    assert "HttpOnly" in told
    cookie = f"hl7dicom_lab_classroom_{room.service.port}={room.instructor}"
    page = room.ask("", Cookie=cookie)
    assert page.status == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text  # nothing from outside
    for name in ("class.css", "class.js", "icon.svg"):
        assert room.ask(f"page/{name}").status == 200
    assert room.ask("page/index.html").status == 404
    assert room.ask("page/../server.py").status == 404


def test_a_page_asks_for_nothing_new_and_gets_nothing(room, make_entry):
    token = room.join("Robin")
    seen = room.ask("api/class", room.instructor).json["version"]
    assert room.ask(f"api/class?seen={seen}", room.instructor).status == 204
    room.send(token, make_entry(0))
    assert room.ask(f"api/class?seen={seen}", room.instructor).status == 200


# ---- joining


@pytest.mark.parametrize("second", ["Robin", "robin", "  ROBIN ", "Ｒobin", "R\u200bobin"])
def test_the_same_alias_is_refused_in_every_spelling(room, second):
    room.join("Robin")
    answer = room.ask("api/join", body={"code": room.service.join_code, "alias": second})
    assert answer.status in (400, 409)
    if answer.status == 409:
        assert "is called" in answer.json["error"]
        assert "another name" in answer.json["next_step"]


@pytest.mark.parametrize(
    "alias", ["", "   ", "a" * 41, "two\nlines", "a\x00b", "\u202eabc", "\ud800", 5, None, ["x"], {}]
)
def test_an_alias_that_cannot_be_shown_is_refused_with_the_rule(room, alias):
    answer = room.ask("api/join", body={"code": room.service.join_code, "alias": alias})
    assert (answer.status, answer.json["where"]) == (400, "alias")
    assert answer.json["error"].startswith("must ")


@pytest.mark.parametrize("code", ["", "wrong", "AAAA-AAAA", 5, None])
def test_a_wrong_code_lets_nobody_in(room, code):
    answer = room.ask("api/join", body={"code": code, "alias": "Robin"})
    assert answer.status in (400, 403)
    assert answer.json["where"] == "code"
    assert room.ask("api/class", room.instructor).json["rows"] == []


def test_a_code_may_be_typed_in_small_letters(room):
    answer = room.ask("api/join", body={"code": room.service.join_code.lower().replace("-", " "), "alias": "Robin"})
    assert answer.status == 201
    assert answer.json["stored"] == record.STORED


def test_whoever_guesses_is_told_to_wait_and_the_class_goes_on(room):
    told = {room.ask("api/join", body={"code": f"X{n}", "alias": "Robin"}).status for n in range(60)}
    assert told == {403, 429}
    room.join("Sam")  # the right code always works


def test_of_a_thousand_joins_as_many_as_fit_are_taken(room, monkeypatch):
    monkeypatch.setattr("hl7dicom_lab.classroom.store.LEARNERS", 60)
    code = room.service.join_code
    room.service._classroom.joins = Allowance(1000, 0)  # from as many addresses
    answers = [room.ask("api/join", body={"code": code, "alias": f"Learner {n}"}) for n in range(1000)]
    assert [one.status for one in answers] == [201] * 60 + [409] * 940
    assert "the class is full" in answers[-1].json["error"]
    assert len({one.json["token"] for one in answers[:60]}) == 60


# ---- mischief


@pytest.mark.parametrize(
    ("change", "where", "rule"),
    [
        ({"id": "04-e99"}, "id", "is no exercise of this course"),
        ({"id": "'; DROP TABLE learner; --"}, "id", "is no exercise"),
        ({"id": 5}, "id", "must be a text"),
        ({"what": "exam"}, "what", "must be one of"),
        ({"what": "lesson", "id": "12", "outcome": ""}, "id", "is no lesson"),
        ({"what": "test", "id": "٣", "outcome": ""}, "id", "is no test"),
        ({"what": "test", "id": "0", "outcome": ""}, "id", "is no test"),
        ({"outcome": "brilliant"}, "outcome", "must be empty or one of"),
        ({"outcome": ""}, "outcome", "is missing"),
        ({"detail": "x" * 61}, "detail", "at most 60"),
        ({"detail": "a\nb"}, "detail", "visible"),
        ({"what": "hint", "detail": "4", "outcome": ""}, "detail", "number of a hint"),
        ({"what": "lesson", "id": "04", "outcome": "", "detail": "typed"}, "detail", "must be empty"),
        ({"number": -1}, "number", "whole number"),
        ({"number": True}, "number", "whole number"),
        ({"number": 10**30}, "number", "whole number"),
        ({"number": "1"}, "number", "whole number"),
        ({"book": "g" * 16}, "book", "hexadecimal"),
        ({"at": "2099-01-01"}, "at", "is not stored"),
        ({"address": "x"}, "address", "is not stored"),
    ],
)
def test_a_bad_entry_is_refused_with_field_and_rule_and_nothing_of_the_request_is_kept(
    room, make_entry, change, where, rule
):
    token = room.join("Robin")
    answer = room.send(token, make_entry(0), make_entry(1) | change)
    assert (answer.status, answer.json["where"]) == (400, f"entries[1].{where}")
    assert rule in answer.json["error"]
    assert room.row("Robin")["at"] == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"entries": 5}',
        b'{"entries": [5]}',
        b'{"entries": [[]]}',
        b'{"entries": [{}]}',
        b'{"entries": [{"number": ' + b"9" * 5000 + b"}]}",
        b'{"entries": NaN}',
        b'{"a": "' + b"x" * record.BODY_BYTES + b'"}',
    ],
)
@pytest.mark.parametrize("path", ["api/entries", "api/join", "api/forget"])
def test_a_body_that_is_none_is_400_in_words(room, body, path):
    token = room.instructor if path == "api/forget" else room.join("Robin")
    answer = room.ask(path, token, body, X_Classroom="1")
    assert answer.status == 400
    assert answer.json["error"]
    assert answer.json["where"]


def test_too_many_entries_are_400(room, make_entry):
    answer = room.send(room.join("Robin"), *(make_entry(n) for n in range(record.ENTRIES_A_REQUEST + 1)))
    assert (answer.status, answer.json["where"]) == (400, "entries")


def test_a_huge_body_is_cut_off_and_the_service_goes_on(room):
    with socket.create_connection(("127.0.0.1", room.service.port)) as connection:
        connection.sendall(b"POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n")
        connection.settimeout(30)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    room.join("Robin")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"])
def test_other_methods_are_refused(room, method):
    with socket.create_connection(("127.0.0.1", room.service.port)) as connection:
        connection.sendall(f"{method} /api/class HTTP/1.0\r\n\r\n".encode())
        assert b" 405 " in connection.makefile("rb").readline()


def test_a_record_that_is_full_says_so(room, make_entry, monkeypatch):
    monkeypatch.setattr("hl7dicom_lab.classroom.store.ENTRIES_A_LEARNER", 3)
    token = room.join("Robin")
    assert room.send(token, *(make_entry(n) for n in range(3))).status == 200
    answer = room.send(token, make_entry(3))
    assert answer.status == 409
    assert "full" in answer.json["error"]


def test_a_learner_who_asks_too_often_waits_alone(room):
    robin, sam = room.join("Robin"), room.join("Sam")
    told = [room.ask("api/me", robin).status for _ in range(3 * record.REQUESTS_AT_ONCE)]
    assert set(told) == {200, 429}
    assert room.ask("api/me", sam).status == 200


def test_sql_and_script_in_a_name_are_a_name(room):
    names = ["Robert'); DROP TABLE learner;--", "<script>alert(1)</script>", '"><img src=x>', "%s%n"]
    for name in names:
        room.join(name)
    shown = [one["alias"] for one in room.ask("api/class", room.instructor).json["rows"]]
    assert sorted(shown) == sorted(names)
    assert room.ask("summary.txt", room.instructor).headers["Content-Type"].startswith("text/plain")


def test_a_database_that_cannot_be_written_is_503_and_loses_nothing(room, make_entry):
    token = room.join("Robin")
    room.service._store._db._connection.execute("PRAGMA query_only = ON")
    assert room.send(token, make_entry(0)).status == 503
    room.service._store._db._connection.execute("PRAGMA query_only = OFF")
    assert room.send(token, make_entry(0)).json["added"] == 1


# ---- what is kept


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a user's folders private by other means")
def test_the_class_is_private(room, tmp_path):
    room.join("Robin")
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_neither_tokens_nor_addresses_are_stored(room, tmp_path, make_entry):
    token = room.join("Robin")
    room.send(token, make_entry(0))
    code = room.service.join_code
    room.service.stop()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "home").iterdir())
    assert b"Robin" in stored
    assert code.encode() in stored
    assert token.encode() not in stored
    assert b"127.0.0.1" not in stored


# ---- deleting


def test_a_deleted_learner_is_gone_from_the_file_and_the_token_with_it(room, tmp_path, make_entry):
    robin, sam = room.join("Robin Redbreast"), room.join("Sam")
    room.send(robin, make_entry(0, detail="day missing"))
    number = room.row("Robin Redbreast")["id"]
    assert room.ask("api/forget", room.instructor, {"learner": number}).status == 403  # without the page's header
    assert room.ask("api/forget", room.instructor, {"learner": number}, X_Classroom="1").json == {"deleted": 1}
    assert room.ask("api/forget", room.instructor, {"learner": number}, X_Classroom="1").status == 404
    assert room.ask("api/me", robin).status == 401
    assert room.ask("api/me", sam).status == 200
    for path in (tmp_path / "home").iterdir():
        assert b"Redbreast" not in path.read_bytes()
        assert b"day missing" not in path.read_bytes()


def test_the_whole_class_is_deleted_and_the_code_changes(room):
    robin, code = room.join("Robin"), room.service.join_code
    assert room.ask("api/forget", room.instructor, {"everybody": True}, X_Classroom="1").json == {"deleted": 1}
    assert room.ask("api/me", robin).status == 401
    assert room.service.join_code != code
    room.join("Robin")


def test_the_command_deletes_beside_a_running_service(room, tmp_path):
    room.join("Robin")
    room.join("Sam")
    assert room.row("Robin")
    with pytest.raises(NotFound, match="Robin, Sam"):
        forget(tmp_path / "home", "Nobody")
    assert "Robin" in forget(tmp_path / "home", "robin")
    assert [one["alias"] for one in room.ask("api/class", room.instructor).json["rows"]] == ["Sam"]
    assert "1 learner." in forget(tmp_path / "home", None)
    assert room.ask("api/class", room.instructor).json["rows"] == []


# ---- starting


def test_a_port_that_is_taken_is_told(room, tmp_path):
    with pytest.raises(SetupError, match="another classroom"):
        ClassroomService(ClassroomOptions(tmp_path / "other", port=room.service.port))


def test_stopping_twice_is_no_mistake(room):
    room.service.stop()
    room.service.stop()


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "classroom.sqlite").write_text("no database" * 100, encoding="utf-8")
    with pytest.raises(SetupError):
        ClassroomService(ClassroomOptions(tmp_path, port=0))
