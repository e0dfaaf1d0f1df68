"""The MLLP server of hl7apy: it takes one message from a connection, parses it and answers.

`python -m benchmarks.peers.hl7apy_mllp PORT`. It keeps nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

from benchmarks.processes import free_port, running_module


@contextmanager
def hl7apy_mllp() -> Iterator[int]:
    """Its port."""
    port = free_port()
    with running_module("peers.hl7apy_mllp", port, port):
        yield port


class _Acknowledges(AbstractHandler):  # type: ignore[misc] # hl7apy has no types
    def reply(self) -> str:
        """The acknowledgment of the message that came."""
        header = parse_message(self.incoming_message, find_groups=False).msh
        answer = f"MSH|^~\\&|RIS|NORTHGATE|EMR|NORTHGATE|||ACK|A|P|2.3.1\rMSA|AA|{header.msh_10.to_er7()}\r"
        return f"\x0b{answer}\x1c\r"


if __name__ == "__main__":
    with MLLPServer("127.0.0.1", int(sys.argv[1]), {"ORM^O01": (_Acknowledges,)}) as server:
        server.serve_forever()
