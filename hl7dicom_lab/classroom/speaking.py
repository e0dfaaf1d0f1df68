"""How a learner's machine speaks with the classroom: a request in JSON, an answer in JSON, or why there is none.

Rules: the token goes to the address that was joined and nowhere else: no redirection is followed; this machine's own
address is asked without a proxy; an answer is read up to a limit, and after a time given up.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.services.security import is_this_machine

_PATIENCE = 10.0
_LONGEST_ANSWER = 4 * 1024 * 1024


class NotAnswered(SetupError):
    """The classroom said no (`status`), or nothing (status 0). `place` is the field that a refusal names."""

    def __init__(self, what: str, *, status: int, where: str = "", next_step: str = "", place: str = "") -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.status = status
        self.place = place


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def get(address: str, path: str, token: str) -> dict[str, Any]:
    """Ask. Raises `NotAnswered`."""
    return _ask(urllib.request.Request(f"{address}/{path}", headers=_headers(token)), address)


def post(address: str, path: str, content: object, token: str = "") -> dict[str, Any]:
    """Send. Raises `NotAnswered`."""
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = _headers(token) | {"Content-Type": "application/json"}
    return _ask(urllib.request.Request(f"{address}/{path}", body, headers), address)


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"} if token else {}


def _ask(request: urllib.request.Request, address: str) -> dict[str, Any]:
    handlers: list[urllib.request.BaseHandler] = [_NoRedirection()]
    if is_this_machine(urlsplit(address).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_PATIENCE) as answer:
            content = json.loads(answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise _refused(refusal, address) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        raise NotAnswered(
            f"the classroom does not answer ({reason})",
            status=0,
            where=address,
            next_step="check the address with your instructor; your lessons work without it",
        ) from problem
    if not isinstance(content, dict):
        raise NotAnswered("this is no classroom", status=0, where=address, next_step="check the address")
    return content


def _refused(refusal: urllib.error.HTTPError, address: str) -> NotAnswered:
    try:
        told = json.loads(refusal.read(_LONGEST_ANSWER))
        what, place, after = (str(told[name]) for name in ("error", "where", "next_step"))
    except (OSError, ValueError, KeyError, TypeError):
        what, place, after = f"the classroom answers {refusal.code}", "", "check the address with your instructor"
    return NotAnswered(what, status=refusal.code, where=place or address, next_step=after, place=place)
