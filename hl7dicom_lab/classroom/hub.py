"""The classroom as a service that a JupyterHub manages: the hub says who somebody is.

Rules: admins and members of the group `instructors` see the class, everybody else their own line, which is the one of
their user name. Learners do not join: their progress is read from the folder, so that nobody writes under another
user's name. JupyterHub is imported here and nowhere else, and only where a hub has started the process.
"""

from __future__ import annotations

import os
import secrets
from typing import Any
from urllib.parse import urlsplit

import tornado.web

from hl7dicom_lab.classroom.access import Who
from hl7dicom_lab.classroom.server import HANDLERS, PAGE, Asked, Classroom, NotThere, PageFile, Refusal
from hl7dicom_lab.errors import SetupError

#: The variables that a hub sets for its services.
PREFIX = "JUPYTERHUB_SERVICE_PREFIX"
_ADDRESS = "JUPYTERHUB_SERVICE_URL"
INSTRUCTORS = "instructors"


def is_managed() -> bool:
    """Whether a hub has started this process."""
    return bool(os.environ.get(PREFIX))


def address() -> tuple[str, int]:
    """Where the hub expects the service. Raises `SetupError`."""
    found = urlsplit(os.environ.get(_ADDRESS, ""))
    if not found.hostname or not found.port:
        raise SetupError(
            "the hub does not say where to listen",
            where=_ADDRESS,
            next_step="give the service a `url` such as http://127.0.0.1:8898 in jupyterhub_config.py",
        )
    return found.hostname, found.port


def who_is(user: dict[str, Any], classroom: Classroom) -> Who:
    """What a user of the hub may do."""
    if user.get("admin") is True or INSTRUCTORS in user.get("groups", ()):
        return Who(instructor=True)
    return Who(learner=classroom.store.in_folder(str(user["name"])) if user.get("kind") == "user" else None)


def application(classroom: Classroom) -> tornado.web.Application:
    """The service behind the hub's proxy. Raises `SetupError` where jupyterhub is not installed."""
    try:
        from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
    except ImportError as problem:
        raise SetupError(
            "the package jupyterhub is not installed",
            where=PREFIX,
            next_step="install it into the service's Python, in the hub's version: `pip install hl7dicom_lab[hub]`",
        ) from problem

    def by_hub(handler: type[Asked]) -> type[Asked]:
        def who(self: Any) -> Who:
            user = self.get_current_user()
            if user is None:
                raise Refusal(403, "you are not logged in", "open the page again, from the hub", "user")
            found = who_is(user, classroom)
            if not found.instructor:
                self.require(classroom.asked, str(user["name"]), "too many requests", "requests")
            return found

        def admit(self: Any) -> None:
            _ = self.xsrf_token  # sets the cookie that the page sends back, as the hub wants of every request but this

        made: type[Asked] = type(f"Hub{handler.__name__}", (HubOAuthenticated, handler), {"who": who, "admit": admit})
        if handler.__name__ == "Page":
            made.get = tornado.web.authenticated(made.get)
        return made

    prefix, shared = os.environ[PREFIX], {"classroom": classroom}
    return tornado.web.Application(
        [
            *((rf"{prefix}{path}", by_hub(handler), shared) for path, handler in HANDLERS),
            (rf"{prefix}oauth_callback", HubOAuthCallbackHandler),
            (rf"{prefix}page/(class\.css|class\.js|icon\.svg)", PageFile, {"path": str(PAGE)}),
        ],
        default_handler_class=NotThere,
        default_handler_args=shared,
        cookie_secret=secrets.token_bytes(32),
        log_function=lambda _: None,
    )
