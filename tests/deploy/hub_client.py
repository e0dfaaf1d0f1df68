"""A learner at the hub, without a browser: the login form, the spawn page, the server's API and a kernel."""

from __future__ import annotations

import http.cookiejar
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

import websocket

_PATIENCE = 240.0  # seconds that a server may take on a busy machine


class HubClient:
    """One person at the hub at `address`; after `log_in` its cookies are kept, as a browser keeps them."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.name, self.token = address, name, ""
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def fetch(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
        """GET, or POST of a form, and the status and text of the last page that it leads to."""
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        return self._send(urllib.request.Request(self.address + path, body, headers))

    def _send(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def log_in(self, password: str) -> bool:
        """Fill the hub's login form; whether it let us in."""
        self.fetch("/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self._xsrf()}
        self.fetch("/hub/login?next=%2Fhub%2Ftoken", form)
        return any(cookie.name == "jupyterhub-session-id" for cookie in self.cookies) and self._may_ask()

    def _may_ask(self) -> bool:
        request = urllib.request.Request(
            f"{self.address}/hub/api/users/{self.name}/tokens",
            json.dumps({"note": "test", "expires_in": 3600}).encode(),
            {"X-XSRFToken": self._xsrf(), "Content-Type": "application/json"},
        )
        status, text = self._send(request)
        if status == 201:
            self.token = json.loads(text)["token"]
        return status == 201

    def _xsrf(self) -> str:
        return next((one.value or "" for one in self.cookies if one.name == "_xsrf" and one.path == "/hub/"), "")

    def api(self, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        """A call with this person's token: the status, and the JSON or text that came."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"token {self.token}"}
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # without cookies: the token decides
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with direct.open(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def ask_for_server(self) -> None:
        """Go where the hub sends a learner after the login: to a server that begins to start."""
        status, _ = self.fetch("/hub/spawn")
        assert status in (200, 302), status

    def wait_for_server(self) -> None:
        """Until this learner's server answers."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            status, user = self.api(f"/hub/api/users/{self.name}")
            assert status == 200, user
            if user["servers"].get("", {}).get("ready"):
                return
            time.sleep(0.3)
        raise AssertionError(f"{self.name}'s server did not start")

    def kernel(self) -> HubKernel:
        """A new kernel in this learner's server."""
        status, kernel = self.api(f"/user/{self.name}/api/kernels", "POST", {"name": "python3"})
        assert status == 201, kernel
        base = self.address.replace("http", "ws", 1)
        address = f"{base}/user/{self.name}/api/kernels/{kernel['id']}/channels"
        return HubKernel(kernel["id"], address, self.token)


class HubKernel:
    """A kernel behind the hub's proxy, spoken to over a websocket (Jupyter's messages, version 5)."""

    def __init__(self, kernel_id: str, address: str, token: str) -> None:
        self.id = kernel_id
        self._connection = websocket.create_connection(
            address, timeout=_PATIENCE, header={"Authorization": f"token {token}"}, http_no_proxy=["127.0.0.1"]
        )

    def run(self, code: str) -> str:
        """What a cell prints, and the text of its result; AssertionError where it raises."""
        own = uuid.uuid4().hex
        header = {"msg_id": own, "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._connection.send(json.dumps(request))
        said = []
        while True:
            answer = json.loads(self._connection.recv())
            if answer["parent_header"].get("msg_id") != own:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream":
                said.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                said.append(content["data"].get("text/plain", ""))
            assert kind != "error", "\n".join(content.get("traceback", []))
            if kind == "status" and content["execution_state"] == "idle":
                return "\n".join(said)

    def close(self) -> None:
        """Hang up; the kernel goes on."""
        self._connection.close()
