"""What a topic gets: where it may write, how many rounds it has, and whom it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """One run. `folder` is empty and removed afterwards; `scale` makes everything smaller, for a look or a test."""

    folder: Path
    rounds: int = 5
    scale: float = 1.0
    say: Callable[[str], object] = lambda _: None

    def sized(self, count: int) -> int:
        """A number of things, scaled."""
        return max(2, round(count * self.scale))

    def promised(self, wanted: float) -> float:
        """What is wanted, where all is done at its full size; else nothing is."""
        return wanted if self.scale == 1 else 0

    def new_folder(self, name: str) -> Path:
        """A folder that nobody has used."""
        made = self.folder / f"{len(list(self.folder.iterdir())):03d}-{name}"
        made.mkdir()
        return made
