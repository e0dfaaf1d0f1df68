"""`python3 start.py bench [TOPIC ...]`: measure the lab beside real peers, and say what was promised and reached."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks import report
from benchmarks.bench import Bench
from benchmarks.measure import Outcome

#: In the order of what a learner feels. Each is a module with `measure(bench)`.
TOPICS = ("start_up", "cells", "cycle", "seats", "worklist", "store", "mllp", "scale", "regression")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the topics that are named, or all; 0 where every promise that was measured is kept, else 1."""
    parser = argparse.ArgumentParser(prog="start.py bench", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"some of: {', '.join(TOPICS)}; all unless named")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contestant has its turn")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the sizes, for a quick look: 0.01")
    parser.add_argument("--json", type=Path, help="write every round to this file")
    parser.add_argument("--chart", type=Path, help="write a picture of the ratios, PNG")
    options = parser.parse_args(arguments)
    unknown = set(options.topics) - set(TOPICS)
    if unknown:
        parser.error(f"no such topic: {', '.join(sorted(unknown))}")
    # Where Python may keep no bytecode, each process would compile the lab anew, and its installed peers not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    outcomes: list[Outcome] = []
    for topic in options.topics or TOPICS:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            bench = Bench(Path(folder), options.rounds, options.scale, _say)
            for one in import_module(f"benchmarks.{topic}").measure(bench):
                outcomes.append(one)
                _say("  ".join(filter(None, report.cells(one))))
    print("\n".join(report.lines(outcomes)))
    if options.json:
        report.write_json(outcomes, options.json)
    if options.chart:
        report.draw(outcomes, options.chart)
    return int(any(one.verdict == "missed" for one in outcomes))


def _say(line: str) -> None:
    print(f".. {line}", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever stops us stops the peers too
    sys.exit(main())
