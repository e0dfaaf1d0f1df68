"""The kernel of a notebook that is open in the browser, asked beside the page: nothing of it is seen there."""

from __future__ import annotations

import ast
import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient

_PATIENCE = 60


@contextmanager
def kernel_of(address: str, runtime: Path, notebook: str) -> Iterator[LessonKernel]:
    """The kernel that runs a notebook; `address` is one of the server's, with its token."""
    root, token = re.match(r"(.*?/)lab/.*token=(\w+)", address).groups()  # type: ignore[union-attr] # it has a token
    with urllib.request.urlopen(f"{root}api/sessions?token={token}", timeout=_PATIENCE) as answer:
        sessions = json.load(answer)
    (kernel_id,) = [one["kernel"]["id"] for one in sessions if one["path"] == notebook]
    client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{kernel_id}.json"))
    client.load_connection_file()
    client.start_channels()
    try:
        yield LessonKernel(client)
    finally:
        client.stop_channels()


class LessonKernel:
    """Asks for the value of an expression, without a cell and without a number in the notebook."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def ask(self, expression: str) -> Any:
        """The value of an expression: text, number, list."""
        asked = self._client.execute("", silent=True, store_history=False, user_expressions={"it": expression})
        while True:
            reply = self._client.get_shell_msg(timeout=_PATIENCE)
            if reply["parent_header"].get("msg_id") == asked:
                break
        value = reply["content"]["user_expressions"]["it"]
        assert value["status"] == "ok", value
        return ast.literal_eval(value["data"]["text/plain"])
