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

from benchmarks.bench import Bench
from benchmarks.department import department
from benchmarks.measure import Outcome, alternate
from benchmarks.mllp_client import Sender, order
from benchmarks.peers.hl7_mllp import hl7_mllp
from benchmarks.peers.hl7apy_mllp import hl7apy_mllp
from hl7dicom_lab.storage.order_book import OrderBook

_LAB, _PEER = "lab", "peer"
_KEPT, _RECONNECTING = "hl7.mllp, which keeps nothing", "hl7apy.mllp, which keeps nothing"


def measure(bench: Bench) -> Iterator[Outcome]:
    """On one connection beside `hl7.mllp`, and reconnecting beside `hl7apy.mllp`."""
    numbers = itertools.count(1)
    folder, sent = bench.new_folder("department"), 0
    with department(None) as notebook, department(folder) as home, hl7_mllp() as kept, hl7apy_mllp() as reconnecting:
        for what, lab, port, peer, wanted, count in (
            ("one connection", notebook, kept, _KEPT, 8.0, bench.sized(500)),
            ("one connection, safe on the disk", home, kept, _KEPT, 0.0, bench.sized(200)),
            ("reconnecting", notebook, reconnecting, _RECONNECTING, 80.0, bench.sized(40)),
        ):
            bench.say(f"MLLP, {what}")
            with ExitStack() as stack:
                sides = {_LAB: lab.ris_hl7, _PEER: port}
                senders = {
                    name: stack.enter_context(closing(Sender(one, reconnects=peer is _RECONNECTING)))
                    for name, one in sides.items()
                }
                told = alternate({name: _sends(one, numbers, count) for name, one in senders.items()}, bench.rounds)
            sent += count * (bench.rounds + 1) if lab is home else 0
            yield Outcome("C", f"orders, {what}", "/s", told[_LAB], told[_PEER], peer, bench.promised(wanted))
    with closing(OrderBook(folder / "ris" / "order_book.sqlite", durable=False)) as book:
        if len(book.steps()) != sent:
            raise RuntimeError(f"{sent} orders were acknowledged, {len(book.steps())} are in the order book")


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
