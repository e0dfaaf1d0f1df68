"""The classroom as a service of a hub: who sees what. A stand-in says who somebody is, as the hub would."""

import sys
from types import ModuleType

import pytest
import tornado.web
from free_ports import free_ports

from hl7dicom_lab.classroom import hub
from hl7dicom_lab.classroom.access import Allowance
from hl7dicom_lab.course.progress import Progress
from hl7dicom_lab.errors import SetupError

_GROUPS = {"teacher": ["instructors"], "boss": [], "alice": ["students"], "bob": [], "newcomer": []}
_PREFIX = "services/classroom/"


class _Authenticated:
    """What `HubOAuthenticated` adds to a handler, by a header instead of OAuth."""

    xsrf_token = ""

    def get_current_user(self):
        name = self.request.headers.get("X-User")
        if name not in _GROUPS:
            return None
        return {"kind": "user", "name": name, "admin": name == "boss", "groups": _GROUPS[name]}

    def get_login_url(self):
        return "/hub/login"


@pytest.fixture
def at_the_hub(monkeypatch, tmp_path, start_room):
    module = ModuleType("jupyterhub.services.auth")
    module.HubOAuthenticated = _Authenticated
    module.HubOAuthCallbackHandler = type("Callback", (tornado.web.RequestHandler,), {})
    for name in ("jupyterhub", "jupyterhub.services"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "jupyterhub.services.auth", module)
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", f"/{_PREFIX}")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://127.0.0.1:{free_ports(1)[0]}")
    for name in ("alice", "bob"):
        Progress(tmp_path / "users" / name / "progress.jsonl").lesson("04")
    room = start_room(folder=tmp_path / "users")
    while len(rows_of(room, "boss")) < 2:
        pass
    return room


def rows_of(room, user):
    return [one["alias"] for one in room.ask(f"{_PREFIX}api/class", X_User=user).json["rows"]]


@pytest.mark.parametrize("user", ["teacher", "boss"])
def test_admins_and_instructors_see_the_class(at_the_hub, user):
    assert rows_of(at_the_hub, user) == ["alice", "bob"]
    assert at_the_hub.ask(f"{_PREFIX}gradebook.csv", X_User=user).status == 200
    assert at_the_hub.ask(_PREFIX, X_User=user).status == 200
    assert at_the_hub.ask(f"{_PREFIX}page/class.js").status == 200


def test_a_learner_sees_their_own_line(at_the_hub):
    assert rows_of(at_the_hub, "alice") == ["alice"]
    assert at_the_hub.ask(_PREFIX, X_User="alice").status == 200
    for path in ("gradebook.csv", "gradebook.json", "nbgrader.csv", "summary.txt"):
        assert at_the_hub.ask(_PREFIX + path, X_User="alice").status == 403
    assert (
        at_the_hub.ask(f"{_PREFIX}api/forget", body={"everybody": True}, X_User="alice", X_Classroom="1").status == 403
    )
    assert at_the_hub.ask(f"{_PREFIX}api/class", X_User="newcomer").status == 403


def test_whoever_is_not_logged_in_sees_nothing(at_the_hub):
    assert at_the_hub.ask(f"{_PREFIX}api/class").status == 403
    assert at_the_hub.ask(f"{_PREFIX}gradebook.csv", at_the_hub.instructor).status == 403  # no token works on a hub
    assert at_the_hub.ask(f"{_PREFIX}?token={at_the_hub.instructor}", X_User="alice").status == 200
    assert rows_of(at_the_hub, "alice") == ["alice"]


def test_a_learner_who_asks_too_often_waits_and_the_instructors_do_not(at_the_hub):
    at_the_hub.service._classroom.asked = Allowance(3, 0)
    told = [at_the_hub.ask(f"{_PREFIX}api/class", X_User="alice") for _ in range(5)]
    assert [one.status for one in told] == [200, 200, 200, 429, 429]
    assert told[-1].headers["Retry-After"]
    assert at_the_hub.ask(f"{_PREFIX}api/class", X_User="bob").status == 200
    assert {at_the_hub.ask(f"{_PREFIX}api/class", X_User="teacher").status for _ in range(9)} == {200}


def test_nobody_joins_a_hub(at_the_hub):
    body = {"code": at_the_hub.service.join_code, "alias": "bob"}
    assert at_the_hub.ask(f"{_PREFIX}api/join", body=body, X_User="alice").status == 404
    assert at_the_hub.ask(f"{_PREFIX}api/entries", body={"entries": []}, X_User="teacher").status == 403


def test_a_hub_without_an_address_or_a_package_is_told(monkeypatch, start_room):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/services/classroom/")
    monkeypatch.delenv("JUPYTERHUB_SERVICE_URL", raising=False)
    with pytest.raises(SetupError, match="jupyterhub_config"):
        start_room()
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.setitem(sys.modules, "jupyterhub", None)
    with pytest.raises(SetupError, match=r"hl7dicom_lab\[hub\]"):
        start_room()
    assert hub.is_managed()
