"""The hub's login, with a stand-in for JupyterHub's class: what comes in at once is hashed one after another."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
from traitlets.config import LoggingConfigurable

_FOLDER = Path(__file__).resolve().parent.parent.parent / "deploy" / "jupyterhub"

pytestmark = pytest.mark.usefixtures("no_running_loop")


class _Authenticator(LoggingConfigurable):
    """What the hub's own class gives to ours."""

    def normalize_username(self, name: str) -> str:
        return name.lower()


@pytest.fixture
def module(monkeypatch):
    """class_authenticator.py, which belongs to no package."""
    hub, auth = ModuleType("jupyterhub"), ModuleType("jupyterhub.auth")
    auth.Authenticator = _Authenticator
    monkeypatch.setitem(sys.modules, "jupyterhub", hub)
    monkeypatch.setitem(sys.modules, "jupyterhub.auth", auth)
    monkeypatch.syspath_prepend(str(_FOLDER))
    for name in ("class_list", "class_authenticator"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("class_authenticator")


@pytest.fixture
def list_file(module, tmp_path):
    file = tmp_path / "learners.csv"
    salt = bytes(16)
    members = [
        module.class_list.Member("instructor1", "instructor", module.class_list.hashed("own", salt)),
        module.class_list.Member("*", "learner", module.class_list.hashed("everybody", salt)),
    ]
    module.class_list.write(file, members)
    return file


def log_in(login, name, password):
    return asyncio.run(login.authenticate(None, {"username": name, "password": password}))


def test_who_enters_and_as_what(module, list_file):
    login = module.ClassAuthenticator(list_file=str(list_file))
    assert log_in(login, " Instructor1 ", "own") == {"name": "instructor1", "admin": True}
    assert log_in(login, "robin", "everybody") == {"name": "robin", "admin": False}
    for name, password in (("instructor1", "everybody"), ("robin", "own"), ("../x", "everybody"), ("robin\n=x", "x")):
        assert log_in(login, name, password) is None
    assert log_in(login, "robin", "everybody" + "x" * 10_000_000) is None
    without = module.ClassAuthenticator(list_file=str(list_file), class_password=False)
    assert log_in(without, "robin", "everybody") is None


def test_guesses_that_come_at_once_take_one_processor(module, list_file, monkeypatch):
    login = module.ClassAuthenticator(list_file=str(list_file))
    lock, running, most = threading.Lock(), [], []

    def role_of(_, name, __):
        with lock:
            running.append(name)
            most.append(len(running))
        time.sleep(0.01)
        with lock:
            running.remove(name)
        return ""

    monkeypatch.setattr(module.class_list, "role_of", role_of)

    async def flood():
        guesses = ({"username": f"robin{n}", "password": "x"} for n in range(20))
        return await asyncio.gather(*(login.authenticate(None, one) for one in guesses))

    assert asyncio.run(flood()) == [None] * 20
    assert max(most) == 1


@pytest.mark.parametrize("content", ["name,role,password\nrobin,learner,secret\n", "\x00", "\ufeff"])
def test_a_broken_list_lets_nobody_in(module, tmp_path, content):
    (tmp_path / "broken.csv").write_text(content, encoding="utf-8")
    login = module.ClassAuthenticator(list_file=str(tmp_path / "broken.csv"))
    assert log_in(login, "robin", "secret") is None
