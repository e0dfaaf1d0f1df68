"""Goal C: orders a second, each acknowledged before the next is sent.

The lab's RIS checks an order, maps it, plans it and commits it before it answers; the peers parse it and answer. A
department of a notebook commits to a temporary file, one with a home waits for the disk. Rules: every answer is AA, and
every order that a department with a home has acknowledged is in its order book afterwards.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

from benchmarks.bench import Bench
from benchmarks.department import department
from benchmarks.measure import Outcome, alternate
from benchmarks.mllp_client import Sender, order
from benchmarks.peers.hl7_mllp import hl7_mllp
from benchmarks.peers.hl7apy_mllp import hl7apy_mllp
from benchmarks.peers.node_hl7_server import node_hl7_server
from benchmarks.processes import start_all
from hl7dicom_lab.storage.order_book import OrderBook

_LAB, _HOME, _HL7, _HL7APY, _NODE = "lab", "lab with a home", "hl7.mllp", "hl7apy.mllp", "node-hl7-server"


@dataclass(frozen=True)
class _Turn:
    """A number of orders to one side of the lab, and as many to a peer."""

    what: str
    lab: str
    peer: str
    wanted: float
    count: int
    reconnects: bool = False


_TURNS = (
    _Turn("one connection", _LAB, _HL7, 8.0, 500),
    _Turn("one connection, safe on the disk", _HOME, _HL7, 0.0, 200),
    _Turn("reconnecting", _LAB, _HL7APY, 80.0, 40, reconnects=True),
    _Turn("reconnecting", _LAB, _NODE, 1.8, 200, reconnects=True),
)


def measure(bench: Bench) -> Iterator[Outcome]:
    """On one connection beside `hl7.mllp`; reconnecting beside `hl7apy.mllp` and node-hl7-server, if npm can get it."""
    numbers = itertools.count(1)
    folder, sent = bench.new_folder("department"), 0
    with ExitStack() as stack:
        ports = {
            _LAB: stack.enter_context(department(None)).ris_hl7,
            _HOME: stack.enter_context(department(folder)).ris_hl7,
            _HL7: stack.enter_context(hl7_mllp()),
            _HL7APY: stack.enter_context(hl7apy_mllp()),
        }
        node, absent = start_all(stack, {_NODE: partial(node_hl7_server, bench.new_folder("node"))})
        ports |= node
        for turn in _TURNS:
            bench.say(f"MLLP, {turn.what}")
            count = bench.sized(turn.count)
            told = _in_turns(turn, ports, numbers, count, bench.rounds)
            sent += count * (bench.rounds + 1) if turn.lab == _HOME else 0
            other, peer = told.get(turn.peer, ()), f"{turn.peer}, which keeps nothing"
            note = "" if other else absent
            yield Outcome(
                "C", f"orders, {turn.what}", "/s", told[turn.lab], other, peer, bench.promised(turn.wanted), note
            )
    with closing(OrderBook(folder / "ris" / "order_book.sqlite", durable=False)) as book:
        if len(book.steps()) != sent:
            raise RuntimeError(f"{sent} orders were acknowledged, {len(book.steps())} are in the order book")


def _in_turns(
    turn: _Turn, ports: dict[str, int], numbers: Iterator[int], count: int, rounds: int
) -> dict[str, tuple[float, ...]]:
    """Orders a second of both sides, or of the lab alone where the peer is absent."""
    with ExitStack() as stack:
        senders = {
            name: stack.enter_context(closing(Sender(ports[name], reconnects=turn.reconnects)))
            for name in (turn.lab, turn.peer)
            if name in ports
        }
        return alternate({name: _sends(one, numbers, count) for name, one in senders.items()}, rounds)


def _sends(sender: Sender, numbers: Iterator[int], count: int) -> Callable[[], float]:
    def send() -> float:
        messages = [order(next(numbers)) for _ in range(count)]
        begun = time.perf_counter()
        answers = {sender.send(one) for one in messages}
        seconds = time.perf_counter() - begun
        if answers != {b"AA"}:
            raise RuntimeError(f"acknowledged with {answers}")
        return count / seconds

    return send
