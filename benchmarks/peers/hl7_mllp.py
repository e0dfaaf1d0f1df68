"""The MLLP server of the package `hl7`, as its documentation shows it: parse, and send the acknowledgment.

`python -m benchmarks.peers.hl7_mllp PORT`. It keeps nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hl7.mllp import start_hl7_server

from benchmarks.processes import free_port, running_module


@contextmanager
def hl7_mllp() -> Iterator[int]:
    """Its port."""
    port = free_port()
    with running_module("peers.hl7_mllp", port, port):
        yield port


async def _serve(reader: Any, writer: Any) -> None:
    try:
        while not writer.is_closing():
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main(port: int) -> None:
    async with await start_hl7_server(_serve, host="127.0.0.1", port=port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
