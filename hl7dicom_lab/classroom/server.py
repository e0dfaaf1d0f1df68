"""The classroom over HTTP: what learners send, and what the instructor sees. Tornado, which JupyterLab brings.

Rules: every answer to a mistake says which field, which rule and what to do; an answer of 200 leaves after the commit;
nobody reads another learner's record, except the instructor; whatever goes wrong inside is told as 503, to be tried
again. The page and its files come from this package.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tornado.web

from hl7dicom_lab.classroom import checking, exports
from hl7dicom_lab.classroom.access import (
    Allowance,
    Who,
    joins_of_an_address,
    requests_of_a_learner,
    same_code,
    same_key,
    wrong_keys,
)
from hl7dicom_lab.classroom.record import STORED
from hl7dicom_lab.classroom.store import CannotJoin, ClassStore, RecordFull
from hl7dicom_lab.classroom.summary import ClassWatch

PAGE = Path(__file__).resolve().parent / "page"
#: A page of another origin cannot send it unasked: a link or a form elsewhere deletes nothing.
GUARD = "X-Classroom"
_FRAMES = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
_WAIT = "60"
_log = logging.getLogger(__name__)


@dataclass
class Classroom:
    """What the handlers share. `start` tells a page that the service was started anew."""

    store: ClassStore
    watch: ClassWatch
    instructor_token: str
    joining: bool = True
    cookie: str = "hl7dicom_lab_classroom"
    where_to_join: str = ""
    asked: Allowance = field(default_factory=requests_of_a_learner)
    wrong: Allowance = field(default_factory=wrong_keys)
    joins: Allowance = field(default_factory=joins_of_an_address)
    start: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def version(self) -> str:
        """Another text whenever something has changed."""
        mine, others = self.store.version
        return f"{self.start}.{mine}.{others}"


class Refusal(tornado.web.HTTPError):
    """A request that is refused; `what` and `next_step` are told."""

    def __init__(self, status: int, what: str, next_step: str = "", place: str = "") -> None:
        super().__init__(status, "%s", what)
        self.told = {"error": what, "where": place, "next_step": next_step}


class Asked(tornado.web.RequestHandler):
    """What all handlers share."""

    def initialize(self, classroom: Classroom) -> None:
        """Called by tornado."""
        self.classroom = classroom

    def set_default_headers(self) -> None:
        """Nothing from outside, nothing kept by the browser, nothing told to other sites."""
        self.set_header("Content-Security-Policy", _FRAMES)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def who(self) -> Who:
        """Whoever asks, by token. Raises `Refusal` where there is none, or a wrong one."""
        token = self._token()
        if token and same_key(token, self.classroom.instructor_token):
            return Who(instructor=True)
        learner = self.classroom.store.by_token(token) if token else None
        if learner is None:
            self._count_a_wrong_key()
            next_step = "open the address that `hl7dicom-lab classroom` printed; a learner joins again"
            raise Refusal(401, "the token is missing or wrong", next_step, "token")
        self.require(self.classroom.asked, str(learner.id), "too many requests", "requests")
        return Who(learner=learner)

    def require(self, allowance: Allowance, name: str, what: str, place: str) -> None:
        """Go on only within an allowance. Raises `Refusal`."""
        if not allowance.take(name):
            raise Refusal(429, what, "wait a minute", place)

    def _token(self) -> str:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if token and scheme.lower() in ("token", "bearer"):
            return token.strip()
        return self.get_cookie(self.classroom.cookie) or ""

    def _count_a_wrong_key(self) -> None:
        address = str(self.request.remote_ip)
        self.require(self.classroom.wrong, address, "too many wrong keys from this address", "key")

    def instructor(self) -> None:
        """Go on only for the instructor. Raises `Refusal`."""
        if not self.who().instructor:
            raise Refusal(403, "only the instructor sees this", "ask your instructor", "token")

    def body(self) -> dict[str, Any]:
        """The JSON of this request. Raises `BadRequest`."""
        return checking.body(self.request.body)

    def answer(self, content: object, status: int = 200) -> None:
        """Answer in JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(content, ensure_ascii=False))

    def give(self, content: bytes, kind: str, name: str = "") -> None:
        """Answer with a document, to be saved under a name where it has one."""
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        if name:
            self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(content)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Refusals are no news; what nobody thought of is, without what was sent."""
        if not isinstance(value, (tornado.web.HTTPError, checking.BadRequest, CannotJoin, RecordFull)):
            _log.error("%s %s failed", self.request.method, self.request.path, exc_info=(typ, value, tb))

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """A mistake of the request is 400 or 409, a database that cannot be written 503."""
        problem = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(problem, checking.BadRequest):
            status_code = 400
        elif isinstance(problem, (CannotJoin, RecordFull)):
            status_code = 409
        elif isinstance(problem, sqlite3.Error) or status_code >= 500:
            status_code = 503
        super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what is wrong."""
        problem = kwargs.get("exc_info", (None, None, None))[1]
        if status_code == 429:
            self.set_header("Retry-After", _WAIT)
        if isinstance(problem, Refusal):
            told = problem.told
        elif isinstance(problem, checking.BadRequest):
            told = {"error": problem.rule, "where": problem.field, "next_step": f"{problem.field} {problem.rule}"}
        elif isinstance(problem, (CannotJoin, RecordFull)):
            told = {"error": problem.what, "where": "alias", "next_step": problem.next_step}
        elif status_code == 503:
            told = {"error": "the classroom cannot do this now", "where": "", "next_step": "try again in a minute"}
        else:
            told = {"error": self._reason, "where": self.request.path[:200], "next_step": "see docs/classroom.md"}
        self.answer(told, status_code)


class Page(Asked):
    """The page. A token in the address is put into a cookie and taken out of the address."""

    def get(self) -> None:
        """The instructor's page; on a hub also a learner's own line."""
        given = self.get_query_argument("token", "")
        if given and same_key(given, self.classroom.instructor_token):
            self.set_cookie(self.classroom.cookie, given, httponly=True, samesite="Lax", path="/")
            self.redirect("./")
            return
        self.admit()
        self.give((PAGE / "index.html").read_bytes(), "text/html")

    def admit(self) -> None:
        """Let in who may see the page."""
        self.instructor()

    def answer(self, content: object, status: int = 200) -> None:
        """A refusal is read by a person here."""
        told = content if isinstance(content, dict) else {}
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{told.get('error', '')}. Next step: {told.get('next_step', '')}.\n")


class ClassState(Asked):
    """The class as JSON, for the page."""

    def get(self) -> None:
        """Nothing where nothing has changed since `seen`."""
        who = self.who()
        if not who.instructor and who.learner is None:
            raise Refusal(403, "you are not in this class", "open a lesson first", "user")
        version = self.classroom.version
        if self.get_query_argument("seen", "") == version:
            self.set_status(204)
            return
        watch = self.classroom.watch
        summary = watch.own(who.learner) if who.learner else watch.summary()
        whole = {"where_to_join": self.classroom.where_to_join, "code": self._code()} if who.instructor else {}
        self.answer({"version": version, "instructor": who.instructor, **whole, **summary.as_json()})

    def _code(self) -> str:
        return self.classroom.store.join_code() if self.classroom.joining else ""


class Join(Asked):
    """A learner joins, with the code, under a name or alias."""

    def post(self) -> None:
        """A token of the learner's own."""
        if not self.classroom.joining:
            raise Refusal(404, "this class is read from a folder, and nobody joins", "work on; it is seen", "join")
        content = self.body()
        code = content.get("code")
        if not isinstance(code, str):
            raise checking.BadRequest("code", "must be a text")
        if not same_code(code, self.classroom.store.join_code()):
            self._count_a_wrong_key()
            raise Refusal(403, "the join code is wrong", "look at the code on the instructor's page again", "code")
        alias = checking.alias(content.get("alias"))
        if self.classroom.store.by_alias(alias) is None:
            address = str(self.request.remote_ip)
            self.require(self.classroom.joins, address, "too many join from this address at once", "join")
        self.answer({"token": self.classroom.store.join(alias), "alias": alias, "stored": STORED}, 201)


class Entries(Asked):
    """A learner's new entries."""

    def post(self) -> None:
        """Acknowledged once they are on disk."""
        learner = self.who().learner
        if learner is None:
            raise Refusal(403, "only a learner adds to a record", "join first", "token")
        added = self.classroom.store.add(learner, checking.entries(self.body()))
        self.answer({"added": added, "next": self.classroom.store.next_numbers(learner)})


class Me(Asked):
    """A learner's own line."""

    def get(self) -> None:
        """Nothing of anybody else."""
        learner = self.who().learner
        if learner is None:
            raise Refusal(403, "this is for learners", "see /api/class", "token")
        own = self.classroom.watch.own(learner).as_json()
        self.answer({"alias": learner.alias, "next": self.classroom.store.next_numbers(learner), **own})


class Forget(Asked):
    """Delete a learner, or everybody."""

    def post(self) -> None:
        """By the instructor, with a header that no other page can send."""
        self.instructor()
        if GUARD not in self.request.headers:
            raise Refusal(403, f"the header {GUARD} is missing", "use the button on the page", GUARD)
        content, store = self.body(), self.classroom.store
        if content.get("everybody") is True:
            deleted = store.forget_all()
        else:
            number = content.get("learner")
            if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 2**63:
                raise checking.BadRequest("learner", "must be the number of a learner")
            found = store.by_id(number)
            if found is None:
                raise Refusal(404, "there is no such learner", "load the page again", "learner")
            store.forget(found)
            deleted = 1
        store.sweep()
        self.answer({"deleted": deleted})


class TakeAway(Asked):
    """The class as text, CSV and JSON."""

    def get(self, name: str) -> None:
        """For the instructor."""
        self.instructor()
        watch = self.classroom.watch
        match name:
            case "summary.txt":
                self.give(exports.summary_text(watch.summary()).encode("utf-8", "replace"), "text/plain")
            case "gradebook.csv":
                self.give(exports.gradebook_csv(watch.standings()), "text/csv", name)
            case "gradebook.json":
                self.give(exports.gradebook_json(watch.standings()), "application/json", name)
            case "nbgrader.csv":
                self.give(exports.nbgrader_csv(watch.standings()), "text/csv", name)


class PageFile(tornado.web.StaticFileHandler):
    """The page's own CSS and JavaScript; they hold nothing of the class."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 # tornado gives it
        """A new version of the package brings new files."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")


class NotThere(Asked):
    """Every other address."""

    def prepare(self) -> None:
        """Refuse."""
        raise Refusal(404, "there is nothing at this address", "see docs/classroom.md", "path")


HANDLERS: tuple[tuple[str, type[Asked]], ...] = (
    ("", Page),
    ("api/class", ClassState),
    ("api/join", Join),
    ("api/entries", Entries),
    ("api/me", Me),
    ("api/forget", Forget),
    (r"(summary\.txt|gradebook\.csv|gradebook\.json|nbgrader\.csv)", TakeAway),
)


def application(classroom: Classroom) -> tornado.web.Application:
    """The service of one machine or one network, with tokens of its own."""
    shared = {"classroom": classroom}
    return tornado.web.Application(
        [
            *((rf"/{path}", handler, shared) for path, handler in HANDLERS),
            (r"/page/(class\.css|class\.js|icon\.svg)", PageFile, {"path": str(PAGE)}),
        ],
        default_handler_class=NotThere,
        default_handler_args=shared,
        log_function=lambda _: None,
    )
