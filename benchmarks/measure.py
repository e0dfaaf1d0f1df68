"""What a benchmark says: a ratio of medians, from rounds in which the contestants take turns.

Rules: whoever is compared is measured in the same run, round by round, and every second round in reverse, so that a
machine that gets busy treats all alike; the first round warms up and does not count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import linear_regression, median

#: Units of which less is better; of all others more is.
_LESS_IS_BETTER = frozenset({"ms", "s", "MB", "%", "times"})


@dataclass(frozen=True)
class Outcome:
    """One goal, as measured.

    `own` and `other` have one value for each round; `other` is empty where there is no peer. `wanted` is the ratio that
    the lab should be better by; without a peer the most that `own` may be; 0 where nothing was promised.
    """

    goal: str
    what: str
    unit: str
    own: tuple[float, ...]
    other: tuple[float, ...] = ()
    peer: str = ""
    wanted: float = 0.0
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times better than the peer; NaN without one."""
        if not (self.own and self.other):
            return math.nan
        own, other = median(self.own), median(self.other)
        return other / own if self.unit in _LESS_IS_BETTER else own / other

    @property
    def verdict(self) -> str:
        """`reached`, `missed`, `not promised`, or `not measured` where one side is absent."""
        if not self.own or (self.peer and not self.other):
            return "not measured"
        if not self.wanted:
            return "not promised"
        reached = self.ratio >= self.wanted if self.peer else median(self.own) <= self.wanted
        return "reached" if reached else "missed"


def alternate(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, tuple[float, ...]]:
    """What each contestant says in each round."""
    said: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(rounds + 1):
        for name in order:
            value = contestants[name]()
            if number:
                said[name].append(value)
        order.reverse()
    return {name: tuple(values) for name, values in said.items()}


def growth(costs: Mapping[int, float]) -> float:
    """The exponent k of cost ~ N^k, by least squares of the logarithms. Needs two sizes."""
    return linear_regression([math.log(size) for size in costs], [math.log(cost) for cost in costs.values()]).slope
