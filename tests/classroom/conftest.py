"""A classroom on a free port, and somebody who speaks HTTP with it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hl7dicom_lab.classroom.service import ClassroomOptions, ClassroomService

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8-sig")


def ask(service: ClassroomService, path: str, token: str = "", body: object = None, **headers: str) -> Answer:
    """GET, or with a body POST; bytes are sent as they are."""
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    said = {"Authorization": f"token {token}"} if token else {}
    address = f"http://127.0.0.1:{service.port}/{path}"
    request = urllib.request.Request(
        address, raw, said | {name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with _DIRECT.open(request, timeout=30) as answer:
            return Answer(answer.status, answer.read(), dict(answer.headers))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read(), dict(refusal.headers))


@dataclass(frozen=True)
class Room:
    """A running service, and its keys."""

    service: ClassroomService

    @property
    def instructor(self) -> str:
        return self.service.instructor_address.partition("token=")[2]

    def ask(self, path: str, token: str = "", body: object = None, **headers: str) -> Answer:
        return ask(self.service, path, token, body, **headers)

    def join(self, alias: str) -> str:
        """A learner's token."""
        answer = self.ask("api/join", body={"code": self.service.join_code, "alias": alias})
        assert answer.status == 201, answer.body
        return str(answer.json["token"])

    def send(self, token: str, *entries: dict[str, object]) -> Answer:
        return self.ask("api/entries", token, {"entries": list(entries)})

    def row(self, alias: str) -> dict[str, Any]:
        """A learner as the instructor sees them."""
        (found,) = (one for one in self.ask("api/class", self.instructor).json["rows"] if one["alias"] == alias)
        return dict(found)


@pytest.fixture
def start_room(tmp_path: Path) -> Iterator[Callable[..., Room]]:
    """Start a service; the same home brings back the same class."""
    started: list[ClassroomService] = []

    def start(home: str = "home", port: int = 0, folder: Path | None = None) -> Room:
        started.append(ClassroomService(ClassroomOptions(tmp_path / home, folder, port=port)))
        return Room(started[-1])

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def room(start_room: Callable[..., Room]) -> Room:
    return start_room()


def entry(
    number: int,
    what: str = "exercise",
    id: str = "04-e1",  # noqa: A002 # the field's name
    outcome: str = "",
    detail: str = "",
) -> dict[str, object]:
    """An entry as it is sent."""
    if what in ("exercise", "question"):
        outcome = outcome or "not yet"
    return {"book": "0" * 16, "number": number, "what": what, "id": id, "outcome": outcome, "detail": detail}


@pytest.fixture
def make_entry() -> Callable[..., dict[str, object]]:
    return entry
